//! Native tools in an operating system sandbox.

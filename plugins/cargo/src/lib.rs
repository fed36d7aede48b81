//! The cargo plugin.

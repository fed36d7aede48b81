//! The junit plugin.

//! The threshold plugin.

//! The exec plugin.

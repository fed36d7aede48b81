//! The canary plugin.

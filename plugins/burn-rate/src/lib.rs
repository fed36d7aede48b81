//! The burn-rate plugin.

//! Write a Lockgate plugin in Rust: a trait for each kind, typed configuration, one export macro, a native test harness.

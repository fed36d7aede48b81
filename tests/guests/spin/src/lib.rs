//! A component that loops for ever.

//! A pipeline's YAML text to a checked plan, with every mistake at its place.

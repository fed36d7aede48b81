//! s
mod bindings;

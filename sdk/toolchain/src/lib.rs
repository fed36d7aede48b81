//! A compiler for wasm32-wasip2: the one that is there, rustup's target, or Debian's packages.

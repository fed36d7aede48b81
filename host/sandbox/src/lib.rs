//! Components in wasmtime: one file for each capability, every host call recorded and limited.

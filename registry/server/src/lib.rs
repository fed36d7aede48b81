//! The registry server: the OCI distribution API 1.1 on a folder.

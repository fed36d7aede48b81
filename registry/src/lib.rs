//! Plugins by reference and digest: local OCI layout, mirrors, lock file.

//! `Directory` of the Remote Execution API, version 2 (`build/bazel/remote/execution/v2/remote_execution.proto`).
//!
//! Written by hand from the published field numbers: the crate that has them all needs a gRPC stack, and four
//! messages are read and written here. Fields that Lockgate never sets (`node_properties`) are left out; protobuf
//! skips them when reading. prost writes fields in the order of their numbers and no defaults, which is the canonical
//! form that the API asks for, provided that nodes are sorted by name.

/// `Digest`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct BlobDigest {
    /// SHA-256 in lower-case hex.
    #[prost(string, tag = "1")]
    pub(super) hash: String,
    #[prost(int64, tag = "2")]
    pub(super) size_bytes: i64,
}

/// `FileNode`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct FileNode {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(message, optional, tag = "2")]
    pub(super) digest: Option<BlobDigest>,
    #[prost(bool, tag = "4")]
    pub(super) is_executable: bool,
}

/// `DirectoryNode`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct DirectoryNode {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(message, optional, tag = "2")]
    pub(super) digest: Option<BlobDigest>,
}

/// `SymlinkNode`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct SymlinkNode {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) target: String,
}

/// `Directory`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Directory {
    #[prost(message, repeated, tag = "1")]
    pub(super) files: Vec<FileNode>,
    #[prost(message, repeated, tag = "2")]
    pub(super) directories: Vec<DirectoryNode>,
    #[prost(message, repeated, tag = "3")]
    pub(super) symlinks: Vec<SymlinkNode>,
}

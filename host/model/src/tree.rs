//! Files of a workspace, by digest.

use serde::{Deserialize, Serialize};

use crate::ids::Digest;

/// A workspace's content at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TreeRef {
    /// The root's `Directory` message (Remote Execution API v2), by digest: names, bytes, executable bits, symlinks.
    pub root: Digest,
    /// Modification times beside it: a blob of its own, so that equal trees have equal roots.
    pub times: Digest,
}

/// One regular file of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeFile {
    /// Relative to the root, `/` between parts.
    pub path: String,
    /// Of its bytes.
    pub digest: Digest,
    /// Its length.
    pub size_bytes: u64,
}

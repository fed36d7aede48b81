//! Blobs and workspace trees as files of this machine.
//!
//! Below the state folder:
//!
//! ```text
//! blobs/sha256/ab/HEX          one blob, mode 0444, named by its SHA-256
//! blobs/tmp/                   blobs that are being written
//! work/RUN/JOB/                a job's workspace
//! work/RUN/.state/JOB.at       which tree it holds; absent while a step may change it
//! work/RUN/.state/JOB.index    what its files looked like when they were last hashed
//! scratch/PIPELINE/JOB/NAME/   what a job keeps between runs, outside of every tree
//! import/HEX.index             the same index for a folder that was imported
//! ```
//!
//! Truth is the blobs alone: whatever else is lost is made again from them.

mod advance;
mod blobs;
mod copying;
mod edit;
mod error;
mod files;
mod folders;
mod handle;
mod import;
mod index;
mod known;
mod late;
mod listings;
mod look;
mod marker;
mod materialize;
mod naming;
mod parallel;
mod proto;
mod scan;
mod staging;
mod stat;
mod times;
mod tree;
mod tree_blobs;
mod wipe;

#[cfg(test)]
mod tests;

pub use blobs::BlobFiles;
pub use folders::WorkFolders;

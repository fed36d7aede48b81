//! What Lockgate keeps: streams of events, leases, views and answers in SQLite; blobs, trees and workspaces on disk.
//!
//! This room knows streams and rows, not runs or rollouts: bodies are bytes here, and machines build their own views.

pub mod disk;
pub mod sqlite;

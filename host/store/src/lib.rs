//! Streams of events in SQLite; blobs and workspace trees on disk.

//! What the engine needs of the world, shaped by the engine's needs and spoken in the model's words.
//!
//! No type of a database, of wasmtime or of an operating system stands in a signature here; that is what lets a
//! simulated world stand in for the real one.

pub mod blobs;
pub mod cache;
pub mod cancel;
pub mod clock;
pub mod egress;
pub mod gate;
pub mod journal;
pub mod log;
pub mod sandbox;
pub mod secrets;
pub mod tools;
pub mod trees;
pub mod workspaces;

pub use blobs::{BlobError, Blobs};
pub use cache::{Cache, TrustedCache};
pub use cancel::Cancel;
pub use clock::Clock;
pub use egress::Egress;
pub use gate::Gate;
pub use journal::{Journal, Recorder};
pub use log::{Append, EventLog, Lease, LogError};
pub use sandbox::{Invocation, Sandbox};
pub use secrets::Secrets;
pub use tools::{ToolAction, ToolError, Tools};
pub use trees::Trees;
pub use workspaces::{Workspace, WorkspaceError, WorkspaceFolder, Workspaces};

//! Plugins by reference and digest: OCI references, the local image layout, mirrors and the lock file.
//!
//! Everything here is synchronous and local. A reference names a plugin (`registry.example/lockgate/cargo:0.1`), a
//! mirror says where it is kept, a layout holds its manifest and component, and the lock file remembers by digest which
//! bytes were accepted. Bytes leave this room only after their size and digest have been checked.
//!
//! What this room does not know: what a plugin does, how it is run, what a pipeline is.

pub mod artifact;
pub mod component;
mod file;
pub mod layout;
pub mod lock;
pub mod mirrors;
pub mod reference;
mod registry;

pub use layout::Layout;
pub use lock::{LockEntry, LockFile};
pub use mirrors::{Mirror, Mirrors};
pub use reference::Reference;
pub use registry::{Registry, RegistryError, Resolved};

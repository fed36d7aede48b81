//! Plugins by reference and digest: OCI references, registries and local image layouts, mirrors and the lock file.
//!
//! Everything here is synchronous. A reference names a plugin (`registry.example/lockgate/cargo:0.1`), a mirror says
//! where it is kept, a registry or a layout gives its manifest and component, a cache keeps what was pulled, and the lock
//! file remembers by digest which bytes were accepted. Bytes leave this room only after their size and digest have been
//! checked.
//!
//! What this room does not know: what a plugin does, how it is run, what a pipeline is.

pub mod artifact;
#[cfg(feature = "remote")]
mod attachments;
#[cfg(feature = "remote")]
mod cache;
pub mod component;
mod file;
pub mod layout;
#[cfg(feature = "remote")]
mod layout_repository;
pub mod lock;
#[cfg(feature = "remote")]
pub mod mirrors;
#[cfg(feature = "remote")]
mod partial;
pub mod reference;
#[cfg(feature = "remote")]
mod referrers;
#[cfg(feature = "remote")]
mod registry;
#[cfg(feature = "remote")]
pub mod remote;
#[cfg(feature = "remote")]
mod repository;

pub use layout::Layout;
pub use lock::{LockEntry, LockFile};
pub use reference::Reference;

#[cfg(feature = "remote")]
pub use attachments::{ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX, Attachment};
#[cfg(feature = "remote")]
pub use cache::PluginCache;
#[cfg(feature = "remote")]
pub use mirrors::{Mirror, Mirrors};
#[cfg(feature = "remote")]
pub use registry::{Registry, RegistryError, Resolved};
#[cfg(feature = "remote")]
pub use repository::{Document, Progress, Silent, Transfer};

//! Views of the journal: the least grants, why an answer was known or not, replay, bundles, rehearsal, provenance.
//!
//! The journal is written in one place, the sandbox; here it is only read. A view gets calls and the events of a run as
//! values, and carries a plugin out again through the port `Sandbox` alone. This room knows neither how a journal lies on
//! disk nor how its views are shown.

pub mod answers;
pub mod bundle;
pub mod compare;
pub mod explain;
pub mod provenance;
pub mod rehearse;
pub mod replay;
pub mod suggest;

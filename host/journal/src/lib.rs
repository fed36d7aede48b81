//! Views of the journal: grants, explanation, replay, bundles, rehearsal, provenance.

pub mod suggest;

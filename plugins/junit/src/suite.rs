//! A `testsuite` while it is read: what its cases inherit, and what it says itself.

use crate::case::{Case, Mark};

/// A suite while it is read.
#[derive(Debug, Default)]
pub(crate) struct Suite {
    pub(crate) name: String,
    pub(crate) file: String,
    /// Red tests by the suite's own count.
    pub(crate) counted_red: u64,
    /// Whether a case or a suite stands below it.
    pub(crate) has_children: bool,
    /// A failure or an error of the suite itself, outside any test: a fixture, mostly.
    pub(crate) own: Option<Case>,
}

impl Suite {
    /// The case that stands for the suite itself.
    pub(crate) fn own_case(&mut self) -> &mut Case {
        self.own.get_or_insert_with(|| Case::of_suite(&self.name))
    }

    /// What the suite itself says, once it is closed. A suite that counts red tests and lists none must not look green.
    pub(crate) fn finish(mut self) -> Option<Case> {
        if !self.has_children && self.own.is_none() && self.counted_red > 0 {
            let message = format!("the suite counts {} red tests and lists none", self.counted_red);
            self.own_case().mark(Mark::Errored, &message, "");
        }
        self.own
    }
}

//! What differs between two states of a file, by name.

use std::collections::BTreeMap;

use super::Entry;

/// Names, each list in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Only in the later state.
    pub added: Vec<String>,
    /// In both, with another value or other hosts.
    pub changed: Vec<String>,
    /// Only in the earlier state.
    pub removed: Vec<String>,
}

impl Changes {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }

    pub(super) fn between(before: &BTreeMap<String, Entry>, after: &BTreeMap<String, Entry>) -> Self {
        let absent = |from: &BTreeMap<String, Entry>, of: &BTreeMap<String, Entry>| {
            of.keys().filter(|name| !from.contains_key(*name)).cloned().collect()
        };
        let is_changed = |(name, entry): &(&String, &Entry)| before.get(*name).is_some_and(|old| old != *entry);
        let changed = after.iter().filter(is_changed).map(|(name, _)| name.clone()).collect();
        Self { added: absent(before, after), changed, removed: absent(after, before) }
    }
}

//! Tags: names of manifests, that may be moved.

use std::collections::BTreeSet;

use lockgate_model::ids::Digest;

use super::fault::Fault;
use super::files::{each_name, read, remove_durably};
use super::{Part, Storage};
use crate::name::{Repository, Tag};

const TAG_FILE_BYTES_MAX: u64 = 128;

impl Storage {
    /// What a tag stands for now.
    pub(crate) fn tag(&self, repository: &Repository, tag: &Tag) -> Result<Option<Digest>, Fault> {
        self.read_tag(repository, tag.as_str())
    }

    pub(super) fn put_tag(&self, repository: &Repository, tag: &Tag, digest: &Digest) -> Result<(), Fault> {
        self.replace(&self.part(repository, Part::Tags).join(tag.as_str()), digest.to_string().as_bytes())
    }

    /// Removes a tag; false when there is none.
    pub(crate) fn delete_tag(&self, repository: &Repository, tag: &Tag) -> Result<bool, Fault> {
        let _held = self.removing()?;
        remove_durably(&self.part(repository, Part::Tags).join(tag.as_str()))
    }

    /// At most `max` tags after `last`, in the order of the specification ("Listing Tags": case-insensitive), however many
    /// there are: no more than these are kept in memory.
    pub(crate) fn tags_after(
        &self,
        repository: &Repository,
        last: Option<&str>,
        max: usize,
    ) -> Result<Vec<String>, Fault> {
        let last = last.map(order);
        let mut page = BTreeSet::new();
        each_name(&self.part(repository, Part::Tags), |name| {
            let key = order(name);
            if last.as_ref().is_none_or(|last| key > *last) {
                page.insert(key);
                if page.len() > max {
                    page.pop_last();
                }
            }
            Ok(())
        })?;
        Ok(page.into_iter().map(|(_, name)| name).collect())
    }

    /// Every digest that a tag stands for.
    pub(super) fn tagged(&self, repository: &Repository) -> Result<Vec<Digest>, Fault> {
        let mut tagged = Vec::new();
        each_name(&self.part(repository, Part::Tags), |name| {
            tagged.extend(self.read_tag(repository, name)?);
            Ok(())
        })?;
        Ok(tagged)
    }

    /// Removes every tag of a manifest. Held by who calls: the lock to remove.
    pub(super) fn remove_tags_of(&self, repository: &Repository, digest: &Digest) -> Result<(), Fault> {
        let folder = self.part(repository, Part::Tags);
        each_name(&folder, |name| {
            if self.read_tag(repository, name)? == Some(*digest) {
                remove_durably(&folder.join(name))?;
            }
            Ok(())
        })
    }

    fn read_tag(&self, repository: &Repository, name: &str) -> Result<Option<Digest>, Fault> {
        let bytes = read(&self.part(repository, Part::Tags).join(name), TAG_FILE_BYTES_MAX)?;
        Ok(bytes.and_then(|bytes| str::from_utf8(&bytes).ok()?.parse().ok()))
    }
}

fn order(tag: &str) -> (String, String) {
    (tag.to_ascii_lowercase(), tag.to_owned())
}

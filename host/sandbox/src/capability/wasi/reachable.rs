//! The grants `read` and `write`, held against where a path really leads: links on the way are followed by the kernel
//! first, beneath the workspace, and the grant is asked about what stands at their end.

use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use lockgate_model::grant::FileRules;
use lockgate_model::host_call::Permission;
use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::PathFlags;

use crate::host::Host;

/// What is done with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// A path below an open folder, and what is done with it.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    folder: &'a Resource<Descriptor>,
    path: &'a str,
    access: Access,
    /// Whether a link that stands last is followed.
    follow: bool,
}

impl<'a> Place<'a> {
    /// A path whose last part is meant itself.
    pub(crate) fn new(folder: &'a Resource<Descriptor>, path: &'a str, access: Access) -> Self {
        Self { folder, path, access, follow: false }
    }

    /// The same where a link that stands last may be followed.
    pub(crate) fn following(self, flags: PathFlags) -> Self {
        Self { follow: flags.contains(PathFlags::SYMLINK_FOLLOW), ..self }
    }
}

impl Host {
    /// Whether all of these may be reached. Without globs in the grants, the whole workspace may.
    pub(crate) fn may_reach(&self, places: &[Place<'_>]) -> Permission {
        if self.reach.read.is_none() && self.reach.write.is_none() {
            return Permission::Free;
        }
        for place in places {
            let (rules, name) = match place.access {
                Access::Read => (&self.reach.read, "read"),
                Access::Write => (&self.reach.write, "write"),
            };
            let Some(rules) = rules else { continue };
            // What cannot be resolved cannot be opened either; wasmtime-wasi says why.
            let Some((path, is_folder)) = self.resolve(place) else { continue };
            if !rules.allow(&path) && !(is_folder && place.access == Access::Read && rules.allow_folder(&path)) {
                return Permission::Denied(format!("{name}: [{path}]").into());
            }
        }
        Permission::Free
    }

    /// Whether an entry of a folder is shown to the guest.
    pub(crate) fn is_listed(&self, path: &str, is_folder: bool) -> bool {
        let is_allowed = |rules: &FileRules| rules.allow(path) || is_folder && rules.allow_folder(path);
        let written = || self.reach.write.as_ref().is_some_and(is_allowed);
        self.reach.read.as_ref().is_none_or(|rules| is_allowed(rules) || written())
    }

    /// A path of the workspace for another capability: held against the grant as it stands, links resolved.
    pub(crate) fn may_touch(&self, path: &str, access: Access) -> Permission {
        let (rules, name) = match access {
            Access::Read => (&self.reach.read, "read"),
            Access::Write => (&self.reach.write, "write"),
        };
        let (Some(rules), Some(workspace)) = (rules, &self.reach.workspace) else { return Permission::Free };
        let relative = path.strip_prefix("/workspace/").unwrap_or(path);
        let root = open_folder(&workspace.path);
        let real = root.and_then(|root| real_path(&root, relative, access == Access::Read, &workspace.path));
        let path = real.map_or_else(|| relative.to_owned(), |(path, _)| path);
        if rules.allow(&path) { Permission::Free } else { Permission::Denied(format!("{name}: [{path}]").into()) }
    }

    /// Where a path leads, relative to the workspace, and whether a folder stands there.
    fn resolve(&self, place: &Place<'_>) -> Option<(String, bool)> {
        let workspace = &self.reach.workspace.as_ref()?.path;
        let Ok(Descriptor::Dir(folder)) = self.table.get(place.folder) else { return None };
        real_path(&*folder.dir, place.path, place.follow, workspace)
    }
}

fn open_folder(path: &Path) -> Option<std::os::fd::OwnedFd> {
    rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok()
}

/// The real path of something beneath a folder, or of its folder and its name where it is not there or not followed.
fn real_path(folder: &impl std::os::fd::AsFd, path: &str, follow: bool, workspace: &Path) -> Option<(String, bool)> {
    let open = |path: &Path, flags: OFlags| {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        openat2(folder, path, OFlags::PATH | OFlags::CLOEXEC | flags, Mode::empty(), resolve).ok()
    };
    let path = Path::new(path);
    let last = if follow { OFlags::empty() } else { OFlags::NOFOLLOW };
    if let Some(found) = open(path, last) {
        let is_folder =
            rustix::fs::fstat(&found).is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir());
        return Some((within(&where_is(&found)?, workspace)?, is_folder));
    }
    let (parent, name) = (path.parent()?, path.file_name()?);
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let parent = open(parent, OFlags::DIRECTORY)?;
    Some((within(&where_is(&parent)?.join(name), workspace)?, false))
}

fn where_is(found: &std::os::fd::OwnedFd) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{}", found.as_raw_fd())).ok()
}

fn within(path: &Path, workspace: &Path) -> Option<String> {
    let workspace = workspace.canonicalize().ok()?;
    Some(path.strip_prefix(workspace).ok()?.to_str()?.to_owned())
}

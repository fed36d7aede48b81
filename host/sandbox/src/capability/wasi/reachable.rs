//! The grants `read` and `write`, held against where a path really leads: links on the way are followed by the kernel
//! first, beneath the workspace, and the grant is asked about what stands at their end. What cannot be named is refused.

use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use lockgate_model::grant::FileRules;
use lockgate_model::host_call::Permission;
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, openat2};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::PathFlags;

use crate::capability::beneath;
use crate::host::Host;

/// What is done with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

impl Access {
    fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// A path below an open folder, and what is done with it.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    folder: &'a Resource<Descriptor>,
    path: &'a str,
    access: Access,
    /// Whether a link that stands last is followed.
    follow: bool,
    /// It goes elsewhere, with all that is in it: a folder may not, where only parts of the workspace are granted.
    moves: bool,
}

impl<'a> Place<'a> {
    /// A path whose last part is meant itself.
    pub(crate) fn new(folder: &'a Resource<Descriptor>, path: &'a str, access: Access) -> Self {
        Self { folder, path, access, follow: false, moves: false }
    }

    /// The same where a link that stands last may be followed.
    pub(crate) fn following(self, flags: PathFlags) -> Self {
        Self { follow: flags.contains(PathFlags::SYMLINK_FOLLOW), ..self }
    }

    /// Something that will be found under another name: whoever moves it must be allowed to read it.
    pub(crate) fn moved(folder: &'a Resource<Descriptor>, path: &'a str) -> [Self; 2] {
        [Access::Read, Access::Write].map(|access| Self { moves: true, ..Self::new(folder, path, access) })
    }
}

/// Where a path leads.
enum Way {
    /// There; the path is relative to the workspace.
    To { path: String, is_folder: bool },
    /// Nowhere: a folder on the way is missing, or it leaves the workspace. What is tried there fails by itself.
    Nowhere,
    /// Somewhere that has no name below the workspace, or to the end of a link that is not there yet.
    Unnamed,
}

impl Host {
    /// Whether all of these may be reached. Without globs in the grants, the whole workspace may.
    pub(crate) fn may_reach(&self, places: &[Place<'_>]) -> Permission {
        if self.reach.read.is_none() && self.reach.write.is_none() {
            return Permission::Free;
        }
        let refused = places.iter().find_map(|place| self.refused(place));
        refused.map_or(Permission::Free, |missing| Permission::Denied(missing.into()))
    }

    /// The grant that is missing for this.
    fn refused(&self, place: &Place<'_>) -> Option<String> {
        let rules = self.rules(place.access);
        if rules.is_none() && !place.moves {
            return None;
        }
        let (path, is_folder) = match self.resolve(place) {
            Way::Nowhere => return None,
            Way::Unnamed => return Some(format!("{}: [**]", place.access.name())),
            Way::To { path, is_folder } => (path, is_folder),
        };
        let is_allowed = match rules {
            _ if place.moves && is_folder => false,
            None => true,
            Some(rules) => {
                let is_on_the_way = || is_folder && place.access == Access::Read && rules.allow_folder(&path);
                rules.allow(&path) || !place.moves && is_on_the_way()
            }
        };
        (!is_allowed).then(|| format!("{}: [{path}]", place.access.name()))
    }

    fn rules(&self, access: Access) -> Option<&FileRules> {
        match access {
            Access::Read => self.reach.read.as_ref(),
            Access::Write => self.reach.write.as_ref(),
        }
    }

    /// Whether an entry of a folder is shown to the guest.
    pub(crate) fn is_listed(&self, path: &str, is_folder: bool) -> bool {
        let is_allowed = |rules: &FileRules| rules.allow(path) || is_folder && rules.allow_folder(path);
        let written = || self.reach.write.as_ref().is_some_and(is_allowed);
        self.reach.read.as_ref().is_none_or(|rules| is_allowed(rules) || written())
    }

    /// Whether a folder may be made: one that is granted, or that leads to something that is.
    pub(crate) fn may_make_folder(&self, fd: &Resource<Descriptor>, path: &str) -> Permission {
        let place = Place::new(fd, path, Access::Write);
        let (Some(rules), Way::To { path, .. }) = (&self.reach.write, self.resolve(&place)) else {
            return self.may_reach(&[place]);
        };
        if rules.allow_folder(&path) { Permission::Free } else { Permission::Denied(format!("write: [{path}]").into()) }
    }

    /// A path of the workspace, as a guest says it, for another capability: held against the grant with its links
    /// resolved. What is not there yet counts by the deepest folder that is.
    pub(crate) fn may_touch(&self, path: &str, access: Access) -> Permission {
        let (Some(rules), Some(workspace)) = (self.rules(access), &self.reach.workspace) else {
            return Permission::Free;
        };
        let (Ok(relative), Some(root)) = (beneath::relative(path), open_folder(workspace.folder.path())) else {
            return Permission::Denied(format!("{}: [**]", access.name()).into());
        };
        let way = deepest(&root, &relative, access == Access::Read, workspace.folder.path());
        match way {
            Way::To { path, .. } if rules.allow(&path) => Permission::Free,
            Way::To { path, .. } => Permission::Denied(format!("{}: [{path}]", access.name()).into()),
            Way::Nowhere | Way::Unnamed => Permission::Denied(format!("{}: [**]", access.name()).into()),
        }
    }

    /// The real path behind a descriptor: the same for all ways that lead there.
    pub(crate) fn real_path_of(&self, fd: &Resource<Descriptor>) -> Option<String> {
        let workspace = self.reach.workspace.as_ref()?.folder.path();
        match self.table.get(fd).ok()? {
            Descriptor::File(file) => within(&where_is(&*file.file)?, workspace),
            Descriptor::Dir(folder) => within(&where_is(&*folder.dir)?, workspace),
        }
    }

    /// The same for a path below a descriptor.
    pub(crate) fn real_path_at(&self, fd: &Resource<Descriptor>, path: &str, flags: PathFlags) -> Option<String> {
        match self.resolve(&Place::new(fd, path, Access::Read).following(flags)) {
            Way::To { path, .. } => Some(path),
            Way::Nowhere | Way::Unnamed => None,
        }
    }

    fn resolve(&self, place: &Place<'_>) -> Way {
        let Some(workspace) = &self.reach.workspace else { return Way::Nowhere };
        let Ok(Descriptor::Dir(folder)) = self.table.get(place.folder) else { return Way::Nowhere };
        real_path(&*folder.dir, Path::new(place.path), place.follow, workspace.folder.path())
    }
}

fn open_folder(path: &Path) -> Option<OwnedFd> {
    rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok()
}

/// The real path of something beneath a folder, or of its folder and its name where it is not there.
fn real_path(folder: &impl AsFd, path: &Path, follow: bool, workspace: &Path) -> Way {
    let last = if follow { OFlags::empty() } else { OFlags::NOFOLLOW };
    if let Some(found) = open_beneath(folder, path, last) {
        let is_folder = fstat(&found).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_dir());
        return named(where_is(&found), is_folder, workspace);
    }
    if follow && open_beneath(folder, path, OFlags::NOFOLLOW).is_some() {
        return Way::Unnamed;
    }
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Way::Nowhere };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    match open_beneath(folder, parent, OFlags::DIRECTORY) {
        Some(parent) => named(where_is(&parent).map(|parent| parent.join(name)), false, workspace),
        None => Way::Nowhere,
    }
}

/// The same where folders on the way may be missing: they will be made below the deepest one that is there.
fn deepest(root: &OwnedFd, path: &Path, follow: bool, workspace: &Path) -> Way {
    for folder in path.ancestors() {
        let rest = path.strip_prefix(folder).unwrap_or(Path::new(""));
        let start = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        match real_path(root, start, follow || folder != path, workspace) {
            Way::Nowhere => {}
            Way::Unnamed => return Way::Unnamed,
            Way::To { path: real, is_folder } if rest.as_os_str().is_empty() => {
                return Way::To { path: real, is_folder };
            }
            Way::To { path: real, .. } => {
                return rest
                    .to_str()
                    .map_or(Way::Unnamed, |rest| Way::To { path: join(&real, rest), is_folder: false });
            }
        }
    }
    Way::Nowhere
}

fn join(folder: &str, rest: &str) -> String {
    if folder.is_empty() { rest.to_owned() } else { format!("{folder}/{rest}") }
}

fn open_beneath(folder: &impl AsFd, path: &Path, flags: OFlags) -> Option<OwnedFd> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    openat2(folder, path, OFlags::PATH | OFlags::CLOEXEC | flags, Mode::empty(), resolve).ok()
}

fn named(path: Option<PathBuf>, is_folder: bool, workspace: &Path) -> Way {
    path.and_then(|path| within(&path, workspace)).map_or(Way::Unnamed, |path| Way::To { path, is_folder })
}

fn where_is(found: &impl AsFd) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{}", found.as_fd().as_raw_fd())).ok()
}

fn within(path: &Path, workspace: &Path) -> Option<String> {
    let workspace = workspace.canonicalize().ok()?;
    Some(path.strip_prefix(workspace).ok()?.to_str()?.to_owned())
}

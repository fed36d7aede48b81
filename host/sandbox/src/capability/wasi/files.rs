//! `wasi:filesystem`: wasmtime-wasi's, which resolves paths beneath the preopened folder; here each function is counted,
//! held against the grants `read` and `write`, and in the journal with its path.
//!
//! A reader whose answers are kept by what it read (a scanner) also leaves its questions in `OpenFiles`, and is told
//! nothing that is not of the tree: no times, no inode numbers, no lengths of folders.

use lockgate_model::Json;
use lockgate_model::host_call::Permission;
use lockgate_model::ids::Digest;
use lockgate_ports::trees::{Question, Sight};
use serde_json::json;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{WasiFilesystemCtxView, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode as FsErrorCode;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    Advice, Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, DirectoryEntryStream,
    ErrorCode, Filesize, Host as Types, HostDescriptor, HostDirectoryEntryStream, MetadataHashValue, NewTimestamp,
    OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult, IoError};

use super::reachable::{Access, Place};
use crate::host::{Function, Host};

type Fd = Resource<Descriptor>;

const INTERFACE: &str = "wasi:filesystem/types";
/// A path as it was walked from the workspace: twice what Linux takes at once.
const PATH_BYTES_MAX: usize = 8 * 1024;
/// A path as Linux takes it, with its final zero (`PATH_MAX`).
const LINUX_PATH_BYTES_MAX: usize = 4096;

impl Host {
    /// A function of an open descriptor that neither reads nor changes what it stands for.
    fn on_open<T>(&mut self, body: impl FnOnce(&mut WasiFilesystemCtxView<'_>) -> FsResult<T>) -> FsResult<T> {
        self.local(INTERFACE).map_err(FsError::trap)?;
        body(&mut self.quiet().filesystem())
    }

    /// A function that reads or changes: what is asked is held against the grants, and written down.
    fn on_path<T>(
        &mut self,
        name: &'static str,
        arguments: Json,
        places: &[Place<'_>],
        body: impl FnOnce(&mut Self) -> FsResult<T>,
    ) -> FsResult<T> {
        self.look_inside().map_err(FsError::trap)?;
        let permission = self.may_reach(places);
        self.decided(name, arguments, permission, body)
    }

    /// The same where it was decided already whether it may be, and the workspace is filled where that matters.
    fn decided<T>(
        &mut self,
        name: &'static str,
        arguments: Json,
        permission: Permission,
        body: impl FnOnce(&mut Self) -> FsResult<T>,
    ) -> FsResult<T> {
        self.enter().map_err(FsError::trap)?;
        if is_too_long(&arguments) {
            return Err(FsErrorCode::NameTooLong.into());
        }
        let began_us = self.watch.elapsed_us();
        let result = match &permission {
            Permission::Denied(grant) => {
                self.say_first_refusal(grant);
                Err(FsErrorCode::Access.into())
            }
            _ => body(self),
        };
        let shown = match &result {
            Ok(_) => json!("ok"),
            Err(error) => json!({ "error": error.downcast_ref().map(|code| format!("{code:?}")) }),
        };
        self.note(began_us, permission, Function { interface: INTERFACE, name }, arguments, shown, 0);
        result
    }

    /// Whether the tree of a workspace that nobody has looked into yet says that nothing is at a path: to know that, it
    /// need not be filled.
    fn is_absent(&self, fd: &Fd, path: &str, flags: PathFlags) -> bool {
        let tree = self.reach.workspace.as_ref().and_then(|workspace| workspace.folder.tree());
        let is_narrowed = self.reach.read.is_some() || self.reach.write.is_some();
        let is_plain = !path.starts_with('/') && !path.contains('\0') && path.len() < LINUX_PATH_BYTES_MAX;
        let Some(tree) = tree.filter(|_| is_plain && !is_narrowed) else { return false };
        let follow = flags.contains(PathFlags::SYMLINK_FOLLOW);
        let question = Question::Look { path: self.files.walked_below(fd.rep(), path), follow };
        self.services.trees.look(&tree.root, &[question]).is_ok_and(|sights| sights == [Sight::Missing])
    }

    /// What is said of something that is not there.
    fn absent<T>(&mut self, name: &'static str, arguments: Json) -> FsResult<T> {
        self.decided(name, arguments, Permission::Free, |_| Err(FsErrorCode::NoEntry.into()))
    }

    /// An error code has no room for the grant and its place, so the log has them.
    fn say_first_refusal(&mut self, grant: &str) {
        if self.files.is_first_refusal() {
            self.watch.warn(self.missing(grant));
        }
    }

    /// The same for the file behind a descriptor.
    fn on_file<T>(
        &mut self,
        (name, access): (&'static str, Access),
        fd: &Fd,
        body: impl FnOnce(&mut WasiFilesystemCtxView<'_>) -> FsResult<T>,
    ) -> FsResult<T> {
        let path = self.files.path(fd.rep());
        if access == Access::Read {
            self.files.ask(Question::Read(self.files.walked(fd.rep())));
        }
        self.on_path(name, json!({ "path": path }), &[], |host| body(&mut host.quiet().filesystem()))
    }

    /// What no tree holds is set to what is the same for equal trees. A scanner does not see when files were written.
    fn of_the_tree(&self, stat: DescriptorStat) -> DescriptorStat {
        let size = if stat.type_ == DescriptorType::Directory { 0 } else { stat.size };
        DescriptorStat {
            link_count: 1,
            size,
            data_access_timestamp: None,
            data_modification_timestamp: stat.data_modification_timestamp.filter(|_| self.kind.is_outward()),
            status_change_timestamp: None,
            ..stat
        }
    }

    /// Files are told apart by their paths, for nothing else of them is the same for equal trees: by the real one, or for
    /// a scanner by the one that it walked, whose links it has asked about.
    fn hash_of_path(path: &str) -> MetadataHashValue {
        let digest = *Digest::of(path.as_bytes()).as_bytes();
        let half = |at: usize| digest[at..at + 8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        MetadataHashValue { lower: half(0), upper: half(8) }
    }

    fn look(&mut self, fd: &Fd, path: &str, flags: PathFlags) -> String {
        let follow = flags.contains(PathFlags::SYMLINK_FOLLOW);
        self.files.ask(Question::Look { path: self.files.walked_below(fd.rep(), path), follow });
        self.files.below(fd.rep(), path)
    }
}

/// A path longer than any that a kernel takes would only fill the journal.
fn is_too_long(arguments: &Json) -> bool {
    let paths = ["path", "to"].map(|name| arguments[name].as_str().map_or(0, str::len));
    paths.into_iter().any(|bytes| bytes > PATH_BYTES_MAX)
}

fn may_block(found: DescriptorType) -> bool {
    !matches!(found, DescriptorType::RegularFile | DescriptorType::Directory | DescriptorType::SymbolicLink)
}

/// Functions of an open descriptor that move nothing.
macro_rules! on_open {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        $(fn $name(&mut self, fd: Fd, $($argument: $type),*) -> FsResult<$result> {
            self.on_open(|files| HostDescriptor::$name(files, fd, $($argument),*))
        })*
    };
}

/// Functions that read or change the file behind a descriptor.
macro_rules! on_file {
    ($($name:ident = $wit:literal, $access:ident ($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        $(fn $name(&mut self, fd: Fd, $($argument: $type),*) -> FsResult<$result> {
            let borrowed = Fd::new_borrow(fd.rep());
            self.on_file(($wit, Access::$access), &borrowed, |files| HostDescriptor::$name(files, fd, $($argument),*))
        })*
    };
}

/// Functions that change what one path stands for; the path stands between the arguments before it and after it.
macro_rules! change_path {
    ($($name:ident = $wit:literal([$($before:ident: $before_type:ty),*] [$($after:ident: $after_type:ty),*]);)*) => {
        $(fn $name(&mut self, fd: Fd, $($before: $before_type,)* path: String $(, $after: $after_type)*) -> FsResult<()> {
            let arguments = json!({ "path": self.files.below(fd.rep(), &path) });
            let (at, named) = (Fd::new_borrow(fd.rep()), path.clone());
            self.on_path($wit, arguments, &[Place::new(&at, &named, Access::Write)], |host| {
                HostDescriptor::$name(&mut host.quiet().filesystem(), fd, $($before,)* path $(, $after)*)
            })
        })*
    };
}

impl HostDescriptor for Host {
    on_open! {
        advise(offset: Filesize, length: Filesize, advice: Advice) -> ();
        sync_data() -> ();
        sync() -> ();
        get_flags() -> DescriptorFlags;
        get_type() -> DescriptorType;
    }

    on_file! {
        read = "read", Read (length: Filesize, offset: Filesize) -> (Vec<u8>, bool);
        read_via_stream = "read-via-stream", Read (offset: Filesize) -> Resource<DynInputStream>;
        write = "write", Write (bytes: Vec<u8>, offset: Filesize) -> Filesize;
        write_via_stream = "write-via-stream", Write (offset: Filesize) -> Resource<DynOutputStream>;
        append_via_stream = "append-via-stream", Write () -> Resource<DynOutputStream>;
        set_size = "set-size", Write (size: Filesize) -> ();
    }

    change_path! {
        remove_directory_at = "remove-directory-at"([] []);
        unlink_file_at = "unlink-file-at"([] []);
        symlink_at = "symlink-at"([target: String] []);
    }

    fn create_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let arguments = json!({ "path": self.files.below(fd.rep(), &path) });
        self.look_inside().map_err(FsError::trap)?;
        let permission = self.may_make_folder(&fd, &path);
        self.decided("create-directory-at", arguments, permission, |host| {
            HostDescriptor::create_directory_at(&mut host.quiet().filesystem(), fd, path)
        })
    }

    /// Times can be set through a descriptor that was opened for reading.
    fn set_times(&mut self, fd: Fd, accessed: NewTimestamp, modified: NewTimestamp) -> FsResult<()> {
        let path = self.files.path(fd.rep());
        self.look_inside().map_err(FsError::trap)?;
        let permission = self.may_touch(&path, Access::Write);
        self.decided("set-times", json!({ "path": path }), permission, |host| {
            HostDescriptor::set_times(&mut host.quiet().filesystem(), fd, accessed, modified)
        })
    }

    fn set_times_at(
        &mut self,
        fd: Fd,
        flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let arguments = json!({ "path": self.files.below(fd.rep(), &path) });
        let (at, named) = (Fd::new_borrow(fd.rep()), path.clone());
        let place = Place::new(&at, &named, Access::Write).following(flags);
        self.on_path("set-times-at", arguments, &[place], |host| {
            HostDescriptor::set_times_at(&mut host.quiet().filesystem(), fd, flags, path, accessed, modified)
        })
    }

    fn rename_at(&mut self, fd: Fd, path: String, to: Fd, new_path: String) -> FsResult<()> {
        let arguments = self.two_paths(&fd, &path, &to, &new_path);
        let (from, into) = (Fd::new_borrow(fd.rep()), Fd::new_borrow(to.rep()));
        let (old, new) = (path.clone(), new_path.clone());
        let [read, write] = Place::moved(&from, &old);
        let places = [read, write, Place::new(&into, &new, Access::Write)];
        self.on_path("rename-at", arguments, &places, |host| {
            HostDescriptor::rename_at(&mut host.quiet().filesystem(), fd, path, to, new_path)
        })
    }

    fn link_at(&mut self, fd: Fd, flags: PathFlags, path: String, to: Fd, new_path: String) -> FsResult<()> {
        let arguments = self.two_paths(&fd, &path, &to, &new_path);
        let (from, into) = (Fd::new_borrow(fd.rep()), Fd::new_borrow(to.rep()));
        let (old, new) = (path.clone(), new_path.clone());
        let [read, write] = Place::moved(&from, &old).map(|place| place.following(flags));
        let places = [read, write, Place::new(&into, &new, Access::Write)];
        self.on_path("link-at", arguments, &places, |host| {
            HostDescriptor::link_at(&mut host.quiet().filesystem(), fd, flags, path, to, new_path)
        })
    }

    fn read_directory(&mut self, fd: Fd) -> FsResult<Resource<DirectoryEntryStream>> {
        let (path, walked) = (self.files.path(fd.rep()), self.files.walked(fd.rep()));
        self.files.ask(Question::List(walked.clone()));
        let stream = self.on_path("read-directory", json!({ "path": path }), &[], |host| {
            HostDescriptor::read_directory(&mut host.quiet().filesystem(), fd)
        })?;
        let listed = path;
        let entries = self.sorted(&stream, &listed)?;
        match self.files.insert_listing(stream.rep(), entries) {
            true => Ok(stream),
            false => Err(FsErrorCode::InsufficientMemory.into()),
        }
    }

    fn readlink_at(&mut self, fd: Fd, path: String) -> FsResult<String> {
        let full = self.files.below(fd.rep(), &path);
        self.files.ask(Question::Link(self.files.walked_below(fd.rep(), &path)));
        let (at, named) = (Fd::new_borrow(fd.rep()), path.clone());
        self.on_path("readlink-at", json!({ "path": full }), &[Place::new(&at, &named, Access::Read)], |host| {
            HostDescriptor::readlink_at(&mut host.quiet().filesystem(), fd, path)
        })
    }

    /// A pipe or a device could block the host where nothing can interrupt it: only files, folders and links open.
    fn open_at(
        &mut self,
        fd: Fd,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Fd> {
        let walked = self.files.walked_below(fd.rep(), &path);
        let full = self.look(&fd, &path, path_flags);
        let create = open_flags.contains(OpenFlags::CREATE);
        let write = flags.contains(DescriptorFlags::WRITE) || create || open_flags.contains(OpenFlags::TRUNCATE);
        // Whoever does not ask to write is given a descriptor to read from, even of a file that this makes.
        let reads = flags.contains(DescriptorFlags::READ) || !flags.contains(DescriptorFlags::WRITE);
        let read = reads && !open_flags.contains(OpenFlags::TRUNCATE);
        let arguments = json!({ "path": full, "read": read, "write": write, "create": create });
        let is_plain = (DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY).contains(flags);
        if !write && is_plain && self.is_absent(&fd, &path, path_flags) {
            return self.absent("open-at", arguments);
        }
        let (at, named) = (Fd::new_borrow(fd.rep()), path.clone());
        let place = |access| Place::new(&at, &named, access).following(path_flags);
        let places: Vec<Place<'_>> = [(read, Access::Read), (write, Access::Write)]
            .into_iter()
            .filter(|(is_asked, _)| *is_asked)
            .map(|(_, access)| place(access))
            .collect();
        let opened = self.on_path("open-at", arguments, &places, |host| {
            let mut quiet = host.quiet();
            let files = &mut quiet.filesystem();
            let found = HostDescriptor::stat_at(files, Fd::new_borrow(fd.rep()), path_flags, path.clone());
            if found.is_ok_and(|stat| may_block(stat.type_)) {
                return Err(FsErrorCode::NotPermitted.into());
            }
            HostDescriptor::open_at(files, fd, path_flags, path, open_flags, flags)
        })?;
        self.files.insert(opened.rep(), walked);
        Ok(opened)
    }

    fn stat(&mut self, fd: Fd) -> FsResult<DescriptorStat> {
        self.files.ask(Question::Look { path: self.files.walked(fd.rep()), follow: true });
        self.look_inside().map_err(FsError::trap)?;
        let stat = self.on_open(|files| HostDescriptor::stat(files, fd))?;
        Ok(self.of_the_tree(stat))
    }

    fn stat_at(&mut self, fd: Fd, path_flags: PathFlags, path: String) -> FsResult<DescriptorStat> {
        let full = self.look(&fd, &path, path_flags);
        if self.is_absent(&fd, &path, path_flags) {
            return self.absent("stat-at", json!({ "path": full }));
        }
        let (at, named) = (Fd::new_borrow(fd.rep()), path.clone());
        let place = Place::new(&at, &named, Access::Read).following(path_flags);
        let stat = self.on_path("stat-at", json!({ "path": full }), &[place], |host| {
            HostDescriptor::stat_at(&mut host.quiet().filesystem(), fd, path_flags, path)
        })?;
        Ok(self.of_the_tree(stat))
    }

    fn metadata_hash(&mut self, fd: Fd) -> FsResult<MetadataHashValue> {
        let real = self.real_path_of(&fd).filter(|_| self.kind.is_outward());
        let path = real.unwrap_or_else(|| self.files.path(fd.rep()));
        self.on_open(|files| HostDescriptor::metadata_hash(files, fd))?;
        Ok(Self::hash_of_path(&path))
    }

    fn metadata_hash_at(&mut self, fd: Fd, path_flags: PathFlags, path: String) -> FsResult<MetadataHashValue> {
        let full = self.look(&fd, &path, path_flags);
        if self.is_absent(&fd, &path, path_flags) {
            return self.absent("metadata-hash-at", json!({ "path": full }));
        }
        self.look_inside().map_err(FsError::trap)?;
        let (at, named) = (Fd::new_borrow(fd.rep()), path.clone());
        let place = Place::new(&at, &named, Access::Read).following(path_flags);
        let real = self.real_path_at(&at, &named, path_flags).filter(|_| self.kind.is_outward());
        self.on_path("metadata-hash-at", json!({ "path": full.clone() }), &[place], |host| {
            HostDescriptor::metadata_hash_at(&mut host.quiet().filesystem(), fd, path_flags, path)
        })?;
        Ok(Self::hash_of_path(&real.unwrap_or(full)))
    }

    fn is_same_object(&mut self, one: Fd, other: Fd) -> wasmtime::Result<bool> {
        self.local(INTERFACE)?;
        if !self.kind.is_outward() {
            return Ok(self.files.path(one.rep()) == self.files.path(other.rep()));
        }
        HostDescriptor::is_same_object(&mut self.quiet().filesystem(), one, other)
    }

    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        self.local(INTERFACE)?;
        self.files.remove(fd.rep());
        HostDescriptor::drop(&mut self.quiet().filesystem(), fd)
    }
}

impl Host {
    /// The entries of a folder by name: their order on disk is nobody's business. What may not be read is not listed.
    fn sorted(&mut self, stream: &Resource<DirectoryEntryStream>, folder: &str) -> FsResult<Vec<DirectoryEntry>> {
        let mut entries = Vec::new();
        loop {
            let borrowed = Resource::new_borrow(stream.rep());
            let mut quiet = self.quiet();
            match HostDirectoryEntryStream::read_directory_entry(&mut quiet.filesystem(), borrowed)? {
                Some(entry) => entries.push(entry),
                None => break,
            }
        }
        let is_folder = |entry: &DirectoryEntry| entry.type_ == DescriptorType::Directory;
        let path = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        entries.retain(|entry| self.is_listed(&path(&entry.name), is_folder(entry)));
        entries.sort_by(|a, b| b.name.cmp(&a.name));
        Ok(entries)
    }

    fn two_paths(&self, fd: &Fd, path: &str, to: &Fd, new_path: &str) -> Json {
        json!({ "path": self.files.below(fd.rep(), path), "to": self.files.below(to.rep(), new_path) })
    }
}

impl HostDirectoryEntryStream for Host {
    fn read_directory_entry(&mut self, stream: Resource<DirectoryEntryStream>) -> FsResult<Option<DirectoryEntry>> {
        self.local(INTERFACE).map_err(FsError::trap)?;
        Ok(self.files.next_entry(stream.rep()))
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        self.local(INTERFACE)?;
        self.files.remove(stream.rep());
        HostDirectoryEntryStream::drop(&mut self.quiet().filesystem(), stream)
    }
}

impl preopens::Host for Host {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Fd, String)>> {
        self.local("wasi:filesystem/preopens")?;
        let folders = preopens::Host::get_directories(&mut self.quiet().filesystem())?;
        folders.iter().for_each(|(fd, _)| self.files.insert(fd.rep(), String::new()));
        Ok(folders)
    }
}

impl Types for Host {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        Types::convert_error_code(&mut self.quiet().filesystem(), error)
    }

    fn filesystem_error_code(&mut self, error: Resource<IoError>) -> wasmtime::Result<Option<ErrorCode>> {
        self.local(INTERFACE)?;
        Types::filesystem_error_code(&mut self.quiet().filesystem(), error)
    }
}

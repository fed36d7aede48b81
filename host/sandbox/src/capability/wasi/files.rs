//! `wasi:filesystem`: wasmtime-wasi's, which resolves paths beneath the preopened folder; here each function is counted,
//! and what names a path is in the journal with the number of the descriptor that it starts from.

use lockgate_model::host_call::Permission;
use serde_json::json;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{WasiFilesystemCtxView, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode as FsErrorCode;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    Advice, Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, DirectoryEntryStream,
    ErrorCode, Filesize, Host as Types, HostDescriptor, HostDirectoryEntryStream, MetadataHashValue, NewTimestamp,
    OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult, IoError};

use crate::host::{Function, Host};

type Fd = Resource<Descriptor>;

impl Host {
    /// A function that names no path.
    fn on_open<T>(&mut self, body: impl FnOnce(&mut WasiFilesystemCtxView<'_>) -> FsResult<T>) -> FsResult<T> {
        self.admit().map_err(FsError::trap)?;
        body(&mut self.filesystem())
    }

    /// A function that names a path.
    fn at_path<T>(
        &mut self,
        name: &'static str,
        arguments: lockgate_model::Json,
        body: impl FnOnce(&mut WasiFilesystemCtxView<'_>) -> FsResult<T>,
    ) -> FsResult<T> {
        self.admit().map_err(FsError::trap)?;
        let began_us = self.watch.elapsed_us();
        let result = body(&mut self.filesystem());
        let shown = match &result {
            Ok(_) => json!("ok"),
            Err(error) => json!({ "error": error.downcast_ref().map(|code| format!("{code:?}")) }),
        };
        let function = Function { interface: "wasi:filesystem/types", name };
        self.note(began_us, Permission::Free, function, arguments, shown);
        result
    }
}

impl Host {
    /// A scanner's answer is kept by what it read: when the files were written must not reach it.
    fn without_times(&self, stat: DescriptorStat) -> DescriptorStat {
        if self.kind.is_outward() {
            return stat;
        }
        DescriptorStat {
            data_access_timestamp: None,
            data_modification_timestamp: None,
            status_change_timestamp: None,
            ..stat
        }
    }
}

fn may_block(found: DescriptorType) -> bool {
    !matches!(found, DescriptorType::RegularFile | DescriptorType::Directory | DescriptorType::SymbolicLink)
}

/// Functions of an open descriptor.
macro_rules! on_open {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        $(fn $name(&mut self, fd: Fd, $($argument: $type),*) -> FsResult<$result> {
            self.on_open(|files| HostDescriptor::$name(files, fd, $($argument),*))
        })*
    };
}

/// Functions of a path; the journal has what stands in brackets.
macro_rules! at_path {
    ($($name:ident = $wit:literal($($argument:ident: $type:ty),*) [$($shown:ident),*] -> $result:ty;)*) => {
        $(fn $name(&mut self, fd: Fd, $($argument: $type),*) -> FsResult<$result> {
            let arguments = json!([fd.rep(), $($shown),*]);
            self.at_path($wit, arguments, |files| HostDescriptor::$name(files, fd, $($argument),*))
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
        set_size(size: Filesize) -> ();
        set_times(accessed: NewTimestamp, modified: NewTimestamp) -> ();
        read(length: Filesize, offset: Filesize) -> (Vec<u8>, bool);
        write(bytes: Vec<u8>, offset: Filesize) -> Filesize;
        metadata_hash() -> MetadataHashValue;
        read_via_stream(offset: Filesize) -> Resource<DynInputStream>;
        write_via_stream(offset: Filesize) -> Resource<DynOutputStream>;
        append_via_stream() -> Resource<DynOutputStream>;
    }

    at_path! {
        metadata_hash_at = "metadata-hash-at"(path_flags: PathFlags, path: String) [path] -> MetadataHashValue;
        read_directory = "read-directory"() [] -> Resource<DirectoryEntryStream>;
        readlink_at = "readlink-at"(path: String) [path] -> String;
        create_directory_at = "create-directory-at"(path: String) [path] -> ();
        remove_directory_at = "remove-directory-at"(path: String) [path] -> ();
        unlink_file_at = "unlink-file-at"(path: String) [path] -> ();
        symlink_at = "symlink-at"(target: String, path: String) [target, path] -> ();
        rename_at = "rename-at"(path: String, to: Fd, new_path: String) [path, new_path] -> ();
        link_at = "link-at"(path_flags: PathFlags, path: String, to: Fd, new_path: String) [path, new_path] -> ();
        set_times_at = "set-times-at"(
            path_flags: PathFlags, path: String, accessed: NewTimestamp, modified: NewTimestamp
        ) [path] -> ();
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
        self.at_path("open-at", json!([fd.rep(), path]), |files| {
            let found = HostDescriptor::stat_at(files, Fd::new_borrow(fd.rep()), path_flags, path.clone());
            if found.is_ok_and(|stat| may_block(stat.type_)) {
                return Err(FsErrorCode::NotPermitted.into());
            }
            HostDescriptor::open_at(files, fd, path_flags, path, open_flags, flags)
        })
    }

    fn stat(&mut self, fd: Fd) -> FsResult<DescriptorStat> {
        let stat = self.on_open(|files| HostDescriptor::stat(files, fd))?;
        Ok(self.without_times(stat))
    }

    fn stat_at(&mut self, fd: Fd, path_flags: PathFlags, path: String) -> FsResult<DescriptorStat> {
        let arguments = json!([fd.rep(), path]);
        let stat = self.at_path("stat-at", arguments, |files| HostDescriptor::stat_at(files, fd, path_flags, path))?;
        Ok(self.without_times(stat))
    }

    fn is_same_object(&mut self, one: Fd, other: Fd) -> wasmtime::Result<bool> {
        self.admit()?;
        HostDescriptor::is_same_object(&mut self.filesystem(), one, other)
    }

    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        HostDescriptor::drop(&mut self.filesystem(), fd)
    }
}

impl HostDirectoryEntryStream for Host {
    fn read_directory_entry(&mut self, stream: Resource<DirectoryEntryStream>) -> FsResult<Option<DirectoryEntry>> {
        self.on_open(|files| HostDirectoryEntryStream::read_directory_entry(files, stream))
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        HostDirectoryEntryStream::drop(&mut self.filesystem(), stream)
    }
}

impl Types for Host {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        Types::convert_error_code(&mut self.filesystem(), error)
    }

    fn filesystem_error_code(&mut self, error: Resource<IoError>) -> wasmtime::Result<Option<ErrorCode>> {
        Types::filesystem_error_code(&mut self.filesystem(), error)
    }
}

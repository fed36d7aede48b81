//! `wasi:filesystem`, and the streams of files.

use wasip2::filesystem::preopens;
use wasip2::filesystem::types::{
    Advice, Descriptor, DescriptorFlags, NewTimestamp, OpenFlags, PathFlags, filesystem_error_code,
};
use wasip2::http::types::http_error_code;
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

use crate::Tally;

const NONE: PathFlags = PathFlags::empty();

pub(crate) fn call(tally: &mut Tally) {
    let mut folders = tally.did("wasi:filesystem/preopens get-directories", preopens::get_directories());
    let (folder, _) = folders.pop().unwrap();
    assert!(folders.is_empty());
    let (create, flags) = (OpenFlags::CREATE, DescriptorFlags::READ | DescriptorFlags::WRITE);
    let file =
        tally.did("wasi:filesystem/types descriptor.open-at", folder.open_at(NONE, "file", create, flags)).unwrap();
    on_file(tally, &folder, &file);
    streams(tally, &file);
    broken(tally, &file);
    tally.drop("wasi:filesystem/types descriptor drop", file);
    listing(tally, &folder);
    on_folder(tally, &folder);
    tally.drop("wasi:filesystem/types descriptor drop", folder);
}

fn on_file(tally: &mut Tally, folder: &Descriptor, file: &Descriptor) {
    let now = NewTimestamp::Now;
    tally.did("wasi:filesystem/types descriptor.advise", file.advise(0, 0, Advice::Normal)).unwrap();
    tally.did("wasi:filesystem/types descriptor.write", file.write(b"text", 0)).unwrap();
    tally.did("wasi:filesystem/types descriptor.read", file.read(4, 0)).unwrap();
    tally.did("wasi:filesystem/types descriptor.sync-data", file.sync_data()).unwrap();
    tally.did("wasi:filesystem/types descriptor.sync", file.sync()).unwrap();
    tally.did("wasi:filesystem/types descriptor.get-flags", file.get_flags()).unwrap();
    tally.did("wasi:filesystem/types descriptor.get-type", file.get_type()).unwrap();
    tally.did("wasi:filesystem/types descriptor.stat", file.stat()).unwrap();
    tally.did("wasi:filesystem/types descriptor.set-size", file.set_size(100_000)).unwrap();
    tally.did("wasi:filesystem/types descriptor.set-times", file.set_times(now, now)).unwrap();
    tally.did("wasi:filesystem/types descriptor.metadata-hash", file.metadata_hash()).unwrap();
    tally.did("wasi:filesystem/types descriptor.is-same-object", file.is_same_object(folder));
}

fn streams(tally: &mut Tally, file: &Descriptor) {
    let input = tally.did("wasi:filesystem/types descriptor.read-via-stream", file.read_via_stream(0)).unwrap();
    let output = tally.did("wasi:filesystem/types descriptor.write-via-stream", file.write_via_stream(0)).unwrap();
    read(tally, &input);
    write(tally, &output);
    splice(tally, &output, &input);
    tally.drop("wasi:io/streams input-stream drop", input);
    tally.drop("wasi:io/streams output-stream drop", output);
    let output = tally.did("wasi:filesystem/types descriptor.append-via-stream", file.append_via_stream()).unwrap();
    tally.drop("wasi:io/streams output-stream drop", output);
}

fn read(tally: &mut Tally, input: &InputStream) {
    tally.did("wasi:io/streams input-stream.blocking-read", input.blocking_read(1)).unwrap();
    tally.did("wasi:io/streams input-stream.read", input.read(1)).unwrap();
    tally.did("wasi:io/streams input-stream.blocking-skip", input.blocking_skip(1)).unwrap();
    tally.did("wasi:io/streams input-stream.skip", input.skip(1)).unwrap();
    let ready = tally.did("wasi:io/streams input-stream.subscribe", input.subscribe());
    tally.did("wasi:io/poll pollable.block", ready.block());
    tally.drop("wasi:io/poll pollable drop", ready);
}

/// Waits until something may be written: what is not waited for is a fault of the guest's.
fn may_write(tally: &mut Tally, output: &OutputStream) {
    let ready = tally.did("wasi:io/streams output-stream.subscribe", output.subscribe());
    tally.did("wasi:io/poll pollable.block", ready.block());
    tally.drop("wasi:io/poll pollable drop", ready);
    assert!(tally.did("wasi:io/streams output-stream.check-write", output.check_write()).unwrap() > 8);
}

fn write(tally: &mut Tally, output: &OutputStream) {
    may_write(tally, output);
    tally.did("wasi:io/streams output-stream.write", output.write(b"a")).unwrap();
    tally.did("wasi:io/streams output-stream.flush", output.flush()).unwrap();
    tally.did("wasi:io/streams output-stream.blocking-flush", output.blocking_flush()).unwrap();
    may_write(tally, output);
    tally.did("wasi:io/streams output-stream.write-zeroes", output.write_zeroes(2)).unwrap();
    may_write(tally, output);
    let written = output.blocking_write_and_flush(b"b");
    tally.did("wasi:io/streams output-stream.blocking-write-and-flush", written).unwrap();
    may_write(tally, output);
    let written = output.blocking_write_zeroes_and_flush(2);
    tally.did("wasi:io/streams output-stream.blocking-write-zeroes-and-flush", written).unwrap();
}

fn splice(tally: &mut Tally, output: &OutputStream, input: &InputStream) {
    may_write(tally, output);
    tally.did("wasi:io/streams output-stream.splice", output.splice(input, 1)).unwrap();
    may_write(tally, output);
    tally.did("wasi:io/streams output-stream.blocking-splice", output.blocking_splice(input, 1)).unwrap();
}

/// A file is not so long: that is an error, and may be asked about.
fn broken(tally: &mut Tally, file: &Descriptor) {
    let end = u64::MAX - 1;
    let output = tally.did("wasi:filesystem/types descriptor.write-via-stream", file.write_via_stream(end)).unwrap();
    let failed = output.blocking_write_and_flush(b"x");
    let failed = tally.did("wasi:io/streams output-stream.blocking-write-and-flush", failed);
    let Err(StreamError::LastOperationFailed(error)) = failed else { panic!("{failed:?}") };
    tally.did("wasi:io/error error.to-debug-string", error.to_debug_string());
    tally.did("wasi:filesystem/types filesystem-error-code", filesystem_error_code(&error));
    tally.did("wasi:http/types http-error-code", http_error_code(&error));
    tally.drop("wasi:io/error error drop", error);
    tally.drop("wasi:io/streams output-stream drop", output);
}

fn listing(tally: &mut Tally, folder: &Descriptor) {
    let entries = tally.did("wasi:filesystem/types descriptor.read-directory", folder.read_directory()).unwrap();
    let entry = entries.read_directory_entry();
    tally.did("wasi:filesystem/types directory-entry-stream.read-directory-entry", entry).unwrap();
    tally.drop("wasi:filesystem/types directory-entry-stream drop", entries);
}

fn on_folder(tally: &mut Tally, folder: &Descriptor) {
    let now = NewTimestamp::Now;
    tally.did("wasi:filesystem/types descriptor.create-directory-at", folder.create_directory_at("sub")).unwrap();
    tally.did("wasi:filesystem/types descriptor.stat-at", folder.stat_at(NONE, "sub")).unwrap();
    tally.did("wasi:filesystem/types descriptor.set-times-at", folder.set_times_at(NONE, "sub", now, now)).unwrap();
    tally.did("wasi:filesystem/types descriptor.metadata-hash-at", folder.metadata_hash_at(NONE, "sub")).unwrap();
    tally.did("wasi:filesystem/types descriptor.link-at", folder.link_at(NONE, "file", folder, "hard")).unwrap();
    tally.did("wasi:filesystem/types descriptor.symlink-at", folder.symlink_at("file", "soft")).unwrap();
    tally.did("wasi:filesystem/types descriptor.readlink-at", folder.readlink_at("soft")).unwrap();
    tally.did("wasi:filesystem/types descriptor.rename-at", folder.rename_at("soft", folder, "moved")).unwrap();
    tally.did("wasi:filesystem/types descriptor.unlink-file-at", folder.unlink_file_at("moved")).unwrap();
    tally.did("wasi:filesystem/types descriptor.remove-directory-at", folder.remove_directory_at("sub")).unwrap();
}

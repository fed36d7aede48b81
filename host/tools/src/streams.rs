//! A command's standard streams: each has a thread of its own, so that none can hold up another.

use std::fs::File;
use std::io::{Read, Write};

use lockgate_ports::tools::OutputSink;

/// How much is read at once.
const PIECE_BYTES: usize = 64 * 1024;

/// A stream that was read to its end.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// Its beginning.
    pub(crate) bytes: Vec<u8>,
    /// Whether there was more.
    pub(crate) is_cut: bool,
    /// Why the file beside it does not have the whole of it.
    pub(crate) file_fault: Option<String>,
}

/// A file that takes a stream's bytes in place of the sink, up to a limit.
#[derive(Debug)]
pub(crate) struct Tee {
    pub(crate) file: File,
    pub(crate) bytes_left: u64,
}

/// Reads a stream to its end: every piece goes to the sink at once, or to its file; the first `bytes_max` bytes are kept.
pub(crate) fn drain(
    mut stream: impl Read,
    is_stderr: bool,
    bytes_max: usize,
    sink: &dyn OutputSink,
    mut tee: Option<Tee>,
) -> Kept {
    let mut kept = Kept::default();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let count = match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_the_other_end_is_gone) => break,
        };
        let bytes = &piece[..count];
        // What goes to a file goes there instead of the log, as with a shell's `>`.
        if tee.is_none() {
            sink.write(is_stderr, bytes);
        }
        let room = bytes_max - kept.bytes.len();
        kept.bytes.extend_from_slice(&bytes[..count.min(room)]);
        kept.is_cut |= count > room;
        if let Some(tee) = tee.as_mut().filter(|_| kept.file_fault.is_none()) {
            kept.file_fault = tee.write(bytes).err();
        }
    }
    kept
}

impl Tee {
    fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let taken = usize::try_from(self.bytes_left).unwrap_or(usize::MAX).min(bytes.len());
        self.file.write_all(&bytes[..taken]).map_err(|error| error.to_string())?;
        self.bytes_left -= taken as u64;
        if taken < bytes.len() { Err("standard output is longer than its file may be".to_owned()) } else { Ok(()) }
    }
}

/// Feeds standard input. A command that does not read all of it is no fault.
pub(crate) fn feed(mut stream: impl Write, bytes: &[u8]) {
    let _closed_early = stream.write_all(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Deaf;

    impl OutputSink for Deaf {
        fn write(&self, _is_stderr: bool, _bytes: &[u8]) {}

        fn contacted(&self, _contact: lockgate_ports::egress::Contact) {}
    }

    #[test]
    fn a_stream_is_cut_behind_its_limit_and_not_before() {
        let check = |bytes_max, expected: (&[u8], bool)| {
            let kept = drain(&b"0123456789"[..], false, bytes_max, &Deaf, None);
            assert_eq!((kept.bytes.as_slice(), kept.is_cut), expected);
        };
        check(10, (b"0123456789", false));
        check(9, (b"012345678", true));
        check(0, (b"", true));
    }

    #[test]
    fn the_file_beside_a_stream_has_a_limit_of_its_own() {
        let check = |bytes_left, expected: &str, is_whole: bool| {
            let file = tempfile::NamedTempFile::new().unwrap();
            let tee = Tee { file: file.reopen().unwrap(), bytes_left };
            let kept = drain(&b"0123456789"[..], false, 4, &Deaf, Some(tee));
            assert_eq!(std::fs::read_to_string(file.path()).unwrap(), expected);
            assert_eq!(kept.file_fault.is_none(), is_whole);
        };
        check(10, "0123456789", true);
        check(3, "012", false);
    }
}

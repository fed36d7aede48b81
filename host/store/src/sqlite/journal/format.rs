//! A journal's bytes: a header, then one record for each call.
//!
//! The header is `LGJOURN` and a byte with the version. A record is its length (u32, little-endian) and a
//! [postcard](https://postcard.jamesmunns.com/wire-format) message of that length. Names of interfaces, functions and
//! grants come again and again: each is written once, and numbered from then on. A record that a killed process left
//! half written is at the end, and is left out.

use std::borrow::Cow;
use std::io::{ErrorKind, Read};

use lockgate_model::Json;
use lockgate_model::host_call::{
    CallBody, FunctionCall, HostCall, LogLevel, LogLine, LogSource, Permission, RecordedAnswer,
};
use lockgate_model::ids::Digest;
use serde::{Deserialize, Serialize};

/// What every journal begins with; the last byte is the version.
pub(super) const HEADER: [u8; 8] = *b"LGJOURN\x02";
/// One record; what a host writes stays far below.
const RECORD_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Names that are numbered; what comes then is written out each time.
const NAMES_MAX: usize = 1_000;
/// A name that is numbered.
const NAME_BYTES_MAX: usize = 256;

/// A name, written out or by its number.
#[derive(Serialize, Deserialize)]
enum Name<'a> {
    /// It gets the next number, while there are any.
    New(Cow<'a, str>),
    Known(u32),
}

#[derive(Serialize, Deserialize)]
struct Record<'a> {
    seq: u32,
    at_ms: u64,
    duration_us: u64,
    #[serde(borrow)]
    permission: WirePermission<'a>,
    #[serde(borrow)]
    body: Body<'a>,
}

#[derive(Serialize, Deserialize)]
enum WirePermission<'a> {
    Free,
    Granted(#[serde(borrow)] Name<'a>),
    Denied(#[serde(borrow)] Name<'a>),
}

#[derive(Serialize, Deserialize)]
enum Body<'a> {
    Line {
        source: LogSource,
        level: LogLevel,
        message: &'a str,
        fields: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    },
    Progress {
        message: &'a str,
        done: u64,
        total: Option<u64>,
    },
    Function {
        #[serde(borrow)]
        interface: Name<'a>,
        #[serde(borrow)]
        function: Name<'a>,
        /// JSON text.
        arguments: &'a [u8],
        /// JSON text.
        result: &'a [u8],
        bytes: u64,
        answer: Option<Answer<'a>>,
        blobs: Vec<[u8; 32]>,
    },
}

#[derive(Serialize, Deserialize)]
enum Answer<'a> {
    Inline(&'a [u8]),
    Blob([u8; 32]),
    Lost(&'a str),
}

/// Why a record could not be read.
pub(super) type Broken = String;

/// Writes records.
#[derive(Default)]
pub(super) struct Encoder {
    names: Vec<Cow<'static, str>>,
    /// Two pieces of JSON text, kept for their room.
    texts: [Vec<u8>; 2],
}

impl Encoder {
    /// Appends a call; on an error `out` is as it was.
    pub(super) fn write(&mut self, call: &HostCall, out: &mut Vec<u8>) -> Result<(), Broken> {
        let start = out.len();
        let written = self.try_write(call, out);
        if written.is_err() {
            out.truncate(start);
        }
        written
    }

    fn try_write(&mut self, call: &HostCall, out: &mut Vec<u8>) -> Result<(), Broken> {
        if let CallBody::Function(function) = &call.body {
            for (text, value) in self.texts.iter_mut().zip([&function.arguments, &function.result]) {
                text.clear();
                serde_json::to_writer(text, value).map_err(|error| error.to_string())?;
            }
        }
        let names = &mut self.names;
        let permission = match &call.permission {
            Permission::Free => WirePermission::Free,
            Permission::Granted(grant) => WirePermission::Granted(number(names, grant)),
            Permission::Denied(grant) => WirePermission::Denied(number(names, grant)),
        };
        let body = match &call.body {
            CallBody::Line(line) => of_line(line),
            CallBody::Progress { message, done, total } => Body::Progress { message, done: *done, total: *total },
            CallBody::Function(function) => of_function(names, function, &self.texts),
        };
        let record = Record { seq: call.seq, at_ms: call.at_ms, duration_us: call.duration_us, permission, body };
        append(&record, out)
    }
}

fn append(record: &Record<'_>, out: &mut Vec<u8>) -> Result<(), Broken> {
    let length_at = out.len();
    out.extend([0; 4]);
    let taken = postcard::to_extend(record, std::mem::take(out)).map_err(|error| error.to_string())?;
    *out = taken;
    let length = u32::try_from(out.len() - length_at - 4).map_err(|error| error.to_string())?;
    out[length_at..length_at + 4].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

fn of_line(line: &LogLine) -> Body<'_> {
    let fields = line.fields.iter().map(|(name, value)| (Cow::from(name), Cow::from(value))).collect();
    Body::Line { source: line.source, level: line.level, message: &line.message, fields }
}

fn of_function<'a>(names: &mut Vec<Cow<'static, str>>, call: &'a FunctionCall, texts: &'a [Vec<u8>; 2]) -> Body<'a> {
    let [arguments, result] = texts;
    let answer = call.answer.as_ref().map(|answer| match answer {
        RecordedAnswer::Inline(bytes) => Answer::Inline(bytes),
        RecordedAnswer::Blob(digest) => Answer::Blob(*digest.as_bytes()),
        RecordedAnswer::Lost(why) => Answer::Lost(why),
    });
    let (interface, function) = (number(names, &call.interface), number(names, &call.function));
    let blobs = call.blobs.iter().map(|digest| *digest.as_bytes()).collect();
    Body::Function { interface, function, arguments, result, bytes: call.bytes, answer, blobs }
}

/// Few names are in use: a look through all of them is quicker than a map.
#[allow(clippy::ptr_arg, reason = "a borrowed name is numbered without a copy")]
fn number<'a>(names: &mut Vec<Cow<'static, str>>, name: &'a Cow<'static, str>) -> Name<'a> {
    if let Some(number) = names.iter().position(|known| known == name) {
        return Name::Known(u32::try_from(number).unwrap_or(u32::MAX));
    }
    if is_numbered(names, name) {
        names.push(name.clone());
    }
    Name::New(Cow::Borrowed(name))
}

/// Whether a new name gets a number. Grants can be as long as a command; those are written out.
fn is_numbered(names: &[Cow<'static, str>], name: &str) -> bool {
    names.len() < NAMES_MAX && name.len() <= NAME_BYTES_MAX
}

/// Reads records.
#[derive(Default)]
pub(super) struct Decoder {
    names: Vec<Cow<'static, str>>,
}

impl Decoder {
    fn call(&mut self, bytes: &[u8]) -> Result<HostCall, Broken> {
        let record: Record<'_> = postcard::from_bytes(bytes).map_err(|error| error.to_string())?;
        let permission = match record.permission {
            WirePermission::Free => Permission::Free,
            WirePermission::Granted(name) => Permission::Granted(self.name(name)?),
            WirePermission::Denied(name) => Permission::Denied(self.name(name)?),
        };
        let body = match record.body {
            Body::Line { source, level, message, fields } => {
                let fields = fields.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
                CallBody::Line(LogLine { source, level, message: message.to_owned(), fields })
            }
            Body::Progress { message, done, total } => CallBody::Progress { message: message.to_owned(), done, total },
            Body::Function { interface, function, arguments, result, bytes, answer, blobs } => {
                let (interface, function) = (self.name(interface)?, self.name(function)?);
                let (arguments, result) = (json(arguments)?, json(result)?);
                let answer = answer.map(|answer| match answer {
                    Answer::Inline(bytes) => RecordedAnswer::Inline(bytes.to_vec()),
                    Answer::Blob(digest) => RecordedAnswer::Blob(Digest::from_bytes(digest)),
                    Answer::Lost(why) => RecordedAnswer::Lost(why.to_owned()),
                });
                let blobs = blobs.into_iter().map(Digest::from_bytes).collect();
                CallBody::Function(FunctionCall { interface, function, arguments, result, bytes, answer, blobs })
            }
        };
        Ok(HostCall { seq: record.seq, at_ms: record.at_ms, duration_us: record.duration_us, permission, body })
    }

    fn name(&mut self, name: Name<'_>) -> Result<Cow<'static, str>, Broken> {
        match name {
            Name::Known(number) => {
                let known = usize::try_from(number).ok().and_then(|number| self.names.get(number));
                known.cloned().ok_or_else(|| format!("name {number} was never given"))
            }
            Name::New(name) => {
                let name: Cow<'static, str> = Cow::Owned(name.into_owned());
                if is_numbered(&self.names, &name) {
                    self.names.push(name.clone());
                }
                Ok(name)
            }
        }
    }
}

fn json(text: &[u8]) -> Result<Json, Broken> {
    serde_json::from_slice(text).map_err(|error| error.to_string())
}

/// Reads a journal from its header on; calls before the `from`-th are left out, and so is half a record at the end.
///
/// # Errors
/// Which record cannot be read, and why. What stands before it is in `calls`.
pub(super) fn read(mut reader: impl Read, from: u32, calls: &mut Vec<HostCall>) -> Result<(), Broken> {
    let mut header = [0; HEADER.len()];
    if !fill(&mut reader, &mut header)? {
        return Ok(());
    }
    if header[..7] != HEADER[..7] {
        return Err("it is no journal".to_owned());
    }
    if header != HEADER {
        return Err(format!("it has version {}, and this lockgate knows version {}", header[7], HEADER[7]));
    }
    let mut decoder = Decoder::default();
    let mut record = Vec::new();
    for number in 1_u64.. {
        let mut length = [0; 4];
        if !fill(&mut reader, &mut length)? {
            break;
        }
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        if length > RECORD_BYTES_MAX {
            return Err(format!("record {number} has {length} bytes; at most {RECORD_BYTES_MAX} are read"));
        }
        if !take(&mut reader, length, &mut record)? {
            break;
        }
        let call = decoder.call(&record).map_err(|error| format!("record {number}: {error}"))?;
        calls.extend(Some(call).filter(|call| call.seq >= from));
    }
    Ok(())
}

/// False at the end, and where it comes too early.
fn fill(reader: &mut impl Read, bytes: &mut [u8]) -> Result<bool, Broken> {
    match reader.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error.to_string()),
    }
}

/// Room is made as bytes come: a length that lies makes none.
fn take(reader: &mut impl Read, length: usize, bytes: &mut Vec<u8>) -> Result<bool, Broken> {
    bytes.clear();
    reader.take(length as u64).read_to_end(bytes).map_err(|error| error.to_string())?;
    Ok(bytes.len() == length)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn function(answer: Option<RecordedAnswer>) -> HostCall {
        let body = CallBody::Function(FunctionCall {
            interface: "exec".into(),
            function: "run".into(),
            arguments: json!({ "argv": ["make", "ä"] }),
            result: json!([1.5, null]),
            bytes: 7,
            answer,
            blobs: vec![Digest::of(b"blob")],
        });
        HostCall { seq: 0, at_ms: 3, duration_us: 4, permission: Permission::Granted("exec: [make]".into()), body }
    }

    fn all() -> Vec<HostCall> {
        let fields = vec![("name".to_owned(), "value".to_owned())];
        let line = LogLine { source: LogSource::Host, level: LogLevel::Warn, message: "ä\n".to_owned(), fields };
        let progress = CallBody::Progress { message: "half".to_owned(), done: 1, total: Some(2) };
        let with = |body, permission| HostCall { seq: 0, at_ms: 0, duration_us: 0, permission, body };
        let calls = [
            function(None),
            function(Some(RecordedAnswer::Inline(vec![0, 255]))),
            function(Some(RecordedAnswer::Blob(Digest::of(b"x")))),
            function(Some(RecordedAnswer::Lost("too large".to_owned()))),
            with(CallBody::Line(line), Permission::Free),
            with(progress, Permission::Denied("clock".into())),
        ];
        calls.into_iter().zip(0..).map(|(call, seq)| HostCall { seq, ..call }).collect()
    }

    fn encoded(calls: &[HostCall]) -> Vec<u8> {
        let (mut encoder, mut bytes) = (Encoder::default(), HEADER.to_vec());
        calls.iter().for_each(|call| encoder.write(call, &mut bytes).expect("written"));
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        let mut calls = Vec::new();
        read(encoded(&all()).as_slice(), 0, &mut calls).expect("a journal");
        assert_eq!(calls, all());
    }

    #[test]
    fn names_are_written_once() {
        let many: Vec<HostCall> = std::iter::repeat_with(|| function(None)).take(100).collect();
        let bytes = encoded(&many);
        assert_eq!(bytes.windows(4).filter(|window| *window == b"exec").count(), 2, "the interface and the grant");
        assert!(bytes.len() < 100 * 90, "{}", bytes.len());
    }

    #[test]
    fn a_cut_anywhere_leaves_what_stands_before_it() {
        let bytes = encoded(&all());
        for end in 0..bytes.len() {
            let mut calls = Vec::new();
            read(&bytes[..end], 0, &mut calls).expect("a shorter journal");
            assert_eq!(calls[..], all()[..calls.len()], "cut at {end}");
        }
    }

    #[test]
    fn another_version_and_another_file_are_refused() {
        for (header, said) in [(b"LGJOURN\x01", "version 1"), (b"{\"seq\":0", "no journal")] {
            let error = read(header.as_slice(), 0, &mut Vec::new()).expect_err("refused");
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn nonsense_is_an_error_and_makes_no_room() {
        let giant = [&HEADER[..], &u32::MAX.to_le_bytes()].concat();
        assert!(read(giant.as_slice(), 0, &mut Vec::new()).expect_err("refused").contains("record 1"));
        let short = [&HEADER[..], &3_u32.to_le_bytes(), &[9, 9, 9]].concat();
        assert!(read(short.as_slice(), 0, &mut Vec::new()).expect_err("refused").contains("record 1"));
    }
}

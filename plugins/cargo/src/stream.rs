//! Cargo's standard output, parted into its own JSON messages and what the test binaries wrote.

use std::io::{self, BufRead};

use cargo_metadata::{Artifact, CompilerMessage, Message};

/// Standard output that is read at most; a run that writes more is told about, never cut in silence.
pub const STDOUT_BYTES_MAX: u64 = 96 * 1024 * 1024;

/// How every message of cargo's begins.
const MESSAGE_PREFIX: &str = "{\"reason\":";

/// What cargo said and what its tests wrote.
#[derive(Debug, Default)]
pub struct Stream {
    /// What the compiler had to say.
    pub diagnostics: Vec<CompilerMessage>,
    /// What was made, or was there already.
    pub artifacts: Vec<Artifact>,
    /// Build scripts that were run.
    pub build_scripts: usize,
    /// Whether all of it compiled; absent when cargo never came so far.
    pub compiled: Option<bool>,
    /// Every line that is no message.
    pub text: String,
}

impl Stream {
    /// Reads standard output line by line; bytes that are no UTF-8 are replaced.
    ///
    /// # Errors
    /// When `source` cannot be read.
    pub fn read(mut source: impl BufRead) -> io::Result<Self> {
        let mut stream = Self::default();
        let mut line = Vec::new();
        while source.read_until(b'\n', &mut line)? > 0 {
            stream.line(&String::from_utf8_lossy(&line));
            line.clear();
        }
        Ok(stream)
    }

    fn line(&mut self, line: &str) {
        let message = if line.starts_with(MESSAGE_PREFIX) { serde_json::from_str(line).ok() } else { None };
        match message {
            Some(Message::CompilerMessage(message)) => self.diagnostics.push(message),
            Some(Message::CompilerArtifact(artifact)) => self.artifacts.push(artifact),
            Some(Message::BuildScriptExecuted(_)) => self.build_scripts += 1,
            Some(Message::BuildFinished(finished)) => self.compiled = Some(finished.success),
            Some(_) => {}
            None => self.text.push_str(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_and_text_are_parted() {
        let source = b"{\"reason\":\"build-finished\",\"success\":true}\n\nrunning 0 tests\n{\"reason\":1}\n\xff\n{\"a\":2}\nno end";
        let stream = Stream::read(&source[..]).unwrap();
        assert_eq!(stream.compiled, Some(true));
        assert_eq!(stream.text, "\nrunning 0 tests\n{\"reason\":1}\n\u{fffd}\n{\"a\":2}\nno end");
    }

    #[test]
    fn nothing_is_nothing() {
        let stream = Stream::read(&b""[..]).unwrap();
        assert_eq!((stream.compiled, stream.text.as_str(), stream.artifacts.len()), (None, "", 0));
    }
}

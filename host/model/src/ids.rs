//! Typed names: a run is never confused with a job, a digest never with a string.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Why a text is not a name of the wanted sort.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {wanted}")]
pub struct InvalidId {
    /// The text as given, cut to 80 characters.
    pub text: String,
    /// What it should have been, with its article.
    pub wanted: &'static str,
}

impl InvalidId {
    fn new(text: &str, wanted: &'static str) -> Self {
        Self { text: text.chars().take(80).collect(), wanted }
    }
}

/// SHA-256 of some bytes, written `sha256:` and 64 lower-case hex digits (OCI image spec, "Digests").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// A digest that was computed elsewhere, for example while streaming.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hex digits without the algorithm.
    #[must_use]
    pub fn hex(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        self.0
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
            .collect()
    }

    /// The first 12 hex digits: enough for a person, never for a machine.
    #[must_use]
    pub fn short(&self) -> String {
        self.hex()[..12].to_owned()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.short())
    }
}

impl FromStr for Digest {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId::new(text, "a digest (sha256: and 64 lower-case hex digits)");
        let hex = text.strip_prefix("sha256:").filter(|hex| hex.len() == 64).ok_or_else(invalid)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            let [high, low] = [pair[0], pair[1]].map(nibble);
            *byte = high.ok_or_else(invalid)? << 4 | low.ok_or_else(invalid)?;
        }
        Ok(Self(bytes))
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Defines a name that is a checked string: it can be shown, parsed and carried over a wire, and nothing else.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $wanted:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) { Ok(Self(text.to_owned())) } else { Err(InvalidId::new(text, $wanted)) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// A word as it may stand for a job, a step, an alias or a tool: a letter or `_`, then letters, digits, `-`, `_`, `.`.
#[must_use]
pub fn is_word(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 100
        && bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

name!(
    /// One execution of a pipeline: 10 to 26 lower-case letters and digits, later runs sort after earlier ones.
    RunId,
    "a run id (10 to 26 lower-case letters and digits)",
    |text| (10..=26).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
);
name!(
    /// A job as the pipeline file names it.
    JobId,
    "a job id (a letter or _, then letters, digits, -, _ or .)",
    is_word
);
name!(
    /// A step as the pipeline file names it, or `step-N` (N counts from 1) where it does not.
    StepId,
    "a step id (a letter or _, then letters, digits, -, _ or .)",
    is_word
);
name!(
    /// A job and, inside a matrix, its cell: `build`, or `build[os=linux,profile=dev]` with axes in order of name.
    JobKey,
    "a job key",
    |text| !text.is_empty() && text.len() <= 1000 && !text.contains(['\n', '\0'])
);
name!(
    /// A plugin as the pipeline file calls it.
    PluginAlias,
    "a plugin alias (a letter or _, then letters, digits, -, _ or .)",
    is_word
);
name!(
    /// A native tool that the host knows.
    ToolName,
    "a tool name (a letter or _, then letters, digits, -, _ or .)",
    is_word
);
name!(
    /// A stream of events: `run/ID`; later `rollout/ID`, `alert/ID`.
    StreamId,
    "a stream id (kind/id)",
    |text| text.len() <= 200 && text.split_once('/').is_some_and(|(kind, id)| is_word(kind) && !id.is_empty())
);

impl RunId {
    /// The run's stream of events.
    #[must_use]
    pub fn stream(&self) -> StreamId {
        StreamId(format!("run/{}", self.0))
    }

    /// An id made of the time (milliseconds since the epoch) and 20 random bits, in Crockford's base 32.
    #[must_use]
    pub fn new(at_ms: u64, random: u32) -> Self {
        const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let value = (u128::from(at_ms) & 0xffff_ffff_ffff) << 20 | u128::from(random & 0xf_ffff);
        let text = (0..14).rev().map(|place| char::from(DIGITS[(value >> (place * 5)) as usize & 31])).collect();
        Self(text)
    }
}

impl JobKey {
    /// The key of a job outside a matrix, or of one cell of it.
    #[must_use]
    pub fn new<'a>(job: &JobId, cell: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let cell: Vec<String> = cell.into_iter().map(|(axis, value)| format!("{axis}={value}")).collect();
        if cell.is_empty() { Self(job.0.clone()) } else { Self(format!("{}[{}]", job.0, cell.join(","))) }
    }
}

/// One try of one step of one run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttemptId {
    /// The run.
    pub run: RunId,
    /// The job and cell.
    pub job: JobKey,
    /// The step.
    pub step: StepId,
    /// Counts from 1.
    pub number: u32,
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}#{}", self.run, self.job, self.step, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let digest = Digest::of(b"");
        assert_eq!(digest.to_string(), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        for wrong in ["", "sha256:", "sha512:00", &"sha256:E3".repeat(33), &format!("sha256:{}", "g".repeat(64))] {
            assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn later_runs_sort_after_earlier_ones() {
        let early = RunId::new(1_790_000_000_000, 0xf_ffff);
        let late = RunId::new(1_790_000_000_001, 0);
        assert!(early < late);
        assert_eq!(early.as_str().len(), 14);
        assert_eq!(late.as_str().parse(), Ok(late));
    }

    #[test]
    fn words_are_limited() {
        for good in ["build", "_x", "a-b.c_9"] {
            assert!(is_word(good), "{good}");
        }
        for bad in ["", "9a", "-a", "a b", "a/b", "ä", &"a".repeat(101)] {
            assert!(!is_word(bad), "{bad}");
        }
    }
}

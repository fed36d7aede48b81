//! A scanner that walks its workspace by a seed, and tells all that it sees.
//!
//! Where it goes next depends on what it saw before: names in folders, bytes of files, targets of links. So two trees
//! lead it on two ways, as a real scanner is led.

use std::fs;
use std::io;
use std::path::Path;

use lockgate_sdk::{About, Failure, Finding, ScanReport, ScanRequest, Scanner, Severity, schemars, workspace};

/// Looks that one walk takes.
const LOOKS: usize = 12;
/// Names that may be there or not.
const NAMES: [&str; 4] = ["a", "b", "c", "d"];
/// Ways to write the end of a path. Those that end in a slash or a dot follow a link that stands before them.
const ENDINGS: [&str; 6] = ["", "", "", "/", "/.", "/.."];

/// How it walks.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Where it begins.
    seed: u64,
}

/// Where it is, as a number that everything it sees goes into.
struct Way(u64);

impl Way {
    /// splitmix64.
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % below as u64).unwrap_or(0)
    }

    fn mix(&mut self, seen: &str) {
        for byte in seen.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn path(&mut self) -> String {
        let depth = 1 + self.next(3);
        let parts: Vec<&str> = (0..depth).map(|_| NAMES[self.next(NAMES.len())]).collect();
        parts.join("/") + ENDINGS[self.next(ENDINGS.len())]
    }
}

struct Guest;

impl Scanner for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("walker", "0.1.0", "Walks its workspace by a seed, and tells all that it sees.")
    }

    /// A finding for each look.
    fn scan(config: Config, request: ScanRequest) -> Result<ScanReport, Failure> {
        let mut way = Way(config.seed);
        let mut findings = vec![Finding::new("given", Severity::Info, request.files.join(" "))];
        let mut led_to = None;
        for _ in 0..LOOKS {
            let path = led_to.take().unwrap_or_else(|| way.path());
            let (what, seen) = look(way.next(6), &workspace().join(&path));
            lockgate_sdk::log::info(format!("{what} {path}"));
            way.mix(&seen);
            // What it read may be where it goes.
            led_to = seen.strip_prefix("text ").filter(|text| !text.is_empty() && way.next(2) == 0).map(str::to_owned);
            findings.push(Finding::new(what, Severity::Info, format!("{path}: {seen}")));
        }
        Ok(ScanReport { findings, components: Vec::new(), measurements: Vec::new() })
    }
}

/// Looks at a path in one of some ways.
fn look(how: usize, path: &Path) -> (&'static str, String) {
    match how {
        0 => ("list", told(list(path))),
        1 => ("stat", told(fs::metadata(path).map(|found| kind(&found)))),
        2 => ("lstat", told(fs::symlink_metadata(path).map(|found| kind(&found)))),
        3 => ("readlink", told(fs::read_link(path).map(|target| format!("text {}", target.display())))),
        4 => ("exists", path.exists().to_string()),
        _ => ("read", told(fs::read_to_string(path).map(|text| format!("text {text}")))),
    }
}

fn told(seen: io::Result<String>) -> String {
    seen.unwrap_or_else(|error| format!("error {:?} {:?}", error.kind(), error.raw_os_error()))
}

fn kind(found: &fs::Metadata) -> String {
    let times = [found.modified().is_ok(), found.accessed().is_ok(), found.created().is_ok()];
    format!("{:?} {} bytes, times {times:?}", found.file_type(), found.len())
}

/// In the order in which they come, with kinds, and the bytes of the first file.
fn list(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        text.push_str(&format!("{} {:?}, ", entry.file_name().to_string_lossy(), entry.file_type()?));
        if entry.file_type()?.is_file() && !text.contains('=') {
            text.push_str(&format!("= {}, ", told(fs::read_to_string(entry.path()))));
        }
    }
    Ok(text)
}

lockgate_sdk::export!(scanner: Guest);

//! A build step that tries what it is told to, most of it forbidden; or works as it should.

#[cfg(target_family = "wasm")]
mod host;

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io;

use lockgate_sdk::{About, BuildRequest, BuildStep, Failure, Product, Ruling, schemars, workspace};

/// Files that well-behaved work writes and reads again.
const WORK_FILES: usize = 200;

/// What to try.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Config {
    /// One after the other; what came of each is the output `try-N`.
    tries: Vec<Try>,
}

/// One thing; paths as they are, or below the workspace where they are relative.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Try {
    /// Write files, read them, compute.
    Work {},
    /// Read a file.
    Read(String),
    /// Read a file so often, and tell all the texts that it ever had.
    ReadOften(String, u32),
    /// Make a file empty.
    Truncate(String),
    /// Give a file a second name.
    Link(String, String),
    /// Make a link that leads elsewhere.
    Symlink(String, String),
    /// Move a file.
    Rename(String, String),
    /// Ask for so many random bytes at once.
    RandomBytes(u64),
    /// Make one request of so many headers.
    Fields(u32),
    /// Make so many lists of headers, and keep them.
    Lists(u32),
    /// Break while a value is let go of.
    BreakInDrop {},
}

struct Guest;

impl BuildStep for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("prowler", "0.1.0", "Tries what it is told to.")
    }

    fn run(config: Config, _: BuildRequest) -> Result<Product, Failure> {
        let told = config.tries.into_iter().map(|one| carry_out(one).unwrap_or_else(|error| format!("error: {error}")));
        let numbered = told.enumerate();
        Ok(numbered
            .fold(Product::new(Ruling::Pass), |product, (number, what)| product.output(format!("try-{number}"), what)))
    }
}

fn carry_out(one: Try) -> io::Result<String> {
    let at = |path: &str| workspace().join(path);
    let done = |()| "done".to_owned();
    match one {
        Try::Work {} => work(),
        Try::Read(path) => fs::read_to_string(at(&path)),
        Try::ReadOften(path, times) => {
            let texts: BTreeSet<String> = (0..times).filter_map(|_| fs::read_to_string(at(&path)).ok()).collect();
            Ok(format!("{texts:?}"))
        }
        Try::Truncate(path) => OpenOptions::new().write(true).truncate(true).open(at(&path)).map(|_| done(())),
        Try::Link(from, to) => fs::hard_link(at(&from), at(&to)).map(done),
        Try::Symlink(to, path) => symlink(&to, &path).map(done),
        Try::Rename(from, to) => fs::rename(at(&from), at(&to)).map(done),
        Try::RandomBytes(length) => Ok(random_bytes(length).to_string()),
        Try::Fields(number) => Ok(fields(number)),
        Try::Lists(number) => Ok(lists(number).to_string()),
        Try::BreakInDrop {} => {
            drop(Breaks);
            Ok(done(()))
        }
    }
}

/// Breaks when it is let go of.
struct Breaks;

impl Drop for Breaks {
    fn drop(&mut self) {
        panic!("I break while I go");
    }
}

fn work() -> io::Result<String> {
    let mut sum = 0_u64;
    for number in 0..WORK_FILES {
        let path = workspace().join(format!("work-{number}"));
        fs::write(&path, number.to_string())?;
        sum = fs::read(&path)?.iter().fold(sum, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
        fs::remove_file(&path)?;
    }
    Ok(format!("worked {}", std::hint::black_box(sum) > 0))
}

#[cfg(target_family = "wasm")]
use host::{fields, lists, random_bytes, symlink};

#[cfg(not(target_family = "wasm"))]
fn random_bytes(length: u64) -> usize {
    usize::try_from(length).unwrap_or(0)
}

#[cfg(not(target_family = "wasm"))]
fn fields(number: u32) -> String {
    number.to_string()
}

#[cfg(not(target_family = "wasm"))]
fn lists(number: u32) -> usize {
    number as usize
}

#[cfg(not(target_family = "wasm"))]
fn symlink(to: &str, path: &str) -> io::Result<()> {
    std::os::unix::fs::symlink(to, workspace().join(path))
}

lockgate_sdk::export!(build_step: Guest);

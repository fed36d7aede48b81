//! A build step that logs and reads as often as it is told, and does nothing else.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use lockgate_sdk::{About, BuildRequest, BuildStep, Failure, Product, Ruling, log, schemars, workspace};

/// What one read asks for.
const PIECE_BYTES: usize = 4 * 1024;

/// How often.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Config {
    /// Lines for the log.
    lines: u64,
    /// Reads of 4 KiB, each from the beginning of the file.
    reads: u64,
    /// The file in the workspace.
    file: String,
}

struct Guest;

impl BuildStep for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("chatterbox", "0.1.0", "Logs and reads as often as it is told.")
    }

    /// The bytes that it read, as an output.
    fn run(config: Config, _: BuildRequest) -> Result<Product, Failure> {
        for line in 0..config.lines {
            log::info(format!("line {line} of {}", config.lines));
        }
        let mut file = File::open(workspace().join(&config.file))?;
        let mut piece = [0; PIECE_BYTES];
        let mut bytes = 0;
        for _ in 0..config.reads {
            file.seek(SeekFrom::Start(0))?;
            file.read_exact(&mut piece)?;
            bytes += piece.len();
        }
        Ok(Product::new(Ruling::Pass).output("bytes", bytes.to_string()))
    }
}

lockgate_sdk::export!(build_step: Guest);

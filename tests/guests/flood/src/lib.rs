//! A gate that logs without end, in lines or in one line.

use std::io::Write;

use lockgate_sdk::{About, Failure, GateRequest, QualityGate, Verdict, log, schemars};

/// Where the flood goes.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Config {
    /// Whether it is one line that never ends, on standard output; else lines, to the log.
    endless: bool,
    /// How long each piece is.
    #[serde(default = "usual_bytes")]
    piece_bytes: usize,
}

fn usual_bytes() -> usize {
    840
}

struct Guest;

impl QualityGate for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("flood", "0.1.0", "Logs without end.")
    }

    fn judge(config: Config, _: GateRequest) -> Result<Verdict, Failure> {
        let piece = "x".repeat(config.piece_bytes);
        loop {
            if config.endless {
                let written = std::io::stdout().write_all(piece.as_bytes()).and_then(|()| std::io::stdout().flush());
                std::hint::black_box(written.is_ok());
            } else {
                log::info(&piece);
            }
        }
    }
}

lockgate_sdk::export!(quality_gate: Guest);

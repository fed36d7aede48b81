//! A gate that looks for everything that a pure plugin must not find.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::Write;
use std::time::{Instant, SystemTime};

use lockgate_sdk::{About, Failure, GateRequest, QualityGate, Reason, Ruling, Verdict, schemars};

/// Nothing can be set.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Something to tell two inputs apart by.
    #[serde(default)]
    salt: u32,
}

struct Guest;

impl QualityGate for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("peek", "0.1.0", "Looks for everything that a pure plugin must not find.")
    }

    /// A reason for each thing: its name and what was found.
    #[allow(clippy::disallowed_methods, reason = "what they tell is what is being looked for")]
    fn judge(config: Config, _: GateRequest) -> Result<Verdict, Failure> {
        std::hint::black_box(config.salt);
        let written =
            writeln!(std::io::stdout(), "to standard output").and(write!(std::io::stderr(), "to standard error"));
        let began = Instant::now();
        std::thread::sleep(std::time::Duration::from_secs(60));
        let found = [
            ("streams", written.is_ok().to_string()),
            ("environment", std::env::vars().count().to_string()),
            ("arguments", std::env::args().count().to_string()),
            ("file", read("/etc/passwd")),
            ("root", folder("/")),
            ("workspace", folder("/workspace")),
            ("here", folder(".")),
            ("tcp", connect()),
            (
                "clock",
                SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |age| age.as_secs()).to_string(),
            ),
            ("slept", began.elapsed().as_secs().to_string()),
            ("random", RandomState::new().build_hasher().finish().to_string()),
        ];
        Ok(Verdict::of(
            found.into_iter().map(|(name, what)| Reason::new(Ruling::Pass, format!("{name}: {what}"))).collect(),
        ))
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).map_or_else(|_| "nothing".to_owned(), |text| text.len().to_string())
}

fn folder(path: &str) -> String {
    std::fs::read_dir(path).map_or_else(|_| "nothing".to_owned(), |entries| entries.count().to_string())
}

fn connect() -> String {
    std::net::TcpStream::connect("127.0.0.1:80").map_or_else(|_| "nothing".to_owned(), |_| "connected".to_owned())
}

lockgate_sdk::export!(quality_gate: Guest);

//! A gate that rules as its configuration says.

use lockgate_sdk::{About, Failure, GateRequest, QualityGate, Reason, Ruling, Verdict, schemars};

/// What it rules.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// `pass`, `warn` or `fail`.
    #[serde(default)]
    ruling: Wanted,
    /// Makes one call's input differ from another's.
    #[serde(default)]
    number: u64,
    /// A line for the log.
    #[serde(default)]
    say: Option<String>,
}

/// A ruling.
#[derive(Debug, Default, Clone, Copy, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    /// Good.
    #[default]
    Pass,
    /// Good enough.
    Warn,
    /// Not good.
    Fail,
}

/// The gate.
pub struct Gate;

impl QualityGate for Gate {
    type Config = Config;

    fn about() -> About {
        About::new("verdict", "0.1.0", "Rules as its configuration says.")
    }

    fn judge(config: Config, _request: GateRequest) -> Result<Verdict, Failure> {
        if let Some(say) = &config.say {
            lockgate_sdk::log::info(say);
        }
        let ruling = match config.ruling {
            Wanted::Pass => Ruling::Pass,
            Wanted::Warn => Ruling::Warn,
            Wanted::Fail => Ruling::Fail,
        };
        Ok(Verdict::of(vec![Reason::new(ruling, format!("as configured, number {}", config.number))]))
    }
}

lockgate_sdk::export!(quality_gate: Gate);

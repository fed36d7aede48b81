//! A notifier: tells the log.

use lockgate_sdk::{About, Effect, Failure, Notice, Notifier, log, schemars};

/// Its configuration.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Config {
    /// What to put before each title.
    #[serde(default)]
    prefix: String,
}

struct ToTheLog;

impl Notifier for ToTheLog {
    type Config = Config;

    fn about() -> About {
        About::new("to-the-log", "0.1.0", "Writes notices to the log.").effect(Effect::Idempotent)
    }

    fn deliver(config: Config, notice: Notice) -> Result<(), Failure> {
        log::write(log::Level::Warn, &format!("{}{}", config.prefix, notice.title), &[("topic", &notice.topic)]);
        Ok(())
    }
}

lockgate_sdk::export!(notifier: ToTheLog);

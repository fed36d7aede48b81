//! What `with:` may say.

use std::collections::BTreeMap;

use lockgate_sdk::Failure;
use schemars::JsonSchema;
use serde::Deserialize;

/// A script is one argument of its shell, and Linux takes no longer one (`MAX_ARG_STRLEN`, with its final zero).
pub const SCRIPT_BYTES_MAX: usize = 128 * 1024 - 1;

/// The shell that runs a script.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shell {
    /// POSIX, as `sh -e`.
    #[default]
    Sh,
    /// Bash, as `bash -e -o pipefail`, without anybody's start-up files.
    Bash,
}

/// The configuration of a step: either a script or a command's arguments.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend("oneOf" = [{ "required": ["script"] }, { "required": ["argv"] }]))]
pub struct Config {
    /// A script; it stops at the first command that fails. Values reach it by environment, never by splicing.
    pub script: Option<String>,
    /// The shell for the script.
    #[serde(default)]
    pub shell: Shell,
    /// A granted tool and its arguments, without a shell.
    #[schemars(length(min = 1))]
    pub argv: Option<Vec<String>>,
    /// Globs of the files that the command sees.
    #[serde(default = "everything")]
    pub inputs: Vec<String>,
    /// Globs of the files that become the step's changes. Scratch is searched for globs that name it.
    #[serde(default = "everything")]
    pub outputs: Vec<String>,
    /// The folder to run in, relative to the workspace.
    pub cwd: Option<String>,
    /// Environment of the command.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Secrets that the command sees: variable to the secret's name, which `expose` must grant.
    #[serde(default)]
    pub secret_env: BTreeMap<String, String>,
    /// How long the command may take; absent means as long as the step.
    #[schemars(range(min = 1))]
    pub timeout_seconds: Option<u64>,
    /// Exit codes that are good.
    #[serde(default = "zero")]
    #[schemars(length(min = 1))]
    pub ok_exit_codes: Vec<u8>,
}

fn everything() -> Vec<String> {
    vec!["**".to_owned()]
}

fn zero() -> Vec<u8> {
    vec![0]
}

impl Config {
    /// The command's arguments; the script is one of them.
    ///
    /// # Errors
    /// `bad-config`, where there is neither script nor command, or both, or more script than a command line holds.
    pub fn argv(&self) -> Result<Vec<String>, Failure> {
        match (&self.script, &self.argv) {
            (Some(script), None) => self.shell.argv(script),
            (None, Some(argv)) if !argv.is_empty() => Ok(argv.clone()),
            (Some(_), Some(_)) => Err(bad("both `script` and `argv` are given", "keep one of them")),
            _ => Err(bad(
                "there is nothing to run",
                "give `script:` (or `run:` on the step), or `argv:` with a tool's name first",
            )),
        }
    }
}

impl Shell {
    fn argv(self, script: &str) -> Result<Vec<String>, Failure> {
        if script.len() > SCRIPT_BYTES_MAX {
            let message = format!("the script has {} bytes, more than {SCRIPT_BYTES_MAX}", script.len());
            return Err(bad(&message, "put it into a file of the workspace and run that"));
        }
        let options: &[&str] = match self {
            Self::Sh => &["sh", "-e", "-c"],
            Self::Bash => &["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c"],
        };
        Ok(options.iter().copied().chain([script]).map(str::to_owned).collect())
    }
}

fn bad(message: &str, help: &str) -> Failure {
    Failure::new("bad-config", message).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&[&str], &str>) {
        let config: Config = serde_json::from_str(text).unwrap();
        let argv = config.argv().map_err(|failure| failure.message);
        let expected = expected.map(|argv| argv.iter().map(|arg| (*arg).to_owned()).collect()).map_err(str::to_owned);
        assert_eq!(argv, expected, "{text}");
    }

    #[test]
    fn the_script_is_one_argument() {
        check(r#"{"script":"echo \"$A\" '; rm -rf /'"}"#, Ok(&["sh", "-e", "-c", "echo \"$A\" '; rm -rf /'"]));
        let bash = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", "a | b"];
        check(r#"{"script":"a | b","shell":"bash"}"#, Ok(&bash));
        check(r#"{"script":"","shell":"sh"}"#, Ok(&["sh", "-e", "-c", ""]));
        check(r#"{"argv":["cargo","--version"]}"#, Ok(&["cargo", "--version"]));
    }

    #[test]
    fn one_of_the_two_is_needed() {
        check("{}", Err("there is nothing to run"));
        check(r#"{"argv":[]}"#, Err("there is nothing to run"));
        check(r#"{"argv":["a"],"script":"b"}"#, Err("both `script` and `argv` are given"));
    }

    #[test]
    fn a_script_has_a_limit() {
        let sized = |bytes: usize| Shell::Sh.argv(&"x".repeat(bytes)).is_ok();
        assert!(sized(SCRIPT_BYTES_MAX) && !sized(SCRIPT_BYTES_MAX + 1));
    }

    #[test]
    fn unknown_keys_and_shells_are_refused() {
        for text in [
            r#"{"script":"a","shel":"sh"}"#,
            r#"{"script":"a","shell":"fish"}"#,
            r#"{"script":"a","ok-exit-codes":[256]}"#,
        ] {
            assert!(serde_json::from_str::<Config>(text).is_err(), "{text}");
        }
    }
}

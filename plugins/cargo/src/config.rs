//! What `with:` may say, and what it means for one another.

use std::collections::BTreeMap;

use lockgate_sdk::Failure;
use schemars::JsonSchema;
use serde::Deserialize;

/// What cargo shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subcommand {
    /// Compile.
    Build,
    /// Check types and borrows without generating code.
    Check,
    /// Compile and run the tests.
    Test,
    /// Lint.
    Clippy,
    /// Assemble `.crate` files, and compile them as a stranger would.
    Package,
    /// Write the documentation.
    Doc,
}

impl Subcommand {
    /// As cargo calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Check => "check",
            Self::Test => "test",
            Self::Clippy => "clippy",
            Self::Package => "package",
            Self::Doc => "doc",
        }
    }
}

/// The configuration of a step.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// What cargo shall do.
    pub command: Subcommand,
    /// The profile: `dev`, `release`, `test`, `bench` or one of your own. Not for `package`.
    pub profile: Option<String>,
    /// Packages of the workspace; none means cargo's default members.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Every package of the workspace.
    #[serde(default)]
    pub workspace: bool,
    /// Libraries, binaries, tests, examples and benchmarks alike. Not for `package` and `doc`.
    #[serde(default)]
    pub all_targets: bool,
    /// Features to turn on.
    #[serde(default)]
    pub features: Vec<String>,
    /// Every feature.
    #[serde(default)]
    pub all_features: bool,
    /// Without the default features.
    #[serde(default)]
    pub no_default_features: bool,
    /// The target triple; absent means the machine's own.
    pub target: Option<String>,
    /// More arguments for cargo, before `--`.
    #[serde(default)]
    pub args: Vec<String>,
    /// Arguments for the test binaries, behind `--`. Only for `test`.
    #[serde(default)]
    pub test_args: Vec<String>,
    /// Arguments for the compiler's lints, behind `--`: `["-D", "warnings"]`. Only for `clippy`.
    #[serde(default)]
    pub lint_args: Vec<String>,
    /// Where to write the test results as JUnit XML, relative to the workspace. Only for `test`.
    pub junit: Option<String>,
    /// Globs of files to keep as artifacts, relative to the workspace; they are copied out of scratch.
    #[serde(default)]
    pub artifacts: Vec<String>,
    /// Keep the executables and C libraries that `build` makes as artifacts.
    #[serde(default)]
    pub publish_binaries: bool,
    /// Globs of the files that cargo sees.
    #[serde(default = "everything")]
    pub inputs: Vec<String>,
    /// Demand a lock file that is up to date.
    #[serde(default)]
    pub locked: bool,
    /// Never ask the network; dependencies are vendored or in the tool's own cache.
    #[serde(default = "yes")]
    pub offline: bool,
    /// The folder to run cargo in, relative to the workspace.
    pub working_directory: Option<String>,
    /// Environment of cargo and its children.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// How long cargo may take; absent means as long as the step.
    #[schemars(range(min = 1))]
    pub timeout_seconds: Option<u64>,
}

fn everything() -> Vec<String> {
    vec!["**".to_owned()]
}

fn yes() -> bool {
    true
}

impl Config {
    /// Refuses keys that mean nothing for this command, so that nobody believes they did something.
    ///
    /// # Errors
    /// `bad-config`, naming key and command.
    pub fn check(&self) -> Result<(), Failure> {
        let command = self.command;
        let is = |commands: &[Subcommand]| commands.contains(&command);
        self.only("test-args", !self.test_args.is_empty(), is(&[Subcommand::Test]))?;
        self.only("junit", self.junit.is_some(), is(&[Subcommand::Test]))?;
        self.only("lint-args", !self.lint_args.is_empty(), is(&[Subcommand::Clippy]))?;
        self.only("publish-binaries", self.publish_binaries, is(&[Subcommand::Build]))?;
        self.only("profile", self.profile.is_some(), command != Subcommand::Package)?;
        self.only("all-targets", self.all_targets, !is(&[Subcommand::Package, Subcommand::Doc]))
    }

    fn only(&self, key: &str, is_set: bool, is_meant: bool) -> Result<(), Failure> {
        if !is_set || is_meant {
            return Ok(());
        }
        let message = format!("`{key}` means nothing for `command: {}`", self.command.name());
        Err(Failure::new("bad-config", message).help(format!("take `{key}` out of the step's `with:`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(), &str>) {
        let config: Config = serde_json::from_str(text).unwrap();
        assert_eq!(config.check().map_err(|failure| failure.message), expected.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn keys_belong_to_commands() {
        check(r#"{"command":"test","junit":"a.xml","test-args":["x"],"profile":"release"}"#, Ok(()));
        check(r#"{"command":"build","publish-binaries":true,"all-targets":true}"#, Ok(()));
        check(r#"{"command":"build","junit":"a.xml"}"#, Err("`junit` means nothing for `command: build`"));
        check(r#"{"command":"test","lint-args":["-W"]}"#, Err("`lint-args` means nothing for `command: test`"));
        check(r#"{"command":"clippy","test-args":["-W"]}"#, Err("`test-args` means nothing for `command: clippy`"));
        check(r#"{"command":"package","profile":"dev"}"#, Err("`profile` means nothing for `command: package`"));
        check(
            r#"{"command":"doc","publish-binaries":true}"#,
            Err("`publish-binaries` means nothing for `command: doc`"),
        );
    }

    #[test]
    fn defaults_are_safe() {
        let config: Config = serde_json::from_str(r#"{"command":"check"}"#).unwrap();
        assert!(config.offline && !config.locked && !config.publish_binaries);
        assert_eq!(config.inputs, ["**"]);
        assert!(serde_json::from_str::<Config>(r#"{"command":"check","offlin":true}"#).is_err());
        assert!(serde_json::from_str::<Config>(r#"{"command":"install"}"#).is_err());
    }
}

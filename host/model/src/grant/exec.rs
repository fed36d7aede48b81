//! Which native commands a step may run.

use std::fmt;
use std::str::FromStr;

use globset::GlobBuilder;
use serde::{Deserialize, Serialize};

use crate::ids::ToolName;

/// Stands for any number of further arguments, as the last word of a rule.
const REST: &str = "**";

/// A tool, alone or with the arguments that it may be given: `cargo`, `cargo test **`, `git fetch origin *`.
///
/// Words are separated by spaces. Each word after the tool is a glob for one argument (`*` stands for any text within
/// it); `**` as the last word stands for any number of further arguments. A tool alone may have any arguments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExecRule {
    /// The tool.
    pub tool: ToolName,
    /// A glob for each argument; none where any arguments will do.
    pub arguments: Option<Vec<String>>,
}

impl ExecRule {
    /// The tool with any arguments.
    #[must_use]
    pub fn any(tool: ToolName) -> Self {
        Self { tool, arguments: None }
    }

    /// Whether it allows this command; `argv[0]` is the tool's name.
    #[must_use]
    pub fn allows(&self, argv: &[String]) -> bool {
        let Some((tool, arguments)) = argv.split_first() else { return false };
        let Some(patterns) = &self.arguments else { return self.tool.as_str() == tool };
        let (patterns, takes_more) = match patterns.split_last() {
            Some((last, before)) if last == REST => (before, true),
            _ => (patterns.as_slice(), false),
        };
        let is_long_enough =
            if takes_more { arguments.len() >= patterns.len() } else { arguments.len() == patterns.len() };
        let fits = || patterns.iter().zip(arguments).all(|(pattern, argument)| fits(pattern, argument));
        self.tool.as_str() == tool && is_long_enough && fits()
    }
}

fn fits(pattern: &str, argument: &str) -> bool {
    pattern == argument || GlobBuilder::new(pattern).build().is_ok_and(|glob| glob.compile_matcher().is_match(argument))
}

/// Why a text is no rule for commands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExecRuleError {
    /// Its first word is no tool.
    #[error("`{0}` is no name of a tool: write the tool first, then globs for its arguments")]
    Tool(String),
    /// One of its words is no glob.
    #[error("`{0}` is no glob for an argument")]
    Glob(String),
}

impl FromStr for ExecRule {
    type Err = ExecRuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut words = text.split_whitespace();
        let tool = words.next().unwrap_or_default();
        let tool = tool.parse().map_err(|_| ExecRuleError::Tool(tool.to_owned()))?;
        let patterns: Vec<String> = words.map(str::to_owned).collect();
        if let Some(wrong) = patterns.iter().find(|pattern| GlobBuilder::new(pattern).build().is_err()) {
            return Err(ExecRuleError::Glob(wrong.clone()));
        }
        Ok(Self { tool, arguments: Some(patterns).filter(|patterns| !patterns.is_empty()) })
    }
}

impl TryFrom<String> for ExecRule {
    type Error = ExecRuleError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ExecRule> for String {
    fn from(rule: ExecRule) -> Self {
        rule.to_string()
    }
}

impl fmt::Display for ExecRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.tool)?;
        self.arguments.iter().flatten().try_for_each(|pattern| write!(f, " {pattern}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: &str, command: &[&str], expected: bool) {
        let argv: Vec<String> = command.iter().map(ToString::to_string).collect();
        let rule: ExecRule = rule.parse().expect("a rule");
        assert_eq!(rule.allows(&argv), expected, "{rule} {command:?}");
    }

    #[test]
    fn a_tool_alone_takes_any_arguments() {
        check("cargo", &["cargo", "publish"], true);
        check("cargo", &["cargo"], true);
        check("cargo", &["git"], false);
        check("cargo", &[], false);
    }

    #[test]
    fn patterns_stand_for_one_argument_each() {
        check("git fetch origin *", &["git", "fetch", "origin", "main"], true);
        check("git fetch origin *", &["git", "fetch", "origin"], false);
        check("git fetch origin *", &["git", "fetch", "origin", "a", "b"], false);
        check("git push --force", &["git", "push"], false);
    }

    #[test]
    fn two_stars_stand_for_the_rest() {
        check("cargo test **", &["cargo", "test"], true);
        check("cargo test **", &["cargo", "test", "--all", "x y"], true);
        check("cargo test **", &["cargo", "publish"], false);
    }

    #[test]
    fn what_is_no_rule_is_said() {
        assert!(matches!("".parse::<ExecRule>(), Err(ExecRuleError::Tool(_))));
        assert!(matches!("/bin/sh -c".parse::<ExecRule>(), Err(ExecRuleError::Tool(_))));
        assert_eq!("cargo [a".parse::<ExecRule>(), Err(ExecRuleError::Glob("[a".to_owned())));
    }

    #[test]
    fn its_text_reads_back() {
        for text in ["cargo", "cargo test **"] {
            assert_eq!(text.parse::<ExecRule>().expect("a rule").to_string(), text);
        }
    }
}

//! Commands that were run, as rules.

use std::collections::{BTreeMap, BTreeSet};

use lockgate_model::grant::ExecRule;
use lockgate_model::ids::ToolName;

/// Rules for one tool; beyond that its commands are put together.
const RULES_PER_TOOL_MAX: usize = 8;
/// A longer argument becomes `*`: nobody would read it.
const ARGUMENT_CHARS_MAX: usize = 80;

/// The arguments of one command.
type Arguments<'a> = &'a [String];

/// Rules that allow all of these commands. Those that begin with the same argument share one.
pub(super) fn rules(commands: &BTreeSet<Vec<String>>) -> Vec<ExecRule> {
    let mut by_tool: BTreeMap<ToolName, Vec<Arguments<'_>>> = BTreeMap::new();
    for (tool, arguments) in commands.iter().filter_map(|command| command.split_first()) {
        if let Ok(tool) = tool.parse() {
            by_tool.entry(tool).or_default().push(arguments);
        }
    }
    by_tool.iter().flat_map(|(tool, lists)| of_tool(tool, lists)).collect()
}

/// A tool without arguments can only be granted with any.
fn of_tool(tool: &ToolName, lists: &[Arguments<'_>]) -> Vec<ExecRule> {
    let mut by_first: BTreeMap<&str, Vec<Arguments<'_>>> = BTreeMap::new();
    for list in lists {
        let Some(first) = list.first() else { return vec![ExecRule::any(tool.clone())] };
        by_first.entry(first).or_default().push(list);
    }
    if by_first.len() > RULES_PER_TOOL_MAX {
        return vec![shared(tool, lists)];
    }
    let rules: BTreeSet<ExecRule> = by_first.values().map(|lists| shared(tool, lists)).collect();
    rules.into_iter().collect()
}

/// One rule for several commands: `*` where they differ, and `**` for the rest where they are not of one length.
fn shared(tool: &ToolName, lists: &[Arguments<'_>]) -> ExecRule {
    let patterns = patterns(lists);
    let text = std::iter::once(tool.as_str()).chain(patterns.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
    let allows_all = |rule: &ExecRule| lists.iter().all(|list| rule.allows(&command(tool, list)));
    text.parse().ok().filter(allows_all).unwrap_or_else(|| ExecRule::any(tool.clone()))
}

fn command(tool: &ToolName, arguments: Arguments<'_>) -> Vec<String> {
    std::iter::once(tool.as_str()).chain(arguments.iter().map(String::as_str)).map(str::to_owned).collect()
}

fn patterns(lists: &[Arguments<'_>]) -> Vec<String> {
    let Some((first, others)) = lists.split_first() else { return Vec::new() };
    let is_shared = |at: usize| others.iter().all(|other| other.get(at) == first.get(at));
    if others.iter().all(|other| other.len() == first.len()) {
        let pattern = |(at, argument): (usize, &String)| if is_shared(at) { word(argument) } else { "*".to_owned() };
        return first.iter().enumerate().map(pattern).collect();
    }
    let same = first.iter().enumerate().take_while(|(at, _)| is_shared(*at));
    same.map(|(_, argument)| word(argument)).chain(["**".to_owned()]).collect()
}

/// A word of a rule that stands for this argument, and for as few others as can be: words are split at spaces, and
/// letters of a glob mean something else.
fn word(argument: &str) -> String {
    if argument.is_empty() || argument.chars().count() > ARGUMENT_CHARS_MAX {
        return "*".to_owned();
    }
    let mut word = String::new();
    for letter in argument.chars() {
        match letter {
            '*' | '?' | '[' | '{' | '}' => word.extend(['[', letter, ']']),
            // A glob's `?` stands for a byte.
            _ if letter == '\\' || letter.is_whitespace() => word.push_str(&"?".repeat(letter.len_utf8())),
            _ => word.push(letter),
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(commands: &[&[&str]], expected: &[&str]) {
        let commands = commands.iter().map(|command| command.iter().map(ToString::to_string).collect());
        let commands: BTreeSet<Vec<String>> = commands.collect();
        let rules = rules(&commands);
        assert_eq!(rules.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{commands:?}");
        assert!(commands.iter().all(|command| rules.iter().any(|rule| rule.allows(command))), "{commands:?}");
    }

    #[test]
    fn one_command_is_granted_as_it_is() {
        check(&[&["cargo", "build", "--release"]], &["cargo build --release"]);
        check(&[&["cargo", "build"], &["git", "status"]], &["cargo build", "git status"]);
        check(&[&["make"]], &["make"]);
    }

    #[test]
    fn commands_that_begin_alike_share_a_rule() {
        check(&[&["git", "fetch", "origin", "a"], &["git", "fetch", "origin", "b"]], &["git fetch origin *"]);
        check(&[&["cargo", "build", "-p", "a", "-q"], &["cargo", "build", "-p", "b", "-q"]], &["cargo build -p * -q"]);
        check(&[&["cargo", "test"], &["cargo", "test", "--all"]], &["cargo test **"]);
        check(&[&["cargo", "test"], &["cargo", "build"]], &["cargo build", "cargo test"]);
    }

    #[test]
    fn many_beginnings_become_one_rule() {
        let names: Vec<String> = (0..9).map(|number| format!("f{number}")).collect();
        let commands: Vec<[&str; 2]> = names.iter().map(|name| ["cat", name.as_str()]).collect();
        check(&commands.iter().map(<[&str; 2]>::as_slice).collect::<Vec<_>>(), &["cat *"]);
        check(&[&["make"], &["make", "all"]], &["make"]);
    }

    #[test]
    fn letters_of_a_glob_and_spaces_mean_themselves() {
        check(&[&["sh", "-c", "ls *.{a,b} | wc"]], &["sh -c ls?[*].[{]a,b[}]?|?wc"]);
        check(&[&["sh", "-c", "a\u{a0}b\\n\n"]], &["sh -c a??b?n?"]);
        check(&[&["sh", "**"]], &["sh [*][*]"]);
        check(&[&["sh", ""]], &["sh *"]);
        check(&[&["sh", "-c", &"x".repeat(81)]], &["sh -c *"]);
    }
}

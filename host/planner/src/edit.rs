//! Small changes to a pipeline file's `plugins:`, made to the text so that comments and order stay as they are.
//!
//! Only what is written as people write it is edited: one `alias: reference` a line below `plugins:`. Anything else is
//! left to a person, with the line to write.

use lockgate_model::ids::PluginAlias;

use crate::{Source, references};

/// A pipeline that is written in another way than this can edit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} cannot be edited: {reason}; {remedy}")]
pub struct EditError {
    /// The file's name.
    pub name: String,
    /// Why.
    pub reason: &'static str,
    /// What to write by hand.
    pub remedy: String,
}

const INDENT: &str = "  ";

/// The text with this alias standing for this reference; where there is no `plugins:` yet, it is written.
///
/// # Errors
/// When `plugins:` is not written one a line.
pub fn set_plugin(source: &Source, alias: &PluginAlias, reference: &str) -> Result<String, EditError> {
    let entry = format!("{alias}: {}", scalar(reference));
    let by_hand = |reason| failed(source, reason, format!("write `{entry}` below `plugins:`"));
    let mut lines: Vec<&str> = source.text.split_inclusive('\n').collect();
    let Some(block) = Block::find(&lines).map_err(by_hand)? else {
        let before = lines.iter().position(|line| line.starts_with("jobs:")).unwrap_or(lines.len());
        let added = format!("plugins:\n{INDENT}{entry}\n");
        lines.insert(before, &added);
        return verified(source, with_ends(&lines), alias, Some(reference))
            .ok_or_else(|| by_hand("it is not plain YAML"));
    };
    let line = match block.entry(&lines, alias.as_str()) {
        Some(known) => {
            let comment = comment_of(lines[known]).map(|comment| format!("{INDENT}{comment}")).unwrap_or_default();
            let line = format!("{}{entry}{comment}\n", block.indent);
            return replaced(source, &lines, known, &line, alias, reference)
                .ok_or_else(|| by_hand("the entry has an unusual form"));
        }
        None => format!("{}{entry}\n", block.indent),
    };
    lines.insert(block.end, &line);
    verified(source, with_ends(&lines), alias, Some(reference)).ok_or_else(|| by_hand("it is not plain YAML"))
}

/// The text without this alias.
///
/// # Errors
/// When `plugins:` is not written one a line, or does not have it.
pub fn remove_plugin(source: &Source, alias: &PluginAlias) -> Result<String, EditError> {
    let by_hand = |reason| failed(source, reason, format!("remove `{alias}` from `plugins:`"));
    let mut lines: Vec<&str> = source.text.split_inclusive('\n').collect();
    let block = Block::find(&lines).map_err(by_hand)?.ok_or_else(|| by_hand("it has no `plugins:`"))?;
    let known = block.entry(&lines, alias.as_str()).ok_or_else(|| by_hand("it has no such plugin"))?;
    lines.remove(known);
    let is_last = block.entries == 1;
    if is_last {
        lines.remove(block.key);
    }
    verified(source, with_ends(&lines), alias, None).ok_or_else(|| by_hand("the entry has an unusual form"))
}

/// Where `plugins:` stands.
struct Block {
    key: usize,
    end: usize,
    entries: usize,
    indent: String,
}

impl Block {
    fn find(lines: &[&str]) -> Result<Option<Self>, &'static str> {
        let Some(key) = lines.iter().position(|line| line.starts_with("plugins:")) else { return Ok(None) };
        let rest = lines[key]["plugins:".len()..].trim();
        if !rest.is_empty() && !rest.starts_with('#') {
            return Err("its `plugins:` stand in one line");
        }
        let is_below =
            |line: &&&str| line.starts_with(' ') || line.trim().is_empty() || line.trim_start().starts_with('#');
        let below = lines[key + 1..].iter().take_while(is_below).count();
        let entries: Vec<_> = (key + 1..key + 1 + below).filter(|index| is_entry(lines[*index])).collect();
        let indent = entries.first().map_or(INDENT, |first| indent_of(lines[*first])).to_owned();
        let end = entries.last().map_or(key + 1, |last| last + 1);
        Ok(Some(Self { key, end, entries: entries.len(), indent }))
    }

    fn entry(&self, lines: &[&str], alias: &str) -> Option<usize> {
        (self.key + 1..self.end).find(|index| {
            let key = lines[*index].trim_start().split(':').next().unwrap_or_default().trim();
            is_entry(lines[*index]) && key.trim_matches(['"', '\'']) == alias
        })
    }
}

fn is_entry(line: &str) -> bool {
    let text = line.trim();
    !text.is_empty() && !text.starts_with('#')
}

fn indent_of(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

fn comment_of(line: &str) -> Option<&str> {
    let line = line.trim_end();
    line.find(" #").map(|before| &line[before + 1..])
}

fn replaced(
    source: &Source,
    lines: &[&str],
    known: usize,
    line: &str,
    alias: &PluginAlias,
    reference: &str,
) -> Option<String> {
    let mut lines = lines.to_vec();
    lines[known] = line;
    verified(source, with_ends(&lines), alias, Some(reference))
}

/// Lines as one text; a last line without an end gets one where another follows.
fn with_ends(lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(line);
    }
    text
}

/// The text, if it says what it should and all else that it said before.
fn verified(source: &Source, text: String, alias: &PluginAlias, reference: Option<&str>) -> Option<String> {
    let named = |source: &Source| -> Option<Vec<(PluginAlias, String)>> {
        Some(references(source).ok()?.into_iter().map(|one| (one.alias, one.reference)).collect())
    };
    let others = |all: Vec<(PluginAlias, String)>| all.into_iter().filter(|(one, _)| one != alias).collect::<Vec<_>>();
    let edited = Source { name: source.name.clone(), text };
    let now = named(&edited)?;
    let found = now.iter().find(|(one, _)| one == alias).map(|(_, reference)| reference.as_str());
    let before = if source.text.trim().is_empty() { Vec::new() } else { named(source)? };
    (found == reference && others(now.clone()) == others(before)).then_some(edited.text)
}

fn failed(source: &Source, reason: &'static str, remedy: String) -> EditError {
    EditError { name: source.name.clone(), reason, remedy }
}

/// A reference as a YAML scalar: plain, but where YAML would read a list.
fn scalar(reference: &str) -> String {
    if reference.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        reference.to_owned()
    } else {
        format!("{reference:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::{remove_plugin, set_plugin};
    use crate::Source;

    fn source(text: &str) -> Source {
        Source { name: "lockgate.yaml".to_owned(), text: text.to_owned() }
    }

    fn check_set(text: &str, expected: Result<&str, &str>) {
        let edited = set_plugin(&source(text), &"gate".parse().unwrap(), "registry.example/team/gate:2");
        match expected {
            Ok(expected) => assert_eq!(edited.unwrap(), expected),
            Err(reason) => {
                let error = edited.unwrap_err().to_string();
                assert!(error.contains(reason) && error.contains("gate: registry.example/team/gate:2"), "{error}");
            }
        }
    }

    #[test]
    fn a_plugin_is_added_below_the_others() {
        check_set(
            "name: a\nplugins:\n    x: registry.example/x:1 # why\n    # last\njobs: {}\n",
            Ok(
                "name: a\nplugins:\n    x: registry.example/x:1 # why\n    gate: registry.example/team/gate:2\n    # last\njobs: {}\n",
            ),
        );
    }

    #[test]
    fn the_first_plugin_stands_before_the_jobs() {
        check_set("name: a\njobs: {}", Ok("name: a\nplugins:\n  gate: registry.example/team/gate:2\njobs: {}"));
        check_set("name: a", Ok("name: a\nplugins:\n  gate: registry.example/team/gate:2\n"));
        check_set("", Ok("plugins:\n  gate: registry.example/team/gate:2\n"));
        check_set(
            "plugins: # none\njobs: {}\n",
            Ok("plugins: # none\n  gate: registry.example/team/gate:2\njobs: {}\n"),
        );
    }

    #[test]
    fn a_known_plugin_keeps_its_line_and_comment() {
        check_set(
            "plugins:\n  gate: registry.example/team/gate:1  # ours\n  x: registry.example/x:1\n",
            Ok("plugins:\n  gate: registry.example/team/gate:2  # ours\n  x: registry.example/x:1\n"),
        );
    }

    #[test]
    fn what_is_written_otherwise_is_left_to_a_person() {
        check_set("plugins: { x: registry.example/x:1 }\n", Err("stand in one line"));
        check_set("plugins:\n  gate:\n    registry.example/team/gate:1\n", Err("unusual form"));
    }

    #[test]
    fn a_plugin_is_removed_with_its_line() {
        let gate = "gate".parse().unwrap();
        let text = "plugins:\n  gate: registry.example/g:1\n  x: registry.example/x:1\njobs: {}\n";
        let without = "plugins:\n  x: registry.example/x:1\njobs: {}\n";
        assert_eq!(remove_plugin(&source(text), &gate).unwrap(), without);
        assert!(remove_plugin(&source(without), &gate).unwrap_err().to_string().contains("no such plugin"));
        assert_eq!(
            remove_plugin(&source("plugins:\n  gate: registry.example/g:1\njobs: {}\n"), &gate).unwrap(),
            "jobs: {}\n"
        );
    }
}

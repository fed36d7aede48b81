//! The `failures:` section: what each failed test wrote, then the list of their names.

use std::collections::BTreeSet;

use super::{Case, Status};

/// The names in the list that ends the section, if the lines end with one.
pub(super) fn listed(lines: &[String]) -> Option<Vec<&str>> {
    let end = lines.iter().rposition(|line| !line.is_empty())? + 1;
    let begin = lines[..end].iter().rposition(|line| !line.starts_with("    "))?;
    let is_list = matches!(lines[begin].as_str(), "failures:" | "successes:") && begin + 1 < end;
    is_list.then(|| lines[begin + 1..end].iter().map(|line| line.trim_start()).collect())
}

/// The list of failed tests outranks the lines before it, which a test's own raw output may have torn apart.
pub(super) fn settle(cases: &mut Vec<Case>, lines: &[String]) {
    if lines.get(list_begin(lines)).is_none_or(|heading| heading != "failures:") {
        return;
    }
    for name in listed(lines).unwrap_or_default() {
        if cases.iter().any(|case| case.name == name && case.status == Status::Failed) {
            continue;
        }
        match cases.iter_mut().find(|case| case.name == name) {
            Some(case) => case.status = Status::Failed,
            None => cases.push(Case {
                name: name.to_owned(),
                status: Status::Failed,
                note: None,
                bench_ns: None,
                output: None,
            }),
        }
    }
}

/// Gives each case what it wrote. A header counts only once and only for a test of this block: a test may write one itself.
pub(super) fn attach(cases: &mut [Case], lines: &[String]) {
    let list = list_begin(lines);
    let shows_green = lines.first().is_some_and(|heading| heading == "successes:");
    let mut waiting: BTreeSet<String> = cases
        .iter()
        .filter(|case| case.status == Status::Failed || shows_green)
        .map(|case| case.name.clone())
        .collect();
    let mut current: Option<(String, Vec<&str>)> = None;
    for line in &lines[..list] {
        match header(line).filter(|name| waiting.remove(*name)) {
            Some(name) => {
                give(cases, current.replace((name.to_owned(), Vec::new())));
            }
            None => {
                if let Some((_, text)) = &mut current {
                    text.push(line);
                }
            }
        }
    }
    give(cases, current);
}

fn list_begin(lines: &[String]) -> usize {
    let is_heading = |line: &String| matches!(line.as_str(), "failures:" | "successes:");
    match listed(lines) {
        Some(_) => lines.iter().rposition(is_heading).unwrap_or(lines.len()),
        None => lines.len(),
    }
}

fn header(line: &str) -> Option<&str> {
    let inner = line.strip_prefix("---- ")?.strip_suffix(" ----")?;
    inner.strip_suffix(" stdout").or_else(|| inner.strip_suffix(" stderr"))
}

/// With `--show-output` the list of the green tests follows what the last of them wrote.
fn give(cases: &mut [Case], section: Option<(String, Vec<&str>)>) {
    let Some((name, lines)) = section else { return };
    let Some(case) = cases.iter_mut().find(|case| case.name == name && case.output.is_none()) else { return };
    let text = lines.join("\n");
    let end = if case.status == Status::Passed { text.rfind("\nsuccesses:\n") } else { None };
    let text = text[..end.unwrap_or(text.len())].trim_matches('\n');
    case.output = (!text.is_empty()).then(|| text.to_owned());
}

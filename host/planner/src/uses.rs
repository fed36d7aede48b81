//! Where a pipeline uses its plugins: found in the tree, before anything is planned.

use crate::Source;
use crate::diagnostics::Report;
use crate::source::Lines;
use crate::yaml::{self, Node, Value};

/// Keys whose value names a plugin: of a step or strategy, of an environment.
const NAMING: [&str; 2] = ["uses", "target"];
/// The key of a step that is short for the shell's plugin.
const RUN: &str = "run";

/// Lines (counted from 1) on which a plugin is used under this alias.
#[must_use]
pub fn uses_of(source: &Source, alias: &str) -> Vec<u32> {
    found(source, &|key, value| NAMING.contains(&key) && value.text() == Some(alias))
}

/// Whether a step has `run:`, and so needs the shell's plugin.
#[must_use]
pub fn wants_shell(source: &Source) -> bool {
    !found(source, &|key, _| key == RUN).is_empty()
}

/// Lines of the keys below `jobs` and `environments` that fit. A file that is no YAML has none; planning it says why.
fn found(source: &Source, fits: &dyn Fn(&str, &Node) -> bool) -> Vec<u32> {
    let mut report = Report::default();
    let Some(root) = yaml::parse(&source.text, &mut report) else { return Vec::new() };
    let lines = Lines::new(&source.text);
    let mut offsets = Vec::new();
    for part in ["jobs", "environments"] {
        if let Some(entry) = root.get(part) {
            walk(&entry.value, fits, &mut offsets);
        }
    }
    offsets.sort_unstable();
    offsets.into_iter().map(|offset| lines.place(offset).0).collect()
}

/// The parser bounds how deep a tree is.
fn walk(node: &Node, fits: &dyn Fn(&str, &Node) -> bool, offsets: &mut Vec<usize>) {
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                if fits(&entry.key.value, &entry.value) {
                    offsets.push(entry.key.span.start);
                }
                walk(&entry.value, fits, offsets);
            }
        }
        Value::List(items) => items.iter().for_each(|item| walk(item, fits, offsets)),
        Value::Scalar(..) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{uses_of, wants_shell};
    use crate::Source;

    fn source(text: &str) -> Source {
        Source { name: "lockgate.yaml".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn uses_are_found_however_they_are_written() {
        let text = "plugins: { gate: registry.example/gate:1 }\njobs:\n  a:\n    steps:\n      - uses: gate\n      - { with: {}, uses: \"gate\" }\n      \
                    - uses: gate-2\n  b: { steps: [{uses: gate}] }\nenvironments: { p: { target: gate } }\n";
        assert_eq!(uses_of(&source(text), "gate"), [5, 6, 8, 9]);
        assert!(uses_of(&source("jobs: ["), "gate").is_empty());
    }

    #[test]
    fn only_a_step_with_run_needs_the_shell() {
        assert!(wants_shell(&source("jobs: { a: { steps: [{ run: make }] } }")));
        assert!(!wants_shell(&source("plugins: { run: x }\njobs: { a: { steps: [{ uses: gate }] } }")));
    }
}

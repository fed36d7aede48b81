//! A file is a room and a function is a thought: neither grows without end.

use regex::Regex;

use crate::project::{FILES, File, check, file};

/// Lines of a file before its unit tests.
const FILE_LINES_MAX: usize = 500;
/// Lines of one function.
const FUNCTION_LINES_MAX: usize = 60;
/// Nine of ten functions are at most so long.
const FUNCTION_LINES_P90_MAX: usize = 30;

#[test]
fn files_are_short() {
    let long = sources().map(|file| (file, file.without_unit_tests().lines().count()));
    let long = long.filter(|(_, lines)| *lines > FILE_LINES_MAX);
    check(
        &format!("split these files, they have more than {FILE_LINES_MAX} lines:"),
        long.map(|(file, lines)| format!("{}: {lines} lines", file.path)),
    );
}

#[test]
fn functions_are_short() {
    let long = sources().flat_map(functions).filter(|function| function.lines > FUNCTION_LINES_MAX);
    check(
        &format!("split these functions, they have more than {FUNCTION_LINES_MAX} lines:"),
        long.map(|function| format!("{} ({} lines)", function.place, function.lines)),
    );
}

#[test]
fn most_functions_are_very_short() {
    let mut lines: Vec<_> = sources().flat_map(functions).map(|function| function.lines).collect();
    lines.sort_unstable();
    let p90 = lines[lines.len() * 9 / 10];
    assert!(p90 <= FUNCTION_LINES_P90_MAX, "a tenth of all functions has {p90} lines or more");
}

#[test]
fn every_limit_is_used() {
    const LIMITS: &str = "host/model/src/limits.rs";
    let constant = Regex::new(r"pub const ([A-Z][A-Z0-9_]+):").unwrap();
    let names = constant.captures_iter(&file(LIMITS).text).map(|found| found.get(1).unwrap().as_str());
    let is_used = |name: &&str| {
        let word = Regex::new(&format!(r"\b{name}\b")).unwrap();
        FILES.iter().any(|file| file.is_rust() && file.path != LIMITS && word.is_match(&file.text))
    };
    let unused = names.filter(|name| !is_used(name));
    check("these limits are enforced nowhere:", unused.map(str::to_owned));
}

#[test]
fn the_measure_of_a_function_is_its_lines() {
    let text =
        "impl X {\n    pub(crate) const fn a() {\n        if true {\n        }\n    }\n\n    fn b();\n}\nfn c() {}\n";
    let file = File { path: "x.rs".to_owned(), text: text.to_owned() };
    let found: Vec<_> = functions(&file).map(|function| (function.place, function.lines)).collect();
    assert_eq!(found, [("x.rs:2".to_owned(), 4), ("x.rs:9".to_owned(), 1)]);
}

struct Function {
    place: String,
    lines: usize,
}

fn sources() -> impl Iterator<Item = &'static File> {
    FILES.iter().filter(|file| file.is_rust() && !file.is_test())
}

/// The formatter puts a function's last brace below its first word, which is all that is needed to measure it.
fn functions(file: &File) -> impl Iterator<Item = Function> + '_ {
    let start = Regex::new(r#"^( *)(?:pub(?:\([a-z]+\))? )?(?:(?:const|async|unsafe|extern "[^"]*") )*fn \w"#).unwrap();
    let lines: Vec<_> = file.without_unit_tests().lines().collect();
    let found: Vec<_> = (0..lines.len())
        .filter_map(|first| {
            let indent = start.captures(lines[first])?.get(1)?.as_str().len();
            Some(Function { place: format!("{}:{}", file.path, first + 1), lines: length(&lines[first..], indent)? })
        })
        .collect();
    found.into_iter()
}

/// Lines of the function that begins on the first line; none when it has no body.
fn length(lines: &[&str], indent: usize) -> Option<usize> {
    let opens = lines.iter().position(|line| line.ends_with(['{', '}', ';']))?;
    if lines[opens].ends_with(';') {
        return None;
    }
    if lines[opens].ends_with('}') {
        return Some(opens + 1);
    }
    let close = format!("{}}}", " ".repeat(indent));
    lines.iter().position(|line| *line == close).map(|last| last + 1)
}

//! Words that no file of this project holds. They are put together here from pieces, so that this file holds none.

use regex::Regex;

use crate::project::{FILES, File, check, root};

/// Written by cargo, with the names of its registry in it.
const MADE_BY_CARGO: &str = "Cargo.lock";

#[test]
fn no_file_names_a_registry() {
    // Examples use registry.example: a project of the delivery chain must not send anybody anywhere by itself.
    let hosts = [
        ["crates", "io"],
        ["docker", "io"],
        ["ghcr", "io"],
        ["gcr", "io"],
        ["quay", "io"],
        ["static.rust-lang", "org"],
        ["npmjs", "org"],
        ["npmjs", "com"],
        ["pypi", "org"],
        ["deb.debian", "org"],
        ["pkg", "dev"],
        ["amazonaws", "com"],
        ["azurecr", "io"],
    ];
    let hosts = hosts.map(|[name, end]| format!(r"{}\.{end}\b", regex::escape(name)));
    check_absent(
        "examples use `registry.example`, not the name of a registry:",
        &format!(r"\b(?:{})", hosts.join("|")),
    );
}

#[test]
fn no_file_knows_where_somebody_lives() {
    let homes = ["/home", "/Users", "/root"].map(|folder| format!("{folder}/"));
    let here = regex::escape(root().to_str().unwrap());
    check_absent("no path of one machine belongs here:", &format!(r"(?:^|[^\w.])(?:{}|{here}\b)", homes.join("|")));
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["HA", "CK"]].map(|pieces| pieces.concat());
    let calls = [["to", "do"], ["unimple", "mented"]].map(|pieces| pieces.concat());
    let pattern = format!(r"\b(?:{})\b|\b(?:{})!\s*\(", marks.join("|"), calls.join("|"));
    check_absent("finish these, or write an issue:", &pattern);
}

#[test]
fn a_test_that_is_switched_off_says_why() {
    check_absent("write `= \"reason\"` into these:", &format!(r"#\[{}\]", ["ign", "ore"].concat()));
}

fn check_absent(rule: &str, pattern: &str) {
    let pattern = Regex::new(&format!("(?m){pattern}")).unwrap();
    let ours = FILES.iter().filter(|file| file.path != MADE_BY_CARGO && file.path != "LICENSE");
    check(rule, ours.flat_map(|file| places(file, &pattern)));
}

fn places(file: &File, pattern: &Regex) -> Vec<String> {
    let found = pattern.find_iter(&file.text);
    found.map(|found| format!("{}: {}", file.place(found.start()), found.as_str().trim())).collect()
}

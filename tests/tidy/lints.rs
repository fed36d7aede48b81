//! Exceptions from the lints are few, and each says why.

use regex::Regex;

use crate::project::{FILES, check};

#[test]
fn an_exception_from_a_lint_has_a_reason() {
    let attribute = Regex::new(r"(?s)#!?\[(?:allow|expect)\(.*?\)\]").unwrap();
    let broken = FILES.iter().filter(|file| file.is_rust()).flat_map(|file| {
        let without_reason = attribute.find_iter(&file.text).filter(|found| !found.as_str().contains("reason = "));
        without_reason.map(|found| format!("{}: {}", file.place(found.start()), found.as_str()))
    });
    check("add `reason = \"...\"` to these:", broken);
}

#[test]
fn unsafe_code_says_why_it_is_sound() {
    let block = Regex::new(r"(?m)^.*\bunsafe (?:\{|fn|impl)").unwrap();
    let broken = FILES.iter().filter(|file| file.is_rust()).flat_map(|file| {
        let blocks = block.find_iter(&file.text).filter(|found| !found.as_str().trim_start().starts_with("//"));
        blocks.filter(|found| !has_safety_comment(&file.text[..found.start()])).map(|found| file.place(found.start()))
    });
    check("put a `// SAFETY:` comment above these:", broken);
}

fn has_safety_comment(before: &str) -> bool {
    let is_comment = |line: &&str| line.trim_start().starts_with("//") || line.trim_start().starts_with("#[");
    before.lines().rev().take_while(is_comment).any(|line| line.contains("SAFETY:") || line.contains("# Safety"))
}

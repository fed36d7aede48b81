//! Finds secrets in one text.

use aho_corasick::AhoCorasick;
use lockgate_sdk::Failure;
use regex::bytes::{Captures, Regex, RegexBuilder};

use crate::entropy;
use crate::placeholder;
use crate::rules::Rule;

/// Bytes that one compiled pattern may take.
const PATTERN_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Secrets that are reported of one file; a dump of tokens is as well told by its first ones.
pub const HITS_MAX: usize = 200;
/// How far from a secret the comment may stand.
const ALLOW_REACH_BYTES: usize = 4 * 1024;
/// How far a command line is looked back at.
const COMMAND_BYTES_MAX: usize = 512;
/// A comment on the line that says the finding is known to be none.
pub const ALLOW_COMMENT: &str = "lockgate:allow-secret";

/// A secret in a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit<'a> {
    /// The rule's place in the detector.
    pub rule: usize,
    /// Where the secret begins, in bytes.
    pub start: usize,
    /// The secret itself. It must never leave this crate.
    pub secret: &'a [u8],
}

/// Compiled rules.
#[derive(Debug)]
pub struct Detector {
    rules: Vec<Rule>,
    patterns: Vec<Regex>,
    keywords: AhoCorasick,
    /// The rule of each keyword.
    owners: Vec<usize>,
}

impl Detector {
    /// Compiles rules.
    ///
    /// # Errors
    /// `bad-rule`, when a pattern is none: a defect of this plugin.
    pub fn new(rules: Vec<Rule>) -> Result<Self, Failure> {
        let compile = |rule: &Rule| {
            RegexBuilder::new(rule.pattern).unicode(false).multi_line(true).size_limit(PATTERN_BYTES_MAX).build()
        };
        let patterns = rules.iter().map(compile).collect::<Result<_, _>>().map_err(|error| defect(&error))?;
        let pairs =
            || rules.iter().enumerate().flat_map(|(index, rule)| rule.keywords.iter().map(move |word| (index, *word)));
        let keywords = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(pairs().map(|(_, word)| word))
            .map_err(|error| defect(&error))?;
        Ok(Self { owners: pairs().map(|(index, _)| index).collect(), rules, patterns, keywords })
    }

    /// The rule of a hit.
    #[must_use]
    pub fn rule(&self, hit: &Hit<'_>) -> &Rule {
        &self.rules[hit.rule]
    }

    /// Secrets in order of place, without those whose line has the allowing comment. Of overlapping ones the rule that
    /// stands first counts.
    #[must_use]
    pub fn hits<'a>(&self, text: &'a [u8]) -> Vec<Hit<'a>> {
        let mut hits: Vec<Hit<'a>> = Vec::new();
        for rule in self.possible(text) {
            for captures in self.patterns[rule].captures_iter(text) {
                let Some(hit) = secret(rule, &captures).filter(|hit| self.is_secret(text, hit)) else { continue };
                if !hits.iter().any(|known| overlap(known, &hit)) && !is_allowed(text, hit.start) {
                    hits.push(hit);
                }
                if hits.len() >= HITS_MAX {
                    break;
                }
            }
        }
        hits.sort_by_key(|hit| hit.start);
        hits
    }

    /// Rules of which a keyword stands in the text, found in one pass.
    fn possible(&self, text: &[u8]) -> Vec<usize> {
        let mut is_possible = vec![false; self.rules.len()];
        for found in self.keywords.find_overlapping_iter(text) {
            is_possible[self.owners[found.pattern().as_usize()]] = true;
        }
        (0..self.rules.len()).filter(|rule| is_possible[*rule]).collect()
    }

    fn is_secret(&self, text: &[u8], hit: &Hit<'_>) -> bool {
        let rule = &self.rules[hit.rule];
        let secret = String::from_utf8_lossy(hit.secret);
        let is_random = entropy::shannon(hit.secret) >= rule.entropy_min;
        let is_plain = match rule.id {
            "assigned-secret" => placeholder::is_plain(&secret),
            "assigned-secret-unquoted" => placeholder::is_plain(&secret) || !has_letters_and_digits(hit.secret),
            "curl-user" | "curl-header" => is_filled_in(&secret) || !follows_curl(text, hit.start),
            "url-credentials" => is_filled_in(&secret),
            "vault-token" => !has_letters_and_digits(hit.secret),
            _ => placeholder::is_example(&secret),
        };
        is_random && !is_plain
    }
}

fn defect(error: &dyn std::error::Error) -> Failure {
    Failure::new("bad-rule", format!("a built-in rule cannot be compiled: {error}"))
}

fn secret<'a>(rule: usize, captures: &Captures<'a>) -> Option<Hit<'a>> {
    if captures.name("name").is_some_and(|name| placeholder::names_no_secret(&String::from_utf8_lossy(name.as_bytes())))
    {
        return None;
    }
    let found = captures.iter().flatten().last()?;
    Some(Hit { rule, start: found.start(), secret: found.as_bytes() })
}

/// Whether the word `curl` stands before it on its line: looked up here, because a pattern that spans so far is slow.
fn follows_curl(text: &[u8], start: usize) -> bool {
    let line =
        text[start.saturating_sub(COMMAND_BYTES_MAX)..start].rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    line.windows(4).any(|window| window == b"curl")
}

fn is_filled_in(text: &str) -> bool {
    placeholder::is_example(text) || placeholder::is_reference(text) || placeholder::is_word_for_secret(text)
}

fn overlap(one: &Hit<'_>, other: &Hit<'_>) -> bool {
    one.start < other.start + other.secret.len() && other.start < one.start + one.secret.len()
}

fn has_letters_and_digits(secret: &[u8]) -> bool {
    secret.iter().any(u8::is_ascii_digit) && secret.iter().any(u8::is_ascii_alphabetic)
}

/// The line is looked at in reach of the secret only: a minified file is one line of megabytes.
fn is_allowed(text: &[u8], start: usize) -> bool {
    let before = &text[start.saturating_sub(ALLOW_REACH_BYTES)..start];
    let behind = &text[start..text.len().min(start + ALLOW_REACH_BYTES)];
    let begin = start - before.iter().rev().take_while(|byte| **byte != b'\n').count();
    let end = start + behind.iter().take_while(|byte| **byte != b'\n').count();
    text[begin..end].windows(ALLOW_COMMENT.len()).any(|window| window == ALLOW_COMMENT.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;

    fn check(text: &str, expected: &[(&str, usize)]) {
        let detector = Detector::new(rules::all()).unwrap();
        let hits = detector.hits(text.as_bytes());
        let got: Vec<_> = hits.iter().map(|hit| (detector.rule(hit).id, hit.start)).collect();
        assert_eq!(got, expected, "{text}");
    }

    // The samples are cut in two, so that this file is not a finding of this very plugin.
    #[test]
    fn formats() {
        check(concat!("key = AKIA", "Z2J4QR7XK5WBNM3T"), &[("aws-access-key-id", 6)]);
        check("key = AKIAIOSFODNN7EXAMPLE", &[]);
        check(concat!("x gh", "p_16C7e42F292c6912E7710c838347Ae178B4a y"), &[("github-token", 2)]);
        check(
            concat!("-----BEGIN RSA ", "PRIVATE KEY-----\nMIIEpAIBAAKCAQEAx0\nMIIEpAIBAAKCAQEA"),
            &[("private-key", 0)],
        );
        check(concat!("-----BEGIN RSA ", "PRIVATE KEY-----\n-----END"), &[]);
        check(concat!("https://me:", "hunter22@host.example/x"), &[("url-credentials", 11)]);
        check("https://me:${PASSWORD}@host.example/x", &[]);
        check(concat!("password = \"", "k3J9-qLw2!xT\""), &[("assigned-secret", 12)]);
        check("password = \"my_password_field\"", &[]);
        check("", &[]);
    }

    #[test]
    fn an_allowing_comment_counts_for_its_line() {
        let token = concat!("gh", "p_16C7e42F292c6912E7710c838347Ae178B4a");
        check(&format!("a {token} # {ALLOW_COMMENT}\n"), &[]);
        check(&format!("# {ALLOW_COMMENT}\na {token}\n"), &[("github-token", ALLOW_COMMENT.len() + 5)]);
    }

    #[test]
    fn one_place_is_one_finding() {
        check(concat!("token = \"gh", "p_16C7e42F292c6912E7710c838347Ae178B4a\""), &[("github-token", 9)]);
    }

    #[test]
    fn a_file_of_tokens_is_told_by_its_first_ones() {
        let text: String =
            (0..HITS_MAX * 2).map(|index| format!("{}p_16C7e42F292c6912E7710c838347Ae{index:06}\n", "gh")).collect();
        assert_eq!(Detector::new(rules::all()).unwrap().hits(text.as_bytes()).len(), HITS_MAX);
    }
}

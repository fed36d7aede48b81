//! Suggestions as YAML, ready to be pasted under their steps.

use std::fmt::{self, Write as _};

use super::Suggestion;

/// Refusals that are shown; the number of the others is.
const REFUSALS_MAX: usize = 20;
/// Characters of a comment's part that somebody else has written.
const COMMENT_CHARS_MAX: usize = 200;

/// All suggestions, an empty line between them.
#[must_use]
pub fn to_yaml(suggestions: &[Suggestion]) -> String {
    suggestions.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A comment that names the step, `grants:` with every key that differs from nothing, and comments of what was refused.
impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# {}/{} (line {})", self.job, self.step, self.line)?;
        for missing in self.refused.iter().take(REFUSALS_MAX) {
            writeln!(f, "# refused: {}", comment(missing))?;
        }
        if let Some(more @ 1..) = self.refused.len().checked_sub(REFUSALS_MAX) {
            writeln!(f, "# refused: {more} more")?;
        }
        for rule in &self.kept {
            writeln!(f, "# kept, since another tool may start it: {}", comment(&rule.to_string()))?;
        }
        self.write_grants(f)
    }
}

impl Suggestion {
    fn write_grants(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grants = &self.grants;
        writeln!(f, "grants:")?;
        write_list(f, "exec", Some(&grants.exec))?;
        write_list(f, "scratch", Some(&grants.scratch))?;
        write_list(f, "http", Some(&grants.http))?;
        // Absent, these two mean the whole workspace.
        for (key, globs) in [("read", &grants.read), ("write", &grants.write)] {
            match globs {
                Some(globs) if globs.is_empty() => writeln!(f, "  {key}: []")?,
                globs => write_list(f, key, globs.as_deref())?,
            }
        }
        write_list(f, "secrets", Some(&grants.secrets))?;
        write_list(f, "expose", Some(&grants.expose))?;
        for (key, _) in
            [("clock", grants.clock), ("random", grants.random)].iter().filter(|(_, is_granted)| *is_granted)
        {
            writeln!(f, "  {key}: true")?;
        }
        Ok(())
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, key: &str, values: Option<&[impl ToString]>) -> fmt::Result {
    match values {
        None | Some([]) => Ok(()),
        Some(values) => {
            let quoted: Vec<String> = values.iter().map(|value| quoted(&value.to_string())).collect();
            writeln!(f, "  {key}: [{}]", quoted.join(", "))
        }
    }
}

/// A double-quoted scalar (YAML 1.2.2, section 7.3.1).
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            _ => push_shown(&mut quoted, letter),
        }
    }
    quoted + "\""
}

/// Words that a plugin may have chosen, on one line.
fn comment(text: &str) -> String {
    let mut shown = String::new();
    text.chars().take(COMMENT_CHARS_MAX).for_each(|letter| push_shown(&mut shown, letter));
    if text.chars().count() > COMMENT_CHARS_MAX { shown + " ..." } else { shown }
}

/// A letter, or its escape where it ends a line, is not seen, or turns the order of others.
fn push_shown(text: &mut String, letter: char) {
    let is_hidden = letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(letter, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{ffff}' | '\u{e0000}'..='\u{e007f}');
    if is_hidden {
        // Writing to a string does not fail.
        let _ = write!(text, "\\U{:08x}", u32::from(letter));
    } else {
        text.push(letter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_text_holds_reads_back() {
        for text in ["", "a: b # c", "\"\\", "a\nb\r\t\0", "\u{85}\u{2028}\u{feff}\u{202e}\u{fffe}", "ä€𝄞", "- [x"]
        {
            let read: Vec<String> = serde_saphyr::from_str(&format!("[{}]", quoted(text))).expect("YAML");
            assert_eq!(read, [text]);
        }
    }

    #[test]
    fn a_comment_stays_on_its_line() {
        let text = comment(&"x\n\u{2028}\u{1b}[31m".repeat(50));
        assert!(text.lines().count() == 1 && text.ends_with(" ...") && !text.contains('\u{1b}'), "{text}");
    }
}

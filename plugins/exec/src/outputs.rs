//! The step's outputs, as a script writes them into the file named by `$LOCKGATE_OUTPUT`: `name=value` lines, or
//! `name<<END` with the lines of the value up to one that is `END`.

use lockgate_sdk::Failure;

/// The file, relative to the workspace.
pub const FILE: &str = ".lockgate-output";
/// The file's size.
pub const BYTES_MAX: u64 = 1024 * 1024;

/// Reads the file. The last value of a name counts; names keep the order of their first mention.
///
/// # Errors
/// `bad-output`, with the line's number.
pub fn parse(text: &str) -> Result<Vec<(String, String)>, Failure> {
    let mut outputs: Vec<(String, String)> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if line.is_empty() {
            continue;
        }
        let (name, value) = match split(line) {
            Some((name, Value::Line(value))) => (name, value.to_owned()),
            Some((name, Value::Until(end))) => (name, block(&mut lines, end).ok_or_else(|| unended(index, end))?),
            None => return Err(unreadable(index, line)),
        };
        match outputs.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => outputs.push((name.to_owned(), value)),
        }
    }
    Ok(outputs)
}

enum Value<'a> {
    Line(&'a str),
    Until(&'a str),
}

/// Whichever of `=` and `<<` comes first parts name and value.
fn split(line: &str) -> Option<(&str, Value<'_>)> {
    let equals = line.find('=');
    let heredoc = line.find("<<");
    let (name, value) = match (equals, heredoc) {
        (Some(equals), heredoc) if heredoc.is_none_or(|heredoc| equals < heredoc) => {
            (&line[..equals], Value::Line(&line[equals + 1..]))
        }
        (_, Some(heredoc)) => (&line[..heredoc], Value::Until(line[heredoc + 2..].trim())),
        _ => return None,
    };
    is_name(name).then_some((name, value))
}

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    let begins = letters.next().is_some_and(|letter| letter.is_ascii_alphabetic() || letter == '_');
    begins && letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'))
}

fn block<'a>(lines: &mut impl Iterator<Item = (usize, &'a str)>, end: &str) -> Option<String> {
    let mut value = Vec::new();
    for (_, line) in lines {
        if line == end {
            return Some(value.join("\n"));
        }
        value.push(line);
    }
    None
}

fn unended(index: usize, end: &str) -> Failure {
    Failure::new(
        "bad-output",
        format!("line {} of $LOCKGATE_OUTPUT begins a value that no line `{end}` ends", index + 1),
    )
    .help("write the end marker on a line of its own, without spaces")
}

fn unreadable(index: usize, line: &str) -> Failure {
    let begin: String = line.chars().take(40).collect();
    Failure::new(
        "bad-output",
        format!("line {} of $LOCKGATE_OUTPUT is neither `name=value` nor `name<<END`: `{begin}`", index + 1),
    )
    .help("names begin with a letter and have letters, digits, `-` and `_`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&[(&str, &str)], &str>) {
        let got = parse(text).map_err(|failure| failure.message);
        let expected =
            expected.map(|pairs| pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
        match expected {
            Ok(pairs) => assert_eq!(got, Ok::<Vec<_>, String>(pairs), "{text}"),
            Err(part) => assert!(got.as_ref().is_err_and(|message| message.contains(part)), "{text}: {got:?}"),
        }
    }

    #[test]
    fn lines_and_blocks() {
        check("", Ok(&[]));
        check("a=1\n\nb=x=y\n", Ok(&[("a", "1"), ("b", "x=y")]));
        check("a=1\nb=2\na=3", Ok(&[("a", "3"), ("b", "2")]));
        check("notes<<EOF\nfirst\n\nb=2\nEOF\nc=", Ok(&[("notes", "first\n\nb=2"), ("c", "")]));
        check("a=x<<EOF", Ok(&[("a", "x<<EOF")]));
        check("crlf=1\r\nb=2\r\n", Ok(&[("crlf", "1"), ("b", "2")]));
    }

    #[test]
    fn mistakes_are_named_by_their_line() {
        check("a=1\nno separator", Err("line 2"));
        check("=1", Err("line 1"));
        check("a b=1", Err("line 1"));
        check("9=1", Err("line 1"));
        check("a<<EOF\nx\n EOF", Err("no line `EOF` ends"));
    }
}

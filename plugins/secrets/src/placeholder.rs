//! What stands where a secret could stand and is none: examples, variables, names.

/// Words of people who show where a secret would go. Compared in lower case.
const EXAMPLE_WORDS: [&str; 11] = [
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "dummy",
    "xxxxx",
    "*****",
    "....",
    "redacted",
    "#####",
];

/// Words and sequences that tell the same of a value that is only known by the name before it.
const PLAIN_WORDS: [&str; 12] = [
    "your_",
    "your-",
    "yourtoken",
    "sample",
    "insert",
    "replace",
    "abcdefgh",
    "1234567890",
    "undefined",
    "todo",
    "secret_here",
    "tokenhere",
];

/// A word of a name.
const WORD_BYTES_MAX: usize = 16;

/// What opens a value that is filled in later: shells, templates, expressions.
const REFERENCES: [&str; 10] = ["${", "$(", "{{", "<", "%(", "#{", "[[", "$env", "process.env", "os.environ"];

const NAME_PARTS: [&str; 5] = ["public", "csrf", "xsrf", "author", "authsource"];
const NAME_ENDINGS: [&str; 18] = [
    "id",
    "length",
    "len",
    "name",
    "type",
    "file",
    "path",
    "url",
    "uri",
    "size",
    "version",
    "header",
    "endpoint",
    "count",
    "expiry",
    "result",
    "storesecret",
    "label",
];

/// Whether a secret in a known format is an example: the format itself is told apart from prose already.
#[must_use]
pub fn is_example(secret: &str) -> bool {
    let lower = secret.to_ascii_lowercase();
    EXAMPLE_WORDS.iter().any(|word| lower.contains(word)) && secret.len() < 100
}

/// Whether a value that is only known by the name before it is no secret.
#[must_use]
pub fn is_plain(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let has_word = value.len() < 40 && PLAIN_WORDS.iter().any(|word| lower.contains(word));
    has_word
        || is_example(value)
        || is_reference(value)
        || is_identifier(value)
        || is_address(value)
        || is_version(value)
}

/// Words that stand for a password in documentation.
#[must_use]
pub fn is_word_for_secret(value: &str) -> bool {
    matches!(
        value.to_ascii_lowercase().as_str(),
        "password" | "passwd" | "passw" | "token" | "secret" | "apikey" | "yourpassword"
    )
}

/// Names of things about a credential that are none themselves, and of tokens that are public.
#[must_use]
pub fn names_no_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NAME_PARTS.iter().any(|part| name.contains(part))
        || NAME_ENDINGS.iter().any(|end| name.trim_end_matches('s').ends_with(end))
}

/// A value that is filled in later.
#[must_use]
pub fn is_reference(value: &str) -> bool {
    REFERENCES.iter().any(|begin| value.contains(begin)) || value.starts_with(['$', '%', '@', '&', '{'])
}

/// Names, words and paths: letters alone, or many short words with few digits. A password that is a plain word cannot be
/// told from a name.
fn is_identifier(value: &str) -> bool {
    let parts: Vec<&str> = value.split(['_', '-', '.', '/', ':', '=', ',']).collect();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let are_words = parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let are_short = parts.len() >= 3 && parts.iter().all(|part| part.len() <= WORD_BYTES_MAX);
    are_words || are_short && digits * 8 < value.len()
}

fn is_address(value: &str) -> bool {
    let has_host = value.contains('@') && value.contains('.') && !value.contains(['!', '#', '$', '%']);
    value.contains("://") || has_host || value.starts_with(['/', '.']) || is_dotted_name(value)
}

/// Host names, and members of members: `sm02915.int.host.example`, `X25519.secret_length`.
fn is_dotted_name(value: &str) -> bool {
    let is_part = |part: &str| {
        part.len() <= 24 && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    let is_last = |part: &str| part.len() >= 2 && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    value.rsplit_once('.').is_some_and(|(rest, last)| is_last(last) && rest.split('.').all(is_part))
}

/// `rc0.15.0_20231217_1420-SNAPSHOT`, `1.7.8`
fn is_version(value: &str) -> bool {
    let dotted = value.split('.').filter(|part| part.bytes().next().is_some_and(|byte| byte.is_ascii_digit())).count();
    dotted >= 2 && value.len() < 40 || value.ends_with("SNAPSHOT")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: bool) {
        assert_eq!(is_plain(value), expected, "{value}");
    }

    #[test]
    fn values_that_are_filled_in_later() {
        for value in ["${TOKEN}", "$TOKEN", "{{ .Values.token }}", "<your token>", "%(token)s", "prefix-${X}"] {
            check(value, true);
        }
    }

    #[test]
    fn names_addresses_and_versions() {
        for value in [
            "getUserToken",
            "my_secret_name",
            "https://host.example/x9",
            "a.b@host.example",
            "/run/secrets/x1",
            "rc0.15.0_2023-SNAPSHOT",
            "sm02915.int.host.example",
            "X25519.secret_length",
            "AKIAIOSFODNN7EXAMPLE",
        ] {
            check(value, true);
        }
    }

    #[test]
    fn names() {
        for name in ["credentialsId", "secret_length", "AuthSource", "csrf-token", "publicToken", "author"] {
            assert!(names_no_secret(name), "{name}");
        }
        for name in ["password", "API_KEY", "client-secret", "authToken"] {
            assert!(!names_no_secret(name), "{name}");
        }
    }

    #[test]
    fn secrets() {
        for value in
            ["6da89121079f83b2eb6acccf8219ea98", "dafa7817-e246-48f3-91a7-e87653d587b8", "h0pk1ns~21s", "P@ssw0rd1!"]
        {
            check(value, false);
        }
    }
}

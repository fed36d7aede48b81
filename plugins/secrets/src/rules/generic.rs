//! Credentials that are known by where they stand rather than by what they look like.

use lockgate_sdk::Severity::{High, Medium};

use super::{Rule, rule};

/// Words that name a credential.
const WORDS: &[&str] = &[
    "passwd",
    "password",
    "passphrase",
    "secret",
    "token",
    "api_key",
    "api-key",
    "apikey",
    "access_key",
    "access-key",
    "accesskey",
    "auth",
    "credential",
];

pub(super) const RULES: &[Rule] = &[
    rule(
        "jwt",
        "a JSON Web Token",
        High,
        &["ey"],
        3.0,
        r"\b(ey[A-Za-z0-9]{12,}\.ey[A-Za-z0-9/\\_-]{12,}\.(?:[A-Za-z0-9/\\_-]{10,}={0,2})?)",
    ),
    rule(
        "url-credentials",
        "a password in a URL",
        High,
        &["://"],
        0.0,
        r#"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/@'"<>{}$\[\]()?#]{1,64}:([^\s:/@'"<>{}$\[\]()?#]{3,128})@[A-Za-z0-9.\[-]"#,
    ),
    rule(
        "curl-user",
        "a password on curl's command line",
        High,
        &["curl"],
        2.0,
        r#"\s(?:-u|--user)[ =]{1,4}["']?(?:[^\s:'"$<\[{(]{0,64}["']?:["']?([^\s:'"$<\[(]{5,128})|([^\s:'"$<\[{(]{8,64}):["'\s])"#,
    ),
    rule(
        "curl-header",
        "a credential on curl's command line",
        High,
        &["curl"],
        2.75,
        r#"(?i)\s(?:-H|--header)[ =]{1,4}["'](?:authorization:\s{0,5}(?:(?:basic|bearer|token|api-token)\s{1,5})?|(?:x-)?(?:[a-z]+-)?(?:api-?)?(?:key|token):\s{0,5})([a-z0-9=~@.+/_-]{8,2000})["']"#,
    ),
    rule(
        "assigned-secret",
        "a credential that is written down",
        Medium,
        WORDS,
        3.0,
        r#"(?i)(?P<name>[a-z0-9_.-]{0,30}(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|auth|credential)[a-z0-9_.-]{0,20})["']?\]?\s{0,5}(?:=>|:=|==|[:=,])\s{0,5}["'`]([^"'`\s\\]{8,150})["'`]"#,
    ),
    rule(
        "assigned-secret-unquoted",
        "a credential that is written down",
        Medium,
        WORDS,
        3.5,
        r"(?i)(?P<name>[a-z0-9_.-]{0,30}(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|auth|credential)[a-z0-9_.-]{0,20})(?:\s{0,5}(?:=>|:=|=)\s{0,5}|:\s{1,5})([a-z0-9+/_=.~-]{12,150})(?:[\s,;]|$)",
    ),
];

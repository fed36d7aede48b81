//! What a plugin asks for against what its step grants.

use globset::GlobBuilder;
use lockgate_model::catalog::Ask;
use lockgate_model::grant::{Grants, HttpRule};

use super::plugins::Plugin;
use crate::diagnostics::Report;
use crate::source::Span;

/// Stands for any tool, host or secret in an ask.
const ANY: &str = "*";

/// Reports what the plugin cannot do without and is not granted. Without its tools it cannot work at all; what else is
/// missing may not matter to what it is asked to do.
pub(crate) fn check(grants: &Grants, plugin: &Plugin<'_>, place: Span, report: &mut Report) {
    let asks = plugin.entry.descriptor.asks.iter();
    for ask in asks.filter(|ask| !ask.optional && !is_granted(grants, ask)) {
        let message = format!("`{}` asks for {} and is not granted it: {}", plugin.alias, shown(ask), ask.reason);
        let finding = match ask.kind.as_str() {
            "exec" => report.error("missing-grant", place, message),
            _ => report.warning("missing-grant", place, message),
        };
        finding.help(format!("add `grants: {{ {} }}`", grant_line(ask)));
    }
}

/// Whether something of what is asked for is granted: how much of it the plugin needs, only its work can tell.
fn is_granted(grants: &Grants, ask: &Ask) -> bool {
    match ask.kind.as_str() {
        "exec" => grants.exec.iter().any(|rule| fits(tool_of(&ask.pattern), rule.tool.as_str())),
        "http" => grants.http.iter().any(|rule| is_for(&ask.pattern, rule)),
        "secret" => grants.secrets.iter().chain(&grants.expose).any(|name| fits(&ask.pattern, name)),
        "read" => grants_files(grants.read.as_deref(), &ask.pattern),
        "write" => grants_files(grants.write.as_deref(), &ask.pattern),
        "clock" => grants.clock,
        "random" => grants.random,
        _ => true,
    }
}

/// The first word: what stands behind it narrows the arguments.
fn tool_of(pattern: &str) -> &str {
    pattern.split_whitespace().next().unwrap_or_default()
}

/// Without a word about files a step reads and writes the whole workspace.
fn grants_files(granted: Option<&[String]>, pattern: &str) -> bool {
    granted.is_none_or(|globs| globs.iter().any(|glob| glob == "**" || fits(pattern, glob)))
}

/// Whether the rule is about the host of an ask: a host, `host:port`, a glob, or a whole rule, of which method and path
/// do not matter here.
fn is_for(pattern: &str, rule: &HttpRule) -> bool {
    let (host, port) = host_and_port(pattern);
    let is_covered = || rule.host.strip_prefix('*').is_some_and(|end| host.ends_with(end));
    let has_port = port.is_none_or(|port| fits(port, &rule.port.to_string()));
    has_port && (fits(host, &rule.host) || is_covered())
}

fn host_and_port(pattern: &str) -> (&str, Option<&str>) {
    let rule = pattern.rsplit(' ').next().unwrap_or_default();
    let rule = rule.split_once("://").map_or(rule, |(_, rest)| rest);
    let authority = rule.split(['/', '@']).next().unwrap_or_default();
    match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => (address, port.strip_prefix(':')),
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    }
}

/// Whether what is granted is something of what is asked for.
fn fits(pattern: &str, granted: &str) -> bool {
    let glob = || GlobBuilder::new(pattern).build().is_ok_and(|glob| glob.compile_matcher().is_match(granted));
    pattern == granted || glob()
}

fn shown(ask: &Ask) -> String {
    match ask.kind.as_str() {
        "clock" | "random" => format!("`{}`", ask.kind),
        kind => format!("`{kind}: {}`", ask.pattern),
    }
}

fn grant_line(ask: &Ask) -> String {
    let (key, example) = match ask.kind.as_str() {
        "clock" | "random" => return format!("{}: true", ask.kind),
        "secret" => ("secrets", "NAME"),
        "exec" => ("exec", "TOOL"),
        "http" => ("http", "HOST"),
        // A glob for any file is a grant as it stands.
        kind => (kind, ANY),
    };
    let value = if ask.pattern == ANY { example } else { &ask.pattern };
    let is_plain = !value.contains([' ', '*', ',', ':', '[', ']', '{', '}', '#', '&', '!', '@']);
    if is_plain { format!("{key}: [{value}]") } else { format!("{key}: ['{}']", value.replace('\'', "''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(grants: &str, (kind, pattern): (&str, &str), expected: bool) {
        let ask = Ask { kind: kind.to_owned(), pattern: pattern.to_owned(), reason: String::new(), optional: false };
        let grants: Grants = serde_saphyr::from_str(grants).expect("grants");
        assert_eq!(is_granted(&grants, &ask), expected, "{grants:?} {ask:?}");
    }

    #[test]
    fn a_tool_is_enough_whatever_its_arguments() {
        check("exec: [cargo test **]", ("exec", "cargo"), true);
        check("exec: [cargo]", ("exec", "cargo build"), true);
        check("exec: [cargo]", ("exec", "c*"), true);
        check("exec: [cargo]", ("exec", "git"), false);
        check("{}", ("exec", "*"), false);
    }

    #[test]
    fn a_request_is_asked_for_by_its_host() {
        let grants = "http: ['GET api.example:8443/v1', '*.wide.example', 'http://[::1]:80']";
        for pattern in ["api.example", "api.example:8443", "*.example", "*", "POST https://api.example:8443/v2"] {
            check(grants, ("http", pattern), true);
        }
        for pattern in ["a.wide.example", "[::1]", "http://[::1]:80/x@::1"] {
            check(grants, ("http", pattern), true);
        }
        for pattern in ["api.example:443", "other.example", "wide.example"] {
            check(grants, ("http", pattern), false);
        }
        check("{}", ("http", "*"), false);
    }

    #[test]
    fn a_secret_is_granted_as_placeholder_or_as_value() {
        check("secrets: [token]", ("secret", "token"), true);
        check("expose: [token]", ("secret", "token"), true);
        check("expose: [token]", ("secret", "key"), false);
    }

    #[test]
    fn files_are_granted_by_silence_or_by_a_glob() {
        check("{}", ("read", "src/**"), true);
        check("read: ['**']", ("read", "src/**"), true);
        check("read: ['src/**']", ("read", "src/**"), true);
        check("read: []", ("read", "src/**"), false);
        check("write: [out]", ("write", "src/**"), false);
    }

    #[test]
    fn a_remedy_is_yaml_that_reads_back() {
        for (kind, pattern, expected) in [
            ("http", "*", "http: [HOST]"),
            ("secret", "token", "secrets: [token]"),
            ("read", "src/**", "read: ['src/**']"),
            ("http", "*.example", "http: ['*.example']"),
            ("clock", "", "clock: true"),
        ] {
            let (kind, pattern) = (kind.to_owned(), pattern.to_owned());
            let line = grant_line(&Ask { kind, pattern, reason: String::new(), optional: false });
            assert_eq!(line, expected);
            assert!(serde_saphyr::from_str::<lockgate_model::Json>(&line).is_ok(), "{line}");
        }
    }
}

//! Warnings of grants that bring a secret further than its author may think.

use lockgate_model::grant::{HttpRule, Scheme};

use crate::diagnostics::Report;
use crate::source::Span;

/// Warns of each secret that a native tool sees, and of hosts that a secret should rather not be sent to.
pub(crate) fn check(expose: &[(String, Span)], has_secrets: bool, http: &[(HttpRule, Span)], report: &mut Report) {
    for (name, span) in expose {
        if report.has_error_in(*span) {
            continue;
        }
        let message = format!("native tools of this step see the value of `{name}`; the run marks it as exposed");
        report.warning("exposed-secret", *span, message).help(format!(
            "where a plugin sends the request, `secrets: [{name}]` does: it hands over a placeholder only"
        ));
    }
    if has_secrets || !expose.is_empty() {
        http.iter().for_each(|(rule, span)| check_host(rule, *span, report));
    }
}

fn check_host(rule: &HttpRule, span: Span, report: &mut Report) {
    if let Some(parent) = rule.host.strip_prefix("*.") {
        let message = format!("the step has secrets, and every name below `{parent}` may be sent them");
        report.warning("wide-host", span, message).help("name the hosts");
    }
    let is_literal = rule.host.parse::<std::net::IpAddr>().is_ok() || rule.host == "localhost";
    if rule.scheme == Scheme::Http && !is_literal {
        let message = format!("the step has secrets, and what it sends to `{}` travels in the clear", rule.host);
        report.warning("plain-http", span, message).help("leave `http://` out where the host speaks TLS");
    }
}

//! What credentials look like: one table for each family, each row a format that its issuer documents or is known by.

mod cloud;
mod code;
mod generic;
mod services;

use lockgate_sdk::Severity;

/// One kind of credential. The last capture group of `pattern` that took part is the secret; a group called `name` is what it
/// is assigned to.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its id, kebab-case.
    pub id: &'static str,
    /// What it is, as it ends the sentence "this looks like ...".
    pub what: &'static str,
    /// How bad a published one is.
    pub severity: Severity,
    /// Any of these, in any case, stands in a text that can match; without one the pattern is not tried.
    pub keywords: &'static [&'static str],
    /// Runs in linear time, and without Unicode.
    pub pattern: &'static str,
    /// Shannon entropy of the secret, in bits a letter, below which it is a placeholder.
    pub entropy_min: f64,
}

/// Every rule, the most telling first: of several that match the same text, the first is reported.
#[must_use]
pub fn all() -> Vec<Rule> {
    [cloud::RULES, code::RULES, services::RULES, generic::RULES].concat()
}

/// A row of a table.
const fn rule(
    id: &'static str,
    what: &'static str,
    severity: Severity,
    keywords: &'static [&'static str],
    entropy_min: f64,
    pattern: &'static str,
) -> Rule {
    Rule { id, what, severity, keywords, pattern, entropy_min }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_unique_and_kebab_case() {
        let rules = super::all();
        let ids: BTreeSet<_> = rules.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), rules.len());
        assert!(
            ids.iter()
                .all(|id| id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'))
        );
    }

    #[test]
    fn every_rule_has_keywords_and_a_group_for_the_secret() {
        for rule in super::all() {
            assert!(!rule.keywords.is_empty() && rule.pattern.contains('('), "{}", rule.id);
        }
    }
}

//! Which rule decides.

use lockgate_trust::{Requirement, Trusted, Untrusted};

use crate::support::{manifest, policy, reference, signed};

const NONE: &[&[u8]] = &[];

const RULES: &str = r#"
[[trust]]
prefix = "registry.example/"
keys = ["p256.pub"]

[[trust]]
prefix = "registry.example/open"
signatures = "none"

[[trust]]
prefix = "registry.example/open/team/"
keys = ["rsa.pub"]

[[trust]]
prefix = "localhost:5000/"
signatures = "none"
"#;

fn check(text: &str, wanted: &str) {
    let policy = policy(RULES).unwrap();
    let found = match policy.requirement(&reference(text)) {
        Requirement::Keys { prefix, keys, .. } => format!("{prefix} by {}", keys[0].name()),
        Requirement::Unsigned { prefix } => format!("{prefix} by nobody"),
        other => format!("{other:?}"),
    };
    assert_eq!(found, wanted, "{text}");
}

#[test]
fn the_longest_prefix_wins() {
    check("registry.example/cargo:1", "registry.example by p256.pub");
    check("registry.example/open/cargo:1", "registry.example/open by nobody");
    check("registry.example/open/team/cargo:1", "registry.example/open/team by rsa.pub");
    check("localhost:5000/x:1", "localhost:5000 by nobody");
}

#[test]
fn a_prefix_ends_where_a_name_ends() {
    check("registry.example/open:1", "registry.example/open by nobody");
    check("registry.example/opener/cargo:1", "registry.example by p256.pub");
    check("registry.example.evil.example/cargo:1", "Uncovered");
    check("localhost:5001/x:1", "Uncovered");
}

#[test]
fn without_any_rule_the_pin_is_enough() {
    let policy = policy("").unwrap();
    let reference = reference("registry.example/cargo:1");
    assert!(!policy.requirement(&reference).needs_bundles());
    assert_eq!(policy.check(&reference, &manifest(), NONE), Ok(Trusted::PinOnly));
}

#[test]
fn with_a_rule_a_reference_that_none_covers_is_refused() {
    let error =
        policy(RULES).unwrap().check(&reference("other.example/a/b:1"), &manifest(), &[signed().1]).unwrap_err();
    assert!(matches!(error, Untrusted::Uncovered { .. }), "{error}");
}

#[test]
fn what_nobody_signs_needs_no_bundles() {
    let policy = policy(RULES).unwrap();
    let reference = reference("localhost:5000/x:1");
    assert!(!policy.requirement(&reference).needs_bundles());
    let prefix = "localhost:5000".to_owned();
    assert_eq!(policy.check(&reference, &manifest(), NONE), Ok(Trusted::Unsigned { prefix }));
    assert!(policy.requirement(&"registry.example/x:1".parse().unwrap()).needs_bundles());
}

#[test]
fn the_projects_rules_go_before_the_users() {
    let one = |prefix: &str, key: &str| policy(&format!("[[trust]]\nprefix = {prefix:?}\nkeys = [{key:?}]")).unwrap();
    let name = |mine: &str, theirs: &str| {
        let both = one(mine, "p256.pub").or(one(theirs, "rsa.pub"));
        match both.requirement(&reference("registry.example/team/x:1")) {
            Requirement::Keys { keys, .. } => keys[0].name().to_owned(),
            other => format!("{other:?}"),
        }
    };
    assert_eq!(name("registry.example/team", "registry.example/team/"), "p256.pub");
    assert_eq!(name("registry.example", "registry.example/team"), "rsa.pub");
    assert_eq!(name("other.example", "registry.example"), "rsa.pub");
    assert_eq!(name("other.example", "another.example"), "Uncovered");
}

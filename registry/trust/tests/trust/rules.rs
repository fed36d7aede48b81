//! Rules that contradict themselves, or name what cannot be used.

use lockgate_trust::TrustRule;
use serde::Deserialize;

use crate::support::{chain, policy};

#[derive(Deserialize)]
struct Configuration {
    #[serde(rename = "trust")]
    _trust: Vec<TrustRule>,
}

/// A rule that cannot be used, and what its error says.
fn check(rule: &str, why: &str) {
    let error = policy(&format!("[[trust]]\nprefix = \"registry.example/team/\"\n{rule}")).unwrap_err();
    let text = chain(&error);
    assert!(
        text.starts_with("the [[trust]] rule `registry.example/team/` of ") && text.contains("lockgate.toml"),
        "{text}"
    );
    assert!(text.contains(why), "wanted `{why}`, found `{text}`");
}

#[test]
fn exactly_one_way_to_sign_is_wanted() {
    let why = "exactly one of keys, identities and signatures";
    check("", why);
    check("keys = [\"p256.pub\"]\nsignatures = \"none\"", why);
    check("keys = [\"p256.pub\"]\nidentities = []", why);
    check("keys = []", "its list of keys is empty");
    check("identities = []", "its list of identities is empty");
}

#[test]
fn what_nothing_is_checked_against_is_refused() {
    check(
        "signatures = \"none\"\nprovenance = { builder = \"https://b.example/x\", source = \"https://g.example/x\" }",
        "provenance without signatures",
    );
    check("keys = [\"p256.pub\"]\ntrusted-root = \"r.json\"", "trusted-root without identities");
    check("signatures = \"none\"\ntrusted-root = \"r.json\"", "trusted-root without identities");
}

#[test]
fn a_key_must_be_one() {
    check("keys = [\"missing.pub\"]", "missing.pub cannot be read: No such file");
    check("keys = [\"p256.key\"]", "its key p256.key cannot be used: it is not a public key in PEM");
    check("keys = [\"README.md\"]", "its key README.md cannot be used: it is not a public key in PEM");
    let not_a_key = "keys = ['''-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----''']";
    check(not_a_key, "its key inline cannot be used: its key cannot be used");
    check(&format!("keys = [{}]", "\"p256.pub\", ".repeat(33)), "has 33 entries, at most 32");
}

#[test]
fn an_identity_must_name_somebody() {
    let identity = |text: &str| format!("identities = [{{ {text} }}]");
    let why = "needs exactly one of subject and subject-regex";
    check(&identity("issuer = \"https://i.example\""), why);
    check(&identity("issuer = \"https://i.example\", subject = \"\""), why);
    check(&identity("issuer = \"https://i.example\", subject = \"a\", subject-regex = \"a\""), why);
    check(&identity("issuer = \"\", subject = \"a\""), "the issuer of an identity is empty");
    check(&identity("issuer = \"https://i.example\", subject-regex = \"(\""), "cannot be used: regex parse error");
    check(&identity("issuer = \"https://i.example\", subject-regex = \"a)|(b\""), "cannot be used: regex parse error");
    check(&identity("issuer = \"https://i.example\", subject-regex = \"(a{1000}){1000}\""), "size limit");
}

#[test]
fn a_trusted_root_must_be_one() {
    let rule = |root: &str| format!("identities = [{{ issuer = \"i\", subject = \"s\" }}]\ntrusted-root = {root:?}");
    check(&rule("missing.json"), "missing.json cannot be read: No such file");
    check(&rule("p256.pub"), "its trusted root cannot be used");
    check(&rule("p256-signature.json"), "its trusted root names no authority");
}

#[test]
fn builder_and_source_have_a_path() {
    let rule = |builder: &str, source: &str| {
        format!("keys = [\"p256.pub\"]\nprovenance = {{ builder = {builder:?}, source = {source:?} }}")
    };
    for wrong in ["", "git.example", "https://git.example", "https://git.example/", "https:///x"] {
        check(&rule("https://b.example/x", wrong), &format!("its source `{wrong}` is not a URI with a path"));
        check(&rule(wrong, "https://git.example/x"), &format!("its builder `{wrong}` is not a URI with a path"));
    }
}

#[test]
fn a_prefix_begins_a_reference() {
    for wrong in ["", "/", "registry", "Registry.Example/Path", "registry.example/../", "registry.example/a:1"] {
        let error = policy(&format!("[[trust]]\nprefix = {wrong:?}\nsignatures = \"none\"")).unwrap_err();
        assert!(chain(&error).contains("its prefix is none"), "{wrong}: {}", chain(&error));
    }
}

#[test]
fn two_rules_for_one_prefix_are_refused() {
    let rule = |prefix: &str| format!("[[trust]]\nprefix = {prefix:?}\nsignatures = \"none\"\n");
    let error = policy(&(rule("registry.example/a") + &rule("registry.example/a/"))).unwrap_err();
    assert!(chain(&error).contains("another rule has the same prefix"), "{}", chain(&error));
}

#[test]
fn a_word_that_is_not_known_is_refused() {
    for wrong in [
        "key = []",
        "signatures = \"some\"",
        "identities = [{ issuer = \"i\", subject = \"s\", subjects = \"t\" }]",
        "provenance = { builder = \"b\", source = \"s\", branch = \"x\" }",
        "provenance = { builder = \"b\" }",
    ] {
        let text = format!("[[trust]]\nprefix = \"registry.example\"\n{wrong}");
        assert!(toml::from_str::<Configuration>(&text).is_err(), "{wrong}");
    }
}

//! Refusals as people read them, to the letter.

use lockgate_model::ids::Digest;
use lockgate_trust::BUNDLES_MAX;

use crate::support::{cosign, data, policy, reference, rule, verdict};

const IMAGE: &str = "sha256:63e79918ef1e7d6298278644b6f59850ec79ca50d8d19ccbe361f03047f9d40d";
const HELLO: &str = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

/// A refusal about `manifest` with the folder of the rules left out.
fn check(rules: &str, manifest: &str, bundles: &[&str], wanted: &str) {
    let bundles: Vec<_> = bundles.iter().map(|name| cosign(name)).collect();
    let error = verdict(&rule(rules), &manifest.parse().unwrap(), &bundles).unwrap_err().to_string();
    assert_eq!(error.replace(&format!("{}/", data().display()), ""), wanted);
}

#[test]
fn no_signature() {
    check("keys = [\"p256.pub\"]", IMAGE, &[], "\
registry.example/team/cargo:0.1 is not trusted: the [[trust]] rule `registry.example/team/` of lockgate.toml is not met.
It wants a signature of sha256:63e79918ef1e7d6298278644b6f59850ec79ca50d8d19ccbe361f03047f9d40d by p256.pub (key sha256:33778de00f57).
There is no signature at all.
To go on, sign it with `lockgate plugin sign` or `cosign sign`, or change the rule if that is meant.");
}

#[test]
fn a_signature_by_another_key() {
    check("keys = [\"rsa.pub\", \"p384.pub\"]", IMAGE, &["p256-signature.json"], "\
registry.example/team/cargo:0.1 is not trusted: the [[trust]] rule `registry.example/team/` of lockgate.toml is not met.
It wants a signature of sha256:63e79918ef1e7d6298278644b6f59850ec79ca50d8d19ccbe361f03047f9d40d by one of rsa.pub (key sha256:7546344ab8dc), p384.pub (key sha256:4df60def097f).
There is 1 bundle, and it does not count:
  bundle e5443102a77a: made with another key (hint M3eN4A9XMqVvYfOBpBSpuZmukYAKiUhqSgZgA/Bhax0=)
To go on, sign it with `lockgate plugin sign` or `cosign sign`, or change the rule if that is meant.");
}

#[test]
fn several_bundles_for_several_reasons() {
    check("keys = [\"p384.pub\"]", HELLO, &["p256-signature.json", "rsa-provenance.json", "p384-provenance.json", "p256.pub"], "\
registry.example/team/cargo:0.1 is not trusted: the [[trust]] rule `registry.example/team/` of lockgate.toml is not met.
It wants a signature of sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 by p384.pub (key sha256:4df60def097f).
There are 4 bundles, and none counts:
  bundle e5443102a77a: it is about another manifest (sha256:63e79918ef1e7d6298278644b6f59850ec79ca50d8d19ccbe361f03047f9d40d)
  bundle 93baa11475bf: made with another key (hint dUY0Srjcryer/CeqjtlYuPzpRIntrWeSb6TWwMeNipw=)
  bundle f7855e83260a: by the right signer, but it is a `https://slsa.dev/provenance/v1` and not a `https://sigstore.dev/cosign/sign/v1`
  bundle d7d0beed2f83: malformed: JSON error: invalid number at line 1 column 2
To go on, sign it with `lockgate plugin sign` or `cosign sign`, or change the rule if that is meant.");
}

#[test]
fn provenance_of_another_build() {
    let rules = "keys = [\"p256.pub\"]\nprovenance = { builder = \"https://ci.example/builder\", source = \"https://git.example/team/y\" }";
    check(rules, IMAGE, &["p256-signature.json", "p256-provenance.json"], "\
registry.example/team/cargo:0.1 is not trusted: the [[trust]] rule `registry.example/team/` of lockgate.toml is not met.
It wants a provenance attestation of sha256:63e79918ef1e7d6298278644b6f59850ec79ca50d8d19ccbe361f03047f9d40d by p256.pub (key sha256:33778de00f57).
There are 2 bundles, and none counts:
  bundle e5443102a77a: by the right signer, but it is a `https://sigstore.dev/cosign/sign/v1` and not a `https://slsa.dev/provenance/v1`
  bundle 23a97e97325f: by the right signer, but its source is `git+https://git.example/team/x@refs/heads/main` and not `https://git.example/team/y`
To go on, attest it with `cosign attest --type slsaprovenance1`, or change the rule's provenance if that is meant.");
}

#[test]
fn an_identity_is_wanted() {
    check("identities = [{ issuer = \"https://issuer.example\", subject-regex = \"https://ci[.]example/.*\" }]", IMAGE, &["p256-signature.json"], "\
registry.example/team/cargo:0.1 is not trusted: the [[trust]] rule `registry.example/team/` of lockgate.toml is not met.
It wants a signature of sha256:63e79918ef1e7d6298278644b6f59850ec79ca50d8d19ccbe361f03047f9d40d by /https://ci[.]example/.*/ of https://issuer.example.
There is 1 bundle, and it does not count:
  bundle e5443102a77a: made with a key, the rule names identities
To go on, sign it with `lockgate plugin sign` or `cosign sign`, or change the rule if that is meant.");
}

#[test]
fn no_rule() {
    let rules = "[[trust]]\nprefix = \"registry.example/team/\"\nkeys = [\"p256.pub\"]\n[[trust]]\nprefix = \"localhost:5000\"\nsignatures = \"none\"";
    let none: &[&[u8]] = &[];
    let verdict = policy(rules).unwrap().check(&reference("other.example/a/b:1"), &IMAGE.parse().unwrap(), none);
    let text = verdict.unwrap_err().to_string().replace(&format!("{}/", data().display()), "");
    assert_eq!(
        text,
        "no [[trust]] rule covers other.example/a/b:1; add one to lockgate.toml with prefix = \"other.example/a/b\" and keys, identities or signatures = \"none\" (rules there are for registry.example/team/, localhost:5000/)"
    );
}

/// However many bundles there are, the text stays short.
#[test]
fn a_flood() {
    let bundles: Vec<_> = (0..1000).map(|number| format!("{number}")).collect();
    let manifest = Digest::of(b"");
    let text = verdict(&rule("keys = [\"p256.pub\"]"), &manifest, &bundles).unwrap_err().to_string();
    assert_eq!(text.lines().count(), 3 + 8 + 2 + 1, "{text}");
    assert!(
        text.contains(&format!("  and 56 more\n  and 936 over the limit of {BUNDLES_MAX}, not looked at\n")),
        "{text}"
    );
}

/// What a bundle says cannot write to a terminal.
#[test]
fn a_hostile_word() {
    let bundle = cosign("p256-signature.json").replace("M3eN", "\\u001b[2J\\u202e");
    let text = verdict(&rule("keys = [\"rsa.pub\"]"), &IMAGE.parse().unwrap(), &[bundle]).unwrap_err().to_string();
    assert!(text.contains("(hint \u{fffd}[2J\u{fffd}4A9X"), "{text}");
}

//! cosign and `lockgate` accept each other's signatures, keys and attestations.

use lockgate_tests::programs::{COSIGN, ORAS};
use serde_json::json;

use crate::world::{World, with_each_registry};

/// Neither a log nor any other service of the public: the tests reach nothing but loopback addresses.
const OFFLINE: [&str; 3] = ["--use-signing-config=false", "--tlog-upload=false", "--yes"];
const VERIFY: [&str; 2] = ["verify", "--insecure-ignore-tlog"];
const BUILDER: &str = "https://ci.example/builder";
const SOURCE: &str = "https://git.example/team/gate";

#[test]
fn a_signature_of_cosign_is_verified_here() {
    with_each_registry(&[&COSIGN], |world| {
        let digest = world.push();
        make_keys_with_cosign(world, "team");
        make_keys_with_cosign(world, "other");
        trust(world, "team.pub", "");
        world.add().expect_code(2).expect_text("team.pub").expect_text("There is no signature at all.");
        sign_with_cosign(world, "other", &digest);
        world.add().expect_code(2).expect_text("team.pub").expect_text("made with another key");
        sign_with_cosign(world, "team", &digest);
        world.expect_runs();
        world.lockgate(&["plugin", "verify"]).expect_code(0);
    });
}

#[test]
fn a_signature_made_here_is_verified_by_cosign() {
    with_each_registry(&[&COSIGN], |world| {
        world.push();
        for name in ["team", "other"] {
            world.lockgate(&["plugin", "keygen", name]).expect_code(0);
        }
        assert_ne!(verify_with_cosign(world, "team"), 0, "there is nothing to verify yet");
        world.lockgate(&["plugin", "sign", &world.reference(), "--key", "team.key"]).expect_code(0);
        assert_eq!(verify_with_cosign(world, "team"), 0);
        assert_ne!(verify_with_cosign(world, "other"), 0, "another key has signed nothing");
        trust(world, "team.pub", "");
        world.expect_runs();
    });
}

#[test]
fn keys_are_shared_both_ways() {
    with_each_registry(&[&COSIGN], |world| {
        let digest = world.push();
        make_keys_with_cosign(world, "theirs");
        world.lockgate(&["plugin", "keygen", "ours"]).expect_code(0);
        let public = world.run(&COSIGN, &["public-key", "--key", "ours.key"]);
        let expected = std::fs::read_to_string(world.project.path("ours.pub")).expect("a public key");
        assert_eq!(public.trim(), expected.trim());
        sign_with_cosign(world, "ours", &digest);
        trust(world, "ours.pub", "");
        world.add().expect_code(0);
        world.lockgate(&["plugin", "sign", &world.reference(), "--key", "theirs.key"]).expect_code(0);
        assert_eq!(verify_with_cosign(world, "theirs"), 0);
    });
}

#[test]
fn provenance_that_cosign_attested_is_checked_here() {
    with_each_registry(&[&COSIGN], |world| {
        let digest = world.push();
        make_keys_with_cosign(world, "team");
        sign_with_cosign(world, "team", &digest);
        trust(world, "team.pub", &wanted(BUILDER));
        world.add().expect_code(2).expect_text("wants a provenance attestation");
        attest_with_cosign(world, "team", &digest);
        world.expect_runs();
        trust(world, "team.pub", &wanted("https://ci.example/another"));
        world
            .lockgate(&["plugin", "verify"])
            .expect_code(1)
            .expect_text(BUILDER)
            .expect_text("https://ci.example/another");
    });
}

#[test]
fn signatures_stay_beside_what_they_sign() {
    with_each_registry(&[&COSIGN, &ORAS], |world| {
        let digest = world.push();
        world.lockgate(&["plugin", "keygen", "ours"]).expect_code(0);
        world.lockgate(&["plugin", "sign", &world.reference(), "--key", "ours.key"]).expect_code(0);
        make_keys_with_cosign(world, "theirs");
        sign_with_cosign(world, "theirs", &digest);
        let pinned = format!("{}@{digest}", world.name());
        let found = world.run(&ORAS, &["discover", "--plain-http", "--format", "json", &pinned]);
        let found: serde_json::Value = serde_json::from_str(&found).expect("JSON");
        assert_eq!(found["referrers"].as_array().map(Vec::len), Some(2), "{found}");
        assert_eq!([verify_with_cosign(world, "ours"), verify_with_cosign(world, "theirs")], [0, 0]);
    });
}

/// Writes NAME.key and NAME.pub.
pub(crate) fn make_keys_with_cosign(world: &World, name: &str) {
    world.run(&COSIGN, &["generate-key-pair", "--output-key-prefix", name]);
}

/// Signs the plugin with NAME.key.
pub(crate) fn sign_with_cosign(world: &World, name: &str, digest: &str) {
    let key = format!("{name}.key");
    let pinned = format!("{}@{digest}", world.name());
    world.run(&COSIGN, &[&["sign", "--key", &key], &OFFLINE[..], &[&pinned]].concat());
}

/// Verifies the plugin with NAME.pub; gives the exit code.
pub(crate) fn verify_with_cosign(world: &World, name: &str) -> i32 {
    let key = format!("{name}.pub");
    world.attempt(&COSIGN, &[&VERIFY[..], &["--key", &key, &world.reference()]].concat(), "").code
}

fn attest_with_cosign(world: &World, name: &str, digest: &str) {
    let predicate = json!({
        "buildDefinition": {
            "buildType": "https://ci.example/build/v1",
            "externalParameters": { "source": { "uri": format!("git+{SOURCE}@refs/heads/main") } },
        },
        "runDetails": { "builder": { "id": format!("{BUILDER}@v1") } },
    });
    world.project.write("provenance.json", &predicate.to_string());
    let key = format!("{name}.key");
    let pinned = format!("{}@{digest}", world.name());
    let what = ["attest", "--key", &key, "--type", "slsaprovenance1", "--predicate", "provenance.json"];
    world.run(&COSIGN, &[&what, &OFFLINE[..], &[&pinned]].concat());
}

/// Wants this key's signature on all that the registry has.
fn trust(world: &World, key: &str, more: &str) {
    let prefix = world.registry.address();
    let rule = format!("[[trust]]\nprefix = \"{prefix}/\"\nkeys = [\"{key}\"]\n{more}\n");
    world.project.write("lockgate.toml", &rule);
}

fn wanted(builder: &str) -> String {
    format!("provenance = {{ builder = \"{builder}\", source = \"{SOURCE}\" }}")
}

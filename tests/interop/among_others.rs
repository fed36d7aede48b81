//! The programs of others among themselves: every registry serves them, whoever `lockgate` is. What fails here is the
//! registry, and not this project's client.

use lockgate_model::ids::Digest;
use lockgate_tests::programs::{COSIGN, ORAS, SKOPEO};
use lockgate_tests::registries::Kind;

use crate::cosign::{make_keys_with_cosign, sign_with_cosign, verify_with_cosign};
use crate::logins::log_in;
use crate::oras::push_with_oras;
use crate::world::{with_each_closed_registry, with_each_registry};

#[test]
fn oras_and_skopeo_pull_what_oras_pushed() {
    with_each_registry(&[&ORAS, &SKOPEO], |world| {
        let digest = push_with_oras(world, &[]);
        world.run(&ORAS, &["pull", "--plain-http", "--output", "pulled", &world.reference()]);
        world.expect_component("pulled/plugin.wasm");
        let source = format!("docker://{}", world.reference());
        let manifest = world.run(&SKOPEO, &["inspect", "--tls-verify=false", "--raw", &source]);
        assert_eq!(Digest::of(manifest.as_bytes()).to_string(), digest);
    });
}

#[test]
fn cosign_finds_what_cosign_signed() {
    with_each_registry(&[&ORAS, &COSIGN], |world| {
        let digest = push_with_oras(world, &[]);
        make_keys_with_cosign(world, "team");
        assert_ne!(verify_with_cosign(world, "team"), 0, "there is nothing to verify yet");
        sign_with_cosign(world, "team", &digest);
        assert_eq!(verify_with_cosign(world, "team"), 0);
        let tags = world.run(&ORAS, &["repo", "tags", "--plain-http", &world.name()]);
        // A registry that knows referrers needs no tag for them.
        let expected = if world.registry.kind() == Kind::Own { 1 } else { 2 };
        assert_eq!(tags.lines().count(), expected, "{tags}");
    });
}

#[test]
fn oras_needs_its_login() {
    with_each_closed_registry(&[&ORAS], |world| {
        let reference = world.reference();
        let refused = world.attempt(&ORAS, &["manifest", "fetch", "--plain-http", &reference], "");
        refused.expect_code(1).expect_text("credential not found");
        log_in(world, &ORAS, &["login", "--plain-http"]);
        push_with_oras(world, &[]);
        world.run(&ORAS, &["manifest", "fetch", "--plain-http", &reference]);
    });
}

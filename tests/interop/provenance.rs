//! cosign accepts what a host says of the artifacts that it made, beside a file and in a registry.

use lockgate_tests::programs::COSIGN;

use crate::world::{World, component, with_each_registry};

const PIPELINE: &str = "\
name: provenance
plugins:
  cargo: registry.example/lockgate/cargo:0.1
jobs:
  build:
    steps:
      - uses: cargo
        with: { command: build, artifacts: [\"made/*.wasm\"] }
        grants: { exec: [cargo] }
";
/// Where the host keeps its public key.
const HOST_KEY: &str = ".lockgate/keys/host.pub";

/// A crate that builds, and a component beside it that the step publishes as what it made.
fn make(world: &World) {
    let project = &world.project;
    project.write("lockgate.yaml", PIPELINE);
    project.write("Cargo.toml", "[package]\nname = \"made\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    project.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"made\"\nversion = \"0.1.0\"\n");
    project.write("src/lib.rs", "//! Made.\n");
    project.write("made/.keep", "");
    std::fs::copy(component(), project.path("made/gate.wasm")).expect("copied");
    world.lockgate(&["lock"]).expect_code(0);
    world.lockgate(&["run"]).expect_code(0);
}

#[test]
fn cosign_verifies_the_provenance_of_a_file() {
    with_each_registry(&[&COSIGN], |world| {
        make(world);
        world.lockgate(&["verify", "made/gate.wasm"]).expect_code(0).expect_text("cargo");
        let folder = std::fs::read_dir(world.project.path(".lockgate/provenance")).expect("attestations");
        let bundle = folder.map(|entry| entry.expect("an entry").path()).next().expect("one attestation");
        let bundle = bundle.to_str().expect("a path").to_owned();
        let verify = ["verify-blob-attestation", "--insecure-ignore-tlog", "--type", "slsaprovenance1"];
        let verify = |file: &str| [&verify[..], &["--key", HOST_KEY, "--bundle", &bundle, file]].concat().join(" ");
        let arguments = |file: &str| verify(file).split(' ').map(str::to_owned).collect::<Vec<_>>();
        let run = |file: &str| {
            let arguments = arguments(file);
            world.attempt(&COSIGN, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), "").code
        };
        assert_eq!(run("made/gate.wasm"), 0);
        world.project.write("made/gate.wasm", "changed");
        assert_ne!(run("made/gate.wasm"), 0, "the file is another one now");
        world.lockgate(&["verify", "made/gate.wasm"]).expect_code(2).expect_text("no attestation");
    });
}

#[test]
fn what_is_pushed_carries_its_provenance_and_cosign_verifies_it() {
    with_each_registry(&[&COSIGN], |world| {
        make(world);
        let reference = world.reference();
        let pushed = world.lockgate(&["plugin", "push", "made/gate.wasm", &reference]);
        pushed.expect_code(0).expect_text("attached the provenance");
        let verify = ["verify-attestation", "--insecure-ignore-tlog", "--type", "slsaprovenance1", "--key"];
        let verified = world.attempt(&COSIGN, &[&verify[..], &[HOST_KEY, &reference]].concat(), "");
        verified.expect_code(0);
        world.lockgate(&["plugin", "keygen", "other", "--no-password"]).expect_code(0);
        let refused = world.attempt(&COSIGN, &[&verify[..], &["other.pub", &reference]].concat(), "");
        assert_ne!(refused.code, 0, "another key has said nothing");
    });
}

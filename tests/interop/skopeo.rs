//! skopeo copies what `lockgate` pushed, and what it copied is still the same plugin.

use lockgate_model::ids::Digest;
use lockgate_tests::programs::SKOPEO;

use crate::world::{World, with_each_registry};

/// The policy of this machine's user is none of the tests' business.
const COPY: [&str; 2] = ["copy", "--insecure-policy"];

#[test]
fn skopeo_pulls_what_was_pushed_here() {
    with_each_registry(&[&SKOPEO], |world| {
        let digest = world.push();
        let source = format!("docker://{}", world.reference());
        copy(world, &["--src-tls-verify=false", &source, "dir:copied"]);
        let manifest = std::fs::read(world.project.path("copied/manifest.json")).expect("a manifest");
        assert_eq!(Digest::of(&manifest).to_string(), digest);
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
        let layer = manifest["layers"][0]["digest"].as_str().expect("a layer").trim_start_matches("sha256:");
        world.expect_component(&format!("copied/{layer}"));
    });
}

#[test]
fn what_skopeo_copied_elsewhere_runs_here() {
    with_each_registry(&[&SKOPEO], |world| {
        let pushed = world.push();
        let source = format!("docker://{}", world.reference());
        let target = format!("docker://{}", world.registry.reference("other/gate:2"));
        copy(world, &["--src-tls-verify=false", "--dest-tls-verify=false", &source, &target]);
        let copied = world.registry.reference("other/gate:2");
        let pulled = world.lockgate(&["plugin", "pull", &copied, "--output", "copied.wasm"]);
        pulled.expect_code(0).expect_text(&pushed);
        world.expect_component("copied.wasm");
    });
}

#[test]
fn skopeo_writes_a_layout_that_is_a_mirror() {
    with_each_registry(&[&SKOPEO], |world| {
        world.push();
        let source = format!("docker://{}", world.reference());
        let mirror = "registry.example/mirrored/gate:1";
        copy(world, &["--src-tls-verify=false", &source, "oci:copied:mirrored/gate:1"]);
        let settings = "[[mirrors]]\nprefix = \"registry.example/mirrored/\"\nlocation = \"oci-layout:copied\"\n";
        world.project.write("lockgate.toml", settings);
        world.lockgate(&["plugin", "pull", mirror, "--output", "mirrored.wasm"]).expect_code(0);
        world.expect_component("mirrored.wasm");
    });
}

fn copy(world: &World, arguments: &[&str]) {
    world.run(&SKOPEO, &[&COPY, arguments].concat());
}

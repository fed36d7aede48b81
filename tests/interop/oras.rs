//! oras pulls what `lockgate` pushed, and `lockgate` runs what oras pushed.

use lockgate_model::ids::Digest;
use lockgate_tests::programs::ORAS;

use crate::world::{World, component, with_each_registry};

const CONFIG: &str = "config.json:application/vnd.wasm.config.v0+json";
const LAYER: &str = "plugin.wasm:application/wasm";

#[test]
fn oras_pulls_what_was_pushed_here() {
    with_each_registry(&[&ORAS], |world| {
        let digest = world.push();
        let pinned = format!("{}@{digest}", world.name());
        // It checks the digest itself before it prints a byte.
        let manifest = world.run(&ORAS, &["manifest", "fetch", "--plain-http", &pinned]);
        assert_eq!(world.run(&ORAS, &["resolve", "--plain-http", &world.reference()]).trim(), digest);
        let layer = layer_of(&manifest);
        let layer = format!("{}@{layer}", world.name());
        world.run(&ORAS, &["blob", "fetch", "--plain-http", "--output", "fetched.wasm", &layer]);
        world.expect_component("fetched.wasm");
    });
}

#[test]
fn what_oras_pushed_runs_here() {
    check_pushed(&[]);
}

#[test]
fn an_artifact_type_of_its_own_is_no_hindrance() {
    check_pushed(&["--artifact-type", "application/vnd.example.plugin.v1"]);
}

fn check_pushed(options: &[&str]) {
    with_each_registry(&[&ORAS], |world| {
        let digest = push_with_oras(world, options);
        world.lockgate(&["plugin", "inspect", &world.reference(), "--json"]).expect_code(0).expect_text(&digest);
        world.expect_pulled();
        world.expect_runs();
    });
}

/// Pushes the plugin with oras; gives the digest of its manifest.
pub(crate) fn push_with_oras(world: &World, options: &[&str]) -> String {
    let bytes = std::fs::read(component()).expect("the component");
    std::fs::write(world.project.path("plugin.wasm"), &bytes).expect("a copy");
    let layer = Digest::of(&bytes);
    let config = serde_json::json!({ "architecture": "wasm", "os": "wasip2", "layerDigests": [layer] });
    world.project.write("config.json", &config.to_string());
    let reference = world.reference();
    let push = ["push", "--plain-http", &reference, "--config", CONFIG, LAYER];
    world.run(&ORAS, &[&push, options].concat());
    world.run(&ORAS, &["resolve", "--plain-http", &reference]).trim().to_owned()
}

fn layer_of(manifest: &str) -> String {
    let manifest: serde_json::Value = serde_json::from_str(manifest).expect("a manifest");
    manifest["layers"][0]["digest"].as_str().expect("a layer").to_owned()
}

//! What a call costs beside bare wasmtime. Prints; asserts nothing about time.

mod common;

use common::{gate, world};
use lockgate_ports::{Cancel, Sandbox as _};
use serde_json::json;
use std::sync::Arc;

#[test]
fn speed() {
    let bare = lockgate_sandbox::bare::Bare::new(&common::guest("verdict"), 8).unwrap();
    let world = world();
    let call = gate(json!({}));
    let (mut a, mut b) = (Vec::new(), Vec::new());
    let plain = lockgate_sandbox::WasmSandbox::new(lockgate_sandbox::Settings {
        blobs: world.blobs.clone(),
        tools: Arc::new(common::FakeTools),
        cache: None,
        clock: common::RealClock::start(),
        compiled_folder: world.compiled_folder.clone(),
        permits: 2,
        instances_max: 8,
    })
    .unwrap();
    for _ in 0..5000 {
        let t = std::time::Instant::now();
        bare.call(&call).unwrap();
        a.push(t.elapsed());
        let invocation = world.invocation("verdict", call.clone());
        let m = Arc::new(common::Memory::default());
        let c = Cancel::default();
        let t = std::time::Instant::now();
        let r = plain.call(invocation, &c, m);
        b.push(t.elapsed());
        assert_eq!(r.outcome.name(), "answered");
    }
    a.sort();
    b.sort();
    println!("bare {:?} ours {:?} p50", a[2500], b[2500]);
}

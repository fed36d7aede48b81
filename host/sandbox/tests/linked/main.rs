//! Every host function that is linked, and how the host keeps hold of it.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "../common/mod.rs"]
mod common;
mod wit;

#[test]
fn list() {
    for probe in wit::probes() {
        let linked = common::world().sandbox.links(&probe.component);
        println!("{} | {} | {}", probe.interface, probe.function, linked.map_or_else(|e| e, |()| "LINKED".into()).replace('\n', " "));
    }
}

//! The contract as Rust types: one `bindgen!` for all kinds.
//!
//! The umbrella world imports every host interface and exports every kind. No component implements it; each kind's
//! `GuestIndices` is looked up on its own, so that a component needs to export only its own kind.

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package lockgate:host;
        world every-kind {
            import lockgate:plugin/log@0.1.0;
            import lockgate:plugin/context@0.1.0;
            import lockgate:plugin/exec@0.1.0;
            import lockgate:plugin/secrets@0.1.0;
            import lockgate:plugin/artifacts@0.1.0;
            export lockgate:plugin/about@0.1.0;
            export lockgate:plugin/build-step@0.1.0;
            export lockgate:plugin/test-reporter@0.1.0;
            export lockgate:plugin/scanner@0.1.0;
            export lockgate:plugin/quality-gate@0.1.0;
            export lockgate:plugin/deploy-strategy@0.1.0;
            export lockgate:plugin/deploy-target@0.1.0;
            export lockgate:plugin/alert-rule@0.1.0;
            export lockgate:plugin/notifier@0.1.0;
        }
    ",
    world: "lockgate:host/every-kind",
    imports: { default: trappable },
});

pub(crate) use exports::lockgate::plugin as guest;
pub(crate) use lockgate::plugin as host;

//! The contract's shared types and the host's interfaces, generated once. The export macro maps a plugin's own
//! bindings onto these, so that a `Failure` is one type everywhere.

#![allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all, clippy::pedantic, clippy::restriction)]

wit_bindgen::generate!({
    path: "../../wit",
    inline: "
        package lockgate:sdk;
        world host {
            import lockgate:plugin/types@0.1.0;
            import lockgate:plugin/log@0.1.0;
            import lockgate:plugin/context@0.1.0;
            import lockgate:plugin/exec@0.1.0;
            import lockgate:plugin/secrets@0.1.0;
            import lockgate:plugin/artifacts@0.1.0;
        }
    ",
    world: "host",
    generate_all,
    generate_unused_types: true,
    additional_derives: [PartialEq],
});

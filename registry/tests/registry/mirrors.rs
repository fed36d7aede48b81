use std::path::Path;

use lockgate_registry::mirrors::MirrorError;
use lockgate_registry::{Mirror, Mirrors};
use serde::Deserialize;

use crate::support::reference;

#[derive(Deserialize)]
struct Configuration {
    mirrors: Vec<Mirror>,
}

const CONFIGURATION: &str = r#"
[[mirrors]]
prefix = "registry.example/"
location = "oci-layout:all"

[[mirrors]]
prefix = "registry.example/lockgate/"
location = "oci-layout:/opt/lockgate"

[[mirrors]]
prefix = "registry.example/lockgate/cargo"
location = "oci-layout:cargo"
"#;

fn mirrors(text: &str) -> Result<Mirrors, MirrorError> {
    let configuration: Configuration = toml::from_str(text).unwrap();
    Mirrors::new(configuration.mirrors, Path::new("/etc/lockgate"))
}

fn check(text: &str, location: &str) {
    let mirrors = mirrors(CONFIGURATION).unwrap();
    assert_eq!(mirrors.locate(&reference(text)), [location], "{text}");
}

#[test]
fn the_longest_prefix_wins() {
    check("registry.example/other/x:1", "oci-layout:/etc/lockgate/all");
    check("registry.example/lockgate/junit:0.1", "oci-layout:/opt/lockgate");
    check("registry.example/lockgate/cargo:0.1", "oci-layout:/etc/lockgate/cargo");
    check("registry.example/lockgate/cargo/extra:0.1", "oci-layout:/etc/lockgate/cargo");
}

#[test]
fn a_prefix_ends_where_a_name_ends() {
    check("registry.example/lockgate/cargo-deny:0.1", "oci-layout:/opt/lockgate");
    check("registry.example/lockgatex/cargo:0.1", "oci-layout:/etc/lockgate/all");
    for foreign in ["registry.example.evil.example/lockgate/cargo:1", "registry.example:5000/lockgate/cargo:1"] {
        let registry = foreign.split_once('/').unwrap().0;
        check(foreign, registry);
    }
}

#[test]
fn several_locations_are_in_order_and_a_registry_takes_the_prefixs_place() {
    let text = "[[mirrors]]\nprefix = \"registry.example/\"\nlocation = [\"oci-layout:near\", \"http://mirror.example:5000/cache\"]";
    let all = mirrors(text).unwrap().locate(&reference("registry.example/team/x:1"));
    assert_eq!(all, ["oci-layout:/etc/lockgate/near", "http://mirror.example:5000/cache"]);
    assert!(matches!(
        mirrors("[[mirrors]]\nprefix = \"registry.example/\"\nlocation = []"),
        Err(MirrorError::NoLocation(_))
    ));
}

#[test]
fn two_mirrors_for_one_prefix_are_refused() {
    let twice = CONFIGURATION.replace("registry.example/lockgate/cargo\"", "registry.example/lockgate\"");
    assert_eq!(mirrors(&twice), Err(MirrorError::Duplicate("registry.example/lockgate".to_owned())));
}

#[test]
fn a_prefix_begins_a_reference() {
    for wrong in ["", "/", "registry", "Registry.Example/Path", "registry.example/../", "registry.example/a:1"] {
        let text = format!("[[mirrors]]\nprefix = {wrong:?}\nlocation = \"oci-layout:x\"");
        assert_eq!(mirrors(&text), Err(MirrorError::InvalidPrefix(wrong.to_owned())));
    }
}

#[test]
fn a_location_of_another_form_is_refused() {
    for wrong in ["/opt/lockgate", "oci-layout:", "docker:x", "ftp://registry.example", "Registry.Example/Path"] {
        let text = format!("[[mirrors]]\nprefix = \"registry.example\"\nlocation = {wrong:?}");
        let error = toml::from_str::<Configuration>(&text).err().unwrap().to_string();
        assert!(error.contains("write oci-layout:DIR"), "{error}");
    }
}

#[test]
fn a_configured_mirror_goes_before_a_built_in_one() {
    let built_in = |location: &str, prefix: &str| {
        mirrors(&format!("[[mirrors]]\nprefix = {prefix:?}\nlocation = \"oci-layout:{location}\"")).unwrap()
    };
    let both = built_in("/mine", "registry.example/lockgate").or(built_in("/theirs", "registry.example/lockgate/"));
    assert_eq!(both.locate(&reference("registry.example/lockgate/x:1")), ["oci-layout:/mine"]);
    let both = built_in("/mine", "registry.example").or(built_in("/theirs", "registry.example/lockgate/"));
    assert_eq!(both.locate(&reference("registry.example/lockgate/x:1")), ["oci-layout:/theirs"]);
}

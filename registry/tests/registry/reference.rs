use lockgate_registry::Reference;
use lockgate_registry::reference::{NAME_BYTES_MAX, REFERENCE_BYTES_MAX, TAG_BYTES_MAX};

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn check_parts(text: &str, registry: &str, repository: &str, tag: Option<&str>, has_digest: bool) {
    let reference: Reference = text.parse().unwrap();
    let parts = (reference.registry(), reference.repository(), reference.tag(), reference.digest().is_some());
    assert_eq!(parts, (registry, repository, tag, has_digest), "{text}");
    assert_eq!(reference.to_string(), text, "shown as it was read");
}

fn check_refused(text: &str, reason: &str) {
    let error = text.parse::<Reference>().expect_err(text).to_string();
    assert!(error.contains(reason), "{text:.80}: {error}");
}

#[test]
fn references_have_host_path_tag_and_digest() {
    check_parts("registry.example/cargo:0.1", "registry.example", "cargo", Some("0.1"), false);
    check_parts("registry.example:5000/a/b-c/d__e.f:v1", "registry.example:5000", "a/b-c/d__e.f", Some("v1"), false);
    check_parts("localhost/x:_", "localhost", "x", Some("_"), false);
    check_parts("build:5000/x:1", "build:5000", "x", Some("1"), false);
    check_parts("127.0.0.1:80/x:1", "127.0.0.1:80", "x", Some("1"), false);
    check_parts("[::1]:5000/x:1", "[::1]:5000", "x", Some("1"), false);
    check_parts("[2001:db8::1]/x:1", "[2001:db8::1]", "x", Some("1"), false);
    check_parts(&format!("registry.example/x@{DIGEST}"), "registry.example", "x", None, true);
    check_parts(&format!("registry.example/x:0.1@{DIGEST}"), "registry.example", "x", Some("0.1"), true);
}

#[test]
fn a_layout_knows_a_reference_by_path_and_tag() {
    let reference: Reference = "registry.example:5000/lockgate/cargo:0.1".parse().unwrap();
    assert_eq!(reference.path_and_tag().as_deref(), Some("lockgate/cargo:0.1"));
    assert_eq!(reference.name(), "registry.example:5000/lockgate/cargo");
}

#[test]
fn what_is_no_reference_is_refused_with_the_reason() {
    check_refused("", "names no registry");
    check_refused("cargo:0.1", "names no registry");
    check_refused("lockgate/cargo:0.1", "write registry.example/lockgate/");
    check_refused("registry.example/cargo", "names no version");
    check_refused("registry.example/:1", "`` in its path is not allowed");
    check_refused("registry.example//cargo:1", "`` in its path is not allowed");
    check_refused("registry.example/Cargo:1", "lower-case");
    check_refused("registry.example/a..b:1", "`a..b` in its path");
    check_refused("registry.example/a___b:1", "`a___b` in its path");
    check_refused("registry.example/a._b:1", "`a._b` in its path");
    check_refused("registry.example/-a:1", "`-a` in its path");
    check_refused("registry.example/a-:1", "`a-` in its path");
    check_refused("registry.example/a:", "is not a tag");
    check_refused("registry.example/a:.1", "is not a tag");
    check_refused("registry.example/a:1:2", "is not a tag");
    check_refused("registry.example/a b:1", "`a b` in its path");
    check_refused("registry_x.example/a:1", "is not a host name");
    check_refused("-a.example/a:1", "is not a host name");
    check_refused("a..example/a:1", "is not a host name");
    check_refused("[::g]/a:1", "is not a host name");
    check_refused("registry.example:0/a:1", "no valid port");
    check_refused("registry.example:65536/a:1", "no valid port");
    check_refused("registry.example:/a:1", "no valid port");
    check_refused("registry.example/a@sha256:12", "is not a digest");
    check_refused(&format!("registry.example/a@{DIGEST}@{DIGEST}"), "is not a digest");
}

#[test]
fn no_reference_leaves_a_folder() {
    check_refused("registry.example/../a:1", "`..` in its path");
    check_refused("registry.example/a/../../b:1", "`..` in its path");
    check_refused("registry.example/./a:1", "`.` in its path");
    check_refused("registry.example/a:../b", "is not a tag");
    check_refused("registry.example/a:b/../../c", "is not a tag");
    check_refused("../a:1", "is not a host name");
    check_refused("registry.example/a\0b:1", "in its path");
}

#[test]
fn references_are_limited_on_both_sides() {
    let tag = |bytes: usize| format!("registry.example/a:{}", "t".repeat(bytes));
    assert!(tag(TAG_BYTES_MAX).parse::<Reference>().is_ok());
    check_refused(&tag(TAG_BYTES_MAX + 1), "is not a tag");
    let name = |bytes: usize| format!("registry.example/{}:1", "p".repeat(bytes - "registry.example/".len()));
    assert!(name(NAME_BYTES_MAX).parse::<Reference>().is_ok());
    check_refused(&name(NAME_BYTES_MAX + 1), "at most 255");
    check_refused(&"a".repeat(REFERENCE_BYTES_MAX + 1), "at most 512");
}

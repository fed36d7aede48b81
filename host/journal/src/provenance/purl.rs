//! Package URLs (purl specification; its types `oci` and `generic`).

use lockgate_model::ids::Digest;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Letters that may stand in a part as they are; a `/` may in the value of a qualifier.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~');
const KEPT_IN_QUALIFIERS: &AsciiSet = &KEPT.remove(b'/');

/// A manifest in a registry: `pkg:oci/cargo@sha256%3A...?repository_url=registry.example/team/cargo&tag=0.1`.
pub(super) fn oci(reference: &str, manifest: &Digest) -> String {
    let named = reference.split_once('@').map_or(reference, |(named, _)| named);
    // A colon before the last `/` belongs to the registry's port.
    let folder_ends = named.rfind('/').map_or(0, |at| at + 1);
    let (repository, tag) = match named[folder_ends..].split_once(':') {
        Some((name, tag)) => (&named[..folder_ends + name.len()], Some(tag)),
        None => (named, None),
    };
    let name = repository[folder_ends..].to_lowercase();
    let tag = tag.map(|tag| format!("&tag={}", utf8_percent_encode(tag, KEPT_IN_QUALIFIERS))).unwrap_or_default();
    format!(
        "pkg:oci/{}@{}?repository_url={}{tag}",
        utf8_percent_encode(&name, KEPT),
        utf8_percent_encode(&manifest.to_string(), KEPT),
        utf8_percent_encode(repository, KEPT_IN_QUALIFIERS),
    )
}

/// A native tool of the machine, which no registry of packages is asked about.
pub(super) fn tool(name: &str) -> String {
    format!("pkg:generic/{}", utf8_percent_encode(name, KEPT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reference: &str, expected: &str) {
        let manifest = Digest::of(b"");
        assert_eq!(oci(reference, &manifest), expected.replace("DIGEST", &manifest.hex()), "{reference}");
    }

    #[test]
    fn a_reference_becomes_name_digest_repository_and_tag() {
        check(
            "registry.example/team/cargo:0.1",
            "pkg:oci/cargo@sha256%3ADIGEST?repository_url=registry.example/team/cargo&tag=0.1",
        );
        check("localhost:5000/cargo", "pkg:oci/cargo@sha256%3ADIGEST?repository_url=localhost%3A5000/cargo");
        check("a.example/x:1@sha256:00", "pkg:oci/x@sha256%3ADIGEST?repository_url=a.example/x&tag=1");
        check("a b&c", "pkg:oci/a%20b%26c@sha256%3ADIGEST?repository_url=a%20b%26c");
    }
}

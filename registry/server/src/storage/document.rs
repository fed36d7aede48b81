//! A manifest's text, as far as a registry must understand it (OCI image specification 1.1, "Image Manifest" and "Image
//! Index"; Docker's two forms are the same in what is read here).

use std::collections::BTreeMap;

use lockgate_model::ids::Digest;
use lockgate_registry::artifact::{INDEX_MEDIA_TYPE, MANIFEST_MEDIA_TYPE};
use serde::{Deserialize, Serialize};

const DOCKER_MANIFEST_MEDIA_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST_MEDIA_TYPE: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const SCHEMA_VERSION: u64 = 2;
/// What one manifest may name: blobs and manifests.
pub(crate) const REFERENCES_MAX: usize = 10_000;

/// What a manifest says of a blob or of another manifest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Named {
    /// Of what is named.
    pub(crate) digest: Digest,
    /// Bytes of it.
    pub(crate) size: u64,
    /// Places outside of any registry (image specification, "Content Descriptors", `urls`).
    #[serde(default)]
    urls: Vec<String>,
    #[serde(default, rename = "mediaType")]
    media_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Text {
    schema_version: u64,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Named>,
    layers: Option<Vec<Named>>,
    manifests: Option<Vec<Named>>,
    subject: Option<Named>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// A manifest or an index that was understood.
#[derive(Debug)]
pub(crate) struct Document {
    /// What it is.
    pub(crate) media_type: String,
    /// What it cannot be used without: config, layers, manifests.
    pub(crate) needs: Vec<Named>,
    /// The manifest that it is about.
    pub(crate) subject: Option<Digest>,
    artifact_type: Option<String>,
    annotations: BTreeMap<String, String>,
}

/// A manifest as an entry of the list of referrers (distribution specification, "Listing Referrers").
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Referrer {
    media_type: String,
    digest: Digest,
    size: u64,
    /// What the artifact is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) artifact_type: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

impl Document {
    /// Reads a manifest; `declared` is the media type that came with it. The error says what is wrong.
    pub(crate) fn parse(bytes: &[u8], declared: Option<&str>) -> Result<Self, String> {
        let text: Text = serde_json::from_slice(bytes).map_err(|error| format!("it cannot be read: {error}"))?;
        if text.schema_version != SCHEMA_VERSION {
            return Err(format!("its schemaVersion is {}, not {SCHEMA_VERSION}", text.schema_version));
        }
        let media_type = media_type(text.media_type.as_deref(), declared)?;
        // Config media types stand for what an artifact is where it does not say so itself (distribution specification,
        // "Listing Referrers").
        let of_config = text.config.as_ref().and_then(|config| config.media_type.clone());
        let artifact_type = text.artifact_type.clone().filter(|kind| !kind.is_empty()).or(of_config);
        let (subject, annotations) = (text.subject.as_ref().map(|subject| subject.digest), text.annotations.clone());
        Ok(Self { needs: needs(&media_type, text)?, media_type, subject, artifact_type, annotations })
    }

    /// How it is listed where its subject is asked for.
    pub(crate) fn referrer(&self, digest: Digest, size: u64) -> Referrer {
        let (media_type, artifact_type) = (self.media_type.clone(), self.artifact_type.clone());
        Referrer { media_type, digest, size, artifact_type, annotations: self.annotations.clone() }
    }
}

fn media_type(inside: Option<&str>, declared: Option<&str>) -> Result<String, String> {
    let found = match (inside, declared) {
        (Some(inside), Some(declared)) if inside != declared => {
            return Err(format!("it says that it is `{inside}`, the header Content-Type says `{declared}`"));
        }
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => return Err("neither it nor the header Content-Type says what it is".to_owned()),
    };
    match found {
        MANIFEST_MEDIA_TYPE | INDEX_MEDIA_TYPE | DOCKER_MANIFEST_MEDIA_TYPE | DOCKER_LIST_MEDIA_TYPE => {
            Ok(found.to_owned())
        }
        _ => Err(format!("`{found}` is no media type of a manifest; use {MANIFEST_MEDIA_TYPE} or {INDEX_MEDIA_TYPE}")),
    }
}

/// A document that is image and index at once is read differently by different clients, and so is refused.
fn needs(media_type: &str, text: Text) -> Result<Vec<Named>, String> {
    let is_index = matches!(media_type, INDEX_MEDIA_TYPE | DOCKER_LIST_MEDIA_TYPE);
    let needs = match (is_index, text.config, text.layers, text.manifests) {
        (false, Some(config), Some(layers), None) => std::iter::once(config).chain(layers).collect::<Vec<_>>(),
        (true, None, None, Some(manifests)) => manifests,
        (false, ..) => return Err("an image manifest has `config` and `layers`, and no `manifests`".to_owned()),
        (true, ..) => return Err("an index has `manifests`, and neither `config` nor `layers`".to_owned()),
    };
    if needs.len() > REFERENCES_MAX {
        return Err(format!("it names {} blobs or manifests, at most {REFERENCES_MAX} are taken", needs.len()));
    }
    Ok(needs.into_iter().filter(|named| named.urls.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn check(text: &str, declared: Option<&str>, expected: Result<usize, &str>) {
        let text = text.replace("EMPTY", &format!(r#"{{"mediaType":"a/b","digest":"{EMPTY}","size":2}}"#));
        let found = Document::parse(text.as_bytes(), declared).map(|document| document.needs.len());
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{text}: {found}"),
            (found, expected) => panic!("{text}: {found:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn a_manifest_is_an_image_or_an_index() {
        let image = Some(MANIFEST_MEDIA_TYPE);
        let index = Some(INDEX_MEDIA_TYPE);
        check(r#"{"schemaVersion":2,"config":EMPTY,"layers":[EMPTY]}"#, image, Ok(2));
        check(r#"{"schemaVersion":2,"config":EMPTY,"layers":[]}"#, image, Ok(1));
        check(r#"{"schemaVersion":2,"manifests":[EMPTY]}"#, index, Ok(1));
        check(r#"{"schemaVersion":2,"manifests":[]}"#, image, Err("an image manifest has"));
        check(r#"{"schemaVersion":2,"config":EMPTY,"layers":[],"manifests":[]}"#, image, Err("an image manifest has"));
        check(r#"{"schemaVersion":2,"config":EMPTY,"layers":[]}"#, index, Err("an index has"));
    }

    #[test]
    fn what_it_says_must_agree_with_what_came_with_it() {
        let text = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX_MEDIA_TYPE}","manifests":[]}}"#);
        check(&text, None, Ok(0));
        check(&text, Some(INDEX_MEDIA_TYPE), Ok(0));
        check(&text, Some(MANIFEST_MEDIA_TYPE), Err("the header Content-Type says"));
        check(r#"{"schemaVersion":2,"manifests":[]}"#, None, Err("neither it nor"));
        check(r#"{"schemaVersion":2,"manifests":[]}"#, Some("text/plain"), Err("no media type"));
        check(r#"{"schemaVersion":1,"manifests":[]}"#, Some(INDEX_MEDIA_TYPE), Err("schemaVersion"));
        check("{", Some(INDEX_MEDIA_TYPE), Err("cannot be read"));
    }

    #[test]
    fn what_lies_outside_of_registries_is_not_needed_here() {
        let text = r#"{"schemaVersion":2,"config":EMPTY,"layers":[{"digest":"DIGEST","size":1,"urls":["https://x"]}]}"#;
        check(&text.replace("DIGEST", EMPTY), Some(MANIFEST_MEDIA_TYPE), Ok(1));
    }
}

//! Specification 1.1, "Content Discovery".

use lockgate_model::ids::Digest;
use serde_json::json;

use crate::support::{IMAGE, INDEX, Served, descriptor, image};

fn tagged(tags: &[&str]) -> Served {
    let served = Served::new();
    served.client.push_blob("a/b", b"{}");
    for tag in tags {
        served.client.put_manifest("a/b", tag, IMAGE, &image(&[], "")).expect(201);
    }
    served
}

mod listing_tags {
    use super::*;

    #[test]
    fn all_tags_are_listed_in_case_insensitive_order() {
        let served = tagged(&["b", "C", "a", "1.10", "1.9", "B"]);
        let answer = served.client.get("/v2/a/b/tags/list").expect(200);
        assert_eq!(answer.json(), json!({ "name": "a/b", "tags": ["1.10", "1.9", "a", "B", "b", "C"] }));
        assert_eq!(answer.header_if("link"), None);
    }

    #[test]
    fn pages_follow_their_links_to_the_end() {
        let served = tagged(&["e", "d", "C", "b", "a"]);
        let (mut path, mut found) = ("/v2/a/b/tags/list?n=2".to_owned(), Vec::new());
        loop {
            let answer = served.client.get(&path).expect(200);
            found.push(answer.json()["tags"].clone());
            let Some(link) = answer.header_if("link") else { break };
            path = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned();
        }
        assert_eq!(json!(found), json!([["a", "b"], ["C", "d"], ["e"]]));
    }

    #[test]
    fn a_page_begins_after_last_whether_that_is_there_or_not() {
        let served = tagged(&["a", "c", "d"]);
        for (query, tags) in [("last=a", json!(["c", "d"])), ("n=1&last=b", json!(["c"])), ("last=d", json!([]))] {
            assert_eq!(served.client.get(&format!("/v2/a/b/tags/list?{query}")).expect(200).json()["tags"], tags);
        }
    }

    #[test]
    fn zero_tags_are_no_tags_and_no_link() {
        let answer = tagged(&["a"]).client.get("/v2/a/b/tags/list?n=0").expect(200);
        assert_eq!(answer.json()["tags"], json!([]));
        assert_eq!(answer.header_if("link"), None);
    }

    #[test]
    fn a_count_that_is_none_is_400() {
        for count in ["-1", "x", "1.5"] {
            tagged(&["a"]).client.get(&format!("/v2/a/b/tags/list?n={count}")).refused(400, "UNSUPPORTED");
        }
    }

    #[test]
    fn a_repository_without_tags_has_an_empty_list_and_an_unknown_one_none() {
        let served = tagged(&[]);
        assert_eq!(served.client.get("/v2/a/b/tags/list").expect(200).json()["tags"], json!([]));
        served.client.get("/v2/a/tags/list").refused(404, "NAME_UNKNOWN");
    }
}

mod listing_referrers {
    use super::*;

    /// A manifest about `subject`, pushed; gives its digest.
    fn refer(served: &Served, kind: &str, subject: &[u8], note: &str) -> Digest {
        let subject = descriptor(IMAGE, subject);
        let more = format!(r#""artifactType":"{kind}","annotations":{{"note":"{note}"}},"subject":{subject},"#);
        let text = image(&[], &more);
        let digest = Digest::of(text.as_bytes());
        served.client.put_manifest("a", &digest.to_string(), IMAGE, &text).expect(201);
        digest
    }

    fn listed(served: &Served, path: &str) -> Vec<String> {
        let manifests = served.client.get(path).expect(200).json()["manifests"].clone();
        let digests = manifests.as_array().unwrap().iter().map(|entry| entry["digest"].as_str().unwrap().to_owned());
        digests.collect()
    }

    #[test]
    fn an_unknown_digest_is_an_empty_index() {
        let served = Served::new();
        let answer = served.client.get(&format!("/v2/a/referrers/{}", Digest::of(b"nothing"))).expect(200);
        assert_eq!(answer.header("content-type"), INDEX);
        assert_eq!(answer.json(), json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [] }));
        served.client.get("/v2/a/referrers/sha256:abc").refused(400, "DIGEST_INVALID");
    }

    #[test]
    fn a_referrer_is_listed_with_its_type_and_annotations_also_when_the_subject_is_missing() {
        let served = Served::new();
        served.client.push_blob("a", b"{}");
        let digest = refer(&served, "application/x.signature", b"missing", "hello");
        let answer = served.client.get(&format!("/v2/a/referrers/{}", Digest::of(b"missing"))).expect(200);
        let entry = &answer.json()["manifests"][0];
        assert_eq!(entry["digest"], digest.to_string());
        assert_eq!(entry["mediaType"], IMAGE);
        assert_eq!(entry["artifactType"], "application/x.signature");
        assert_eq!(entry["annotations"], json!({ "note": "hello" }));
        assert!(entry["size"].as_u64().is_some_and(|size| size > 0));
        assert_eq!(answer.header_if("oci-filters-applied"), None);
    }

    #[test]
    fn the_type_of_the_config_stands_in_for_the_artifact_type() {
        let served = Served::new();
        served.client.push_blob("a", b"{}");
        let text = image(&[], &format!(r#""subject":{},"#, descriptor(IMAGE, b"subject")));
        served.client.put_manifest("a", "1", IMAGE, &text).expect(201);
        let answer = served.client.get(&format!("/v2/a/referrers/{}", Digest::of(b"subject"))).expect(200);
        assert_eq!(answer.json()["manifests"][0]["artifactType"], "application/vnd.example.config+json");
    }

    #[test]
    fn a_filter_is_applied_and_said_to_be() {
        let served = Served::new();
        served.client.push_blob("a", b"{}");
        let signature = refer(&served, "a/signature+x", b"subject", "");
        refer(&served, "a/sbom", b"subject", "");
        let path = format!("/v2/a/referrers/{}", Digest::of(b"subject"));
        assert_eq!(listed(&served, &path).len(), 2);
        let filtered = format!("{path}?artifactType=a/signature%2Bx");
        assert_eq!(listed(&served, &filtered), [signature.to_string()]);
        assert_eq!(served.client.get(&filtered).header("oci-filters-applied"), "artifactType");
        assert_eq!(listed(&served, &format!("{path}?artifactType=a/none")).len(), 0);
    }

    #[test]
    fn a_list_over_4_mib_is_cut_into_pages() {
        let served = Served::new();
        served.client.push_blob("a", b"{}");
        let mut pushed: Vec<_> = ["1", "2", "3"]
            .map(|note| refer(&served, "a/b", b"subject", &note.repeat(2 * 1024 * 1024)).to_string())
            .into();
        pushed.sort();
        let mut path = format!("/v2/a/referrers/{}?artifactType=a/b", Digest::of(b"subject"));
        let mut found = Vec::new();
        loop {
            let answer = served.client.get(&path).expect(200);
            assert!(answer.body.len() <= 4 * 1024 * 1024);
            found.extend(listed(&served, &path));
            let Some(link) = answer.header_if("link") else { break };
            path = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned();
        }
        assert_eq!(found, pushed);
    }

    #[test]
    fn a_deleted_referrer_is_listed_no_more() {
        let served = Served::new();
        served.client.push_blob("a", b"{}");
        let digest = refer(&served, "a/b", b"subject", "");
        served.client.delete(&format!("/v2/a/manifests/{digest}")).expect(202);
        assert_eq!(listed(&served, &format!("/v2/a/referrers/{}", Digest::of(b"subject"))).len(), 0);
    }
}

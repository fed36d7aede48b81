//! Specification 1.1, "Content Management".

use lockgate_model::ids::Digest;
use serde_json::json;

use crate::support::Served;

mod deleting_tags {
    use super::*;

    #[test]
    fn a_tag_goes_and_its_manifest_stays() {
        let served = Served::new();
        let digest = Digest::of(served.client.push_image("a", "1", b"layer").as_bytes());
        served.client.delete("/v2/a/manifests/1").expect(202);
        served.client.get("/v2/a/manifests/1").refused(404, "MANIFEST_UNKNOWN");
        served.client.get(&format!("/v2/a/manifests/{digest}")).expect(200);
        assert_eq!(served.client.get("/v2/a/tags/list").expect(200).json()["tags"], json!([]));
        served.client.delete("/v2/a/manifests/1").refused(404, "MANIFEST_UNKNOWN");
    }
}

mod deleting_manifests {
    use super::*;

    #[test]
    fn a_manifest_goes_with_its_tags() {
        let served = Served::new();
        let text = served.client.push_image("a", "1", b"layer");
        served.client.push_image("a", "2", b"layer");
        served.client.push_image("a", "3", b"other");
        let path = format!("/v2/a/manifests/{}", Digest::of(text.as_bytes()));
        served.client.delete(&path).expect(202);
        for path in [path.as_str(), "/v2/a/manifests/1", "/v2/a/manifests/2"] {
            served.client.get(path).refused(404, "MANIFEST_UNKNOWN");
        }
        assert_eq!(served.client.get("/v2/a/tags/list").expect(200).json()["tags"], json!(["3"]));
        served.client.delete(&path).refused(404, "MANIFEST_UNKNOWN");
    }

    #[test]
    fn a_manifest_of_an_unknown_repository_is_404() {
        let path = format!("/v2/never/manifests/{}", Digest::of(b""));
        Served::new().client.delete(&path).refused(404, "NAME_UNKNOWN");
    }
}

mod deleting_blobs {
    use super::*;

    #[test]
    fn a_blob_goes_from_one_repository_only() {
        let served = Served::new();
        let digest = served.client.push_blob("a", b"blob");
        served.client.push_blob("b", b"blob");
        served.client.delete(&format!("/v2/a/blobs/{digest}")).expect(202);
        served.client.get(&format!("/v2/a/blobs/{digest}")).refused(404, "BLOB_UNKNOWN");
        served.client.delete(&format!("/v2/a/blobs/{digest}")).refused(404, "BLOB_UNKNOWN");
        assert_eq!(served.client.get(&format!("/v2/b/blobs/{digest}")).expect(200).body, b"blob");
    }
}

mod what_is_not_supported {
    use super::*;

    #[test]
    fn other_methods_are_405_and_say_which_are_served() {
        let served = Served::new();
        let digest = Digest::of(b"");
        for (method, path, allowed) in [
            ("DELETE", "/v2/", "GET, HEAD"),
            ("PUT", "/v2/a/tags/list", "GET, HEAD"),
            ("POST", &format!("/v2/a/blobs/{digest}"), "GET, HEAD, DELETE"),
            ("PATCH", "/v2/a/manifests/1", "GET, HEAD, PUT, DELETE"),
            ("GET", "/v2/a/blobs/uploads/", "POST"),
            ("POST", &format!("/v2/a/referrers/{digest}"), "GET, HEAD"),
        ] {
            let answer = served.client.ask(method, path, &[], b"").refused(405, "UNSUPPORTED");
            assert_eq!(answer.header("allow"), allowed);
        }
    }

    #[test]
    fn other_paths_are_404() {
        let served = Served::new();
        for path in ["/v2/_catalog", "/v2/a/tags/all", "/v2/a/other/b"] {
            served.client.get(path).expect(404);
        }
        served.client.get("/").expect(404);
    }
}

//! Specification 1.1, "Pull".

use lockgate_model::ids::Digest;

use crate::support::{IMAGE, Served};

mod determining_support {
    use super::*;

    #[test]
    fn the_base_is_200() {
        let answer = Served::new().client.get("/v2/").expect(200);
        assert_eq!(answer.header("docker-distribution-api-version"), "registry/2.0");
    }
}

mod pulling_manifests {
    use super::*;

    fn check(method: &str, by_digest: bool) {
        let served = Served::new();
        let text = served.client.push_image("a/b", "1", b"layer");
        let digest = Digest::of(text.as_bytes());
        let name = if by_digest { digest.to_string() } else { "1".to_owned() };
        let answer = served.client.ask(method, &format!("/v2/a/b/manifests/{name}"), &[("Accept", IMAGE)], b"");
        let answer = answer.expect(200);
        assert_eq!(answer.header("content-type"), IMAGE);
        assert_eq!(answer.header("docker-content-digest"), digest.to_string());
        assert_eq!(answer.header("content-length"), text.len().to_string());
        assert_eq!(answer.body, if method == "GET" { text.as_bytes() } else { b"" });
    }

    #[test]
    fn by_digest_and_by_tag_the_bytes_are_what_was_pushed() {
        check("GET", true);
        check("GET", false);
    }

    #[test]
    fn checking_if_content_exists_tells_all_but_the_bytes() {
        check("HEAD", true);
        check("HEAD", false);
    }

    #[test]
    fn a_nonexistent_manifest_is_404() {
        let served = Served::new();
        served.client.push_image("a", "1", b"layer");
        let unknown = Digest::of(b"unknown");
        for name in ["2".to_owned(), unknown.to_string()] {
            served.client.get(&format!("/v2/a/manifests/{name}")).refused(404, "MANIFEST_UNKNOWN");
            served.client.head(&format!("/v2/a/manifests/{name}")).expect(404);
        }
    }

    #[test]
    fn a_nonexistent_repository_is_404() {
        Served::new().client.get("/v2/never/manifests/1").refused(404, "NAME_UNKNOWN");
    }

    #[test]
    fn a_manifest_of_another_repository_is_404() {
        let served = Served::new();
        let digest = Digest::of(served.client.push_image("secret", "1", b"layer").as_bytes());
        served.client.push_image("open", "1", b"other");
        served.client.get(&format!("/v2/open/manifests/{digest}")).refused(404, "MANIFEST_UNKNOWN");
    }
}

mod pulling_blobs {
    use super::*;

    #[test]
    fn a_blob_is_what_was_pushed() {
        let served = Served::new();
        let digest = served.client.push_blob("a", b"0123456789");
        let answer = served.client.get(&format!("/v2/a/blobs/{digest}")).expect(200);
        assert_eq!(answer.body, b"0123456789");
        assert_eq!(answer.header("content-length"), "10");
        assert_eq!(answer.header("docker-content-digest"), digest.to_string());
    }

    #[test]
    fn checking_if_content_exists_tells_the_size() {
        let served = Served::new();
        let digest = served.client.push_blob("a", b"0123456789");
        let answer = served.client.head(&format!("/v2/a/blobs/{digest}")).expect(200);
        assert_eq!(answer.header("content-length"), "10");
        assert_eq!(answer.header("docker-content-digest"), digest.to_string());
    }

    #[test]
    fn a_nonexistent_blob_is_404() {
        let served = Served::new();
        let path = format!("/v2/a/blobs/{}", Digest::of(b"nothing"));
        served.client.get(&path).refused(404, "BLOB_UNKNOWN");
        served.client.head(&path).expect(404);
    }

    #[test]
    fn a_blob_of_another_repository_is_404() {
        let served = Served::new();
        let digest = served.client.push_blob("secret", b"secret");
        served.client.push_blob("open", b"open");
        served.client.get(&format!("/v2/open/blobs/{digest}")).refused(404, "BLOB_UNKNOWN");
        served.client.head(&format!("/v2/open/blobs/{digest}")).expect(404);
    }

    #[test]
    fn a_digest_that_is_none_is_400() {
        for digest in ["sha256:abc", "md5:00", "sha512:00", "latest"] {
            Served::new().client.get(&format!("/v2/a/blobs/{digest}")).refused(400, "DIGEST_INVALID");
        }
    }

    #[test]
    fn the_colon_of_a_digest_may_be_encoded() {
        let served = Served::new();
        let digest = served.client.push_blob("a", b"blob").to_string().replace(':', "%3A");
        served.client.get(&format!("/v2/a/blobs/{digest}")).expect(200);
    }

    #[test]
    fn a_range_is_206_or_416() {
        let served = Served::new();
        let digest = served.client.push_blob("a", b"0123456789");
        let ask = |range| served.client.ask("GET", &format!("/v2/a/blobs/{digest}"), &[("Range", range)], b"");
        for (range, bytes, shown) in [
            ("bytes=0-3", "0123", "bytes 0-3/10"),
            ("bytes=4-", "456789", "bytes 4-9/10"),
            ("bytes=-2", "89", "bytes 8-9/10"),
            ("bytes=8-99", "89", "bytes 8-9/10"),
        ] {
            let answer = ask(range).expect(206);
            assert_eq!(answer.body, bytes.as_bytes(), "{range}");
            assert_eq!(answer.header("content-range"), shown);
            assert_eq!(answer.header("content-length"), bytes.len().to_string());
        }
        assert_eq!(ask("bytes=10-").refused(416, "SIZE_INVALID").header("content-range"), "bytes */10");
        assert_eq!(ask("bytes=0-1,3-4").expect(200).body, b"0123456789");
    }
}

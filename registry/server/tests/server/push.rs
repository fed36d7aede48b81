//! Specification 1.1, "Push".

use lockgate_model::ids::Digest;

use crate::support::{IMAGE, INDEX, Served, descriptor, image, index};

const TEN: &[u8] = b"0123456789";

mod pushing_a_blob_monolithically {
    use super::*;

    #[test]
    fn post_then_put_is_202_and_201() {
        let served = Served::new();
        let digest = Digest::of(TEN);
        let place = served.client.begin("a/b");
        let answer = served.client.put(&format!("{place}?digest={digest}"), TEN).expect(201);
        assert_eq!(answer.header("docker-content-digest"), digest.to_string());
        assert_eq!(served.client.get(&answer.header("location")).expect(200).body, TEN);
        served.client.get(&place).refused(404, "BLOB_UPLOAD_UNKNOWN");
    }

    #[test]
    fn a_single_post_is_201() {
        let served = Served::new();
        let digest = Digest::of(TEN);
        let answer = served.client.post(&format!("/v2/a/blobs/uploads/?digest={digest}"), TEN).expect(201);
        assert_eq!(served.client.get(&answer.header("location")).expect(200).body, TEN);
    }

    #[test]
    fn an_empty_blob_is_a_blob() {
        let served = Served::new();
        let digest = served.client.push_blob("a", b"");
        assert_eq!(served.client.get(&format!("/v2/a/blobs/{digest}")).expect(200).header("content-length"), "0");
    }

    #[test]
    fn a_wrong_digest_is_400_and_nothing_is_kept() {
        let served = Served::new();
        let wrong = Digest::of(b"something else");
        served.client.post(&format!("/v2/a/blobs/uploads/?digest={wrong}"), TEN).refused(400, "DIGEST_INVALID");
        let place = served.client.begin("a");
        served.client.put(&format!("{place}?digest={wrong}"), TEN).refused(400, "DIGEST_INVALID");
        served.client.get(&place).refused(404, "BLOB_UPLOAD_UNKNOWN");
        for digest in [wrong, Digest::of(TEN)] {
            served.client.get(&format!("/v2/a/blobs/{digest}")).refused(404, "BLOB_UNKNOWN");
        }
        assert_eq!(std::fs::read_dir(served.folder.path().join("uploads")).unwrap().count(), 0);
    }

    #[test]
    fn no_digest_or_one_of_another_algorithm_is_400() {
        let served = Served::new();
        let place = served.client.begin("a");
        served.client.put(&place, TEN).refused(400, "DIGEST_INVALID");
        let sha512 = format!("sha512:{}", "0".repeat(128));
        served.client.put(&format!("{place}?digest={sha512}"), TEN).refused(400, "DIGEST_INVALID");
        served.client.post(&format!("/v2/a/blobs/uploads/?digest={sha512}"), TEN).refused(400, "DIGEST_INVALID");
    }

    #[test]
    fn a_blob_may_be_pushed_again() {
        let served = Served::new();
        assert_eq!(served.client.push_blob("a", TEN), served.client.push_blob("a", TEN));
        assert_eq!(served.client.push_blob("b", TEN), Digest::of(TEN));
    }
}

mod pushing_a_blob_in_chunks {
    use super::*;

    #[test]
    fn chunks_in_order_are_202_and_the_last_put_is_201() {
        let served = Served::new();
        let place = served.client.begin("a");
        let first = served.client.patch(&place, "0-3", &TEN[..4]).expect(202);
        assert_eq!(first.header("range"), "0-3");
        let second = served.client.patch(&first.header("location"), "4-7", &TEN[4..8]).expect(202);
        assert_eq!(second.header("range"), "0-7");
        let last = format!("{}?digest={}", second.header("location"), Digest::of(TEN));
        let done = served.client.ask("PUT", &last, &[("Content-Range", "8-9")], &TEN[8..]).expect(201);
        assert_eq!(served.client.get(&done.header("location")).expect(200).body, TEN);
    }

    #[test]
    fn a_first_chunk_that_is_not_the_first_is_416() {
        let served = Served::new();
        let place = served.client.begin("a");
        let answer = served.client.patch(&place, "4-7", &TEN[4..8]).refused(416, "BLOB_UPLOAD_INVALID");
        assert_eq!(answer.header("location"), place);
        served.client.patch(&place, "0-3", &TEN[..4]).expect(202);
    }

    #[test]
    fn a_chunk_that_was_sent_before_is_416_and_the_state_is_204() {
        let served = Served::new();
        let place = served.client.begin("a");
        served.client.patch(&place, "0-3", &TEN[..4]).expect(202);
        let again = served.client.patch(&place, "0-3", &TEN[..4]).refused(416, "BLOB_UPLOAD_INVALID");
        assert_eq!(again.header("range"), "0-3");
        let state = served.client.get(&place).expect(204);
        assert_eq!((state.header("range"), state.header("location")), ("0-3".to_owned(), place.clone()));
        served.client.patch(&place, "4-9", &TEN[4..]).expect(202);
        served.client.put(&format!("{place}?digest={}", Digest::of(TEN)), b"").expect(201);
    }

    #[test]
    fn a_gap_is_416() {
        let served = Served::new();
        let place = served.client.begin("a");
        served.client.patch(&place, "0-3", &TEN[..4]).expect(202);
        served.client.patch(&place, "5-9", &TEN[5..]).refused(416, "BLOB_UPLOAD_INVALID");
        served.client.put(&format!("{place}?digest={}", Digest::of(&TEN[..4])), b"").expect(201);
    }

    #[test]
    fn a_range_that_cannot_be_read_is_416() {
        let served = Served::new();
        let place = served.client.begin("a");
        for range in ["bytes 0-9/10", "9-0", "x"] {
            served.client.patch(&place, range, TEN).refused(416, "BLOB_UPLOAD_INVALID");
        }
        assert_eq!(served.client.get(&place).expect(204).header("range"), "0-0");
    }

    #[test]
    fn a_range_of_another_length_than_the_chunk_is_400_and_the_chunk_is_not_kept() {
        let served = Served::new();
        let place = served.client.begin("a");
        served.client.patch(&place, "0-3", &TEN[..4]).expect(202);
        served.client.patch(&place, "4-7", &TEN[4..]).refused(400, "SIZE_INVALID");
        let unsized_body = ureq::SendBody::from_owned_reader(&TEN[4..]);
        let request = served.client.request("PATCH", &place, &[("Content-Range", "4-7")]);
        let answer = served.client.agent.run(request.body(unsized_body).unwrap()).unwrap();
        assert_eq!(answer.status().as_u16(), 400);
        assert_eq!(served.client.get(&place).expect(204).header("range"), "0-3");
    }

    #[test]
    fn a_stream_without_range_is_appended() {
        let served = Served::new();
        let place = served.client.begin("a");
        served.client.ask("PATCH", &place, &[], &TEN[..4]).expect(202);
        served.client.ask("PATCH", &place, &[], &TEN[4..]).expect(202);
        served.client.put(&format!("{place}?digest={}", Digest::of(TEN)), b"").expect(201);
    }

    #[test]
    fn an_upload_outlives_its_server() {
        let mut served = Served::new();
        let place = served.client.begin("a");
        served.client.patch(&place, "0-3", &TEN[..4]).expect(202);
        served.restart(|_| {});
        assert_eq!(served.client.get(&place).expect(204).header("range"), "0-3");
        served.client.patch(&place, "4-9", &TEN[4..]).expect(202);
        served.client.put(&format!("{place}?digest={}", Digest::of(TEN)), b"").expect(201);
    }
}

mod cancelling_an_upload {
    use super::*;

    #[test]
    fn a_cancelled_upload_is_404() {
        let served = Served::new();
        let place = served.client.begin("a");
        served.client.patch(&place, "0-9", TEN).expect(202);
        served.client.delete(&place).expect(204);
        served.client.get(&place).refused(404, "BLOB_UPLOAD_UNKNOWN");
        served.client.delete(&place).refused(404, "BLOB_UPLOAD_UNKNOWN");
        served.client.put(&format!("{place}?digest={}", Digest::of(TEN)), b"").refused(404, "BLOB_UPLOAD_UNKNOWN");
    }
}

mod mounting_a_blob_from_another_repository {
    use super::*;

    #[test]
    fn a_blob_that_is_there_is_201() {
        let served = Served::new();
        let digest = served.client.push_blob("from", TEN);
        let answer = served.client.post(&format!("/v2/to/blobs/uploads/?mount={digest}&from=from"), b"").expect(201);
        assert_eq!(answer.header("location"), format!("/v2/to/blobs/{digest}"));
        assert_eq!(served.client.get(&answer.header("location")).expect(200).body, TEN);
    }

    #[test]
    fn a_blob_that_is_not_there_begins_an_upload() {
        let served = Served::new();
        served.client.push_blob("from", TEN);
        let elsewhere = served.client.push_blob("elsewhere", b"elsewhere");
        for query in [
            format!("mount={}&from=from", Digest::of(b"nothing")),
            format!("mount={elsewhere}&from=from"),
            format!("mount={elsewhere}&from=never"),
            format!("mount={elsewhere}&from=../elsewhere"),
            format!("mount={elsewhere}"),
        ] {
            let place =
                served.client.post(&format!("/v2/to/blobs/uploads/?{query}"), b"").expect(202).header("location");
            served.client.get(&place).expect(204);
        }
        served.client.get(&format!("/v2/to/blobs/{elsewhere}")).refused(404, "BLOB_UNKNOWN");
    }
}

mod pushing_manifests {
    use super::*;

    #[test]
    fn a_manifest_is_201_and_says_where_it_is() {
        let served = Served::new();
        let text = served.client.push_image("a", "1", b"layer");
        let digest = Digest::of(text.as_bytes());
        let answer = served.client.put_manifest("a", &digest.to_string(), IMAGE, &text).expect(201);
        assert_eq!(answer.header("location"), format!("/v2/a/manifests/{digest}"));
        assert_eq!(answer.header("docker-content-digest"), digest.to_string());
        assert_eq!(answer.header_if("oci-subject"), None);
    }

    #[test]
    fn a_manifest_without_layers_is_201() {
        let served = Served::new();
        served.client.push_blob("a", b"{}");
        served.client.put_manifest("a", "1", IMAGE, &image(&[], "")).expect(201);
    }

    #[test]
    fn an_index_of_manifests_that_are_there_is_201() {
        let served = Served::new();
        let text = served.client.push_image("a", "1", b"layer");
        let answer = served.client.put_manifest("a", "all", INDEX, &index(&[&text])).expect(201);
        assert_eq!(served.client.get(&answer.header("location")).expect(200).header("content-type"), INDEX);
        served.client.put_manifest("b", "all", INDEX, &index(&[&text])).refused(404, "MANIFEST_BLOB_UNKNOWN");
    }

    #[test]
    fn a_missing_blob_is_refused_also_when_another_repository_has_it() {
        let served = Served::new();
        served.client.push_blob("a", b"{}");
        served.client.push_blob("elsewhere", b"layer");
        let text = image(&[b"layer"], "");
        served.client.put_manifest("a", "1", IMAGE, &text).refused(404, "MANIFEST_BLOB_UNKNOWN");
        served.client.get("/v2/a/manifests/1").refused(404, "MANIFEST_UNKNOWN");
    }

    #[test]
    fn a_wrong_size_or_digest_is_400() {
        let served = Served::new();
        let text = served.client.push_image("a", "1", b"layer");
        served
            .client
            .put_manifest("a", "2", IMAGE, &text.replace("\"size\":5", "\"size\":6"))
            .refused(400, "SIZE_INVALID");
        let wrong = Digest::of(b"wrong").to_string();
        served.client.put_manifest("a", &wrong, IMAGE, &text).refused(400, "DIGEST_INVALID");
        served.client.get(&format!("/v2/a/manifests/{wrong}")).refused(404, "MANIFEST_UNKNOWN");
    }

    #[test]
    fn what_is_no_manifest_is_400() {
        let served = Served::new();
        let text = served.client.push_image("a", "1", b"layer");
        for (kind, text) in [
            (IMAGE, "{"),
            (IMAGE, "{}"),
            (INDEX, text.as_str()),
            ("text/plain", r#"{"schemaVersion":2}"#),
            (IMAGE, &text.replace("sha256", "sha512")),
        ] {
            served.client.put_manifest("a", "2", kind, text).refused(400, "MANIFEST_INVALID");
        }
    }

    #[test]
    fn a_tag_is_moved() {
        let served = Served::new();
        let first = served.client.push_image("a", "latest", b"first");
        let second = served.client.push_image("a", "latest", b"second");
        assert_eq!(served.client.get("/v2/a/manifests/latest").expect(200).body, second.as_bytes());
        let first = Digest::of(first.as_bytes());
        served.client.get(&format!("/v2/a/manifests/{first}")).expect(200);
    }
}

mod pushing_manifests_with_subject {
    use super::*;

    #[test]
    fn the_subject_is_acknowledged_whether_it_is_there_or_not() {
        let served = Served::new();
        let subject = served.client.push_image("a", "1", b"layer");
        for subject in [subject.as_bytes(), b"missing"] {
            let text = image(&[], &format!(r#""subject":{},"#, descriptor(IMAGE, subject)));
            let answer = served.client.put_manifest("a", &Digest::of(text.as_bytes()).to_string(), IMAGE, &text);
            assert_eq!(answer.expect(201).header("oci-subject"), Digest::of(subject).to_string());
        }
    }
}

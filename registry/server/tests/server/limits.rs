//! Every limit, from both sides.

use lockgate_model::ids::Digest;

use crate::child::Process;
use crate::support::{HOUR_MS, IMAGE, Served, image};

#[test]
fn a_blob_at_the_limit_is_taken_and_one_above_it_is_not() {
    let served = Served::with(|settings| settings.limits.blob_bytes_max = 10);
    served.client.push_blob("a", b"0123456789");
    let path = format!("/v2/a/blobs/uploads/?digest={}", Digest::of(b"0123456789a"));
    served.client.post(&path, b"0123456789a").refused(413, "SIZE_INVALID");
    let place = served.client.begin("a");
    served.client.patch(&place, "0-9", b"0123456789").expect(202);
    served.client.patch(&place, "10-10", b"a").refused(413, "SIZE_INVALID");
}

#[test]
fn a_blob_that_does_not_say_its_size_is_bounded_too() {
    let served = Served::with(|settings| settings.limits.blob_bytes_max = 1024);
    let path = format!("/v2/a/blobs/uploads/?digest={}", Digest::of(b""));
    let endless = std::io::Read::take(std::io::repeat(7), 64 * 1024);
    let request = served.client.request("POST", &path, &[]).body(ureq::SendBody::from_owned_reader(endless)).unwrap();
    assert_eq!(served.client.agent.run(request).unwrap().status().as_u16(), 413);
    assert_eq!(uploads(&served), 0);
}

#[test]
fn a_manifest_at_4_mib_is_taken_and_one_above_it_is_not() {
    let served = Served::new();
    served.client.push_blob("a", b"{}");
    let bare = image(&[], "");
    let text = bare.clone() + &" ".repeat(4 * 1024 * 1024 - bare.len());
    served.client.put_manifest("a", "1", IMAGE, &text).expect(201);
    served.client.put_manifest("a", "2", IMAGE, &(text + " ")).refused(413, "SIZE_INVALID");
}

#[test]
fn so_many_uploads_are_open_and_rested_ones_make_room() {
    let served = Served::with(|settings| settings.limits.uploads_max = 2);
    let old = served.client.begin("a");
    served.client.begin("a");
    served.client.post("/v2/a/blobs/uploads/", b"").refused(429, "TOOMANYREQUESTS");
    served.host.shift(2 * HOUR_MS);
    served.client.get(&old).refused(404, "BLOB_UPLOAD_UNKNOWN");
    served.client.begin("a");
    served.client.patch(&old, "0-0", b"a").refused(404, "BLOB_UPLOAD_UNKNOWN");
    let events = served.host.events();
    assert!(events.iter().any(|event| event == "UploadsForgotten(2)"), "{events:?}");
}

#[test]
fn a_rested_upload_is_forgotten_when_another_begins() {
    let served = Served::new();
    served.client.begin("a");
    served.host.shift(2 * HOUR_MS);
    served.client.post("/v2/a/blobs/uploads/", b"").expect(202);
    // The new one is as young as the machine's clock says, two hours ago by the server's: it goes with the next.
    assert_eq!(uploads(&served), 1);
}

#[test]
fn a_rested_upload_is_forgotten_when_it_is_asked_for() {
    let served = Served::new();
    let place = served.client.begin("a");
    served.host.shift(2 * HOUR_MS);
    served.client.patch(&place, "0-0", b"a").refused(404, "BLOB_UPLOAD_UNKNOWN");
    assert_eq!(uploads(&served), 0);
}

#[test]
fn a_page_has_at_most_1000_tags() {
    let served = Served::new();
    served.client.push_image("a", "first", b"layer");
    let tags = served.folder.path().join("repositories/a/_tags");
    for number in 0..1_000 {
        std::fs::copy(tags.join("first"), tags.join(format!("t{number:04}"))).unwrap();
    }
    let answer = served.client.get("/v2/a/tags/list?n=5000").expect(200);
    assert_eq!(answer.json()["tags"].as_array().unwrap().len(), 1_000);
    assert!(answer.header("link").contains("last=t0998"));
}

#[test]
fn a_full_disk_is_507_and_nothing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start_with(folder.path(), Some(256 * 1024));
    let small = process.client.push_blob("a", &[1; 1024]);
    let large = vec![2; 1024 * 1024];
    let path = format!("/v2/a/blobs/uploads/?digest={}", Digest::of(&large));
    process.client.post(&path, &large).refused(507, "UNKNOWN");
    assert_eq!(folder.path().join("uploads").read_dir().unwrap().count(), 0);
    process.client.get(&format!("/v2/a/blobs/{}", Digest::of(&large))).refused(404, "BLOB_UNKNOWN");
    process.client.get(&format!("/v2/a/blobs/{small}")).expect(200);
}

fn uploads(served: &Served) -> usize {
    served.folder.path().join("uploads").read_dir().unwrap().count()
}

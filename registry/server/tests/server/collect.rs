//! Garbage: what goes, what stays, and what is pushed meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use lockgate_model::ids::Digest;
use lockgate_registry_server::{CollectError, Collection, Host as _, Report, collect_garbage};

use crate::support::{Client, HOUR_MS, IMAGE, INDEX, Served, descriptor, image, index};

const GRACE_MS: u64 = 60 * 60 * 1_000;
const PUSHERS: usize = 8;
const BLOBS: usize = 64;

fn collect(served: &Served, remove_untagged: bool) -> Report {
    let collection = Collection { remove_untagged, grace_ms: GRACE_MS, ..Collection::at(served.host.now()) };
    collect_garbage(served.folder.path(), &collection).unwrap()
}

/// A server whose clock stands back: what is pushed now is old once the clock is set right.
fn long_ago() -> Served {
    let served = Served::new();
    served.host.shift(-2 * HOUR_MS);
    served
}

fn holds(served: &Served, text: &str) -> bool {
    let path = format!("/v2/a/manifests/{}", Digest::of(text.as_bytes()));
    served.client.head(&path).status == 200
}

#[test]
fn only_old_blobs_that_nothing_needs_go() {
    let served = long_ago();
    served.client.push_image("a", "1", b"needed");
    let old = served.client.push_blob("a", b"old");
    served.host.shift(0);
    let young = served.client.push_blob("a", b"young");
    let report = collect(&served, false);
    assert_eq!((report.links, report.blobs, report.freed_bytes, report.manifests), (1, 1, 3, 0));
    served.client.get(&format!("/v2/a/blobs/{old}")).refused(404, "BLOB_UNKNOWN");
    served.client.get(&format!("/v2/a/blobs/{young}")).expect(200);
    served.client.get(&format!("/v2/a/blobs/{}", Digest::of(b"needed"))).expect(200);
    assert_eq!(collect(&served, false), Report { repositories: 1, ..Report::default() });
}

#[test]
fn content_stays_while_any_repository_needs_it() {
    let served = long_ago();
    let digest = served.client.push_blob("unneeded", b"layer");
    served.client.push_image("a", "1", b"layer");
    served.host.shift(0);
    let report = collect(&served, false);
    assert_eq!((report.links, report.blobs), (1, 0));
    assert_eq!(served.client.get(&format!("/v2/a/blobs/{digest}")).expect(200).body, b"layer");
}

#[test]
fn who_asked_for_a_blob_may_rely_on_it() {
    let served = long_ago();
    let digest = served.client.push_blob("a", b"asked for");
    served.host.shift(0);
    served.client.head(&format!("/v2/a/blobs/{digest}")).expect(200);
    assert_eq!(collect(&served, false).links, 0);
}

#[test]
fn untagged_manifests_go_only_when_asked_and_what_belongs_to_tagged_ones_stays() {
    let served = long_ago();
    let client = &served.client;
    let untag = |text: &str| {
        client.delete("/v2/a/manifests/going").expect(202);
        text.to_owned()
    };
    let child = untag(&client.push_image("a", "going", b"child"));
    client.put_manifest("a", "all", INDEX, &index(&[&child])).expect(201);
    let about = |subject: &str| {
        let text = image(&[], &format!(r#""subject":{},"#, descriptor(IMAGE, subject.as_bytes())));
        client.put_manifest("a", &Digest::of(text.as_bytes()).to_string(), IMAGE, &text).expect(201);
        text
    };
    let signature = about(&child);
    let lost = untag(&client.push_image("a", "going", b"lost"));
    let signature_of_lost = about(&lost);
    let subject = untag(&client.push_image("a", "going", b"subject"));
    let tagged = image(&[], &format!(r#""annotations":{{}},"subject":{},"#, descriptor(IMAGE, subject.as_bytes())));
    client.put_manifest("a", "about", IMAGE, &tagged).expect(201);
    served.host.shift(0);
    assert_eq!(collect(&served, false).manifests, 0);
    let report = collect(&served, true);
    assert_eq!(report.manifests, 2);
    for text in [&child, &signature, &subject, &tagged] {
        assert!(holds(&served, text), "{text}");
    }
    for text in [&lost, &signature_of_lost] {
        assert!(!holds(&served, text), "{text}");
    }
    served.client.get(&format!("/v2/a/blobs/{}", Digest::of(b"lost"))).refused(404, "BLOB_UNKNOWN");
    served.client.get(&format!("/v2/a/blobs/{}", Digest::of(b"child"))).expect(200);
}

#[test]
fn uploads_that_rested_too_long_go() {
    let served = Served::new();
    served.client.begin("a");
    let now = served.host.now();
    assert_eq!(collect_garbage(served.folder.path(), &Collection::at(now)).unwrap().uploads, 0);
    let later = Collection::at(now.plus_ms(25 * GRACE_MS));
    assert_eq!(collect_garbage(served.folder.path(), &later).unwrap().uploads, 1);
}

#[test]
fn nothing_is_collected_around_a_damaged_manifest() {
    let served = long_ago();
    let text = served.client.push_image("a", "1", b"layer");
    let hex = Digest::of(text.as_bytes()).hex();
    std::fs::remove_file(served.folder.path().join(format!("blobs/sha256/{}/{hex}", &hex[..2]))).unwrap();
    served.host.shift(0);
    let collected = collect_garbage(served.folder.path(), &Collection::at(served.host.now()));
    assert!(matches!(collected, Err(CollectError::Damaged { .. })), "{collected:?}");
    served.client.get(&format!("/v2/a/blobs/{}", Digest::of(b"layer"))).expect(200);
}

#[test]
fn a_folder_that_is_no_registry_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let collected = collect_garbage(folder.path(), &Collection::at(Served::new().host.now()));
    assert!(matches!(collected, Err(CollectError::Folder(_))), "{collected:?}");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

/// Blobs that nothing needs, old enough to go, are removed while many clients push images of the very same blobs: by
/// mounting them where they still are, by HEAD, by pushing them. In the end every image is whole.
#[test]
fn collecting_beside_pushes_takes_nothing_that_is_pushed() {
    let served = long_ago();
    let blobs: Vec<_> = (0..BLOBS).map(|number| format!("blob {number}").repeat(500).into_bytes()).collect();
    for blob in &blobs {
        served.client.push_blob("old", blob);
    }
    served.host.shift(0);
    let is_done = AtomicBool::new(false);
    let report = thread::scope(|scope| {
        let collector = scope.spawn(|| {
            let mut total = Report::default();
            while !is_done.load(Ordering::SeqCst) {
                let report = collect(&served, true);
                total.links += report.links;
                total.blobs += report.blobs;
            }
            total
        });
        let pushers: Vec<_> = (0..PUSHERS)
            .map(|number| {
                scope.spawn({
                    let (client, blobs) = (&served.client, &blobs);
                    move || push_all(client, number, blobs)
                })
            })
            .collect();
        pushers.into_iter().for_each(|pusher| pusher.join().unwrap());
        is_done.store(true, Ordering::SeqCst);
        collector.join().unwrap()
    });
    assert!(report.links > 0, "nothing was collected: {report:?}");
    for number in 0..PUSHERS {
        pull_all(&served.client, number, &blobs);
    }
    assert!(!served.host.events().iter().any(|event| event.contains("Fault")), "{:?}", served.host.events());
}

fn push_all(client: &Client, number: usize, blobs: &[Vec<u8>]) {
    let repository = format!("new/{number}");
    client.push_blob(&repository, b"{}");
    for place in 0..blobs.len() {
        let at = (place + number * BLOBS / PUSHERS) % blobs.len();
        let (blob, digest) = (&blobs[at], Digest::of(&blobs[at]));
        if client.head(&format!("/v2/{repository}/blobs/{digest}")).status != 200 {
            let mount = format!("/v2/{repository}/blobs/uploads/?mount={digest}&from=old");
            let mounted = client.post(&mount, b"");
            if mounted.status == 202 {
                client.put(&format!("{}?digest={digest}", mounted.header("location")), blob).expect(201);
            }
        }
        client.put_manifest(&repository, &format!("t{at}"), IMAGE, &image(&[blob], "")).expect(201);
    }
}

fn pull_all(client: &Client, number: usize, blobs: &[Vec<u8>]) {
    for (at, blob) in blobs.iter().enumerate() {
        client.get(&format!("/v2/new/{number}/manifests/t{at}")).expect(200);
        let answer = client.get(&format!("/v2/new/{number}/blobs/{}", Digest::of(blob))).expect(200);
        assert!(answer.body == *blob, "blob {at} of {number} is not what was pushed");
    }
}

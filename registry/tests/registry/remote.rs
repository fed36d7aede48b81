//! A registry far away that lies, breaks off, or asks for patience.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lockgate_model::ids::Digest;
use lockgate_registry::artifact::{Descriptor, INDEX_MEDIA_TYPE, MANIFEST_BYTES_MAX, Packed, pack};
use lockgate_registry::remote::RemoteError;
use lockgate_registry::{Mirrors, Registry, RegistryError};

use crate::liar::{Answer, Asked, Liar};
use crate::support::{NoLogins, chain, large_plugin, patient, plugin, reference, registry_of, registry_with};

const LAYER_BYTES: usize = 200_000;

/// A plugin as a registry keeps it.
#[derive(Clone)]
struct Kept {
    packed: Packed,
    component: Vec<u8>,
}

impl Kept {
    fn new() -> Self {
        let component = large_plugin("scanner", LAYER_BYTES);
        Self { packed: pack(&component, None, &BTreeMap::new()).unwrap(), component }
    }

    /// What an honest registry answers to `GET`.
    fn honest(&self, asked: &Asked) -> Answer {
        let manifest = self.packed.descriptor.digest;
        match asked.path.rsplit('/').next().unwrap() {
            "1" => Answer::of(self.packed.manifest.clone()).with("Docker-Content-Digest", manifest),
            digest if digest == manifest.to_string() => Answer::of(self.packed.manifest.clone()),
            digest if digest == self.packed.component.digest.to_string() => match asked.range_start() {
                Some(start) => {
                    let last = self.component.len() - 1;
                    let range = format!("bytes {start}-{last}/{}", self.component.len());
                    Answer { status: 206, ..Answer::of(&self.component[start..]) }.with("Content-Range", range)
                }
                None => Answer::of(self.component.clone()),
            },
            _ => Answer::new(404),
        }
    }

    fn is_blob(&self, asked: &Asked) -> bool {
        asked.path.ends_with(&format!("blobs/{}", self.packed.component.digest))
    }
}

/// A cache, and a registry that reaches the liar in it.
fn world() -> (tempfile::TempDir, Registry) {
    let folder = tempfile::tempdir().unwrap();
    let registry = registry_of(Mirrors::default(), folder.path());
    (folder, registry)
}

fn pull(registry: &Registry, liar: &Liar) -> Result<Vec<u8>, RegistryError> {
    let resolved = registry.resolve(&reference(&format!("{}/team/scan:1", liar.registry())))?;
    registry.fetch(&resolved)
}

/// The error of a pull from a registry that answers like this; nothing may be kept of what it sent.
fn refusal(answer: impl Fn(&Kept, &Asked) -> Answer + Send + Sync + 'static) -> (RegistryError, Liar) {
    let kept = Kept::new();
    let liar = Liar::start(move |asked| answer(&kept, asked));
    let (folder, registry) = world();
    let error = pull(&registry, &liar).expect_err("it lies");
    let component = Kept::new().packed.component.digest;
    assert!(!folder.path().join("blobs/sha256").join(component.hex()).exists(), "kept after: {error}");
    (error, liar)
}

fn remote(error: &RegistryError) -> &RemoteError {
    let RegistryError::Remote(error) = error else { panic!("{error}") };
    error
}

fn files(folder: &Path) -> usize {
    folder.read_dir().unwrap().count()
}

#[test]
fn an_honest_registry_is_pulled_from_and_asked_only_once() {
    let kept = Kept::new();
    let served = kept.clone();
    let liar = Liar::start(move |asked| served.honest(asked));
    let (_folder, registry) = world();
    assert_eq!(pull(&registry, &liar).unwrap(), kept.component);
    assert_eq!(pull(&registry, &liar).unwrap(), kept.component);
    assert_eq!((liar.count("manifests/1"), liar.count("blobs/")), (2, 1));
}

#[test]
fn another_manifest_than_the_digest_names_is_refused() {
    let kept = Kept::new();
    let other = pack(&plugin("notifier"), None, &BTreeMap::new()).unwrap();
    let wanted = kept.packed.descriptor.digest;
    let liar = Liar::start(move |_| Answer::of(other.manifest.clone()));
    let (_folder, registry) = world();
    let named = reference(&format!("{}/team/scan@{wanted}", liar.registry()));
    let error = registry.resolve(&named).unwrap_err();
    assert!(matches!(remote(&error), RemoteError::WrongDigest { .. }), "{error}");
    assert!(error.to_string().contains(&wanted.to_string()), "{error}");
}

#[test]
fn a_manifest_that_is_not_what_its_own_header_says_is_refused() {
    let (error, _) = refusal(|kept, _| {
        Answer::of(kept.packed.manifest.clone()).with("Docker-Content-Digest", Digest::of(b"something else"))
    });
    assert!(matches!(remote(&error), RemoteError::WrongDigest { .. }), "{error}");
}

#[test]
fn another_component_than_the_manifest_names_is_refused() {
    let (error, liar) = refusal(|kept, asked| {
        let mut bytes = kept.component.clone();
        bytes[LAYER_BYTES / 2] ^= 1;
        if kept.is_blob(asked) { Answer::of(bytes) } else { kept.honest(asked) }
    });
    assert!(matches!(error, RegistryError::WrongBlob { .. }), "{error}");
    assert!(error.to_string().contains("nothing of them was kept"), "{error}");
    assert_eq!(liar.count("blobs/"), 1);
}

#[test]
fn a_body_that_is_announced_short_or_long_is_refused() {
    for bytes in [LAYER_BYTES / 2, LAYER_BYTES * 2] {
        let (error, _) = refusal(
            move |kept, asked| {
                if kept.is_blob(asked) { Answer::of(vec![1; bytes]) } else { kept.honest(asked) }
            },
        );
        assert!(matches!(remote(&error), RemoteError::WrongSize { .. }), "{error}");
    }
}

#[test]
fn a_body_without_end_is_left_as_soon_as_it_is_too_long() {
    let (error, liar) = refusal(|kept, asked| {
        let endless = Answer { endless: Some(1 << 30), ..Answer::of(kept.component.clone()) };
        if kept.is_blob(asked) { endless } else { kept.honest(asked) }
    });
    assert!(matches!(remote(&error), RemoteError::WrongSize { .. }), "{error}");
    assert!(liar.sent_bytes() < 64 << 20, "{} bytes were taken", liar.sent_bytes());
}

#[test]
fn a_giant_manifest_is_refused_announced_or_not() {
    let announced = |_: &Kept, _: &Asked| Answer { announced: Some(1 << 40), ..Answer::of("{}") };
    let unannounced = |_: &Kept, _: &Asked| Answer { endless: Some(1 << 30), ..Answer::of("{") };
    for (error, liar) in [refusal(announced), refusal(unannounced)] {
        assert!(matches!(remote(&error), RemoteError::TooLarge { .. }), "{error}");
        assert!(error.to_string().contains(&MANIFEST_BYTES_MAX.to_string()), "{error}");
        assert!(liar.sent_bytes() < 64 << 20, "{} bytes were taken", liar.sent_bytes());
    }
}

#[test]
fn redirects_have_an_end() {
    let (error, liar) = refusal(|_, asked| Answer::new(307).with("Location", format!("{}x", asked.path)));
    assert!(matches!(remote(&error), RemoteError::Redirect { .. }), "{error}");
    assert!(error.to_string().contains("more than 5 times"), "{error}");
    assert_eq!(liar.asked().len(), 6);
}

#[test]
fn a_redirect_to_where_everybody_listens_is_not_followed() {
    for target in
        ["http://192.0.2.1/x", "http://169.254.169.254/latest", "ftp://registry.example/x", "file:///etc/passwd"]
    {
        let (error, liar) = refusal(move |_, _| Answer::new(307).with("Location", target));
        assert!(matches!(remote(&error), RemoteError::Redirect { .. }), "{target}: {error}");
        assert_eq!(liar.asked().len(), 1, "{target}");
    }
}

#[test]
fn a_blob_may_be_redirected_to_another_place() {
    let kept = Kept::new();
    let bytes = kept.component.clone();
    let store = Liar::start(move |_| Answer::of(bytes.clone()));
    let target = format!("http://{}/store/blob", store.registry());
    let served = kept.clone();
    let liar = Liar::start(move |asked| match served.is_blob(asked) {
        true => Answer::new(307).with("Location", &target),
        false => served.honest(asked),
    });
    let (_folder, registry) = world();
    assert_eq!(pull(&registry, &liar).unwrap(), kept.component);
    assert_eq!(store.asked().len(), 1);
}

fn index_of(entries: &[Descriptor]) -> Vec<u8> {
    let index = serde_json::json!({"schemaVersion": 2, "mediaType": INDEX_MEDIA_TYPE, "manifests": entries});
    serde_json::to_vec(&index).unwrap()
}

#[test]
fn an_index_leads_to_the_one_component_in_it() {
    let kept = Kept::new();
    let served = kept.clone();
    let liar = Liar::start(move |asked| {
        let other = serde_json::json!({"architecture": "amd64", "os": "linux"});
        let container = Descriptor { platform: serde_json::from_value(other).unwrap(), ..Descriptor::of("x", b"x") };
        match asked.path.ends_with("manifests/1") {
            true => Answer::of(index_of(&[container, served.packed.descriptor.clone()])),
            false => served.honest(asked),
        }
    });
    let (_folder, registry) = world();
    assert_eq!(pull(&registry, &liar).unwrap(), kept.component);
}

#[test]
fn an_index_that_leads_round_in_a_circle_is_refused() {
    // A digest cannot stand in what it is of: the circle closes only where the registry lies about one.
    let (error, _) = refusal(|_, _| Answer::of(index_of(&[Descriptor::of(INDEX_MEDIA_TYPE, b"the index itself")])));
    assert!(matches!(remote(&error), RemoteError::WrongDigest { .. }), "{error}");
}

#[test]
fn indexes_stand_in_each_other_only_so_deep() {
    let (error, liar) = refusal(|kept, asked| {
        let mut levels = vec![index_of(std::slice::from_ref(&kept.packed.descriptor))];
        for _ in 0..20 {
            levels.push(index_of(&[Descriptor::of(INDEX_MEDIA_TYPE, levels.last().unwrap())]));
        }
        let found = levels.iter().find(|level| asked.path.ends_with(&Digest::of(level).to_string()));
        found.or(levels.last()).map(|level| Answer::of(level.clone())).unwrap()
    });
    assert!(error.to_string().contains("more than 4 indexes"), "{error}");
    assert_eq!(liar.asked().len(), 6);
}

#[test]
fn a_registry_that_asks_for_patience_gets_it() {
    for status in [429, 503] {
        let (waits, into) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let kept = Kept::new();
        let served = kept.clone();
        let liar = Liar::start(move |asked| {
            let mut calls = into.lock().unwrap();
            *calls += 1;
            match *calls {
                1 => Answer::new(status).with("Retry-After", 7),
                2 => Answer::new(status)
                    .with("Date", "Thu, 26 Nov 2026 12:00:00 GMT")
                    .with("Retry-After", "Thu, 26 Nov 2026 12:00:09 GMT"),
                _ => served.honest(asked),
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let noted = waits.clone();
        let patience = patient(Arc::new(move |wait| noted.lock().unwrap().push(wait)));
        let registry = registry_with(Mirrors::default(), folder.path(), patience, Arc::new(NoLogins));
        assert_eq!(pull(&registry, &liar).unwrap(), kept.component);
        assert_eq!(*waits.lock().unwrap(), [Duration::from_secs(7), Duration::from_secs(9)]);
    }
}

#[test]
fn patience_has_an_end_and_the_registrys_words_are_shown() {
    let body = r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"come \u001b[31mback"}]}"#;
    let (error, liar) = refusal(move |_, _| Answer { status: 429, ..Answer::of(body) });
    let RemoteError::Status { status: 429, .. } = remote(&error) else { panic!("{error}") };
    assert!(error.to_string().contains("TOOMANYREQUESTS come [31mback) (5 tries)"), "{error}");
    assert_eq!(liar.asked().len(), 5);
}

#[test]
fn a_layer_that_is_cut_off_at_each_quarter_is_resumed_and_no_byte_comes_twice() {
    let kept = Kept::new();
    let served = kept.clone();
    let quarter = kept.component.len() / 4;
    let liar = Liar::start(move |asked| match served.is_blob(asked) {
        true => Answer { cut_after: Some(quarter), ..served.honest(asked) },
        false => served.honest(asked),
    });
    let (folder, registry) = world();
    assert_eq!(pull(&registry, &liar).unwrap(), kept.component);
    let starts: Vec<_> =
        liar.asked().iter().filter(|asked| asked.path.contains("blobs/")).map(Asked::range_start).collect();
    let resumed: Vec<_> = starts.iter().flatten().copied().collect();
    assert_eq!(starts[0], None);
    assert_eq!(resumed.iter().filter(|start| **start % quarter != 0).count(), 0, "{resumed:?}");
    assert!((3..=4).contains(&resumed.len()), "{resumed:?}");
    assert_eq!(liar.sent_bytes(), (kept.component.len() + kept.packed.manifest.len()) as u64);
    assert_eq!(files(&folder.path().join("incoming")), 0);
}

#[test]
fn a_registry_without_ranges_is_begun_anew() {
    let kept = Kept::new();
    let served = kept.clone();
    let cuts = Mutex::new(3);
    let liar = Liar::start(move |asked| {
        let mut left = cuts.lock().unwrap();
        if !served.is_blob(asked) {
            return served.honest(asked);
        }
        let whole = Answer::of(served.component.clone());
        if *left == 0 {
            return whole;
        }
        *left -= 1;
        Answer { cut_after: Some(LAYER_BYTES / 3), ..whole }
    });
    let (_folder, registry) = world();
    assert_eq!(pull(&registry, &liar).unwrap(), kept.component);
    assert_eq!(liar.count("blobs/"), 4);
}

#[test]
fn another_range_than_was_asked_for_is_refused() {
    let (error, _) = refusal(|kept, asked| match asked.range_start() {
        Some(_) => Answer { status: 206, ..Answer::of(kept.component.clone()) }.with("Content-Range", "bytes 0-9/10"),
        None if kept.is_blob(asked) => Answer { cut_after: Some(1000), ..kept.honest(asked) },
        None => kept.honest(asked),
    });
    assert!(matches!(remote(&error), RemoteError::Protocol { .. }), "{error}");
}

#[test]
fn a_transfer_that_does_not_get_on_ends_and_the_next_one_goes_on_from_there() {
    let kept = Kept::new();
    let is_mended = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (served, mended) = (kept.clone(), is_mended.clone());
    let liar = Liar::start(move |asked| {
        if !served.is_blob(asked) || mended.load(std::sync::atomic::Ordering::SeqCst) {
            return served.honest(asked);
        }
        let sent = if asked.range_start().is_some() { 0 } else { 50_000 };
        Answer { cut_after: Some(sent), ..served.honest(asked) }
    });
    let (folder, registry) = world();
    let error = pull(&registry, &liar).unwrap_err();
    let RemoteError::CutOff { done_bytes: 50_000, .. } = remote(&error) else { panic!("{error}") };
    assert_eq!(files(&folder.path().join("incoming")), 1);
    is_mended.store(true, std::sync::atomic::Ordering::SeqCst);
    // Another process, as far as the registry is concerned.
    let again = registry_of(Mirrors::default(), folder.path());
    assert_eq!(pull(&again, &liar).unwrap(), kept.component);
    assert_eq!(liar.asked().last().unwrap().range_start(), Some(50_000));
}

#[test]
fn bytes_left_by_a_liar_do_not_spoil_the_next_transfer() {
    let kept = Kept::new();
    let served = kept.clone();
    let liar = Liar::start(move |asked| served.honest(asked));
    let (folder, registry) = world();
    std::fs::write(folder.path().join("incoming").join(kept.packed.component.digest.hex()), "not the beginning")
        .unwrap();
    assert_eq!(pull(&registry, &liar).unwrap(), kept.component);
}

#[test]
fn pulls_of_one_digest_at_the_same_time_share_one_download() {
    let kept = Kept::new();
    let served = kept.clone();
    let liar = Liar::start(move |asked| {
        if served.is_blob(asked) {
            // Long enough that all the others are waiting by then; if they were not, the count would still hold.
            std::thread::sleep(Duration::from_millis(300));
        }
        served.honest(asked)
    });
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        let pulls: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| pull(&registry_of(Mirrors::default(), folder.path()), &liar).unwrap()))
            .collect();
        pulls.into_iter().for_each(|pull| assert_eq!(pull.join().unwrap(), kept.component));
    });
    assert_eq!(liar.count("blobs/"), 1);
    assert_eq!(files(&folder.path().join("incoming")), 0);
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let liar = Liar::start(|asked| match asked.path.contains("/tags/list") {
        true => Answer::of(r#"{"name":"team/scan","tags":["0.1","0.2","../../etc"]}"#),
        false => Answer::new(404),
    });
    let (_folder, registry) = world();
    let error = pull(&registry, &liar).unwrap_err();
    assert!(error.is_not_found());
    assert!(error.to_string().ends_with("has no `team/scan:1`; it has 0.1, 0.2"), "{error}");
}

#[test]
fn a_registry_that_is_not_there_is_named_with_what_to_check() {
    let gone = Liar::start(|_| Answer::new(200)).registry();
    std::thread::sleep(Duration::from_millis(50));
    let (_folder, registry) = world();
    let error = registry.resolve(&reference(&format!("{gone}/team/scan:1"))).unwrap_err();
    let text = chain(&error);
    assert!(text.contains(&gone) && text.contains("(5 tries)") && text.contains("[[mirrors]]"), "{text}");
}

#[test]
fn a_container_image_is_told_from_a_component() {
    let (error, _) = refusal(|_, _| {
        let config = Descriptor::of("application/vnd.oci.image.config.v1+json", b"{}");
        let image = serde_json::json!({"schemaVersion": 2, "config": config, "layers": []});
        Answer::of(serde_json::to_vec(&image).unwrap())
    });
    let text = error.to_string();
    assert!(text.contains("not a WebAssembly component but `application/vnd.oci.image.config.v1+json`"), "{text}");
}

#[test]
fn an_upload_whose_session_is_lost_is_begun_again() {
    let calls = Mutex::new(0);
    let liar = Liar::start(move |asked| match asked.method.as_str() {
        "HEAD" => Answer::new(404),
        "POST" => Answer::new(202).with("Location", "/v2/team/scan/blobs/uploads/1?state=a"),
        "PUT" if asked.path.contains("uploads") => {
            let mut calls = calls.lock().unwrap();
            *calls += 1;
            Answer::new(if *calls == 1 { 404 } else { 201 })
        }
        _ => Answer::new(201),
    });
    let (_folder, registry) = world();
    let name = reference(&format!("{}/team/scan:1", liar.registry()));
    let component = large_plugin("scanner", 5_000);
    registry.push(&name, &component, None, &BTreeMap::new()).unwrap();
    let sent: Vec<_> = liar.asked().into_iter().filter(|asked| asked.method == "PUT").collect();
    assert_eq!(sent.iter().map(|asked| asked.body.len()).collect::<Vec<_>>()[..2], [component.len(), component.len()]);
    assert!(sent[0].path.contains("state=a&digest=sha256%3A"), "{}", sent[0].path);
    assert!(sent.last().unwrap().path.ends_with("/manifests/1"), "the manifest comes last");
}

#[test]
fn bytes_are_not_sent_where_another_host_wants_them() {
    let liar = Liar::start(|asked| match asked.method.as_str() {
        "HEAD" => Answer::new(404),
        _ => Answer::new(202).with("Location", "http://192.0.2.1/uploads/1"),
    });
    let (_folder, registry) = world();
    let name = reference(&format!("{}/team/scan:1", liar.registry()));
    let error = registry.push(&name, &plugin("scanner"), None, &BTreeMap::new()).unwrap_err();
    assert!(matches!(remote(&error), RemoteError::Protocol { .. }), "{error}");
}

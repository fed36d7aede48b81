//! A served registry in a folder of its own, and a client that shows everything of an answer.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use lockgate_model::ids::Digest;
use lockgate_model::time::Timestamp;
use lockgate_registry_server::{Access, Event, Host, Limits, Running, Server, Settings};
use tempfile::TempDir;

pub(crate) const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const HOUR_MS: i64 = 60 * 60 * 1_000;
const BODY_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The machine's clock, set as a test wants it.
#[derive(Default)]
pub(crate) struct TestHost {
    shift_ms: AtomicI64,
    events: Mutex<Vec<String>>,
}

impl TestHost {
    /// Sets the clock ahead of the machine's, or back.
    pub(crate) fn shift(&self, ms: i64) {
        self.shift_ms.store(ms, Ordering::SeqCst);
    }

    pub(crate) fn events(&self) -> Vec<String> {
        self.events.lock().unwrap().clone()
    }
}

impl Host for TestHost {
    #[allow(clippy::disallowed_methods, reason = "this is the clock that the server is given")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let now = i64::try_from(since.as_millis()).unwrap() + self.shift_ms.load(Ordering::SeqCst);
        Timestamp(u64::try_from(now).unwrap())
    }

    fn random(&self) -> io::Result<[u8; 32]> {
        let mut bytes = [0; 32];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn report(&self, event: &Event<'_>) {
        self.events.lock().unwrap().push(format!("{event:?}"));
    }
}

/// Settings for tests: everybody may do everything.
pub(crate) fn settings(folder: &Path, host: Arc<TestHost>) -> Settings {
    Settings { folder: folder.to_owned(), access: Access::Open, read_only: false, limits: Limits::default(), host }
}

/// A server that stops with the test.
pub(crate) struct Served {
    pub(crate) folder: TempDir,
    pub(crate) host: Arc<TestHost>,
    pub(crate) client: Client,
    running: Option<Running>,
}

impl Served {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl Fn(&mut Settings)) -> Self {
        let folder = folder();
        let host = Arc::<TestHost>::default();
        let running = start(folder.path(), &host, &change);
        let client = Client::new(&running.address().to_string());
        Self { folder, host, client, running: Some(running) }
    }

    /// Stops the server and starts another on the same folder.
    pub(crate) fn restart(&mut self, change: impl Fn(&mut Settings)) {
        self.stop();
        let running = start(self.folder.path(), &self.host, &change);
        self.client = Client::new(&running.address().to_string());
        self.running = Some(running);
    }

    pub(crate) fn stop(&mut self) {
        self.running.take().map_or(Ok(()), Running::stop).unwrap();
    }
}

/// In memory where that can be had: on a disk that others use too, most of a test is waiting. What is started as a process
/// of its own works on the disk.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn start(folder: &Path, host: &Arc<TestHost>, change: &impl Fn(&mut Settings)) -> Running {
    let mut settings = settings(folder, host.clone());
    change(&mut settings);
    Server::bind("127.0.0.1:0".parse().unwrap(), settings).unwrap().start().unwrap()
}

/// A client of one server, with a login or without.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: String,
    pub(crate) agent: ureq::Agent,
    authorization: Option<String>,
}

impl Client {
    pub(crate) fn new(address: &str) -> Self {
        // One connection for each request: a connection that the server has closed meanwhile is no error of a test.
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_idle_connections(0).build();
        Self { address: address.to_owned(), agent: config.into(), authorization: None }
    }

    pub(crate) fn with_authorization(&self, value: &str) -> Self {
        Self { authorization: Some(value.to_owned()), ..self.clone() }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"")
    }

    pub(crate) fn head(&self, path: &str) -> Answer {
        self.ask("HEAD", path, &[], b"")
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, &[], b"")
    }

    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Answer {
        self.ask("POST", path, &[], body)
    }

    pub(crate) fn put(&self, path: &str, body: &[u8]) -> Answer {
        self.ask("PUT", path, &[], body)
    }

    pub(crate) fn patch(&self, path: &str, range: &str, body: &[u8]) -> Answer {
        self.ask("PATCH", path, &[("Content-Range", range)], body)
    }

    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> http::request::Builder {
        let path = path.strip_prefix(&format!("http://{}", self.address)).unwrap_or(path);
        let request = http::Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        let authorization = self.authorization.as_deref().map(|value| ("Authorization", value));
        headers.iter().copied().chain(authorization).fold(request, |request, (name, value)| request.header(name, value))
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let request = self.request(method, path, headers);
        let response = match method {
            "POST" | "PUT" | "PATCH" => self.agent.run(request.body(body).unwrap()),
            _ => self.agent.run(request.body(()).unwrap()),
        };
        let (head, body) = response.unwrap_or_else(|error| panic!("{method} {path}: {error}")).into_parts();
        let body = body.into_with_config().limit(BODY_BYTES_MAX).read_to_vec().unwrap();
        Answer { asked: format!("{method} {path}"), status: head.status.as_u16(), headers: head.headers, body }
    }

    /// Pushes a blob in the shortest way; gives its digest.
    pub(crate) fn push_blob(&self, repository: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        self.post(&format!("/v2/{repository}/blobs/uploads/?digest={digest}"), bytes).expect(201);
        digest
    }

    /// Begins an upload; gives where it goes on.
    pub(crate) fn begin(&self, repository: &str) -> String {
        self.post(&format!("/v2/{repository}/blobs/uploads/"), b"").expect(202).header("location")
    }

    pub(crate) fn put_manifest(&self, repository: &str, name: &str, kind: &str, text: &str) -> Answer {
        self.ask("PUT", &format!("/v2/{repository}/manifests/{name}"), &[("Content-Type", kind)], text.as_bytes())
    }

    /// Pushes an image of one layer under a tag; gives its manifest's text.
    pub(crate) fn push_image(&self, repository: &str, tag: &str, layer: &[u8]) -> String {
        self.push_blob(repository, b"{}");
        self.push_blob(repository, layer);
        let text = image(&[layer], "");
        self.put_manifest(repository, tag, IMAGE, &text).expect(201);
        text
    }
}

/// An image manifest of these layers, with an empty config; `more` is put into it.
pub(crate) fn image(layers: &[&[u8]], more: &str) -> String {
    let layers: Vec<_> = layers.iter().map(|layer| descriptor("application/octet-stream", layer)).collect();
    let config = descriptor("application/vnd.example.config+json", b"{}");
    format!(r#"{{"schemaVersion":2,"mediaType":"{IMAGE}",{more}"config":{config},"layers":[{}]}}"#, layers.join(","))
}

/// An index of these manifests.
pub(crate) fn index(manifests: &[&str]) -> String {
    let manifests: Vec<_> = manifests.iter().map(|manifest| descriptor(IMAGE, manifest.as_bytes())).collect();
    format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{}]}}"#, manifests.join(","))
}

pub(crate) fn descriptor(kind: &str, bytes: &[u8]) -> String {
    format!(r#"{{"mediaType":"{kind}","digest":"{}","size":{}}}"#, Digest::of(bytes), bytes.len())
}

/// All of an answer.
pub(crate) struct Answer {
    asked: String,
    pub(crate) status: u16,
    headers: http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.asked, String::from_utf8_lossy(&self.body));
        self
    }

    /// Expects a refusal in the form of the specification ("Error Codes").
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        let error = &answer.json()["errors"][0];
        assert_eq!(error["code"], code, "{}: {error}", answer.asked);
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
        answer
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> String {
        self.header_if(name).unwrap_or_else(|| panic!("{}: no {name}", self.asked))
    }

    pub(crate) fn header_if(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned())
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{}: {error}", self.asked))
    }
}

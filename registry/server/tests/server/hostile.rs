//! Clients that lie, dawdle or go away; a server that dies.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lockgate_model::ids::Digest;
use lockgate_registry_server::{Server, ServerError};

use crate::child::Process;
use crate::support::{Served, TestHost, settings};

/// How long a test waits for what must happen: far more than it takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends bytes as they are; gives all that comes back until the server closes.
fn raw(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    // A server that refuses before all was sent may reset the connection: what came before counts.
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "the server did not close");
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn check_path(served: &Served, path: &str) {
    let text = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let answer = raw(&served.client.address, text.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 404") || answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
    assert!(!answer.contains("canary"), "{path}: {answer}");
}

#[test]
fn no_path_leads_out_of_the_folder() {
    let served = Served::new();
    served.client.push_image("a", "1", b"layer");
    std::fs::write(served.folder.path().join("canary"), "canary").unwrap();
    for path in [
        "/v2/../canary/manifests/1",
        "/v2/a/../../canary/tags/list",
        "/v2/a/manifests/..%2f..%2f..%2fcanary",
        "/v2/a/manifests/../../../canary",
        "/v2/a/blobs/../../../canary",
        "/v2/a/blobs/sha256:../../../../canary",
        "/v2/a/blobs/uploads/../../canary",
        "/v2/a/blobs/uploads/..%2Fcanary",
        "/v2/%2e%2e/canary/tags/list",
        "/v2/a/_tags/tags/list",
        "/v2/a%00b/tags/list",
        "/v2/a/manifests/.",
        "/v2//tags/list",
        "//v2/a/tags/list",
    ] {
        check_path(&served, path);
    }
    check_path(&served, &format!("/v2/{}/tags/list", "a/".repeat(200) + "a"));
    check_path(&served, &format!("/v2/a/manifests/{}", "t".repeat(129)));
}

#[test]
fn an_upload_cannot_be_reached_through_another_repository() {
    let served = Served::new();
    let place = served.client.begin("a");
    let other = place.replace("/v2/a/", "/v2/b/");
    served.client.get(&other).refused(404, "BLOB_UPLOAD_UNKNOWN");
    served.client.patch(&other, "0-0", b"x").refused(404, "BLOB_UPLOAD_UNKNOWN");
    served.client.delete(&other).refused(404, "BLOB_UPLOAD_UNKNOWN");
    served.client.get(&place).expect(204);
}

#[test]
fn a_head_without_end_is_cut_off() {
    let served = Served::with(|settings| settings.limits.head_ms_max = 200);
    assert_eq!(raw(&served.client.address, b"GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Slow: "), "");
    served.client.get("/v2/").expect(200);
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let served = Served::new();
    let head = format!("GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "a".repeat(256 * 1024));
    assert!(raw(&served.client.address, head.as_bytes()).starts_with("HTTP/1.1 431"));
}

#[test]
fn a_body_that_falls_silent_is_408_and_what_came_stays_for_the_rest() {
    let served = Served::with(|settings| settings.limits.idle_ms_max = 300);
    let place = served.client.begin("a");
    let head = format!("PATCH {place} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123");
    let answer = raw(&served.client.address, head.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert_eq!(served.client.get(&place).expect(204).header("range"), "0-3");
    served.client.patch(&place, "4-9", b"456789").expect(202);
    let digest = Digest::of(b"0123456789");
    served.client.put(&format!("{place}?digest={digest}"), b"").expect(201);
}

#[test]
fn a_body_that_drips_is_408_although_it_is_never_silent() {
    let served = Served::with(|settings| settings.limits.idle_ms_max = 500);
    let place = served.client.begin("a");
    let mut stream = TcpStream::connect(&served.client.address).unwrap();
    let head = format!("PATCH {place} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut writer = stream.try_clone().unwrap();
    // Ends when the server has closed: what is written then comes back as an error.
    let drip = std::thread::spawn(move || {
        while writer.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 408");
    drip.join().unwrap();
}

#[test]
fn a_body_that_is_cut_off_becomes_no_blob() {
    let served = Served::new();
    let digest = Digest::of(b"0123");
    let head =
        format!("POST /v2/a/blobs/uploads/?digest={digest} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123");
    let mut stream = TcpStream::connect(&served.client.address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Both).unwrap();
    wait_until_empty(&served.folder.path().join("uploads"));
    served.client.get(&format!("/v2/a/blobs/{digest}")).refused(404, "BLOB_UNKNOWN");
}

/// The server notices in its own time that a client went away.
fn wait_until_empty(folder: &Path) {
    for _ in 0..PATIENCE.as_millis() / 20 {
        std::thread::sleep(Duration::from_millis(20));
        if folder.read_dir().unwrap().count() == 0 {
            return;
        }
    }
    panic!("{} is not empty", folder.display());
}

#[test]
fn a_client_that_does_not_read_is_let_go() {
    let mut served = Served::new();
    // More than the buffers of both sides of a connection hold.
    let digest = served.client.push_blob("a", &vec![7; 32 * 1024 * 1024]);
    served.restart(|settings| {
        settings.limits.idle_ms_max = 200;
        settings.limits.connections_max = 1;
    });
    let head = format!("GET /v2/a/blobs/{digest} HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut stream = TcpStream::connect(&served.client.address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    // There is one connection, and it is taken: this is answered only when the other was closed.
    served.client.get("/v2/").expect(200);
    drop(stream);
}

#[test]
fn two_requests_do_not_write_to_one_upload() {
    let served = Served::new();
    let place = served.client.begin("a");
    let head = format!("PATCH {place} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123");
    let mut stream = TcpStream::connect(&served.client.address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    // The first request has begun as soon as the upload says that it is being written to.
    let path = served.folder.path().join("uploads").join(place.rsplit('/').next().unwrap());
    while std::fs::File::open(&path).unwrap().try_lock().is_ok() {
        std::thread::sleep(Duration::from_millis(10));
    }
    served.client.patch(&place, "4-9", b"456789").refused(409, "BLOB_UPLOAD_INVALID");
    stream.write_all(b"456789").unwrap();
    stream.read_exact(&mut [0; 12]).unwrap();
    let digest = Digest::of(b"0123456789");
    served.client.put(&format!("{place}?digest={digest}"), b"").expect(201);
}

#[test]
fn a_stopping_server_lets_requests_end() {
    let mut served = Served::new();
    let address = served.client.address.clone();
    let place = served.client.begin("a");
    let head = format!("PATCH {place} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123");
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let path = served.folder.path().join("uploads").join(place.rsplit('/').next().unwrap());
    while std::fs::File::open(&path).unwrap().try_lock().is_ok() {
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::scope(|scope| {
        scope.spawn(|| served.stop());
        while TcpStream::connect(&address).is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
        stream.write_all(b"456789").unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 202");
    });
}

#[test]
fn a_killed_server_leaves_nothing_half_written_and_the_upload_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let blob = vec![5; 1024 * 1024];
    let digest = Digest::of(&blob);
    let process = Process::start(folder.path());
    let kept = process.client.push_blob("a", b"kept");
    let place = process.client.begin("a");
    let head = format!("PUT {place}?digest={digest} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", blob.len());
    let mut stream = TcpStream::connect(&process.client.address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&blob[..blob.len() / 2]).unwrap();
    let path = folder.path().join("uploads").join(place.rsplit('/').next().unwrap());
    while std::fs::metadata(&path).unwrap().len() == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    process.kill();

    let process = Process::start(folder.path());
    assert_eq!(process.client.get(&format!("/v2/a/blobs/{kept}")).expect(200).body, b"kept");
    process.client.get(&format!("/v2/a/blobs/{digest}")).refused(404, "BLOB_UNKNOWN");
    let range = process.client.get(&place).expect(204).header("range");
    let next: usize = range.strip_prefix("0-").unwrap().parse::<usize>().unwrap() + 1;
    process.client.put(&format!("{place}?digest={digest}"), &blob[next..]).expect(201);
    assert!(process.client.get(&format!("/v2/a/blobs/{digest}")).expect(200).body == blob);
}

#[test]
fn a_folder_that_is_something_else_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    for marker in ["{}", r#"{"version":99}"#] {
        std::fs::write(folder.path().join("registry.json"), marker).unwrap();
        let settings = settings(folder.path(), Arc::<TestHost>::default());
        let bound = Server::bind("127.0.0.1:0".parse().unwrap(), settings);
        assert!(matches!(bound.err(), Some(ServerError::NotARegistry { .. })), "{marker}");
    }
}

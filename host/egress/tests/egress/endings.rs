//! Answers that do not end by themselves.

use std::io::{Read as _, Write as _};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use lockgate_ports::Cancel;
use lockgate_ports::cancel::StopReason;
use lockgate_ports::egress::{Egress as _, EgressError};

use crate::server::{Server, WAIT};
use crate::world::{World, request};

/// Far below what the requests here may take, far above what they need.
const SOON: Duration = Duration::from_secs(8);

fn check(server: &Server, time_ms: u64, expected: &EgressError) {
    #[allow(clippy::disallowed_methods, reason = "a test measures real time")]
    let began = Instant::now();
    let mut asked = request("GET", &server.url("/"), &[&server.rule()]);
    asked.time_ms = time_ms;
    assert_eq!(&World::new().send(asked).unwrap_err(), expected);
    assert!(began.elapsed() < SOON, "it took {:?}", began.elapsed());
}

#[test]
fn a_body_without_end_is_cut_off() {
    let server = Server::after_head(|mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
        while stream.write_all(b"8\r\n01234567\r\n").is_ok() {}
    });
    check(&server, 20_000, &EgressError::TooLarge { bytes_max: 64 * 1024 });
}

#[test]
fn a_body_that_is_announced_too_long_is_not_waited_for() {
    let server = Server::after_head(|mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 65537\r\n\r\n").unwrap();
        let _ = stream.read(&mut [0]);
    });
    check(&server, 20_000, &EgressError::TooLarge { bytes_max: 64 * 1024 });
}

#[test]
fn a_body_of_just_the_limit_is_taken() {
    let server = Server::after_head(|mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 65536\r\n\r\n").unwrap();
        stream.write_all(&[b'x'; 65536]).unwrap();
    });
    assert_eq!(World::new().get(&server.url("/"), &[&server.rule()]).unwrap().body.len(), 65536);
}

#[test]
fn a_body_that_drips_ends_with_its_time() {
    let server = Server::after_head(|mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n").unwrap();
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    check(&server, 300, &EgressError::TimedOut { time_ms: 300 });
}

#[test]
fn a_head_that_does_not_end_is_cut_off() {
    let server = Server::after_head(|mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nx: ").unwrap();
        while stream.write_all(&[b'x'; 1024]).is_ok() {}
    });
    check(&server, 20_000, &EgressError::TooLarge { bytes_max: 64 * 1024 });
    let server = Server::after_head(|mut stream| {
        let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(1000)).as_bytes());
        let _ = stream.read(&mut [0]);
    });
    check(&server, 20_000, &EgressError::TooLarge { bytes_max: 64 * 1024 });
}

#[test]
fn endless_informational_answers_end_with_their_time() {
    let server =
        Server::after_head(|mut stream| while stream.write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n").is_ok() {});
    check(&server, 300, &EgressError::TimedOut { time_ms: 300 });
}

#[test]
fn a_name_server_that_is_silent_ends_with_the_time() {
    struct Silent(std::sync::Mutex<std::sync::mpsc::Receiver<()>>);
    impl lockgate_egress::Resolve for Silent {
        fn resolve(&self, _: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
            let _ = self.0.lock().unwrap().recv_timeout(WAIT);
            Ok(Vec::new())
        }
    }
    let (release, held) = channel();
    let resolver = std::sync::Arc::new(Silent(std::sync::Mutex::new(held)));
    let settings = lockgate_egress::Settings { resolver, ..Default::default() };
    let broker = lockgate_egress::Broker::new(settings).unwrap();
    let mut asked = request("GET", "http://svc.example/", &["http://svc.example"]);
    asked.time_ms = 200;
    let late = broker.send(asked, &Cancel::default()).unwrap_err();
    assert_eq!(late, EgressError::TimedOut { time_ms: 200 });
    drop(release);
}

#[test]
fn a_connection_that_breaks_is_an_error() {
    for answer in
        ["", "HTTP/1.1 200 OK\r\ncontent-le", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort", "rubbish\r\n\r\n"]
    {
        let server = Server::after_head(|mut stream| stream.write_all(answer.as_bytes()).unwrap());
        let broken = World::new().get(&server.url("/"), &[&server.rule()]).unwrap_err();
        assert!(matches!(broken, EgressError::Connect(_)), "{answer:?}: {broken:?}");
    }
}

#[test]
fn nobody_listening_is_an_error_that_says_where() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let refused = World::new().get(&url, &[&url]).unwrap_err();
    assert!(matches!(&refused, EgressError::Connect(text) if text.contains(&port.to_string())), "{refused:?}");
}

#[test]
fn a_cancelled_request_ends_at_once_and_its_connection_too() {
    let (reached, is_reached) = channel();
    let (closed, is_closed) = channel();
    let server = Server::after_head(move |mut stream| {
        reached.send(()).unwrap();
        let _ = stream.read(&mut [0]);
        closed.send(()).unwrap();
    });
    let cancel = Cancel::default();
    let raised = cancel.clone();
    std::thread::spawn(move || {
        is_reached.recv_timeout(WAIT).unwrap();
        raised.raise(StopReason::Cancelled);
    });
    let world = World::new();
    let asked = request("GET", &server.url("/"), &[&server.rule()]);
    assert_eq!(world.broker.send(asked.clone(), &cancel).unwrap_err(), EgressError::Cancelled);
    is_closed.recv_timeout(SOON).expect("the connection outlived its request");
    assert_eq!(world.broker.send(asked, &cancel).unwrap_err(), EgressError::Cancelled);
}

//! Plain requests through the proxy.

use std::io::Write as _;
use std::sync::mpsc::channel;

use lockgate_ports::egress::EgressError;

use crate::proxy::Served;
use crate::server::{Server, WAIT, read_all};
use crate::world::{OK, World};

#[test]
fn a_granted_request_is_passed_on_without_what_was_for_the_proxy() {
    let (server, world) = (Server::answering(OK), World::new());
    let rule = format!("POST {}/v1", server.rule());
    let served = Served::new(&world, &[&rule]);
    let answer = served.ask(&format!(
        "POST {} HTTP/1.1\r\nHost: other.example\r\nProxy-Authorization: x\r\nProxy-Connection: keep-alive\r\n\
         Connection: X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\nUpgrade: h2c\r\nX-Kept: 1\r\nContent-Length: 4\r\n\r\nbody",
        server.url("/v1/x?y=z")
    ));
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok"), "{answer}");
    assert!(answer.contains("content-length: 2\r\n") && answer.contains("connection: close\r\n"), "{answer}");
    let sent = server.requests().concat();
    assert!(sent.starts_with("POST /v1/x?y=z HTTP/1.1\r\n") && sent.ends_with("\r\n\r\nbody"), "{sent}");
    assert!(sent.contains(&format!("host: 127.0.0.1:{}\r\n", server.port)), "{sent}");
    assert!(sent.contains("x-kept: 1\r\n") && sent.contains("content-length: 4\r\n"), "{sent}");
    for gone in ["other.example", "proxy-", "hop", "te:", "upgrade"] {
        assert!(!sent.contains(gone), "{gone} is left in {sent}");
    }
    let contact = served.contact();
    assert_eq!((contact.method.as_str(), contact.path.as_deref()), ("POST", Some("/v1/x")));
    assert_eq!(contact.outcome, Ok(rule));
    assert_eq!((contact.peer.unwrap().port(), contact.bytes.1), (server.port, answer.len() as u64));
}

#[test]
fn a_request_that_no_grant_allows_is_refused_in_words() {
    let (server, world) = (Server::answering(OK), World::new());
    let served = Served::new(&world, &[&format!("GET {}/v1", server.rule())]);
    for (method, path) in [("GET", "/v2"), ("DELETE", "/v1"), ("GET", "/v1/../v2"), ("GET", "/v1/%2e%2e/v2")] {
        let answer = served.ask(&format!("{method} {} HTTP/1.1\r\nhost: x\r\n\r\n", server.url(path)));
        let seen = if method == "GET" { "/v2" } else { "/v1" };
        let missing = format!("{method} {}{seen}", server.rule());
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        assert!(answer.contains(&format!("grant `http: [{missing}]` is missing")), "{answer}");
        assert_eq!(served.contact().outcome, Err(EgressError::Denied(missing)));
    }
    assert_eq!(server.accepted(), 0);
}

#[test]
fn a_body_is_passed_on_while_it_comes() {
    let (reached, is_reached) = channel();
    let server = Server::raw(move |mut stream| {
        // Less than the whole body is enough for the server to go on.
        let mut seen = Vec::new();
        while !seen.windows(5).any(|part| part == b"first") {
            let mut byte = [0];
            std::io::Read::read_exact(&mut stream, &mut byte).unwrap();
            seen.extend(byte);
        }
        reached.send(()).unwrap();
        while !seen.ends_with(b"0\r\n\r\n") {
            let mut byte = [0];
            std::io::Read::read_exact(&mut stream, &mut byte).unwrap();
            seen.extend(byte);
        }
        stream.write_all(OK.as_bytes()).unwrap();
    });
    let world = World::new();
    let served = Served::new(&world, &[&server.rule()]);
    let mut stream = served.connect();
    let head = format!("PUT {} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n", server.url("/"));
    stream.write_all(format!("{head}5\r\nfirst\r\n").as_bytes()).unwrap();
    is_reached.recv_timeout(WAIT).expect("the first part waited for the last");
    stream.write_all(b"4\r\nlast\r\n0\r\n\r\n").unwrap();
    assert!(read_all(&mut stream).ends_with("ok"));
}

#[test]
fn a_connection_is_one_contact() {
    let (server, world) = (Server::answering(OK), World::new());
    let served = Served::new(&world, &[&server.rule()]);
    let one = format!("GET {} HTTP/1.1\r\nhost: x\r\n\r\n", server.url("/"));
    let answer = served.ask(&format!("{one}{one}"));
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert!(served.contact().outcome.is_ok());
    drop(served.proxy);
    assert!(served.contacts.try_recv().is_err());
}

#[test]
fn an_answer_to_head_keeps_its_length() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 12345\r\n\r\n");
    let world = World::new();
    let served = Served::new(&world, &[&server.rule()]);
    let answer = served.ask(&format!("HEAD {} HTTP/1.1\r\nhost: x\r\n\r\n", server.url("/")));
    assert!(answer.contains("content-length: 12345\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
}

#[test]
fn a_name_that_leads_inside_is_refused() {
    let server = Server::answering(OK);
    let world = World::new().name("svc.example", &[&["127.0.0.1"]]);
    let url = format!("http://svc.example:{}", server.port);
    let served = Served::new(&world, &[&url]);
    let answer = served.ask(&format!("GET {url}/ HTTP/1.1\r\nhost: x\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("loopback"), "{answer}");
    assert!(matches!(served.contact().outcome, Err(EgressError::Address(_))));
    assert_eq!(server.accepted(), 0);
}

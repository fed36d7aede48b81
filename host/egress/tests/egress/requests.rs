//! What is sent, what is not, and what comes back.

use lockgate_ports::Cancel;
use lockgate_ports::egress::{Egress as _, EgressError};

use crate::server::Server;
use crate::world::{OK, World, request};

#[test]
fn a_granted_request_is_sent_as_it_was_written() {
    let server = Server::answering(OK);
    let mut asked = request("POST", &server.url("/v1/x?y=%20z"), &[&server.rule()]);
    asked.headers = vec![("x-one".to_owned(), b"1".to_vec()), ("x-one".to_owned(), b"2".to_vec())];
    asked.body = b"body".to_vec();
    let answer = World::new().send(asked).unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"ok"[..]));
    assert_eq!(answer.peer.unwrap().to_string(), format!("127.0.0.1:{}", server.port));
    let sent = server.requests().concat();
    assert!(sent.starts_with("POST /v1/x?y=%20z HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains(&format!("host: 127.0.0.1:{}\r\n", server.port)), "{sent}");
    assert!(sent.contains("x-one: 1\r\nx-one: 2\r\n") && sent.contains("content-length: 4\r\n"), "{sent}");
    assert!(sent.ends_with("\r\n\r\nbody"), "{sent}");
}

#[test]
fn what_no_grant_allows_is_not_sent_and_the_grant_is_named() {
    let server = Server::answering(OK);
    let world = World::new();
    let rule = format!("GET {}/v1", server.rule());
    for (method, path) in [("POST", "/v1"), ("GET", "/v2"), ("GET", "/v1/../v2"), ("GET", "/v1/%2e%2e/v2")] {
        let denied = world.send(request(method, &server.url(path), &[&rule])).unwrap_err();
        let expected = format!("{method} {}{}", server.rule(), if method == "POST" { "/v1" } else { "/v2" });
        assert_eq!(denied, EgressError::Denied(expected));
    }
    assert_eq!(server.accepted(), 0);
    assert_eq!(world.get(&server.url("/v1/x"), &[&rule]).unwrap().status, 200);
}

#[test]
fn a_request_with_headers_that_are_the_hosts_own_is_not_sent() {
    let server = Server::answering(OK);
    let world = World::new();
    for (name, value) in [
        ("host", "other.example"),
        ("transfer-encoding", "chunked"),
        ("content-length", "7"),
        ("connection", "close"),
        ("x-split", "a\r\nx: y"),
        ("x\r\ny", "a"),
    ] {
        let mut asked = request("GET", &server.url("/"), &[&server.rule()]);
        asked.headers = vec![(name.to_owned(), value.as_bytes().to_vec())];
        let refused = world.send(asked).unwrap_err();
        assert!(matches!(refused, EgressError::Invalid(_)), "{name}: {refused:?}");
    }
    assert_eq!(server.accepted(), 0);
}

#[test]
fn methods_that_make_tunnels_or_mirrors_and_long_bodies_are_not_sent() {
    let server = Server::answering(OK);
    let world = World::with(lockgate_egress::Settings { request_bytes_max: 3, ..Default::default() });
    for method in ["CONNECT", "TRACE", "get", "G T", ""] {
        let refused = world.send(request(method, &server.url("/"), &[&server.rule()])).unwrap_err();
        assert!(matches!(refused, EgressError::Invalid(_)), "{method}: {refused:?}");
    }
    let mut asked = request("PUT", &server.url("/"), &[&server.rule()]);
    asked.body = b"four".to_vec();
    assert!(matches!(world.send(asked).unwrap_err(), EgressError::Invalid(_)));
    assert_eq!(server.accepted(), 0);
}

#[test]
fn a_redirect_is_an_answer() {
    let server = Server::answering("HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n");
    let answer = World::new().get(&server.url("/"), &[&server.rule()]).unwrap();
    assert_eq!(answer.status, 302);
    assert!(answer.headers.contains(&("location".to_owned(), b"/elsewhere".to_vec())));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn what_belongs_to_the_connection_does_not_come_back() {
    let answer = "HTTP/1.1 200 OK\r\nX-B: 1\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n\
                  Transfer-Encoding: chunked\r\nX-A: 2\r\nX-B: 3\r\n\r\n2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n";
    let server = Server::answering(answer);
    let found = World::new().get(&server.url("/"), &[&server.rule()]).unwrap();
    let names: Vec<_> = found.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["x-b", "x-b", "x-a"]);
    assert_eq!(found.body, b"ok");
}

#[test]
fn informational_answers_are_passed_over_and_another_protocol_is_none() {
    let early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n\
                 HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let server = Server::answering(early);
    assert_eq!(World::new().get(&server.url("/"), &[&server.rule()]).unwrap().body, b"ok");
    let server = Server::answering("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n");
    let refused = World::new().get(&server.url("/"), &[&server.rule()]).unwrap_err();
    assert!(matches!(refused, EgressError::Connect(_)), "{refused:?}");
}

#[test]
fn an_answer_to_head_may_tell_a_length_that_does_not_come() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n");
    let answer = World::new().send(request("HEAD", &server.url("/"), &[&server.rule()])).unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 0));
}

#[test]
fn it_may_be_called_from_a_thread_of_another_runtime() {
    let server = Server::answering(OK);
    let (world, asked) = (World::new(), request("GET", &server.url("/"), &[&server.rule()]));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let answer = runtime.block_on(async move { world.broker.send(asked, &Cancel::default()) });
    assert_eq!(answer.unwrap().status, 200);
}

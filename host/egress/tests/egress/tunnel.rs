//! Tunnels through the proxy.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;

use lockgate_egress::ProxyLimits;
use lockgate_ports::egress::EgressError;

use crate::proxy::{Served, echo, tunnel, tunnel_to};
use crate::server::read_all;
use crate::world::World;

#[test]
fn a_granted_tunnel_carries_bytes_both_ways_and_is_told_of_once() {
    let (server, world) = (echo(), World::new());
    let served = Served::new(&world, &["GET http://127.0.0.1:1", &server.rule()]);
    let mut stream = tunnel(&served, server.port);
    stream.write_all(b"hello").unwrap();
    let mut back = [0; 5];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"hello");
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&mut stream), "");
    let contact = served.contact();
    assert_eq!((contact.method.as_str(), contact.host.as_str(), contact.port), ("CONNECT", "127.0.0.1", server.port));
    assert_eq!((contact.outcome, contact.path), (Ok(server.rule()), None));
    assert_eq!(contact.peer.unwrap().port(), server.port);
    let request = format!("CONNECT 127.0.0.1:{} HTTP/1.1\r\nhost: x\r\n\r\n", server.port);
    assert_eq!(contact.bytes.0, (request.len() + 5) as u64);
    assert!(contact.bytes.1 > 5 + "HTTP/1.1 200 OK\r\n".len() as u64);
    drop(served.proxy);
    assert!(served.contacts.try_recv().is_err(), "a contact was told of twice");
}

#[test]
fn bytes_that_were_sent_before_the_answer_are_carried_too() {
    let (server, world) = (echo(), World::new());
    let served = Served::new(&world, &[&server.rule()]);
    let mut stream = served.connect();
    let early = format!("CONNECT 127.0.0.1:{} HTTP/1.1\r\nhost: x\r\n\r\nearly", server.port);
    stream.write_all(early.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert!(read_all(&mut stream).ends_with("\r\n\r\nearly"));
}

#[test]
fn a_tunnel_that_no_grant_allows_is_refused_in_words() {
    let (server, world) = (echo(), World::new());
    let served = Served::new(&world, &["http://svc.example"]);
    let port = server.port;
    for host in ["127.0.0.1", "2130706433"] {
        let answer = served.ask(&format!("CONNECT {host}:{port} HTTP/1.1\r\nhost: x\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        assert!(answer.contains(&format!("grant `http: [127.0.0.1:{port}]` is missing")), "{answer}");
        let contact = served.contact();
        assert_eq!(contact.outcome, Err(EgressError::Denied(format!("127.0.0.1:{port}"))));
        assert!(contact.bytes.0 > 0 && contact.bytes.1 as usize == answer.len(), "{contact:?}");
    }
    assert_eq!(server.accepted(), 0);
}

#[test]
fn a_narrowed_grant_is_not_enough_and_the_answer_says_why() {
    let (server, world) = (echo(), World::new());
    for rule in [format!("GET {}", server.rule()), format!("{}/v1", server.rule())] {
        let served = Served::new(&world, &[&rule]);
        let answer = served.ask(&format!("CONNECT 127.0.0.1:{} HTTP/1.1\r\nhost: x\r\n\r\n", server.port));
        assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("nobody can look into a tunnel"), "{answer}");
        assert!(answer.contains(&rule), "{answer}");
        assert!(matches!(served.contact().outcome, Err(EgressError::Denied(_))));
    }
    assert_eq!(server.accepted(), 0);
}

#[test]
fn a_name_that_leads_inside_is_refused_and_one_resolution_decides() {
    let server = echo();
    let world = World::new().name("svc.example", &[&["127.0.0.1"]]);
    let plain = format!("svc.example:{}", server.port);
    let served = Served::new(&world, &[&plain]);
    let answer = served.ask(&format!("CONNECT {plain} HTTP/1.1\r\nhost: x\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("loopback"), "{answer}");
    assert!(matches!(served.contact().outcome, Err(EgressError::Address(_))));
    assert_eq!((server.accepted(), world.names.asked()), (0, 1));
    let served = Served::new(&world, &[&format!("{plain}@127.0.0.1")]);
    drop(tunnel_to(&served, &plain));
    assert!(served.contact().outcome.is_ok());
    assert_eq!((server.accepted(), world.names.asked()), (1, 2));
}

#[test]
fn nobody_listening_is_a_bad_gateway() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let world = World::new();
    let served = Served::new(&world, &[&format!("http://127.0.0.1:{port}")]);
    let answer = served.ask(&format!("CONNECT 127.0.0.1:{port} HTTP/1.1\r\nhost: x\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    let contact = served.contact();
    assert!(matches!(contact.outcome, Err(EgressError::Connect(_))), "{contact:?}");
    assert_eq!(contact.peer.unwrap().port(), port);
}

#[test]
fn a_tunnel_on_which_nothing_moves_ends() {
    let server = echo();
    let world = World::with_proxy(ProxyLimits { idle_ms: 150, ..ProxyLimits::default() });
    let served = Served::new(&world, &[&server.rule()]);
    let mut stream = tunnel(&served, server.port);
    assert_eq!(read_all(&mut stream), "");
    assert!(served.contact().duration_ms >= 150);
}

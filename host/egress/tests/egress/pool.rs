//! Connections that are used again, and by whom.

use lockgate_ports::egress::EgressError;

use crate::server::Server;
use crate::world::{OK, World};

#[test]
fn a_connection_serves_one_request_after_the_other() {
    let server = Server::answering(OK);
    let world = World::new();
    for _ in 0..5 {
        assert_eq!(world.get(&server.url("/"), &[&server.rule()]).unwrap().status, 200);
    }
    assert_eq!((server.accepted(), server.requests().len()), (1, 5));
}

#[test]
fn a_connection_that_one_grant_opened_is_not_there_for_another() {
    let server = Server::answering(OK);
    let world = World::new().name("svc.example", &[&["127.0.0.1"]]);
    let (url, plain) = (format!("http://svc.example:{}/", server.port), format!("http://svc.example:{}", server.port));
    assert_eq!(world.get(&url, &[&format!("{plain}@127.0.0.1")]).unwrap().status, 200);
    assert!(matches!(world.get(&url, &[&plain]), Err(EgressError::Address(_))));
    assert!(matches!(world.get(&url, &[&format!("{plain}@10.0.0.0/8")]), Err(EgressError::Address(_))));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_connection_that_was_closed_meanwhile_is_replaced() {
    let server = Server::after_head(|mut stream| {
        let _ = std::io::Write::write_all(&mut stream, OK.as_bytes());
    });
    let world = World::new();
    for _ in 0..3 {
        // The server closes without having said so; whether that is seen before the next request is a race, and a
        // request that was not answered is an error, never sent twice.
        match world.get(&server.url("/"), &[&server.rule()]) {
            Ok(answer) => assert_eq!(answer.status, 200),
            Err(error) => assert!(matches!(error, EgressError::Connect(_)), "{error:?}"),
        }
    }
}

//! Where names may lead.

use lockgate_ports::egress::EgressError;

use crate::server::Server;
use crate::world::{OK, World};

fn check_refused(url: &str, rule: &str, address: &str, why: &str) {
    let world = World::new().name("svc.example", &[&[address]]);
    let Err(EgressError::Address(text)) = world.get(url, &[rule]) else { panic!("{address} was not refused") };
    let shown: std::net::IpAddr = address.parse().unwrap();
    for part in [why, "svc.example", &shown.to_string(), &format!("{rule}@{shown}/")] {
        assert!(text.contains(part), "{part} is missing in: {text}");
    }
}

#[test]
fn a_name_leads_to_no_address_that_is_not_public() {
    for (address, why) in [
        ("127.0.0.1", "loopback"),
        ("169.254.169.254", "metadata"),
        ("10.1.2.3", "private"),
        ("100.64.0.1", "carrier"),
        ("0.0.0.0", "unspecified"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("fd00:ec2::254", "metadata"),
        ("64:ff9b::7f00:1", "loopback"),
    ] {
        check_refused("http://svc.example/", "http://svc.example", address, why);
        check_refused("https://svc.example/", "svc.example", address, why);
    }
}

#[test]
fn an_address_in_a_url_takes_a_grant_of_that_address_however_it_is_written() {
    let server = Server::answering(OK);
    let world = World::new();
    for host in ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1"] {
        let url = format!("http://{host}:{}/", server.port);
        assert_eq!(
            world.get(&url, &["http://svc.example"]).unwrap_err(),
            EgressError::Denied(format!("GET {}", server.rule()))
        );
        assert_eq!(world.get(&url, &[&server.rule()]).unwrap().status, 200, "{host}");
    }
    let mapped = format!("http://[::ffff:127.0.0.1]:{}/", server.port);
    assert!(matches!(world.get(&mapped, &[&server.rule()]), Err(EgressError::Denied(_))));
    assert_eq!(world.names.asked(), 0);
}

#[test]
fn localhost_leads_to_this_machine_only_when_it_is_granted_by_name() {
    let server = Server::answering(OK);
    let world = World::new().name("localhost", &[&["127.0.0.1"]]).name("svc.example", &[&["127.0.0.1"]]);
    let granted = |host: &str| format!("http://{host}:{}", server.port);
    assert_eq!(world.get(&granted("localhost"), &[&granted("localhost")]).unwrap().status, 200);
    let refused = world.get(&granted("svc.example"), &[&granted("svc.example"), &granted("localhost")]);
    assert!(matches!(refused, Err(EgressError::Address(_))), "{refused:?}");
}

#[test]
fn only_addresses_that_are_admitted_are_used() {
    let server = Server::answering(OK);
    let world = World::new().name("svc.example", &[&["10.9.9.9", "::1", "127.0.0.1"]]);
    let url = format!("http://svc.example:{}/", server.port);
    let answer = world.get(&url, &[&format!("http://svc.example:{}@127.0.0.0/8", server.port)]).unwrap();
    assert_eq!(answer.peer.unwrap().ip().to_string(), "127.0.0.1");
    assert!(server.requests().concat().contains(&format!("host: svc.example:{}\r\n", server.port)));
}

#[test]
fn a_name_is_resolved_once_and_what_it_is_later_does_not_matter() {
    let server = Server::answering(OK);
    let world = World::new().name("svc.example", &[&["127.0.0.1"], &["127.0.0.2"]]);
    let url = format!("http://svc.example:{}/", server.port);
    let rule = format!("http://svc.example:{}@127.0.0.1", server.port);
    assert_eq!(world.get(&url, &[&rule]).unwrap().peer.unwrap().ip().to_string(), "127.0.0.1");
    assert_eq!(world.names.asked(), 1);
    // The name has another address now. That the first connection still stands is no way around the policy.
    assert!(matches!(world.get(&url, &[&rule]), Err(EgressError::Address(_))));
    assert_eq!((world.names.asked(), server.accepted()), (2, 1));
}

#[test]
fn the_next_address_is_tried_when_one_cannot_be_connected_to() {
    let server = Server::answering(OK);
    // Nobody listens on the other one: the server has bound 127.0.0.1 only.
    let world = World::new().name("svc.example", &[&["127.0.0.2", "127.0.0.1"]]);
    let url = format!("http://svc.example:{}/", server.port);
    let rule = format!("http://svc.example:{}@127.0.0.0/8", server.port);
    assert_eq!(world.get(&url, &[&rule]).unwrap().peer.unwrap().ip().to_string(), "127.0.0.1");
}

#[test]
fn a_name_that_is_not_known_is_said_to_be() {
    let refused = World::new().get("http://nobody.example/", &["http://nobody.example"]);
    assert!(matches!(&refused, Err(EgressError::Resolve(text)) if text.contains("nobody.example")), "{refused:?}");
    let empty = World::new().name("empty.example", &[&[]]).get("http://empty.example/", &["http://empty.example"]);
    assert!(matches!(empty, Err(EgressError::Resolve(_))), "{empty:?}");
}

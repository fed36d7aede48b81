//! The proxy as a native command meets it: what it answers by itself, its limits, its end.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use lockgate_egress::ProxyLimits;
use lockgate_ports::egress::{Contact, Egress as _, Proxy};

use crate::server::{Server, WAIT, read_all};
use crate::world::{World, rules};

/// A proxy, and what it told.
pub(crate) struct Served {
    pub(crate) port: u16,
    pub(crate) contacts: Receiver<Contact>,
    pub(crate) proxy: Box<dyn Proxy>,
}

impl Served {
    pub(crate) fn new(world: &World, granted: &[&str]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (port, (tell, contacts)) = (listener.local_addr().unwrap().port(), channel());
        let contacted = Arc::new(move |contact| tell.send(contact).unwrap());
        let proxy = world.broker.proxy(listener, rules(granted), contacted).unwrap();
        Self { port, contacts, proxy }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_read_timeout(Some(WAIT)).unwrap();
        stream
    }

    /// Sends a request and takes everything that comes back.
    pub(crate) fn ask(&self, text: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(text.as_bytes()).unwrap();
        read_all(&mut stream)
    }

    pub(crate) fn contact(&self) -> Contact {
        self.contacts.recv_timeout(WAIT).expect("no contact was told")
    }
}

/// A server that sends back what it gets.
pub(crate) fn echo() -> Server {
    Server::raw(|mut stream| {
        let mut reader = stream.try_clone().unwrap();
        let _ = std::io::copy(&mut reader, &mut stream);
    })
}

/// Opens a tunnel and leaves it open.
pub(crate) fn tunnel(served: &Served, port: u16) -> TcpStream {
    tunnel_to(served, &format!("127.0.0.1:{port}"))
}

pub(crate) fn tunnel_to(served: &Served, authority: &str) -> TcpStream {
    let mut stream = served.connect();
    stream.write_all(format!("CONNECT {authority} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    assert!(head.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&head));
    stream
}

#[test]
fn what_is_no_request_to_a_proxy_is_refused_and_no_contact() {
    let world = World::new();
    let served = Served::new(&world, &["http://127.0.0.1:1"]);
    for text in [
        "GET / HTTP/1.1\r\nhost: 127.0.0.1:1\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nhost: 127.0.0.1:1\r\n\r\n",
        "rubbish\r\n\r\n",
        "\x16\x03\x01\x02\r\n\r\n",
        "GET https://127.0.0.1:1/ HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET ftp://127.0.0.1:1/ HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET http://u:p@127.0.0.1:1/ HTTP/1.1\r\nhost: x\r\n\r\n",
        "CONNECT 127.0.0.1 HTTP/1.1\r\nhost: x\r\n\r\n",
        "CONNECT u@127.0.0.1:1 HTTP/1.1\r\nhost: x\r\n\r\n",
        "CONNECT http://127.0.0.1:1/ HTTP/1.1\r\nhost: x\r\n\r\n",
    ] {
        let answer = served.ask(text);
        assert!(answer.starts_with("HTTP/1.1 400 "), "{text:?}: {answer:?}");
    }
    drop(served.proxy);
    assert_eq!(served.contacts.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn a_head_that_is_too_long_or_too_slow_is_not_waited_for() {
    let world = World::with_proxy(ProxyLimits { header_ms: 200, ..ProxyLimits::default() });
    let served = Served::new(&world, &[]);
    let mut stream = served.connect();
    let _ = stream.write_all(format!("GET http://a.example/ HTTP/1.1\r\nx: {}", "x".repeat(200_000)).as_bytes());
    let _ = stream.set_read_timeout(Some(WAIT));
    let answer = read_all(&mut stream);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    for text in ["", "GET http://a.exam"] {
        let mut stream = served.connect();
        stream.write_all(text.as_bytes()).unwrap();
        // It ends although the command keeps its side open and waits.
        let ended = stream.read_to_end(&mut Vec::new());
        assert!(!matches!(&ended, Err(source) if source.kind() == std::io::ErrorKind::WouldBlock), "{text:?}");
    }
}

#[test]
fn more_connections_than_may_be_wait_for_their_turn() {
    let server = echo();
    let world = World::with_proxy(ProxyLimits { connections_max: 1, ..ProxyLimits::default() });
    let served = Served::new(&world, &[&server.rule()]);
    let first = tunnel(&served, server.port);
    let mut second = served.connect();
    second.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    second.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(second.read(&mut [0]).is_err(), "the second connection was served beside the first");
    drop(first);
    second.set_read_timeout(Some(WAIT)).unwrap();
    assert!(read_all(&mut second).starts_with("HTTP/1.1 400 "));
}

#[test]
fn dropping_it_ends_what_hangs_and_waits_until_that_was_told() {
    let server = echo();
    let world = World::new();
    let served = Served::new(&world, &[&server.rule()]);
    let mut streams: Vec<_> = (0..3).map(|_| tunnel(&served, server.port)).collect();
    let Served { contacts, proxy, port } = served;
    drop(proxy);
    assert_eq!(contacts.try_iter().filter(|contact| contact.outcome.is_ok()).count(), 3);
    for stream in &mut streams {
        assert!(!matches!(stream.read(&mut [0]), Ok(1..)));
    }
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
}

#[test]
fn a_proxy_outlives_its_broker() {
    let server = echo();
    let world = World::new();
    let served = Served::new(&world, &[&server.rule()]);
    drop(world);
    drop(tunnel(&served, server.port));
    assert!(served.contact().outcome.is_ok());
}

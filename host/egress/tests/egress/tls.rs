//! TLS: who is trusted, for which name, and what is spoken over it.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use lockgate_egress::{Broker, Settings};
use lockgate_ports::egress::EgressError;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::world::World;

struct Secure {
    port: u16,
    root_pem: String,
    accepted: Arc<AtomicUsize>,
    _runtime: tokio::runtime::Runtime,
}

impl Secure {
    /// A server for `svc.example` that speaks these protocols and answers with the one that is spoken.
    fn new(protocols: &[&str]) -> Self {
        let (config, root_pem) = identity(protocols);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let (port, accepted) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&accepted);
        runtime.spawn(async move {
            let acceptor = TlsAcceptor::from(Arc::new(config));
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(acceptor.clone(), stream));
            }
        });
        Self { port, root_pem, accepted, _runtime: runtime }
    }

    fn world(&self) -> World {
        let extra_roots_pem = self.root_pem.clone().into_bytes();
        let world = World::with(Settings { extra_roots_pem, ..Settings::default() });
        world.name("svc.example", &[&["127.0.0.1"]]).name("other.example", &[&["127.0.0.1"]])
    }

    fn ask(&self, world: &World, host: &str) -> Result<String, EgressError> {
        let (url, rule) = (format!("https://{host}:{}/", self.port), format!("{host}:{}@127.0.0.1", self.port));
        world.get(&url, &[&rule]).map(|answer| String::from_utf8(answer.body).unwrap())
    }
}

fn identity(protocols: &[&str]) -> (ServerConfig, String) {
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_key = KeyPair::generate().unwrap();
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["svc.example".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &Issuer::new(root, root_key)).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    (config, root_pem)
}

async fn serve(acceptor: TlsAcceptor, stream: TcpStream) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let (io, service) = (TokioIo::new(stream), service_fn(answer));
    let _ = if is_h2 {
        hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await
    } else {
        hyper::server::conn::http1::Builder::new().serve_connection(io, service).await
    };
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let host = request.headers().get("host").map_or_else(String::new, |host| host.to_str().unwrap().to_owned());
    let authority = request.uri().authority().map_or(host, ToString::to_string);
    let mut answer = Response::new(Full::from(format!("{:?} {authority}", request.version())));
    // A path that is a number asks for so many long headers.
    let count: usize = request.uri().path().trim_matches('/').parse().unwrap_or(0);
    for _ in 0..count {
        answer.headers_mut().append("x-huge", "x".repeat(1000).parse().unwrap());
    }
    Ok(answer)
}

#[test]
fn http_2_is_spoken_where_both_can_and_http_1_otherwise() {
    for (protocols, spoken) in [(&["h2", "http/1.1"][..], "HTTP/2.0"), (&["http/1.1"], "HTTP/1.1"), (&[], "HTTP/1.1")] {
        let server = Secure::new(protocols);
        let world = server.world();
        let expected = format!("{spoken} svc.example:{}", server.port);
        for _ in 0..3 {
            assert_eq!(server.ask(&world, "svc.example").unwrap(), expected);
        }
        assert_eq!(server.accepted.load(Ordering::SeqCst), 1, "{spoken}");
    }
}

#[test]
fn a_head_that_is_too_long_is_refused_over_http_2_too() {
    let server = Secure::new(&["h2"]);
    let world = server.world();
    let rule = format!("svc.example:{}@127.0.0.1", server.port);
    let ask = |count: usize| world.get(&format!("https://svc.example:{}/{count}", server.port), &[&rule]);
    assert_eq!(ask(50).unwrap().status, 200);
    for count in [70, 200] {
        // The protocol's own defences may break the connection before the whole length is known.
        let refused = ask(count).unwrap_err();
        assert!(matches!(refused, EgressError::TooLarge { .. } | EgressError::Connect(_)), "{count}: {refused:?}");
    }
}

#[test]
fn a_certificate_for_another_name_is_refused_though_a_connection_to_the_address_stands() {
    let server = Secure::new(&["h2", "http/1.1"]);
    let world = server.world();
    assert!(server.ask(&world, "svc.example").is_ok());
    let refused = server.ask(&world, "other.example").unwrap_err();
    assert!(matches!(&refused, EgressError::Tls(text) if text.contains("other.example")), "{refused:?}");
    assert_eq!(server.accepted.load(Ordering::SeqCst), 2);
}

#[test]
fn a_root_that_nobody_trusts_is_refused() {
    let server = Secure::new(&["http/1.1"]);
    let world = World::new().name("svc.example", &[&["127.0.0.1"]]);
    let refused = server.ask(&world, "svc.example").unwrap_err();
    assert!(matches!(refused, EgressError::Tls(_)), "{refused:?}");
}

#[test]
fn a_server_without_tls_is_not_who_it_should_be() {
    let server = crate::server::Server::raw(|mut stream| {
        let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let _ = std::io::Read::read(&mut stream, &mut [0; 1024]);
    });
    // The system's roots may be missing where tests run: any root does for getting as far as the handshake.
    let world = Secure::new(&[]).world();
    let url = format!("https://svc.example:{}/", server.port);
    let refused = world.get(&url, &[&format!("svc.example:{}@127.0.0.1", server.port)]).unwrap_err();
    assert!(matches!(refused, EgressError::Tls(_)), "{refused:?}");
}

#[test]
fn extra_roots_that_are_none_are_refused_before_anything_is_sent() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for pem in ["rubbish", broken, "-----BEGIN CERTIFICATE-----\nAAAA\n"] {
        let settings = Settings { extra_roots_pem: pem.as_bytes().to_vec(), ..Settings::default() };
        assert!(Broker::new(settings).is_err(), "{pem}");
    }
}

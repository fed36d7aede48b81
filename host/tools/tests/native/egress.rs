//! A network of the tests' own: a proxy that answers everything itself and tells of it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use lockgate_model::grant::HttpRule;
use lockgate_ports::egress::{Contact, EgressError, EgressRequest, EgressResponse, OnContact, Proxy};
use lockgate_ports::{Cancel, Egress};

pub(crate) const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nyes";

/// Counts the proxies that it serves.
#[derive(Default)]
pub(crate) struct TinyEgress {
    pub(crate) served: AtomicUsize,
    serving: Arc<AtomicUsize>,
}

impl TinyEgress {
    pub(crate) fn serving(&self) -> usize {
        self.serving.load(Ordering::SeqCst)
    }
}

impl Egress for TinyEgress {
    fn send(&self, _: EgressRequest, _: &Cancel) -> Result<EgressResponse, EgressError> {
        Err(EgressError::Cancelled)
    }

    fn proxy(
        &self,
        listener: TcpListener,
        rules: Vec<HttpRule>,
        contacted: OnContact,
    ) -> std::io::Result<Box<dyn Proxy>> {
        self.served.fetch_add(1, Ordering::SeqCst);
        self.serving.fetch_add(1, Ordering::SeqCst);
        let accepting = listener.try_clone()?;
        let thread = std::thread::spawn(move || {
            while let Ok((stream, _)) = accepting.accept() {
                answer(stream, &rules, &contacted);
            }
        });
        Ok(Box::new(TinyProxy { listener, thread: Some(thread), serving: self.serving.clone() }))
    }
}

struct TinyProxy {
    listener: TcpListener,
    thread: Option<JoinHandle<()>>,
    serving: Arc<AtomicUsize>,
}

impl Proxy for TinyProxy {}

impl Drop for TinyProxy {
    fn drop(&mut self) {
        // Ends the thread's wait: nobody else could connect to wake it.
        rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Both).unwrap();
        self.thread.take().unwrap().join().unwrap();
        self.serving.fetch_sub(1, Ordering::SeqCst);
    }
}

fn answer(mut stream: TcpStream, rules: &[HttpRule], contacted: &OnContact) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
        head.extend_from_slice(&byte);
    }
    let _closed_early = stream.write_all(ANSWER.as_bytes());
    let head = String::from_utf8_lossy(&head);
    contacted(Contact {
        method: head.split(' ').next().unwrap_or_default().to_owned(),
        host: head.split(' ').nth(1).unwrap_or_default().to_owned(),
        port: 443,
        path: None,
        outcome: Ok(rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        peer: None,
        bytes: (head.len() as u64, ANSWER.len() as u64),
        duration_ms: 0,
    });
}

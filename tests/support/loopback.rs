//! A small HTTP server on the loopback interface, which a test can take away again.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A head of a request is no longer.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// A client that says nothing for so long is left alone.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// Answers every GET with `hello from PATH`, padded with dots to `?NUMBER` bytes; gone when it is dropped.
pub struct Loopback {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    heads: Vec<String>,
    is_over: bool,
}

impl Loopback {
    /// Starts one on a free port.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of the loopback interface");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = seen.clone();
        let thread = std::thread::spawn(move || serve(&listener, &shared));
        Self { address, seen, thread: Some(thread) }
    }

    /// `127.0.0.1:PORT`
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// `http://127.0.0.1:PORT`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads of all requests so far.
    #[must_use]
    pub fn heads(&self) -> Vec<String> {
        lock(&self.seen).heads.clone()
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        lock(&self.seen).is_over = true;
        // It waits for a connection, and sees only then that it is over.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(listener: &TcpListener, seen: &Mutex<Seen>) {
    for stream in listener.incoming() {
        if lock(seen).is_over {
            return;
        }
        if let Ok(stream) = stream {
            // A client that went away is no reason to stop.
            let _ = answer(stream, seen);
        }
    }
}

fn answer(mut stream: TcpStream, seen: &Mutex<Seen>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(SILENCE_MAX))?;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_BYTES_MAX && stream.read(&mut byte)? == 1 {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let target = head.split(' ').nth(1).unwrap_or("/").to_owned();
    if !head.is_empty() {
        lock(seen).heads.push(head);
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let bytes: usize = query.parse().unwrap_or(0);
    let hello = format!("hello from {path}");
    let body = hello.clone() + &".".repeat(bytes.saturating_sub(hello.len()));
    let length = body.len();
    write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

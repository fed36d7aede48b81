//! A server on the loopback interface that tells whoever asks what it was sent, in every form that it can think of.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// A client that says nothing for so long is left alone.
const SILENCE_MAX: Duration = Duration::from_secs(20);
/// The coding that it knows beside none: the bytes from last to first.
pub(super) const CODING: &str = "reversed";

/// Answers every request with its headers and its body: as they are, in base64, in hex, in a URL's form. Coded where
/// that is asked for, or at `/coded` always; `/to?URL` leads to the URL.
pub(super) struct Echo {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    requests: Vec<String>,
    is_over: bool,
}

impl Echo {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of the loopback interface");
        let (address, shared) = (listener.local_addr().expect("an address"), Arc::<Mutex<Shared>>::default());
        let of_thread = shared.clone();
        let thread = std::thread::spawn(move || serve(&listener, &of_thread));
        Self { address, shared, thread: Some(thread) }
    }

    /// `127.0.0.1:PORT`
    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    /// `http://127.0.0.1:PORT`
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far, head and body.
    pub(super) fn requests(&self) -> Vec<String> {
        lock(&self.shared).requests.clone()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        lock(&self.shared).is_over = true;
        // It waits for a connection, and sees only then that it is over.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> std::sync::MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(listener: &TcpListener, shared: &Arc<Mutex<Shared>>) {
    for stream in listener.incoming() {
        if lock(shared).is_over {
            return;
        }
        let of_thread = shared.clone();
        // A client that went away is no reason to stop.
        std::thread::spawn(move || stream.and_then(|stream| answer(&stream, &of_thread)));
    }
}

fn answer(stream: &TcpStream, shared: &Mutex<Shared>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(SILENCE_MAX))?;
    let mut reader = BufReader::new(stream);
    let (mut head, mut line) = (String::new(), String::new());
    while reader.read_line(&mut line)? > 0 && line != "\r\n" {
        head += &std::mem::take(&mut line);
    }
    let lower = head.to_ascii_lowercase();
    let length = lower.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    lock(shared).requests.push(format!("{head}\r\n{body}"));
    let target = head.split(' ').nth(1).unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut told = forms(&head, &body).into_bytes();
    let is_coded = path == "/coded" || lower.lines().any(|line| line.starts_with("accept-encoding: reversed"));
    let mut more = format!("x-echo: {}\r\n", head.lines().skip(1).collect::<Vec<_>>().join(" "));
    if is_coded {
        told.reverse();
        more += &format!("content-encoding: {CODING}\r\n");
    }
    let status = if path == "/to" { "307 Temporary Redirect" } else { "200 OK" };
    if path == "/to" {
        more += &format!("location: {query}\r\n");
    }
    let (mut stream, length) = (stream, told.len());
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{more}connection: close\r\n\r\n")?;
    stream.write_all(&told)
}

/// The headers one by one, their values and what stands behind a first word of them, and the body.
fn forms(head: &str, body: &str) -> String {
    let mut told = format!("{head}\n{body}\n");
    let values = head.lines().skip(1).filter_map(|line| line.split_once(": ")).map(|(_, value)| value);
    for value in values.chain([body]) {
        let last = value.split_once(' ').map_or(value, |(_, rest)| rest);
        let plain = STANDARD.decode(last).unwrap_or_default();
        for form in [value.as_bytes(), last.as_bytes(), &plain] {
            let text = String::from_utf8_lossy(form);
            let hex: String = form.iter().map(|byte| format!("{byte:02x}")).collect();
            let url: String = form.iter().map(escaped).collect();
            let codes = [STANDARD.encode(form), URL_SAFE_NO_PAD.encode(form)];
            let _infallible = writeln!(told, "{text} {hex} {} {url} {codes:?}", hex.to_uppercase());
        }
    }
    told
}

fn escaped(byte: &u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(*byte).to_string(),
        other => format!("%{other:02X}"),
    }
}

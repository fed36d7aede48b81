//! Servers that are small enough to misbehave.

use std::io::{BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Nothing in a test waits longer for the other side.
pub(crate) const WAIT: Duration = Duration::from_secs(20);

/// A server on a free port of 127.0.0.1 with a thread for each connection.
pub(crate) struct Server {
    pub(crate) port: u16,
    accepted: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Lets a connection be served by a function.
    pub(crate) fn raw(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, accepted) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let (serve, counted) = (Arc::new(serve), Arc::clone(&accepted));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                counted.fetch_add(1, Ordering::SeqCst);
                stream.set_read_timeout(Some(WAIT)).unwrap();
                let serve = Arc::clone(&serve);
                std::thread::spawn(move || serve(stream));
            }
        });
        Self { port, accepted, heads: Arc::default() }
    }

    /// Reads a request and does as the function says, once for each connection.
    pub(crate) fn after_head(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        Self::raw(move |mut stream| {
            if read_request(&mut BufReader::new(&mut stream)).is_some() {
                serve(stream);
            }
        })
    }

    /// Gives every request the same answer, on connections that stay.
    pub(crate) fn answering(answer: &'static str) -> Self {
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = Arc::clone(&heads);
        let serve = move |stream: TcpStream| {
            let mut reader = BufReader::new(stream);
            while let Some(request) = read_request(&mut reader) {
                noted.lock().unwrap().push(request);
                if reader.get_mut().write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
        };
        Self { heads, ..Self::raw(serve) }
    }

    /// How many connections there were.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// What was asked for, heads and bodies.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// A grant of all of it.
    pub(crate) fn rule(&self) -> String {
        self.url("")
    }
}

/// A head, and a body whose length is told or that comes in one chunk.
pub(crate) fn read_request(reader: &mut impl std::io::BufRead) -> Option<String> {
    let mut text = String::new();
    while !text.ends_with("\r\n\r\n") {
        if reader.read_line(&mut text).ok()? == 0 {
            return None;
        }
    }
    let head = text.to_ascii_lowercase();
    if let Some((_, rest)) = head.split_once("content-length: ") {
        let mut body = vec![0; rest.lines().next()?.parse().ok()?];
        reader.read_exact(&mut body).ok()?;
        text.push_str(&String::from_utf8_lossy(&body));
    } else if head.contains("transfer-encoding: chunked") {
        while !text.ends_with("\r\n0\r\n\r\n") {
            reader.read_line(&mut text).ok()?;
        }
    }
    Some(text)
}

/// Everything that comes until the other side is done.
pub(crate) fn read_all(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

//! A registry that does what a test tells it: over real HTTP on loopback, one request a connection.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, wanted: &str) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }

    /// Where a range of bytes begins.
    pub(crate) fn range_start(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// What is answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Another `Content-Length` than the body's.
    pub(crate) announced: Option<usize>,
    /// The connection ends after so many bytes of the body.
    pub(crate) cut_after: Option<usize>,
    /// The body in chunks, and after it so many bytes more of nothing.
    pub(crate) endless: Option<u64>,
}

impl Answer {
    pub(crate) fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub(crate) fn of(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::new(200) }
    }

    #[allow(clippy::needless_pass_by_value, reason = "tests hand in numbers and texts as they are")]
    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }
}

/// The registry; it stops when it is dropped.
pub(crate) struct Liar {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    sent_bytes: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl Liar {
    pub(crate) fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let liar = Self { address, asked: Arc::default(), sent_bytes: Arc::default(), is_over: Arc::default() };
        let (asked, sent_bytes, is_over) = (liar.asked.clone(), liar.sent_bytes.clone(), liar.is_over.clone());
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                let (asked, sent_bytes, answer) = (asked.clone(), sent_bytes.clone(), answer.clone());
                std::thread::spawn(move || serve(stream.unwrap(), &asked, &sent_bytes, &*answer));
            }
        });
        liar
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn registry(&self) -> String {
        self.address.to_string()
    }

    /// Everything that was asked, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Requests whose path has this in it.
    pub(crate) fn count(&self, part: &str) -> usize {
        self.asked().iter().filter(|asked| asked.path.contains(part)).count()
    }

    /// Bytes of bodies that went out.
    pub(crate) fn sent_bytes(&self) -> u64 {
        self.sent_bytes.load(Ordering::SeqCst)
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: TcpStream, asked: &Mutex<Vec<Asked>>, sent_bytes: &AtomicU64, answer: &dyn Fn(&Asked) -> Answer) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let Some(request) = read(&mut reader) else { return };
    asked.lock().unwrap().push(request.clone());
    let answer = answer(&request);
    // Who asks may go away in the middle: that is what some tests are about.
    let _ = write(stream, &request, &answer, sent_bytes);
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut asked = Asked { method, path, headers, body: Vec::new() };
    let length: u64 = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    reader.take(length).read_to_end(&mut asked.body).ok()?;
    Some(asked)
}

fn write(mut stream: TcpStream, asked: &Asked, answer: &Answer, sent_bytes: &AtomicU64) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {} So\r\nConnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    match answer.endless {
        Some(_) => head += "Transfer-Encoding: chunked\r\n\r\n",
        None => head += &format!("Content-Length: {}\r\n\r\n", answer.announced.unwrap_or(answer.body.len())),
    }
    stream.write_all(head.as_bytes())?;
    if asked.method == "HEAD" {
        return Ok(());
    }
    if let Some(more) = answer.endless {
        return write_chunks(&mut stream, &answer.body, more, sent_bytes);
    }
    let body = &answer.body[..answer.cut_after.unwrap_or(answer.body.len()).min(answer.body.len())];
    stream.write_all(body)?;
    sent_bytes.fetch_add(body.len() as u64, Ordering::SeqCst);
    Ok(())
}

fn write_chunks(stream: &mut TcpStream, body: &[u8], more: u64, sent_bytes: &AtomicU64) -> std::io::Result<()> {
    let mut left = more;
    let zeros = vec![b' '; 64 * 1024];
    let mut chunk = |bytes: &[u8]| {
        stream.write_all(format!("{:x}\r\n", bytes.len()).as_bytes())?;
        stream.write_all(bytes)?;
        sent_bytes.fetch_add(bytes.len() as u64, Ordering::SeqCst);
        stream.write_all(b"\r\n")
    };
    if !body.is_empty() {
        chunk(body)?;
    }
    while left > 0 {
        chunk(&zeros)?;
        left = left.saturating_sub(zeros.len() as u64);
    }
    stream.write_all(b"0\r\n\r\n")
}

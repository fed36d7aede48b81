//! What a client sends, taken in pieces: no more than a few at a time are in memory, and a client that falls silent is
//! not waited for.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout, timeout_at};

use super::{Code, Refusal};
use crate::storage::Fault;
use crate::storage::writer::Writer;

/// Bytes that are gathered before they are written: one visit to the disk's threads for each.
const BATCH_BYTES: usize = 128 * 1024;

/// How fast a body must come, measured over all of it: one that drips holds an upload, and a connection, for next to
/// nothing.
const BYTES_PER_S_MIN: u64 = 1024;
/// What is taken of a body that was refused.
const DRAIN_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long is waited for it.
const DRAIN_MS_MAX: u64 = 1_000;

/// How much is taken, and how long is waited for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Bytes of the whole.
    pub(crate) bytes_max: u64,
    /// Without a byte.
    pub(crate) idle_ms_max: u64,
}

/// Appends a body to an upload. What came before it was cut off stays, so that the client can go on from there.
pub(crate) async fn append(body: &mut Body, mut writer: Writer, bounds: Bounds) -> Result<Writer, Refusal> {
    let mut pace = Pace::new(bounds.idle_ms_max);
    loop {
        let (batch, end) = gather(body, &mut pace).await;
        let came_bytes = batch.iter().map(|piece| piece.len() as u64).sum::<u64>();
        if writer.size_bytes().saturating_add(came_bytes) > bounds.bytes_max {
            return Err(too_large(bounds.bytes_max));
        }
        writer = written(writer, batch).await?;
        match end {
            End::No => {}
            End::Complete => return Ok(writer),
            End::Broken(refusal) => return Err(refusal),
        }
    }
}

/// Reads a whole body into memory.
pub(crate) async fn read(body: &mut Body, bounds: Bounds) -> Result<Vec<u8>, Refusal> {
    let (mut bytes, mut pace) = (Vec::new(), Pace::new(bounds.idle_ms_max));
    loop {
        let (batch, end) = gather(body, &mut pace).await;
        for piece in batch {
            bytes.extend_from_slice(&piece);
        }
        if bytes.len() as u64 > bounds.bytes_max {
            return Err(too_large(bounds.bytes_max));
        }
        match end {
            End::No => {}
            End::Complete => return Ok(bytes),
            End::Broken(refusal) => return Err(refusal),
        }
    }
}

/// Takes the rest of a body that was refused, as far as that is little: a client that is cut off while it sends may never
/// see why.
pub(crate) async fn drain(body: &mut Body) {
    let mut left_bytes = DRAIN_BYTES_MAX;
    let all = async {
        while let Some(Ok(frame)) = body.frame().await {
            let piece_bytes = frame.data_ref().map_or(0, Bytes::len);
            let Some(left) = left_bytes.checked_sub(piece_bytes) else { return };
            left_bytes = left;
        }
    };
    // Whether the client was done by then makes no difference: it is answered now.
    let _ = timeout(Duration::from_millis(DRAIN_MS_MAX), all).await;
}

/// Refuses what is larger than is taken.
pub(crate) fn too_large(bytes_max: u64) -> Refusal {
    let message = format!("it has more than {bytes_max} bytes, which is the most that is taken here");
    Refusal::new(Code::SizeInvalid, message).with_status(StatusCode::PAYLOAD_TOO_LARGE)
}

/// How fast a body comes.
struct Pace {
    start: Instant,
    bytes: u64,
    idle_ms_max: u64,
}

impl Pace {
    fn new(idle_ms_max: u64) -> Self {
        Self { start: Instant::now(), bytes: 0, idle_ms_max }
    }

    /// When the next piece must be there: not too long after the last, and not too late for all of them.
    fn deadline(&self) -> Instant {
        let idle = Duration::from_millis(self.idle_ms_max);
        let paced = self.start + idle + Duration::from_secs(self.bytes / BYTES_PER_S_MIN);
        paced.min(Instant::now() + idle)
    }
}

enum End {
    No,
    Complete,
    Broken(Refusal),
}

async fn gather(body: &mut Body, pace: &mut Pace) -> (Vec<Bytes>, End) {
    let (mut batch, mut gathered) = (Vec::new(), 0);
    while gathered < BATCH_BYTES {
        match timeout_at(pace.deadline(), body.frame()).await {
            Ok(Some(Ok(frame))) => {
                let Ok(piece) = frame.into_data() else { continue };
                gathered += piece.len();
                pace.bytes += piece.len() as u64;
                batch.push(piece);
            }
            Ok(None) => return (batch, End::Complete),
            Ok(Some(Err(_))) => return (batch, End::Broken(cut_off())),
            Err(_) => return (batch, End::Broken(slow(pace.idle_ms_max))),
        }
    }
    (batch, End::No)
}

async fn written(mut writer: Writer, batch: Vec<Bytes>) -> Result<Writer, Refusal> {
    let work = move || -> Result<Writer, Fault> {
        writer.write(&batch)?;
        Ok(writer)
    };
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|_| Refusal::internal("the server stopped while it worked on this"))??)
}

fn cut_off() -> Refusal {
    Refusal::new(Code::BlobUploadInvalid, "the body was cut off; ask for the upload's state and send the rest")
}

fn slow(idle_ms_max: u64) -> Refusal {
    let message = format!(
        "nothing came for {idle_ms_max} ms, or less than {BYTES_PER_S_MIN} bytes in a second; ask for the upload's state and send the rest"
    );
    Refusal::new(Code::BlobUploadInvalid, message).with_status(StatusCode::REQUEST_TIMEOUT)
}

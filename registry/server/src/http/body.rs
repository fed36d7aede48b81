//! What a client sends, taken in pieces: no more than a few at a time are in memory, and a client that falls silent is
//! not waited for.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use super::{Code, Refusal};
use crate::storage::Fault;
use crate::storage::writer::Writer;

/// Bytes that are gathered before they are written: one visit to the disk's threads for each.
const BATCH_BYTES: usize = 128 * 1024;

/// How much is taken, and how long is waited for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Bytes of the whole.
    pub(crate) bytes_max: u64,
    /// Without a byte.
    pub(crate) idle_ms_max: u64,
}

/// Appends a body to an upload. What came before it was cut off stays, so that the client can go on from there.
pub(crate) async fn append(mut body: Body, mut writer: Writer, bounds: Bounds) -> Result<Writer, Refusal> {
    loop {
        let (batch, end) = gather(&mut body, bounds.idle_ms_max).await;
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
pub(crate) async fn read(mut body: Body, bounds: Bounds) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    loop {
        let (batch, end) = gather(&mut body, bounds.idle_ms_max).await;
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

/// Refuses what is larger than is taken.
pub(crate) fn too_large(bytes_max: u64) -> Refusal {
    let message = format!("it has more than {bytes_max} bytes, which is the most that is taken here");
    Refusal::new(Code::SizeInvalid, message).with_status(StatusCode::PAYLOAD_TOO_LARGE)
}

enum End {
    No,
    Complete,
    Broken(Refusal),
}

async fn gather(body: &mut Body, idle_ms_max: u64) -> (Vec<Bytes>, End) {
    let (mut batch, mut gathered) = (Vec::new(), 0);
    while gathered < BATCH_BYTES {
        match timeout(Duration::from_millis(idle_ms_max), body.frame()).await {
            Ok(Some(Ok(frame))) => {
                let Ok(piece) = frame.into_data() else { continue };
                gathered += piece.len();
                batch.push(piece);
            }
            Ok(None) => return (batch, End::Complete),
            Ok(Some(Err(_))) => return (batch, End::Broken(cut_off())),
            Err(_) => return (batch, End::Broken(silent(idle_ms_max))),
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

fn silent(idle_ms_max: u64) -> Refusal {
    let message = format!("nothing came for {idle_ms_max} ms; ask for the upload's state and send the rest");
    Refusal::new(Code::BlobUploadInvalid, message).with_status(StatusCode::REQUEST_TIMEOUT)
}

//! Events as bytes and back.

use lockgate_model::event::{EVENT_VERSION, Record, RunEvent};

/// Why an event of the log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// A newer host wrote it.
    #[error("event has version {0}, this lockgate knows up to {EVENT_VERSION}; use the newer lockgate")]
    NewerVersion(u32),
    /// It is no event.
    #[error("event cannot be read")]
    Malformed(#[source] serde_json::Error),
}

/// The event's wire form.
///
/// # Errors
/// When a value in it has no JSON form; none of ours is such.
pub fn encode(event: &RunEvent) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(serde::Serialize)]
    struct Borrowed<'a> {
        v: u32,
        #[serde(flatten)]
        event: &'a RunEvent,
    }
    serde_json::to_vec(&Borrowed { v: EVENT_VERSION, event })
}

/// The event of some bytes.
///
/// # Errors
/// When a newer host wrote it, or it is none.
pub fn decode(body: &[u8]) -> Result<RunEvent, WireError> {
    #[derive(serde::Deserialize)]
    struct Version {
        v: u32,
    }
    let Version { v } = serde_json::from_slice(body).map_err(WireError::Malformed)?;
    if v > EVENT_VERSION {
        return Err(WireError::NewerVersion(v));
    }
    serde_json::from_slice::<Record>(body).map(|record| record.event).map_err(WireError::Malformed)
}

#[cfg(test)]
mod tests {
    use lockgate_model::outcome::Conclusion;

    use super::*;

    #[test]
    fn a_record_keeps_its_shape() {
        let event = RunEvent::RunFinished { conclusion: Conclusion::TimedOut };
        let body = encode(&event).unwrap();
        assert_eq!(String::from_utf8_lossy(&body), r#"{"v":1,"type":"run-finished","conclusion":"timed-out"}"#);
        assert_eq!(decode(&body).unwrap(), event);
    }

    #[test]
    fn an_event_of_version_1_stays_readable() {
        let body = br#"{"v":1,"type":"attempt-lost","job":"build[os=linux]","step":"unit","number":2}"#;
        let RunEvent::AttemptLost { job, step, number } = decode(body).unwrap() else { panic!("another event") };
        assert_eq!((job.as_str(), step.as_str(), number), ("build[os=linux]", "unit", 2));
    }

    #[test]
    fn what_is_newer_or_broken_is_refused() {
        assert!(matches!(decode(br#"{"v":2,"type":"sung"}"#), Err(WireError::NewerVersion(2))));
        assert!(matches!(decode(br#"{"v":1,"type":"sung"}"#), Err(WireError::Malformed(_))));
        assert!(matches!(decode(b"{"), Err(WireError::Malformed(_))));
    }
}

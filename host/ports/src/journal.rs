//! What every host call of an attempt is written to.

use lockgate_model::host_call::HostCall;
use lockgate_model::ids::AttemptId;

/// Takes every host call of one attempt, from any thread. Cannot fail the attempt: what cannot be kept is counted and said.
pub trait Recorder: Send + Sync {
    /// Numbers and keeps a call. Lines are cut and the log is limited before they come here.
    fn record(&self, call: HostCall);

    /// Whether something could not be kept. What a plugin does must not outgrow its record: its call ends then.
    fn has_lost(&self) -> bool {
        false
    }

    /// Ends the record. Small ones are returned, to be committed with the attempt's last event; larger ones are on disk.
    fn finish(&self) -> Option<Vec<u8>>;
}

/// Opens and reads records.
pub trait Journal: Send + Sync {
    /// A recorder for a new attempt. A `live` one writes each call to disk as it comes, so that others can follow.
    fn open(&self, attempt: &AttemptId, live: bool) -> std::sync::Arc<dyn Recorder>;

    /// The calls of an attempt from the `from`-th on, finished or not; empty for an attempt that made none.
    ///
    /// # Errors
    /// When the record cannot be read; the text says which and why.
    fn read(&self, attempt: &AttemptId, from: u32) -> Result<Vec<HostCall>, String>;
}

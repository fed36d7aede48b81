//! What somebody wants of the writer: something to do inside the transaction, and whom to tell after the commit.

use lockgate_ports::LogError;

use super::streams::Session;

/// Why a task was not carried out.
pub(super) enum Failure {
    /// The task may not; the others of its transaction go on. It has written nothing.
    Refused(LogError),
    /// The database cannot; the whole transaction is void.
    Broken(rusqlite::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Broken(error)
    }
}

/// One entry of a batch.
pub(super) trait Task: Send {
    /// About how many bytes it writes.
    fn bytes(&self) -> usize;
    /// Does it, inside the transaction; an error is the whole transaction's.
    fn write(&mut self, session: &mut Session<'_>) -> rusqlite::Result<()>;
    /// Tells its owner, after the commit, or that the transaction failed.
    fn settle(self: Box<Self>, committed: Result<(), LogError>);
}

/// A task made of what to do and what to call with the result.
pub(super) struct Wish<T, W, R> {
    bytes: usize,
    work: W,
    outcome: Option<Result<T, LogError>>,
    reply: R,
}

impl<T, W, R> Wish<T, W, R> {
    /// `work` is called once, inside the transaction, and checks before it writes; `reply` is called once, after it.
    pub(super) fn new(bytes: usize, work: W, reply: R) -> Self {
        Self { bytes, work, outcome: None, reply }
    }
}

impl<T, W, R> Task for Wish<T, W, R>
where
    T: Send,
    W: FnMut(&mut Session<'_>) -> Result<T, Failure> + Send,
    R: FnOnce(Result<T, LogError>) + Send,
{
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn write(&mut self, session: &mut Session<'_>) -> rusqlite::Result<()> {
        self.outcome = match (self.work)(session) {
            Ok(value) => Some(Ok(value)),
            Err(Failure::Refused(refusal)) => Some(Err(refusal)),
            Err(Failure::Broken(error)) => return Err(error),
        };
        Ok(())
    }

    fn settle(self: Box<Self>, committed: Result<(), LogError>) {
        let outcome = self.outcome.unwrap_or_else(|| Err(LogError::Other("the write was not carried out".to_owned())));
        (self.reply)(committed.and(outcome));
    }
}

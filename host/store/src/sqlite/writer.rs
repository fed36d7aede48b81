//! The thread that owns the connection that writes.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};
use lockgate_ports::LogError;
use rusqlite::Connection;

use super::cache::PendingCache;
use super::error::log_error;
use super::streams::{Session, Streams};
use super::task::{Failure, Task, Wish};

/// Tasks that may wait; who comes then waits himself.
const TASKS_WAITING_MAX: usize = 1_024;
/// Tasks of one transaction.
const BATCH_TASKS_MAX: usize = 1_024;
/// Bytes of one transaction, beyond which it takes no further task.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The way to the writer's thread. Dropping it carries out what waits, then closes the database.
pub(super) struct Writer {
    tasks: Option<Sender<Box<dyn Task>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection, path: PathBuf, cache: Arc<PendingCache>) -> Result<Self, LogError> {
        let (tasks, waiting) = bounded(TASKS_WAITING_MAX);
        let desk = Desk { connection, path, streams: Streams::default(), cache };
        let thread = thread::Builder::new().name("store-writer".to_owned()).spawn(move || desk.serve(&waiting));
        let thread = thread.map_err(|error| LogError::Other(format!("cannot start the database's writer: {error}")))?;
        Ok(Self { tasks: Some(tasks), thread: Some(thread) })
    }

    /// Hands a task over; waits while too many wait already.
    pub(super) fn submit<T, W, R>(&self, bytes: usize, work: W, reply: R)
    where
        T: Send + 'static,
        W: FnMut(&mut Session<'_>) -> Result<T, Failure> + Send + 'static,
        R: FnOnce(Result<T, LogError>) + Send + 'static,
    {
        let task: Box<dyn Task> = Box::new(Wish::new(bytes, work, reply));
        let refused = match &self.tasks {
            Some(tasks) => tasks.send(task).err().map(|unsent| unsent.0),
            None => Some(task),
        };
        if let Some(task) = refused {
            task.settle(Err(closed()));
        }
    }

    /// Hands a task over and waits for its result.
    pub(super) fn call<T, W>(&self, bytes: usize, work: W) -> Result<T, LogError>
    where
        T: Send + 'static,
        W: FnMut(&mut Session<'_>) -> Result<T, Failure> + Send + 'static,
    {
        let (reply, answer) = bounded(1);
        self.submit(bytes, work, move |outcome| drop(reply.send(outcome)));
        answer.recv().unwrap_or_else(|_| Err(closed()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.tasks = None;
        // The last owner may be a callback on the writer's own thread, which cannot wait for itself.
        let elsewhere = |thread: &JoinHandle<()>| thread.thread().id() != thread::current().id();
        if let Some(thread) = self.thread.take().filter(elsewhere) {
            drop(thread.join());
        }
    }
}

fn closed() -> LogError {
    LogError::Other("the database is closed".to_owned())
}

/// What the thread works with.
struct Desk {
    connection: Connection,
    path: PathBuf,
    streams: Streams,
    cache: Arc<PendingCache>,
}

impl Desk {
    /// Never waits for company: what is there is committed at once, and what comes meanwhile is the next batch.
    fn serve(mut self, waiting: &Receiver<Box<dyn Task>>) {
        while let Ok(first) = waiting.recv() {
            let mut batch = gather(first, waiting);
            let committed = self.commit(&mut batch);
            for task in batch {
                task.settle(committed.clone());
            }
            self.cache.flush_when_due(&self.connection);
        }
        self.cache.flush(&self.connection);
    }

    fn commit(&mut self, batch: &mut [Box<dyn Task>]) -> Result<(), LogError> {
        self.transact(batch).map_err(|error| {
            self.roll_back();
            log_error(&self.path, "write", &error)
        })
    }

    fn transact(&mut self, batch: &mut [Box<dyn Task>]) -> rusqlite::Result<()> {
        self.connection.prepare_cached("begin immediate")?.execute([])?;
        let mut session = self.streams.session(&self.connection)?;
        for task in batch {
            task.write(&mut session)?;
        }
        self.connection.prepare_cached("commit")?.execute([])?;
        Ok(())
    }

    /// SQLite may have rolled back by itself, for example on a full disk.
    fn roll_back(&mut self) {
        if !self.connection.is_autocommit() {
            drop(self.connection.execute_batch("rollback"));
        }
        self.streams.forget();
    }
}

fn gather(first: Box<dyn Task>, waiting: &Receiver<Box<dyn Task>>) -> Vec<Box<dyn Task>> {
    let mut bytes = first.bytes();
    let mut batch = vec![first];
    while batch.len() < BATCH_TASKS_MAX && bytes < BATCH_BYTES_MAX {
        let Ok(task) = waiting.try_recv() else { break };
        bytes = bytes.saturating_add(task.bytes());
        batch.push(task);
    }
    batch
}

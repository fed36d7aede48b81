//! Threads that carry attempts out, away from the thread that drives. Two lanes: pure calls never wait behind native
//! tools.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, Sender, unbounded};

type Job = Box<dyn FnOnce() + Send>;

/// A queue and the threads that empty it; a thread is added when a job finds none idle, up to a limit.
pub(crate) struct Lane {
    name: &'static str,
    threads_max: usize,
    queue: Sender<Job>,
    jobs: Receiver<Job>,
    threads: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
}

impl Lane {
    pub(crate) fn new(name: &'static str, threads_max: usize) -> Self {
        let (queue, jobs) = unbounded();
        Self { name, threads_max: threads_max.max(1), queue, jobs, threads: Arc::default(), open: Arc::default() }
    }

    /// Queues a job. Jobs must not panic; a thread that dies of one is replaced by the next job.
    ///
    /// # Errors
    /// When there is no thread and none can be started; the job is dropped then.
    pub(crate) fn submit(&self, job: Job) -> std::io::Result<()> {
        let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        let threads = self.threads.load(Ordering::SeqCst);
        let added = if threads < open.min(self.threads_max) { self.add_thread() } else { Ok(()) };
        if let (Err(error), 0) = (added, threads) {
            self.open.fetch_sub(1, Ordering::SeqCst);
            return Err(error);
        }
        // The receiver is held by this lane: the queue cannot be closed.
        let _ = self.queue.send(job);
        Ok(())
    }

    fn add_thread(&self) -> std::io::Result<()> {
        let (jobs, threads, open) = (self.jobs.clone(), self.threads.clone(), self.open.clone());
        let work = move || {
            let _alive = Counted(threads);
            for job in jobs {
                let _done = Counted(open.clone());
                job();
            }
        };
        self.threads.fetch_add(1, Ordering::SeqCst);
        let started = std::thread::Builder::new().name(self.name.to_owned()).spawn(work);
        if started.is_err() {
            self.threads.fetch_sub(1, Ordering::SeqCst);
        }
        started.map(drop)
    }
}

/// Counts down when dropped, by a panic too.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_done_even_beside_a_blocked_one() {
        let lane = Lane::new("test", 2);
        let (done, results) = unbounded();
        let (release, blocked) = crossbeam_channel::bounded::<()>(0);
        lane.submit(Box::new(move || {
            let _ = blocked.recv();
        }))
        .unwrap();
        for number in 0..100 {
            let done = done.clone();
            lane.submit(Box::new(move || {
                let _ = done.send(number);
            }))
            .unwrap();
        }
        let mut seen: Vec<i32> = (0..100).map(|_| results.recv().unwrap()).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..100).collect::<Vec<_>>());
        release.send(()).unwrap();
    }
}

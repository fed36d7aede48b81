//! Work on many files at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::{panic, thread};

/// Reading waits for the disk and hashing for the processor: a second thread uses both, a third would take from
/// the steps that run beside.
const THREADS: usize = 2;

/// Does `work` on every item; gives the results in the order of the items, or one of the errors.
pub(super) fn map<T: Sync, R: Send, E: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let next = AtomicUsize::new(0);
    let take_turns = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(place) else { return Ok(done) };
            // After an error, the other thread finds nothing more to do.
            let result = work(item).inspect_err(|_| next.store(items.len(), Ordering::Relaxed))?;
            done.push((place, result));
        }
    };
    let of_threads: Result<Vec<_>, E> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(take_turns)).collect();
        let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
        joined.map(|result| result.unwrap_or_else(|panic| panic::resume_unwind(panic))).collect()
    });
    let mut done: Vec<(usize, R)> = of_threads?.into_iter().flatten().collect();
    done.sort_unstable_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let items: Vec<u32> = (0..1_000).collect();
        let results: Result<Vec<u32>, ()> = map(&items, |item| Ok(item * 2));
        assert_eq!(results, Ok(items.iter().map(|item| item * 2).collect()));
        assert_eq!(map(&[], |item: &u32| Err(*item)), Ok(Vec::<u32>::new()));
    }

    #[test]
    fn an_error_ends_the_work() {
        let items: Vec<u32> = (0..1_000).collect();
        let failed = map(&items, |item| if *item == 500 { Err(*item) } else { Ok(()) });
        assert_eq!(failed, Err(500));
    }
}

//! The record of an attempt as a script: what the world answered, handed back call by call.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use lockgate_model::Json;
use lockgate_model::host_call::{CallBody, FunctionCall, HostCall, RecordedAnswer};
use lockgate_ports::Blobs;
use lockgate_ports::sandbox::Answers;

/// An answer that is larger was never written.
pub(crate) const ANSWER_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// How strictly a call must be the one that was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// The next call of a function must have the arguments of its next record.
    Exact,
    /// Any record of the function with the same arguments will do: another version may ask in another order.
    Lenient,
}

/// Recorded answers that wait to be asked for.
pub struct Script {
    blobs: Arc<dyn Blobs>,
    mode: Match,
    waiting: Mutex<HashMap<(String, String), VecDeque<Waiting>>>,
}

struct Waiting {
    arguments: Json,
    answer: RecordedAnswer,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl Script {
    /// The answers in these calls.
    #[must_use]
    pub fn new(calls: &[HostCall], mode: Match, blobs: Arc<dyn Blobs>) -> Self {
        let mut waiting: HashMap<_, VecDeque<_>> = HashMap::new();
        for call in calls {
            let CallBody::Function(FunctionCall { interface, function, arguments, answer: Some(answer), .. }) =
                &call.body
            else {
                continue;
            };
            let key = (interface.to_string(), function.to_string());
            let (arguments, answer) = (arguments.clone(), answer.clone());
            waiting.entry(key).or_default().push_back(Waiting { arguments, answer });
        }
        Self { blobs, mode, waiting: Mutex::new(waiting) }
    }

    /// Requests may be answered in another order than they were sent, so each is found by what it asks.
    fn take(&self, interface: &str, function: &str, arguments: &Json) -> Option<RecordedAnswer> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = waiting.get_mut(&(interface.to_owned(), function.to_owned()))?;
        let at = match (self.mode, interface) {
            (Match::Lenient, _) | (_, "http") => {
                waiting.iter().position(|record| is_same(&record.arguments, arguments))
            }
            (Match::Exact, _) => {
                waiting.front().is_some_and(|record| is_same(&record.arguments, arguments)).then_some(0)
            }
        }?;
        waiting.remove(at).map(|record| record.answer)
    }
}

/// In a record a word that happens to be a secret is masked; a replay knows no secrets, so that the mask stands for any text.
fn is_same(recorded: &Json, now: &Json) -> bool {
    match (recorded, now) {
        (Json::String(recorded), Json::String(now)) => recorded == now || is_masked(recorded),
        (Json::Array(recorded), Json::Array(now)) => {
            recorded.len() == now.len() && recorded.iter().zip(now).all(|(recorded, now)| is_same(recorded, now))
        }
        (Json::Object(recorded), Json::Object(now)) => {
            let fits = |(name, value): (&String, &Json)| now.get(name).is_some_and(|now| is_same(value, now));
            recorded.len() == now.len() && recorded.iter().all(fits)
        }
        (recorded, now) => recorded == now,
    }
}

/// Whether a text of a record stands for one that nobody may see.
pub(crate) fn is_masked(text: &str) -> bool {
    text.contains("[secret ")
}

impl Answers for Script {
    fn next(&self, interface: &str, function: &str, arguments: &Json) -> Option<Vec<u8>> {
        match self.take(interface, function, arguments)? {
            RecordedAnswer::Inline(bytes) => Some(bytes),
            RecordedAnswer::Blob(digest) => self.blobs.get(&digest, ANSWER_BYTES_MAX).ok(),
            RecordedAnswer::Lost(_) => None,
        }
    }
}

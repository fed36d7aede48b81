//! Why the host stops a guest, and how an error of wasmtime becomes an outcome: by type, never by its text.

use std::error::Error;

use lockgate_model::limits;
use lockgate_model::outcome::{Limit, Outcome, RefusalCode};
use wasmtime::{FrameInfo, PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::{I32Exit, ResourceTableError};

/// Raised in a host call or between two epochs; the guest cannot catch it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    /// A limit that the host counts itself.
    #[error("{}", sentence(.0))]
    Limit(Limit),
    /// The call's time was up; how much it had.
    #[error("it took longer than {0} ms; give the step a larger `timeout`, or the plugin less to do")]
    Time(u64),
    /// Somebody raised the flag.
    #[error("it was cancelled")]
    Cancelled,
    /// It tried to send a secret where that must not go.
    #[error("{0}")]
    Leak(String),
    /// The host could not do its part.
    #[error("{0}")]
    Fault(String),
}

impl Stop {
    /// A fault, with the whole chain of its sources.
    pub(crate) fn fault(action: &str, error: &(dyn Error + 'static)) -> Self {
        let mut message = format!("{action}: {error}");
        let mut source = error.source();
        while let Some(error) = source {
            message = format!("{message}: {error}");
            source = error.source();
        }
        Self::Fault(message)
    }

    /// The outcome that a call stopped for this reason has.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Limit(limit) => Outcome::Limited { limit: *limit, message: self.to_string() },
            Self::Time(_) => Outcome::Limited { limit: Limit::Time, message: self.to_string() },
            Self::Cancelled => Outcome::Cancelled,
            Self::Leak(message) => Outcome::Refused { code: RefusalCode::Leak, message: message.clone() },
            Self::Fault(message) => Outcome::Faulted { message: message.clone() },
        }
    }
}

/// What a call that wasmtime ended with an error came to. `denied` is the memory or table growth that the limiter
/// refused before: a guest that traps after a refusal has run into that limit, whatever its trap is called.
pub(crate) fn outcome(error: &wasmtime::Error, denied: Option<Limit>) -> Outcome {
    if let Some(stop) = find::<Stop>(error) {
        return stop.outcome();
    }
    if let Some(ResourceTableError::Full) = find::<ResourceTableError>(error) {
        return Stop::Limit(Limit::Handles).outcome();
    }
    if find::<PoolConcurrencyLimitError>(error).is_some() {
        return Stop::fault("no room for one more instance", error.as_ref()).outcome();
    }
    match (find::<Trap>(error), denied) {
        (Some(Trap::StackOverflow), _) => Stop::Limit(Limit::Stack).outcome(),
        (_, Some(limit)) => Stop::Limit(limit).outcome(),
        _ if was_answering(error) => Stop::Limit(Limit::Product).outcome(),
        _ => Outcome::Trapped { message: trace(error) },
    }
}

/// Whether the guest had returned and wasmtime then refused to lift what it returned: no frame of the guest was on the
/// stack any more. Text that is not UTF-8 apart, that is how an answer ends that is larger than the host takes.
fn was_answering(error: &wasmtime::Error) -> bool {
    let has_frames = error.downcast_ref::<WasmBacktrace>().is_some();
    !has_frames && find::<Trap>(error).is_none() && find::<std::str::Utf8Error>(error).is_none()
}

fn find<E: Error + Send + Sync + 'static>(error: &wasmtime::Error) -> Option<&E> {
    error.downcast_ref::<E>().or_else(|| error.chain().find_map(|source| source.downcast_ref::<E>()))
}

/// The cause in a line, then the guest's frames, innermost first.
fn trace(error: &wasmtime::Error) -> String {
    let cause = match find::<I32Exit>(error) {
        Some(I32Exit(code)) => format!("it exited with code {code}"),
        None => error.root_cause().to_string(),
    };
    let frames = error.downcast_ref::<WasmBacktrace>().map_or(&[][..], WasmBacktrace::frames);
    frames.iter().fold(cause, |text, frame| format!("{text}\n  at {}", name(frame)))
}

fn name(frame: &FrameInfo) -> String {
    frame.func_name().map_or_else(|| format!("function {}", frame.func_index()), str::to_owned)
}

fn sentence(limit: &Limit) -> String {
    match limit {
        Limit::Time => "its time was up".to_owned(),
        Limit::Memory => format!("it wanted more than {} bytes of memory", limits::MEMORY_BYTES_MAX),
        Limit::Table => format!("it wanted a table of more than {} elements", limits::TABLE_ELEMENTS_MAX),
        Limit::Handles => format!("it held more than {} handles", limits::HANDLES_MAX),
        Limit::Log => format!("it logged more than {} bytes; the log ends where it was cut", limits::LOG_BYTES_MAX),
        Limit::HostCalls => format!("it called the host more than {} times", limits::HOST_CALLS_MAX),
        Limit::HostCallBytes => {
            format!("it handed the host more than {} bytes in one call", limits::HOST_CALL_BYTES_MAX)
        }
        Limit::Stack => "its calls went deeper than the stack; it may recurse without end".to_owned(),
        Limit::Product => format!("it returned more than {} bytes", limits::PRODUCT_BYTES_MAX),
        Limit::Journal => "its calls could not all be written down: the journal is full, or its disk; what is not \
                           remembered is not done"
            .to_owned(),
        Limit::Artifact => format!("an artifact has more than {} bytes", limits::ARTIFACT_BYTES_MAX),
    }
}

//! `wasi:clocks`: the time, for outward kinds with the grant `clock`; a made-up time for everybody else.
//!
//! Made-up time starts at the same instant in every call, goes on by one step with each reading and by the whole span
//! when the guest sleeps, which takes no time at all. So a loop that waits for a deadline ends, and two calls with
//! the same input read the same times.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use lockgate_model::Json;
use lockgate_model::host_call::Permission;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use wasmtime::component::Resource;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use crate::host::{Function, Host};
use crate::reach::Reach;
use crate::stop::Stop;
use crate::watch::Watch;

/// What a made-up wall clock shows first: 2000-01-01T00:00:00Z, in seconds since the Unix epoch.
const MADE_UP_START_S: u64 = 946_684_800;
/// How far made-up time goes on with each reading, and its resolution.
const MADE_UP_STEP_NS: u64 = 1_000_000;
/// The resolution of the host's clock as the guest sees it.
const REAL_STEP_NS: u64 = 1_000;
/// How long a sleeping guest may take to see that it was cancelled or that its time is up.
const SLEEP_STEP: Duration = Duration::from_millis(1);

/// A guest's time.
#[derive(Clone)]
pub(crate) enum GuestTime {
    /// The host's.
    Real(Arc<Watch>),
    /// Nanoseconds since the call began, as far as the guest has read them.
    MadeUp(Arc<AtomicU64>),
    /// The host's when the call was recorded: readings are in the record, and sleeping takes no time.
    Recorded,
}

impl GuestTime {
    /// The time of a call, the host's where it `is_granted`.
    pub(crate) fn new(is_granted: bool, reach: &Reach, watch: Arc<Watch>) -> Self {
        match (is_granted, &reach.answers) {
            (true, None) => Self::Real(watch),
            (true, Some(_)) => Self::Recorded,
            (false, _) => Self::MadeUp(Arc::new(AtomicU64::new(0))),
        }
    }

    /// Whether it goes by without being read.
    pub(crate) fn is_real(&self) -> bool {
        matches!(self, Self::Real(_))
    }

    fn permission(&self) -> Permission {
        match self {
            Self::Real(_) | Self::Recorded => Permission::Granted("clock".into()),
            Self::MadeUp(_) => Permission::Free,
        }
    }

    fn monotonic_ns(&self) -> u64 {
        match self {
            Self::Real(watch) => watch.elapsed_us().saturating_mul(1000),
            Self::MadeUp(ns) => ns.fetch_add(MADE_UP_STEP_NS, Ordering::Relaxed),
            Self::Recorded => 0,
        }
    }

    fn wall(&self) -> Duration {
        match self {
            Self::Real(watch) => Duration::from_millis(watch.clock().now().0),
            Self::MadeUp(_) | Self::Recorded => {
                Duration::from_secs(MADE_UP_START_S) + Duration::from_nanos(self.monotonic_ns())
            }
        }
    }

    fn step_ns(&self) -> u64 {
        if matches!(self, Self::MadeUp(_)) { MADE_UP_STEP_NS } else { REAL_STEP_NS }
    }

    /// Whether an alarm set to `at_ns` has gone off; made-up time jumps there.
    fn has_come(&self, at_ns: u64) -> bool {
        match self {
            Self::Real(watch) => watch.check().is_err() || self.monotonic_ns() >= at_ns,
            Self::MadeUp(ns) => {
                ns.fetch_max(at_ns, Ordering::Relaxed);
                true
            }
            Self::Recorded => true,
        }
    }
}

/// A pollable that becomes ready at an instant, or as soon as the call must end.
struct Alarm {
    time: GuestTime,
    at_ns: u64,
}

#[async_trait]
impl Pollable for Alarm {
    /// Waits in short steps on the guest's own thread: nothing else runs on it, and its permit is given back.
    async fn ready(&mut self) {
        poll_fn(|context| {
            if self.time.has_come(self.at_ns) {
                return Poll::Ready(());
            }
            std::thread::sleep(SLEEP_STEP);
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

fn monotonic(name: &'static str) -> Function {
    Function { interface: "wasi:clocks/monotonic-clock", name }
}

fn wall(name: &'static str) -> Function {
    Function { interface: "wasi:clocks/wall-clock", name }
}

impl Host {
    /// Reads a clock. What the host's says is kept for a replay.
    fn read_clock<T: Serialize + DeserializeOwned>(
        &mut self,
        function: Function,
        read: impl FnOnce(&GuestTime) -> T,
        shown: impl FnOnce(&T) -> Json,
    ) -> wasmtime::Result<T> {
        let reading = |host: &mut Self| match host.time {
            GuestTime::MadeUp(_) => Ok(read(&host.time)),
            GuestTime::Real(_) | GuestTime::Recorded => {
                host.ask_world(function, &json!([]), |host| Ok(read(&host.time)))
            }
        };
        self.allowed(self.time.permission(), function, json!([]), reading, shown)
    }

    fn set_alarm(&mut self, at_ns: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let alarm = self.table.push(Alarm { time: self.time.clone(), at_ns })?;
        let pollable = subscribe(&mut self.table, alarm)?;
        self.alarms.insert(pollable.rep());
        Ok(pollable)
    }
}

impl monotonic_clock::Host for Host {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.read_clock(monotonic("now"), GuestTime::monotonic_ns, |ns| json!(ns))
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        self.local("wasi:clocks/monotonic-clock")?;
        Ok(self.time.step_ns())
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.allowed(
            self.time.permission(),
            monotonic("subscribe-instant"),
            json!([when]),
            |_| Ok(()),
            |()| json!(null),
        )?;
        self.set_alarm(when)
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let at_ns = |host: &mut Self| Ok::<u64, Stop>(host.time.monotonic_ns().saturating_add(duration));
        let at_ns =
            self.allowed(self.time.permission(), monotonic("subscribe-duration"), json!([duration]), at_ns, |_| {
                json!(null)
            })?;
        self.set_alarm(at_ns)
    }
}

impl wall_clock::Host for Host {
    fn now(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        let now = self.read_clock(wall("now"), GuestTime::wall, |now| json!(now.as_secs_f64()))?;
        Ok(datetime(now))
    }

    fn resolution(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        self.local("wasi:clocks/wall-clock")?;
        Ok(datetime(Duration::from_nanos(self.time.step_ns())))
    }
}

fn datetime(duration: Duration) -> wall_clock::Datetime {
    wall_clock::Datetime { seconds: duration.as_secs(), nanoseconds: duration.subsec_nanos() }
}

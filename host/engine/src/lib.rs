//! Durable machines, their one driver, and the machine of a run.
//!
//! A machine is a pure core: `apply` folds events into a state, `decide` says what the world should do next. The
//! [`driver`] keeps events, state and effects in step; it does no I/O of its own, so that a simulated world can drive
//! it through thousands of crashes. [`drive`] is the thin loop that connects it to the real ports.

pub mod drive;
pub mod driver;
pub mod machine;
pub mod run;
mod workers;

pub use drive::{Begin, Control, DriveError, Engine, Observer, World};
pub use machine::{Decision, IllegalEvent, Machine};

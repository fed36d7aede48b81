//! Something that is done again and again.

use lockgate_model::time::Timestamp;

/// Is due at once, then after each interval; and when the clock was set back, since nobody knows how far.
pub(super) struct Timer {
    every_ms: u64,
    last: Option<Timestamp>,
}

impl Timer {
    pub(super) fn new(every_ms: u64) -> Self {
        Self { every_ms, last: None }
    }

    /// A timer that was served at `last`.
    pub(super) fn served(every_ms: u64, last: Timestamp) -> Self {
        Self { every_ms, last: Some(last) }
    }

    /// Whether it is time; if so, the next interval begins.
    pub(super) fn is_due(&mut self, now: Timestamp) -> bool {
        let due = self.last.is_none_or(|last| now < last || now.since_ms(last) >= self.every_ms);
        if due {
            self.last = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_after_each_interval_and_when_the_clock_is_set_back() {
        let mut timer = Timer::new(100);
        for (now, due) in
            [(1_000, true), (1_099, false), (1_100, true), (1_150, false), (500, true), (599, false), (600, true)]
        {
            assert_eq!(timer.is_due(Timestamp(now)), due, "at {now}");
        }
        assert!(!Timer::served(100, Timestamp(7)).is_due(Timestamp(7)));
    }
}

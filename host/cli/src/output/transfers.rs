//! Bars of what is being pulled and pushed, on a terminal; nothing elsewhere.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use lockgate_registry::{Progress, Silent, Transfer};

/// Transfers that are over sooner are not worth a bar.
const BAR_BYTES_MIN: u64 = 64 * 1024;
const TICK: Duration = Duration::from_millis(120);
const TEMPLATE: &str = "{spinner} {msg} {bar:24} {bytes:>10} of {total_bytes} {binary_bytes_per_sec:>12}";

/// Shows transfers.
pub(crate) struct Transfers {
    bars: Option<MultiProgress>,
}

impl Transfers {
    pub(crate) fn start() -> Self {
        Self { bars: std::io::stderr().is_terminal().then(MultiProgress::new) }
    }
}

impl Progress for Transfers {
    fn begin(&self, name: &str, bytes: u64) -> Box<dyn Transfer> {
        let Some(bars) = self.bars.as_ref().filter(|_| bytes >= BAR_BYTES_MIN) else { return Box::new(Silent) };
        let bar = bars.add(ProgressBar::new(bytes).with_message(super::safe(name)));
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(TICK);
        Box::new(Bar(bar))
    }
}

struct Bar(ProgressBar);

impl Transfer for Bar {
    fn at(&self, done_bytes: u64) {
        self.0.set_position(done_bytes);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

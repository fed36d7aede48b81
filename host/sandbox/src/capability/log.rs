//! `log`: lines and progress. Needs no grant; every kind has it.

use lockgate_model::host_call::{CallBody, LogLevel, LogLine, LogSource, Permission};

use crate::bindings::host::log;
use crate::host::{Host, check_bytes};
use crate::lines::cut;

impl log::Host for Host {
    fn write(&mut self, level: log::Level, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        self.enter()?;
        let bytes = message.len() + fields.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        check_bytes(bytes)?;
        if self.watch.reserve_log(bytes.max(1)) {
            let mask = self.watch.mask();
            let fields = fields.into_iter().map(|(name, value)| (cut(&name, mask), cut(&value, mask))).collect();
            self.write_lines(of(level), &message, fields);
        }
        Ok(self.watch.check_log()?)
    }

    fn progress(&mut self, message: String, done: u64, total: Option<u64>) -> wasmtime::Result<()> {
        self.enter()?;
        check_bytes(message.len())?;
        if self.watch.reserve_log(message.len().max(1)) {
            let body = CallBody::Progress { message: cut(&message, self.watch.mask()), done, total };
            self.watch.record(self.watch.elapsed_us(), Permission::Free, body);
        }
        Ok(self.watch.check_log()?)
    }
}

impl Host {
    /// A message of many lines is many lines of the log; its fields stand at the first.
    fn write_lines(&self, level: LogLevel, message: &str, mut fields: Vec<(String, String)>) {
        let lines = if message.is_empty() { "\n" } else { message }.lines();
        for line in lines {
            let (message, fields) = (cut(line, self.watch.mask()), std::mem::take(&mut fields));
            self.watch.write(LogLine { source: LogSource::Log, level, message, fields });
        }
    }
}

fn of(level: log::Level) -> LogLevel {
    match level {
        log::Level::Trace => LogLevel::Trace,
        log::Level::Debug => LogLevel::Debug,
        log::Level::Info => LogLevel::Info,
        log::Level::Warn => LogLevel::Warn,
        log::Level::Error => LogLevel::Error,
    }
}

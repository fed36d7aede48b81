//! Lines for people who follow a run. A log never changes an answer.

use crate::host;

pub use crate::bindings::lockgate::plugin::log::Level;

/// Writes a line with structure beside the words.
pub fn write(level: Level, message: &str, fields: &[(&str, &str)]) {
    let fields: Vec<_> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    host::log_write(level, message, &fields);
}

/// For somebody who follows every move.
pub fn trace(message: impl AsRef<str>) {
    host::log_write(Level::Trace, message.as_ref(), &[]);
}

/// For the plugin's author.
pub fn debug(message: impl AsRef<str>) {
    host::log_write(Level::Debug, message.as_ref(), &[]);
}

/// For everybody.
pub fn info(message: impl AsRef<str>) {
    host::log_write(Level::Info, message.as_ref(), &[]);
}

/// Somebody should look.
pub fn warn(message: impl AsRef<str>) {
    host::log_write(Level::Warn, message.as_ref(), &[]);
}

/// Something is broken.
pub fn error(message: impl AsRef<str>) {
    host::log_write(Level::Error, message.as_ref(), &[]);
}

/// Says how far the work is: units done, and in all where that is known.
pub fn progress(message: &str, done: u64, total: Option<u64>) {
    host::log_progress(message, done, total);
}

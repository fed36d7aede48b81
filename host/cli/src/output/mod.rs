//! What a person, or a program, gets to see of a run.

pub(crate) mod json;
mod json_lines;
mod live;
mod plain;
pub(crate) mod question;
pub(crate) mod style;
pub(crate) mod summary;
pub(crate) mod transfers;
pub(crate) mod tree;

use std::io::{IsTerminal, Write};
use std::sync::Arc;

use lockgate_engine::Observer;
use lockgate_model::host_call::{LogLevel, LogLine, LogSource};
use lockgate_model::ids::RunId;

use style::{Style, Tone};

/// Writes a line of data; see `print`.
macro_rules! out {
    ($($text:tt)*) => { $crate::output::print(&format!("{}\n", format_args!($($text)*))) };
}

/// Writes a line of diagnostics; see `note`.
macro_rules! err {
    ($($text:tt)*) => { $crate::output::note(&format!("{}\n", format_args!($($text)*))) };
}

pub(crate) use {err, out};

/// Writes data to standard output. Where that cannot be, the command ends: quietly when nobody reads any more (`| head`),
/// as a failure of the host otherwise.
pub(crate) fn print(text: &str) {
    let written = std::io::stdout().lock().write_all(text.as_bytes());
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            note(&format!("error: cannot write to standard output: {error}\n"));
            std::process::exit(3);
        }
    }
}

/// Writes diagnostics to standard error; what cannot be written there can be said nowhere.
pub(crate) fn note(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Text of a plugin, a pipeline or a tool, fit for a terminal: no control character of theirs reaches it.
pub(crate) fn safe(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// The view of a run that is being driven.
pub(crate) enum Output {
    /// A tree that moves, on a terminal.
    Live(Arc<live::Live>),
    /// A line for each thing that happened.
    Plain(Arc<plain::Plain>),
    /// A JSON object for each thing that happened.
    JsonLines(Arc<json_lines::JsonLines>),
}

impl Output {
    pub(crate) fn start(run: &RunId, json_lines: bool) -> Self {
        if json_lines {
            return Self::JsonLines(Arc::default());
        }
        let style = Style::stderr();
        if std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb") {
            return Self::Live(Arc::new(live::Live::new(run, style)));
        }
        crate::output::err!("run {run}");
        Self::Plain(Arc::new(plain::Plain::new(style)))
    }

    pub(crate) fn observer(&self) -> Arc<dyn Observer> {
        match self {
            Self::Live(live) => live.clone(),
            Self::Plain(plain) => plain.clone(),
            Self::JsonLines(lines) => lines.clone(),
        }
    }

    /// Whether every job's tree stands on the same terminal that the summary goes to.
    pub(crate) fn has_shown_the_tree(&self) -> bool {
        matches!(self, Self::Live(_)) && std::io::stdout().is_terminal()
    }

    pub(crate) fn finish(&self) {
        if let Self::Live(live) = self {
            live.finish();
        }
    }
}

/// A span of time in two units at the most: `340ms`, `3.2s`, `4m05s`, `2h07m`.
pub(crate) fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0 => format!("{ms}ms"),
        1..60 => format!("{seconds}.{}s", ms % 1000 / 100),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// A line of a log, for a person. Control characters of the plugin do not reach the terminal.
pub(crate) fn log_line(line: &LogLine, style: Style) -> String {
    let text = safe(&line.message);
    let fields: String = line.fields.iter().map(|(name, value)| format!(" {name}={value:?}")).collect();
    let text = format!("{text}{}", style.dim(&fields));
    match (line.source, line.level) {
        (LogSource::Host, _) => style.paint(Tone::Busy, &text),
        (LogSource::Log, LogLevel::Error) => style.paint(Tone::Bad, &text),
        (LogSource::Log, LogLevel::Warn) => style.paint(Tone::Busy, &text),
        (LogSource::Log, LogLevel::Trace | LogLevel::Debug) => style.dim(&text),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        let cases =
            [(0, "0ms"), (999, "999ms"), (1_000, "1.0s"), (59_999, "59.9s"), (65_000, "1m05s"), (7_620_000, "2h07m")];
        for (ms, shown) in cases {
            assert_eq!(duration(ms), shown);
        }
    }

    #[test]
    fn a_plugin_cannot_paint_the_terminal() {
        let message = "red \u{1b}[31m and \u{7} bell".to_owned();
        let line = LogLine { source: LogSource::Stdout, level: LogLevel::Info, message, fields: Vec::new() };
        assert_eq!(log_line(&line, Style::plain()), "red \u{fffd}[31m and \u{fffd} bell");
    }
}

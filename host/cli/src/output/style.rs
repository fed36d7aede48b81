//! Colour, where it is wanted. `NO_COLOR` (no-color.org) and streams that are no terminal get none.

use std::io::IsTerminal;

use anstyle::{AnsiColor, Style as Ansi};
use lockgate_model::outcome::Conclusion;

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Passed.
    Good,
    /// Failed.
    Bad,
    /// Under way, or worth a look.
    Busy,
    /// Left out.
    Quiet,
}

impl Tone {
    /// The tone of a conclusion.
    pub(crate) fn of(conclusion: Conclusion) -> Self {
        match conclusion {
            Conclusion::Passed => Self::Good,
            Conclusion::Warned => Self::Busy,
            Conclusion::Skipped => Self::Quiet,
            _ => Self::Bad,
        }
    }

    fn ansi(self) -> Ansi {
        match self {
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Busy => AnsiColor::Yellow.on_default(),
            Self::Quiet => Ansi::new().dimmed(),
        }
    }
}

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    colour: bool,
}

impl Style {
    pub(crate) fn stdout() -> Self {
        Self { colour: wanted(std::io::stdout().is_terminal()) }
    }

    pub(crate) fn stderr() -> Self {
        Self { colour: wanted(std::io::stderr().is_terminal()) }
    }

    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { colour: false }
    }

    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let ansi = tone.ansi();
        format!("{ansi}{text}{ansi:#}")
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.paint(Tone::Quiet, text)
    }

    pub(crate) fn bold(self, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let ansi = Ansi::new().bold();
        format!("{ansi}{text}{ansi:#}")
    }

    pub(crate) fn good_mark(self) -> String {
        self.paint(Tone::Good, "✓")
    }

    /// A conclusion in one character.
    pub(crate) fn mark(self, conclusion: Conclusion) -> String {
        let mark = match conclusion {
            Conclusion::Passed => "✓",
            Conclusion::Warned | Conclusion::NeedsAttention => "!",
            Conclusion::Skipped => "-",
            _ => "✗",
        };
        self.paint(Tone::of(conclusion), mark)
    }
}

/// Whether diagnostics may be coloured.
pub(crate) fn colour_on_stderr() -> bool {
    wanted(std::io::stderr().is_terminal())
}

fn wanted(terminal: bool) -> bool {
    terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

//! The capability diff: what a new version of a plugin wants more, and what less, than the one that was accepted.
//!
//! Asks decide: they are what a person grants. Imports are a hint beside them, since language runtimes import WASI whether
//! they use it or not. Where it cannot be told whether one pattern lies within another, the new one counts as gained.

mod covers;

use std::fmt;

use lockgate_model::catalog::Ask;
use serde::Serialize;

use crate::text::safe;
use covers::covers;

/// What one version of a plugin can reach.
#[derive(Debug, Clone, Copy)]
pub struct Capabilities<'a> {
    /// What it asks for.
    pub asks: &'a [Ask],
    /// Full names of what it imports, where known.
    pub imports: Option<&'a [String]>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "change")]
pub enum Change {
    /// Asked for now and not before.
    Gained {
        /// The new one.
        to: Ask,
    },
    /// Asked for before: now more of it, or no longer optional.
    Widened {
        /// The accepted one.
        from: Ask,
        /// The new one.
        to: Ask,
    },
    /// Asked for before: now less of it, or optional.
    Narrowed {
        /// The accepted one.
        from: Ask,
        /// The new one.
        to: Ask,
    },
    /// No longer asked for.
    Lost {
        /// The accepted one.
        from: Ask,
    },
}

/// All differences: what is more first, then what is less.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CapabilityDiff {
    /// Of what is asked for.
    pub asks: Vec<Change>,
    /// Imported now and not before; empty where one side is not known.
    pub imports_gained: Vec<String>,
    /// Imported before and not now; empty where one side is not known.
    pub imports_lost: Vec<String>,
}

impl CapabilityDiff {
    /// Whether the new version wants anything that was not accepted with the old one.
    #[must_use]
    pub fn is_widening(&self) -> bool {
        self.asks.iter().any(|change| matches!(change, Change::Gained { .. } | Change::Widened { .. }))
    }

    /// Whether there is no difference at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.asks.is_empty() && self.imports_gained.is_empty() && self.imports_lost.is_empty()
    }
}

/// Compares what was accepted with what is wanted now.
#[must_use]
pub fn diff(old: &Capabilities<'_>, new: &Capabilities<'_>) -> CapabilityDiff {
    let (before, now) = (without_redundant(old.asks), without_redundant(new.asks));
    let mut asks: Vec<Change> = now.iter().flat_map(|ask| changes_to(ask, &before, &now)).collect();
    asks.extend(before.iter().filter(|ask| is_lost(ask, &now)).map(|ask| Change::Lost { from: (*ask).clone() }));
    // The order within one sort of change is the plugin's own.
    asks.sort_by_key(rank);
    let (imports_gained, imports_lost) = match (old.imports, new.imports) {
        (Some(before), Some(now)) => (missing_from(now, before), missing_from(before, now)),
        _ => Default::default(),
    };
    CapabilityDiff { asks, imports_gained, imports_lost }
}

fn rank(change: &Change) -> u8 {
    match change {
        Change::Gained { .. } => 0,
        Change::Widened { .. } => 1,
        Change::Narrowed { .. } => 2,
        Change::Lost { .. } => 3,
    }
}

/// Asks that another one says already, and at least as strongly, are left out.
fn without_redundant(asks: &[Ask]) -> Vec<&Ask> {
    let says = |wide: &Ask, narrow: &Ask| covers(wide, narrow) && (narrow.optional || !wide.optional);
    let is_redundant = |at: usize| {
        asks.iter().enumerate().any(|(other, wide)| {
            // Of two that say the same, the first stays.
            other != at && says(wide, &asks[at]) && (other < at || !says(&asks[at], wide))
        })
    };
    asks.iter().enumerate().filter(|(at, _)| !is_redundant(*at)).map(|(_, ask)| ask).collect()
}

/// How the accepted asks became this one: nothing where it was accepted as it is.
fn changes_to(ask: &Ask, before: &[&Ask], now: &[&Ask]) -> Vec<Change> {
    let holders: Vec<&Ask> = before.iter().copied().filter(|old| covers(old, ask)).collect();
    // Of several that hold it, the one that says most about it: the same one, else one that is not optional.
    let nearest = holders.iter().min_by_key(|old| (!covers(ask, old), old.optional));
    if let Some(holder) = nearest {
        let must_hold_now = !ask.optional && holders.iter().all(|old| old.optional);
        return held(holder, ask, must_hold_now, now).into_iter().collect();
    }
    let covered: Vec<Change> = before.iter().filter(|old| covers(ask, old)).map(|old| widened(old, ask)).collect();
    if covered.is_empty() { vec![Change::Gained { to: ask.clone() }] } else { covered }
}

fn held(holder: &Ask, ask: &Ask, must_hold_now: bool, now: &[&Ask]) -> Option<Change> {
    let is_same = covers(ask, holder);
    let is_less = if is_same { ask.optional && !holder.optional } else { !now.iter().any(|new| covers(new, holder)) };
    if must_hold_now {
        Some(widened(holder, ask))
    } else if is_less {
        Some(Change::Narrowed { from: holder.clone(), to: ask.clone() })
    } else {
        None
    }
}

fn widened(from: &Ask, to: &Ask) -> Change {
    Change::Widened { from: from.clone(), to: to.clone() }
}

/// Neither within something that is asked for now, nor the larger one of which something is left.
fn is_lost(ask: &Ask, now: &[&Ask]) -> bool {
    !now.iter().any(|new| covers(new, ask) || covers(ask, new))
}

fn missing_from(names: &[String], others: &[String]) -> Vec<String> {
    names.iter().filter(|name| !others.contains(name)).cloned().collect()
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gained { to } => write!(f, "gained    {}: {}", shown(to), safe(&to.reason)),
            Self::Widened { from, to } => write!(f, "widened   {} -> {}: {}", shown(from), shown(to), safe(&to.reason)),
            Self::Narrowed { from, to } => write!(f, "narrowed  {} -> {}", shown(from), shown(to)),
            Self::Lost { from } => write!(f, "lost      {}", shown(from)),
        }
    }
}

/// One line for each difference, without a last line end.
impl fmt::Display for CapabilityDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("it asks for the same");
        }
        let imports = |word: &str, names: &[String]| {
            names.iter().map(|name| format!("{word:<9} {} (import; the asks decide)", safe(name))).collect::<Vec<_>>()
        };
        let mut lines: Vec<String> = self.asks.iter().map(Change::to_string).collect();
        lines.extend(imports("gained", &self.imports_gained));
        lines.extend(imports("lost", &self.imports_lost));
        f.write_str(&lines.join("\n"))
    }
}

/// An ask without its reason: `http: api.example (optional)`.
pub(crate) fn shown(ask: &Ask) -> String {
    let optional = if ask.optional { " (optional)" } else { "" };
    match ask.kind.as_str() {
        "clock" | "random" => format!("{}{optional}", ask.kind),
        kind => format!("{}: {}{optional}", safe(kind), safe(&ask.pattern)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `http: *.example ?`: the `?` makes it optional.
    fn ask(text: &str) -> Ask {
        let (text, optional) = text.strip_suffix(" ?").map_or((text, false), |text| (text, true));
        let (kind, pattern) = text.split_once(": ").unwrap_or((text, "*"));
        Ask { kind: kind.to_owned(), pattern: pattern.to_owned(), reason: "because".to_owned(), optional }
    }

    fn diff_of(old: &[&str], new: &[&str]) -> CapabilityDiff {
        let asks = |texts: &[&str]| texts.iter().map(|text| ask(text)).collect::<Vec<_>>();
        let (old, new) = (asks(old), asks(new));
        diff(&Capabilities { asks: &old, imports: None }, &Capabilities { asks: &new, imports: None })
    }

    fn check(old: &[&str], new: &[&str], expected: &[&str]) {
        let found = diff_of(old, new);
        let lines: Vec<String> = found.asks.iter().map(|change| change.to_string().replace(": because", "")).collect();
        let lines: Vec<String> =
            lines.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(lines, expected, "{old:?} to {new:?}");
        let widens = expected.iter().any(|line| line.starts_with("gained") || line.starts_with("widened"));
        assert_eq!(found.is_widening(), widens, "{old:?} to {new:?}");
    }

    #[test]
    fn what_stays_is_no_difference() {
        check(&[], &[], &[]);
        check(&["exec: make", "clock"], &["clock", "exec: make"], &[]);
        check(&["http: API.example"], &["http: api.example"], &[]);
        check(&["read: *"], &["read: **"], &[]);
    }

    #[test]
    fn what_is_new_is_gained_and_what_is_gone_is_lost() {
        check(&[], &["exec: make"], &["gained exec: make"]);
        check(&[], &["secret: token ?"], &["gained secret: token (optional)"]);
        check(&["random"], &[], &["lost random"]);
        check(&["exec: make"], &["exec: cmake"], &["gained exec: cmake", "lost exec: make"]);
        check(&["http: *"], &["exec: sh"], &["gained exec: sh", "lost http: *"]);
        check(&["read: src/*.rs"], &["read: s*/lib.rs"], &["gained read: s*/lib.rs", "lost read: src/*.rs"]);
    }

    #[test]
    fn a_wider_pattern_is_a_widening_and_a_narrower_one_a_narrowing() {
        for (narrow, wide) in [
            ("http: api.example", "http: *"),
            ("http: api.example", "http: *.example"),
            ("http: *.api.example", "http: *.example"),
            ("exec: make", "exec: *"),
            ("read: src/lib.rs", "read: src/**"),
            ("read: src/**", "read: **"),
            ("write: out/a/**", "write: out/**"),
            ("read: src/main.rs", "read: src/*.rs"),
            ("secret: deploy-token", "secret: deploy-*"),
        ] {
            check(&[narrow], &[wide], &[&format!("widened {narrow} -> {wide}")]);
            check(&[wide], &[narrow], &[&format!("narrowed {wide} -> {narrow}")]);
        }
    }

    #[test]
    fn a_port_more_and_a_subdomain_are_not_within() {
        check(
            &["http: a.example"],
            &["http: a.example:8443"],
            &["gained http: a.example:8443", "lost http: a.example"],
        );
        check(&["http: *.example"], &["http: example"], &["gained http: example", "lost http: *.example"]);
        check(&["http: *.example"], &["http: badexample"], &["gained http: badexample", "lost http: *.example"]);
    }

    #[test]
    fn a_path_that_climbs_out_is_within_nothing() {
        let climbs = ["gained read: src/../secret", "lost read: src/**"];
        check(&["read: src/**"], &["read: src/../secret"], &climbs);
        let hidden = ["gained read: src/{a,../b}", "lost read: src/**"];
        check(&["read: src/**"], &["read: src/{a,../b}"], &hidden);
    }

    #[test]
    fn what_was_optional_and_must_be_granted_now_is_a_widening() {
        check(&["exec: make ?"], &["exec: make"], &["widened exec: make (optional) -> exec: make"]);
        check(&["exec: make"], &["exec: make ?"], &["narrowed exec: make -> exec: make (optional)"]);
        check(&["http: * ?"], &["http: a.example"], &["widened http: * (optional) -> http: a.example"]);
        check(&["http: *"], &["http: a.example ?"], &["narrowed http: * -> http: a.example (optional)"]);
    }

    #[test]
    fn a_narrow_ask_beside_a_wide_one_adds_nothing() {
        check(&["http: *"], &["http: *", "http: a.example"], &[]);
        check(&["http: *", "http: a.example"], &["http: *"], &[]);
        check(&["http: *", "http: a.example"], &["http: a.example"], &["narrowed http: * -> http: a.example"]);
        check(&["read: src/**"], &["read: **", "read: src/a"], &["widened read: src/** -> read: **"]);
        check(&["exec: make ?", "exec: make"], &["exec: make"], &[]);
        check(&["http: * ?"], &["http: * ?", "http: a.example"], &["widened http: * (optional) -> http: a.example"]);
    }

    #[test]
    fn one_wider_ask_may_stand_for_several() {
        let both = ["widened exec: cc -> exec: *", "widened exec: make -> exec: *"];
        check(&["exec: cc", "exec: make"], &["exec: *"], &both);
    }

    #[test]
    fn imports_are_a_hint_and_no_widening() {
        let (before, now) = (["wasi:cli/stdout@0.2.6".to_owned()], ["lockgate:plugin/exec@0.1.0".to_owned()]);
        let old = Capabilities { asks: &[], imports: Some(&before) };
        let found = diff(&old, &Capabilities { asks: &[], imports: Some(&now) });
        assert!(!found.is_widening() && !found.is_empty());
        assert_eq!(
            found.to_string(),
            "gained    lockgate:plugin/exec@0.1.0 (import; the asks decide)\n\
             lost      wasi:cli/stdout@0.2.6 (import; the asks decide)"
        );
        assert!(diff(&old, &Capabilities { asks: &[], imports: None }).is_empty());
    }

    #[test]
    fn the_text_says_why_and_holds_no_control_characters() {
        let evil = Ask { reason: "x\u{1b}[2J".to_owned(), ..ask("http: *") };
        let found = diff(&Capabilities { asks: &[], imports: None }, &Capabilities { asks: &[evil], imports: None });
        assert_eq!(found.to_string(), "gained    http: *: x\u{fffd}[2J");
        assert_eq!(diff_of(&[], &[]).to_string(), "it asks for the same");
    }
}

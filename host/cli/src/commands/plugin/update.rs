//! `plugin update` and `verify`: what is locked beside what there is now.

use std::path::Path;

use lockgate_model::ids::PluginAlias;
use lockgate_planner::edit;
use lockgate_registry::{LockEntry, LockFile, Reference};
use serde_json::json;

use super::pipeline::introduced;
use super::publish::write_whole;
use crate::args::UpdateArgs;
use crate::catalog::read_for_edit;
use crate::exit::{CliError, Exit, chain, of_registry};
use crate::host::Host;
use crate::output::style::{Style, Tone};
use crate::output::{question, safe};
use crate::pins::{self, Change};
use crate::supply::{Supply, why};

pub(super) fn update(state: &Path, args: &UpdateArgs) -> Result<Exit, CliError> {
    let host = Host::open(state, Path::new("."))?;
    let path = &args.pipeline.path;
    let wanted = chosen(args)?;
    let known = pins::read_lock(path)?;
    let (mut entries, mut changes) = (Vec::new(), Vec::new());
    for (alias, named) in &wanted {
        let pinned = pins::pin(&host, named)?;
        match known.plugins.get(alias) {
            None => {
                crate::output::print(&introduced(alias, &pinned));
                entries.push((alias.clone(), pinned.entry));
            }
            Some(locked) => changes.extend(pins::change(&host, alias, locked, pinned)),
        }
    }
    changes.iter().for_each(|change| crate::output::print(&shown(change)));
    agree(&changes, args.accept)?;
    let edited = edited(args, &wanted)?;
    let (new, anew) = (entries.len(), changes.len());
    entries.extend(changes.into_iter().map(|change| (change.alias, change.to.entry)));
    pins::write_entries(path, entries, |_| true)?;
    edited.map_or(Ok(()), |text| write_whole(path, text.as_bytes()))?;
    let mark = Style::stdout().good_mark();
    match (new, anew) {
        (0, 0) => crate::output::out!("{mark} everything is as it was locked"),
        (0, _) => crate::output::out!("{mark} {anew} locked anew"),
        _ => crate::output::out!("{mark} {new} locked for the first time, {anew} locked anew"),
    }
    Ok(Exit::Passed)
}

/// The pipeline with the new reference, where one is given.
fn edited(args: &UpdateArgs, wanted: &[(PluginAlias, String)]) -> Result<Option<String>, CliError> {
    let (Some(to), [(alias, _)]) = (&args.to, wanted) else { return Ok(None) };
    pins::check_alias(alias)?;
    let source = read_for_edit(&args.pipeline.path)?;
    edit::set_plugin(&source, alias, to).map(Some).map_err(|error| CliError::Usage(error.to_string()))
}

/// The plugins that are meant, with the references that they are to stand for.
fn chosen(args: &UpdateArgs) -> Result<Vec<(PluginAlias, String)>, CliError> {
    let all = pins::wanted(&args.pipeline.path)?;
    let known = |alias: &PluginAlias| all.iter().find(|(one, _)| one == alias).cloned();
    let missing = |alias: &PluginAlias| {
        CliError::Usage(format!(
            "{} names no plugin `{alias}`; `lockgate plugin add` does",
            args.pipeline.path.display()
        ))
    };
    match (&args.to, args.aliases.as_slice()) {
        (Some(to), [alias]) => known(alias).map(|(alias, _)| vec![(alias, to.clone())]).ok_or_else(|| missing(alias)),
        (Some(_), _) => Err(CliError::Usage("--to is for one plugin; name it".to_owned())),
        (None, []) => Ok(all),
        (None, aliases) => aliases.iter().map(|alias| known(alias).ok_or_else(|| missing(alias))).collect(),
    }
}

/// A plugin that can do more than what was accepted needs a yes, or `--accept`. Without it nothing at all is changed.
pub(in crate::commands) fn agree(changes: &[Change], is_accepted: bool) -> Result<(), CliError> {
    let more = |change: &Change| format!("`{}` {}", change.alias, change.needs().join(" and "));
    let wider: Vec<_> = changes.iter().filter(|change| !change.needs().is_empty()).map(more).collect();
    if wider.is_empty() || is_accepted {
        return Ok(());
    }
    let wider = wider.join(", ");
    if question::is_possible() && question::is_agreed(&format!("{wider}. Accept it?")) {
        return Ok(());
    }
    Err(CliError::Usage(format!("{wider}; nothing was changed. Repeat with --accept if that is meant")))
}

/// A change, for people: what will run in place of what, and what it may do more or less.
pub(in crate::commands) fn shown(change: &Change) -> String {
    let style = Style::stdout();
    let Change { alias, from, to, diff } = change;
    let tone = if change.needs().is_empty() { Tone::Good } else { Tone::Bad };
    let pair = |name: &str, from: &str, to: &str| match from == to {
        true => String::new(),
        false => format!("  {name:<9} {}\n         -> {}\n", safe(from), safe(to)),
    };
    let entry = &to.entry;
    let mut text = format!("{}\n", style.paint(tone, alias.as_str()));
    text += &pair("reference", &from.pin.reference, &entry.pin.reference);
    text += &pair("manifest", &from.manifest.to_string(), &entry.manifest.to_string());
    text += &pair("kind", from.pin.kind.name(), entry.pin.kind.name());
    text += &pair("contract", &from.pin.contract, &entry.pin.contract);
    text += &format!("  trusted   {}\n", safe(&why(&to.trusted)));
    diff.to_string().lines().fold(text, |text, line| format!("{text}  {line}\n"))
}

/// What was found of one locked plugin.
struct Verified {
    alias: PluginAlias,
    reference: String,
    trusted: Option<String>,
    problems: Vec<CliError>,
}

impl Verified {
    fn of(supply: &Supply, alias: &PluginAlias, entry: &LockEntry) -> Self {
        let reference = entry.pin.reference.clone();
        let mut found = Self { alias: alias.clone(), reference, trusted: None, problems: Vec::new() };
        match found.reference.parse::<Reference>() {
            Err(error) => found.problems.push(CliError::Usage(error.to_string())),
            Ok(reference) => found.look(supply, &reference, entry),
        }
        found
    }

    /// Each question by itself: one that goes wrong hides no other.
    fn look(&mut self, supply: &Supply, reference: &Reference, entry: &LockEntry) {
        let registry = &supply.registry;
        match registry.resolve(reference) {
            Err(error) => self.problems.push(of_registry(error)),
            Ok(now) if now.manifest != entry.manifest => {
                let moved = pins::moved(&self.alias, entry, &now.manifest.to_string());
                self.problems.push(CliError::Usage(moved));
            }
            Ok(_) => {}
        }
        let held = registry.check_held(entry).and_then(|()| registry.component(entry).map(drop));
        self.problems.extend(held.err().map(of_registry));
        match supply.check_trust_anew(reference, &entry.manifest) {
            Ok(trusted) => self.trusted = Some(why(&trusted)),
            Err(error) => self.problems.push(error),
        }
    }

    fn to_json(&self) -> serde_json::Value {
        let problems: Vec<_> = self.problems.iter().map(CliError::text).collect();
        json!({ "alias": self.alias, "reference": self.reference, "trusted": self.trusted, "problems": problems })
    }
}

pub(super) fn verify(state: &Path, pipeline: &Path, json: bool) -> Result<Exit, CliError> {
    let lock = LockFile::read(&pins::lock_path(pipeline)).map_err(|error| CliError::Usage(chain(&error)))?;
    let supply = Supply::open(&crate::config::Config::read(Path::new("."))?, state)?;
    let found: Vec<_> = lock.plugins.iter().map(|(alias, entry)| Verified::of(&supply, alias, entry)).collect();
    if json {
        let found: Vec<_> = found.iter().map(Verified::to_json).collect();
        crate::output::out!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        found.iter().for_each(print);
    }
    let problems: Vec<_> = found.iter().flat_map(|one| &one.problems).collect();
    let is_of_the_world = |problem: &&CliError| matches!(problem, CliError::Host(_));
    Ok(match problems.as_slice() {
        [] => Exit::Passed,
        problems if problems.iter().all(is_of_the_world) => Exit::Host,
        _ => Exit::Failed,
    })
}

fn print(found: &Verified) {
    let style = Style::stdout();
    let mark = if found.problems.is_empty() { style.good_mark() } else { style.paint(Tone::Bad, "✗") };
    crate::output::out!("{mark} {:<12} {}", found.alias, style.dim(&found.reference));
    if let Some(trusted) = &found.trusted {
        crate::output::out!("  trusted {}", safe(trusted));
    }
    for line in found.problems.iter().map(CliError::text).flat_map(|text| text.lines().map(safe).collect::<Vec<_>>()) {
        crate::output::out!("  {}", style.paint(Tone::Bad, &line));
    }
}

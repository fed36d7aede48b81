//! `plugin update` and `verify`: what is locked beside what there is now.

use std::path::Path;

use lockgate_model::ids::PluginAlias;
use lockgate_planner::edit;
use lockgate_registry::{LockEntry, LockFile, Reference};
use serde_json::json;

use super::pipeline::introduced;
use super::publish::write_whole;
use crate::args::UpdateArgs;
use crate::catalog::read_source;
use crate::exit::{CliError, Exit, chain};
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
    let mut lock = known.clone();
    let mut changes = Vec::new();
    for (alias, named) in &wanted {
        let pinned = pins::pin(&host, named)?;
        match known.plugins.get(alias) {
            None => {
                crate::output::print(&introduced(alias, &pinned));
                lock.plugins.insert(alias.clone(), pinned.entry);
            }
            Some(locked) => changes.extend(pins::change(&host, alias, locked, pinned)),
        }
    }
    changes.iter().for_each(|change| crate::output::print(&shown(change)));
    accept(&changes, args.accept)?;
    if let (Some(to), [(alias, _)]) = (&args.to, wanted.as_slice()) {
        let edited = edit::set_plugin(&read_source(path)?, alias, to).map_err(|error| CliError::Usage(error.to_string()))?;
        write_whole(path, edited.as_bytes())?;
    }
    let style = Style::stdout();
    match changes.len() {
        0 => crate::output::out!("{} everything is as it was locked", style.good_mark()),
        count => crate::output::out!("{} {count} plugins locked anew", style.good_mark()),
    }
    for Change { alias, to, .. } in changes {
        lock.plugins.insert(alias, to.entry);
    }
    Ok(lock.write(&pins::lock_path(path)).map(|()| Exit::Passed)?)
}

/// The plugins that are meant, with the references that they are to stand for.
fn chosen(args: &UpdateArgs) -> Result<Vec<(PluginAlias, String)>, CliError> {
    let all = pins::wanted(&args.pipeline.path)?;
    let known = |alias: &PluginAlias| all.iter().find(|(one, _)| one == alias).cloned();
    let missing = |alias: &PluginAlias| {
        CliError::Usage(format!("{} names no plugin `{alias}`; `lockgate plugin add` does", args.pipeline.path.display()))
    };
    match (&args.to, args.aliases.as_slice()) {
        (Some(to), [alias]) => known(alias).map(|(alias, _)| vec![(alias, to.clone())]).ok_or_else(|| missing(alias)),
        (Some(_), _) => Err(CliError::Usage("--to is for one plugin; name it".to_owned())),
        (None, []) => Ok(all),
        (None, aliases) => aliases.iter().map(|alias| known(alias).ok_or_else(|| missing(alias))).collect(),
    }
}

/// A plugin that wants more than what was accepted needs a yes, or `--accept`. Without it nothing at all is changed.
fn accept(changes: &[Change], is_accepted: bool) -> Result<(), CliError> {
    let wider: Vec<_> = changes.iter().filter(|change| change.diff.is_widening()).collect();
    if wider.is_empty() || is_accepted {
        return Ok(());
    }
    let names: Vec<_> = wider.iter().map(|change| format!("`{}`", change.alias)).collect();
    let names = names.join(", ");
    if question::is_possible() && question::is_agreed(&format!("{names} want more than was accepted. Accept it?")) {
        return Ok(());
    }
    Err(CliError::Usage(format!(
        "{names} want more than was accepted; nothing was changed. Repeat with --accept if that is meant"
    )))
}

fn shown(change: &Change) -> String {
    let style = Style::stdout();
    let Change { alias, from, to, diff } = change;
    let tone = if diff.is_widening() { Tone::Bad } else { Tone::Good };
    let pair = |name: &str, from: &str, to: &str| match from == to {
        true => String::new(),
        false => format!("  {name:<9} {from}\n         -> {to}\n"),
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
    problems: Vec<String>,
}

pub(super) fn verify(state: &Path, pipeline: &Path, json: bool) -> Result<Exit, CliError> {
    let lock = LockFile::read(&pins::lock_path(pipeline)).map_err(|error| CliError::Usage(chain(&error)))?;
    let supply = Supply::open(&crate::config::Config::read(Path::new("."))?, state)?;
    let found: Vec<_> = lock.plugins.iter().map(|(alias, entry)| verified(&supply, alias, entry)).collect();
    if json {
        let found: Vec<_> = found.iter().map(|one| json!({"alias": one.alias, "reference": one.reference, "trusted": one.trusted, "problems": one.problems})).collect();
        crate::output::out!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        found.iter().for_each(print);
    }
    Ok(if found.iter().all(|one| one.problems.is_empty()) { Exit::Passed } else { Exit::Failed })
}

fn verified(supply: &Supply, alias: &PluginAlias, entry: &LockEntry) -> Verified {
    let mut problems = Vec::new();
    let mut trusted = None;
    match entry.pin.reference.parse::<Reference>() {
        Err(error) => problems.push(error.to_string()),
        Ok(reference) => {
            match supply.registry.resolve(&reference) {
                Err(error) => problems.push(chain(&error)),
                Ok(now) if now.manifest != entry.manifest => {
                    problems.push(pins::moved(alias, entry, &now.manifest.to_string()));
                }
                Ok(_) => {}
            }
            problems.extend(supply.registry.component(entry).err().map(|error| chain(&error)));
            match supply.check_trust(&reference, &entry.manifest) {
                Ok(found) => trusted = Some(why(&found)),
                Err(CliError::Usage(message)) => problems.push(message),
                Err(CliError::Host(error)) => problems.push(chain(&*error)),
                Err(CliError::Diagnostics(text)) => problems.push(text),
            }
        }
    }
    Verified { alias: alias.clone(), reference: entry.pin.reference.clone(), trusted, problems }
}

fn print(found: &Verified) {
    let style = Style::stdout();
    let mark = if found.problems.is_empty() { style.good_mark() } else { style.paint(Tone::Bad, "✗") };
    crate::output::out!("{mark} {:<12} {}", found.alias, style.dim(&found.reference));
    if let Some(trusted) = &found.trusted {
        crate::output::out!("  trusted {}", safe(trusted));
    }
    for line in found.problems.iter().flat_map(|problem| problem.lines()) {
        crate::output::out!("  {}", style.paint(Tone::Bad, &safe(line)));
    }
}

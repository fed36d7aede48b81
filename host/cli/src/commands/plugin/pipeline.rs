//! `plugin add`, `remove`, `list`: the plugins of a pipeline.

use std::fmt::Write as _;
use std::path::Path;

use lockgate_authoring::docs;
use lockgate_model::ids::PluginAlias;
use lockgate_planner::{Source, edit};
use lockgate_registry::{LockFile, Reference};

use super::publish::write_whole;
use crate::args::AddArgs;
use crate::catalog::read_source;
use crate::exit::{CliError, Exit};
use crate::host::Host;
use crate::output::safe;
use crate::output::style::Style;
use crate::pins::{self, Pinned};
use crate::supply::why;

pub(super) fn add(state: &Path, args: &AddArgs) -> Result<Exit, CliError> {
    let AddArgs { alias, reference: named, trust, pipeline } = args;
    let reference: Reference = named.parse().map_err(|error| CliError::Usage(format!("{error}")))?;
    if let Some(key) = trust {
        super::trust::add_key(Path::new(crate::config::CONFIG_FILE), &reference, key)?;
    }
    let host = Host::open(state, Path::new("."))?;
    let pinned = pins::pin(&host, named)?;
    let path = &pipeline.path;
    let mut lock = pins::read_lock(path)?;
    check_free(alias, &lock, &pinned)?;
    let edited = match path.exists() {
        true => edit::set_plugin(&read_source(path)?, alias, named).map_err(|error| CliError::Usage(error.to_string()))?,
        false => first_pipeline(alias, &pinned),
    };
    write_whole(path, edited.as_bytes())?;
    crate::output::print(&introduced(alias, &pinned));
    lock.plugins.insert(alias.clone(), pinned.entry);
    lock_the_rest(&host, path, &mut lock)?;
    lock.write(&pins::lock_path(path))?;
    Ok(Exit::Passed)
}

/// An alias that is locked already is changed by `update`, which shows what that means.
fn check_free(alias: &PluginAlias, lock: &LockFile, pinned: &Pinned) -> Result<(), CliError> {
    let Some(locked) = lock.plugins.get(alias) else { return Ok(()) };
    if locked.pin.reference != pinned.entry.pin.reference {
        return Err(CliError::Usage(format!(
            "`{alias}` is locked as {}; see what changes with `lockgate plugin update {alias} --to {}`",
            locked.pin.reference, pinned.entry.pin.reference
        )));
    }
    pins::unmoved(alias, locked, pinned)
}

/// A pipeline of one step, for who has none yet.
fn first_pipeline(alias: &PluginAlias, pinned: &Pinned) -> String {
    let mut descriptor = pinned.descriptor.clone();
    descriptor.name = alias.to_string();
    let pin = &pinned.entry.pin;
    format!("name: first\n{}", docs::example(&descriptor, pin.kind, &pin.reference))
}

/// What else the pipeline names and nobody has locked, the plugin behind `run:` included.
fn lock_the_rest(host: &Host, pipeline: &Path, lock: &mut LockFile) -> Result<(), CliError> {
    for (alias, named) in pins::wanted(pipeline)? {
        if lock.plugins.contains_key(&alias) {
            continue;
        }
        match pins::pin(host, &named) {
            Ok(pinned) => drop(lock.plugins.insert(alias, pinned.entry)),
            Err(CliError::Usage(error)) => crate::output::err!("note: `{alias}` is not locked: {error}"),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What a plugin is that was just pinned, and what it may ask for.
pub(in crate::commands) fn introduced(alias: &PluginAlias, pinned: &Pinned) -> String {
    let style = Style::stdout();
    let pin = &pinned.entry.pin;
    let mut text = format!("{} {alias}: {} {}\n", style.good_mark(), pin.kind, style.dim(&pin.reference));
    let _ = writeln!(text, "  manifest  {}", pinned.entry.manifest);
    let _ = writeln!(text, "  component {}", pin.digest);
    let _ = writeln!(text, "  trusted   {}", safe(&why(&pinned.trusted)));
    for ask in &pinned.entry.asks {
        let optional = if ask.optional { " (optional)" } else { "" };
        let _ = writeln!(text, "  asks      {} {}{optional}: {}", safe(&ask.kind), safe(&ask.pattern), safe(&ask.reason));
    }
    if pinned.entry.asks.is_empty() {
        text.push_str("  asks      nothing\n");
    }
    text
}

pub(super) fn remove(alias: &PluginAlias, pipeline: &Path) -> Result<Exit, CliError> {
    let source = read_source(pipeline)?;
    let uses = edit::uses_of(&source, alias);
    if !uses.is_empty() {
        let lines: Vec<_> = uses.iter().map(|line| format!("{}:{line}", source.name)).collect();
        let message = format!("`{alias}` is used at {}; remove those steps first", lines.join(", "));
        return Err(CliError::Usage(message));
    }
    let mut lock = pins::read_lock(pipeline)?;
    let was_locked = lock.plugins.remove(alias).is_some();
    let edited = edited_without(&source, alias, was_locked)?;
    write_whole(pipeline, edited.as_bytes())?;
    if was_locked {
        lock.write(&pins::lock_path(pipeline))?;
    }
    crate::output::out!("{} {alias} is gone from {}", Style::stdout().good_mark(), source.name);
    Ok(Exit::Passed)
}

/// The plugin behind `run:` stands in the lock file only.
fn edited_without(source: &Source, alias: &PluginAlias, was_locked: bool) -> Result<String, CliError> {
    match edit::remove_plugin(source, alias) {
        Err(_) if was_locked && !is_named(source, alias) => Ok(source.text.clone()),
        edited => edited.map_err(|error| CliError::Usage(error.to_string())),
    }
}

fn is_named(source: &Source, alias: &PluginAlias) -> bool {
    lockgate_planner::references(source).is_ok_and(|all| all.iter().any(|one| one.alias == *alias))
}

pub(super) fn list(pipeline: &Path, json: bool) -> Result<Exit, CliError> {
    let lock = LockFile::read(&pins::lock_path(pipeline)).map_err(|error| CliError::Usage(crate::exit::chain(&error)))?;
    if json {
        let entries: Vec<_> = lock.plugins.iter().map(|(alias, entry)| json_of(alias, entry)).collect();
        crate::output::out!("{}", serde_json::to_string_pretty(&entries)?);
        return Ok(Exit::Passed);
    }
    let style = Style::stdout();
    for (alias, entry) in &lock.plugins {
        let asks: Vec<_> = entry.asks.iter().map(|ask| safe(&format!("{} {}", ask.kind, ask.pattern))).collect();
        let asks = if asks.is_empty() { "nothing".to_owned() } else { asks.join(", ") };
        let pin = &entry.pin;
        crate::output::out!("{alias:<12} {:<15} {} {}", pin.kind, pin.digest.short(), style.dim(&pin.reference));
        crate::output::out!("{:<12} asks for {asks}", "");
    }
    Ok(Exit::Passed)
}

fn json_of(alias: &PluginAlias, entry: &lockgate_registry::LockEntry) -> serde_json::Value {
    let pin = &entry.pin;
    serde_json::json!({
        "alias": alias, "reference": pin.reference, "manifest": entry.manifest, "component": pin.digest,
        "kind": pin.kind, "contract": pin.contract, "asks": entry.asks,
    })
}

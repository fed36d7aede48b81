//! `plugin add`, `remove`, `list`: the plugins of a pipeline.

use std::fmt::Write as _;
use std::path::Path;

use lockgate_authoring::docs;
use lockgate_model::ids::PluginAlias;
use lockgate_planner::{Source, edit};
use lockgate_registry::{LockFile, Reference};

use super::publish::write_whole;
use super::trust::NewRule;
use crate::args::AddArgs;
use crate::catalog::read_for_edit;
use crate::config::CONFIG_FILE;
use crate::exit::{CliError, Exit};
use crate::host::Host;
use crate::output::safe;
use crate::output::style::Style;
use crate::pins::{self, Pinned};
use crate::supply::why;

pub(super) fn add(state: &Path, args: &AddArgs) -> Result<Exit, CliError> {
    let AddArgs { alias, reference: named, trust, pipeline } = args;
    let (path, config) = (&pipeline.path, Path::new(CONFIG_FILE));
    pins::check_alias(alias)?;
    let reference: Reference = named.parse().map_err(|error| CliError::Usage(format!("{error}")))?;
    let rule = trust.as_deref().map(|key| NewRule::prepare(config, &reference, key)).transpose()?;
    let mut host = Host::open(state, Path::new("."))?;
    let lock = pins::read_lock(path)?;
    if let Some(rule) = &rule {
        host.supply = host.supply.with_project_rules(rule.rules.clone());
        check_the_others(&host, &lock)?;
    }
    let pinned = pins::pin(&host, named)?;
    check_free(alias, &lock, &pinned)?;
    let text = edited_with(path, alias, &pinned)?;
    // Nothing is written before all is known; and the lock file before the pipeline, which may have an alias too few but not
    // one too many.
    let introduced = introduced(alias, &pinned);
    rule.iter().try_for_each(|rule| rule.write(config))?;
    pins::write_entries(path, [(alias.clone(), pinned.entry)], |_| true)?;
    write_whole(path, text.as_bytes())?;
    crate::output::print(&introduced);
    Ok(Exit::Passed)
}

/// A first rule makes it a question who signed everything else: whoever adds it hears of that now, not with the next run.
fn check_the_others(host: &Host, lock: &LockFile) -> Result<(), CliError> {
    for (alias, entry) in &lock.plugins {
        let reference: Reference = entry.pin.reference.parse()?;
        host.supply.check_trust(&reference, &entry.manifest).map_err(|error| match error {
            CliError::Usage(refused) => CliError::Usage(format!(
                "with the new [[trust]] rule, `{alias}` could not be used any more, and nothing was changed: {refused}"
            )),
            other => other,
        })?;
    }
    Ok(())
}

/// The pipeline with the plugin in it; a first one where there is none.
fn edited_with(path: &Path, alias: &PluginAlias, pinned: &Pinned) -> Result<String, CliError> {
    let named = &pinned.entry.pin.reference;
    let edit =
        |source: &Source| edit::set_plugin(source, alias, named).map_err(|error| CliError::Usage(error.to_string()));
    if path.exists() {
        return edit(&read_for_edit(path)?);
    }
    let name = path.display().to_string();
    let first = Source { name: name.clone(), text: first_pipeline(alias, pinned) };
    if is_named(&first, alias) { Ok(first.text) } else { edit(&Source { name, text: "name: first\n".to_owned() }) }
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

/// A pipeline of one step, for who has none yet. It grants nothing: that is for a person to write.
fn first_pipeline(alias: &PluginAlias, pinned: &Pinned) -> String {
    let mut descriptor = pinned.descriptor.clone();
    descriptor.name = alias.to_string();
    descriptor.asks.clear();
    let pin = &pinned.entry.pin;
    format!("name: first\n{}", docs::example(&descriptor, pin.kind, &pin.reference))
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
        let _ =
            writeln!(text, "  asks      {} {}{optional}: {}", safe(&ask.kind), safe(&ask.pattern), safe(&ask.reason));
    }
    if pinned.entry.asks.is_empty() {
        text.push_str("  asks      nothing\n");
    }
    text
}

pub(super) fn remove(alias: &PluginAlias, pipeline: &Path) -> Result<Exit, CliError> {
    let source = read_for_edit(pipeline)?;
    let uses = lockgate_planner::uses_of(&source, alias.as_str());
    if !uses.is_empty() {
        let lines: Vec<_> = uses.iter().map(|line| format!("{}:{line}", source.name)).collect();
        let message = format!("`{alias}` is used at {}; remove that first", lines.join(", "));
        return Err(CliError::Usage(message));
    }
    let is_locked = pins::read_lock(pipeline)?.plugins.contains_key(alias);
    if is_named(&source, alias) || !is_locked {
        let edited = edit::remove_plugin(&source, alias).map_err(|error| CliError::Usage(error.to_string()))?;
        write_whole(pipeline, edited.as_bytes())?;
    }
    if is_locked {
        pins::write_entries(pipeline, [], |one| one != alias)?;
    }
    crate::output::out!("{} {alias} is gone from {}", Style::stdout().good_mark(), source.name);
    Ok(Exit::Passed)
}

fn is_named(source: &Source, alias: &PluginAlias) -> bool {
    lockgate_planner::references(source).is_ok_and(|all| all.iter().any(|one| one.alias == *alias))
}

pub(super) fn list(pipeline: &Path, json: bool) -> Result<Exit, CliError> {
    let lock =
        LockFile::read(&pins::lock_path(pipeline)).map_err(|error| CliError::Usage(crate::exit::chain(&error)))?;
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

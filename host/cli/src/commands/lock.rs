//! `lock`, and the offer to lock that `run` makes.

use std::path::{Path, PathBuf};

use lockgate_model::ids::PluginAlias;
use lockgate_registry::LockFile;

use super::plugin::{agree, introduced, shown};
use crate::exit::{CliError, Exit};
use crate::host::Host;
use crate::output::style::Style;
use crate::output::{question, safe};
use crate::pins;

pub(crate) fn lock(state: &Path, files: &[PathBuf], is_accepted: bool) -> Result<Exit, CliError> {
    let host = Host::open(state, Path::new("."))?;
    let style = Style::stdout();
    for file in files {
        let lock = lock_file(&host, file, is_accepted)?;
        let path = pins::lock_path(file);
        crate::output::out!("{} {} plugins in {}", style.good_mark(), lock.plugins.len(), path.display());
        for (alias, entry) in &lock.plugins {
            let pin = &entry.pin;
            crate::output::out!("  {alias:<12} {:<15} {} {}", pin.kind, pin.digest.short(), style.dim(&pin.reference));
        }
    }
    Ok(Exit::Passed)
}

/// Pins what a pipeline names. What is locked already must still be what its tag stands for; where the pipeline names
/// another reference now, what that may do more has to be agreed to.
fn lock_file(host: &Host, pipeline: &Path, is_accepted: bool) -> Result<LockFile, CliError> {
    let (wanted, known) = (pins::wanted(pipeline)?, pins::read_lock(pipeline)?);
    let (mut entries, mut changes) = (Vec::new(), Vec::new());
    for (alias, named) in &wanted {
        let pinned = pins::pin(host, named)?;
        match known.plugins.get(alias) {
            None => entries.push((alias.clone(), pinned.entry)),
            Some(locked) => {
                pins::unmoved(alias, locked, &pinned)?;
                changes.extend(pins::change(host, alias, locked, pinned));
            }
        }
    }
    changes.iter().for_each(|change| crate::output::print(&shown(change)));
    agree(&changes, is_accepted)?;
    entries.extend(changes.into_iter().map(|change| (change.alias, change.to.entry)));
    pins::write_entries(pipeline, entries, |alias| wanted.iter().any(|(one, _)| one == alias))
}

/// Where somebody is there to answer, plugins that are not locked yet are shown and, with a yes, pinned rather than refused.
/// Nothing that is locked is changed by it.
pub(crate) fn offer(host: &Host, pipeline: &Path) -> Result<(), CliError> {
    if !question::is_possible() {
        return Ok(());
    }
    // A file that cannot be read, or a lock file that is wrong, is reported by what comes next.
    let (Ok(wanted), Ok(known)) = (pins::wanted(pipeline), pins::read_lock(pipeline)) else { return Ok(()) };
    let missing = missing(&wanted, &known);
    if missing.is_empty() {
        return Ok(());
    }
    let mut entries = Vec::new();
    crate::output::err!("these plugins are not locked yet:");
    for (alias, named) in missing {
        match pins::pin(host, named) {
            Ok(pinned) => {
                crate::output::note(&introduced(alias, &pinned));
                entries.push((alias.clone(), pinned.entry));
            }
            Err(error) => {
                crate::output::err!("{alias}: {}", safe(named));
                return Err(error);
            }
        }
    }
    if question::is_agreed(&format!("pin them in {}?", pins::lock_path(pipeline).display())) {
        pins::write_entries(pipeline, entries, |_| true)?;
    }
    Ok(())
}

fn missing<'a>(wanted: &'a [(PluginAlias, String)], known: &LockFile) -> Vec<(&'a PluginAlias, &'a String)> {
    let is_new = |(alias, _): &&(PluginAlias, String)| !known.plugins.contains_key(alias);
    wanted.iter().filter(is_new).map(|(alias, named)| (alias, named)).collect()
}

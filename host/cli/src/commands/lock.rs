//! `lock`, and the offer to lock that `run` makes.

use std::path::{Path, PathBuf};

use lockgate_model::ids::PluginAlias;
use lockgate_registry::LockFile;

use crate::exit::{CliError, Exit};
use crate::host::Host;
use crate::output::question;
use crate::output::style::Style;
use crate::pins;

pub(crate) fn lock(state: &Path, files: &[PathBuf]) -> Result<Exit, CliError> {
    let host = Host::open(state, Path::new("."))?;
    let style = Style::stdout();
    for file in files {
        let lock = pins::lock(&host, file)?;
        let path = pins::lock_path(file);
        lock.write(&path)?;
        crate::output::out!("{} {} plugins in {}", style.good_mark(), lock.plugins.len(), path.display());
        for (alias, entry) in &lock.plugins {
            let pin = &entry.pin;
            crate::output::out!("  {alias:<12} {:<15} {} {}", pin.kind, pin.digest.short(), style.dim(&pin.reference));
        }
    }
    Ok(Exit::Passed)
}

/// Where somebody is there to answer, plugins that are not locked yet are pinned now rather than refused. Nothing that is
/// locked is changed by it.
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
    let names: Vec<_> = missing.iter().map(|(alias, named)| format!("  {alias}: {named}")).collect();
    crate::output::err!("these plugins are not locked:\n{}", names.join("\n"));
    if !question::is_agreed(&format!("pin them in {} as they are now?", pins::lock_path(pipeline).display())) {
        return Ok(());
    }
    let mut lock = known;
    for (alias, named) in missing {
        let pinned = pins::pin(host, named)?;
        crate::output::note(&super::plugin::introduced(alias, &pinned));
        lock.plugins.insert(alias.clone(), pinned.entry);
    }
    Ok(lock.write(&pins::lock_path(pipeline))?)
}

fn missing<'a>(wanted: &'a [(PluginAlias, String)], known: &LockFile) -> Vec<(&'a PluginAlias, &'a String)> {
    let is_new = |(alias, _): &&(PluginAlias, String)| !known.plugins.contains_key(alias);
    wanted.iter().filter(is_new).map(|(alias, named)| (alias, named)).collect()
}

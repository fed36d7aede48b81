//! `cache`: what is kept, and whether it is whole.

use std::path::Path;

use lockgate_model::ids::Digest;
use lockgate_ports::Blobs;

use crate::args::CacheCommand;
use crate::exit::{CliError, Exit};
use crate::host::Stores;

const MIB: u64 = 1024 * 1024;

pub(crate) fn cache(state: &Path, command: &CacheCommand) -> Result<Exit, CliError> {
    let stores = Stores::open_existing(state)?;
    match command {
        CacheCommand::Stats { json } => stats(&stores, *json),
        CacheCommand::Prune { keep } => prune(&stores, keep.saturating_mul(MIB)),
        CacheCommand::Verify => verify(&stores),
    }
}

fn stats(stores: &Stores, as_json: bool) -> Result<Exit, CliError> {
    let stats = stores.database.cache_stats()?;
    if as_json {
        crate::output::out!("{}", serde_json::to_string(&stats)?);
        return Ok(Exit::Passed);
    }
    if stats.is_empty() {
        crate::output::out!("nothing is kept yet");
    }
    for namespace in &stats {
        let what = match namespace.namespace.trim_end_matches("@untrusted") {
            "call" => "answers of plugins",
            "questions" => "what readers asked of their trees",
            "action" => "results of native commands",
            _ => "other values",
        };
        let (entries, bytes) = (namespace.entries, namespace.bytes);
        crate::output::out!("{:<20} {entries:>8} entries {bytes:>12} bytes  {what}", namespace.namespace);
    }
    Ok(Exit::Passed)
}

fn prune(stores: &Stores, bytes_max: u64) -> Result<Exit, CliError> {
    let count = |stats: &[lockgate_ports::cache::NamespaceStats]| stats.iter().map(|it| it.entries).sum::<u64>();
    let before = count(&stores.database.cache_stats()?);
    stores.database.prune_cache(bytes_max)?;
    let after = count(&stores.database.cache_stats()?);
    crate::output::out!("forgot {} answers; {after} are left", before.saturating_sub(after));
    Ok(Exit::Passed)
}

/// A value that cannot be read, or that names a blob which is missing or damaged, would be a miss when it is asked for;
/// here it is found, said, and forgotten.
fn verify(stores: &Stores) -> Result<Exit, CliError> {
    let (mut checked, mut broken) = (0_u64, Vec::new());
    stores.database.each_cached(|namespace, key, value| {
        checked += 1;
        if let Err(why) = check(namespace, value, &*stores.blobs) {
            broken.push((namespace.to_owned(), key, why));
        }
    })?;
    for (namespace, key, why) in &broken {
        crate::output::out!("{namespace} {key}: {why}; forgotten");
    }
    let keys: Vec<(String, Digest)> = broken.into_iter().map(|(namespace, key, _)| (namespace, key)).collect();
    let bad = keys.len();
    stores.database.forget_cached(keys)?;
    crate::output::out!("{checked} values, {bad} of them damaged");
    Ok(if bad == 0 { Exit::Passed } else { Exit::Failed })
}

fn check(namespace: &str, value: &[u8], blobs: &dyn Blobs) -> Result<(), String> {
    match namespace.trim_end_matches("@untrusted") {
        "call" => lockgate_sandbox::check_kept_answer(value),
        "questions" => lockgate_sandbox::check_kept_questions(value),
        "action" => lockgate_tools::check_kept(value, blobs),
        other => Err(format!("nobody reads the namespace `{other}`")),
    }
}

//! What differs between two attempts, in words.

use std::collections::{BTreeMap, BTreeSet};

use lockgate_engine::run::perform::Task;
use lockgate_model::Json;
use lockgate_model::event::EvidenceRef;
use lockgate_model::host_call::FunctionCall;
use lockgate_model::ids::Digest;
use lockgate_model::plan::StepAction;
use lockgate_model::tree::TreeFile;

/// Differences of one sort that are listed; of more, the number is said.
const LISTED_MAX: usize = 20;

/// Component, configuration, and the proof that was shown.
pub(super) fn of_tasks(now: &Task, then: &Task) -> Vec<String> {
    let mut found = Vec::new();
    if let (StepAction::Plugin { pin: now, .. }, StepAction::Plugin { pin: then, .. }) =
        (&now.step().action, &then.step().action)
        && now.digest != then.digest
    {
        found.push(format!("the plugin: {} then, {} now", then.digest, now.digest));
    }
    if now.config() != then.config() {
        let (now, then) = (now.config().unwrap_or(&Json::Null), then.config().unwrap_or(&Json::Null));
        found.extend(of_json("with", then, now));
    }
    found.extend(of_evidence(now, then));
    capped(found)
}

fn of_json(path: &str, then: &Json, now: &Json) -> Vec<String> {
    match (then, now) {
        (Json::Object(then), Json::Object(now)) => {
            let keys: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
            let of = |map: &serde_json::Map<String, Json>, key: &str| map.get(key).cloned().unwrap_or(Json::Null);
            keys.into_iter().flat_map(|key| of_json(&format!("{path}.{key}"), &of(then, key), &of(now, key))).collect()
        }
        (then, now) if then == now => Vec::new(),
        (then, now) => vec![format!("{path}: {then} then, {now} now")],
    }
}

fn of_evidence(now: &Task, then: &Task) -> Vec<String> {
    let by_step = |task: &Task| -> BTreeMap<String, Digest> {
        let digest = |body: &EvidenceRef| match body {
            EvidenceRef::Blob(digest) => *digest,
            other => Digest::of(&serde_json::to_vec(other).unwrap_or_default()),
        };
        task.exhibits().map(|(step, body)| (step, digest(body))).collect()
    };
    let (now, then) = (by_step(now), by_step(then));
    let steps: BTreeSet<&String> = now.keys().chain(then.keys()).collect();
    let changed = steps.into_iter().filter(|step| now.get(*step) != then.get(*step));
    changed.map(|step| format!("what step `{step}` proved")).collect()
}

/// Files that are new, gone or, where their bytes matter, changed.
pub(super) fn of_files(then: &[TreeFile], now: &[TreeFile], bytes_matter: bool) -> Vec<String> {
    let by_path = |files: &[TreeFile]| -> BTreeMap<String, Digest> {
        files.iter().map(|file| (file.path.clone(), file.digest)).collect()
    };
    let (then, now) = (by_path(then), by_path(now));
    let paths: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let sentence = |path: &String| match (then.get(path), now.get(path)) {
        (Some(then), Some(now)) if then != now && bytes_matter => Some(format!("input `{path}` has other bytes")),
        (Some(_), None) => Some(format!("input `{path}` is gone")),
        (None, Some(_)) => Some(format!("input `{path}` is new")),
        _ => None,
    };
    capped(paths.into_iter().filter_map(sentence).collect())
}

/// Parts of the keys of two commands. Files are told of one by one elsewhere.
pub(super) fn of_keys(then: &FunctionCall, now: &FunctionCall) -> Vec<String> {
    let names: BTreeSet<&str> = parts(then).chain(parts(now)).map(|(name, _)| name).collect();
    let is_told_elsewhere = |name: &&str| matches!(*name, "not kept" | "input files");
    let changed = names.into_iter().filter(|name| !is_told_elsewhere(name) && part(then, name) != part(now, name));
    let shown = |value: Option<&str>| value.map_or_else(|| "nothing".to_owned(), |value| format!("`{value}`"));
    capped(
        changed
            .map(|name| format!("{name}: {} then, {} now", shown(part(then, name)), shown(part(now, name))))
            .collect(),
    )
}

/// A part of a command's key.
pub(super) fn part<'a>(command: &'a FunctionCall, wanted: &str) -> Option<&'a str> {
    parts(command).find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

fn parts(command: &FunctionCall) -> impl Iterator<Item = (&str, &str)> {
    let key = command.result["key"].as_array();
    key.into_iter().flatten().filter_map(|part| Some((part[0].as_str()?, part[1].as_str()?)))
}

/// A command in a line.
pub(super) fn argv(command: &FunctionCall) -> String {
    let argv = command.arguments["argv"].as_array();
    let words: Vec<&str> = argv.into_iter().flatten().filter_map(Json::as_str).collect();
    format!("`{}`", words.join(" "))
}

fn capped(mut found: Vec<String>) -> Vec<String> {
    if found.len() > LISTED_MAX {
        let more = found.len() - LISTED_MAX;
        found.truncate(LISTED_MAX);
        found.push(format!("and {more} more"));
    }
    found
}

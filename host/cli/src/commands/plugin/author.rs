//! `plugin new`, `build`, `test`, `inspect`, `docs`: for who writes plugins, and who looks at them.

use std::collections::BTreeMap;
use std::path::Path;

use lockgate_authoring::build::{self, Built};
use lockgate_authoring::inspect::{self, Report};
use lockgate_authoring::new::{Request, Sdk};
use lockgate_authoring::{Host as Authoring, cases, docs, new as authoring_new};
use lockgate_model::Json;
use lockgate_model::call::Kind;
use serde_json::json;

use super::find::{Found, find, read_component};
use crate::exit::{CliError, Exit, chain};
use crate::host::Host;
use crate::output::safe;
use crate::supply::{Supply, why};

/// How `plugin test` was asked for.
pub(super) struct TestOptions<'a> {
    pub(super) filter: Option<&'a str>,
    pub(super) accept: bool,
    pub(super) json: bool,
}

pub(super) fn new(kind: Kind, name: &str, sdk: Option<&Path>) -> Result<Exit, CliError> {
    let sdk = sdk.map_or(Sdk::Vendored, Sdk::Path);
    let request = Request { kind, name, parent: Path::new("."), sdk };
    let created = authoring_new::new(&request).map_err(|error| CliError::Usage(chain(&error)))?;
    crate::output::out!("{created}");
    Ok(Exit::Passed)
}

pub(super) fn build(state: &Path, folder: &Path, json: bool) -> Result<Exit, CliError> {
    let built = build_in(state, folder)?;
    match json {
        true => crate::output::out!("{}", serde_json::to_string_pretty(&built)?),
        false => crate::output::out!("{built}"),
    }
    Ok(Exit::Passed)
}

/// Builds the plugin in a folder, and asks it what it is.
pub(super) fn build_in(state: &Path, folder: &Path) -> Result<Built, CliError> {
    let host = Host::open(state, folder)?;
    built(&host, folder)
}

fn built(host: &Host, folder: &Path) -> Result<Built, CliError> {
    let options = build::Options { target_folder: None, host: Some(asking(host)) };
    build::build(folder, &options, &|what| crate::output::err!("{what}")).map_err(|error| {
        let remedy = error.remedy().map(|remedy| format!("\n  what to do: {remedy}")).unwrap_or_default();
        CliError::Usage(format!("{}{remedy}", chain(&error)))
    })
}

pub(super) fn test(state: &Path, folder: &Path, options: &TestOptions<'_>) -> Result<Exit, CliError> {
    // The tools that a case may be granted are those of the plugin's own lockgate.toml.
    let host = Host::open(state, folder)?;
    let component = read_component(&built(&host, folder)?.path)?;
    let check_config = |schema: &Json, config: &Json| {
        let faults = lockgate_planner::check_config(schema, config).err().unwrap_or_default();
        faults.iter().map(ToString::to_string).collect()
    };
    let asked = cases::Options { filter: options.filter, accept: options.accept, check_config: &check_config };
    let report =
        cases::run(folder, &component, &asking(&host), &asked).map_err(|error| CliError::Usage(chain(&error)))?;
    match options.json {
        true => crate::output::out!("{}", serde_json::to_string_pretty(&report)?),
        false => crate::output::out!("{report}"),
    }
    Ok(if report.is_good() { Exit::Passed } else { Exit::Failed })
}

pub(super) fn inspect(state: &Path, named: &str, run: bool, json: bool) -> Result<Exit, CliError> {
    let host = Host::open(state, Path::new("."))?;
    let found = find(&host.supply, named)?;
    if run {
        found.check_trust(&host.supply)?;
    }
    let report = report(&host, &found, run)?;
    let trust = trust_of(&host.supply, &found);
    if json {
        let (manifest, reference) = match &found.origin {
            Some((reference, manifest)) => (Some(manifest), Some(reference)),
            None => (None, None),
        };
        let all = json!({ "reference": reference, "manifest": manifest, "trust": trust, "plugin": report });
        crate::output::out!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(Exit::Passed);
    }
    if let Some((reference, manifest)) = &found.origin {
        crate::output::out!("reference {reference}\nmanifest  {manifest}");
    }
    crate::output::out!("{report}");
    trust.iter().flat_map(|trust| trust.lines()).for_each(|line| crate::output::out!("trust     {}", safe(line)));
    Ok(Exit::Passed)
}

fn report(host: &Host, found: &Found, run: bool) -> Result<Report, CliError> {
    let asking = asking(host);
    inspect::inspect(&found.component, run.then_some(&asking)).map_err(|error| CliError::Usage(chain(&error)))
}

/// What the trust rules say, for people: a refusal is a fact here, and not the end.
fn trust_of(supply: &Supply, found: &Found) -> Option<String> {
    let (reference, manifest) = found.origin.as_ref()?;
    Some(match supply.check_trust(reference, manifest) {
        Ok(trusted) => why(&trusted),
        Err(failed @ CliError::Host(_)) => format!("not known: {}", failed.text()),
        Err(refused) => refused.text(),
    })
}

pub(super) fn docs(state: &Path, named: &str) -> Result<Exit, CliError> {
    let host = Host::open(state, Path::new("."))?;
    let found = find(&host.supply, named)?;
    // Where the plugin does not carry its own description it is asked: then the rules come first.
    let known = report(&host, &found, false)?;
    let known = match known.about {
        Some(_) => known,
        None => {
            found.check_trust(&host.supply)?;
            report(&host, &found, true)?
        }
    };
    let reference = found.origin.as_ref().map(|(reference, _)| reference.to_string());
    let about = known.about.ok_or_else(|| CliError::host("the plugin did not say what it is"))?;
    crate::output::print(&docs::markdown(&about.descriptor, known.kind, reference.as_deref()));
    Ok(Exit::Passed)
}

/// What the component's own metadata says, as notes of its manifest.
pub(super) fn annotations_of(component: &[u8]) -> Result<BTreeMap<String, String>, CliError> {
    let report = inspect::inspect(component, None).map_err(|error| CliError::Usage(chain(&error)))?;
    Ok(report.metadata.annotations())
}

fn asking(host: &Host) -> Authoring<'_> {
    Authoring { sandbox: &*host.sandbox, blobs: &*host.stores.blobs }
}

//! `explain`: hit or miss, and what differed.

use std::path::Path;

use lockgate_engine::drive;
use lockgate_journal::explain::{Explanation, Finding, Sources};
use lockgate_model::ids::RunId;

use crate::attempts;
use crate::exit::{CliError, Exit};
use crate::host::Host;
use crate::output::safe;
use crate::output::style::{Style, Tone};
use crate::run_ref;

/// Runs before the one that is explained that are looked through.
const EARLIER_RUNS: usize = 50;

pub(crate) fn explain(state: &Path, named: &str, step: Option<&str>, as_json: bool) -> Result<Exit, CliError> {
    crate::host::Stores::open_existing(state)?;
    let host = Host::open(state, Path::new("."))?;
    let stores = &host.stores;
    let run = run_ref::find(stores.log(), named)?;
    let (run_state, _) = drive::load(stores.log(), &*stores.blobs, &run)?;
    let earlier = earlier(&host, &run)?;
    let sources = Sources {
        log: stores.log(),
        blobs: &*stores.blobs,
        journal: &*stores.journal,
        workspaces: &*host.workspaces,
        trees: &*host.workspaces,
    };
    for attempt in attempts::ended(&run_state, &run, step)? {
        let explanation = sources.explain(&attempt, &earlier)?;
        match as_json {
            true => crate::output::out!("{}", serde_json::to_string(&explanation)?),
            false => crate::output::print(&text(&explanation, Style::stdout())),
        }
    }
    Ok(Exit::Passed)
}

fn earlier(host: &Host, run: &RunId) -> Result<Vec<RunId>, CliError> {
    let rows = run_ref::rows(host.stores.log(), usize::MAX / 2)?;
    let before = rows.into_iter().map(|row| row.run).skip_while(|other| other != run).skip(1);
    Ok(before.take(EARLIER_RUNS).collect())
}

fn text(explanation: &Explanation, style: Style) -> String {
    let mut text = format!("{}\n", style.bold(&explanation.attempt));
    if explanation.findings.is_empty() {
        text.push_str("  nothing in it is kept: it is no pure kind, no scanner, and ran no native command\n");
    }
    for finding in &explanation.findings {
        text.push_str(&of_finding(finding, explanation.compared_with.as_deref(), style));
    }
    text
}

fn of_finding(finding: &Finding, compared_with: Option<&str>, style: Style) -> String {
    let what = safe(&finding.what);
    if let Some(origin) = &finding.known_from {
        return format!("  {} {what}: known from {origin}\n", style.paint(Tone::Good, "hit "));
    }
    let mut text = format!("  {} {what}", style.paint(Tone::Busy, "miss"));
    match compared_with {
        None => text.push_str(": there is no earlier attempt of this step\n"),
        Some(earlier) if finding.differences.is_empty() => {
            text.push_str(&format!(": nothing differs from {earlier}, so its result was not kept, or is pruned\n"));
        }
        Some(earlier) => text.push_str(&format!(": beside {earlier}\n")),
    }
    for difference in &finding.differences {
        text.push_str(&format!("       {}\n", safe(difference)));
    }
    if let Some(why) = &finding.not_kept {
        text.push_str(&style.dim(&format!("       this result is not kept: {}\n", safe(why))));
    }
    text
}

//! `doctor`: what this machine can do, and how to mend what it cannot.

use std::path::Path;

use lockgate_ports::Tools;

use crate::config::{FIRST_PARTY_PREFIX, SHELL_REFERENCE};
use crate::exit::{CliError, Exit};
use crate::host::Host;
use crate::output::style::{Style, Tone};

pub(crate) fn doctor(state: &Path) -> Result<Exit, CliError> {
    let style = Style::stdout();
    let host = Host::open(state, Path::new("."))?;
    good(style, "state", &format!("{} can be written, commits reach the disk (WAL, FULL)", state.display()));
    good(style, "components", "wasmtime runs, with pooled instances and epochs");
    let mut all_good = plugins(&host, style);
    for check in host.tools.diagnose() {
        if check.ok {
            good(style, check.name, &check.detail);
        } else {
            all_good = false;
            bad(style, check.name, &check.detail, check.remedy.as_deref().unwrap_or_default());
        }
    }
    let names: Vec<String> = host.tools.names().iter().map(ToString::to_string).collect();
    good(style, "tools", &format!("may be granted: {}", names.join(", ")));
    Ok(if all_good { Exit::Passed } else { Exit::Host })
}

fn plugins(host: &Host, style: Style) -> bool {
    let registry = &host.supply.registry;
    let found = SHELL_REFERENCE
        .parse()
        .map_err(|error| format!("{error}"))
        .and_then(|reference| registry.resolve(&reference).map_err(|error| crate::exit::chain(&error)));
    match &found {
        Ok(resolved) => {
            good(
                style,
                "plugins",
                &format!("{FIRST_PARTY_PREFIX} is mirrored here ({})", resolved.component.digest.short()),
            );
        }
        Err(error) => bad(style, "plugins", error, "cargo xtask plugins"),
    }
    found.is_ok()
}

fn good(style: Style, name: &str, detail: &str) {
    crate::output::out!("{} {name:<14} {detail}", style.good_mark());
}

fn bad(style: Style, name: &str, detail: &str, remedy: &str) {
    crate::output::out!("{} {name:<14} {detail}", style.paint(Tone::Bad, "✗"));
    if !remedy.is_empty() {
        crate::output::out!("  {:<14} to mend it: {remedy}", "");
    }
}

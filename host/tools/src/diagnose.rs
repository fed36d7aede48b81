//! What `lockgate doctor` says of the native sandbox.

use std::path::Path;

use lockgate_ports::ToolError;

use crate::bubblewrap::{INSTALL, VERSION_MIN, find, probe, remedy, version};
use crate::limits::Limits;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// Whether native tools can run with it as it is.
    pub ok: bool,
    /// What was found.
    pub detail: String,
    /// What to do, where something is to be done.
    pub remedy: Option<String>,
}

impl Check {
    fn good(name: &'static str, detail: String) -> Self {
        Self { name, ok: true, detail, remedy: None }
    }

    fn bad(name: &'static str, detail: String, remedy: String) -> Self {
        Self { name, ok: false, detail, remedy: Some(remedy) }
    }
}

/// Looks at bubblewrap, at user namespaces and at the limits.
pub(crate) fn diagnose(named: Option<&Path>, limits: &Limits) -> Vec<Check> {
    let bwrap = match find(named) {
        Ok(bwrap) => bwrap,
        Err(error) => {
            return vec![Check::bad("bubblewrap", error.to_string(), INSTALL.to_owned()), limits_check(limits)];
        }
    };
    vec![version_check(&bwrap), namespaces_check(&bwrap), user_check(), limits_check(limits)]
}

fn version_check(bwrap: &Path) -> Check {
    let (major, minor) = VERSION_MIN;
    let newer = format!("install bubblewrap {major}.{minor} or newer");
    match version(bwrap) {
        Ok(found) if found >= VERSION_MIN => {
            Check::good("bubblewrap", format!("{} {}.{}", bwrap.display(), found.0, found.1))
        }
        Ok(found) => Check::bad("bubblewrap", format!("{} {}.{} is too old", bwrap.display(), found.0, found.1), newer),
        Err(text) => Check::bad("bubblewrap", text, newer),
    }
}

fn namespaces_check(bwrap: &Path) -> Check {
    match probe(bwrap) {
        Ok(()) => Check::good("user namespaces", "an empty sandbox was made and left".to_owned()),
        Err(text) => Check::bad("user namespaces", text, remedy()),
    }
}

/// Root works, but is not advised: its uid outside is that of every command inside.
fn user_check() -> Check {
    if !rustix::process::getuid().is_root() {
        return Check::good("user", "commands run with the rights of an ordinary user".to_owned());
    }
    let remedy = Some("run lockgate as a user of its own".to_owned());
    let detail = "this is root: a command that escaped its sandbox would be root, without capabilities".to_owned();
    Check { name: "user", ok: true, detail, remedy }
}

fn limits_check(limits: &Limits) -> Check {
    let threads = if rustix::process::getuid().is_root() {
        "threads of the user: not limited (the kernel's limit does not bind root; run as another user)".to_owned()
    } else {
        format!("threads of the user: {}", limits.user_threads_max)
    };
    let detail = format!(
        "in force: {} processes of a command (watched), {threads}, {} open files, {} bytes of a file, {} bytes in /tmp, \
         no core dumps, wall time. Not limited: memory and CPU",
        limits.processes_max, limits.open_files_max, limits.file_bytes_max, limits.temporary_bytes_max
    );
    Check::good("limits", detail)
}

/// Why a command was not started: namespaces that cannot be made, or something else that bubblewrap says.
pub(crate) fn why_not_started(bwrap: &Path, said: &[u8]) -> ToolError {
    let check = version_check(bwrap);
    if !check.ok {
        let remedy = check.remedy.unwrap_or_default();
        return ToolError::Unavailable(format!("no tool runs without its sandbox: {}; {remedy}", check.detail));
    }
    if let Err(text) = probe(bwrap) {
        return ToolError::Unavailable(format!("the sandbox cannot be made, and no tool runs without it: {text}"));
    }
    let said = String::from_utf8_lossy(said).trim().to_owned();
    ToolError::Faulted(format!("bubblewrap did not start the command: {said}"))
}

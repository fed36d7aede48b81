//! bubblewrap: finding it, telling it what the command may see, and saying what is in its way.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lockgate_ports::ToolError;

use crate::limits::Limits;
use crate::request::{Request, WORKSPACE};
use crate::stage::Stage;

/// The first version with `--disable-userns`, which keeps a command from making namespaces of its own.
pub(crate) const VERSION_MIN: (u32, u32) = (0, 8);

/// What to do when it is absent.
pub(crate) const INSTALL: &str =
    "install it (Debian, Ubuntu: `apt-get install bubblewrap`; Fedora: `dnf install bubblewrap`)";

/// Settings of the kernel that can forbid user namespaces, the value that does, and what to do.
const OBSTACLES: [(&str, &str, &str); 3] = [
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "run `sysctl kernel.unprivileged_userns_clone=1` as root"),
    ("/proc/sys/user/max_user_namespaces", "0", "run `sysctl user.max_user_namespaces=15000` as root"),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "allow bwrap in an AppArmor profile, or run `sysctl kernel.apparmor_restrict_unprivileged_userns=0` as root",
    ),
];

/// The program, where it was named or on `PATH`.
pub(crate) fn find(named: Option<&Path>) -> Result<PathBuf, ToolError> {
    let search =
        || std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join("bwrap")).find(|p| p.is_file());
    let found = match named {
        Some(path) => path.is_file().then(|| path.to_owned()),
        None => search(),
    };
    let place = named.map_or("on PATH".to_owned(), |path| format!("at {}", path.display()));
    found.ok_or_else(|| {
        ToolError::Unavailable(format!(
            "there is no bubblewrap {place}, and no tool runs without its sandbox; {INSTALL}"
        ))
    })
}

/// Its version as it says it, or why it does not.
pub(crate) fn version(bwrap: &Path) -> Result<(u32, u32), String> {
    let output = Command::new(bwrap).arg("--version").stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{} does not start: {error}", bwrap.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<u32> =
        text.trim().rsplit(' ').next().unwrap_or("").split('.').map_while(|n| n.parse().ok()).collect();
    match numbers.as_slice() {
        [major, minor, ..] => Ok((*major, *minor)),
        _ => Err(format!("{} has no version that can be read", bwrap.display())),
    }
}

/// Makes an empty sandbox; the error is what bubblewrap says and what to do.
pub(crate) fn probe(bwrap: &Path) -> Result<(), String> {
    let mut command = Command::new(bwrap);
    command.args(NAMESPACES).args(["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--"]);
    let output = command.arg(bwrap).arg("--version").stdin(Stdio::null()).env_clear().output();
    let output = output.map_err(|error| format!("{} does not start: {error}", bwrap.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(format!("{said}; {}", remedy()))
}

/// What is in the way of user namespaces here.
pub(crate) fn remedy() -> String {
    let is_set = |path: &str, value: &str| std::fs::read_to_string(path).is_ok_and(|found| found.trim() == value);
    let found: Vec<&str> =
        OBSTACLES.iter().filter(|(path, value, _)| is_set(path, value)).map(|(.., then)| *then).collect();
    if found.is_empty() {
        return "this machine does not let bubblewrap make namespaces; inside a container, start that with \
                `--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined`"
            .to_owned();
    }
    found.join(", and ")
}

/// Everything of its own, no capability, no way to make further namespaces, and a death with the host's.
const NAMESPACES: [&str; 13] = [
    "--unshare-all",
    "--unshare-user",
    "--disable-userns",
    "--uid",
    "1000",
    "--gid",
    "1000",
    "--cap-drop",
    "ALL",
    "--hostname",
    "lockgate",
    "--die-with-parent",
    "--new-session",
];

/// bubblewrap's options for a command, in the order in which it carries them out. They are handed over by `--args`: on
/// the command line every user of the host could read the environment.
pub(crate) fn options(stage: &Stage, request: &Request, limits: &Limits) -> Vec<String> {
    let mut options: Vec<String> = NAMESPACES.iter().map(ToString::to_string).collect();
    let mut add = |words: &[&str]| options.extend(words.iter().map(ToString::to_string));
    for root in request.roots.values() {
        let inside = root.inside.display().to_string();
        match &root.link {
            Some(target) => add(&["--symlink", &target.display().to_string(), &inside]),
            None => add(&["--ro-bind", &root.host.display().to_string(), &inside]),
        }
    }
    add(&["--ro-bind", &stage.passwd().display().to_string(), "/etc/passwd"]);
    add(&["--ro-bind", &stage.group().display().to_string(), "/etc/group"]);
    add(&["--proc", "/proc", "--dev", "/dev"]);
    add(&["--size", &limits.shared_memory_bytes_max.to_string(), "--tmpfs", "/dev/shm"]);
    add(&["--size", &limits.temporary_bytes_max.to_string(), "--tmpfs", "/tmp", "--dir", "/tmp/home"]);
    add(&["--bind", &stage.workspace().display().to_string(), WORKSPACE]);
    for scratch in &request.scratch {
        add(&["--bind", &scratch.path.display().to_string(), &format!("{WORKSPACE}/{}", scratch.name)]);
    }
    // The kernel lets the uid of root write settings under /proc/sys without any capability, and a host that runs as
    // root has that uid in its sandboxes too.
    add(&["--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/", "--chdir"]);
    add(&[&format!("{WORKSPACE}/{}", request.cwd), "--clearenv"]);
    for (name, value) in &request.env {
        add(&["--setenv", name, value]);
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bubblewrap_is_said_with_the_command_that_installs_it() {
        let error = find(Some(Path::new("/no/such/bwrap"))).unwrap_err();
        assert!(matches!(error, ToolError::Unavailable(text) if text.contains("apt-get install bubblewrap")));
    }

    #[test]
    fn a_program_that_is_not_bubblewrap_has_no_version() {
        assert!(version(Path::new("/bin/true")).is_err_and(|text| text.contains("/bin/true")));
    }
}

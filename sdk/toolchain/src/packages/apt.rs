//! Fetching packages with the system's apt, but with lists, cache and status of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::output;
use crate::error::{Result, ToolchainError};

const OS_RELEASE: &str = "/etc/os-release";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Downloads packages and all that they depend on into `folder`; gives the files.
pub(super) fn download(suite: &str, packages: &[&str], folder: &Path) -> Result<Vec<PathBuf>> {
    let apt = Apt::prepare(suite, folder)?;
    output(apt.get().arg("update"))?;
    output(apt.get().args(["install", "--download-only", "--yes", "--"]).args(packages))?;
    apt.downloaded()
}

struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn prepare(suite: &str, folder: &Path) -> Result<Self> {
        for part in ["lists/partial", "archives/partial", "state"] {
            make_folder(&folder.join(part))?;
        }
        // Nothing is installed as far as this apt knows: so all dependencies are fetched, the C library too.
        write(&folder.join("state/status"), "")?;
        write(&folder.join("sources.list"), &source_line(&debian_mirror()?, suite))?;
        write(&folder.join("apt.conf"), &configuration(folder))?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn get(&self) -> Command {
        let mut command = Command::new("apt-get");
        command.arg("-q").arg("-c").arg(self.folder.join("apt.conf"));
        command
    }

    fn downloaded(&self) -> Result<Vec<PathBuf>> {
        let folder = self.folder.join("archives");
        let entries = folder.read_dir().map_err(|error| ToolchainError::file("list", &folder, error))?;
        let paths = entries.flatten().map(|entry| entry.path());
        let mut packages: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "deb")).collect();
        packages.sort();
        if packages.is_empty() { Err(ToolchainError::new("apt downloaded nothing")) } else { Ok(packages) }
    }
}

/// Read after the system's own configuration, which names proxies and keys.
fn configuration(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        r#"// Hooks of the system act on the system.
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "{folder}/state";
Dir::State::lists "{folder}/lists";
Dir::State::status "{folder}/state/status";
Dir::Cache "{folder}";
Dir::Cache::archives "{folder}/archives";
APT::Install-Recommends "0";
// The folder is private to who runs this; apt's own user could not write there.
APT::Sandbox::User "root";
// apt insists on root only where it locks the system's own state, which it never touches here.
Debug::NoLocking "1";
"#
    )
}

fn source_line(mirror: &str, suite: &str) -> String {
    let signed_by = if Path::new(KEYRING).exists() { format!("[signed-by={KEYRING}] ") } else { String::new() };
    format!("deb {signed_by}{mirror} {suite} main\n")
}

/// The mirror that this system's own sources name. apt itself is asked, because it knows every form of them.
fn debian_mirror() -> Result<String> {
    let release = fs::read_to_string(OS_RELEASE).unwrap_or_default();
    let remedy = "name a mirror of Debian in apt's sources";
    let suite = codename(&release).ok_or_else(|| ToolchainError::new("this system is not Debian"))?;
    let uris = output(Command::new("apt-get").args(["update", "--print-uris"]))?;
    let mirror = mirror_of(&uris, suite);
    mirror.map(str::to_owned).ok_or_else(|| {
        ToolchainError::new(format!("apt's sources name no mirror of Debian's suite {suite}")).with_remedy(remedy)
    })
}

fn codename(os_release: &str) -> Option<&str> {
    let value =
        |key: &str| os_release.lines().find_map(|line| line.strip_prefix(key)).map(|value| value.trim_matches('"'));
    value("ID=").filter(|id| *id == "debian")?;
    value("VERSION_CODENAME=")
}

/// From lines of the form `'MIRROR/dists/SUITE/InRelease' file size`.
fn mirror_of<'a>(uris: &'a str, suite: &str) -> Option<&'a str> {
    let end = format!("/dists/{suite}/InRelease");
    let quoted = uris.lines().filter_map(|line| line.strip_prefix('\'')?.split_once('\''));
    quoted.into_iter().find_map(|(uri, _)| uri.strip_suffix(&end))
}

fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| ToolchainError::file("create", path, error))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|error| ToolchainError::file("write", path, error))
}

#[cfg(test)]
mod tests {
    use super::{codename, mirror_of};

    #[test]
    fn the_mirror_is_the_one_of_the_systems_own_suite() {
        let uris = "'https://packages.example/apt/dists/bookworm-tools/InRelease' a 0 \n\
                    'http://mirror.example/debian-security/dists/bookworm-security/InRelease' b 0 \n\
                    'http://mirror.example/debian/dists/bookworm/InRelease' c 0 \n";
        assert_eq!(mirror_of(uris, "bookworm"), Some("http://mirror.example/debian"));
        assert_eq!(mirror_of(uris, "trixie"), None);
        assert_eq!(mirror_of("", "bookworm"), None);
    }

    #[test]
    fn only_debian_has_debians_packages() {
        assert_eq!(codename("ID=debian\nVERSION_CODENAME=bookworm\n"), Some("bookworm"));
        assert_eq!(codename("VERSION_CODENAME=\"trixie\"\nID=\"debian\"\n"), Some("trixie"));
        assert_eq!(codename("ID=fedora\nVERSION_CODENAME=\"\"\n"), None);
    }
}

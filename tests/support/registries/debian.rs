//! Debian's `docker-registry` on a free port, for as long as a value lives.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use super::Login;
use crate::programs::DOCKER_REGISTRY;

const START_MS_MAX: u64 = 30_000;
const POLL_MS: u64 = 20;
const LISTENING: &str = "listening on ";

const USER: &str = "tester";
const PASSWORD: &str = "correct-horse";
/// The password as bcrypt, the only form that it takes.
const BCRYPT: &str = "$2b$05$lockgatelockgatelockgOzR3lHV0c1nxE1tRicK6iJv0MrCEXcJ.";

/// A registry in a folder of its own. It ends with the value.
pub struct DebianRegistry {
    child: Child,
    address: String,
    login: Option<Login>,
    _folder: tempfile::TempDir,
}

impl DebianRegistry {
    /// Starts one, open to everybody or `closed` to all but one login, and waits until it answers. Nothing where the program
    /// cannot be had.
    #[must_use]
    pub fn start(closed: bool) -> Option<Self> {
        let mut command = DOCKER_REGISTRY.command()?;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let configuration = configure(folder.path(), closed);
        let log = folder.path().join("log");
        let output = std::fs::File::create(&log).expect("a log file");
        let errors = output.try_clone().expect("a second handle");
        command.arg("serve").arg(configuration).stdin(Stdio::null()).stdout(output).stderr(errors);
        let child = command.spawn().expect("docker-registry starts");
        let login = closed.then(|| Login { user: USER.to_owned(), password: PASSWORD.to_owned() });
        let mut registry = Self { child, address: String::new(), login, _folder: folder };
        registry.wait(&log);
        Some(registry)
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Who may come in, where not everybody may.
    #[must_use]
    pub fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// It says itself which port it got: none can be taken away between choosing and listening.
    fn wait(&mut self, log: &Path) {
        for _ in 0..START_MS_MAX / POLL_MS {
            let text = std::fs::read_to_string(log).expect("its log");
            if let Some(address) = listening(&text)
                && answers(address)
            {
                address.clone_into(&mut self.address);
                return;
            }
            let ended = self.child.try_wait().expect("its state");
            assert!(ended.is_none(), "docker-registry ended:\n{text}");
            std::thread::sleep(Duration::from_millis(POLL_MS));
        }
        panic!("docker-registry did not answer within {START_MS_MAX} ms");
    }
}

impl Drop for DebianRegistry {
    fn drop(&mut self) {
        // It has no state worth an orderly end. A process that is gone already is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configure(folder: &Path, closed: bool) -> std::path::PathBuf {
    let data = folder.join("data");
    let mut text = format!(
        "version: 0.1\nlog: {{ level: info }}\nstorage:\n  filesystem: {{ rootdirectory: {data:?} }}\n  \
         delete: {{ enabled: true }}\nhttp: {{ addr: \"127.0.0.1:0\", secret: tests }}\n"
    );
    if closed {
        let passwords = folder.join("htpasswd");
        std::fs::write(&passwords, format!("{USER}:{BCRYPT}\n")).expect("a file of passwords");
        text.push_str(&format!("auth:\n  htpasswd: {{ realm: tests, path: {passwords:?} }}\n"));
    }
    let path = folder.join("config.yml");
    std::fs::write(&path, text).expect("a configuration");
    path
}

/// From a log line `... msg="listening on 127.0.0.1:PORT" ...` that is complete.
fn listening(log: &str) -> Option<&str> {
    log.split_once(LISTENING)?.1.split_once('"').map(|(address, _)| address)
}

fn answers(address: &str) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET /v2/ HTTP/1.0\r\n\r\n")?;
        let mut start = [0; 12];
        stream.read_exact(&mut start)?;
        std::io::Result::Ok(start)
    };
    ask().is_ok_and(|start| start.starts_with(b"HTTP/1."))
}

#[cfg(test)]
mod tests {
    use super::listening;

    #[test]
    fn the_address_is_read_from_a_whole_line_only() {
        assert_eq!(listening("msg=\"listening on 127.0.0.1:42\" a=b"), Some("127.0.0.1:42"));
        assert_eq!(listening("msg=\"listening on 127.0.0.1:4"), None);
        assert_eq!(listening("msg=\"redis not configured\""), None);
    }
}

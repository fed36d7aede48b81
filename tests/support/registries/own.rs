//! This project's own registry server, in the process of the test, for as long as a value lives.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use lockgate_model::time::Timestamp;
use lockgate_registry_server::{Access, Event, Grant, Host, Limits, Running, Scope, Server, Settings, Tokens};

use super::Login;

/// A registry in a folder of its own. It ends with the value.
pub struct OwnRegistry {
    running: Running,
    login: Option<Login>,
    _folder: tempfile::TempDir,
}

impl OwnRegistry {
    /// Starts one, open to everybody or `closed` to all but the holder of one token.
    #[must_use]
    pub fn start(closed: bool) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let host: Arc<dyn Host> = Arc::new(TestHost);
        let path = folder.path().join("registry");
        let access = if closed { Access::Tokens { anonymous_pull: false } } else { Access::Open };
        let settings =
            Settings { folder: path.clone(), access, read_only: false, limits: Limits::default(), host: host.clone() };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::bind(address, settings).expect("a registry on a free port");
        let login = closed.then(|| login(&path, &*host));
        Self { running: server.start().expect("threads"), login, _folder: folder }
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> String {
        self.running.address().to_string()
    }

    /// Who may come in, where not everybody may.
    #[must_use]
    pub fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }
}

fn login(folder: &Path, host: &dyn Host) -> Login {
    let grant = Grant { scopes: BTreeSet::from([Scope::Pull, Scope::Push]), prefix: None };
    let token = Tokens::of(folder).add("tests", grant, host).expect("a token");
    Login { user: "tester".to_owned(), password: token.secret }
}

struct TestHost;

impl Host for TestHost {
    #[allow(clippy::disallowed_methods, reason = "the server compares it with the file system's clock")]
    fn now(&self) -> Timestamp {
        let passed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX))
    }

    fn random(&self) -> io::Result<[u8; 32]> {
        let mut bytes = [0; 32];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    #[allow(clippy::print_stderr, reason = "the harness shows it of a test that fails")]
    fn report(&self, event: &Event<'_>) {
        eprintln!("registry: {event:?}");
    }
}

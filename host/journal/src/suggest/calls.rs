//! Calls of the journal, sorted by the grant that they need. What a call does not say in the expected form is left out:
//! nothing is granted by guessing.

use std::collections::BTreeSet;

use lockgate_model::Json;
use lockgate_model::grant::Scheme;
use lockgate_model::host_call::{CallBody, FunctionCall, HostCall, Permission};

use super::files::Paths;
use super::requests::Request;

/// What the calls of a step need.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Each with the tool's name first.
    pub(super) commands: BTreeSet<Vec<String>>,
    pub(super) requests: BTreeSet<Request>,
    pub(super) reads: Paths,
    pub(super) writes: Paths,
    pub(super) secrets: BTreeSet<String>,
    pub(super) expose: BTreeSet<String>,
    pub(super) clock: bool,
    pub(super) random: bool,
    /// Missing grants in the order in which they were missed first.
    pub(super) refused: Vec<String>,
    known_refusals: BTreeSet<String>,
}

impl Seen {
    /// Takes one more call into account.
    pub(super) fn add(&mut self, call: &HostCall) {
        let CallBody::Function(function) = &call.body else { return };
        match &call.permission {
            Permission::Denied(missing) => self.refuse(missing),
            Permission::Granted(_) => self.add_allowed(function, true),
            Permission::Free => self.add_allowed(function, false),
        }
    }

    fn refuse(&mut self, missing: &str) {
        if self.known_refusals.insert(missing.to_owned()) {
            self.refused.push(missing.to_owned());
        }
    }

    fn add_allowed(&mut self, call: &FunctionCall, by_grant: bool) {
        let arguments = &call.arguments;
        match (call.interface.as_ref(), call.function.as_ref()) {
            ("exec", "run") => self.add_command(arguments),
            ("http", "send") => self.requests.extend(request(arguments)),
            ("egress", "contact") => self.requests.extend(contact(arguments)),
            ("secrets", "placeholder") => self.secrets.extend(text(arguments, "name")),
            ("artifacts", "publish") => self.reads.add(text(arguments, "path")),
            ("artifacts", "fetch") => self.writes.add(text(arguments, "path")),
            (interface, function) if interface.starts_with("wasi:filesystem/") => self.add_file(function, arguments),
            (interface, _) if interface.starts_with("wasi:clocks/") => self.clock |= by_grant,
            (interface, _) if interface.starts_with("wasi:random/") => self.random |= by_grant,
            _ => {}
        }
    }

    fn add_command(&mut self, arguments: &Json) {
        let argv = texts(arguments, "argv");
        if !argv.is_empty() {
            self.commands.insert(argv);
        }
        let pairs = arguments["secret-env"].as_array().into_iter().flatten();
        self.expose.extend(pairs.filter_map(|pair| pair[1].as_str()).map(str::to_owned));
        texts(arguments, "inputs").iter().for_each(|glob| self.reads.add_glob(glob));
        texts(arguments, "outputs").iter().for_each(|glob| self.writes.add_glob(glob));
        self.writes.add(text(arguments, "stdout-to"));
    }

    fn add_file(&mut self, function: &str, arguments: &Json) {
        let (path, to) = (|| text(arguments, "path"), || text(arguments, "to"));
        match function {
            "open-at" => self.add_open(arguments),
            "stat-at" | "readlink-at" => self.reads.add(path()),
            "read-directory" => self.reads.add_folder(path()),
            "create-directory-at" | "remove-directory-at" | "unlink-file-at" | "symlink-at" | "set-times-at" => {
                self.writes.add(path());
            }
            // Either carries what is in the file to a place where it may be read.
            "rename-at" | "link-at" => {
                self.reads.add(path());
                self.writes.add(path());
                self.writes.add(to());
            }
            _ => {}
        }
    }

    fn add_open(&mut self, arguments: &Json) {
        let asks = |what: &str| arguments[what].as_bool().unwrap_or(false);
        let writes = asks("write") || asks("create");
        if writes {
            self.writes.add(text(arguments, "path"));
        }
        if asks("read") || !writes {
            self.reads.add(text(arguments, "path"));
        }
    }
}

fn request(arguments: &Json) -> Option<Request> {
    Request::of_url(arguments["method"].as_str()?, arguments["url"].as_str()?)
}

/// A native tool reaches a host by a rule that narrows neither method nor path, so these are not looked at.
fn contact(arguments: &Json) -> Option<Request> {
    let scheme = if arguments["method"].as_str()? == "CONNECT" { Scheme::Https } else { Scheme::Http };
    let port = arguments["port"].as_u64().and_then(|port| u16::try_from(port).ok())?;
    Some(Request::to_host(scheme, arguments["host"].as_str()?, port))
}

fn text(arguments: &Json, name: &str) -> Option<String> {
    arguments[name].as_str().map(str::to_owned)
}

fn texts(arguments: &Json, name: &str) -> Vec<String> {
    let all = arguments[name].as_array().into_iter().flatten();
    all.filter_map(Json::as_str).map(str::to_owned).collect()
}

//! What a command with grants for hosts gets: a proxy of the host within its own, otherwise empty, network namespace.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use lockgate_model::grant::HttpRule;
use lockgate_ports::egress::{OnContact, Proxy};
use lockgate_ports::{Egress, ToolError};

use crate::namespace::listen_in;

/// Where the proxy listens. Nothing else is in the namespace that could have the port.
const PORT: u16 = 3128;

/// Variables that name the proxy, each for the programs that read no other.
const PROXY_VARIABLES: [&str; 8] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
    "ALL_PROXY",
    "CARGO_HTTP_PROXY",
    "npm_config_proxy",
    "npm_config_https_proxy",
];

/// Variables by which tools are told that there is no network.
const OFFLINE_VARIABLES: [&str; 2] = ["CARGO_NET_OFFLINE", "npm_config_offline"];

/// The way to the granted hosts.
pub(crate) struct Network {
    pub(crate) egress: Arc<dyn Egress>,
    pub(crate) rules: Vec<HttpRule>,
    pub(crate) contacted: OnContact,
}

impl Network {
    /// Serves the proxy in a network namespace until it is dropped; the error says what to do.
    pub(crate) fn serve(&self, namespace: io::Result<OwnedFd>) -> Result<Box<dyn Proxy>, String> {
        let listener = namespace.and_then(|namespace| listen_in(&namespace, PORT)).map_err(|error| {
            format!(
                "it cannot listen in the command's network namespace: {error}. Use a bubblewrap without set-user-id bit, \
                 and let this host enter the namespaces of its own commands (setns(2); a container needs \
                 `--security-opt seccomp=unconfined`)"
            )
        })?;
        let served = self.egress.proxy(listener, self.rules.clone(), self.contacted.clone());
        served.map_err(|error| format!("it does not serve: {error}"))
    }
}

/// Takes back that there is no network, where a tool's own environment says so.
pub(crate) fn allow_network(env: &mut BTreeMap<String, String>) {
    for name in OFFLINE_VARIABLES {
        env.entry(name.to_owned()).and_modify(|value| "false".clone_into(value));
    }
}

/// Names the proxy. Nothing goes around it.
pub(crate) fn name_proxy(env: &mut BTreeMap<String, String>) {
    let place = format!("http://127.0.0.1:{PORT}");
    env.extend(PROXY_VARIABLES.map(|name| (name.to_owned(), place.clone())));
    env.extend(["NO_PROXY", "no_proxy"].map(|name| (name.to_owned(), String::new())));
}

/// Why a command with grants for hosts did not run.
pub(crate) fn no_proxy(fault: &str) -> ToolError {
    ToolError::Unavailable(format!(
        "no tool with `http` grants runs without its proxy: {fault}. A step without `http` in its grants does without"
    ))
}

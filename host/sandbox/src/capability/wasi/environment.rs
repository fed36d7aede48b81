//! `wasi:cli/environment`: what the step's `env:` says for outward kinds, nothing for everybody else.

use serde_json::json;
use wasmtime_wasi::p2::bindings::cli::environment;

use crate::capability::beneath::GUEST_WORKSPACE;
use crate::host::{Function, Host};

fn function(name: &'static str) -> Function {
    Function { interface: "wasi:cli/environment", name }
}

impl environment::Host for Host {
    /// The journal has the names; values may be confidential.
    fn get_environment(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        let variables = |host: &mut Self| Ok(host.reach.env.clone().into_iter().collect::<Vec<_>>());
        let names =
            |variables: &Vec<(String, String)>| json!(variables.iter().map(|(name, _)| name).collect::<Vec<_>>());
        self.free(function("get-environment"), json!([]), variables, names)
    }

    fn get_arguments(&mut self) -> wasmtime::Result<Vec<String>> {
        self.local("wasi:cli/environment")?;
        Ok(Vec::new())
    }

    fn initial_cwd(&mut self) -> wasmtime::Result<Option<String>> {
        self.local("wasi:cli/environment")?;
        Ok(self.reach.workspace.as_ref().map(|_| GUEST_WORKSPACE.to_owned()))
    }
}

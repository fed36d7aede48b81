//! `secrets`: placeholders that stand for a secret in an outgoing request.
//!
//! This host keeps no secrets yet and sends no requests for a plugin, so that every question is denied, and the
//! denial is in the journal.

use lockgate_model::Json;
use lockgate_model::host_call::Permission;
use serde_json::json;

use crate::bindings::host::secrets;
use crate::host::{Function, Host, Reply};

impl secrets::Host for Host {
    fn placeholder(&mut self, name: String) -> wasmtime::Result<Result<String, secrets::SecretError>> {
        let function = Function { interface: "secrets", name: "placeholder" };
        let permission = Permission::Denied(format!("secrets: [{name}]"));
        let unknown = |_: &mut Self| Ok(Err(secrets::SecretError::Unknown("this host keeps no secrets".to_owned())));
        self.granted(function, json!({ "name": name }), permission, unknown)
    }
}

impl Reply for Result<String, secrets::SecretError> {
    fn denied(missing: String) -> Self {
        Err(secrets::SecretError::Denied(missing))
    }

    fn shown(&self) -> Json {
        match self {
            Ok(_) => json!("placeholder"),
            Err(secrets::SecretError::Denied(reason)) => json!({ "denied": reason }),
            Err(secrets::SecretError::Unknown(reason)) => json!({ "unknown": reason }),
        }
    }
}

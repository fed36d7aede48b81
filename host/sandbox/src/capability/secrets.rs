//! `secrets`: placeholders. A guest never holds the value of a secret; a placeholder stands for it in the header of a
//! request, and only egress puts the value in its place, only for the hosts that the secret is bound to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use lockgate_model::Json;
use lockgate_model::host_call::Permission;
use lockgate_model::ids::{Digest, is_word};
use lockgate_model::plan::Trust;
use lockgate_ports::secrets::{MASKED_BYTES_MIN, Secret, SecretError, SecretValue};
use serde_json::json;

use crate::bindings::host::secrets;
use crate::host::{Function, Host, Reply};
use crate::stop::Stop;

/// What every placeholder begins with.
const PLACEHOLDER_PREFIX: &str = "lockgate-placeholder-";
/// What is said to runs of untrusted origin.
const UNTRUSTED: &str = "a run of untrusted origin has no secrets";

/// The secrets that a call holds, by placeholder; shared with the requests that it has under way.
#[derive(Clone, Default)]
pub(crate) struct Placeholders(Arc<Mutex<BTreeMap<String, Held>>>);

/// A secret behind a placeholder.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) name: String,
    pub(crate) secret: Secret,
}

impl Placeholders {
    fn insert(&self, placeholder: &str, held: Held) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(placeholder.to_owned(), held);
    }

    /// Whether the call holds none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<(String, Held)> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.iter().map(|(placeholder, held)| (placeholder.clone(), held.clone())).collect()
    }
}

impl secrets::Host for Host {
    fn placeholder(&mut self, name: String) -> wasmtime::Result<Result<String, secrets::SecretError>> {
        let function = Function { interface: "secrets", name: "placeholder" };
        // A name that is none could not stand in a pipeline, and may be of any length.
        let shown = if is_word(&name) { name.as_str() } else { "NAME" };
        let grant = format!("secrets: [{shown}]").into();
        let is_granted = self.reach.grants.secrets.contains(&name);
        let permission = if is_granted { Permission::Granted(grant) } else { Permission::Denied(grant) };
        self.granted(function, json!({ "name": shown }), permission, |host, arguments| {
            let held = host.ask_world(function, arguments, |host| {
                host.pass_gate()?;
                host.without_permit(|host| host.hold(&name))
            })?;
            if let (Ok(Handed { placeholder, hosts }), Some(_)) = (&held, &host.reach.answers) {
                // A replay has no value, and sends none; where the placeholder may go it judges as the host did.
                let secret = Secret { value: SecretValue::new(Vec::new()), hosts: hosts.clone() };
                host.placeholders.insert(placeholder, Held { name: name.clone(), secret });
            }
            Ok(held.map(|handed| handed.placeholder).map_err(|why| match why {
                Missing::Denied(why) => secrets::SecretError::Denied(why),
                Missing::Unknown(why) => secrets::SecretError::Unknown(why),
            }))
        })
    }
}

/// What a guest was given, and where it may go, as the record keeps it.
#[derive(serde::Serialize, serde::Deserialize)]
struct Handed {
    placeholder: String,
    hosts: Vec<String>,
}

/// Why there is no placeholder, as the record keeps it.
#[derive(serde::Serialize, serde::Deserialize)]
enum Missing {
    Denied(String),
    Unknown(String),
}

impl Host {
    /// Fetches a secret, masks it from now on, and makes its placeholder.
    fn hold(&self, name: &str) -> Result<Handed, Missing> {
        let secret = self.secret(name)?;
        let (placeholder, hosts) = (self.placeholder_of(name), secret.hosts.clone());
        self.placeholders.insert(&placeholder, Held { name: name.to_owned(), secret });
        Ok(Handed { placeholder, hosts })
    }

    fn secret(&self, name: &str) -> Result<Secret, Missing> {
        if self.reach.trust == Trust::Untrusted {
            return Err(Missing::Denied(UNTRUSTED.to_owned()));
        }
        let secret = self.services.secrets.get(name).map_err(|error| match error {
            SecretError::Unknown(why) | SecretError::Unavailable(why) => Missing::Unknown(why),
        })?;
        if secret.value.expose().len() < MASKED_BYTES_MIN {
            return Err(Missing::Unknown(format!("`{name}` is too short to be a secret: it could not be masked")));
        }
        self.watch.mask().add(name, &secret.value);
        Ok(secret)
    }

    /// A secret for a native tool, by an explicit grant.
    pub(crate) fn exposed(&self, name: &str) -> Result<Secret, String> {
        self.secret(name).map_err(|missing| match missing {
            Missing::Denied(why) | Missing::Unknown(why) => why,
        })
    }

    /// The same for all attempts of a step, so that what a plugin sends does not depend on which try it is.
    fn placeholder_of(&self, name: &str) -> String {
        let seed = format!("{}\0{name}", self.reach.idempotency_key);
        format!("{PLACEHOLDER_PREFIX}{name}-{}", &Digest::of(seed.as_bytes()).hex()[..16])
    }
}

impl Reply for Result<String, secrets::SecretError> {
    fn denied(missing: String) -> Self {
        Err(secrets::SecretError::Denied(missing))
    }

    fn shown(&self) -> Json {
        match self {
            Ok(placeholder) => json!({ "placeholder": placeholder }),
            Err(secrets::SecretError::Denied(reason)) => json!({ "denied": reason }),
            Err(secrets::SecretError::Unknown(reason)) => json!({ "unknown": reason }),
        }
    }
}

/// A secret that cannot be had ends the call: a tool that misses it would fail later, and less clearly.
pub(crate) fn unavailable(name: &str, why: &str) -> Stop {
    Stop::Fault(format!("secret `{name}`: {why}"))
}

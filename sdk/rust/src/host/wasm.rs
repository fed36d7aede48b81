//! In a component every function is an import of the contract. A function that a plugin does not call leaves no import.

use std::path::PathBuf;

use crate::Artifact;
use crate::bindings::lockgate::plugin::{artifacts, context, exec as native, log, secrets};

pub(crate) fn log_write(level: log::Level, message: &str, fields: &[(String, String)]) {
    log::write(level, message, fields);
}

pub(crate) fn log_progress(message: &str, done: u64, total: Option<u64>) {
    log::progress(message, done, total);
}

pub(crate) fn attempt() -> u32 {
    context::attempt()
}

pub(crate) fn idempotency_key() -> String {
    context::idempotency_key()
}

pub(crate) fn platform() -> String {
    context::platform()
}

pub(crate) fn run_url() -> Option<String> {
    context::run_url()
}

pub(crate) fn exec(command: &native::Command) -> Result<native::Completion, native::ExecError> {
    native::run(command)
}

pub(crate) fn placeholder(name: &str) -> Result<String, secrets::SecretError> {
    secrets::placeholder(name)
}

pub(crate) fn publish(name: &str, path: &str, media_type: &str) -> Result<Artifact, artifacts::ArtifactError> {
    artifacts::publish(name, path, media_type)
}

pub(crate) fn fetch(digest: &str, path: &str) -> Result<(), artifacts::ArtifactError> {
    artifacts::fetch(digest, path)
}

pub(crate) fn workspace() -> PathBuf {
    PathBuf::from("/workspace")
}

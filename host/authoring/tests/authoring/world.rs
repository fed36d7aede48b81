//! A world in memory: a sandbox that follows a script, and blobs in a map. The real ones are rooms that this one must not know;
//! the scenarios try cases and descriptors with them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use lockgate_authoring::Host;
use lockgate_model::call::Kind;
use lockgate_model::catalog::{AdvisedEffect, Descriptor};
use lockgate_model::ids::Digest;
use lockgate_model::outcome::{Outcome, Returned};
use lockgate_ports::sandbox::{ComponentError, Inspection};
use lockgate_ports::{BlobError, Blobs, Cancel, Invocation, Recorder, Sandbox};
use serde_json::json;

type Script = Box<dyn Fn(&Invocation, &dyn Recorder) -> Outcome + Send + Sync>;

/// The world.
pub(crate) struct World {
    kind: Kind,
    script: Script,
    blobs: Mutex<BTreeMap<Digest, Vec<u8>>>,
}

/// What every plugin of this world says of itself.
pub(crate) fn descriptor() -> Descriptor {
    Descriptor {
        name: "few".to_owned(),
        version: "0.1.0".to_owned(),
        summary: "Few.".to_owned(),
        documentation: None,
        config_schema: json!({"properties": {"findings": {}}}),
        asks: vec![],
        effect: AdvisedEffect::Pure,
    }
}

impl World {
    pub(crate) fn new(
        kind: Kind,
        script: impl Fn(&Invocation, &dyn Recorder) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        Self { kind, script: Box::new(script), blobs: Mutex::default() }
    }

    pub(crate) fn host(&self) -> Host<'_> {
        Host { sandbox: self, blobs: self }
    }
}

impl Sandbox for World {
    fn inspect(&self, _: &Digest) -> Result<Inspection, ComponentError> {
        Ok(Inspection { kind: self.kind, contract: "0.1.0".to_owned(), imports: vec![] })
    }

    fn describe(&self, component: &Digest) -> Result<Descriptor, Outcome> {
        if self.contains(component) {
            Ok(descriptor())
        } else {
            Err(Outcome::Faulted { message: "no blob".to_owned() })
        }
    }

    fn call(&self, invocation: Invocation, _: &Cancel, recorder: Arc<dyn Recorder>) -> Returned {
        Returned { outcome: (self.script)(&invocation, &*recorder), cached_from: None }
    }
}

impl Blobs for World {
    fn put(&self, bytes: &[u8]) -> Result<Digest, BlobError> {
        self.blobs.lock().unwrap().insert(Digest::of(bytes), bytes.to_vec());
        Ok(Digest::of(bytes))
    }

    fn put_file(&self, path: &Path, _: u64) -> Result<(Digest, u64), BlobError> {
        let bytes = std::fs::read(path).unwrap();
        Ok((self.put(&bytes)?, bytes.len() as u64))
    }

    fn get(&self, digest: &Digest, _: u64) -> Result<Vec<u8>, BlobError> {
        self.blobs.lock().unwrap().get(digest).cloned().ok_or(BlobError::Missing(*digest))
    }

    fn copy_to(&self, digest: &Digest, path: &Path) -> Result<u64, BlobError> {
        let bytes = self.get(digest, u64::MAX)?;
        std::fs::write(path, &bytes).unwrap();
        Ok(bytes.len() as u64)
    }

    fn contains(&self, digest: &Digest) -> bool {
        self.blobs.lock().unwrap().contains_key(digest)
    }
}

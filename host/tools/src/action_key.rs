//! The key of an action: the digest of an `Action` message of the Remote Execution API (v2), with the `Command` and the
//! `Directory` messages that it names. What that API has no field for (standard input, patterns, tools) stands in
//! `Platform` properties, which are part of the key there too.

use lockgate_model::ids::Digest;
use lockgate_ports::tools::KeyPart;
use prost::Message as _;

use crate::inputs::Inputs;
use crate::key_parts;
use crate::proto::{Action, Command, DigestMessage, Pair, Platform, digest, pair};
use crate::request::Request;

/// What a request's result depends on.
#[derive(Debug)]
pub(crate) struct ActionKey {
    /// The key; none where the fingerprint of a tool cannot be had.
    pub(crate) digest: Option<Digest>,
    /// What it is made of.
    pub(crate) parts: Vec<KeyPart>,
}

/// The key of a request over its inputs; `fingerprints` are those of its tools, in order.
pub(crate) fn key(inputs: Inputs, request: &Request, fingerprints: &[Option<Digest>]) -> ActionKey {
    let input_root = inputs.digest();
    let parts = key_parts::parts(request, &format!("sha256:{}", input_root.hash), fingerprints);
    let known: Option<Vec<Digest>> = fingerprints.iter().copied().collect();
    ActionKey { digest: known.map(|fingerprints| action(request, input_root, &fingerprints)), parts }
}

fn action(request: &Request, input_root: DigestMessage, fingerprints: &[Digest]) -> Digest {
    let command = Command {
        arguments: request.argv.clone(),
        environment_variables: request.env.iter().map(|(name, value)| pair(name, value)).collect(),
        working_directory: request.cwd.clone(),
    };
    let action = Action {
        command_digest: Some(digest(&command)),
        input_root_digest: Some(input_root),
        platform: Some(Platform { properties: properties(request, fingerprints) }),
    };
    Digest::of(&action.encode_to_vec())
}

/// In order of name, then of value, as the API wants them.
fn properties(request: &Request, fingerprints: &[Digest]) -> Vec<Pair> {
    let mut properties = vec![
        pair("arch", std::env::consts::ARCH),
        pair("os", std::env::consts::OS),
        pair("stdin", &Digest::of(&request.stdin).to_string()),
    ];
    properties.extend(request.outputs.sorted().iter().map(|pattern| pair("outputs", pattern)));
    properties.extend(request.scratch.iter().map(|scratch| pair("scratch", &scratch.name)));
    properties.extend(request.stdout_to.iter().map(|path| pair("stdout-to", path)));
    let tools = request.tools.iter().zip(fingerprints);
    properties.extend(tools.map(|(tool, digest)| pair("tool", &format!("{} {digest}", tool.name))));
    properties.sort_by(|a, b| (&a.name, &a.value).cmp(&(&b.name, &b.value)));
    properties
}

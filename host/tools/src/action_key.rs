//! The key of an action: the digest of an `Action` message of the Remote Execution API (v2), with the `Command` and the
//! `Directory` messages that it names. What that API has no field for (standard input, patterns, tools) stands in
//! `Platform` properties, which are part of the key there too.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use lockgate_model::ids::Digest;
use lockgate_ports::tools::KeyPart;
use prost::Message;

use crate::fingerprint::digest_of;
use crate::folder::{Folder, Kind};
use crate::key_parts;
use crate::request::Request;

#[derive(Clone, PartialEq, Message)]
struct DigestMessage {
    #[prost(string, tag = "1")]
    hash: String,
    #[prost(int64, tag = "2")]
    size_bytes: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Pair {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct Platform {
    #[prost(message, repeated, tag = "1")]
    properties: Vec<Pair>,
}

#[derive(Clone, PartialEq, Message)]
struct Command {
    #[prost(string, repeated, tag = "1")]
    arguments: Vec<String>,
    #[prost(message, repeated, tag = "2")]
    environment_variables: Vec<Pair>,
    #[prost(string, tag = "6")]
    working_directory: String,
}

#[derive(Clone, PartialEq, Message)]
struct Action {
    #[prost(message, optional, tag = "1")]
    command_digest: Option<DigestMessage>,
    #[prost(message, optional, tag = "2")]
    input_root_digest: Option<DigestMessage>,
    #[prost(message, optional, tag = "10")]
    platform: Option<Platform>,
}

#[derive(Clone, PartialEq, Message)]
struct FileNode {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    digest: Option<DigestMessage>,
    #[prost(bool, tag = "4")]
    is_executable: bool,
}

#[derive(Clone, PartialEq, Message)]
struct DirectoryNode {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    digest: Option<DigestMessage>,
}

/// Files, folders and symlinks, each in order of name.
#[derive(Clone, PartialEq, Message)]
struct Directory {
    #[prost(message, repeated, tag = "1")]
    files: Vec<FileNode>,
    #[prost(message, repeated, tag = "2")]
    directories: Vec<DirectoryNode>,
    #[prost(message, repeated, tag = "3")]
    symlinks: Vec<Pair>,
}

/// A folder while it is being read: what lies in it, in order of name because the walk is.
#[derive(Default)]
struct Inputs {
    here: Directory,
    below: BTreeMap<String, Inputs>,
}

/// What a request's result depends on.
#[derive(Debug)]
pub(crate) struct ActionKey {
    /// The key; none where the fingerprint of a tool cannot be had.
    pub(crate) digest: Option<Digest>,
    /// What it is made of.
    pub(crate) parts: Vec<KeyPart>,
}

/// The key of a request over the files of `workspace`; `fingerprints` are those of its tools, in order.
pub(crate) fn key(workspace: &Path, request: &Request, fingerprints: &[Option<Digest>]) -> io::Result<ActionKey> {
    let input_root = inputs(workspace, request)?.digest();
    let parts = key_parts::parts(request, &format!("sha256:{}", input_root.hash), fingerprints);
    let known: Option<Vec<Digest>> = fingerprints.iter().copied().collect();
    Ok(ActionKey { digest: known.map(|fingerprints| action(request, input_root, &fingerprints)), parts })
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

fn inputs(workspace: &Path, request: &Request) -> io::Result<Inputs> {
    let mut root = Inputs::default();
    let folder = Folder::open(workspace)?;
    request.walk_inputs(&folder, &mut |folder, name, node| {
        let (parents, _) = node.path.rsplit_once('/').unwrap_or(("", ""));
        let at = root.at(parents);
        match node.kind {
            Kind::File { is_executable } => {
                let (digest, size_bytes) = digest_of(folder.read(name)?)?;
                let digest = Some(message(&digest, size_bytes));
                at.here.files.push(FileNode { name: name.to_owned(), digest, is_executable });
            }
            Kind::Link { target } => at.here.symlinks.push(pair(name, &target)),
            Kind::Folder => drop(at.below.entry(name.to_owned()).or_default()),
            Kind::Special => {}
        }
        Ok(())
    })?;
    Ok(root)
}

impl Inputs {
    fn at(&mut self, folder: &str) -> &mut Self {
        let parts = folder.split('/').filter(|part| !part.is_empty());
        parts.fold(self, |at, part| at.below.entry(part.to_owned()).or_default())
    }

    fn digest(mut self) -> DigestMessage {
        let nodes = self.below.into_iter().map(|(name, inputs)| DirectoryNode { name, digest: Some(inputs.digest()) });
        self.here.directories = nodes.collect();
        digest(&self.here)
    }
}

fn pair(name: &str, value: &str) -> Pair {
    Pair { name: name.to_owned(), value: value.to_owned() }
}

fn digest(of: &impl Message) -> DigestMessage {
    let bytes = of.encode_to_vec();
    message(&Digest::of(&bytes), bytes.len() as u64)
}

fn message(digest: &Digest, size_bytes: u64) -> DigestMessage {
    DigestMessage { hash: digest.hex(), size_bytes: i64::try_from(size_bytes).unwrap_or(i64::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_folder_has_the_digest_of_no_bytes() {
        let empty = Inputs::default().digest();
        assert_eq!(empty.hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(empty.size_bytes, 0);
    }

    /// The bytes as the wire format of protocol buffers has them, written by hand from the API's field numbers.
    #[test]
    fn messages_have_the_fields_of_the_api() {
        let digest = || Some(DigestMessage { hash: "ab".to_owned(), size_bytes: 3 });
        let file = FileNode { name: "f".to_owned(), digest: digest(), is_executable: true };
        let folder = DirectoryNode { name: "d".to_owned(), digest: digest() };
        let here = Directory { files: vec![file], directories: vec![folder], symlinks: vec![pair("l", "t")] };
        let expected = b"\x0a\x0d\x0a\x01f\x12\x06\x0a\x02ab\x10\x03\x20\x01\x12\x0b\x0a\x01d\x12\x06\x0a\x02ab\x10\x03\x1a\x06\x0a\x01l\x12\x01t";
        assert_eq!(here.encode_to_vec(), expected);
        let command = Command {
            arguments: vec!["a".to_owned()],
            environment_variables: vec![pair("N", "v")],
            working_directory: "w".to_owned(),
        };
        assert_eq!(command.encode_to_vec(), b"\x0a\x01a\x12\x06\x0a\x01N\x12\x01v\x32\x01w");
        let action = Action { command_digest: digest(), input_root_digest: digest(), platform: None };
        assert_eq!(action.encode_to_vec(), b"\x0a\x06\x0a\x02ab\x10\x03\x12\x06\x0a\x02ab\x10\x03");
    }
}

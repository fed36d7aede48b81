//! Messages of the Remote Execution API, version 2, as far as the key of an action has them.

use lockgate_model::ids::Digest;
use prost::Message;

/// `Digest`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct DigestMessage {
    #[prost(string, tag = "1")]
    pub(crate) hash: String,
    #[prost(int64, tag = "2")]
    pub(crate) size_bytes: i64,
}

/// `EnvironmentVariable`, `Property` or `SymlinkNode`: a name and a value.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Pair {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(string, tag = "2")]
    pub(crate) value: String,
}

/// `Platform`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Platform {
    #[prost(message, repeated, tag = "1")]
    pub(crate) properties: Vec<Pair>,
}

/// `Command`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Command {
    #[prost(string, repeated, tag = "1")]
    pub(crate) arguments: Vec<String>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) environment_variables: Vec<Pair>,
    #[prost(string, tag = "6")]
    pub(crate) working_directory: String,
}

/// `Action`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Action {
    #[prost(message, optional, tag = "1")]
    pub(crate) command_digest: Option<DigestMessage>,
    #[prost(message, optional, tag = "2")]
    pub(crate) input_root_digest: Option<DigestMessage>,
    #[prost(message, optional, tag = "10")]
    pub(crate) platform: Option<Platform>,
}

/// `FileNode`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct FileNode {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) digest: Option<DigestMessage>,
    #[prost(bool, tag = "4")]
    pub(crate) is_executable: bool,
}

/// `DirectoryNode`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct DirectoryNode {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) digest: Option<DigestMessage>,
}

/// `Directory`: files, folders and symlinks, each in order of name.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Directory {
    #[prost(message, repeated, tag = "1")]
    pub(crate) files: Vec<FileNode>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) directories: Vec<DirectoryNode>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) symlinks: Vec<Pair>,
}

/// A name and a value.
pub(crate) fn pair(name: &str, value: &str) -> Pair {
    Pair { name: name.to_owned(), value: value.to_owned() }
}

/// The digest of a message, with its length.
pub(crate) fn digest(of: &impl Message) -> DigestMessage {
    let bytes = of.encode_to_vec();
    message(&Digest::of(&bytes), bytes.len() as u64)
}

/// A digest and a length.
pub(crate) fn message(digest: &Digest, size_bytes: u64) -> DigestMessage {
    DigestMessage { hash: digest.hex(), size_bytes: i64::try_from(size_bytes).unwrap_or(i64::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

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

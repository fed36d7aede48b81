//! A contract that was released stays as it is: what was built against it must go on running. Words about it may get better.

use lockgate_model::ids::Digest;

use crate::project::file;

/// The contract and the digest of its text without comments and spaces. A new version is a new folder beside the old one,
/// and a new line here.
const FROZEN: [(&str, &str); 1] =
    [("wit/plugin.wit", "sha256:8a0a9aa4223591aff6b9e56122fee5213e68c26cd8480d200b9a5147ec49d2a8")];

#[test]
fn released_contracts_do_not_change() {
    for (path, expected) in FROZEN {
        let text = &file(path).text;
        let bare: String = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
        let bare: String = bare.split_whitespace().collect();
        let found = Digest::of(bare.as_bytes()).to_string();
        assert_eq!(found, expected, "{path} is frozen; a change of it needs a version of its own beside it");
    }
}

//! What a result depends on, for people who ask why it was or was not known before.

use lockgate_model::ids::Digest;
use lockgate_ports::tools::KeyPart;

use crate::request::Request;

/// What is longer stands there as its digest.
const VALUE_BYTES_MAX: usize = 100;

/// The name of the part that says why a result was not remembered.
const NOT_KEPT: &str = "not kept";

/// The parts of a request's key. `fingerprints` are those of its tools, in order; none for one that cannot be had.
pub(crate) fn parts(request: &Request, input_root: &str, fingerprints: &[Option<Digest>]) -> Vec<KeyPart> {
    let cwd = if request.cwd.is_empty() { "." } else { &request.cwd };
    let mut parts = vec![part("argv", &short(&words(&request.argv))), part("cwd", cwd)];
    parts.extend(variables(request));
    parts.push(part("stdin", &Digest::of(&request.stdin).to_string()));
    parts.push(part("inputs", &short(&request.inputs.sorted().join(", "))));
    parts.push(part("input files", input_root));
    parts.push(part("outputs", &short(&request.outputs.sorted().join(", "))));
    parts.extend(request.scratch.iter().map(|scratch| {
        part(&format!("scratch {}", scratch.name), if scratch.was_empty { "empty" } else { "not empty" })
    }));
    let tools = request.tools.iter().zip(fingerprints);
    parts.extend(tools.map(|(tool, digest)| {
        let value = digest.map_or_else(|| "unknown".to_owned(), |digest| digest.to_string());
        part(&format!("tool {}", tool.name), &value)
    }));
    parts.extend(request.stdout_to.iter().map(|path| part("stdout-to", path)));
    parts
}

/// Why a result was not remembered.
pub(crate) fn not_kept(why: &str) -> KeyPart {
    part(NOT_KEPT, why)
}

/// In order of name. A secret's value has no place here, nor has its digest: a short value could be guessed from that.
fn variables(request: &Request) -> Vec<KeyPart> {
    let plain = request.env.iter().filter(|(name, _)| !request.secrets.contains_key(*name));
    let plain = plain.map(|(name, value)| part(&format!("env {name}"), &short(value)));
    let secret = request.secrets.keys().map(|name| part(&format!("env {name}"), "a secret"));
    let mut variables: Vec<KeyPart> = plain.chain(secret).collect();
    variables.sort();
    variables
}

fn words(argv: &[String]) -> String {
    let is_plain = |word: &str| !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || "'\"\\".contains(c));
    let shown = argv.iter().map(|word| if is_plain(word) { word.clone() } else { format!("{word:?}") });
    shown.collect::<Vec<_>>().join(" ")
}

fn short(value: &str) -> String {
    if value.len() <= VALUE_BYTES_MAX { value.to_owned() } else { Digest::of(value.as_bytes()).to_string() }
}

fn part(name: &str, value: &str) -> KeyPart {
    KeyPart { name: name.to_owned(), value: value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_stand_there_as_digests() {
        assert_eq!(short(&"x".repeat(100)), "x".repeat(100));
        assert_eq!(short(&"x".repeat(101)), Digest::of(&[b'x'; 101]).to_string());
    }

    #[test]
    fn words_can_be_told_apart() {
        assert_eq!(words(&["a".to_owned(), "b c".to_owned(), String::new()]), "a \"b c\" \"\"");
    }
}

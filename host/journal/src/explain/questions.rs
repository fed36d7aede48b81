//! What a reader asked of its tree, read back from its calls, and which answers are other ones now.

use std::collections::BTreeSet;

use lockgate_model::host_call::{FunctionCall, HostCall};
use lockgate_ports::trees::{Question, Sight};

/// The questions in these calls, each once.
pub(super) fn of_calls(calls: &[HostCall]) -> Vec<Question> {
    let is_of_files = |call: &&FunctionCall| call.interface == "wasi:filesystem/types";
    let asked = calls.iter().filter_map(HostCall::function).filter(is_of_files).filter_map(of_call);
    asked.collect::<BTreeSet<_>>().into_iter().collect()
}

fn of_call(call: &FunctionCall) -> Option<Question> {
    let path = call.arguments["path"].as_str()?.to_owned();
    Some(match call.function.as_ref() {
        "open-at" | "stat-at" | "metadata-hash-at" => Question::Look { path, follow: true },
        "read" | "read-via-stream" => Question::Read(path),
        "read-directory" => Question::List(path),
        "readlink-at" => Question::Link(path),
        _ => return None,
    })
}

/// What is answered in another way, in words.
pub(super) fn differences(asked: &[Question], then: &[Sight], now: &[Sight]) -> Vec<String> {
    let all = asked.iter().zip(then.iter().zip(now));
    all.filter(|(_, (then, now))| then != now).map(|(question, (then, now))| sentence(question, then, now)).collect()
}

fn sentence(question: &Question, then: &Sight, now: &Sight) -> String {
    match question {
        Question::Read(path) => match (then, now) {
            (Sight::Content(_), Sight::Content(_)) => format!("file `{path}`, which it read, has other bytes"),
            _ => format!("file `{path}`, which it read: {} then, {} now", word(then), word(now)),
        },
        Question::List(path) => {
            let path = if path.is_empty() { "the workspace" } else { path };
            format!("folder `{path}`, which it listed, has other names in it")
        }
        Question::Link(path) => format!("link `{path}`, which it read, points elsewhere"),
        Question::Look { path, .. } => {
            format!("`{path}`, which it looked for: {} then, {} now", word(then), word(now))
        }
    }
}

fn word(sight: &Sight) -> String {
    match sight {
        Sight::File(bytes) => format!("a file of {bytes} bytes"),
        Sight::Folder => "a folder".to_owned(),
        Sight::Link(_) | Sight::Target(_) => "a link".to_owned(),
        Sight::Content(_) => "there".to_owned(),
        Sight::Missing => "not there".to_owned(),
        Sight::NoFolder => "beneath something that is no folder".to_owned(),
        Sight::WrongKind => "of another kind".to_owned(),
        Sight::Astray => "a link that leads nowhere".to_owned(),
    }
}

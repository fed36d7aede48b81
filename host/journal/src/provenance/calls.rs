//! What an attempt did, from its calls: tools, hosts, secrets, artifacts, and what came from the cache. What was
//! refused was not done, and a call that does not say what it did in the expected form is passed over.

use std::collections::{BTreeMap, BTreeSet};

use lockgate_model::Json;
use lockgate_model::host_call::{CallBody, FunctionCall, HostCall, Permission};
use lockgate_model::ids::{Digest, ToolName};
use url::Url;

/// Keys of results that say that no tool was started.
const NOT_STARTED: [&str; 3] = ["denied", "not-found", "unavailable"];
/// Begins the name of a part of a command's key, before the tool's name.
const TOOL_PART: &str = "tool ";

/// All that was seen, each once and in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) tools: BTreeMap<SeenTool, bool>,
    /// `scheme://host:port`, with the addresses that answered.
    pub(super) contacts: BTreeMap<String, BTreeSet<String>>,
    pub(super) exposed_secrets: BTreeSet<String>,
    pub(super) fetched: BTreeSet<Digest>,
    /// With the lengths.
    pub(super) published: BTreeMap<Digest, u64>,
    /// Tool, and the attempt that had run it.
    pub(super) cached: BTreeSet<(ToolName, String)>,
}

/// A tool, by its fingerprint where that is known; whether a command of the step started it is the value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SeenTool {
    pub(super) name: ToolName,
    pub(super) fingerprint: Option<Digest>,
}

impl Seen {
    pub(super) fn of(calls: &[HostCall]) -> Self {
        let mut seen = Self::default();
        for call in calls {
            match (&call.permission, &call.body) {
                (Permission::Denied(_), _) | (_, CallBody::Line(_) | CallBody::Progress { .. }) => {}
                (_, CallBody::Function(function)) => seen.add(function),
            }
        }
        seen
    }

    fn add(&mut self, call: &FunctionCall) {
        let (arguments, result) = (&call.arguments, &call.result);
        match (call.interface.as_ref(), call.function.as_ref()) {
            ("exec", "run") => self.add_command(arguments, result),
            ("http", "send") => self.add_contact(requested(arguments), result),
            ("egress", "contact") => self.add_contact(contacted(arguments), result),
            ("artifacts", "fetch") if *result == "fetched" => self.fetched.extend(digest(&arguments["digest"])),
            ("artifacts", "publish") => {
                let size_bytes = result["size-bytes"].as_u64().unwrap_or_default();
                self.published.extend(digest(&result["digest"]).map(|digest| (digest, size_bytes)));
            }
            _ => {}
        }
    }

    fn add_command(&mut self, arguments: &Json, result: &Json) {
        if NOT_STARTED.iter().any(|reason| !result[reason].is_null()) {
            return;
        }
        let Some(command) = arguments["argv"][0].as_str().and_then(|name| name.parse::<ToolName>().ok()) else {
            return;
        };
        self.add_tools(&command, result);
        self.cached.extend(result["cached-from"].as_str().map(|from| (command, from.to_owned())));
        let pairs = arguments["secret-env"].as_array().into_iter().flatten();
        self.exposed_secrets.extend(pairs.filter_map(|pair| pair[1].as_str()).map(str::to_owned));
    }

    /// The key names every tool that the command was free to start, itself among them; without a key, only the command
    /// is known.
    fn add_tools(&mut self, command: &ToolName, result: &Json) {
        let parts = result["key"].as_array().into_iter().flatten();
        let mut tools: Vec<SeenTool> = parts.filter_map(keyed_tool).collect();
        if tools.iter().all(|tool| tool.name != *command) {
            tools.push(SeenTool { name: command.clone(), fingerprint: None });
        }
        for tool in tools {
            let is_command = tool.name == *command;
            *self.tools.entry(tool).or_default() |= is_command;
        }
    }

    fn add_contact(&mut self, place: Option<String>, result: &Json) {
        let Some(place) = place else { return };
        let peers = self.contacts.entry(place).or_default();
        peers.extend(result["peer"].as_str().map(str::to_owned));
    }
}

/// One part of a key: `["tool cargo", "sha256:..."]`.
fn keyed_tool(part: &Json) -> Option<SeenTool> {
    let name = part[0].as_str()?.strip_prefix(TOOL_PART)?.parse().ok()?;
    Some(SeenTool { name, fingerprint: digest(&part[1]) })
}

fn digest(value: &Json) -> Option<Digest> {
    value.as_str()?.parse().ok()
}

/// Whom a request of the plugin went to. Of its URL no more is kept: path and query are not for everybody.
fn requested(arguments: &Json) -> Option<String> {
    place(&Url::parse(arguments["url"].as_str()?).ok()?)
}

/// Whom a native tool reached through the host's proxy: in a tunnel, or by a plain request.
fn contacted(arguments: &Json) -> Option<String> {
    let scheme = if arguments["method"].as_str()? == "CONNECT" { "https" } else { "http" };
    let host = arguments["host"].as_str()?.trim_matches(['[', ']']);
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    place(&Url::parse(&format!("{scheme}://{host}:{}/", arguments["port"].as_u64()?)).ok()?)
}

fn place(url: &Url) -> Option<String> {
    let host = url.host_str()?.trim_end_matches('.');
    Some(format!("{}://{host}:{}", url.scheme(), url.port_or_known_default()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seen(interface: &str, function: &str, arguments: &Json, result: &Json) -> Seen {
        let call = json!({ "interface": interface, "function": function, "arguments": arguments, "result": result });
        let function: FunctionCall = serde_json::from_value(call).unwrap();
        let body = CallBody::Function(function);
        let call = |permission| HostCall { seq: 0, at_ms: 0, duration_us: 0, permission, body: body.clone() };
        assert_eq!(Seen::of(&[call(Permission::Denied("x".into()))]), Seen::default(), "a refused call did nothing");
        Seen::of(&[call(Permission::Granted("x".into()))])
    }

    fn check_place(method: Option<&str>, place: &str, expected: Option<&str>) {
        let seen = match method {
            None => seen("http", "send", &json!({ "url": place }), &json!({})),
            Some(method) => {
                let (host, port) = place.rsplit_once(':').unwrap();
                let port: u16 = port.parse().unwrap();
                seen("egress", "contact", &json!({ "method": method, "host": host, "port": port }), &json!({}))
            }
        };
        assert_eq!(seen.contacts.keys().map(String::as_str).collect::<Vec<_>>(), Vec::from_iter(expected), "{place}");
    }

    #[test]
    fn a_host_is_named_with_scheme_and_port_and_nothing_more() {
        check_place(None, "https://Api.example./v1?token=x", Some("https://api.example:443"));
        check_place(None, "http://user:word@[::1]:8080/", Some("http://[::1]:8080"));
        check_place(None, "api.example", None);
        check_place(Some("CONNECT"), "Registry.example:443", Some("https://registry.example:443"));
        check_place(Some("GET"), "::1:80", Some("http://[::1]:80"));
        check_place(Some("GET"), "[::1]:80", Some("http://[::1]:80"));
        check_place(Some("GET"), "a b:80", None);
    }

    #[test]
    fn a_command_names_its_tools_by_fingerprint() {
        let prints = ["a", "b"].map(|text| Digest::of(text.as_bytes()));
        let key = json!([["argv", "cargo"], ["tool cargo", prints[0]], ["tool cc", prints[1]], ["tool /x", "y"]]);
        let found = seen("exec", "run", &json!({ "argv": ["cargo"] }), &json!({ "ending": "timed-out", "key": key }));
        let tools: Vec<_> = found.tools.iter().map(|(tool, it)| (tool.name.as_str(), tool.fingerprint, *it)).collect();
        assert_eq!(tools, [("cargo", Some(prints[0]), true), ("cc", Some(prints[1]), false)]);
    }

    #[test]
    fn a_tool_without_a_key_is_still_named() {
        let found = seen("exec", "run", &json!({ "argv": ["git", "log"] }), &json!({ "ending": { "exited": 0 } }));
        let name = "git".parse().unwrap();
        assert_eq!(found.tools, [(SeenTool { name, fingerprint: None }, true)].into());
    }

    #[test]
    fn what_was_not_started_or_not_fetched_is_not_named() {
        let arguments = json!({ "argv": ["git"], "secret-env": [["X", "token"]] });
        for reason in NOT_STARTED {
            assert_eq!(seen("exec", "run", &arguments, &json!({ reason: "why" })), Seen::default());
        }
        assert_eq!(
            seen("artifacts", "fetch", &json!({ "digest": Digest::of(b"") }), &json!({ "missing": "" })),
            Seen::default()
        );
        assert_eq!(seen("exec", "run", &json!("argv"), &json!(3)), Seen::default());
    }
}

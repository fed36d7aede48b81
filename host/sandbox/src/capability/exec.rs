//! `exec`: native tools. Needs the grant `exec: [TOOL]`; the tools' own sandbox sees to the rest.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use lockgate_model::Json;
use lockgate_model::host_call::{CallBody, FunctionCall, LogLevel, LogLine, LogSource, Permission};
use lockgate_model::ids::{AttemptId, Digest};
use lockgate_model::outcome::Limit;
use lockgate_ports::egress::{Contact, EgressError};
use lockgate_ports::secrets::{Mask, SecretValue};
use lockgate_ports::tools::{Changes, Completion, Ending, KeyPart, OutputSink, Placed, PlacedKind};
use lockgate_ports::{ToolAction, ToolError, WorkspaceFolder};
use serde_json::json;

use crate::bindings::host::exec;
use crate::capability::secrets::unavailable;
use crate::host::{Function, Host, Reply, check_bytes};
use crate::lines::Lines;
use crate::stop::Stop;
use crate::watch::Watch;

impl exec::Host for Host {
    fn run(&mut self, command: exec::Command) -> wasmtime::Result<Result<exec::Completion, exec::ExecError>> {
        check_bytes(command.stdin.as_ref().map_or(0, Vec::len))?;
        check_command(&command)?;
        let function = Function { interface: "exec", name: "run" };
        let (arguments, permission) = (shown_command(&command), self.may_run(&command));
        let contradiction = self.contradiction(&command);
        self.granted(function, arguments, permission, |host, arguments| match contradiction {
            Some(why) => Ok(Err(exec::ExecError::Denied(why))),
            None => host.run_tool(function, arguments, command),
        })
    }
}

impl Host {
    fn may_run(&self, command: &exec::Command) -> Permission {
        let grants = &self.reach.grants;
        let Some(rule) = grants.exec.iter().find(|rule| rule.allows(&command.argv)) else {
            return Permission::Denied(format!("exec: [{}]", quoted(&command.argv)).into());
        };
        match command.secret_env.iter().find(|(_, secret)| !grants.expose.contains(secret)) {
            Some((_, secret)) => Permission::Denied(format!("expose: [{secret}]").into()),
            None => Permission::Granted(format!("exec: [{rule}]").into()),
        }
    }

    /// Why a granted command is refused all the same: no grant would mend that.
    fn contradiction(&self, command: &exec::Command) -> Option<String> {
        if command.stdout_to.is_some() && !command.secret_env.is_empty() {
            // Its bytes would reach the workspace as they are, and the plugin with them.
            let why = "a command that is shown a secret cannot write its standard output to a file, where nothing would \
                       mask it; take its output from the completion instead";
            return Some(why.to_owned());
        }
        let mut allowing = self.reach.grants.exec.iter().filter(|rule| rule.allows(&command.argv));
        let rule =
            allowing.next().filter(|rule| rule.arguments.is_some() && allowing.all(|rule| rule.arguments.is_some()))?;
        let (name, _) = command.env.iter().find(|(name, _)| makes_another_command(name))?;
        Some(format!(
            "the variable `{name}` can make `{}` run something else than what `exec: [{rule}]` grants; leave it out, or \
             grant the tool by its name alone",
            rule.tool
        ))
    }

    /// Runs a granted command; the processor is free for others until it ends.
    fn run_tool(
        &mut self,
        function: Function,
        arguments: &Json,
        command: exec::Command,
    ) -> Result<Result<exec::Completion, exec::ExecError>, Stop> {
        if !command.secret_env.is_empty() && self.reach.answers.is_none() {
            // Its secrets are fetched before it is handed over.
            self.pass_gate()?;
        }
        let Some(action) = self.action(command)? else {
            let message = "a native tool needs a workspace, and this call has none".to_owned();
            return Ok(Err(exec::ExecError::Unavailable(message)));
        };
        let folder = action.workspace.clone();
        let result = self.ask_world(function, arguments, |host| host.run_action(action))?;
        self.answer_blobs = result.as_ref().map_or_else(|_| Vec::new(), left_files);
        if self.reach.answers.is_some()
            && let Ok(completion) = &result
        {
            self.apply_recorded(completion, &*folder)?;
        }
        self.watch.check_log()?;
        match result {
            Ok(completion) => {
                self.watch.note_tool(completion.cached_from.as_ref());
                self.last_tool = Some(ToolFacts::of(&completion));
                self.say_where_from(&completion);
                completed(completion).map(Ok)
            }
            Err(error) => {
                self.watch.note_tool(None);
                refused(self.with_place(error)).map(Err)
            }
        }
    }

    /// Tools say which grant is missing; where it would stand they do not know.
    fn with_place(&self, error: ToolError) -> ToolError {
        match error {
            ToolError::Denied(why) if !self.reach.grants_place.is_empty() => {
                ToolError::Denied(format!("{why} ({})", self.reach.grants_place))
            }
            error => error,
        }
    }

    /// What a command says may hold a secret that it was shown: neither log nor plugin nor record get that.
    fn run_action(&mut self, action: ToolAction) -> Result<Result<Completion, ToolError>, Stop> {
        let watch = self.watch.clone();
        let output = Arc::new(ToolLines::new(&watch));
        let (tools, sink) = (self.services.tools.clone(), output.clone());
        let result = self.without_permit(move |_| tools.run(action, sink, watch.cancel()))?;
        output.finish();
        let mask = self.watch.mask();
        let result = result.map_err(|error| masked_error(error, mask));
        Ok(result.map(|mut completion| {
            completion.changes = completion.changes.filter(|changes| !names_a_secret(changes, mask));
            for stream in [&mut completion.stdout, &mut completion.stderr] {
                if completion.truncated {
                    // Where it was cut, half of a value may stand, which nobody would know for one.
                    stream.truncate(stream.len() - mask.held_back(stream));
                }
                if let Cow::Owned(masked) = mask.bytes(stream) {
                    *stream = masked;
                }
            }
            completion
        }))
    }

    fn apply_recorded(&self, completion: &Completion, workspace: &dyn WorkspaceFolder) -> Result<(), Stop> {
        let Some(changes) = &completion.changes else {
            let message = "what the command changed was too much to keep, so it cannot be replayed".to_owned();
            return Err(Stop::Fault(message));
        };
        let applied = self.services.tools.apply(changes, workspace);
        applied.map_err(|error| Stop::fault("cannot carry over what the recorded command changed", &error))
    }

    /// A plugin is not told that a result was known before; whoever reads the log is.
    fn say_where_from(&self, completion: &Completion) {
        if let Some(attempt) = &completion.cached_from {
            let message = format!("the command's result comes from the cache: attempt {attempt} ran it");
            self.watch.write(LogLine { source: LogSource::Host, level: LogLevel::Info, message, fields: Vec::new() });
        }
    }

    fn action(&self, command: exec::Command) -> Result<Option<ToolAction>, Stop> {
        let reach = &self.reach;
        let (Some(workspace), Some(attempt)) = (reach.workspace.as_ref(), reach.attempt.clone()) else {
            return Ok(None);
        };
        let mut env: BTreeMap<String, String> = reach.env.clone();
        env.extend(command.env);
        let left_ms = self.watch.left_ms();
        Ok(Some(ToolAction {
            argv: command.argv,
            tools: reach.grants.tools(),
            cwd: command.cwd,
            env,
            secret_env: self.secret_env(command.secret_env)?,
            workspace: workspace.folder.clone(),
            inputs: command.inputs,
            outputs: command.outputs,
            scratch: workspace.scratch.clone(),
            stdin: command.stdin.unwrap_or_default(),
            stdout_to: command.stdout_to,
            time_ms: command.timeout_ms.map_or(left_ms, |wanted_ms| wanted_ms.min(left_ms)),
            grants: reach.grants.clone(),
            trust: reach.trust,
            gate: reach.gate.clone(),
            attempt,
        }))
    }

    /// The values of exposed secrets; none in a replay, which runs no tool.
    fn secret_env(&self, wanted: Vec<(String, String)>) -> Result<BTreeMap<String, SecretValue>, Stop> {
        if self.reach.answers.is_some() {
            return Ok(BTreeMap::new());
        }
        let mut env = BTreeMap::new();
        for (variable, name) in wanted {
            let secret = self.exposed(&name).map_err(|why| unavailable(&name, &why))?;
            self.watch.warn(format!("secret `{name}` is exposed to a native tool, in its variable `{variable}`"));
            env.insert(variable, secret.value);
        }
        Ok(env)
    }
}

/// What the journal shows of a command beside what the guest was told.
pub(crate) struct ToolFacts {
    key: Vec<KeyPart>,
    cached_from: Option<AttemptId>,
}

impl ToolFacts {
    fn of(completion: &Completion) -> Self {
        Self { key: completion.key.clone(), cached_from: completion.cached_from.clone() }
    }

    /// As JSON.
    pub(crate) fn shown(&self) -> (Json, Json) {
        let key = self.key.iter().map(|part| json!([part.name, part.value])).collect();
        (key, json!(self.cached_from.as_ref().map(ToString::to_string)))
    }
}

fn masked_error(error: ToolError, mask: &Mask) -> ToolError {
    let text = |text: String| mask.text(&text).into_owned();
    match error {
        ToolError::Denied(why) => ToolError::Denied(text(why)),
        ToolError::NotFound(why) => ToolError::NotFound(text(why)),
        ToolError::Unavailable(why) => ToolError::Unavailable(text(why)),
        ToolError::Faulted(why) => ToolError::Faulted(text(why)),
    }
}

/// Whether a file or a link is called after a secret that the tool was shown. The record then does without the changes.
fn names_a_secret(changes: &Changes, mask: &Mask) -> bool {
    let target = |placed: &Placed| match &placed.what {
        PlacedKind::Link { target } => Some(target.clone()),
        PlacedKind::File { .. } | PlacedKind::Folder => None,
    };
    let named = changes.placed.iter().flat_map(|placed| [Some(placed.path.clone()), target(placed)]);
    let names = named.flatten().chain(changes.removed.iter().cloned());
    names.into_iter().any(|name| matches!(mask.text(&name), Cow::Owned(_)))
}

fn left_files(completion: &Completion) -> Vec<Digest> {
    let placed = completion.changes.iter().flat_map(|changes| &changes.placed);
    let file = |placed: &Placed| match &placed.what {
        PlacedKind::File { digest, .. } => Some(*digest),
        PlacedKind::Folder | PlacedKind::Link { .. } => None,
    };
    placed.filter_map(file).collect()
}

/// Words and globs of a command; the journal has all of them.
const COMMAND_BYTES_MAX: usize = 1024 * 1024;

fn check_command(command: &exec::Command) -> Result<(), Stop> {
    let pairs = command.env.iter().chain(&command.secret_env).map(|(name, value)| name.len() + value.len());
    let texts = command.argv.iter().chain(&command.inputs).chain(&command.outputs).map(String::len);
    let single = command.cwd.iter().chain(&command.stdout_to).map(String::len);
    let bytes: usize = pairs.chain(texts).chain(single).sum();
    if bytes > COMMAND_BYTES_MAX { Err(Stop::Limit(Limit::HostCallBytes)) } else { Ok(()) }
}

/// Variables by which a command is made to run something else: rules about its arguments would mean nothing. The list is
/// of what loaders, shells and git take; a tool may have others, so a rule with arguments binds tools that one knows.
fn makes_another_command(variable: &str) -> bool {
    let is_known = ["PATH", "ENV", "BASH_ENV", "SHELL", "EDITOR", "PAGER", "IFS"].contains(&variable);
    is_known
        || ["LD_", "GIT_", "BASH_FUNC_", "NODE_OPTIONS", "PERL5", "PYTHON", "RUBYOPT", "CARGO_BUILD_RUSTC", "RUSTC"]
            .iter()
            .any(|prefix| variable.starts_with(prefix))
}

/// A command as a grant would allow just it.
fn quoted(argv: &[String]) -> String {
    let has_special =
        |word: &String| word.is_empty() || word.contains(char::is_whitespace) || word.contains(['*', '?', '[', '{']);
    let words = argv.iter().map(|word| if has_special(word) { "*" } else { word.as_str() });
    words.collect::<Vec<_>>().join(" ")
}

fn completed(completion: Completion) -> Result<exec::Completion, Stop> {
    let ending = match completion.ending {
        Ending::Exited(code) => exec::Ending::Exited(code),
        Ending::Signalled(signal) => exec::Ending::Signalled(signal),
        Ending::TimedOut => exec::Ending::TimedOut,
        Ending::Cancelled => return Err(Stop::Cancelled),
    };
    let Completion { stdout, stderr, truncated, wall_ms, cpu_ms, max_rss_bytes, .. } = completion;
    Ok(exec::Completion { ending, stdout, stderr, truncated, wall_ms, cpu_ms, max_rss_bytes })
}

/// What the guest is told. A host that broke is no answer to a plugin: it ends the call.
fn refused(error: ToolError) -> Result<exec::ExecError, Stop> {
    match error {
        ToolError::Denied(message) => Ok(exec::ExecError::Denied(message)),
        ToolError::NotFound(message) => Ok(exec::ExecError::NotFound(message)),
        ToolError::Unavailable(message) => Ok(exec::ExecError::Unavailable(message)),
        ToolError::Faulted(message) => Err(Stop::Fault(message)),
    }
}

impl Reply for Result<exec::Completion, exec::ExecError> {
    fn denied(missing: String) -> Self {
        Err(exec::ExecError::Denied(missing))
    }

    fn shown(&self) -> Json {
        match self {
            Ok(completion) => shown_completion(completion),
            Err(exec::ExecError::Denied(reason)) => json!({ "denied": reason }),
            Err(exec::ExecError::NotFound(reason)) => json!({ "not-found": reason }),
            Err(exec::ExecError::Unavailable(reason)) => json!({ "unavailable": reason }),
        }
    }

    fn bytes(&self) -> u64 {
        self.as_ref().map_or(0, |completion| (completion.stdout.len() + completion.stderr.len()) as u64)
    }
}

/// Names of variables, not their values; the length of standard input, not its bytes.
fn shown_command(command: &exec::Command) -> Json {
    json!({
        "argv": command.argv,
        "cwd": command.cwd,
        "env": command.env.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "secret-env": command.secret_env,
        "inputs": command.inputs,
        "outputs": command.outputs,
        "stdin-bytes": command.stdin.as_ref().map(Vec::len),
        "stdout-to": command.stdout_to,
        "timeout-ms": command.timeout_ms,
    })
}

fn shown_completion(completion: &exec::Completion) -> Json {
    let ending = match completion.ending {
        exec::Ending::Exited(code) => json!({ "exited": code }),
        exec::Ending::Signalled(signal) => json!({ "signalled": signal }),
        exec::Ending::TimedOut => json!("timed-out"),
    };
    json!({
        "ending": ending,
        "stdout-bytes": completion.stdout.len(),
        "stderr-bytes": completion.stderr.len(),
        "truncated": completion.truncated,
        "wall-ms": completion.wall_ms,
        "cpu-ms": completion.cpu_ms,
        "max-rss-bytes": completion.max_rss_bytes,
    })
}

/// A tool's streams, as lines of the log, while it runs, and what it contacts.
struct ToolLines {
    watch: Arc<Watch>,
    stdout: Mutex<Lines>,
    stderr: Mutex<Lines>,
}

impl ToolLines {
    fn new(watch: &Arc<Watch>) -> Self {
        let lines = |source| Mutex::new(Lines::new(watch.clone(), source));
        let (stdout, stderr) = (lines(LogSource::ToolStdout), lines(LogSource::ToolStderr));
        Self { watch: watch.clone(), stdout, stderr }
    }

    fn finish(&self) {
        for lines in [&self.stdout, &self.stderr] {
            lines.lock().unwrap_or_else(PoisonError::into_inner).finish();
        }
    }
}

impl OutputSink for ToolLines {
    fn write(&self, is_stderr: bool, bytes: &[u8]) {
        let lines = if is_stderr { &self.stderr } else { &self.stdout };
        lines.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
    }

    fn contacted(&self, contact: Contact) {
        let ended_us = self.watch.elapsed_us();
        let began_us = ended_us.saturating_sub(contact.duration_ms.saturating_mul(1000));
        let permission = match &contact.outcome {
            Ok(rule) => Permission::Granted(format!("http: [{rule}]").into()),
            Err(EgressError::Denied(missing)) => Permission::Denied(format!("http: [{missing}]").into()),
            Err(_) => Permission::Free,
        };
        let Contact { method, host, port, path, outcome, peer, bytes: (sent, got), .. } = contact;
        let arguments = json!({ "method": method, "host": host, "port": port, "path": path });
        let result = match outcome {
            Ok(_) => json!({ "peer": peer.map(|peer| peer.to_string()), "sent-bytes": sent, "got-bytes": got }),
            Err(error) => json!({ "error": error.to_string() }),
        };
        let (interface, function, bytes) = ("egress".into(), "contact".into(), sent + got);
        let call = FunctionCall { interface, function, arguments, result, bytes, answer: None, blobs: Vec::new() };
        self.watch.record(began_us, permission, CallBody::Function(call));
    }
}

//! `exec`: native tools. Needs the grant `exec: [TOOL]`; the tools' own sandbox sees to the rest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use lockgate_model::Json;
use lockgate_model::host_call::{LogLevel, LogLine, LogSource, Permission};
use lockgate_ports::tools::{Completion, Ending, OutputSink};
use lockgate_ports::{ToolAction, ToolError};
use serde_json::json;

use crate::bindings::host::exec;
use crate::host::{Function, Host, Reply, check_bytes};
use crate::lines::Lines;
use crate::stop::Stop;
use crate::watch::Watch;

impl exec::Host for Host {
    fn run(&mut self, command: exec::Command) -> wasmtime::Result<Result<exec::Completion, exec::ExecError>> {
        check_bytes(command.stdin.as_ref().map_or(0, Vec::len))?;
        let function = Function { interface: "exec", name: "run" };
        let (arguments, permission) = (shown_command(&command), self.may_run(&command));
        self.granted(function, arguments, permission, |host| host.run_tool(command))
    }
}

impl Host {
    fn may_run(&self, command: &exec::Command) -> Permission {
        let tool = command.argv.first().map_or("", String::as_str);
        let is_granted = self.reach.grants.exec.iter().any(|granted| granted.as_str() == tool);
        match command.secret_env.first() {
            _ if !is_granted => Permission::Denied(format!("exec: [{tool}]")),
            Some((_, secret)) => Permission::Denied(format!("secrets: [{secret}]")),
            None => Permission::Granted(format!("exec: {tool}")),
        }
    }

    /// Runs a granted command; the processor is free for others until it ends.
    fn run_tool(&mut self, command: exec::Command) -> Result<Result<exec::Completion, exec::ExecError>, Stop> {
        let Some(action) = self.action(command) else {
            let message = "a native tool needs a workspace, and this call has none".to_owned();
            return Ok(Err(exec::ExecError::Unavailable(message)));
        };
        let watch = self.watch.clone();
        let output = Arc::new(ToolLines::new(&watch));
        let (tools, sink) = (self.services.tools.clone(), output.clone());
        let result = self.without_permit(move |_| tools.run(action, sink, watch.cancel()))?;
        output.finish();
        self.watch.check_log()?;
        match result {
            Ok(completion) => {
                self.watch.note_tool(completion.cached_from.as_ref());
                self.say_where_from(&completion);
                completed(completion).map(Ok)
            }
            Err(error) => {
                self.watch.note_tool(None);
                refused(error).map(Err)
            }
        }
    }

    /// A plugin is not told that a result was known before; whoever reads the log is.
    fn say_where_from(&self, completion: &Completion) {
        if let Some(attempt) = &completion.cached_from {
            let message = format!("the command's result comes from the cache: attempt {attempt} ran it");
            self.watch.write(LogLine { source: LogSource::Host, level: LogLevel::Info, message, fields: Vec::new() });
        }
    }

    fn action(&self, command: exec::Command) -> Option<ToolAction> {
        let (workspace, attempt) = (self.reach.workspace.as_ref()?, self.reach.attempt.clone()?);
        let mut env: BTreeMap<String, String> = self.reach.env.clone();
        env.extend(command.env);
        let left_ms = self.watch.left_ms();
        Some(ToolAction {
            argv: command.argv,
            tools: self.reach.grants.exec.clone(),
            cwd: command.cwd,
            env,
            workspace: workspace.path.clone(),
            inputs: command.inputs,
            outputs: command.outputs,
            scratch: workspace.scratch.clone(),
            stdin: command.stdin.unwrap_or_default(),
            stdout_to: command.stdout_to,
            time_ms: command.timeout_ms.map_or(left_ms, |wanted_ms| wanted_ms.min(left_ms)),
            grants: self.reach.grants.clone(),
            attempt,
        })
    }
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

/// A tool's streams, as lines of the log, while it runs.
struct ToolLines {
    stdout: Mutex<Lines>,
    stderr: Mutex<Lines>,
}

impl ToolLines {
    fn new(watch: &Arc<Watch>) -> Self {
        let lines = |source| Mutex::new(Lines::new(watch.clone(), source));
        Self { stdout: lines(LogSource::ToolStdout), stderr: lines(LogSource::ToolStderr) }
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
}

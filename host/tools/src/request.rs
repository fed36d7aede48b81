//! An action, checked against its grants before anything is touched.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lockgate_ports::sandbox::ScratchAccess;
use lockgate_ports::{ToolAction, ToolError};

use crate::catalog::{Catalog, Root, Tool};
use crate::globs::{Globs, is_within, relative};
use crate::limits::{COMMAND_LINE_BYTES_MAX, VARIABLES_MAX};
use crate::native::absolute;

/// Where the workspace is seen.
pub(crate) const WORKSPACE: &str = "/workspace";

/// What every command finds in its environment; a tool's own and the action's variables come on top.
const BASE_ENV: [(&str, &str); 5] =
    [("HOME", "/tmp/home"), ("LANG", "C.UTF-8"), ("TMPDIR", "/tmp"), ("TZ", "UTC"), ("USER", "lockgate")];

/// All that a command is, without anything of this host but its tools' places.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) argv: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    /// Relative to the workspace; empty for the workspace itself.
    pub(crate) cwd: String,
    pub(crate) inputs: Globs,
    pub(crate) outputs: Globs,
    pub(crate) scratch: Vec<ScratchAccess>,
    pub(crate) stdout_to: Option<String>,
    pub(crate) stdin: Vec<u8>,
    /// By place in the sandbox, so that a folder is mounted before what is in it.
    pub(crate) roots: BTreeMap<PathBuf, Root>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) time_ms: u64,
}

impl Request {
    /// Checks an action.
    pub(crate) fn new(action: &ToolAction, catalog: &Catalog) -> Result<Self, ToolError> {
        let tools = granted_tools(action, catalog)?;
        let [tool, ..] = tools.as_slice() else { return Err(denied("the command is empty; name a tool")) };
        let program = tool.program.display().to_string();
        let request = Self {
            argv: std::iter::once(program).chain(action.argv.iter().skip(1).cloned()).collect(),
            env: environment(&tools, &action.env),
            cwd: action.cwd.as_deref().map_or(Ok(String::new()), |cwd| inside("working folder", cwd))?,
            inputs: Globs::new(&action.inputs)?,
            outputs: Globs::new(&action.outputs)?,
            scratch: checked_scratch(&action.scratch)?,
            stdout_to: action.stdout_to.as_deref().map(|path| inside("file for standard output", path)).transpose()?,
            stdin: action.stdin.clone(),
            roots: tools.iter().flat_map(|tool| &tool.roots).map(|root| (root.inside.clone(), root.clone())).collect(),
            tools,
            time_ms: action.time_ms,
        };
        request.check_size()?;
        Ok(request)
    }

    /// A tool that is asked for its version, with nothing to see but itself.
    pub(crate) fn version(tool: &Tool, arguments: &[String], time_ms: u64) -> Self {
        let tools = vec![tool.clone()];
        let program = tool.program.display().to_string();
        Self {
            argv: std::iter::once(program).chain(arguments.iter().cloned()).collect(),
            env: environment(&tools, &BTreeMap::new()),
            cwd: String::new(),
            inputs: Globs::default(),
            outputs: Globs::default(),
            scratch: Vec::new(),
            stdout_to: None,
            stdin: Vec::new(),
            roots: tool.roots.iter().map(|root| (root.inside.clone(), root.clone())).collect(),
            tools,
            time_ms,
        }
    }

    /// The names of the scratch folders.
    pub(crate) fn scratch_names(&self) -> Vec<String> {
        self.scratch.iter().map(|scratch| scratch.name.clone()).collect()
    }

    fn check_size(&self) -> Result<(), ToolError> {
        let variables = self.env.iter().flat_map(|(name, value)| [name, value]);
        if let Some(text) = self.argv.iter().chain(variables).find(|text| text.contains('\0')) {
            return Err(denied(&format!("`{}` holds a NUL character", text.escape_debug())));
        }
        if let Some(name) = self.env.keys().find(|name| name.is_empty() || name.contains('=')) {
            return Err(denied(&format!("`{name}` cannot be the name of an environment variable")));
        }
        let bytes: usize = self.argv.iter().chain(self.env.iter().flat_map(|(n, v)| [n, v])).map(String::len).sum();
        if bytes > COMMAND_LINE_BYTES_MAX || self.env.len() > VARIABLES_MAX {
            return Err(denied(&format!(
                "command line and environment have {bytes} bytes and {} variables; at most {COMMAND_LINE_BYTES_MAX} \
                 bytes and {VARIABLES_MAX} variables are taken. Hand large things over in files or by standard input",
                self.env.len()
            )));
        }
        Ok(())
    }
}

/// The tools that were granted, the command's own first.
fn granted_tools(action: &ToolAction, catalog: &Catalog) -> Result<Vec<Tool>, ToolError> {
    let name = action.argv.first().ok_or_else(|| denied("the command is empty; name a tool"))?;
    let Some(own) = action.tools.iter().find(|tool| tool.as_str() == name) else {
        let known = catalog.names().iter().any(|tool| tool.as_str() == name);
        let remedy = if known {
            format!("add `exec: [{name}]` to the step's grants")
        } else {
            "this host knows no tool of that name; describe it in lockgate.toml, then grant it".to_owned()
        };
        return Err(denied(&format!("`{name}` is not granted to this step; {remedy}")));
    };
    let others = action.tools.iter().filter(|tool| *tool != own);
    std::iter::once(own).chain(others).map(|name| catalog.tool(name)).collect()
}

/// Tools in the order of their grants, the command's own last so that it has the last word among them.
fn environment(tools: &[Tool], own: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut env: BTreeMap<String, String> = BASE_ENV.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    env.insert("PATH".to_owned(), search_path(tools));
    for tool in tools.iter().rev() {
        env.extend(tool.env.clone());
    }
    env.extend(own.clone());
    env.insert("LOCKGATE".to_owned(), "1".to_owned());
    env
}

/// Each folder once, in the order of the tools.
fn search_path(tools: &[Tool]) -> String {
    let mut folders: Vec<String> = Vec::new();
    for folder in tools.iter().flat_map(|tool| &tool.path) {
        let folder = folder.display().to_string();
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders.join(":")
}

fn checked_scratch(scratch: &[ScratchAccess]) -> Result<Vec<ScratchAccess>, ToolError> {
    let check = |scratch: &ScratchAccess| {
        let name = inside("scratch folder", &scratch.name)?;
        Ok(ScratchAccess { name, path: absolute(&scratch.path), was_empty: scratch.was_empty })
    };
    let checked: Vec<ScratchAccess> = scratch.iter().map(check).collect::<Result<_, ToolError>>()?;
    for (place, one) in checked.iter().enumerate() {
        let others = checked.iter().enumerate().filter(|(other, _)| *other != place);
        if let Some((_, other)) = others.into_iter().find(|(_, other)| is_within(&one.name, &other.name)) {
            return Err(denied(&format!("scratch `{}` lies in scratch `{}`; grant one of them", one.name, other.name)));
        }
    }
    Ok(checked)
}

fn inside(what: &str, path: &str) -> Result<String, ToolError> {
    let path =
        if what == "working folder" && matches!(path, "." | "./" | "") { return Ok(String::new()) } else { path };
    let checked = relative(path).map(str::to_owned);
    checked.ok_or_else(|| {
        denied(&format!("the {what} `{path}` leaves the workspace; name it relative to it, without `..`"))
    })
}

fn denied(message: &str) -> ToolError {
    ToolError::Denied(message.to_owned())
}

//! An action, checked against its grants before anything is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use lockgate_model::grant::{FileRules, HttpRule};
use lockgate_model::ids::Digest;
use lockgate_ports::sandbox::ScratchAccess;
use lockgate_ports::secrets::SecretValue;
use lockgate_ports::trees::Leaf;
use lockgate_ports::{ToolAction, ToolError, Trees, WorkspaceError};

use crate::builtin::trust_anchors;
use crate::catalog::{Catalog, Root, Tool};
use crate::folder::{Folder, Kind};
use crate::globs::{Globs, is_within, relative};
use crate::limits::{COMMAND_LINE_BYTES_MAX, VARIABLES_MAX};
use crate::native::absolute;
use crate::network::{allow_network, name_proxy};
use crate::walk::{Visit, walk};

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
    /// Variables that hold secrets; they win over others of their name.
    pub(crate) secrets: BTreeMap<String, SecretValue>,
    /// Relative to the workspace; empty for the workspace itself.
    pub(crate) cwd: String,
    pub(crate) inputs: Globs,
    pub(crate) outputs: Globs,
    /// What may be read of the inputs; none for all of it.
    pub(crate) read: Option<FileRules>,
    /// What may be changed in the workspace; none for all of it.
    pub(crate) write: Option<FileRules>,
    /// Hosts that it reaches.
    pub(crate) http: Vec<HttpRule>,
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
        let mut request = Self {
            argv: std::iter::once(program).chain(action.argv.iter().skip(1).cloned()).collect(),
            env: environment(&tools, &action.env, !action.grants.http.is_empty()),
            secrets: action.secret_env.clone(),
            cwd: action.cwd.as_deref().map_or(Ok(String::new()), |cwd| inside("working folder", cwd))?,
            inputs: Globs::new(&action.inputs)?,
            outputs: Globs::new(&action.outputs)?,
            read: file_rules("read", action.grants.read.as_deref())?,
            write: file_rules("write", action.grants.write.as_deref())?,
            http: action.grants.http.clone(),
            scratch: checked_scratch(&action.scratch)?,
            stdout_to: action.stdout_to.as_deref().map(|path| inside("file for standard output", path)).transpose()?,
            stdin: action.stdin.clone(),
            roots: tools.iter().flat_map(|tool| &tool.roots).map(|root| (root.inside.clone(), root.clone())).collect(),
            tools,
            time_ms: action.time_ms,
        };
        if !request.http.is_empty() {
            request.roots.extend(trust_anchors().into_iter().map(|root| (root.inside.clone(), root)));
        }
        request.check_size()?;
        request.may_change(request.stdout_to.as_deref())?;
        Ok(request)
    }

    /// A tool that is asked for its version, with nothing to see but itself.
    pub(crate) fn version(tool: &Tool, arguments: &[String], time_ms: u64) -> Self {
        let tools = vec![tool.clone()];
        let program = tool.program.display().to_string();
        Self {
            argv: std::iter::once(program).chain(arguments.iter().cloned()).collect(),
            env: environment(&tools, &BTreeMap::new(), false),
            secrets: BTreeMap::new(),
            cwd: String::new(),
            inputs: Globs::default(),
            outputs: Globs::default(),
            read: None,
            write: None,
            http: Vec::new(),
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

    /// Walks the files of a workspace that the command may see: those that are declared and may be read. What lies
    /// where a scratch folder will be is hidden by it.
    pub(crate) fn walk_inputs(&self, workspace: &Folder, visit: &mut Visit<'_>) -> io::Result<()> {
        walk(workspace, "", &self.inputs, &self.scratch_names(), &mut |folder, name, node| {
            let sees = self.may_see(&node.path, node.kind == Kind::Folder);
            if sees { visit(folder, name, node) } else { Ok(()) }
        })
    }

    /// The same of a tree that nobody has made a folder of.
    pub(crate) fn walk_tree_inputs(
        &self,
        trees: &dyn Trees,
        root: &Digest,
        visit: &mut dyn FnMut(&str, Leaf),
    ) -> Result<(), WorkspaceError> {
        trees.walk(root, &mut |path, leaf| {
            if self.scratch.iter().any(|scratch| scratch.name == path) {
                return false;
            }
            let is_folder = leaf == Leaf::Folder;
            if self.inputs.matches(path) && self.may_see(path, is_folder) {
                visit(path, leaf);
            }
            is_folder && self.inputs.reach_into(path)
        })
    }

    fn may_see(&self, path: &str, is_folder: bool) -> bool {
        self.read.as_ref().is_none_or(|rules| rules.allow(path) || is_folder && rules.allow_folder(path))
    }

    /// Checks paths that were placed, or paths that were removed, against what may be written. A folder needs no rule of
    /// its own where something in it has one; scratch needs none.
    pub(crate) fn may_change<'p>(&self, paths: impl IntoIterator<Item = &'p str> + Clone) -> Result<(), ToolError> {
        let Some(rules) = &self.write else { return Ok(()) };
        let is_scratch = |path: &str| self.scratch.iter().any(|scratch| is_within(path, &scratch.name));
        let is_free = |path: &str| is_scratch(path) || rules.allow(path);
        let parents: BTreeSet<&str> =
            paths.clone().into_iter().filter(|path| is_free(path)).flat_map(folders_above).collect();
        match paths.into_iter().find(|path| !is_free(path) && !parents.contains(path)) {
            Some(path) => Err(denied(&format!(
                "`{path}` is among the command's changes, and this step may not write it; add `write: [{path}]` to its \
                 grants, or leave it out of the outputs"
            ))),
            None => Ok(()),
        }
    }

    /// Why a result must neither be looked for nor be remembered; none where it may be.
    pub(crate) fn uncacheable(&self) -> Option<&'static str> {
        if !self.secrets.is_empty() {
            Some("secret exposed")
        } else if !self.http.is_empty() {
            Some("network granted")
        } else {
            None
        }
    }

    fn check_size(&self) -> Result<(), ToolError> {
        let variables = self.env.iter().flat_map(|(name, value)| [name, value]);
        let texts = || self.argv.iter().chain(variables.clone()).chain(self.secrets.keys());
        if let Some(text) = texts().find(|text| text.contains('\0')) {
            return Err(denied(&format!("`{}` holds a NUL character", text.escape_debug())));
        }
        if let Some((name, _)) = self.secrets.iter().find(|(_, value)| value.expose().contains(&0)) {
            return Err(denied(&format!("the secret for `{name}` holds a NUL byte, which no variable can carry")));
        }
        let mut names = self.env.keys().chain(self.secrets.keys());
        if let Some(name) = names.find(|name| name.is_empty() || name.contains('=')) {
            return Err(denied(&format!("`{name}` cannot be the name of an environment variable")));
        }
        let secret_bytes: usize = self.secrets.values().map(|value| value.expose().len()).sum();
        let bytes = texts().map(String::len).sum::<usize>() + secret_bytes;
        let count = self.env.len() + self.secrets.len();
        if bytes > COMMAND_LINE_BYTES_MAX || count > VARIABLES_MAX {
            return Err(denied(&format!(
                "command line and environment have {bytes} bytes and {count} variables; at most \
                 {COMMAND_LINE_BYTES_MAX} bytes and {VARIABLES_MAX} variables are taken. Hand large things over in files \
                 or by standard input"
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

/// Tools in the order of their grants, the command's own last so that it has the last word among them. Where the network
/// is, nobody but the host says.
fn environment(tools: &[Tool], own: &BTreeMap<String, String>, has_network: bool) -> BTreeMap<String, String> {
    let mut env: BTreeMap<String, String> = BASE_ENV.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    env.insert("PATH".to_owned(), search_path(tools));
    for tool in tools.iter().rev() {
        env.extend(tool.env.clone());
    }
    if has_network {
        allow_network(&mut env);
    }
    env.extend(own.clone());
    if has_network {
        name_proxy(&mut env);
    }
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

fn file_rules(grant: &str, globs: Option<&[String]>) -> Result<Option<FileRules>, ToolError> {
    let invalid = |glob| denied(&format!("the grant `{grant}: [{glob}]` is no pattern that can be used"));
    globs.map(FileRules::new).transpose().map_err(invalid)
}

/// The folders that a path lies in.
fn folders_above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(slash, _)| &path[..slash])
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

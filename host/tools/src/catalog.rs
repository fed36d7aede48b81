//! Which tools there are, and what each of them needs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lockgate_model::ids::ToolName;
use lockgate_ports::ToolError;

use crate::builtin::{self, BUILTINS, Builtin, PROGRAM_FOLDERS, RUST_FOLDER};
use crate::definition::ToolDefinition;

/// Places that the sandbox itself makes; no root may cover or fill them.
const RESERVED: [&str; 5] = ["/workspace", "/proc", "/dev", "/tmp", "/sys"];

/// A folder or file of the host that a tool may read and execute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// On the host.
    pub host: PathBuf,
    /// In the sandbox.
    pub inside: PathBuf,
    /// Where it is a symlink that is made anew rather than a folder that is bound: its target.
    pub link: Option<PathBuf>,
}

impl Root {
    pub(crate) fn same(path: &Path) -> Self {
        Self { host: path.to_owned(), inside: path.to_owned(), link: None }
    }
}

/// A tool that is installed on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// Its name.
    pub name: ToolName,
    /// Its program on the host.
    pub host_program: PathBuf,
    /// Its program in the sandbox.
    pub program: PathBuf,
    /// What it may read and execute.
    pub roots: Vec<Root>,
    /// Its part of `PATH`.
    pub path: Vec<PathBuf>,
    /// Its environment.
    pub env: BTreeMap<String, String>,
    /// Arguments that make it tell its version; none where the program's digest has to do.
    pub version: Option<Vec<String>>,
}

/// Built-in tools and those of configuration; a configured tool takes the place of a built-in one of its name.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    configured: BTreeMap<ToolName, ToolDefinition>,
}

impl Catalog {
    /// The built-in tools and these.
    #[must_use]
    pub fn new(configured: BTreeMap<ToolName, ToolDefinition>) -> Self {
        Self { configured }
    }

    /// The tools that may be granted, in order of name; whether they are installed is another question.
    #[must_use]
    pub fn names(&self) -> Vec<ToolName> {
        let builtin = BUILTINS.iter().filter_map(|builtin| builtin.name.parse().ok());
        let all: BTreeSet<ToolName> = builtin.chain(self.configured.keys().cloned()).collect();
        all.into_iter().collect()
    }

    /// The tool of this name as it is installed here.
    ///
    /// # Errors
    /// `NotFound` when nobody knows it or its program is absent, `Denied` when its definition asks for what no tool
    /// may have.
    pub fn tool(&self, name: &ToolName) -> Result<Tool, ToolError> {
        if let Some(definition) = self.configured.get(name) {
            return configured_tool(name, definition);
        }
        let builtin = BUILTINS.iter().find(|builtin| builtin.name == name.as_str());
        let builtin = builtin.ok_or_else(|| unknown(name))?;
        if builtin.is_rust { rust_tool(name, builtin) } else { system_tool(name, builtin) }
    }
}

fn unknown(name: &ToolName) -> ToolError {
    ToolError::NotFound(format!(
        "this host knows no tool `{name}`; describe it under [tools.{name}] in lockgate.toml, or grant another one"
    ))
}

fn not_installed(name: &ToolName, searched: &str) -> ToolError {
    ToolError::NotFound(format!(
        "`{name}` is not installed ({searched}); install it, or say where it is under [tools.{name}] in lockgate.toml"
    ))
}

fn system_tool(name: &ToolName, builtin: &Builtin) -> Result<Tool, ToolError> {
    let program = find_program(name, &PROGRAM_FOLDERS.map(PathBuf::from))?;
    Ok(Tool {
        name: name.clone(),
        host_program: program.clone(),
        program,
        roots: builtin::system_roots(),
        path: PROGRAM_FOLDERS.map(PathBuf::from).to_vec(),
        env: builtin::env(builtin),
        version: version_arguments(builtin),
    })
}

/// The toolchain itself, not rustup's proxies: those read the user's home. The system's roots are for the linker.
fn rust_tool(name: &ToolName, builtin: &Builtin) -> Result<Tool, ToolError> {
    let sysroot =
        builtin::rust_sysroot().ok_or_else(|| not_installed(name, "`rustc --print sysroot` has no answer"))?;
    let in_system = builtin::is_in_system(sysroot);
    let inside = if in_system { sysroot.to_owned() } else { PathBuf::from(RUST_FOLDER) };
    let own = Root { host: sysroot.to_owned(), inside: inside.clone(), link: None };
    let host_program = sysroot.join("bin").join(name.as_str());
    if !host_program.is_file() {
        return Err(not_installed(name, &format!("there is no {}", host_program.display())));
    }
    Ok(Tool {
        name: name.clone(),
        host_program,
        program: inside.join("bin").join(name.as_str()),
        roots: builtin::system_roots().into_iter().chain((!in_system).then_some(own)).collect(),
        path: std::iter::once(inside.join("bin")).chain(PROGRAM_FOLDERS.map(PathBuf::from)).collect(),
        env: builtin::env(builtin),
        version: version_arguments(builtin),
    })
}

fn version_arguments(builtin: &Builtin) -> Option<Vec<String>> {
    (!builtin.version.is_empty()).then(|| builtin.version.iter().map(ToString::to_string).collect())
}

fn configured_tool(name: &ToolName, definition: &ToolDefinition) -> Result<Tool, ToolError> {
    let searched: Vec<PathBuf> = definition.path.iter().cloned().chain(PROGRAM_FOLDERS.map(PathBuf::from)).collect();
    let program = match &definition.program {
        Some(program) if program.is_file() => program.clone(),
        Some(program) => return Err(not_installed(name, &format!("there is no {}", program.display()))),
        None => find_program(name, &searched)?,
    };
    let roots = configured_roots(name, definition, &program)?;
    let folder = program.parent().map(Path::to_owned);
    let path = if definition.path.is_empty() { folder.into_iter().collect() } else { definition.path.clone() };
    let version = definition.fingerprint.as_ref().map(|argv| argv.iter().skip(1).cloned().collect());
    let env = definition.env.clone();
    Ok(Tool { name: name.clone(), host_program: program.clone(), program, roots, path, env, version })
}

fn configured_roots(name: &ToolName, definition: &ToolDefinition, program: &Path) -> Result<Vec<Root>, ToolError> {
    for root in definition.roots.iter().chain([&program.to_owned()]) {
        check_root(name, root)?;
    }
    let mut roots: Vec<Root> = definition.roots.iter().map(|root| Root::same(root)).collect();
    if roots.is_empty() {
        roots = builtin::system_roots();
    }
    if !roots.iter().any(|root| program.starts_with(&root.inside)) {
        roots.push(Root::same(program));
    }
    Ok(roots)
}

fn check_root(name: &ToolName, root: &Path) -> Result<(), ToolError> {
    let refuse = |why: &str| {
        let message = format!("[tools.{name}] in lockgate.toml: `{}` {why}", root.display());
        Err(ToolError::Denied(message))
    };
    let has_dots = root.components().any(|part| matches!(part, std::path::Component::ParentDir));
    if !root.is_absolute() || has_dots {
        return refuse("is not an absolute path without `..`");
    }
    if root == Path::new("/") || RESERVED.iter().any(|reserved| root.starts_with(reserved)) {
        return refuse("cannot be a root: the sandbox has its own there; name the folders that the tool needs");
    }
    if root.exists() { Ok(()) } else { refuse("does not exist") }
}

fn find_program(name: &ToolName, folders: &[PathBuf]) -> Result<PathBuf, ToolError> {
    let found = folders.iter().map(|folder| folder.join(name.as_str())).find(|path| path.is_file());
    let listed = || folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| not_installed(name, &format!("looked in {}", listed())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ToolName {
        text.parse().unwrap()
    }

    fn with(definition: &str) -> Result<Tool, ToolError> {
        let definition = toml::from_str(definition).unwrap();
        Catalog::new([(name("mine"), definition)].into()).tool(&name("mine"))
    }

    #[test]
    fn built_in_names_are_names_and_sorted() {
        let names = Catalog::default().names();
        assert_eq!(names.len(), BUILTINS.len());
        assert!(BUILTINS.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn a_configured_tool_replaces_a_built_in_one() {
        let definition =
            toml::from_str("program = '/bin/sh'\nroots = ['/usr']\nfingerprint = ['sh', '-c', ':']").unwrap();
        let tool = Catalog::new([(name("git"), definition)].into()).tool(&name("git")).unwrap();
        assert_eq!(tool.program, Path::new("/bin/sh"));
        assert_eq!(tool.version, Some(vec!["-c".to_owned(), ":".to_owned()]));
        assert_eq!(tool.path, [Path::new("/bin")]);
    }

    #[test]
    fn a_program_outside_its_roots_is_added_to_them() {
        let tool = with("program = '/bin/sh'\nroots = ['/usr/lib']").unwrap();
        assert_eq!(tool.roots.last(), Some(&Root::same(Path::new("/bin/sh"))));
    }

    #[test]
    fn the_sandbox_own_places_are_no_roots() {
        for root in ["/", "/proc", "/dev/shm", "/workspace/x", "usr", "/usr/../etc", "/no/such/folder"] {
            let refused = with(&format!("program = '/bin/sh'\nroots = ['{root}']"));
            assert!(matches!(refused, Err(ToolError::Denied(ref text)) if text.contains(root)), "{root}: {refused:?}");
        }
    }

    #[test]
    fn an_unknown_key_is_a_mistake() {
        assert!(toml::from_str::<ToolDefinition>("programme = '/bin/sh'").is_err());
    }

    #[test]
    fn what_is_unknown_or_absent_is_said_with_the_remedy() {
        let unknown = Catalog::default().tool(&name("frobnicate"));
        assert!(matches!(unknown, Err(ToolError::NotFound(text)) if text.contains("[tools.frobnicate]")));
        let absent = with("program = '/no/such/program'");
        assert!(matches!(absent, Err(ToolError::NotFound(text)) if text.contains("/no/such/program")));
    }
}

//! `lockgate.toml`: mirrors, trust rules, native tools. The project's own stands in the working folder, the user's in
//! `$XDG_CONFIG_HOME/lockgate/`; where both name a thing, the project's wins.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use lockgate_model::ids::ToolName;
use lockgate_registry::{Mirror, Mirrors};
use lockgate_secrets::SecretsConfig;
use lockgate_tools::ToolDefinition;
use lockgate_trust::{Signatures, TrustPolicy, TrustRule};
use serde::Deserialize;

use crate::exit::CliError;

/// The file's name.
pub(crate) const CONFIG_FILE: &str = "lockgate.toml";
/// Where the first-party plugins live until the project has a home.
pub(crate) const FIRST_PARTY_PREFIX: &str = "registry.example/lockgate/";
/// The plugin that `run:` is short for.
pub(crate) const SHELL_REFERENCE: &str = "registry.example/lockgate/exec:0.1";
/// The folder of first-party plugins, beside the folder of the executable.
const FIRST_PARTY_FOLDER: &str = "lockgate-plugins";
/// Where a project may describe tools: the places of the system's own.
const PROJECT_TOOL_ROOTS: [&str; 8] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/nix/store"];
/// A configuration file.
const CONFIG_BYTES_MAX: u64 = 1024 * 1024;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    mirrors: Vec<Mirror>,
    trust: Vec<TrustRule>,
    tools: BTreeMap<ToolName, ToolDefinition>,
    secrets: Option<SecretsConfig>,
    egress: Option<EgressConfig>,
}

/// How requests leave.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct EgressConfig {
    /// A PEM file of certificates that are believed beside the system's, for a private authority.
    pub(crate) extra_roots: Option<PathBuf>,
}

/// What is configured.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) mirrors: Mirrors,
    /// The project's rules, the user's, and the one for what came with the binary: each holds by itself.
    pub(crate) trust: Vec<TrustPolicy>,
    pub(crate) tools: BTreeMap<ToolName, ToolDefinition>,
    /// The project names its encrypted file, the user everything else: a project must not choose variables of its user.
    pub(crate) secrets: SecretsConfig,
    /// The user's.
    pub(crate) egress: EgressConfig,
}

impl Config {
    /// Reads the project's file, the user's, and adds the mirror of first-party plugins.
    pub(crate) fn read(folder: &Path) -> Result<Self, CliError> {
        let project = ReadFile::at(&folder.join(CONFIG_FILE))?;
        let user = user_folder().map(|folder| folder.join(CONFIG_FILE));
        let user = user.map_or_else(|| Ok(ReadFile::default()), |path| ReadFile::at(&path))?;
        let secrets = secrets(project.secrets.as_ref(), user.secrets.as_ref(), folder)?;
        if project.egress.is_some() {
            return Err(CliError::Usage(format!(
                "{CONFIG_FILE}: [egress] stands in the user's file, not in a project's"
            )));
        }
        let egress = user.egress.unwrap_or_default();
        check_project_tools(&project.tools, folder)?;
        let mut tools = user.tools;
        tools.extend(project.tools);
        let first_party = first_party()?;
        let mut trust = vec![project.trust, user.trust];
        if first_party.is_some() {
            trust.push(first_party_trust()?);
        }
        let mirrors = project.mirrors.or(user.mirrors).or(first_party.unwrap_or_default());
        Ok(Self { mirrors, trust, tools, secrets, egress })
    }
}

/// One configuration file, understood.
#[derive(Default)]
struct ReadFile {
    mirrors: Mirrors,
    trust: TrustPolicy,
    tools: BTreeMap<ToolName, ToolDefinition>,
    secrets: Option<SecretsConfig>,
    egress: Option<EgressConfig>,
}

impl ReadFile {
    /// Reads a file; one that is not there says nothing.
    fn at(path: &Path) -> Result<Self, CliError> {
        let usage = |error: &dyn std::fmt::Display| CliError::Usage(format!("{}: {error}", path.display()));
        let text = match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(usage(&error)),
            Ok(found) if !found.is_file() => return Err(usage(&"is no regular file")),
            Ok(found) if found.len() > CONFIG_BYTES_MAX => {
                return Err(usage(&format!("has {} bytes; at most {CONFIG_BYTES_MAX} are read", found.len())));
            }
            Ok(_) => std::fs::read_to_string(path).map_err(|error| usage(&error))?,
        };
        Self::parse(&text, path)
    }

    /// Understands a file's text.
    fn parse(text: &str, path: &Path) -> Result<Self, CliError> {
        let usage = |error: &dyn std::fmt::Display| CliError::Usage(format!("{}: {error}", path.display()));
        let File { mirrors, trust, tools, secrets, egress } = toml::from_str(text).map_err(|error| usage(&error))?;
        let base = path.parent().unwrap_or(Path::new("."));
        let mirrors = Mirrors::new(mirrors, base).map_err(|error| usage(&error))?;
        let trust = TrustPolicy::new(trust, path).map_err(|error| CliError::Usage(crate::exit::chain(&error)))?;
        Ok(Self { mirrors, trust, tools, secrets, egress })
    }
}

/// Tools have a network where a step grants it, so a project must not show them its user's files: it describes tools of the
/// system and of its own folder. All else is for the user's file.
fn check_project_tools(tools: &BTreeMap<ToolName, ToolDefinition>, folder: &Path) -> Result<(), CliError> {
    let project = folder.canonicalize()?;
    for (name, tool) in tools {
        for path in tool.roots.iter().chain(&tool.program) {
            // One that is not there is reported when the tool is used.
            let Ok(real) = path.canonicalize() else { continue };
            let is_known = PROJECT_TOOL_ROOTS.iter().any(|root| real.starts_with(root)) || real.starts_with(&project);
            if !is_known {
                let (place, path) = (folder.join(CONFIG_FILE), path.display());
                return Err(CliError::Usage(format!(
                    "{}: [tools.{name}] shows `{path}` to steps; a project describes tools below {} and in its own folder, \
                     others stand in the user's {CONFIG_FILE}",
                    place.display(),
                    PROJECT_TOOL_ROOTS.join(", ")
                )));
            }
        }
    }
    Ok(())
}

/// A stranger's project could name a variable of its user's environment, and a host of its own to send it to. So it says
/// where its encrypted file lies, and nothing else.
fn secrets(
    project: Option<&SecretsConfig>,
    user: Option<&SecretsConfig>,
    folder: &Path,
) -> Result<SecretsConfig, CliError> {
    let mut secrets = user.cloned().unwrap_or_default();
    if let Some(project) = project {
        if !project.from.is_empty() || project.vault != Default::default() {
            return Err(CliError::Usage(format!(
                "{}: [secrets.from] and [secrets.vault] stand in the user's file, not in a project's: they say which \
                 variables and servers of this machine are asked",
                folder.join(CONFIG_FILE).display()
            )));
        }
        let is_inside = project.file.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !is_inside {
            let (place, file) = (folder.join(CONFIG_FILE), project.file.display());
            let message = format!("{}: [secrets] file = `{file}` leaves the project", place.display());
            return Err(CliError::Usage(message));
        }
        secrets.file.clone_from(&project.file);
    }
    Ok(secrets)
}

/// `<folder of the executable>/../lockgate-plugins`, where it exists.
fn first_party() -> Result<Option<Mirrors>, CliError> {
    let executable = std::env::current_exe()?;
    let Some(folder) = executable.parent().and_then(Path::parent) else { return Ok(None) };
    if !folder.join(FIRST_PARTY_FOLDER).is_dir() {
        return Ok(None);
    }
    let locations = vec![lockgate_registry::mirrors::Location::OciLayout(FIRST_PARTY_FOLDER.into())];
    Ok(Some(Mirrors::new([Mirror { prefix: FIRST_PARTY_PREFIX.to_owned(), locations }], folder)?))
}

/// The trust rules of a file's text, if all of it can be understood.
pub(crate) fn trust_of(text: &str, path: &Path) -> Result<TrustPolicy, CliError> {
    ReadFile::parse(text, path).map(|file| file.trust)
}

/// What came with the binary is trusted as the binary is.
fn first_party_trust() -> Result<TrustPolicy, CliError> {
    let prefix = FIRST_PARTY_PREFIX.to_owned();
    let rule = TrustRule { prefix, signatures: Some(Signatures::None), ..TrustRule::default() };
    TrustPolicy::new([rule], Path::new(CONFIG_FILE)).map_err(|error| CliError::Usage(crate::exit::chain(&error)))
}

fn user_folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config"))).map(|base| base.join("lockgate"))
}

/// Where compiled plugins are kept for all projects of this user.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let user = || set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    set("LOCKGATE_CACHE").or_else(|| user().map(|base| base.join("lockgate")))
}

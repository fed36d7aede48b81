//! A tool as configuration describes it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// A tool under `[tools.NAME]` in `lockgate.toml`. Everything is a path of this machine and is seen at the same path
/// inside the sandbox.
///
/// ```toml
/// [tools.java]
/// program = "/opt/jdk/bin/java"
/// roots = ["/opt/jdk", "/lib", "/lib64", "/usr/lib"]
/// env = { JAVA_HOME = "/opt/jdk" }
/// fingerprint = ["java", "-version"]
/// path = ["/opt/jdk/bin"]
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ToolDefinition {
    /// The program. Where it is absent, the folders of `path`, then those of the system, are searched for the name.
    pub program: Option<PathBuf>,
    /// What the tool may read and execute, beside its program: folders or files. A program that is linked
    /// dynamically needs its loader's folder (`/lib64`) and its libraries' here. Where it is empty, the system's
    /// roots (`/usr` and what belongs to it) are meant.
    pub roots: Vec<PathBuf>,
    /// Its environment; nothing is inherited from the host.
    pub env: BTreeMap<String, String>,
    /// A command whose output tells the version; its first word is the name of the tool. Part of cache keys.
    pub fingerprint: Option<Vec<String>>,
    /// Folders for `PATH`. Where it is empty, the program's folder is meant.
    pub path: Vec<PathBuf>,
}

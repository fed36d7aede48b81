//! Manifests that stand alone, made from those of this workspace: what they inherit is written out. So the versions that a new
//! plugin builds with are those that this project is tested with, and nobody has to keep two lists.

use toml::{Table, Value};

use super::NewError;

const WORKSPACE: &str = include_str!("../../../../Cargo.toml");
/// Tables of a manifest that list dependencies.
const DEPENDENCY_TABLES: [&str; 2] = ["dependencies", "build-dependencies"];
/// The workspace's profile for components.
const GUEST_PROFILE: &str = "guest";

/// This workspace's manifest.
pub(super) struct Workspace {
    manifest: Table,
}

impl Workspace {
    pub(super) fn read() -> Result<Self, NewError> {
        Ok(Self { manifest: parse(WORKSPACE)? })
    }

    /// A package's manifest with all that it inherits written out, and without what only this workspace needs: lints, tests and
    /// their dependencies, examples.
    pub(super) fn standalone(&self, text: &str) -> Result<String, NewError> {
        let mut manifest = parse(text)?;
        ["lints", "dev-dependencies", "example", "test"].into_iter().for_each(|table| drop(manifest.remove(table)));
        let package = manifest.get_mut("package").and_then(Value::as_table_mut);
        for (key, value) in package.ok_or_else(|| lacks("[package]"))?.iter_mut() {
            if inherits(value) {
                *value = self.value("package", key)?.clone();
            }
        }
        self.fill(&mut manifest)?;
        for (_, platform) in manifest.get_mut("target").and_then(Value::as_table_mut).into_iter().flatten() {
            platform.as_table_mut().map_or(Ok(()), |platform| self.fill(platform))?;
        }
        Ok(manifest.to_string())
    }

    fn fill(&self, parent: &mut Table) -> Result<(), NewError> {
        for table in DEPENDENCY_TABLES {
            for (name, value) in parent.get_mut(table).and_then(Value::as_table_mut).into_iter().flatten() {
                if inherits(value) {
                    *value = self.dependency(name, value)?;
                }
            }
        }
        Ok(())
    }

    /// The workspace's word on a dependency, and what the package adds to it.
    fn dependency(&self, name: &str, own: &Value) -> Result<Value, NewError> {
        let mut shared = match self.value("dependencies", name)? {
            Value::Table(table) => table.clone(),
            version => Table::from_iter([("version".to_owned(), version.clone())]),
        };
        for (key, value) in own.as_table().into_iter().flatten().filter(|(key, _)| *key != "workspace") {
            match (shared.get_mut(key).and_then(Value::as_array_mut), value.as_array()) {
                (Some(shared), Some(own)) => shared.extend(own.iter().cloned()),
                _ => drop(shared.insert(key.clone(), value.clone())),
            }
        }
        Ok(Value::Table(shared))
    }

    /// The version of a dependency.
    pub(super) fn version(&self, name: &str) -> Result<&str, NewError> {
        let value = self.value("dependencies", name)?;
        let version = value.as_str().or_else(|| value.get("version")?.as_str());
        version.ok_or_else(|| lacks(&format!("a version of {name}")))
    }

    /// A key that every package inherits.
    pub(super) fn package(&self, key: &str) -> Result<&Value, NewError> {
        self.value("package", key)
    }

    fn value(&self, table: &str, key: &str) -> Result<&Value, NewError> {
        let found = self.manifest.get("workspace").and_then(|workspace| workspace.get(table)?.get(key));
        found.ok_or_else(|| lacks(&format!("workspace.{table}.{key}")))
    }

    /// The profile for components, as a release profile.
    pub(super) fn guest_profile(&self) -> Result<Table, NewError> {
        let profile = self.manifest.get("profile").and_then(|profiles| profiles.get(GUEST_PROFILE)?.as_table());
        let mut profile = profile.ok_or_else(|| lacks("profile.guest"))?.clone();
        profile.remove("inherits");
        Ok(profile)
    }
}

fn parse(text: &str) -> Result<Table, NewError> {
    text.parse().map_err(|error: toml::de::Error| NewError::Sdk(error.to_string()))
}

fn inherits(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

fn lacks(what: &str) -> NewError {
    NewError::Sdk(format!("its manifests lack {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inherited_is_written_out() {
        let workspace = Workspace {
            manifest: parse(
                "[workspace.package]\nedition = \"2024\"\n[workspace.dependencies]\na = \"1\"\n\
                 b = { version = \"2\", features = [\"x\"] }",
            )
            .unwrap(),
        };
        let text = "[package]\nname = \"p\"\nedition.workspace = true\n[lints]\nworkspace = true\n[dependencies]\n\
                    a.workspace = true\nb = { workspace = true, features = [\"y\"] }\nc = { path = \"c\" }\n\
                    [target.'cfg(unix)'.dependencies]\na = { workspace = true, optional = true }\n\
                    [dev-dependencies]\nd = \"1\"\n[[example]]\nname = \"e\"\n";
        let expected = "[package]\nname = \"p\"\nedition = \"2024\"\n[dependencies]\na = { version = \"1\" }\n\
                        b = { version = \"2\", features = [\"x\", \"y\"] }\nc = { path = \"c\" }\n\
                        [target.'cfg(unix)'.dependencies]\na = { version = \"1\", optional = true }\n";
        assert_eq!(parse(&workspace.standalone(text).unwrap()).unwrap(), parse(expected).unwrap());
        let error = workspace.standalone("[package]\n[dependencies]\nz.workspace = true").unwrap_err();
        assert!(error.to_string().contains("workspace.dependencies.z"), "{error}");
    }

    #[test]
    fn the_real_workspace_has_all_that_is_needed() {
        let workspace = Workspace::read().unwrap();
        assert_eq!(workspace.guest_profile().unwrap()["opt-level"].as_str(), Some("s"));
        assert!(workspace.version("serde").is_ok() && workspace.package("edition").is_ok());
    }
}

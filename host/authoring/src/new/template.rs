//! A plugin's own files. Its code is the SDK's example of its kind with the name replaced, so that there is one example of each
//! kind and not two.

use include_dir::{Dir, include_dir};
use lockgate_model::call::Kind;
use toml::Value;

use super::manifest::Workspace;
use super::{NewError, NewFile};

static EXAMPLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/rust/examples");
static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/templates");
const RUSTFMT: &str = include_str!("../../../../rustfmt.toml");

/// Stands for the plugin's name in templates.
const NAME: &str = "{{name}}";
/// Stands for what the plugin does, in a line.
const SUMMARY: &str = "{{summary}}";
/// Stands for its kind.
const KIND: &str = "{{kind}}";
/// Stands for the part of a pipeline that uses it.
const PIPELINE: &str = "{{pipeline}}";
/// How an example begins to say what it is; its name and version follow.
const ABOUT: &str = "About::new(";
/// Name and version of a plugin that takes both from its manifest.
const OF_MANIFEST: &str = "env!(\"CARGO_PKG_NAME\"), env!(\"CARGO_PKG_VERSION\"), ";
/// The width of lines in examples and plugins; `rustfmt.toml` says the same.
const LINE_WIDTH_MAX: usize = 120;

/// Every file of a new plugin, in order of path.
pub(super) fn files(kind: Kind, name: &str, sdk_path: &str) -> Result<Vec<NewFile>, NewError> {
    let example = Example::of(kind)?;
    let readme = text("README.md")?
        .replace(PIPELINE, text(&format!("{kind}/pipeline.yaml"))?.trim_end())
        .replace(NAME, name)
        .replace(SUMMARY, &example.summary)
        .replace(KIND, kind.name());
    let library = format!("{}\n{}", example.library, text(&format!("{kind}/tests.rs"))?);
    let mut files = vec![
        (".gitignore".to_owned(), b"/target\n".to_vec()),
        ("Cargo.toml".to_owned(), manifest(name, &example.summary, sdk_path)?.into_bytes()),
        ("README.md".to_owned(), readme.into_bytes()),
        ("rustfmt.toml".to_owned(), RUSTFMT.as_bytes().to_vec()),
        ("src/lib.rs".to_owned(), library.into_bytes()),
    ];
    // What belongs to the kind as it is: cases, and a tool that they need.
    let own = TEMPLATES.get_dir(format!("{kind}/plugin")).ok_or_else(|| lacks(&format!("{kind}/plugin")))?;
    add(own, own, name, &mut files);
    files.sort();
    Ok(files)
}

fn text(path: &str) -> Result<&'static str, NewError> {
    let file = TEMPLATES.get_file(path).and_then(include_dir::File::contents_utf8);
    file.ok_or_else(|| lacks(path))
}

fn lacks(path: &str) -> NewError {
    NewError::Sdk(format!("there is no template {path}"))
}

fn add(root: &Dir<'_>, folder: &Dir<'_>, name: &str, files: &mut Vec<NewFile>) {
    for file in folder.files() {
        let path = file.path().strip_prefix(root.path()).unwrap_or(file.path()).display().to_string();
        let bytes = file.contents_utf8().map(|text| text.replace(NAME, name).into_bytes());
        files.push((path, bytes.unwrap_or_else(|| file.contents().to_vec())));
    }
    folder.dirs().for_each(|inner| add(root, inner, name, files));
}

/// A manifest that stands alone, in any folder.
fn manifest(name: &str, summary: &str, sdk_path: &str) -> Result<String, NewError> {
    let workspace = Workspace::read()?;
    Ok(text("manifest.toml")?
        .replace(NAME, name)
        .replace("\"{{summary}}\"", &Value::from(summary).to_string())
        .replace("\"{{edition}}\"", &workspace.package("edition")?.to_string())
        .replace("\"{{rust-version}}\"", &workspace.package("rust-version")?.to_string())
        .replace("\"{{sdk}}\"", &Value::from(sdk_path).to_string())
        .replace("\"{{serde}}\"", &Value::from(workspace.version("serde")?).to_string())
        .replace("{{profile}}", workspace.guest_profile()?.to_string().trim_end()))
}

/// The SDK's example of a kind, as a plugin's library.
struct Example {
    library: String,
    summary: String,
}

impl Example {
    fn of(kind: Kind) -> Result<Self, NewError> {
        let path = format!("{}.rs", kind.name().replace('-', "_"));
        let file = EXAMPLES.get_file(&path).and_then(include_dir::File::contents_utf8);
        file.and_then(Self::read).ok_or_else(|| NewError::Sdk(format!("there is no example {path}")))
    }

    fn read(text: &str) -> Option<Self> {
        let (before, after) = text.split_once(ABOUT)?;
        // `"make", "0.1.0", "Makes a target.")`: name, version and summary.
        let mut quoted = after.split('"');
        let summary = quoted.nth(5)?.to_owned();
        let place = after.find(&format!("\"{summary}\""))?;
        let library = format!("{before}{ABOUT}{OF_MANIFEST}{}", &after[place..]);
        let lines: Vec<String> = library.lines().map(wrapped).collect();
        Some(Self { library: lines.join("\n") + "\n", summary })
    }
}

/// Breaks a line that the longer name has made too long, as rustfmt does: before each call of its chain.
fn wrapped(line: &str) -> String {
    if line.len() <= LINE_WIDTH_MAX {
        return line.to_owned();
    }
    let indent = line.len() - line.trim_start().len() + 4;
    line.replace(").", &format!(")\n{}.", " ".repeat(indent)))
}

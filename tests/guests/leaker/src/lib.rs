//! A build step that tries to get at the value of a secret, and shows all that it finds: in outputs, lines, files, and
//! in its failure.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use lockgate_sdk::exec::Command;
use lockgate_sdk::{About, BuildRequest, BuildStep, Failure, Product, Ruling, log, schemars, secrets, workspace};

mod http;

const SECRET: &str = "token";

/// What to try.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Config {
    /// Requests, in their order.
    #[serde(default)]
    requests: Vec<Request>,
    /// A native command that is shown the value in its variable `TOKEN`.
    #[serde(default)]
    argv: Vec<String>,
    /// Whether to fail at the end, with all that was found.
    #[serde(default)]
    fails: bool,
}

/// A request. In its texts `{placeholder}` stands for the secret's placeholder, `{base64}` for its base64, and `{basic}`
/// for the base64 of a user's name and it.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Request {
    /// Where to.
    pub(crate) url: String,
    /// Names and values.
    #[serde(default)]
    pub(crate) headers: Vec<(String, String)>,
    /// What to send.
    #[serde(default)]
    pub(crate) body: String,
    /// Whether to go where a redirect leads, headers and all.
    #[serde(default)]
    pub(crate) follows: bool,
}

struct Guest;

impl BuildStep for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("leaker", "0.1.0", "Tries to get at the value of a secret.")
    }

    /// An output for each thing that was tried, with what was found.
    fn run(config: Config, _: BuildRequest) -> Result<Product, Failure> {
        let placeholder = secrets::placeholder(SECRET).unwrap_or_else(|error| format!("{error:?}"));
        let mut found = vec![("placeholder".to_owned(), placeholder.clone())];
        for (number, request) in config.requests.into_iter().enumerate() {
            found.push((format!("request-{number}"), send(filled(&request, &placeholder))));
        }
        if let Some((tool, arguments)) = config.argv.split_first() {
            found.push(("tool".to_owned(), run(tool, arguments)));
        }
        found.push(("environment".to_owned(), format!("{:?}", std::env::vars().collect::<Vec<_>>())));
        found.push(("arguments".to_owned(), format!("{:?}", std::env::args().collect::<Vec<_>>())));
        found.push(("files".to_owned(), read_all(&workspace())));
        show(&found);
        if config.fails {
            return Err(Failure::new("leaked", format!("{found:?}")));
        }
        Ok(found.into_iter().fold(Product::new(Ruling::Pass), |product, (name, what)| product.output(name, what)))
    }
}

fn send(mut request: Request) -> String {
    let mut shown = String::new();
    for _ in 0..3 {
        let answer = http::send(&request);
        let _infallible = write!(shown, "{} ", answer.text);
        match answer.location.filter(|_| request.follows) {
            Some(location) => request.url = location,
            None => break,
        }
    }
    shown
}

fn filled(request: &Request, placeholder: &str) -> Request {
    let with = |text: &str| {
        text.replace("{placeholder}", placeholder)
            .replace("{base64}", &base64(placeholder.as_bytes()))
            .replace("{basic}", &base64(format!("user:{placeholder}").as_bytes()))
    };
    let headers = request.headers.iter().map(|(name, value)| (name.clone(), with(value))).collect();
    Request { url: with(&request.url), body: with(&request.body), headers, follows: request.follows }
}

fn run(tool: &str, arguments: &[String]) -> String {
    let command = Command::tool(tool).args(arguments).secret_env("TOKEN", SECRET);
    match command.run() {
        Ok(completion) => format!("{} {}", completion.stdout_text(), String::from_utf8_lossy(&completion.stderr)),
        Err(error) => format!("{error:?}"),
    }
}

/// Names and texts of all files.
fn read_all(folder: &Path) -> String {
    let Ok(entries) = fs::read_dir(folder) else { return String::new() };
    let one = |entry: fs::DirEntry| match entry.path() {
        path if path.is_dir() => read_all(&path),
        path => format!("{}: {}\n", path.display(), lossy(&fs::read(&path).unwrap_or_default())),
    };
    entries.flatten().map(one).collect()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Says it in every way in which something can be said.
fn show(found: &[(String, String)]) {
    use std::io::Write as _;
    for (name, what) in found {
        log::info(format!("{name}: {what}"));
        // Half a line at a time: a value that is cut in two is one all the same.
        for half in
            [what.as_bytes()].into_iter().flat_map(|bytes| [&bytes[..bytes.len() / 2], &bytes[bytes.len() / 2..]])
        {
            let written = std::io::stdout().write_all(half).and_then(|()| std::io::stdout().flush());
            std::hint::black_box(written.is_ok());
        }
        std::hint::black_box(writeln!(std::io::stderr(), "{what}").is_ok());
    }
    let text: String = found.iter().map(|(name, what)| format!("{name}: {what}\n")).collect();
    std::hint::black_box(fs::write(workspace().join("found.txt"), text).is_ok());
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let letter = |at: usize| match at <= group.len() {
            true => char::from(LETTERS[(bits >> (18 - 6 * at) & 63) as usize]),
            false => '=',
        };
        [letter(0), letter(1), letter(2), letter(3)]
    };
    bytes.chunks(3).flat_map(group).collect()
}

lockgate_sdk::export!(build_step: Guest);

//! A build step that asks the world what its configuration says, and gives back what it was answered.

mod request;

use std::fs;
use std::time::SystemTime;

use lockgate_sdk::{About, BuildRequest, BuildStep, Failure, Product, Ruling, log, schemars, secrets, workspace};

/// A test that writes another digit here has another version of this plugin, which looks at the clock once more and says
/// so. Read as if it could change, so that the compiler does not decide what it is.
static VERSION: [u8; 16] = *b"errand-version-1";

/// What is longer is told in short.
const SHOWN_BYTES_MAX: usize = 200;

/// What to do.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Config {
    /// One after the other; each answer is the output `task-N`.
    tasks: Vec<Task>,
}

/// One thing.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Task {
    /// Look at the clock.
    Time {},
    /// Draw a number.
    Random {},
    /// Send a request to this URL.
    Get(String),
    /// The same with a secret in a header.
    GetWith {
        /// The URL.
        url: String,
        /// The secret's name.
        secret: String,
    },
    /// Read this file.
    Read(String),
    /// Write this file.
    Write {
        /// Which.
        path: String,
        /// What.
        text: String,
    },
    /// Log a line.
    Say(String),
    /// Fail with this message.
    Fail(String),
    /// Find the work not good, with this summary.
    Refuse(String),
}

struct Guest;

impl BuildStep for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("errand", "0.1.0", "Asks the world what its configuration says.")
    }

    /// What came of it, as outputs.
    fn run(config: Config, _: BuildRequest) -> Result<Product, Failure> {
        let mut product = Product::new(Ruling::Pass);
        if std::hint::black_box(&VERSION)[15] != b'1' {
            product = product.output("version", format!("not the first: {}", time()));
        }
        for (number, task) in config.tasks.into_iter().enumerate() {
            match task {
                Task::Refuse(why) => {
                    product.conclusion = Ruling::Fail;
                    product = product.summary(why);
                }
                task => product = product.output(format!("task-{number}"), carry_out(task)?),
            }
        }
        Ok(product)
    }
}

#[allow(clippy::print_stdout, reason = "standard output reaches the log, too")]
fn carry_out(task: Task) -> Result<String, Failure> {
    Ok(match task {
        Task::Time {} => time(),
        Task::Random {} => random().to_string(),
        Task::Get(url) => told(request::get(&url, None)),
        Task::GetWith { url, secret } => match secrets::placeholder(&secret) {
            Ok(placeholder) => told(request::get(&url, Some(&placeholder))),
            Err(error) => format!("no secret: {error:?}"),
        },
        Task::Read(path) => told(fs::read_to_string(workspace().join(path)).map_err(|error| error.kind().to_string())),
        Task::Write { path, text } => told(
            fs::write(workspace().join(path), text)
                .map(|()| "written".to_owned())
                .map_err(|error| error.kind().to_string()),
        ),
        Task::Say(line) => {
            log::info(&line);
            println!("{line}, to standard output");
            line
        }
        Task::Fail(why) => return Err(Failure::new("told-to", why)),
        Task::Refuse(why) => why,
    })
}

fn told(answer: Result<String, String>) -> String {
    shortened(answer.unwrap_or_else(|error| format!("error: {error}")))
}

/// Of much, the beginning, the length and the sum (FNV-1a).
fn shortened(text: String) -> String {
    if text.len() <= SHOWN_BYTES_MAX {
        return text;
    }
    let sum = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325, sum);
    format!("{} ... {} bytes, {sum:x}", text.chars().take(20).collect::<String>(), text.len())
}

#[allow(clippy::disallowed_methods, reason = "what the clock says is what is asked for")]
fn time() -> String {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos()).to_string()
}

/// The standard library draws the keys of its hash maps from the host.
fn random() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(1)
}

lockgate_sdk::export!(build_step: Guest);

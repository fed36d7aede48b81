//! Native tools: the host runs them outside WebAssembly, in a sandbox that holds what is declared here and no more.
//!
//! ```
//! use lockgate_sdk::exec::Command;
//! # use lockgate_sdk::{Failure, testing::{Host, exited}};
//! # fn run() -> Result<(), Failure> {
//! # let host = Host::new()?;
//! # host.on_exec(|_| Ok(exited(0, "")));
//! let completion = Command::tool("cargo").args(["build", "--locked"]).inputs(["**"]).outputs(["target/release/app"]).run()?;
//! assert!(completion.success());
//! # Ok(())
//! # }
//! # run().unwrap();
//! ```

use crate::{Duration, host};

pub use crate::bindings::lockgate::plugin::exec::{Command, Completion, Ending, ExecError};

impl Command {
    /// A granted tool by its name, which is never a path.
    #[must_use]
    pub fn tool(name: impl Into<String>) -> Self {
        Self {
            argv: vec![name.into()],
            cwd: None,
            env: Vec::new(),
            secret_env: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            stdin: None,
            stdout_to: None,
            timeout_ms: None,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.argv.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I: IntoIterator<Item: Into<String>>>(mut self, args: I) -> Self {
        self.argv.extend(args.into_iter().map(Into::into));
        self
    }

    /// Runs in a folder of the workspace, relative to it.
    #[must_use]
    pub fn cwd(mut self, folder: impl Into<String>) -> Self {
        self.cwd = Some(folder.into());
        self
    }

    /// Sets an environment variable; none is inherited.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Lets the tool see a granted secret in a variable; the plugin does not see it.
    #[must_use]
    pub fn secret_env(mut self, variable: impl Into<String>, secret: impl Into<String>) -> Self {
        self.secret_env.push((variable.into(), secret.into()));
        self
    }

    /// Adds globs of files that the command sees.
    #[must_use]
    pub fn inputs<I: IntoIterator<Item: Into<String>>>(mut self, globs: I) -> Self {
        self.inputs.extend(globs.into_iter().map(Into::into));
        self
    }

    /// Adds globs of files that the command leaves and that become the step's changes.
    #[must_use]
    pub fn outputs<I: IntoIterator<Item: Into<String>>>(mut self, globs: I) -> Self {
        self.outputs.extend(globs.into_iter().map(Into::into));
        self
    }

    /// What the command reads from standard input.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Puts standard output into a file of the workspace, where it is too large to return.
    #[must_use]
    pub fn stdout_to(mut self, path: impl Into<String>) -> Self {
        self.stdout_to = Some(path.into());
        self
    }

    /// Kills the command and all its children after this.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout_ms = Some(timeout.as_ms());
        self
    }

    /// Runs the command and waits for its end. A code other than 0 is a completion, not an error.
    ///
    /// # Errors
    /// A missing grant, an unknown tool, a host that cannot run it; `?` turns each into a [`Failure`](crate::Failure).
    pub fn run(&self) -> Result<Completion, ExecError> {
        host::exec(self)
    }
}

impl Completion {
    /// It ended by itself with code 0.
    #[must_use]
    pub fn success(&self) -> bool {
        self.code() == Some(0)
    }

    /// The code, where it ended by itself.
    #[must_use]
    pub fn code(&self) -> Option<u8> {
        match self.ending {
            Ending::Exited(code) => Some(code),
            Ending::Signalled(_) | Ending::TimedOut => None,
        }
    }

    /// Standard output as text; bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text; bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exit code {code}"),
            Self::Signalled(signal) => write!(f, "killed by signal {signal}"),
            Self::TimedOut => f.write_str("out of time"),
        }
    }
}

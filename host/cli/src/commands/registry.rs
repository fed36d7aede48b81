//! `registry ...`: the embedded registry.

use std::io;
use std::path::Path;
use std::sync::Arc;

use lockgate_model::time::Timestamp;
use lockgate_ports::Clock;
use lockgate_registry_server::{
    Access, Collection, Event, Grant, Host, Limits, Scope, Server, Settings, Tokens, collect_garbage,
};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::args::{RegistryCommand, ScopeArg, ServeArgs, TokenCommand};
use crate::clock::SystemClock;
use crate::exit::{CliError, Exit, chain};
use crate::output::style::Style;

const HOUR_MS: u64 = 60 * 60 * 1000;

pub(crate) fn registry(command: &RegistryCommand) -> Result<Exit, CliError> {
    match command {
        RegistryCommand::Serve(args) => serve(args),
        RegistryCommand::Gc { folder, untagged, grace } => gc(&folder.folder, *untagged, *grace),
        RegistryCommand::Token(command) => token(command),
    }
}

fn serve(args: &ServeArgs) -> Result<Exit, CliError> {
    let access = match (args.tokens, args.public) {
        (false, false) => Access::Open,
        (_, anonymous_pull) => Access::Tokens { anonymous_pull },
    };
    if access == Access::Open && !args.listen.ip().is_loopback() && !args.read_only {
        let message =
            format!("{} can be reached by others, and anybody could push; add --tokens or --public", args.listen);
        return Err(CliError::Usage(message));
    }
    let folder = args.folder.folder.clone();
    let settings =
        Settings { folder, access, read_only: args.read_only, limits: Limits::default(), host: ThisMachine::shared() };
    let server = Server::bind(args.listen, settings).map_err(|error| CliError::Usage(chain(&error)))?;
    // Before anybody is told the address: who reads it may stop the server at once.
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    crate::output::out!("serving {} on http://{}", args.folder.folder.display(), server.address());
    let running = server.start()?;
    let _ = signals.forever().next();
    running.stop()?;
    Ok(Exit::Passed)
}

fn gc(folder: &Path, untagged: bool, grace_hours: u64) -> Result<Exit, CliError> {
    let mut collection = Collection::at(SystemClock::shared().now());
    collection.grace_ms = grace_hours.saturating_mul(HOUR_MS);
    collection.remove_untagged = untagged;
    let report = collect_garbage(folder, &collection).map_err(|error| CliError::Usage(chain(&error)))?;
    crate::output::out!(
        "{} {} blobs ({} bytes), {} manifests and {} uploads freed in {} repositories",
        Style::stdout().good_mark(),
        report.blobs,
        report.freed_bytes,
        report.manifests,
        report.uploads,
        report.repositories
    );
    Ok(Exit::Passed)
}

fn token(command: &TokenCommand) -> Result<Exit, CliError> {
    let usage = |error: lockgate_registry_server::TokensError| CliError::Usage(chain(&error));
    match command {
        TokenCommand::Add { name, scope, prefix, folder } => {
            let grant = Grant { scopes: scope.iter().map(|scope| scope_of(*scope)).collect(), prefix: prefix.clone() };
            let made = Tokens::of(&folder.folder).add(name, grant, &*ThisMachine::shared()).map_err(usage)?;
            crate::output::out!("{}", made.secret);
            crate::output::err!("this is shown once; log in with it as the password, and any user name");
        }
        TokenCommand::List { folder } => {
            for entry in Tokens::of(&folder.folder).list().map_err(usage)? {
                let scopes: Vec<_> =
                    entry.grant.scopes.iter().map(|scope| format!("{scope:?}").to_lowercase()).collect();
                let place = entry.grant.prefix.as_deref().unwrap_or("everywhere");
                crate::output::out!("{:<20} {:<20} {place}", crate::output::safe(&entry.name), scopes.join(","));
            }
        }
        TokenCommand::Remove { name, folder } => {
            Tokens::of(&folder.folder).remove(name).map_err(usage)?;
            crate::output::out!("{} {name} is refused from now on", Style::stdout().good_mark());
        }
    }
    Ok(Exit::Passed)
}

fn scope_of(scope: ScopeArg) -> Scope {
    match scope {
        ScopeArg::Pull => Scope::Pull,
        ScopeArg::Push => Scope::Push,
        ScopeArg::Delete => Scope::Delete,
    }
}

/// What the server needs of this process.
struct ThisMachine {
    clock: Arc<dyn Clock>,
}

impl ThisMachine {
    fn shared() -> Arc<dyn Host> {
        Arc::new(Self { clock: SystemClock::shared() })
    }
}

impl Host for ThisMachine {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn random(&self) -> io::Result<[u8; 32]> {
        crate::clock::random().map_err(io::Error::from)
    }

    fn report(&self, event: &Event<'_>) {
        match event {
            Event::LoginFailed { client, failures } => {
                crate::output::err!("a token was refused: {client}, {failures} times in a row");
            }
            Event::Fault(fault) => crate::output::err!("the disk failed: {}", chain(*fault)),
            Event::Connection(error) => crate::output::err!("a connection failed: {}", chain(*error)),
            Event::UploadsForgotten(count) => crate::output::err!("{count} unfinished uploads were forgotten"),
        }
    }
}

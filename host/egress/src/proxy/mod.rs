//! A proxy for one native command: it sees where the command goes, and lets it go where its grants lead.
//!
//! A tunnel cannot be looked into. Its host is what the command says it is; who answers behind it, and for which name,
//! is between the command and that host.

mod connection;
mod forward;
mod meter;
mod reply;
mod session;
mod tunnel;

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use lockgate_model::grant::HttpRule;
use lockgate_ports::egress::{OnContact, Proxy};
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

use crate::reactor::Reactor;
use crate::settings::Settings;

/// A proxy that is dropped waits no longer than this for its connections to be told of.
const DROP_MS_MAX: u64 = 5_000;
/// After a connection that could not be taken: the process has no more files, or the peer is gone.
const ACCEPT_PAUSE_MS: u64 = 50;

/// What all connections of one command share.
pub(crate) struct Shared {
    settings: Arc<Settings>,
    rules: Vec<HttpRule>,
    contacted: OnContact,
}

/// Serves until it is dropped.
pub(crate) struct Serving {
    accepting: AbortHandle,
    /// Says that nobody can send any more when the last connection has ended.
    ended: Receiver<()>,
    /// The threads live as long as a proxy needs them, though the broker be gone.
    _reactor: Arc<Reactor>,
}

impl Serving {
    /// Takes connections from now on.
    pub(crate) fn start(
        reactor: &Arc<Reactor>,
        listener: TcpListener,
        settings: &Arc<Settings>,
        rules: Vec<HttpRule>,
        contacted: OnContact,
    ) -> std::io::Result<Self> {
        let handle = reactor.handle()?;
        listener.set_nonblocking(true)?;
        let listener = {
            let _entered = handle.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let shared = Arc::new(Shared { settings: Arc::clone(settings), rules, contacted });
        let (alive, ended) = channel();
        let accepting = handle.spawn(accept(alive, listener, shared)).abort_handle();
        Ok(Self { accepting, ended, _reactor: Arc::clone(reactor) })
    }
}

impl Proxy for Serving {}

impl Drop for Serving {
    fn drop(&mut self) {
        self.accepting.abort();
        // Nothing is ever sent: it ends when the last sender is gone, or when it is too late.
        let _ = self.ended.recv_timeout(Duration::from_millis(DROP_MS_MAX));
    }
}

/// Connections belong to this future: they end with it. `alive` stands first so that it goes last, when the socket is
/// closed and nobody can tell anything any more.
async fn accept(alive: Sender<()>, listener: tokio::net::TcpListener, shared: Arc<Shared>) {
    let seats = Arc::new(Semaphore::new(shared.settings.proxy.connections_max));
    let mut connections = JoinSet::new();
    while let Ok(seat) = Arc::clone(&seats).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (shared, alive) = (Arc::clone(&shared), alive.clone());
                connections.spawn(async move {
                    let _held = (alive, seat);
                    connection::serve(stream, shared).await;
                });
            }
            Err(_) => sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

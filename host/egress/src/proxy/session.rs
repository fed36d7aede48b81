//! What one connection of a native command turns out to be, told once when it has ended.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::upgrade::OnUpgrade;
use lockgate_ports::egress::{Contact, EgressError};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Shared;
use super::meter::Meter;
use crate::place::Place;
use crate::target::Site;

/// One connection.
pub(super) struct Session {
    pub(super) shared: Arc<Shared>,
    pub(super) meter: Arc<Meter>,
    began: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Nothing until a request is understood.
    contact: Option<Contact>,
    tunnel: Option<Ends>,
    /// Whoever drives a forwarded request; ends with the session.
    drivers: JoinSet<()>,
}

/// Both ends of a tunnel that is about to begin.
pub(super) struct Ends {
    pub(super) near: OnUpgrade,
    pub(super) far: TcpStream,
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, meter: Arc::default(), began: Instant::now(), state: Mutex::default() }
    }

    /// Notes what is asked for. A connection is asked once: it is closed after the answer.
    pub(super) fn begin(&self, method: &str, site: &Site, path: Option<&str>) -> Result<(), EgressError> {
        let mut state = self.lock();
        if state.contact.is_some() {
            return Err(EgressError::Invalid("this connection was used before; open another one".to_owned()));
        }
        state.contact = Some(Contact {
            method: method.to_owned(),
            host: site.host.clone(),
            port: site.port,
            path: path.map(str::to_owned),
            // What remains of a connection that is ended before it is decided on.
            outcome: Err(EgressError::Cancelled),
            peer: None,
            bytes: (0, 0),
            duration_ms: 0,
        });
        Ok(())
    }

    /// Notes which grant led where.
    pub(super) fn allowed(&self, place: &Place) {
        self.outcome(Ok(place.rule.clone()), Some(place.address));
    }

    /// Notes why it came to nothing.
    pub(super) fn failed(&self, error: &EgressError) {
        self.outcome(Err(error.clone()), None);
    }

    fn outcome(&self, outcome: Result<String, EgressError>, peer: Option<SocketAddr>) {
        if let Some(contact) = self.lock().contact.as_mut() {
            contact.outcome = outcome;
            contact.peer = peer.or(contact.peer);
        }
    }

    /// Leaves a tunnel to be served once the answer is written.
    pub(super) fn leave_tunnel(&self, ends: Ends) {
        self.lock().tunnel = Some(ends);
    }

    pub(super) fn take_tunnel(&self) -> Option<Ends> {
        self.lock().tunnel.take()
    }

    /// Runs something beside the connection, and no longer than it.
    pub(super) fn drive(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.lock().drivers.spawn(work);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells of a session when it is dropped, however its connection ended.
pub(super) struct Told(pub(super) Arc<Session>);

impl Drop for Told {
    fn drop(&mut self) {
        let Some(mut contact) = self.0.lock().contact.take() else { return };
        contact.bytes = self.0.meter.bytes();
        contact.duration_ms = u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        (self.0.shared.contacted)(contact);
    }
}

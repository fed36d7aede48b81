//! Connections that are kept for the next request.
//!
//! Each address of each host has a pool of its own, and a request looks only into the pools of addresses that its own
//! grants admit now. So a connection that one grant opened is never used for a request that another one allows elsewhere.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use lockgate_model::grant::Scheme;
use lockgate_ports::egress::EgressError;

use crate::connector::Connector;
use crate::order::Order;
use crate::place::Place;
use crate::settings::Settings;
use crate::target::{Site, Target};
use crate::tls::Tls;

/// Pools that are kept; when there are more, all are forgotten, and connections in use end with their requests.
const POOLS_MAX: usize = 256;
const POOL_IDLE_MS: u64 = 30_000;
const POOL_CONNECTIONS_MAX: usize = 8;
/// A connection for many requests at once (RFC 9113) is asked for a sign of life this often while it is used ...
const ALIVE_EVERY_MS: u64 = 20_000;
/// ... and given up when none comes.
const ALIVE_MS_MAX: u64 = 10_000;

/// The host belongs to it: another host at the same address has another certificate.
type Route = (Scheme, String, SocketAddr);
type Pool = Client<Connector, Full<Bytes>>;

/// All pools.
pub(crate) struct Clients {
    settings: Arc<Settings>,
    tls: Arc<Tls>,
    pools: Mutex<BTreeMap<Route, Pool>>,
}

impl Clients {
    pub(crate) fn new(settings: Arc<Settings>, tls: Tls) -> Self {
        Self { settings, tls: Arc::new(tls), pools: Mutex::default() }
    }

    /// Sends to the first address that can be connected to: those first that were connected to before.
    pub(crate) async fn send(
        &self,
        order: &Order,
        places: Vec<Place>,
    ) -> Result<(Response<Incoming>, SocketAddr), EgressError> {
        let connect_ms = self.settings.connect_ms / (places.len() as u64).max(1);
        let mut failure = EgressError::Resolve(format!("the name `{}` has no address", order.target.site.host));
        for address in self.known_first(&order.target, places) {
            let pool = self.pool(&order.target, address, connect_ms);
            let error = match pool.request(order.request.clone()).await {
                Ok(answer) => return Ok((answer, address)),
                Err(error) => error,
            };
            failure = explain(&error, &order.target.site, address, self.settings.header_bytes_max);
            // Only what was surely not sent may be sent again, and whoever is an impostor here is not asked elsewhere.
            if !error.is_connect() || !matches!(failure, EgressError::Connect(_)) {
                return Err(failure);
            }
            self.lock().remove(&route(&order.target, address));
        }
        Err(failure)
    }

    fn known_first(&self, target: &Target, places: Vec<Place>) -> Vec<SocketAddr> {
        let pools = self.lock();
        let is_known = |address: &SocketAddr| pools.contains_key(&route(target, *address));
        let (known, others): (Vec<_>, Vec<_>) = places.into_iter().map(|place| place.address).partition(is_known);
        known.into_iter().chain(others).collect()
    }

    fn pool(&self, target: &Target, address: SocketAddr, connect_ms: u64) -> Pool {
        let mut pools = self.lock();
        if pools.len() >= POOLS_MAX {
            pools.clear();
        }
        let make = || self.make(target, address, connect_ms);
        pools.entry(route(target, address)).or_insert_with(make).clone()
    }

    fn make(&self, target: &Target, address: SocketAddr, connect_ms: u64) -> Pool {
        let Target { scheme, site, .. } = target;
        let (site, tls) = (site.clone(), Arc::clone(&self.tls));
        let connector = Connector { scheme: *scheme, site, address, tls, connect_ms };
        Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_millis(POOL_IDLE_MS))
            .pool_max_idle_per_host(POOL_CONNECTIONS_MAX)
            .http1_max_buf_size(self.settings.header_bytes_max)
            .http1_max_headers(self.settings.headers_max)
            .http2_max_header_list_size(u32::try_from(self.settings.header_bytes_max).unwrap_or(u32::MAX))
            .http2_keep_alive_interval(Duration::from_millis(ALIVE_EVERY_MS))
            .http2_keep_alive_timeout(Duration::from_millis(ALIVE_MS_MAX))
            .build(connector)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Route, Pool>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn route(target: &Target, address: SocketAddr) -> Route {
    (target.scheme, target.site.host.clone(), address)
}

/// What the connector said, in its own words; anything else broke on a connection that stood.
fn explain(error: &Error, site: &Site, address: SocketAddr, header_bytes_max: usize) -> EgressError {
    if let Some(known) = error.source().and_then(|source| source.downcast_ref::<EgressError>()) {
        return known.clone();
    }
    let inner = error.source().and_then(|source| source.downcast_ref::<hyper::Error>());
    if inner.is_some_and(hyper::Error::is_parse_too_large) {
        return EgressError::TooLarge { bytes_max: header_bytes_max };
    }
    EgressError::Connect(format!("`{site}` at {address} gave no answer: {}", root(error)))
}

/// The innermost cause: what wraps it only says that there is one.
fn root(error: &Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

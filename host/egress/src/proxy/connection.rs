//! One connection of a native command, from its first byte to its last.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use lockgate_ports::egress::EgressError;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::meter::Metered;
use super::reply::{Reply, refuse};
use super::session::{Session, Told};
use super::{Shared, forward, tunnel};
use crate::connector::dial;
use crate::permit::Permit;
use crate::place::{Place, locate};
use crate::target::Site;

/// Serves a connection until both sides are done, nothing moves, or the future is dropped.
pub(super) async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let idle = Duration::from_millis(shared.settings.proxy.idle_ms);
    let session = Arc::new(Session::new(shared));
    // Dropped after everything below it: whatever ended the connection, its contact is complete then.
    let _told = Told(Arc::clone(&session));
    let _ = stream.set_nodelay(true);
    let served = async {
        // A connection that breaks, or speaks no HTTP, has had its answer from the parser.
        let _ = speak(stream, &session).await;
        if let Some(ends) = session.take_tunnel() {
            tunnel::join(ends).await;
        }
    };
    tokio::select! {
        () = served => {}
        () = session.meter.until_idle(idle) => {}
    }
}

async fn speak(stream: TcpStream, session: &Arc<Session>) -> hyper::Result<()> {
    let settings = &session.shared.settings;
    let io = TokioIo::new(Metered::new(stream, Arc::clone(&session.meter)));
    let service = service_fn(|request| answer(Arc::clone(session), request));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(settings.proxy.header_ms))
        .max_headers(settings.headers_max)
        .max_buf_size(settings.header_bytes_max)
        .auto_date_header(false)
        .serve_connection(io, service)
        .with_upgrades()
        .await
}

async fn answer(session: Arc<Session>, request: Request<Incoming>) -> Result<Reply, Infallible> {
    let answered = match (request.method(), request.uri().scheme()) {
        (&Method::CONNECT, None) => tunnel::open(&session, request).await,
        (_, Some(_)) => forward::send(&session, request).await,
        _ => Err(Refused::from(EgressError::Invalid(
            "this is a proxy: send `CONNECT host:port`, or a request with an absolute URL".to_owned(),
        ))),
    };
    Ok(answered.unwrap_or_else(|Refused { error, detail }| {
        session.failed(&error);
        refuse(&error, detail.as_deref())
    }))
}

/// Why there is no answer, and what a person should know beside it.
pub(super) struct Refused {
    pub(super) error: EgressError,
    pub(super) detail: Option<String>,
}

impl From<EgressError> for Refused {
    fn from(error: EgressError) -> Self {
        Self { error, detail: None }
    }
}

/// Resolves once and connects to the first address that can be, in the time that a connection may take.
pub(super) async fn connect(session: &Session, site: &Site, permit: &Permit) -> Result<TcpStream, EgressError> {
    let time_ms = session.shared.settings.connect_ms;
    let limit = Duration::from_millis(time_ms);
    let resolver = &session.shared.settings.resolver;
    let found = timeout(limit, locate(resolver, site, permit)).await;
    let places = found.unwrap_or(Err(EgressError::TimedOut { time_ms }))?;
    let share = limit / u32::try_from(places.len()).unwrap_or(1).max(1);
    let mut failure = EgressError::TimedOut { time_ms };
    for place in &places {
        session.allowed(place);
        match try_place(site, place, share).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

async fn try_place(site: &Site, place: &Place, share: Duration) -> Result<TcpStream, EgressError> {
    let late = |_| EgressError::Connect(format!("`{site}` at {} gave no connection in {share:?}", place.address));
    timeout(share, dial(site, place.address)).await.map_err(late)?
}

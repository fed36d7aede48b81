//! The HTTP side: one router, one table of routes, one way to refuse.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::connect_info::ConnectInfo;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use lockgate_model::time::Timestamp;
use tokio::sync::Semaphore;

use crate::access::guard::Guard;
use crate::error::ServerError;
use crate::settings::{Event, Settings};
use crate::storage::{Fault, Storage};
use refusal::{Code, Refusal};

mod authorize;
mod blobs;
mod body;
mod discovery;
mod dispatch;
mod idle;
mod manifests;
mod query;
mod ranges;
mod refusal;
mod route;
pub(crate) mod serve;
mod uploads;

/// Manifests that are read into memory at a time; all others wait. Blobs are streamed.
const MANIFESTS_AT_ONCE: usize = 8;
// A client whose address is not known shares its failed logins with all of that kind.
const UNKNOWN_CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

/// An opened registry.
pub struct Registry {
    pub(crate) settings: Settings,
    pub(crate) storage: Storage,
    guard: Guard,
    manifests: Semaphore,
}

impl Registry {
    /// Opens a registry, made anew where the folder is not there.
    ///
    /// # Errors
    /// When the folder cannot be used or holds something else.
    pub fn open(settings: Settings) -> Result<Arc<Self>, ServerError> {
        let storage = Storage::open(&settings.folder)?;
        let manifests = Semaphore::new(MANIFESTS_AT_ONCE);
        Ok(Arc::new(Self { settings, storage, guard: Guard::default(), manifests }))
    }

    fn now(&self) -> Timestamp {
        self.settings.host.now()
    }

    /// Uploads that rested since before this are forgotten.
    fn oldest_upload(&self) -> Timestamp {
        Timestamp(self.now().0.saturating_sub(self.settings.limits.upload_rest_ms_max))
    }

    /// Does what waits for the disk where nobody else waits for it.
    async fn on_disk<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let registry = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&registry)).await;
        done.map_err(|_| Refusal::internal("the server stopped while it worked on this"))
    }

    /// As `on_disk`, for what the disk may refuse.
    async fn stored<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Refusal> {
        Ok(self.on_disk(work).await??)
    }
}

/// Everything under `/v2/`, to be mounted as it is. With [`axum::extract::connect_info::ConnectInfo`] of a socket address
/// each client's failed logins are counted by themselves; without it, those of all together.
pub fn router(registry: Arc<Registry>) -> Router {
    // Names have any number of components, so paths are read by `route`, from their end.
    Router::new()
        .route("/v2/", axum::routing::any(answer))
        .route("/v2/{*path}", axum::routing::any(answer))
        .with_state(registry)
}

async fn answer(State(registry): State<Arc<Registry>>, request: Request) -> Response {
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let client = crate::access::client_of(address.unwrap_or(UNKNOWN_CLIENT));
    match dispatch::dispatch(&registry, request, client).await {
        Ok(response) => response,
        Err(refusal) => {
            if let Some(fault) = refusal.fault() {
                registry.settings.host.report(&Event::Fault(fault));
            }
            refusal.into_response()
        }
    }
}

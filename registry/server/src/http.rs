//! The HTTP side: one router, one table of routes, one way to refuse.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::connect_info::ConnectInfo;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use lockgate_model::time::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::access::client_of;
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

/// What manifests and lists of referrers may take of memory together; all others wait. Blobs are streamed.
const DOCUMENTS_KIB_MAX: u32 = 64 * 1024;
/// Requests that publish or remove at a time. While garbage is collected they wait for it, each on a thread of the disk's,
/// and must leave some to those who only read.
const WRITERS_MAX: usize = 16;
// A client whose address is not known shares its failed logins with all of that kind.
const UNKNOWN_CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

/// An opened registry.
pub struct Registry {
    pub(crate) settings: Settings,
    pub(crate) storage: Storage,
    guard: Guard,
    documents: Arc<Semaphore>,
    writers: Semaphore,
    swept: Mutex<Timestamp>,
}

impl Registry {
    /// Opens a registry, made anew where the folder is not there.
    ///
    /// # Errors
    /// When the folder cannot be used or holds something else.
    pub fn open(settings: Settings) -> Result<Arc<Self>, ServerError> {
        let storage = Storage::open(&settings.folder)?;
        let documents = Arc::new(Semaphore::new(DOCUMENTS_KIB_MAX as usize));
        let (guard, writers, swept) = (Guard::default(), Semaphore::new(WRITERS_MAX), Mutex::default());
        Ok(Arc::new(Self { settings, storage, guard, documents, writers, swept }))
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
        done.map_err(|_| stopping())
    }

    /// As `on_disk`, for what the disk may refuse.
    async fn stored<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Refusal> {
        Ok(self.on_disk(work).await??)
    }

    /// As `stored`, for what publishes or removes.
    async fn written<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Refusal> {
        let _permit = self.writers.acquire().await.map_err(|_| stopping())?;
        self.stored(work).await
    }

    /// Waits for room in memory for a document; it is given back when the permit is dropped.
    async fn room(&self, bytes: u64) -> Result<OwnedSemaphorePermit, Refusal> {
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).clamp(1, DOCUMENTS_KIB_MAX);
        self.documents.clone().acquire_many_owned(kib).await.map_err(|_| stopping())
    }
}

fn stopping() -> Refusal {
    Refusal::internal("the server stopped while it worked on this; try again")
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
    let (head, mut body) = request.into_parts();
    let address = head.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let client = client_of(address.unwrap_or(UNKNOWN_CLIENT));
    let waits = head.headers.contains_key(header::EXPECT);
    match dispatch::dispatch(&registry, head, &mut body, client).await {
        Ok(response) => response,
        Err(refusal) => {
            if let Some(fault) = refusal.fault() {
                registry.settings.host.report(&Event::Fault(fault));
            }
            // A client that waits to be asked for its body has sent none of it.
            if !waits && !refusal.is_late() {
                body::drain(&mut body).await;
            }
            refusal.into_response()
        }
    }
}

//! The server: accepts connections, as many as it may, and ends them with care.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::idle::Bounded;
use super::{Registry, router};
use crate::error::ServerError;
use crate::settings::{Event, Settings};

/// How long requests may go on once the server is to stop.
pub const SHUTDOWN_MS_MAX: u64 = 10_000;
/// Threads that wait for the disk, in a server that has threads of its own.
const DISK_THREADS_MAX: usize = 32;
/// Bytes read ahead from one connection; also the limit of a request's head.
const READ_AHEAD_BYTES: usize = 32 * 1024;
/// Headers of one request.
const HEADERS_MAX: usize = 64;
/// Rest after a connection could not be accepted, for lack of files mostly.
const ACCEPT_REST_MS: u64 = 100;

/// A registry that listens, and is not served yet.
pub struct Server {
    listener: std::net::TcpListener,
    address: SocketAddr,
    registry: Arc<Registry>,
}

impl Server {
    /// Opens the registry and listens: from now on clients may connect. Port 0 takes any free port.
    ///
    /// # Errors
    /// When the folder or the address cannot be used.
    pub fn bind(address: SocketAddr, settings: Settings) -> Result<Self, ServerError> {
        let registry = Registry::open(settings)?;
        let bind = |source| ServerError::Bind { address, source };
        let listener = std::net::TcpListener::bind(address).map_err(bind)?;
        listener.set_nonblocking(true).map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        Ok(Self { listener, address, registry })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown`, then lets requests that are under way end. To be called on a runtime of tokio with its
    /// drivers of I/O and time.
    ///
    /// # Errors
    /// When the runtime cannot listen.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) -> Result<(), ServerError> {
        let Self { listener, address, registry } = self;
        let listener = TcpListener::from_std(listener).map_err(|source| ServerError::Bind { address, source })?;
        let graceful = GracefulShutdown::new();
        let accepting = accept_all(&listener, &registry, &graceful);
        tokio::select! {
            () = accepting => {}
            () = shutdown => {}
        }
        drop(listener);
        // Who is not done by then is cut off; an upload can be gone on with.
        let _ = tokio::time::timeout(Duration::from_millis(SHUTDOWN_MS_MAX), graceful.shutdown()).await;
        Ok(())
    }

    /// Serves on threads of its own until told to stop.
    ///
    /// # Errors
    /// When the threads cannot be started.
    pub fn start(self) -> Result<Running, ServerError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("lockgate-registry")
            .max_blocking_threads(DISK_THREADS_MAX)
            .build()
            .map_err(ServerError::Threads)?;
        let address = self.address;
        let (stop, stopped) = oneshot::channel::<()>();
        // Stopped by a word, or by nobody being there any more to say it.
        let serve = move || runtime.block_on(self.run_until(async move { drop(stopped.await) }));
        let thread = std::thread::Builder::new().name("lockgate-registry".to_owned()).spawn(serve);
        Ok(Running { address, stop, thread: thread.map_err(ServerError::Threads)? })
    }
}

/// A server on threads of its own. It stops when this is dropped; `stop` also waits for its end.
#[must_use]
pub struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<(), ServerError>>,
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops: requests that are under way have `SHUTDOWN_MS_MAX` to end.
    ///
    /// # Errors
    /// When the server had ended by itself.
    pub fn stop(self) -> Result<(), ServerError> {
        drop(self.stop);
        self.thread.join().map_err(|_| ServerError::Panicked)?
    }
}

async fn accept_all(listener: &TcpListener, registry: &Arc<Registry>, graceful: &GracefulShutdown) {
    let connections = Arc::new(Semaphore::new(registry.settings.limits.connections_max));
    let router = router(registry.clone());
    loop {
        let Ok(permit) = connections.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let connection = Connection { stream, peer, router: router.clone(), registry: registry.clone() };
                tokio::spawn(connection.serve(graceful.watcher(), permit));
            }
            Err(error) => {
                registry.settings.host.report(&Event::Connection(&error));
                tokio::time::sleep(Duration::from_millis(ACCEPT_REST_MS)).await;
            }
        }
    }
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    registry: Arc<Registry>,
}

impl Connection {
    async fn serve(self, watcher: Watcher, _permit: OwnedSemaphorePermit) {
        let Self { stream, peer, router, registry } = self;
        let limits = registry.settings.limits;
        // Answers are written in few pieces; a small one must not wait for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        // Twice as long as a body may rest, so that a client whose body does is still told so.
        let idle = Duration::from_millis(limits.idle_ms_max.saturating_mul(2));
        let io = TokioIo::new(Bounded::new(stream, idle));
        let service = TowerToHyperService::new(router);
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            let answer = service.call(request);
            async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_millis(limits.head_ms_max))
            .max_buf_size(READ_AHEAD_BYTES)
            .max_headers(HEADERS_MAX)
            .serve_connection(io, service);
        // A client that goes away, or falls silent, is no fault of the server's, and there is nobody left to tell.
        let _ = watcher.watch(connection).await;
    }
}

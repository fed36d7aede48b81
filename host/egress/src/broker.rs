//! The broker: a blocking face for what happens on its own threads.

use std::future::Future;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use lockgate_model::grant::HttpRule;
use lockgate_ports::Cancel;
use lockgate_ports::egress::{Egress, EgressError, EgressRequest, EgressResponse, OnContact, Proxy};
use tokio::time::timeout;

use crate::answer;
use crate::clients::Clients;
use crate::order::Order;
use crate::place::locate;
use crate::proxy;
use crate::reactor::Reactor;
use crate::settings::{Settings, SettingsError};
use crate::tls::Tls;

/// How often a waiting request looks whether it was cancelled.
const CANCEL_LOOK_MS: u64 = 20;

/// Sends requests, and serves native commands a proxy.
pub struct Broker {
    settings: Arc<Settings>,
    clients: Arc<Clients>,
    reactor: Arc<Reactor>,
}

impl Broker {
    /// A broker without threads and connections; the first request starts them.
    ///
    /// # Errors
    /// When the extra certificates cannot be read.
    pub fn new(settings: Settings) -> Result<Arc<Self>, SettingsError> {
        let tls = Tls::new(&settings.extra_roots_pem)?;
        let settings = Arc::new(settings);
        let clients = Arc::new(Clients::new(Arc::clone(&settings), tls));
        Ok(Arc::new(Self { settings, clients, reactor: Arc::default() }))
    }

    /// Waits on this thread, which may belong to anybody, for what is done on the broker's.
    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, EgressError>> + Send + 'static,
        cancel: &Cancel,
    ) -> Result<T, EgressError> {
        let (done, waiting) = sync_channel(1);
        let handle = self.reactor.handle();
        let handle = handle.map_err(|source| EgressError::Connect(format!("cannot start threads: {source}")))?;
        let task = handle.spawn(async move { done.send(work.await) });
        loop {
            if cancel.is_raised() {
                task.abort();
                return Err(EgressError::Cancelled);
            }
            match waiting.recv_timeout(Duration::from_millis(CANCEL_LOOK_MS)) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(EgressError::Connect("the request was dropped by a fault of the host".to_owned()));
                }
            }
        }
    }
}

impl Egress for Broker {
    fn send(&self, request: EgressRequest, cancel: &Cancel) -> Result<EgressResponse, EgressError> {
        let time_ms = request.time_ms;
        let order = Order::check(request, &self.settings)?;
        let exchange = exchange(Arc::clone(&self.clients), Arc::clone(&self.settings), order);
        let bounded = async move {
            let in_time = timeout(Duration::from_millis(time_ms), exchange).await;
            in_time.unwrap_or(Err(EgressError::TimedOut { time_ms }))
        };
        self.wait(bounded, cancel)
    }

    fn proxy(
        &self,
        listener: TcpListener,
        rules: Vec<HttpRule>,
        contacted: OnContact,
    ) -> std::io::Result<Box<dyn Proxy>> {
        let serving = proxy::Serving::start(&self.reactor, listener, &self.settings, rules, contacted)?;
        Ok(Box::new(serving))
    }
}

async fn exchange(clients: Arc<Clients>, settings: Arc<Settings>, order: Order) -> Result<EgressResponse, EgressError> {
    let places = locate(&settings.resolver, &order.target.site, &order.permit).await?;
    let (answer, peer) = clients.send(&order, places).await?;
    answer::take(answer, peer, order.response_bytes_max, &settings).await
}

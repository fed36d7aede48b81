//! Connecting to one address that was decided on before. What the client asks for is not looked at: there is one answer.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use lockgate_model::grant::Scheme;
use lockgate_ports::egress::EgressError;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower_service::Service;

use crate::target::Site;
use crate::tls::Tls;
use crate::wire::Wire;

/// Connects to one address.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) scheme: Scheme,
    pub(crate) site: Site,
    pub(crate) address: SocketAddr,
    pub(crate) tls: Arc<Tls>,
    pub(crate) connect_ms: u64,
}

impl Connector {
    async fn connect(self) -> Result<TokioIo<Wire>, EgressError> {
        let Self { site, address, connect_ms, .. } = &self;
        let opened = timeout(Duration::from_millis(*connect_ms), self.open()).await;
        let late = |_| EgressError::Connect(format!("`{site}` at {address} gave no connection in {connect_ms} ms"));
        opened.map_err(late)?.map(TokioIo::new)
    }

    async fn open(&self) -> Result<Wire, EgressError> {
        let stream = dial(&self.site, self.address).await?;
        match self.scheme {
            Scheme::Http => Ok(Wire::Plain(stream)),
            Scheme::Https => Ok(Wire::Tls(Box::new(self.tls.open(stream, &self.site, self.address).await?))),
        }
    }
}

/// Connects without waiting for more than one small packet at a time.
pub(crate) async fn dial(site: &Site, address: SocketAddr) -> Result<TcpStream, EgressError> {
    let unreachable = |source: std::io::Error| EgressError::Connect(format!("`{site}` at {address}: {source}"));
    let stream = TcpStream::connect(address).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    Ok(stream)
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Wire>;
    type Error = EgressError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        Box::pin(self.clone().connect())
    }
}

//! TLS as a client: whom it trusts, and what it offers.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use lockgate_ports::egress::EgressError;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::settings::SettingsError;
use crate::target::Site;

/// Reading the system's certificates takes milliseconds: it waits for the first request that needs them.
pub(crate) struct Tls {
    extra_roots: Vec<CertificateDer<'static>>,
    config: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Tls {
    /// Checks the extra certificates.
    pub(crate) fn new(extra_roots_pem: &[u8]) -> Result<Self, SettingsError> {
        let refused = |why: String| SettingsError::Roots(why);
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(extra_roots_pem).collect();
        let extra_roots = read.map_err(|source| refused(source.to_string()))?;
        if extra_roots.is_empty() && !extra_roots_pem.trim_ascii().is_empty() {
            return Err(refused("there is none among them".to_owned()));
        }
        let mut store = RootCertStore::empty();
        for root in &extra_roots {
            store.add(root.clone()).map_err(|source| refused(source.to_string()))?;
        }
        Ok(Self { extra_roots, config: OnceLock::new() })
    }

    /// Makes sure that the other end of a connection is who was asked for.
    pub(crate) async fn open(
        &self,
        stream: TcpStream,
        site: &Site,
        address: SocketAddr,
    ) -> Result<TlsStream<TcpStream>, EgressError> {
        let name = ServerName::try_from(site.host.trim_end_matches('.').to_owned());
        let name = name.map_err(|source| EgressError::Tls(format!("`{}` has no certificate: {source}", site.host)))?;
        let connector = TlsConnector::from(self.config()?);
        connector.connect(name, stream).await.map_err(|source| explain(&source, site, address))
    }

    fn config(&self) -> Result<Arc<ClientConfig>, EgressError> {
        let made = self.config.get_or_init(|| self.make().map_err(|source| source.to_string()));
        let unusable = |why: &String| {
            EgressError::Tls(format!("no certificates to trust: {why}; install the system's (`ca-certificates`)"))
        };
        made.as_ref().map(Arc::clone).map_err(unusable)
    }

    fn make(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
        let provider: Arc<CryptoProvider> = Arc::new(aws_lc_rs::default_provider());
        let verifier = Verifier::new_with_extra_roots(self.extra_roots.iter().cloned(), Arc::clone(&provider))?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// A connection that broke is not the same as an end that is another.
fn explain(source: &std::io::Error, site: &Site, address: SocketAddr) -> EgressError {
    let refused = source.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if refused.is_some() {
        EgressError::Tls(format!(
            "`{site}` at {address} does not prove who it is: {source}; if its authority is your own, add its root \
             certificate"
        ))
    } else {
        EgressError::Connect(format!("`{site}` at {address} broke off while TLS began: {source}"))
    }
}

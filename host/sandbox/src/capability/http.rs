//! `wasi:http`: requests. wasmtime-wasi-http has the types; what leaves goes to the port `Egress`, against the grant
//! `http`, with placeholders replaced by values on the way out and values by placeholders on the way back.

mod carried;
mod exchange;

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use lockgate_model::grant::Scheme;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use self::exchange::Exchange;
use crate::capability::secrets::Placeholders;
use crate::host::{Host, Services};
use crate::reach::Reach;
use crate::watch::Watch;

/// About what the headers of one request or answer may take in memory.
const FIELDS_BYTES_MAX: usize = 128 * 1024;

/// The state of a call that has asked for `wasi:http`.
pub(crate) struct Http {
    context: WasiHttpCtx,
    hooks: Hooks,
}

/// What is needed to send a request when nobody holds the store.
pub(crate) struct Hooks {
    watch: Arc<Watch>,
    reach: Arc<Reach>,
    services: Arc<Services>,
    placeholders: Placeholders,
    exchanges: u32,
}

type Answer = Result<(http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

impl WasiHttpView for Host {
    /// Every function of `wasi:http` comes through here. Requests and headers are things of the guest's own; what leaves
    /// is `send_request` below.
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.count_local("wasi:http");
        let http = self.http.get_or_insert_with(|| {
            let mut context = WasiHttpCtx::new();
            context.set_field_size_limit(FIELDS_BYTES_MAX);
            let (watch, reach, services) = (self.watch.clone(), self.reach.clone(), self.services.clone());
            let hooks = Hooks { watch, reach, services, placeholders: self.placeholders.clone(), exchanges: 0 };
            Http { context, hooks }
        });
        WasiHttpCtxView { hooks: &mut http.hooks, table: &mut self.table, ctx: &mut http.context }
    }
}

impl WasiHttpHooks for Hooks {
    /// The broker writes it from the URL.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        self.exchanges += 1;
        let exchange = Exchange {
            number: self.exchanges,
            watch: self.watch.clone(),
            reach: self.reach.clone(),
            services: self.services.clone(),
            placeholders: self.placeholders.clone(),
        };
        Box::new(async move {
            let response = exchange.carry_out(request, options).await?;
            let done: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(async { Ok(()) });
            Ok((response, done))
        })
    }
}

/// A whole body.
fn whole(bytes: Vec<u8>) -> WasiBody {
    Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed_unsync()
}

/// The parts of a URL that a grant is about.
struct Target {
    scheme: Scheme,
    host: String,
    port: u16,
    path: String,
}

impl Target {
    fn of(uri: &http::Uri) -> Option<Self> {
        let scheme = match uri.scheme_str()? {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return None,
        };
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(scheme.port());
        Some(Self { scheme, host, port, path: uri.path().to_owned() })
    }
}

//! `wasi:http`: requests. wasmtime-wasi-http has the types; what leaves goes to the port `Egress`, against the grant
//! `http`, with placeholders replaced by values on the way out and values by placeholders on the way back.

mod carried;
mod exchange;
mod traffic;

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use lockgate_model::grant::Scheme;
use lockgate_model::host_call::Permission;
use serde_json::json;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler;
use wasmtime_wasi_http::p2::bindings::http::types::{self, ErrorCode, RequestOptions as GuestOptions};
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use self::exchange::Exchange;
use self::traffic::Traffic;
use crate::capability::secrets::Placeholders;
use crate::host::{Function, Host, Services};
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
    traffic: Traffic,
    exchanges: u32,
}

impl Http {
    /// Waits for what is under way: a request that a guest no longer waits for was sent all the same.
    pub(crate) fn close(&self) {
        self.hooks.traffic.close();
    }
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
            let (placeholders, traffic) = (self.placeholders.clone(), Traffic::default());
            let hooks = Hooks { watch, reach, services, placeholders, traffic, exchanges: 0 };
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
            traffic: self.traffic.clone(),
        };
        Box::new(async move {
            let response = exchange.carry_out(request, options).await?;
            let done: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(async { Ok(()) });
            Ok((response, done))
        })
    }
}

/// The interface that sends, as wasmtime-wasi-http links it.
const OUTGOING_HANDLER: &str = "wasi:http/outgoing-handler@0.2.12";

type Request = Resource<HostOutgoingRequest>;
type Options = Option<Resource<GuestOptions>>;
type Handled = Result<Resource<HostFutureIncomingResponse>, ErrorCode>;

/// Puts a function of Lockgate's in front of the one that sends.
pub(crate) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    let handle = |mut store: StoreContextMut<'_, Host>, (request, options): (Request, Options)| {
        Ok((store.data_mut().handle(request, options)?,))
    };
    linker.instance(OUTGOING_HANDLER)?.func_wrap("handle", handle)
}

impl Host {
    /// A kind that reaches nothing is told so at once: when an answer comes would be something to learn from.
    fn handle(&mut self, request: Request, options: Options) -> wasmtime::Result<Handled> {
        if self.kind.is_outward() {
            self.admit()?;
            let mut view = self.http();
            return match outgoing_handler::Host::handle(&mut view, request, options) {
                Ok(future) => Ok(Ok(future)),
                Err(error) => types::Host::convert_error_code(&mut view, error).map(Err),
            };
        }
        self.enter()?;
        let (began_us, function) = (self.watch.elapsed_us(), Function { interface: "http", name: "send" });
        let result = json!({ "denied": "a plugin of this kind sends no requests" });
        self.note(began_us, Permission::Denied("http: [HOST]".into()), function, json!({}), result, 0);
        Ok(Err(ErrorCode::HttpRequestDenied))
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

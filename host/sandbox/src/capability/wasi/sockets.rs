//! `wasi:sockets`: nothing can be opened and no name is resolved, whatever is granted; requests go through `wasi:http`.
//! Each try is in the journal. Whatever takes a socket cannot be called, for there is none.

use lockgate_model::host_call::Permission;
use serde_json::json;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpAddress, IpAddressFamily};
use wasmtime_wasi::p2::bindings::sockets::{instance_network, ip_name_lookup, network, tcp_create_socket};
use wasmtime_wasi::p2::bindings::sync::sockets::udp_create_socket;
use wasmtime_wasi::p2::{DynPollable, IoError, Network, SocketError};
use wasmtime_wasi::sockets::WasiSocketsView as _;

use crate::host::{Function, Host};

/// What a plugin that wants a socket would have to be granted instead.
const INSTEAD: &str = "http: [HOST]";

impl Host {
    fn refuse_socket<T>(&mut self, interface: &'static str, name: &'static str, what: &str) -> Result<T, SocketError> {
        self.enter().map_err(SocketError::trap)?;
        let (began_us, function) = (self.watch.elapsed_us(), Function { interface, name });
        let result = json!({ "denied": "there are no sockets; send requests through wasi:http" });
        self.note(began_us, Permission::Denied(INSTEAD.into()), function, json!([what]), result, 0);
        Err(ErrorCode::AccessDenied.into())
    }
}

impl tcp_create_socket::Host for Host {
    fn create_tcp_socket(
        &mut self,
        family: IpAddressFamily,
    ) -> Result<Resource<tcp_create_socket::TcpSocket>, SocketError> {
        self.refuse_socket("wasi:sockets/tcp-create-socket", "create-tcp-socket", &format!("{family:?}"))
    }
}

impl udp_create_socket::Host for Host {
    fn create_udp_socket(
        &mut self,
        family: IpAddressFamily,
    ) -> Result<Resource<udp_create_socket::UdpSocket>, SocketError> {
        self.refuse_socket("wasi:sockets/udp-create-socket", "create-udp-socket", &format!("{family:?}"))
    }
}

impl instance_network::Host for Host {
    /// A handle that leads nowhere.
    fn instance_network(&mut self) -> wasmtime::Result<Resource<Network>> {
        self.local("wasi:sockets/instance-network")?;
        instance_network::Host::instance_network(&mut self.quiet().sockets())
    }
}

impl ip_name_lookup::Host for Host {
    fn resolve_addresses(
        &mut self,
        _: Resource<Network>,
        name: String,
    ) -> Result<Resource<ip_name_lookup::ResolveAddressStream>, SocketError> {
        self.refuse_socket("wasi:sockets/ip-name-lookup", "resolve-addresses", &name)
    }
}

impl ip_name_lookup::HostResolveAddressStream for Host {
    fn resolve_next_address(
        &mut self,
        stream: Resource<ip_name_lookup::ResolveAddressStream>,
    ) -> Result<Option<IpAddress>, SocketError> {
        self.local("wasi:sockets/ip-name-lookup").map_err(SocketError::trap)?;
        ip_name_lookup::HostResolveAddressStream::resolve_next_address(&mut self.quiet().sockets(), stream)
    }

    fn subscribe(
        &mut self,
        stream: Resource<ip_name_lookup::ResolveAddressStream>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        self.local("wasi:sockets/ip-name-lookup")?;
        ip_name_lookup::HostResolveAddressStream::subscribe(&mut self.quiet().sockets(), stream)
    }

    fn drop(&mut self, stream: Resource<ip_name_lookup::ResolveAddressStream>) -> wasmtime::Result<()> {
        self.local("wasi:sockets/ip-name-lookup")?;
        ip_name_lookup::HostResolveAddressStream::drop(&mut self.quiet().sockets(), stream)
    }
}

impl network::Host for Host {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        network::Host::convert_error_code(&mut self.quiet().sockets(), error)
    }

    fn network_error_code(&mut self, error: Resource<IoError>) -> wasmtime::Result<Option<ErrorCode>> {
        self.local("wasi:sockets/network")?;
        network::Host::network_error_code(&mut self.quiet().sockets(), error)
    }
}

impl network::HostNetwork for Host {
    fn drop(&mut self, network: Resource<Network>) -> wasmtime::Result<()> {
        self.local("wasi:sockets/network")?;
        network::HostNetwork::drop(&mut self.quiet().sockets(), network)
    }
}

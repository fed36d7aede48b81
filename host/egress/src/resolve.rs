//! Names to addresses.

use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};

/// Knows which addresses a name has. Asked once for each request or tunnel, on a thread that may block.
pub trait Resolve: Send + Sync {
    /// All addresses of a name, in the order in which to try them.
    ///
    /// # Errors
    /// When the name is not known, or nobody can be asked.
    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// Asks the operating system: its hosts file, its name servers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        // The port is of no meaning here; the call wants one.
        Ok((host, 0).to_socket_addrs()?.map(|found| found.ip()).collect())
    }
}

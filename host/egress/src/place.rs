//! One resolution, and what remains of it: the addresses that may be connected to.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use lockgate_ports::egress::EgressError;

use crate::permit::Permit;
use crate::resolve::Resolve;
use crate::target::Site;

/// Addresses of one name that are tried.
const PLACES_MAX: usize = 8;

/// An address that may be connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) address: SocketAddr,
    /// The grant under which it may.
    pub(crate) rule: String,
}

/// Resolves a host, once, and keeps what may be connected to; never nothing.
pub(crate) async fn locate(
    resolver: &Arc<dyn Resolve>,
    site: &Site,
    permit: &Permit,
) -> Result<Vec<Place>, EgressError> {
    let addresses = match site.address {
        Some(address) => vec![address],
        None => resolve(Arc::clone(resolver), site.host.clone()).await?,
    };
    let place = |rule: String, ip: &IpAddr| Place { address: SocketAddr::new(*ip, site.port), rule };
    let admitted = addresses.iter().filter_map(|ip| Some(place(permit.admit(*ip).ok()?.to_string(), ip)));
    let mut places: Vec<Place> = Vec::new();
    for found in admitted {
        if places.len() < PLACES_MAX && !places.contains(&found) {
            places.push(found);
        }
    }
    if places.is_empty() { Err(refusal(site, permit, &addresses)) } else { Ok(places) }
}

async fn resolve(resolver: Arc<dyn Resolve>, host: String) -> Result<Vec<IpAddr>, EgressError> {
    let name = host.clone();
    let unknown = |why: String| EgressError::Resolve(format!("the name `{host}` cannot be resolved: {why}"));
    let found = tokio::task::spawn_blocking(move || resolver.resolve(&name)).await;
    let found = found.map_err(|source| unknown(source.to_string()))?.map_err(|source| unknown(source.to_string()))?;
    if found.is_empty() { Err(unknown("it has no address".to_owned())) } else { Ok(found) }
}

fn refusal(site: &Site, permit: &Permit, addresses: &[IpAddr]) -> EgressError {
    let refused = addresses.iter().find_map(|address| Some((address, permit.admit(*address).err()?)));
    let Some((address, why)) = refused else {
        return EgressError::Resolve(format!("the name `{}` has no address", site.host));
    };
    let remedy = permit.widened(*address);
    EgressError::Address(format!(
        "`{site}` leads to {address}, which is {why}; if that is meant, write the grant as `{remedy}`, or name the \
         address itself as its host"
    ))
}

//! Everything that leaves for the network: one broker for plugins and native tools.
//!
//! A request is checked before anything is opened (`order`, `target`, `headers`), must match a grant (`permit`), and its
//! host is resolved once. Only addresses that the policy (`address`) or the grant admits are connected to (`place`), and
//! connections are kept by that very address (`clients`). Redirects are answers; proxies of the environment are ignored.

mod address;
mod answer;
mod broker;
mod clients;
mod connector;
mod headers;
mod order;
mod permit;
mod place;
mod proxy;
mod reactor;
mod resolve;
mod settings;
mod target;
mod tls;
mod wire;

pub use broker::Broker;
pub use resolve::{Resolve, SystemResolver};
pub use settings::{ProxyLimits, Settings, SettingsError};

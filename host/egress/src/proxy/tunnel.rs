//! Tunnels (RFC 9110, section 9.3.6): decided on by host and port alone.

use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use super::connection::{Refused, connect};
use super::reply::{Reply, established};
use super::session::{Ends, Session};
use crate::permit::{Permit, narrowed};
use crate::target::Site;

/// Connects to where the tunnel is to lead; it begins when the answer has been written.
pub(super) async fn open(session: &Arc<Session>, mut request: Request<Incoming>) -> Result<Reply, Refused> {
    let authority = request.uri().authority().map_or("", |authority| authority.as_str());
    let site = Site::of_authority(authority)?;
    session.begin("CONNECT", &site, None)?;
    let rules = &session.shared.rules;
    let permit = Permit::of_tunnel(rules, &site).map_err(|error| {
        let explain = |rule| {
            format!("`{rule}` is granted, but nobody can look into a tunnel: it takes a grant without methods and path")
        };
        Refused { error, detail: narrowed(rules, &site).map(explain) }
    })?;
    let far = connect(session, &site, &permit).await?;
    session.leave_tunnel(Ends { near: hyper::upgrade::on(&mut request), far });
    Ok(established())
}

/// Carries bytes both ways until both ends are done, or one breaks.
pub(super) async fn join(ends: Ends) {
    let Ends { near, mut far } = ends;
    if let Ok(near) = near.await {
        let _ = copy_bidirectional(&mut TokioIo::new(near), &mut far).await;
    }
}

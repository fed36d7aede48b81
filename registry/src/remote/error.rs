//! What can go wrong with a registry, and what to do about it.

use lockgate_model::ids::Digest;

/// Why a registry could not give or take something.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// No answer, or none that is HTTP.
    #[error(
        "cannot {what} at {registry} ({attempts} tries); check the name, the network and the [[mirrors]] of lockgate.toml"
    )]
    Unreachable {
        /// `host[:port]`.
        registry: String,
        /// What was being done.
        what: String,
        /// How often it was tried.
        attempts: u32,
        /// What the last try met.
        #[source]
        source: Box<ureq::Error>,
    },
    /// It is not there.
    #[error("{registry} has no {what}{hint}")]
    NotFound {
        /// `host[:port]`.
        registry: String,
        /// What was asked for.
        what: String,
        /// What there is instead.
        hint: String,
    },
    /// A login is missing, or is not enough.
    #[error("{registry} wants {} to {what}{detail}; log in with `docker login {registry}` or `podman login {registry}`", wanted(*.has_login))]
    Unauthorized {
        /// `host[:port]`.
        registry: String,
        /// What was being done.
        what: String,
        /// Whether a login was found and sent.
        has_login: bool,
        /// The registry's own words.
        detail: String,
    },
    /// The registry refused, or failed.
    #[error("{registry} answered {status} when asked to {what}{detail}")]
    Status {
        /// `host[:port]`.
        registry: String,
        /// What was being done.
        what: String,
        /// The HTTP status.
        status: u16,
        /// The registry's own words, and how often it was tried.
        detail: String,
    },
    /// Over a limit, as announced or as sent.
    #[error("{what} of {registry} has more than {max_bytes} bytes; nothing of it was kept")]
    TooLarge {
        /// `host[:port]`.
        registry: String,
        /// What was asked for.
        what: String,
        /// The limit.
        max_bytes: u64,
    },
    /// Other bytes than those that were asked for.
    #[error("{registry} sent other bytes for {what}: they are {found}, not {wanted}; nothing of them was kept")]
    WrongDigest {
        /// `host[:port]`.
        registry: String,
        /// What was asked for.
        what: String,
        /// Of the bytes that came.
        found: Digest,
        /// Of the bytes that were asked for.
        wanted: Digest,
    },
    /// More or fewer bytes than the descriptor says.
    #[error(
        "{registry} sent {found_bytes} bytes for {what}, its descriptor says {wanted_bytes}; nothing of them was kept"
    )]
    WrongSize {
        /// `host[:port]`.
        registry: String,
        /// What was asked for.
        what: String,
        /// That came.
        found_bytes: u64,
        /// In the descriptor.
        wanted_bytes: u64,
    },
    /// The transfer was cut off again and again.
    #[error(
        "the transfer of {what} from {registry} was cut off {cuts} times, the last time after {done_bytes} of {wanted_bytes} bytes; try again, it goes on from there"
    )]
    CutOff {
        /// `host[:port]`.
        registry: String,
        /// What was asked for.
        what: String,
        /// How often.
        cuts: u32,
        /// Bytes that have come.
        done_bytes: u64,
        /// Bytes that there are.
        wanted_bytes: u64,
    },
    /// A redirect that is not followed.
    #[error("{registry} redirects the request to {what} {reason}; it was not followed")]
    Redirect {
        /// `host[:port]`.
        registry: String,
        /// What was being done.
        what: String,
        /// Why not.
        reason: String,
    },
    /// An answer that makes no sense.
    #[error("{registry} answered what the distribution specification does not know when asked to {what}: {detail}")]
    Protocol {
        /// `host[:port]`.
        registry: String,
        /// What was being done.
        what: String,
        /// What is wrong.
        detail: String,
    },
    /// The login on this machine cannot be read or must not be sent.
    #[error("cannot use the login for {registry}: {detail}")]
    Login {
        /// `host[:port]`.
        registry: String,
        /// Why.
        detail: String,
    },
    /// The disk refused.
    #[error("cannot keep {what} of {registry}")]
    Disk {
        /// `host[:port]`.
        registry: String,
        /// What was being fetched.
        what: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl RemoteError {
    /// Whether the network, the registry's health or the disk is to blame, rather than what was asked.
    #[must_use]
    pub fn is_of_the_world(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::CutOff { .. } | Self::Disk { .. } => true,
            Self::Status { status, .. } => *status >= 500 || *status == 429,
            _ => false,
        }
    }

    /// Whether another mirror may well have what this one does not give.
    #[must_use]
    pub fn is_of_this_place(&self) -> bool {
        !matches!(self, Self::Disk { .. })
    }
}

fn wanted(has_login: bool) -> &'static str {
    if has_login { "another login" } else { "a login" }
}

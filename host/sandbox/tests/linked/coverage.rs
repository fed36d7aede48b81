//! How the host keeps hold of each function that is linked. A function that is not here fails the tests, and so does one
//! that is here and not linked any more.

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cover {
    /// A line of the log.
    Line,
    /// The state of progress in the log.
    Progress,
    /// A record of its own, under this interface; permission, arguments and answer are in it.
    Journalled(&'static str),
    /// It reaches nothing but the guest's own handles and buffers: counted, and in the sum under this name.
    Own(&'static str),
    /// The same, and what leaves is the record `http.send`.
    Sent(&'static str),
    /// It takes a resource that nobody has: this function, which gives it out, denies it, or gives none, or is none of
    /// the host's.
    Unreachable(&'static str),
}

use Cover::{Journalled, Line, Own, Progress, Sent, Unreachable};

const TCP: Cover = Unreachable("wasi:sockets/tcp-create-socket create-tcp-socket");
const UDP: Cover = Unreachable("wasi:sockets/udp-create-socket create-udp-socket");
const LOOKUP: Cover = Unreachable("wasi:sockets/ip-name-lookup resolve-addresses");
const SERVER: Cover = Unreachable("wasi:http/incoming-handler handle");
const HTTP: Cover = Own("wasi:http");
const FILE: Cover = Journalled("wasi:filesystem/types");
const OPEN_FILE: Cover = Own("wasi:filesystem/types");

/// Interface, what becomes of its functions, and these.
pub(crate) const TABLE: &[(&str, Cover, &[&str])] = &[
    ("lockgate:plugin/log", Line, &["write"]),
    ("lockgate:plugin/log", Progress, &["progress"]),
    ("lockgate:plugin/context", Journalled("context"), &["attempt", "idempotency-key", "platform", "run-url"]),
    ("lockgate:plugin/exec", Journalled("exec"), &["run"]),
    ("lockgate:plugin/secrets", Journalled("secrets"), &["placeholder"]),
    ("lockgate:plugin/artifacts", Journalled("artifacts"), &["publish", "fetch"]),
    ("wasi:io/error", Own("wasi"), &["error.to-debug-string", "error drop"]),
    ("wasi:io/poll", Own("wasi:io/poll"), &["pollable.ready", "pollable.block", "poll", "pollable drop"]),
    (
        "wasi:io/streams",
        Journalled("wasi:io/streams"),
        &[
            "input-stream.read",
            "input-stream.blocking-read",
            "input-stream.skip",
            "input-stream.blocking-skip",
            "output-stream.write",
            "output-stream.blocking-write-and-flush",
            "output-stream.flush",
            "output-stream.blocking-flush",
            "output-stream.write-zeroes",
            "output-stream.blocking-write-zeroes-and-flush",
            "output-stream.splice",
            "output-stream.blocking-splice",
        ],
    ),
    (
        "wasi:io/streams",
        Own("wasi:io/streams"),
        &[
            "input-stream.subscribe",
            "input-stream drop",
            "output-stream.check-write",
            "output-stream.subscribe",
            "output-stream drop",
        ],
    ),
    (
        "wasi:clocks/monotonic-clock",
        Journalled("wasi:clocks/monotonic-clock"),
        &["now", "subscribe-instant", "subscribe-duration"],
    ),
    ("wasi:clocks/monotonic-clock", Own("wasi:clocks/monotonic-clock"), &["resolution"]),
    ("wasi:clocks/wall-clock", Journalled("wasi:clocks/wall-clock"), &["now"]),
    ("wasi:clocks/wall-clock", Own("wasi:clocks/wall-clock"), &["resolution"]),
    (
        "wasi:filesystem/types",
        FILE,
        &[
            "descriptor.read-via-stream",
            "descriptor.write-via-stream",
            "descriptor.append-via-stream",
            "descriptor.set-size",
            "descriptor.set-times",
            "descriptor.read",
            "descriptor.write",
            "descriptor.read-directory",
            "descriptor.create-directory-at",
            "descriptor.stat-at",
            "descriptor.set-times-at",
            "descriptor.link-at",
            "descriptor.open-at",
            "descriptor.readlink-at",
            "descriptor.remove-directory-at",
            "descriptor.rename-at",
            "descriptor.symlink-at",
            "descriptor.unlink-file-at",
            "descriptor.metadata-hash-at",
        ],
    ),
    (
        "wasi:filesystem/types",
        OPEN_FILE,
        &[
            "descriptor.advise",
            "descriptor.sync-data",
            "descriptor.get-flags",
            "descriptor.get-type",
            "descriptor.sync",
            "descriptor.stat",
            "descriptor.is-same-object",
            "descriptor.metadata-hash",
            "descriptor drop",
            "directory-entry-stream.read-directory-entry",
            "directory-entry-stream drop",
            "filesystem-error-code",
        ],
    ),
    ("wasi:filesystem/preopens", Own("wasi:filesystem/preopens"), &["get-directories"]),
    ("wasi:sockets/network", Own("wasi"), &["network drop"]),
    ("wasi:sockets/instance-network", Own("wasi:sockets/instance-network"), &["instance-network"]),
    ("wasi:sockets/ip-name-lookup", Journalled("wasi:sockets/ip-name-lookup"), &["resolve-addresses"]),
    (
        "wasi:sockets/ip-name-lookup",
        LOOKUP,
        &[
            "resolve-address-stream.resolve-next-address",
            "resolve-address-stream.subscribe",
            "resolve-address-stream drop",
        ],
    ),
    ("wasi:sockets/tcp-create-socket", Journalled("wasi:sockets/tcp-create-socket"), &["create-tcp-socket"]),
    ("wasi:sockets/udp-create-socket", Journalled("wasi:sockets/udp-create-socket"), &["create-udp-socket"]),
    (
        "wasi:sockets/tcp",
        TCP,
        &[
            "tcp-socket.start-bind",
            "tcp-socket.finish-bind",
            "tcp-socket.start-connect",
            "tcp-socket.finish-connect",
            "tcp-socket.start-listen",
            "tcp-socket.finish-listen",
            "tcp-socket.accept",
            "tcp-socket.local-address",
            "tcp-socket.remote-address",
            "tcp-socket.is-listening",
            "tcp-socket.address-family",
            "tcp-socket.set-listen-backlog-size",
            "tcp-socket.keep-alive-enabled",
            "tcp-socket.set-keep-alive-enabled",
            "tcp-socket.keep-alive-idle-time",
            "tcp-socket.set-keep-alive-idle-time",
            "tcp-socket.keep-alive-interval",
            "tcp-socket.set-keep-alive-interval",
            "tcp-socket.keep-alive-count",
            "tcp-socket.set-keep-alive-count",
            "tcp-socket.hop-limit",
            "tcp-socket.set-hop-limit",
            "tcp-socket.receive-buffer-size",
            "tcp-socket.set-receive-buffer-size",
            "tcp-socket.send-buffer-size",
            "tcp-socket.set-send-buffer-size",
            "tcp-socket.subscribe",
            "tcp-socket.shutdown",
            "tcp-socket drop",
        ],
    ),
    (
        "wasi:sockets/udp",
        UDP,
        &[
            "udp-socket.start-bind",
            "udp-socket.finish-bind",
            "udp-socket.stream",
            "udp-socket.local-address",
            "udp-socket.remote-address",
            "udp-socket.address-family",
            "udp-socket.unicast-hop-limit",
            "udp-socket.set-unicast-hop-limit",
            "udp-socket.receive-buffer-size",
            "udp-socket.set-receive-buffer-size",
            "udp-socket.send-buffer-size",
            "udp-socket.set-send-buffer-size",
            "udp-socket.subscribe",
            "udp-socket drop",
            "incoming-datagram-stream.receive",
            "incoming-datagram-stream.subscribe",
            "incoming-datagram-stream drop",
            "outgoing-datagram-stream.check-send",
            "outgoing-datagram-stream.send",
            "outgoing-datagram-stream.subscribe",
            "outgoing-datagram-stream drop",
        ],
    ),
    ("wasi:random/random", Journalled("wasi:random/random"), &["get-random-bytes", "get-random-u64"]),
    (
        "wasi:random/insecure",
        Journalled("wasi:random/insecure"),
        &["get-insecure-random-bytes", "get-insecure-random-u64"],
    ),
    ("wasi:random/insecure-seed", Journalled("wasi:random/insecure-seed"), &["insecure-seed"]),
    ("wasi:cli/environment", Journalled("wasi:cli/environment"), &["get-environment"]),
    ("wasi:cli/environment", Own("wasi:cli/environment"), &["get-arguments", "initial-cwd"]),
    ("wasi:cli/exit", Journalled("wasi:cli/exit"), &["exit", "exit-with-code"]),
    ("wasi:cli/stdin", Own("wasi"), &["get-stdin"]),
    ("wasi:cli/stdout", Own("wasi:cli/stdout"), &["get-stdout"]),
    ("wasi:cli/stderr", Own("wasi:cli/stderr"), &["get-stderr"]),
    ("wasi:cli/terminal-stdin", Own("wasi"), &["get-terminal-stdin"]),
    ("wasi:cli/terminal-stdout", Own("wasi"), &["get-terminal-stdout"]),
    ("wasi:cli/terminal-stderr", Own("wasi"), &["get-terminal-stderr"]),
    ("wasi:cli/terminal-input", Unreachable("wasi:cli/terminal-stdin get-terminal-stdin"), &["terminal-input drop"]),
    (
        "wasi:cli/terminal-output",
        Unreachable("wasi:cli/terminal-stdout get-terminal-stdout"),
        &["terminal-output drop"],
    ),
    (
        "wasi:http/types",
        HTTP,
        &[
            "fields new",
            "fields.from-list",
            "fields.get",
            "fields.has",
            "fields.set",
            "fields.delete",
            "fields.append",
            "fields.entries",
            "fields.clone",
            "fields drop",
            "outgoing-request new",
            "outgoing-request.body",
            "outgoing-request.method",
            "outgoing-request.set-method",
            "outgoing-request.path-with-query",
            "outgoing-request.set-path-with-query",
            "outgoing-request.scheme",
            "outgoing-request.set-scheme",
            "outgoing-request.authority",
            "outgoing-request.set-authority",
            "outgoing-request.headers",
            "outgoing-request drop",
            "request-options new",
            "request-options.connect-timeout",
            "request-options.set-connect-timeout",
            "request-options.first-byte-timeout",
            "request-options.set-first-byte-timeout",
            "request-options.between-bytes-timeout",
            "request-options.set-between-bytes-timeout",
            "request-options drop",
            "incoming-response.status",
            "incoming-response.headers",
            "incoming-response.consume",
            "incoming-response drop",
            "incoming-body.stream",
            "incoming-body.finish",
            "incoming-body drop",
            "future-trailers.subscribe",
            "future-trailers.get",
            "future-trailers drop",
            "outgoing-response new",
            "outgoing-response.status-code",
            "outgoing-response.set-status-code",
            "outgoing-response.headers",
            "outgoing-response.body",
            "outgoing-response drop",
            "outgoing-body.write",
            "outgoing-body.finish",
            "outgoing-body drop",
            "future-incoming-response.subscribe",
            "future-incoming-response.get",
            "future-incoming-response drop",
            "http-error-code",
        ],
    ),
    (
        "wasi:http/types",
        SERVER,
        &[
            "incoming-request.method",
            "incoming-request.path-with-query",
            "incoming-request.scheme",
            "incoming-request.authority",
            "incoming-request.headers",
            "incoming-request.consume",
            "incoming-request drop",
            "response-outparam.set",
            "response-outparam drop",
        ],
    ),
    ("wasi:http/outgoing-handler", Sent("wasi:http"), &["handle"]),
];

/// Every function of the table as `INTERFACE FUNCTION`, and what becomes of it.
pub(crate) fn covered() -> impl Iterator<Item = (String, Cover)> {
    let row = |(interface, cover, functions): &(&'static str, Cover, &'static [&'static str])| {
        let (interface, cover) = (*interface, *cover);
        functions.iter().map(move |function| (format!("{interface} {function}"), cover))
    };
    TABLE.iter().flat_map(row)
}

/// A function's name in the journal: `descriptor.open-at` is `open-at`.
pub(crate) fn name_in_journal(function: &str) -> &str {
    let (_, name) = function.split_once(' ').expect("interface and function");
    name.split_once('.').map_or(name, |(_, name)| name)
}

//! `wasi:clocks`, `wasi:random`, `wasi:cli`, `wasi:sockets`, and waiting.

use wasip2::cli::{environment, stderr, stdin, stdout, terminal_stderr, terminal_stdin, terminal_stdout};
use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::io::poll;
use wasip2::random::{insecure, insecure_seed, random};
use wasip2::sockets::network::IpAddressFamily;
use wasip2::sockets::{instance_network, ip_name_lookup, tcp_create_socket, udp_create_socket};

use crate::Tally;

pub(crate) fn call(tally: &mut Tally, said: &mut Vec<(&'static str, String)>) {
    clocks(tally, said);
    randomness(tally, said);
    cli(tally, said);
    sockets(tally, said);
}

fn clocks(tally: &mut Tally, said: &mut Vec<(&'static str, String)>) {
    let wall = tally.did("wasi:clocks/wall-clock now", wall_clock::now());
    said.push(("wall-clock", wall.seconds.to_string()));
    tally.did("wasi:clocks/wall-clock resolution", wall_clock::resolution());
    let now = tally.did("wasi:clocks/monotonic-clock now", monotonic_clock::now());
    tally.did("wasi:clocks/monotonic-clock resolution", monotonic_clock::resolution());
    let alarm = tally.did("wasi:clocks/monotonic-clock subscribe-instant", monotonic_clock::subscribe_instant(now));
    let other = tally.did("wasi:clocks/monotonic-clock subscribe-duration", monotonic_clock::subscribe_duration(1));
    tally.did("wasi:io/poll pollable.ready", alarm.ready());
    tally.did("wasi:io/poll pollable.block", alarm.block());
    tally.did("wasi:io/poll poll", poll::poll(&[&alarm, &other]));
    tally.drop("wasi:io/poll pollable drop", alarm);
    tally.drop("wasi:io/poll pollable drop", other);
}

fn randomness(tally: &mut Tally, said: &mut Vec<(&'static str, String)>) {
    let bytes = tally.did("wasi:random/random get-random-bytes", random::get_random_bytes(8));
    tally.did("wasi:random/random get-random-u64", random::get_random_u64());
    tally.did("wasi:random/insecure get-insecure-random-bytes", insecure::get_insecure_random_bytes(8));
    tally.did("wasi:random/insecure get-insecure-random-u64", insecure::get_insecure_random_u64());
    tally.did("wasi:random/insecure-seed insecure-seed", insecure_seed::insecure_seed());
    said.push(("random", format!("{bytes:?}")));
}

fn cli(tally: &mut Tally, said: &mut Vec<(&'static str, String)>) {
    let variables = tally.did("wasi:cli/environment get-environment", environment::get_environment());
    said.push(("environment", format!("{variables:?}")));
    tally.did("wasi:cli/environment get-arguments", environment::get_arguments());
    tally.did("wasi:cli/environment initial-cwd", environment::initial_cwd());
    let input = tally.did("wasi:cli/stdin get-stdin", stdin::get_stdin());
    tally.drop("wasi:io/streams input-stream drop", input);
    let output = tally.did("wasi:cli/stdout get-stdout", stdout::get_stdout());
    tally.drop("wasi:io/streams output-stream drop", output);
    let output = tally.did("wasi:cli/stderr get-stderr", stderr::get_stderr());
    tally.drop("wasi:io/streams output-stream drop", output);
    let terminals = [
        tally.did("wasi:cli/terminal-stdin get-terminal-stdin", terminal_stdin::get_terminal_stdin()).is_some(),
        tally.did("wasi:cli/terminal-stdout get-terminal-stdout", terminal_stdout::get_terminal_stdout()).is_some(),
        tally.did("wasi:cli/terminal-stderr get-terminal-stderr", terminal_stderr::get_terminal_stderr()).is_some(),
    ];
    said.push(("terminals", format!("{terminals:?}")));
}

fn sockets(tally: &mut Tally, said: &mut Vec<(&'static str, String)>) {
    let tcp = tally.did(
        "wasi:sockets/tcp-create-socket create-tcp-socket",
        tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4),
    );
    let udp = tally.did(
        "wasi:sockets/udp-create-socket create-udp-socket",
        udp_create_socket::create_udp_socket(IpAddressFamily::Ipv6),
    );
    let network = tally.did("wasi:sockets/instance-network instance-network", instance_network::instance_network());
    let name = tally.did(
        "wasi:sockets/ip-name-lookup resolve-addresses",
        ip_name_lookup::resolve_addresses(&network, "api.example"),
    );
    tally.drop("wasi:sockets/network network drop", network);
    said.push(("sockets", format!("{:?} {:?} {:?}", tcp.map(drop), udp.map(drop), name.map(drop))));
}

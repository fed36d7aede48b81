//! Commands that are granted hosts: what they reach, and that it is nothing else.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use lockgate_ports::egress::NoEgress;
use lockgate_ports::tools::{Ending, Tools};
use lockgate_ports::{Cancel, ToolAction, ToolError};

use crate::egress::ANSWER;
use crate::world::{Sink, World, world};

/// Asks the proxy that the environment names.
const ASK: &str = "proxy=${https_proxy#http://}; exec 3<>/dev/tcp/${proxy/://}; \
                   printf 'CONNECT api.example:443 HTTP/1.1\\r\\nHost: api.example\\r\\n\\r\\n' >&3; cat <&3";

fn granted(world: &World, script: &str) -> ToolAction {
    let mut action = world.action(&["bash", "-c", script]);
    action.grants.http = vec!["api.example".parse().unwrap()];
    action
}

/// What a script of a command with a grant says; it must end well.
fn said(world: &World, script: &str) -> String {
    let done = world.run(granted(world, script)).unwrap();
    assert_eq!(done.ending, Ending::Exited(0), "{script}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn a_granted_command_reaches_the_proxy_and_each_contact_is_told() {
    let Some(world) = world() else { return };
    let sink = Arc::new(Sink::default());
    let done = world.tools.run(granted(&world, ASK), sink.clone(), &Cancel::default()).unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stdout), ANSWER, "{}", String::from_utf8_lossy(&done.stderr));
    let contacts = sink.contacts.lock().unwrap();
    let told: Vec<_> =
        contacts.iter().map(|contact| (contact.method.as_str(), contact.host.as_str(), &contact.outcome)).collect();
    assert_eq!(told, [("CONNECT", "api.example:443", &Ok("api.example".to_owned()))]);
    assert_eq!(world.egress.serving(), 0, "the proxy ended with the command");
    assert_eq!(world.stages(), 0);
}

#[test]
fn the_environment_names_the_proxy_whatever_the_step_says() {
    let Some(world) = world() else { return };
    let mut action = granted(&world, "env | grep -i proxy | sort");
    action.env = [("https_proxy", "http://elsewhere.example"), ("NO_PROXY", "*")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let proxy = "http://127.0.0.1:3128";
    let expected: BTreeMap<&str, &str> = [
        ("HTTP_PROXY", proxy),
        ("HTTPS_PROXY", proxy),
        ("http_proxy", proxy),
        ("https_proxy", proxy),
        ("ALL_PROXY", proxy),
        ("CARGO_HTTP_PROXY", proxy),
        ("npm_config_proxy", proxy),
        ("npm_config_https_proxy", proxy),
        ("NO_PROXY", ""),
        ("no_proxy", ""),
    ]
    .into();
    let done = world.run(action).unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    let found: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once('=')).collect();
    assert_eq!(found, expected);
}

#[test]
fn tools_are_not_told_to_stay_offline() {
    let Some(world) = world() else { return };
    let check = |is_granted: bool, expected: &str| {
        let mut action = granted(&world, "echo $CARGO_NET_OFFLINE");
        action.tools.push("cargo".parse().unwrap());
        if !is_granted {
            action.grants.http.clear();
        }
        match world.run(action) {
            Ok(done) => assert_eq!(String::from_utf8(done.stdout).unwrap(), expected),
            Err(ToolError::NotFound(text)) => eprintln!("SKIPPED: {text}"),
            Err(error) => panic!("{error}"),
        }
    };
    check(true, "false\n");
    check(false, "true\n");
}

#[test]
fn without_a_grant_there_is_no_proxy() {
    let Some(world) = world() else { return };
    let mut action = granted(&world, "env | grep -ci proxy; (exec 3<>/dev/tcp/127.0.0.1/3128) 2>&1; cat /proc/net/tcp");
    action.grants.http.clear();
    let done = world.run(action).unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(said.starts_with("0\n") && said.contains("refused"), "{said}");
    assert!(!said.contains(" 0A "), "nothing listens: {said}");
    assert_eq!(world.egress.served.load(Ordering::SeqCst), 0);
}

#[test]
fn nothing_but_the_proxy_is_reachable() {
    let Some(world) = world() else { return };
    let host = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = host.local_addr().unwrap().port();
    std::net::TcpStream::connect(("127.0.0.1", port)).expect("the host itself reaches it");
    let refused = said(&world, &format!("(exec 3<>/dev/tcp/127.0.0.1/{port}) 2>&1 || true"));
    assert!(refused.contains("refused"), "{refused}");
    let far = said(&world, "(exec 3<>/dev/tcp/192.0.2.1/80) 2>&1 || true");
    assert!(far.contains("unreachable"), "{far}");
    assert_eq!(said(&world, "perl -e 'print defined gethostbyname(\"localhost.example\") ? 1 : 0'"), "0");
    let listeners = said(&world, "cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp 2>/dev/null | grep -c ' 0A '");
    assert_eq!(listeners, "1\n", "the proxy alone");
    assert_eq!(said(&world, "wc -l < /proc/net/dev"), "3\n", "only its own loopback");
}

#[test]
fn sockets_of_the_host_without_a_path_are_not_reachable_and_raw_ones_are_refused() {
    let Some(world) = world() else { return };
    let name = format!("lockgate-test-{}", std::process::id());
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let script = format!(
        "use Socket; socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die; \
         print connect($s, pack('Sa*', AF_UNIX, \"\\0{name}\")) ? 'reached' : \"$!\""
    );
    let on_host = std::process::Command::new("perl").args(["-e", &script]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&on_host.stdout), "reached", "the host itself reaches it");
    world.write("unix.pl", &script);
    assert_eq!(said(&world, "perl unix.pl"), "Connection refused");
    drop(listener);
    let raw = "use Socket; for ([PF_INET, SOCK_RAW, 1], [17, SOCK_RAW, 768]) \
               { print socket(my $s, $$_[0], $$_[1], $$_[2]) ? 'made' : \"$!\", \"\\n\" }";
    world.write("raw.pl", raw);
    assert_eq!(said(&world, "perl raw.pl"), "Operation not permitted\nOperation not permitted\n");
}

#[test]
fn a_command_cannot_put_itself_in_the_proxys_place() {
    let Some(world) = world() else { return };
    let script = "use Socket; socket(my $s, PF_INET, SOCK_STREAM, 0); setsockopt($s, SOL_SOCKET, 15, 1); \
                  print bind($s, sockaddr_in(3128, INADDR_ANY)) ? 'bound' : \"$!\"";
    world.write("bind.pl", script);
    assert_eq!(said(&world, "perl bind.pl"), "Address already in use");
}

#[test]
fn a_timeout_ends_the_command_and_its_proxy() {
    let Some(world) = world() else { return };
    let mut action = granted(&world, &format!("{ASK}; sleep 1000"));
    action.time_ms = 1000;
    let done = world.run(action).unwrap();
    assert_eq!((done.ending, String::from_utf8_lossy(&done.stdout)), (Ending::TimedOut, ANSWER.into()));
    assert_eq!((world.egress.serving(), world.stages()), (0, 0));
    let mut action = granted(&world, "touch ran");
    action.time_ms = 0;
    assert_eq!(world.run(action).unwrap().ending, Ending::TimedOut);
    assert_eq!((world.egress.serving(), world.stages()), (0, 0));
}

#[test]
fn cancellation_ends_the_command_and_its_proxy() {
    let Some(world) = world() else { return };
    let cancel = Cancel::default();
    let sink = Sink { cancel: Some(cancel.clone()), ..Sink::default() };
    let action = granted(&world, &format!("{ASK}; sleep 1000"));
    let done = world.tools.run(action, Arc::new(sink), &cancel).unwrap();
    assert_eq!((done.ending, world.egress.serving(), world.stages()), (Ending::Cancelled, 0, 0));
}

#[test]
fn many_commands_at_a_time_have_a_proxy_each() {
    if world().is_none() {
        return;
    }
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let world = world().unwrap();
                for _ in 0..5 {
                    assert_eq!(said(&world, ASK), ANSWER);
                }
                assert_eq!((world.egress.served.load(Ordering::SeqCst), world.egress.serving()), (5, 0));
            });
        }
    });
}

#[test]
fn without_a_proxy_the_command_does_not_run() {
    let Some(world) = world() else { return };
    let world = world.with_egress(Arc::new(NoEgress));
    let refused = world.run(granted(&world, "touch ran"));
    assert!(matches!(&refused, Err(ToolError::Unavailable(text)) if text.contains("sends no requests")), "{refused:?}");
    assert!(!world.path("ran").exists());
    assert_eq!(world.stages(), 0);
    assert_eq!(world.sh("true").ending, Ending::Exited(0), "others do");
}

#[test]
fn the_proxy_never_listens_in_the_hosts_own_namespace() {
    if world().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let bwrap = folder.path().join("bwrap");
    let script = "#!/bin/sh\n[ \"$1\" = --args ] || exec bwrap \"$@\"\nfd=$2; shift 2\nexec bwrap --args $fd --share-net \"$@\"\n";
    std::fs::write(&bwrap, script).unwrap();
    std::fs::set_permissions(&bwrap, std::fs::Permissions::from_mode(0o755)).unwrap();
    let world = World::with(Some(bwrap), BTreeMap::new());
    let refused = world.run(granted(&world, "touch ran"));
    let is_told = |text: &str| text.contains("not in a network namespace of its own") && text.contains("setns(2)");
    assert!(matches!(&refused, Err(ToolError::Unavailable(text)) if is_told(text)), "{refused:?}");
    assert!(!world.path("ran").exists());
    assert_eq!(world.egress.served.load(Ordering::SeqCst), 0);
}

#[test]
fn trusted_certificates_are_seen_with_a_grant_only() {
    let Some(world) = world() else { return };
    if !std::path::Path::new("/etc/ssl/certs").is_dir() {
        return;
    }
    let script = "test -d /etc/ssl/certs && echo there; test -e /etc/ssl/private && echo keys; true";
    assert_eq!(said(&world, script), "there\n");
    assert_eq!(world.said(script), "");
}

//! What a command cannot see, reach or do.

use std::net::TcpListener;

use lockgate_ports::tools::Ending;

use crate::world::world;

#[test]
fn there_is_no_network_not_even_the_hosts_loopback() {
    let Some(world) = world() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::net::TcpStream::connect(address).expect("the host itself reaches it");
    let script = format!("exec 3<>/dev/tcp/127.0.0.1/{}", address.port());
    let done = world.run(world.action(&["bash", "-c", &script])).unwrap();
    assert_eq!(done.ending, Ending::Exited(1));
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(said.contains("refused") || said.contains("unreachable"), "{said}");
    assert_eq!(world.said("ls /sys/class/net 2>/dev/null; cat /proc/net/dev | wc -l").trim(), "3", "only its own lo");
}

#[test]
fn nothing_of_the_host_is_seen_but_the_tools_roots() {
    let Some(world) = world() else { return };
    for path in ["/root", "/home", "/etc/shadow", "/etc/hostname", "/var", "/run", "/sys", "/boot", "/opt", "/srv"] {
        assert_eq!(world.said(&format!("test -e {path} && echo there; true")), "", "{path}");
    }
    let stages = world.folder.path().join("stages");
    assert_eq!(world.said(&format!("test -e {} && echo there; true", stages.display())), "");
    assert_eq!(world.said("cat /etc/passwd | cut -d: -f1"), "lockgate\nnobody\n");
}

#[test]
fn it_is_alone_without_privileges() {
    let Some(world) = world() else { return };
    let processes = world.said("cd /proc; for p in [0-9]*; do cat $p/comm; done 2>/dev/null");
    assert_eq!(processes.lines().next(), Some("bwrap"));
    assert!(processes.lines().all(|name| matches!(name, "bwrap" | "sh" | "cat")), "{processes}");
    assert_eq!(world.said("id -u; id -g; hostname"), "1000\n1000\nlockgate\n");
    let status = world.said("grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status");
    assert_eq!(status, "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\n");
    assert_eq!(world.said("unshare --user true 2>/dev/null && echo made; true"), "", "no namespaces of its own");
}

#[test]
fn only_the_workspace_and_memory_can_be_written() {
    let Some(world) = world() else { return };
    for path in ["/x", "/usr/x", "/bin/x", "/etc/x", "/dev/x", "/etc/passwd", "/proc/sys/kernel/hostname"] {
        assert_eq!(world.said(&format!("(echo x > {path}) 2>/dev/null && echo wrote; true")), "", "{path}");
    }
    let settings = "for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/irq/*/smp_affinity /proc/self/oom_score_adj; \
                    do test -w $f && echo $f; done; find /proc/sys -writable | head -3; true";
    assert_eq!(world.said(settings), "", "not even for a host that runs as root");
    for path in ["/workspace/x", "/tmp/x", "/tmp/home/x", "/dev/shm/x", "/dev/null"] {
        assert_eq!(world.said(&format!("echo x > {path} && echo wrote")), "wrote\n", "{path}");
    }
}

#[test]
fn the_environment_is_made_from_nothing() {
    let Some(world) = world() else { return };
    let mut action =
        world.action(&["python3", "-c", "import os\nfor n in sorted(os.environ): print(n, os.environ[n])"]);
    action.env = [("MINE".to_owned(), "a b".to_owned()), ("LOCKGATE".to_owned(), "0".to_owned())].into();
    let done = world.run(action).unwrap();
    let expected = "HOME /tmp/home\nLANG C.UTF-8\nLOCKGATE 1\nMINE a b\nPATH /usr/local/bin:/usr/bin:/bin\nPWD /workspace/\n\
                    PYTHONDONTWRITEBYTECODE 1\nTMPDIR /tmp\nTZ UTC\nUSER lockgate\n";
    assert_eq!(String::from_utf8(done.stdout).unwrap(), expected);
}

#[test]
fn a_variable_for_the_loader_does_not_reach_bubblewrap() {
    let Some(world) = world() else { return };
    let mut action = world.script("true");
    action.env = [("LD_PRELOAD".to_owned(), "/no/such/library.so".to_owned())].into();
    let done = world.run(action).unwrap();
    let said = String::from_utf8_lossy(&done.stderr).matches("no/such/library").count();
    assert_eq!((done.ending, said), (Ending::Exited(0), 1), "once by the shell, not by its sandbox");
}

#[test]
fn resource_limits_are_in_force() {
    let Some(world) = world() else { return };
    let limits = lockgate_tools::Limits { open_files_max: 64, file_bytes_max: 4096, ..Default::default() };
    let world = world.limited(limits);
    assert_eq!(world.said("ulimit -n; ulimit -H -n; ulimit -c"), "64\n64\n0\n");
    assert_eq!(world.said("head -c 4096 /dev/zero > fits && wc -c < fits"), "4096\n");
    let done = world.sh("head -c 4097 /dev/zero > too-large");
    assert_eq!(done.ending, Ending::Signalled(25), "SIGXFSZ");
}

#[test]
fn memory_file_systems_are_limited() {
    let Some(world) = world() else { return };
    let limits = lockgate_tools::Limits { temporary_bytes_max: 65_536, ..Default::default() };
    let world = world.limited(limits);
    assert_eq!(world.said("head -c 4096 /dev/zero > /tmp/x && echo wrote"), "wrote\n");
    assert_eq!(world.said("head -c 70000 /dev/zero > /tmp/x 2>/dev/null || echo full"), "full\n");
}

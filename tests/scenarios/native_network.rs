//! What native tools reach: the hosts that are granted, by the host's proxy, and nothing else.

use lockgate_tests::programs::skip;
use lockgate_tests::{Ended, Loopback, Project};
use serde_json::Value;

/// A project whose one step runs this script of bash with these grants.
fn project(script: &str, grants: &str) -> Project {
    let script: String = script.lines().map(|line| format!("          {line}\n")).collect();
    let text = format!(
        "name: network\njobs:\n  net:\n    steps:\n      - id: tool\n        shell: bash\n        grants: {grants}\n        run: |\n{script}"
    );
    Project::with(&text, &[])
}

fn has_curl() -> bool {
    let has_it = lockgate_guest_toolchain::find_program("curl").is_some();
    if !has_it {
        skip("there is no curl here");
    }
    has_it
}

/// What was contacted, or was to be: the permission, and `METHOD HOST:PORT`.
fn contacts(project: &Project) -> Vec<(Value, String)> {
    let ended = project.lockgate(&["journal", "latest", "tool", "--json"]);
    let calls = ended.expect_code(0).stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let contacts = calls.filter(|call| call["interface"] == "egress" && call["function"] == "contact");
    contacts
        .map(|call| {
            let arguments = &call["arguments"];
            let [method, host] = ["method", "host"].map(|name| arguments[name].as_str().unwrap_or_default().to_owned());
            (call["permission"].clone(), format!("{method} {host}:{}", arguments["port"]))
        })
        .collect()
}

/// What `curl` said of each URL, by the script's `ask NAME URL`.
fn said(project: &Project, name: &str) -> String {
    let logs = project.lockgate(&["logs", "latest", "tool"]).stdout;
    let line = logs.lines().find_map(|line| line.split_once(&format!("{name}=")));
    line.unwrap_or_else(|| panic!("{name} is not in\n{logs}")).1.to_owned()
}

const ASK: &str = "ask() { echo \"$1=$(curl -sS -m 20 -w ' %{http_code}' \"${@:2}\" 2>&1 | tr '\\n' ' ') exit ${PIPESTATUS[0]}\"; }\n";

#[test]
fn a_granted_host_is_reached_and_no_other() {
    if !has_curl() {
        return;
    }
    let (server, other) = (Loopback::start(), Loopback::start());
    let script = format!(
        "{ASK}ask granted {0}/granted\nask other {1}/other\nask metadata http://169.254.169.254/latest/meta-data/\n\
         ask name http://metadata.google.internal/\nask tunnel https://{2}/tunnel\nask direct --noproxy '*' {0}/direct\n\
         ask host -H 'Host: {2}' {0}/host\n",
        server.url(),
        other.url(),
        other.address()
    );
    let project = project(&script, &format!("{{ http: [\"{}\"] }}", server.url()));
    project.lockgate(&["run"]).expect_code(0);
    assert!(said(&project, "granted").starts_with("hello from /granted 200"), "{}", said(&project, "granted"));
    for refused in ["other", "metadata", "name"] {
        assert!(said(&project, refused).contains(" 403"), "{refused}: {}", said(&project, refused));
    }
    for unreached in ["tunnel", "direct"] {
        assert!(said(&project, unreached).contains(" 000"), "{unreached}: {}", said(&project, unreached));
    }
    assert_eq!(other.heads(), Vec::<String>::new(), "nobody reached the other one");
    let paths: Vec<_> = server.heads().iter().filter_map(|head| Some(head.split(' ').nth(1)?.to_owned())).collect();
    assert!(paths.iter().all(|path| path == "/granted" || path == "/host"), "{paths:?}");
    check_contacts(&project, &server, &other);
}

fn check_contacts(project: &Project, server: &Loopback, other: &Loopback) {
    let contacts = contacts(project);
    let find = |what: String| {
        let found = contacts.iter().find(|(_, contact)| *contact == what);
        found.unwrap_or_else(|| panic!("{what} is not in {contacts:#?}")).0.clone()
    };
    let granted = find(format!("GET {}", server.address()));
    assert_eq!(granted, serde_json::json!({ "granted": format!("http: [{}]", server.url()) }));
    for refused in [
        format!("GET {}", other.address()),
        "GET 169.254.169.254:80".to_owned(),
        format!("CONNECT {}", other.address()),
    ] {
        let permission = find(refused.clone());
        assert!(
            permission["denied"].as_str().is_some_and(|grant| grant.starts_with("http: [")),
            "{refused}: {permission}"
        );
    }
}

/// By hand, so that no client's idea of a proxy stands between.
#[test]
fn requests_by_hand_are_held_to_the_grant() {
    let (server, other) = (Loopback::start(), Loopback::start());
    let script = format!(
        "send() {{ exec 3<>/dev/tcp/127.0.0.1/3128; printf \"$2\" >&3; echo \"$1=$(head -c 300 <&3 | tr -d '\\r' | tr '\\n' ' ')\"; exec 3>&-; }}\n\
         send granted 'GET {0}/by-hand HTTP/1.1\\r\\nHost: {1}\\r\\nConnection: close\\r\\n\\r\\n'\n\
         send other 'GET {2}/ HTTP/1.1\\r\\nHost: {1}\\r\\nConnection: close\\r\\n\\r\\n'\n\
         send userinfo 'GET http://{1}@{3}/ HTTP/1.1\\r\\nHost: {1}\\r\\nConnection: close\\r\\n\\r\\n'\n\
         send origin 'GET /origin HTTP/1.1\\r\\nHost: {3}\\r\\nConnection: close\\r\\n\\r\\n'\n\
         send tunnel 'CONNECT {3} HTTP/1.1\\r\\nHost: {3}\\r\\n\\r\\n'\n\
         send smuggled 'GET {0}/first HTTP/1.1\\r\\nHost: {1}\\r\\nContent-Length: 5\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\nGET {2}/second HTTP/1.1\\r\\n\\r\\n'\n",
        server.url(),
        server.address(),
        other.url(),
        other.address()
    );
    let project = project(&script, &format!("{{ http: [\"{}\"] }}", server.url()));
    project.lockgate(&["run"]).expect_code(0);
    assert!(said(&project, "granted").starts_with("HTTP/1.1 200"), "{}", said(&project, "granted"));
    for refused in ["other", "userinfo", "origin", "tunnel"] {
        let said = said(&project, refused);
        assert!(said.starts_with("HTTP/1.1 403") || said.starts_with("HTTP/1.1 400"), "{refused}: {said}");
    }
    assert_eq!(other.heads(), Vec::<String>::new(), "nobody reached the other one");
}

const BARE: &str = "env | grep -i proxy && echo named || echo unnamed\n\
    (exec 3<>/dev/tcp/127.0.0.1/3128) 2>&1 && echo a proxy || echo no proxy\n\
    (exec 3<>/dev/tcp/PLACE) 2>&1 && echo reached || echo not reached\n\
    (exec 3<>/dev/udp/PLACE && echo hello >&3) 2>&1 && echo sent || echo not sent\n\
    cat /proc/net/dev\n";

#[test]
fn without_a_grant_there_is_no_proxy_and_no_network() {
    let server = Loopback::start();
    let project = project(&BARE.replace("PLACE", &server.address().replace(':', "/")), "{}");
    let ended = project.lockgate(&["run"]);
    ended.expect_code(0);
    let logs = project.lockgate(&["logs", "latest", "tool"]).stdout;
    for line in ["unnamed", "no proxy", "not reached"] {
        assert!(logs.lines().any(|found| found.ends_with(&format!("| {line}"))), "`{line}` is not in\n{logs}");
    }
    assert!(!logs.contains("eth0"), "{logs}");
    assert_eq!(server.heads(), Vec::<String>::new());
    assert_eq!(contacts(&project), []);
}

/// The network may answer otherwise the next time.
#[test]
fn a_command_with_a_network_runs_each_time_and_replays_without_it() {
    if !has_curl() {
        return;
    }
    let server = Loopback::start();
    let script = format!("{ASK}ask granted {}/granted\n", server.url());
    let project = project(&script, &format!("{{ http: [\"{}\"] }}", server.url()));
    project.lockgate(&["run"]).expect_code(0);
    project.lockgate(&["run"]).expect_code(0);
    assert_eq!(server.heads().len(), 2);
    let explained: Ended = project.lockgate(&["explain", "latest", "tool"]);
    explained.expect_code(0).expect_text("miss").expect_text("not kept");
    drop(server);
    project.lockgate(&["replay", "latest"]).expect_code(0).expect_text("identical");
}

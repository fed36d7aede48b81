//! Places that nobody may be led to, and requests that are none: from a plugin, and from a native tool.

use serde_json::{Value, json};

use super::beside::{Beside, granted, step};
use super::echo::Echo;

/// What came of the requests of a plugin that was granted this.
fn answers(beside: &Beside, requests: &Value, http: &Value) -> Vec<String> {
    let asks = step("a", "leaker", &json!({ "requests": requests }));
    let results = beside.run(&[granted(asks, &json!({ "http": http }))]);
    let outputs = results[0]["outputs"].as_object().unwrap_or_else(|| panic!("{:#}", results[0])).clone();
    let of = |number: usize| Some(outputs.get(&format!("request-{number}"))?.as_str()?.to_owned());
    (0..).map_while(of).collect()
}

#[test]
fn a_plugin_reaches_no_address_that_it_was_not_granted_however_it_is_written() {
    let (beside, echo) = (Beside::new(), Echo::start());
    let port = echo.address().rsplit_once(':').expect("a port").1.to_owned();
    let hosts = [
        "169.254.169.254",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "0.0.0.0",
        "10.0.0.1",
        "192.168.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "localhost",
        "LOCALHOST.",
    ];
    let requests: Vec<Value> = hosts.iter().map(|host| json!({ "url": format!("http://{host}:{port}/") })).collect();
    let names = json!(["api.example", format!("http://api.example:{port}"), "*.example"]);
    for (host, answer) in hosts.iter().zip(answers(&beside, &json!(requests), &names)) {
        assert!(answer.contains("HttpRequestDenied") || answer.contains("error"), "{host}: {answer}");
    }
    assert_eq!(echo.requests(), Vec::<String>::new());
    let journal = beside.project.lockgate(&["journal", "latest", "a"]).stdout;
    assert_eq!(journal.matches("denied: http: [").count(), hosts.len(), "{journal}");
}

#[test]
fn an_address_that_is_granted_is_reached_and_a_redirect_to_another_is_decided_again() {
    let (beside, echo, other) = (Beside::new(), Echo::start(), Echo::start());
    let to = format!("{}/to?{}/", echo.url(), other.url());
    let requests = json!([{ "url": to, "headers": [["x-key", "mine"]], "follows": true }]);
    let answers = answers(&beside, &requests, &json!([format!("{}/", echo.url())]));
    assert!(answers[0].starts_with("307") && answers[0].contains("HttpRequestDenied"), "{answers:?}");
    assert_eq!((echo.requests().len(), other.requests().len()), (1, 0));
}

#[test]
fn headers_that_are_the_hosts_own_and_line_breaks_are_refused() {
    let (beside, echo) = (Beside::new(), Echo::start());
    let headers = [
        ("host", "other.example"),
        ("transfer-encoding", "chunked"),
        ("connection", "close"),
        ("upgrade", "h2c"),
        ("x-a", "b\r\nx-c: d"),
        ("x-a", "b\nc"),
        ("x-a\r\nx-c", "d"),
        ("proxy-authorization", "Basic eDp5"),
        ("content-length", "7"),
    ];
    let mut requests: Vec<Value> =
        headers.iter().map(|header| json!({ "url": echo.url() + "/", "headers": [header], "body": "abc" })).collect();
    requests.push(json!({ "url": echo.url() + "/a\r\nx-c: d" }));
    requests.push(json!({ "url": echo.url() + "/good", "headers": [["x-a", "b"]] }));
    let answers = answers(&beside, &json!(requests), &json!([echo.url() + "/"]));
    let (good, bad) = answers.split_last().expect("answers");
    assert!(good.starts_with("200"), "{good}");
    for (answer, request) in bad.iter().zip(&requests) {
        assert!(answer.starts_with("error"), "{request}: {answer}");
    }
    let asked = echo.requests();
    assert!(asked.len() == 1 && asked[0].contains("GET /good"), "{asked:?}");
}

#[test]
fn a_native_tool_reaches_nobody_that_the_step_was_not_granted() {
    let (beside, echo) = (Beside::new(), Echo::start());
    let port = echo.address().rsplit_once(':').expect("a port").1.to_owned();
    let hosts = "127.0.0.1 localhost 0.0.0.0 10.0.0.1 169.254.169.254 ::1";
    let script = format!(
        "for host in {hosts}; do\n\
         if timeout 2 bash -c \"exec 3<>/dev/tcp/$host/{port}\" 2>/dev/null; then echo reached $host; exit 1; fi\n\
         done\necho nobody"
    );
    let shell = json!({ "id": "a", "run": script, "shell": "bash" });
    let others = json!({ "exec": ["bash"], "http": ["api.example"] });
    let mut with_proxy = shell.clone();
    with_proxy["id"] = json!("b");
    let results = beside.run(&[shell, granted(with_proxy, &others)]);
    for result in &results {
        assert_eq!(result["conclusion"], "passed", "{result:#}");
    }
    let log = beside.project.lockgate(&["logs", "latest"]).stdout;
    assert!(log.matches("nobody").count() >= 2 && !log.contains("reached"), "{log}");
    assert_eq!(echo.requests(), Vec::<String>::new());
}

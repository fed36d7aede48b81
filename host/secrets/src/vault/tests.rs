//! Vault as its documentation describes it, played by a listener of the test's own that answers one connection.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use super::*;

const TOKEN: &str = "hvs.CAESIJtoken";
const VALUE: &str = "s3cr3t-\u{e4}\nline";
/// A call in a test that must fail by time.
const SHORT_MS: u64 = 300;

fn environment(variables: &[(&str, &str)]) -> Environment {
    let owned = |(name, value): &(&str, &str)| (String::from(*name), OsString::from(*value));
    let map: BTreeMap<String, OsString> = variables.iter().map(owned).collect();
    Environment::new(move |name| map.get(name).cloned())
}

/// Answers one connection by a function of the stream, after the request's head was read; gives the head.
fn serve(answer: impl FnOnce(&mut TcpStream) + Send + 'static) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
            head.push(byte[0]);
        }
        answer(&mut stream);
        String::from_utf8(head).unwrap()
    });
    (address, served)
}

fn reply(status: &str, extra: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{extra}\r\n{body}")
}

fn json(status: &str, body: &str) -> String {
    reply(status, "content-type: application/json\r\n", body)
}

fn good() -> String {
    let body = serde_json::json!({
        "request_id": "0e6d4e86-5a4e-4b5e-8fd7-ea4e1c7ff5d1", "lease_id": "", "renewable": false, "lease_duration": 0,
        "data": {
            "data": { "token": VALUE, "port": 5432, "list": ["a", { "b": null }], "other": "x" },
            "metadata": { "created_time": "2026-03-22T02:24:06.945319214Z", "custom_metadata": null,
                          "deletion_time": "", "destroyed": false, "version": 2 },
        },
        "wrap_info": null, "warnings": null, "auth": null,
    });
    json("200 OK", &body.to_string())
}

fn vault_at(address: &str) -> Vault {
    let config = VaultConfig { address: Some(address.to_owned()), ..VaultConfig::default() };
    let mut vault = Vault::new(config, Path::new("."), environment(&[("VAULT_TOKEN", TOKEN)]));
    // Long enough for a busy machine; tests of slowness set their own.
    vault.call_ms_max = 20_000;
    vault
}

fn get(vault: &Vault, field: &str) -> Result<SecretValue, VaultFault> {
    vault.get(&"secret/ci/deploy".parse().unwrap(), field).map_err(|error| {
        let text = format!("{error} {error:?}");
        assert!(!text.contains(TOKEN) && !text.contains("s3cr3t"), "{text}");
        error.fault
    })
}

/// The fault that one answer leads to.
fn fault(answer: String, field: &str) -> VaultFault {
    let (address, served) = serve(move |stream| stream.write_all(answer.as_bytes()).unwrap());
    let fault = get(&vault_at(&address), field).unwrap_err();
    served.join().unwrap();
    fault
}

#[test]
fn a_field_is_read() {
    let (address, served) = serve(|stream| stream.write_all(good().as_bytes()).unwrap());
    let mut vault = vault_at(&address);
    vault.config.namespace = Some("team/a".to_owned());
    assert_eq!(get(&vault, "token").unwrap().expose(), VALUE.as_bytes());
    let head = served.join().unwrap().to_ascii_lowercase();
    assert!(head.starts_with("get /v1/secret/data/ci/deploy http/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("x-vault-token: {}\r\n", TOKEN.to_ascii_lowercase())), "{head}");
    assert!(head.contains("x-vault-namespace: team/a\r\n"), "{head}");
}

#[test]
fn a_token_file_is_read_and_trimmed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), format!("{TOKEN}\n")).unwrap();
    let (address, served) = serve(|stream| stream.write_all(good().as_bytes()).unwrap());
    let config = VaultConfig { token_file: Some(PathBuf::from("token")), ..VaultConfig::default() };
    let environment = environment(&[("VAULT_ADDR", &address), ("VAULT_TOKEN", "another")]);
    get(&Vault::new(config, folder.path(), environment), "token").unwrap();
    assert!(served.join().unwrap().contains(&format!("{TOKEN}\r\n")));
}

#[test]
fn fields_that_are_not_there_or_no_text_are_told_apart() {
    let VaultFault::NoField { others, .. } = fault(good(), "password") else { panic!("another fault") };
    assert_eq!(others, "`list`, `other`, `port`, `token`");
    assert!(matches!(fault(good(), "port"), VaultFault::NotText { kind: "a number", .. }));
    assert!(matches!(fault(good(), "list"), VaultFault::NotText { kind: "a list", .. }));
}

#[test]
fn each_status_says_what_to_do() {
    let said =
        |status: &str, words: &str| fault(json(status, &format!(r#"{{"errors":{words}}}"#)), "token").to_string();
    let denied = said("403 Forbidden", r#"["1 error occurred:\n\t* permission denied\n\n"]"#);
    assert!(denied.contains("permission denied") && denied.contains("log in again"), "{denied}");
    let echoed = said("403 Forbidden", &format!(r#"["bad token {TOKEN}"]"#));
    assert!(echoed.contains("[secret vault-token]"), "{echoed}");
    assert!(said("404 Not Found", "[]").contains("vault kv put"));
    assert!(
        said("429 Too Many Requests", r#"["request path \"x\": rate limit quota exceeded"]"#)
            .contains("try again later")
    );
    assert!(said("503 Service Unavailable", r#"["Vault is sealed"]"#).contains("unseal"));
    assert!(said("503 Service Unavailable", "[]").contains("503"));
    assert!(said("500 Internal Server Error", r#"["internal error"]"#).contains("500 (internal error)"));
}

#[test]
fn a_deleted_version_is_no_missing_one() {
    let body = |time: &str, destroyed: bool| {
        let metadata = serde_json::json!({
            "created_time": "2026-03-22T02:24:06Z", "deletion_time": time, "destroyed": destroyed, "version": 3,
        });
        serde_json::json!({ "data": { "data": null, "metadata": metadata } }).to_string()
    };
    for status in ["404 Not Found", "200 OK"] {
        let deleted = fault(json(status, &body("2026-03-23T00:00:00Z", false)), "token");
        let VaultFault::Deleted { version: 3, at } = deleted else { panic!("{deleted:?}") };
        assert_eq!(at, "2026-03-23T00:00:00Z");
        assert!(matches!(fault(json(status, &body("", true)), "token"), VaultFault::Destroyed { version: 3 }));
    }
}

#[test]
fn the_token_goes_nowhere_else() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let place = format!("http://{}", other.local_addr().unwrap());
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let answer = reply(status, &format!("location: {place}/v1/secret/data/ci/deploy?s3cr3t\r\n"), "");
        let VaultFault::Redirect { to } = fault(answer, "token") else { panic!("followed") };
        assert_eq!(to, place);
    }
    assert_eq!(other.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_giant_answer_is_not_read_to_its_end() {
    let (address, served) = serve(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n");
        // Without an end: whoever reads on never comes back.
        while stream.write_all(&[b' '; 65_536]).is_ok() {}
    });
    assert!(matches!(get(&vault_at(&address), "token"), Err(VaultFault::TooLarge)));
    served.join().unwrap();
}

#[test]
fn a_slow_answer_ends_in_time() {
    // The client hangs up first, and that ends the wait; one that does not is let down, with another error.
    let wait = |stream: &mut TcpStream| {
        stream.set_read_timeout(Some(Duration::from_millis(20 * SHORT_MS))).unwrap();
        let _ = stream.read(&mut [0]);
    };
    let (address, served) = serve(wait);
    let mut vault = vault_at(&address);
    vault.call_ms_max = SHORT_MS;
    let Err(VaultFault::Unreachable(error)) = get(&vault, "token") else { panic!("another fault") };
    assert!(matches!(*error, ureq::Error::Timeout(_)), "{error:?}");
    served.join().unwrap();

    let (address, served) = serve(move |stream| {
        stream.write_all(&good().as_bytes()[..200]).unwrap();
        wait(stream);
    });
    let mut vault = vault_at(&address);
    vault.call_ms_max = SHORT_MS;
    let Err(VaultFault::Broken(error)) = get(&vault, "token") else { panic!("another fault") };
    assert!(error.to_string().contains("timeout"), "{error:?}");
    served.join().unwrap();
}

#[test]
fn what_is_not_vault_is_refused() {
    let page = reply("200 OK", "content-type: text/html\r\n", "<h1>s3cr3t</h1>");
    assert!(matches!(fault(page, "token"), VaultFault::NotVault));
    for body in [
        "",
        "{}",
        "[]",
        r#"{"data":"s3cr3t"}"#,
        r#"{"data":{"token":"s3cr3t"}}"#,
        r#"{"data":{"data":"s3cr3t"}}"#,
        r#"{"data":{"data":null,"metadata":{}}}"#,
    ] {
        assert!(matches!(fault(json("200 OK", body), "token"), VaultFault::NotKv2 { .. }), "{body}");
    }
    let nested = format!(r#"{{"data":{{"data":{{"token":{}"#, "[".repeat(100_000));
    assert!(matches!(fault(json("200 OK", &nested), "token"), VaultFault::NotKv2 { .. }));
}

#[test]
fn addresses_and_tokens_are_checked_before_anything_is_sent() {
    let fault_of = |address: Option<&str>, variables: &[(&str, &str)]| {
        let config = VaultConfig { address: address.map(str::to_owned), ..VaultConfig::default() };
        get(&Vault::new(config, Path::new("."), environment(variables)), "token").unwrap_err()
    };
    let token = ("VAULT_TOKEN", TOKEN);
    assert!(matches!(fault_of(None, &[token]), VaultFault::NoAddress));
    assert!(matches!(fault_of(Some("http://vault.example:8200"), &[token]), VaultFault::Unencrypted));
    for address in ["vault.example", "ftp://vault.example", "https://u:p@vault.example", "https://vault.example?a=b"] {
        assert!(matches!(fault_of(Some(address), &[token]), VaultFault::Address), "{address}");
    }
    let local = Some("http://127.0.0.1:9");
    assert!(matches!(fault_of(local, &[]), VaultFault::NoToken));
    assert!(matches!(fault_of(local, &[("VAULT_TOKEN", "")]), VaultFault::NoToken));
    assert!(matches!(fault_of(local, &[("VAULT_TOKEN", "a\nb")]), VaultFault::NotAToken));
    let owner = fault_of(local, &[token, ("VAULT_ADDR", "https://vault.example:8200")]);
    assert!(matches!(owner, VaultFault::OtherOwner { .. }), "{owner:?}");
}

#[test]
fn nobody_there_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert!(matches!(get(&vault_at(&address), "token"), Err(VaultFault::Unreachable(_))));
}

//! Logins: what is sent, to whom, and what is said where it is not enough.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockgate_registry::artifact::pack;
use lockgate_registry::remote::{Credential, Credentials, RemoteError};
use lockgate_registry::{Mirrors, Registry, RegistryError};

use crate::liar::{Answer, Asked, Liar};
use crate::support::{patient, plugin, reference, registry_with};

const BASIC: &str = "Basic c29tZWJvZHk6cGFzc3dvcmQ=";

struct Login(Option<Credential>);

impl Credentials for Login {
    fn find(&self, _: &str, repository: &str) -> Result<Option<Credential>, String> {
        assert_eq!(repository, "team/scan");
        Ok(self.0.clone())
    }
}

fn somebody() -> Option<Credential> {
    Some(Credential::Password { user: "somebody".to_owned(), password: "password".to_owned() })
}

fn registry(folder: &tempfile::TempDir, login: Option<Credential>) -> Registry {
    registry_with(Mirrors::default(), folder.path(), patient(Arc::new(|_| {})), Arc::new(Login(login)))
}

fn manifest() -> Answer {
    Answer::of(pack(&plugin("scanner"), None, &BTreeMap::new()).unwrap().manifest)
}

fn resolve(liar: &Liar, login: Option<Credential>) -> Result<(), RegistryError> {
    let folder = tempfile::tempdir().unwrap();
    let name = reference(&format!("{}/team/scan:1", liar.registry()));
    let registry = registry(&folder, login);
    registry.resolve(&name)?;
    // What was granted once is used again without asking.
    registry.resolve(&name).map(drop)
}

fn logins(liar: &Liar) -> Vec<Option<String>> {
    liar.asked().iter().map(|asked| asked.header("authorization").map(str::to_owned)).collect()
}

#[test]
fn a_password_is_sent_only_when_it_is_asked_for() {
    let liar = Liar::start(|asked| match asked.header("authorization") {
        Some(BASIC) => manifest(),
        _ => Answer::new(401).with("WWW-Authenticate", "Basic realm=\"lockgate\""),
    });
    resolve(&liar, somebody()).unwrap();
    let basic = || Some(BASIC.to_owned());
    assert_eq!(logins(&liar), [None, basic(), basic()]);
}

#[test]
fn a_token_is_asked_for_with_the_password_and_then_used() {
    let server = Liar::start(|asked| match asked.header("authorization") {
        Some(BASIC) => Answer::of(r#"{"token":"granted"}"#),
        _ => Answer::new(401),
    });
    let challenge = format!("Bearer realm=\"http://{}/token\",service=\"s p\"", server.registry());
    let liar = Liar::start(move |asked| match asked.header("authorization") {
        Some("Bearer granted") => manifest(),
        _ => Answer::new(401).with("WWW-Authenticate", &challenge),
    });
    resolve(&liar, somebody()).unwrap();
    let asked: Vec<Asked> = server.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].path, "/token?service=s+p&scope=repository%3Ateam%2Fscan%3Apull");
    let bearer = || Some("Bearer granted".to_owned());
    assert_eq!(logins(&liar), [None, bearer(), bearer()]);
}

#[test]
fn a_refresh_token_is_exchanged() {
    let server = Liar::start(|asked| {
        let body = String::from_utf8(asked.body.clone()).unwrap();
        let is_right =
            asked.method == "POST" && body.contains("grant_type=refresh_token") && body.contains("refresh_token=kept");
        if is_right { Answer::of(r#"{"access_token":"granted"}"#) } else { Answer::new(400) }
    });
    let challenge = format!(
        "Bearer realm=\"http://{}/token\",service=\"s\",scope=\"repository:team/scan:pull\"",
        server.registry()
    );
    let liar = Liar::start(move |asked| match asked.header("authorization") {
        Some("Bearer granted") => manifest(),
        _ => Answer::new(401).with("WWW-Authenticate", &challenge),
    });
    resolve(&liar, Some(Credential::Refresh("kept".to_owned()))).unwrap();
}

#[test]
fn a_login_that_is_missing_or_not_enough_is_told_with_what_to_do() {
    let refuse = |_: &Asked| Answer::new(401).with("WWW-Authenticate", "Basic realm=\"lockgate\"");
    for (login, wanted) in [(None, "wants a login"), (somebody(), "wants another login")] {
        let liar = Liar::start(refuse);
        let error = resolve(&liar, login).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, RegistryError::Remote(RemoteError::Unauthorized { .. })), "{text}");
        assert!(text.contains(wanted) && text.contains(&format!("podman login {}", liar.registry())), "{text}");
        assert!(liar.asked().len() <= 2, "it must not go round in a circle: {}", liar.asked().len());
    }
}

#[test]
fn a_login_is_not_shown_to_a_token_server_that_everybody_can_hear() {
    let liar = Liar::start(|_| Answer::new(401).with("WWW-Authenticate", "Bearer realm=\"http://192.0.2.1/token\""));
    let error = resolve(&liar, somebody()).unwrap_err();
    assert!(matches!(error, RegistryError::Remote(RemoteError::Login { .. })), "{error}");
    assert!(!error.to_string().contains("password"), "{error}");
}

#[test]
fn a_login_stays_at_home_when_the_way_leads_elsewhere() {
    let elsewhere = Liar::start(|_| manifest());
    let target = format!("http://{}/x", elsewhere.registry());
    let liar = Liar::start(move |asked| match asked.header("authorization") {
        Some(_) => Answer::new(307).with("Location", &target),
        None => Answer::new(401).with("WWW-Authenticate", "Basic realm=\"lockgate\""),
    });
    resolve(&liar, somebody()).unwrap();
    assert!(logins(&elsewhere).iter().all(Option::is_none));
}

#[test]
fn a_token_that_no_header_can_hold_is_refused() {
    let server = Liar::start(|_| Answer::of("{\"token\":\"a\\r\\nX-Evil: 1\"}"));
    let challenge = format!("Bearer realm=\"http://{}/token\"", server.registry());
    let liar = Liar::start(move |_| Answer::new(401).with("WWW-Authenticate", &challenge));
    let error = resolve(&liar, None).unwrap_err();
    assert!(matches!(error, RegistryError::Remote(RemoteError::Protocol { .. })), "{error}");
}

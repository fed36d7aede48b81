//! Who may do what: tokens, scopes, prefixes, anonymous callers, guesses, read-only registries.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockgate_model::ids::Digest;
use lockgate_registry_server::{Access, Grant, Scope, Tokens, TokensError};

use crate::support::{Client, HOUR_MS, IMAGE, Served, image};

fn locked(anonymous_pull: bool) -> Served {
    Served::with(|settings| settings.access = Access::Tokens { anonymous_pull })
}

/// A client with a new token.
fn client(served: &Served, name: &str, scopes: &[Scope], prefix: Option<&str>) -> Client {
    let secret = token(served, name, scopes, prefix).unwrap();
    served.client.with_authorization(&format!("Bearer {secret}"))
}

fn token(served: &Served, name: &str, scopes: &[Scope], prefix: Option<&str>) -> Result<String, TokensError> {
    let grant = Grant { scopes: scopes.iter().copied().collect::<BTreeSet<_>>(), prefix: prefix.map(str::to_owned) };
    Tokens::of(served.folder.path()).add(name, grant, &*served.host).map(|new| new.secret)
}

#[test]
fn without_a_token_nothing_is_told() {
    let served = locked(false);
    let digest = Digest::of(b"");
    for path in ["/v2/", "/v2/a/tags/list", "/v2/a/manifests/1", &format!("/v2/a/blobs/{digest}"), "/v2/UPPER/x"] {
        let answer = served.client.get(path).refused(401, "UNAUTHORIZED");
        assert!(answer.header("www-authenticate").starts_with("Basic realm=\""));
    }
    served.client.post("/v2/a/blobs/uploads/", b"").refused(401, "UNAUTHORIZED");
}

#[test]
fn a_token_is_taken_as_bearer_and_as_the_password_of_any_user() {
    let served = locked(false);
    let secret = token(&served, "ci", &[Scope::Pull], None).unwrap();
    for value in [format!("Bearer {secret}"), format!("Basic {}", STANDARD.encode(format!("anyone:{secret}")))] {
        served.client.with_authorization(&value).get("/v2/").expect(200);
    }
    let swapped = format!("Basic {}", STANDARD.encode(format!("{secret}:x")));
    served.client.with_authorization(&swapped).get("/v2/").refused(401, "UNAUTHORIZED");
}

#[test]
fn a_scope_grants_itself_and_no_other() {
    let served = locked(false);
    let [pull, push, delete] = [("pull", Scope::Pull), ("push", Scope::Push), ("delete", Scope::Delete)]
        .map(|(name, scope)| client(&served, name, &[scope], None));
    let digest = push.push_blob("a", b"{}");
    let blob = format!("/v2/a/blobs/{digest}");
    push.put_manifest("a", "1", IMAGE, &image(&[], "")).expect(201);
    push.get(&blob).refused(403, "DENIED");
    push.delete(&blob).refused(403, "DENIED");
    pull.get(&blob).expect(200);
    pull.get("/v2/a/tags/list").expect(200);
    pull.post("/v2/a/blobs/uploads/", b"").refused(403, "DENIED");
    pull.put_manifest("a", "2", IMAGE, &image(&[], "")).refused(403, "DENIED");
    delete.get(&blob).refused(403, "DENIED");
    delete.delete("/v2/a/manifests/1").expect(202);
    delete.delete(&blob).expect(202);
}

#[test]
fn a_prefix_bounds_a_token_also_where_it_mounts_from() {
    let served = locked(false);
    let all = client(&served, "all", &[Scope::Push, Scope::Pull], None);
    let team = client(&served, "team", &[Scope::Push, Scope::Pull], Some("team"));
    let secret = all.push_blob("secret", b"secret");
    let shared = all.push_blob("team/shared", b"shared");
    team.push_blob("team/a", b"blob");
    for repository in ["other", "team-b", "tea"] {
        team.get(&format!("/v2/{repository}/tags/list")).refused(403, "DENIED");
    }
    team.post(&format!("/v2/team/a/blobs/uploads/?mount={shared}&from=team/shared"), b"").expect(201);
    team.post(&format!("/v2/team/a/blobs/uploads/?mount={secret}&from=secret"), b"").expect(202);
    team.get(&format!("/v2/team/a/blobs/{secret}")).refused(404, "BLOB_UNKNOWN");
}

#[test]
fn everybody_may_pull_where_that_is_allowed_and_still_learns_how_to_log_in() {
    let served = locked(true);
    let digest = client(&served, "push", &[Scope::Push], None).push_blob("a", b"blob");
    let empty = served.client.with_authorization(&format!("Basic {}", STANDARD.encode(":")));
    for anonymous in [&served.client, &empty] {
        anonymous.get(&format!("/v2/a/blobs/{digest}")).expect(200);
        anonymous.post("/v2/a/blobs/uploads/", b"").refused(401, "UNAUTHORIZED");
        anonymous.delete(&format!("/v2/a/blobs/{digest}")).refused(401, "UNAUTHORIZED");
        anonymous.get("/v2/").refused(401, "UNAUTHORIZED").header("www-authenticate");
    }
}

#[test]
fn a_removed_token_is_refused_at_once() {
    let served = locked(false);
    let ci = client(&served, "ci", &[Scope::Pull], None);
    ci.get("/v2/").expect(200);
    Tokens::of(served.folder.path()).remove("ci").unwrap();
    ci.get("/v2/").refused(401, "UNAUTHORIZED");
}

#[test]
fn tokens_are_listed_without_their_secret() {
    let served = locked(false);
    let tokens = Tokens::of(served.folder.path());
    let secret = token(&served, "ci", &[Scope::Pull, Scope::Push], Some("team/x")).unwrap();
    let [entry] = <[_; 1]>::try_from(tokens.list().unwrap()).unwrap();
    assert_eq!((entry.name.as_str(), entry.grant.prefix.as_deref()), ("ci", Some("team/x")));
    let file = std::fs::read_to_string(served.folder.path().join("tokens.json")).unwrap();
    assert!(!file.contains(&secret) && !file.contains(&secret[4..]), "{file}");
    assert!(file.contains(&Digest::of(secret.as_bytes()).to_string()), "{file}");
}

#[test]
fn a_token_of_no_use_is_not_made() {
    let served = locked(false);
    token(&served, "ci", &[Scope::Pull], None).unwrap();
    assert!(matches!(token(&served, "ci", &[Scope::Pull], None), Err(TokensError::Exists(_))));
    assert!(matches!(token(&served, "a\nb", &[Scope::Pull], None), Err(TokensError::BadName(_))));
    assert!(matches!(token(&served, "x", &[], None), Err(TokensError::NoScope)));
    assert!(matches!(token(&served, "x", &[Scope::Pull], Some("../x")), Err(TokensError::BadPrefix(_))));
    assert!(matches!(Tokens::of(served.folder.path()).remove("y"), Err(TokensError::Unknown(_))));
}

#[test]
fn who_guesses_is_reported_and_then_not_heard_for_a_while() {
    let served = locked(true);
    let secret = token(&served, "ci", &[Scope::Pull], None).unwrap();
    let right = served.client.with_authorization(&format!("Bearer {secret}"));
    let wrong = served.client.with_authorization("Bearer lgr_guess");
    for _ in 0..6 {
        wrong.get("/v2/").refused(401, "UNAUTHORIZED");
    }
    wrong.get("/v2/").refused(429, "TOOMANYREQUESTS");
    let waiting = right.get("/v2/").refused(429, "TOOMANYREQUESTS");
    assert!(waiting.header("retry-after").parse::<u64>().unwrap() >= 1);
    served.client.get("/v2/a/tags/list").refused(404, "NAME_UNKNOWN");
    let failures = served.host.events().iter().filter(|event| event.contains("LoginFailed")).count();
    assert_eq!(failures, 6);
    // An hour later it is forgotten.
    served.host.shift(HOUR_MS);
    right.get("/v2/").expect(200);
}

#[test]
fn a_list_of_tokens_that_is_damaged_lets_nobody_in() {
    let served = locked(false);
    let ci = client(&served, "ci", &[Scope::Pull], None);
    std::fs::write(served.folder.path().join("tokens.json"), "[{]").unwrap();
    ci.get("/v2/").refused(500, "UNKNOWN");
}

#[test]
fn a_read_only_registry_gives_and_takes_nothing() {
    let mut served = Served::new();
    let text = served.client.push_image("a", "1", b"layer");
    let place = served.client.begin("a");
    served.restart(|settings| settings.read_only = true);
    let blob = format!("/v2/a/blobs/{}", Digest::of(b"layer"));
    served.client.get("/v2/a/manifests/1").expect(200);
    served.client.get(&blob).expect(200);
    served.client.head(&blob).expect(200);
    served.client.get("/v2/a/tags/list").expect(200);
    served.client.post("/v2/a/blobs/uploads/", b"").refused(405, "DENIED");
    served.client.patch(&place, "0-3", b"0123").refused(405, "DENIED");
    served.client.delete(&place).refused(405, "DENIED");
    served.client.put_manifest("a", "2", IMAGE, &text).refused(405, "DENIED");
    served.client.delete("/v2/a/manifests/1").refused(405, "DENIED");
    served.client.delete(&blob).refused(405, "DENIED");
}

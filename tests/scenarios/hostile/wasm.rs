//! What a component can do to its host by calling it, or by not coming back.

use serde_json::json;

use super::beside::{Beside, check_end, granted, step, told, tries};

#[test]
fn four_gib_of_random_bytes_are_denied() {
    let of = |length: u64| json!([{ "random-bytes": length }]);
    let results = Beside::new().run(&[tries("a", &of(4 << 30))]);
    check_end(&results[0], "limited", "than 67108864 bytes in one call");
    let with_grant = granted(tries("a", &of((64 << 20) + 1)), &json!({ "random": true }));
    let results = Beside::new().run(&[with_grant]);
    check_end(&results[0], "limited", "than 67108864 bytes in one call");
}

#[test]
fn a_million_fields_of_http_are_denied() {
    let results = Beside::new().run(&[tries("a", &json!([{ "fields": 1_000_000 }]))]);
    check_end(&results[0], "trapped", "total size of fields exceeds limit");
}

#[test]
fn a_million_handles_are_a_limit() {
    let results = Beside::new().run(&[tries("a", &json!([{ "lists": 1_000_000 }]))]);
    check_end(&results[0], "limited", "handles");
}

#[test]
fn who_breaks_while_it_lets_go_is_gone_and_the_next_one_begins_anew() {
    let breaks = tries("breaks", &json!([{ "break-in-drop": {} }]));
    let mut next = tries("next", &json!([{ "work": {} }]));
    next["if"] = json!("always()");
    let results = Beside::new().run(&[breaks, next]);
    check_end(&results[0], "trapped", "unreachable");
    assert_eq!(told(&results[1]), ["worked true"]);
}

#[test]
fn who_waits_for_an_hour_is_out_of_time() {
    let mut sleeper = granted(step("a", "sleeper", &json!({})), &json!({ "clock": true }));
    sleeper["timeout"] = json!("1s");
    let results = Beside::new().run(&[sleeper]);
    check_end(&results[0], "limited", "it took longer than 1");
}

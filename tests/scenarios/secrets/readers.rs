//! Who can read the file, and what is said to whoever cannot.

use std::fs;

use lockgate_tests::Ended;

use super::{Desk, FILE, OTHER, VALUE, entry};

#[test]
fn a_reader_is_let_in_and_out_again() {
    let desk = Desk::with_values();
    let asks = desk.lockgate("bob", &["init"]);
    let (ann, bob) = (desk.recipient("ann"), desk.recipient("bob"));
    asks.expect_code(0).expect_text(&format!("rotate --add {bob}"));
    desk.edit("bob", "exit 1\n").expect_code(2).expect_text("not encrypted to any key at hand").expect_text(&bob);
    desk.lockgate("bob", &["rotate", "--add", &bob]).expect_code(2).expect_text("not encrypted to any key");

    desk.lockgate("ann", &["rotate", "--add", &bob]).expect_code(0).expect_text(&bob);
    for who in ["ann", "bob"] {
        assert!(desk.seen(who).contains(VALUE) && desk.seen(who).contains(OTHER), "{who}");
    }
    let before = desk.text();
    desk.lockgate("bob", &["rotate", "--add", &bob]).expect_code(0).expect_text("nothing");
    desk.lockgate("bob", &["rotate"]).expect_code(2).expect_text("--add");
    desk.lockgate("ann", &["rotate", "--remove", &ann]).expect_code(2).expect_text("cannot read the file yourself");
    assert_eq!(desk.text(), before);

    desk.lockgate("ann", &["rotate", "--remove", &bob])
        .expect_code(0)
        .expect_text("`lockgate secrets set` it: deploy, sign");
    desk.lockgate("ann", &["rotate", "--remove", &bob]).expect_code(2).expect_text("is no reader");
    desk.edit("bob", "exit 1\n").expect_code(2).expect_text("not encrypted to any key at hand");
    assert!(desk.seen("ann").contains(VALUE));
    assert!(!desk.text().contains(&bob));
}

#[test]
fn what_those_who_left_may_know_is_marked() {
    let desk = Desk::with_values();
    desk.lockgate("bob", &["init"]).expect_code(0);
    desk.lockgate("ann", &["rotate", "--add", &desk.recipient("bob")]).expect_code(0);
    // Days are readable and vouch for nothing; as if the value had been set long ago.
    let text = desk.text();
    let updated = entry(&text, "deploy").lines().find(|line| line.starts_with("updated")).expect("a day");
    desk.project.write(FILE, &text.replacen(updated, "updated = \"2020-01-01\"", 1));
    let list = desk.lockgate("ann", &["list"]);
    assert_eq!(list.expect_code(0).stdout.matches("whoever was taken out").count(), 1, "{}", list.stdout);
    desk.set("ann", &["deploy"], "a value nobody knows").expect_code(0);
    assert!(!desk.lockgate("ann", &["list"]).stdout.contains("whoever was taken out"));
}

#[test]
fn a_private_key_is_no_reader_and_is_not_shown() {
    let desk = Desk::with_values();
    let text = fs::read_to_string(desk.identity("ann")).expect("a key");
    let key = text.lines().last().expect("a line");
    for arguments in [["rotate", "--add", key], ["rotate", "--remove", key]] {
        let refused = desk.lockgate("ann", &arguments);
        refused.expect_code(2).expect_text("private key");
        assert!(!refused.stderr.contains(key), "{refused:?}");
    }
}

#[test]
fn a_wrong_key_says_what_to_do() {
    let desk = Desk::with_values();
    desk.lockgate("bob", &["init"]).expect_code(0);
    let before = desk.text();
    for refused in [desk.edit("bob", "exit 1\n"), desk.set("bob", &["new", "--no-host"], VALUE)] {
        refused.expect_code(2).expect_text("rotate --add").expect_text(&desk.recipient("bob"));
    }
    desk.edit("nobody", "exit 1\n").expect_code(2).expect_text("`lockgate secrets init` makes one");
    let mut broken = desk.command("ann", &["edit"]);
    broken.env("LOCKGATE_AGE_KEY", "AGE-SECRET-KEY-1BROKEN");
    let broken = Ended::of(broken.output().expect("lockgate starts"));
    broken.expect_code(2).expect_text("LOCKGATE_AGE_KEY, line 1");
    assert!(!broken.stderr.contains("BROKEN"), "{}", broken.stderr);
    assert_eq!(desk.text(), before);
}

#[test]
fn what_was_changed_without_the_key_is_found_out_and_mended() {
    let desk = Desk::with_values();
    let before = desk.text();
    desk.project.write(FILE, &before.replace("api.example", "evil.example"));
    desk.edit("ann", "exit 1\n").expect_code(2).expect_text("evil.example").expect_text("without the key");
    desk.set("ann", &["deploy"], VALUE).expect_code(2).expect_text("without the key");
    desk.set("ann", &["sign"], VALUE).expect_code(2).expect_text("without the key");
    // As the message says: bound anew, the entry is good again.
    desk.set("ann", &["deploy", "--host", "api.example"], VALUE).expect_code(0);
    assert!(desk.seen("ann").contains(VALUE));

    desk.lockgate("bob", &["init"]).expect_code(0);
    let (ann, bob) = (desk.recipient("ann"), desk.recipient("bob"));
    desk.project.write(FILE, &before.replacen(&format!("\"{ann}\""), &format!("\"{ann}\", \"{bob}\""), 1));
    let refused = desk.set("ann", &["new", "--no-host"], VALUE);
    refused.expect_code(2).expect_text("the recipients of the file were changed without the key");
}

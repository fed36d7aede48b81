//! Values are set, listed and taken out, and shown nowhere.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{Desk, FILE, VALUE, entry, insist_on_no_value};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn init_in_an_empty_home_makes_a_key_and_a_file() {
    let desk = Desk::empty();
    let made = desk.lockgate("ann", &["init"]);
    let recipient = desk.recipient("ann");
    made.expect_code(0).expect_text(&recipient).expect_text(FILE).expect_text("keep a copy");
    assert_eq!((mode(&desk.identity("ann")), mode(&desk.project.path(FILE))), (0o600, 0o600));
    assert_eq!(mode(&desk.project.path("ann/.config/lockgate")), 0o700);
    assert!(desk.text().contains(&recipient));
    let key = fs::read_to_string(desk.identity("ann")).expect("a key");
    assert!(!made.stdout.contains("AGE-SECRET-KEY") && !made.stderr.contains("AGE-SECRET-KEY"));
    desk.lockgate("ann", &["init"]).expect_code(2).expect_text("already").expect_text("secrets set");
    assert_eq!(fs::read_to_string(desk.identity("ann")).expect("a key"), key, "no key is ever overwritten");
    desk.lockgate("ann", &["init", "--recipient", &recipient]).expect_code(2).expect_text("rotate --add");
}

#[test]
fn a_value_comes_from_standard_input_and_is_shown_nowhere() {
    let desk = Desk::empty();
    desk.lockgate("ann", &["list"]).expect_code(2).expect_text("lockgate secrets init");
    desk.lockgate("ann", &["init"]).expect_code(0);
    desk.set("ann", &["deploy"], VALUE).expect_code(2).expect_text("--host").expect_text("--no-host");
    let set = desk.set("ann", &["deploy", "--host", "api.example"], &format!("{VALUE}\n"));
    set.expect_code(0).expect_text("deploy").expect_text("api.example");
    let (list, json) = (desk.lockgate("ann", &["list"]), desk.lockgate("ann", &["list", "--json"]));
    list.expect_code(0).expect_text("deploy").expect_text("api.example").expect_text(&desk.recipient("ann"));
    let rows: serde_json::Value = serde_json::from_str(&json.expect_code(0).stdout).expect("JSON");
    assert_eq!(rows["secrets"][0]["name"], "deploy", "{rows}");
    assert_eq!(rows["secrets"][0]["hosts"], serde_json::json!(["api.example"]), "{rows}");
    for (what, text) in [
        ("the file", &desk.text()),
        ("set", &(set.stdout + &set.stderr)),
        ("list", &(list.stdout + &list.stderr)),
        ("JSON", &json.stdout),
    ] {
        insist_on_no_value(what, text);
    }
    assert!(desk.seen("ann").contains(&format!("value = '{VALUE}'\n")), "and its one line end was cut off");
    desk.set("ann", &["deploy"], "").expect_code(2).expect_text("empty");
    desk.set("ann", &["deploy"], &"x".repeat(100_000)).expect_code(2).expect_text("too large");
}

#[test]
fn a_value_among_the_arguments_is_refused_and_not_said_again() {
    let desk = Desk::with_values();
    let before = desk.text();
    for arguments in [&["set", "new", "hunter2hunter2"][..], &["set", "new=hunter2hunter2", "--no-host"]] {
        let refused = desk.lockgate("ann", arguments);
        refused.expect_code(2).expect_text("standard input");
        assert!(!refused.stderr.contains("hunter2") && !refused.stdout.contains("hunter2"), "{refused:?}");
    }
    assert_eq!(desk.text(), before);
}

#[test]
fn a_secret_is_taken_out_without_a_key() {
    let desk = Desk::with_values();
    let before = desk.text();
    desk.lockgate("nobody", &["rm", "deploy"]).expect_code(0);
    assert!(!desk.text().contains("deploy"));
    assert_eq!(entry(&desk.text(), "sign"), entry(&before, "sign"));
    desk.lockgate("nobody", &["rm", "deploy"]).expect_code(2).expect_text("there is no secret `deploy`");
}

#[test]
fn without_a_key_a_value_can_be_set_and_the_hosts_in_the_file_are_not_believed() {
    let desk = Desk::with_values();
    desk.set("nobody", &["deploy"], "other").expect_code(2).expect_text("there is no key here");
    let set = desk.set("nobody", &["deploy", "--host", "api.example"], "from the outside");
    set.expect_code(0).expect_text("no value was there to prove").expect_text(&desk.recipient("ann"));
    assert!(desk.seen("ann").contains("from the outside"));
}

#[test]
fn what_comes_from_elsewhere_is_listed_and_stands_before_the_file() {
    let desk = Desk::empty();
    let user = "[secrets.from.deploy]\nenv = \"DEPLOY_TOKEN\"\nhosts = [\"api.example\"]\n";
    desk.project.write("ann/.config/lockgate/lockgate.toml", user);
    desk.lockgate("ann", &["list"]).expect_code(0).expect_text("variable DEPLOY_TOKEN");
    desk.lockgate("ann", &["init"]).expect_code(0);
    desk.set("ann", &["deploy", "--no-host"], VALUE).expect_code(0).expect_text("[secrets.from.deploy]");
    desk.lockgate("ann", &["list"]).expect_code(0).expect_text("not used");
    // A project's file must not choose variables of its user.
    desk.project.write("lockgate.toml", user);
    desk.lockgate("ann", &["list"]).expect_code(2).expect_text("the user's file");
}

//! Everything in plain in an editor: what is not touched stays, and nothing in plain does.

use std::fs;
use std::process::{Command, Stdio};

use lockgate_tests::Ended;

use super::{Desk, FILE, OTHER, entry, insist_on_no_value};

#[test]
fn an_edit_leaves_what_it_does_not_touch_byte_for_byte() {
    let desk = Desk::with_values();
    let before = desk.text();
    desk.edit("ann", "echo '# a comment' >> \"$1\"\n").expect_code(0).expect_text("nothing was changed");
    assert_eq!(desk.text(), before);
    // An editor that puts another file in the place of the one it was given, and leaves a copy of it behind.
    let script = "cp \"$1\" \"$1~\"\n\
                  sed 's/^value = .correct.*/value = \"changed\"/' \"$1~\" > \"$1.new\"; mv \"$1.new\" \"$1\"\n\
                  printf '[secrets.new]\\nhosts = [\"new.example\"]\\nvalue = \"new\"\\n' >> \"$1\"\n";
    let edited = desk.edit("ann", script);
    edited.expect_code(0).expect_text("added new").expect_text("changed deploy");
    let after = desk.text();
    assert_eq!(entry(&after, "sign"), entry(&before, "sign"));
    assert_ne!(entry(&after, "deploy"), entry(&before, "deploy"));
    let seen = desk.seen("ann");
    assert!(seen.contains("'changed'") && seen.contains("new.example") && seen.contains(OTHER), "{seen}");
    insist_on_no_value("edit", &(edited.stdout + &edited.stderr));
    desk.insist_on_nothing_in_plain();
}

#[test]
fn no_value_is_among_the_arguments_or_the_environment_of_an_editor() {
    let desk = Desk::with_values();
    let script = "grep -q correct \"$1\" || exit 7\n\
                  stat -c %a \"$1\" \"$(dirname \"$1\")\" > \"$PROJECT/modes\"\n\
                  for pid in $$ $PPID; do cat /proc/$pid/cmdline /proc/$pid/environ; done > \"$PROJECT/known\"\n";
    desk.edit("ann", script).expect_code(0);
    let read = |name: &str| fs::read_to_string(desk.project.path(name)).expect("what the editor wrote");
    assert!(read("known").contains("editor.sh"), "{}", read("known"));
    insist_on_no_value("an argument or a variable", &read("known"));
    assert_eq!(read("modes"), "600\n700\n");
}

#[test]
fn an_edit_that_goes_wrong_changes_nothing_and_leaves_nothing() {
    let desk = Desk::with_values();
    let before = desk.text();
    for (script, why) in [
        ("echo 'value = correct horse' >> \"$1\"\n", "the edited text, line"),
        ("printf '\\377' >> \"$1\"\n", "utf-8"),
        ("rm \"$1\"\n", "No such file"),
        ("echo '# x' >> \"$1\"; exit 3\n", "ended with exit status: 3"),
    ] {
        let ended = desk.edit("ann", script);
        ended.expect_code(2).expect_text(why).expect_text("nothing was changed");
        insist_on_no_value("edit", &(ended.stdout + &ended.stderr));
        assert_eq!(desk.text(), before, "{script}");
        desk.insist_on_nothing_in_plain();
    }
}

#[test]
fn what_somebody_else_does_meanwhile_is_not_undone() {
    let desk = Desk::with_values();
    let script = "sed -i 's/correct/changed/' \"$1\"; cp \"$PROJECT/later\" \"$PROJECT/lockgate.secrets.toml\"\n";
    let before = desk.text();
    desk.lockgate("ann", &["rm", "sign"]).expect_code(0);
    let later = desk.text();
    desk.project.write("later", &later);
    desk.project.write(FILE, &before);
    desk.edit("ann", script).expect_code(2).expect_text("changed while it was being edited");
    assert_eq!(desk.text(), later);
}

#[test]
fn a_signal_during_an_edit_leaves_nothing_in_plain() {
    let desk = Desk::with_values();
    let before = desk.text();
    // The editor asks for the signal and goes on once it was sent, for at most ten seconds.
    let script = "sed -i 's/correct/changed/' \"$1\"; : > \"$PROJECT/open\"\n\
                  n=0; while [ ! -e \"$PROJECT/sent\" ] && [ $n -lt 200 ]; do sleep 0.05; n=$((n+1)); done\n";
    let mut command = desk.editing("ann", script);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("lockgate starts");
    for _ in 0..1000 {
        if desk.project.path("open").exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill starts");
    assert!(sent.success());
    desk.project.write("sent", "");
    let ended = Ended::of(child.wait_with_output().expect("lockgate ends"));
    ended.expect_code(2).expect_text("stopped by a signal");
    assert_eq!(desk.text(), before);
    desk.insist_on_nothing_in_plain();
}

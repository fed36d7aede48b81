//! Which files a command sees, and which of its own are kept.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, SystemTime};

use lockgate_ports::ToolError;
use lockgate_ports::tools::Ending;
use lockgate_tools::Limits;

use crate::world::world;

fn globs(patterns: &[&str]) -> Vec<String> {
    patterns.iter().map(ToString::to_string).collect()
}

#[test]
fn only_declared_inputs_are_visible() {
    let Some(world) = world() else { return };
    for path in ["src/a.rs", "src/deep/b.rs", "secret/key", ".hidden", "README"] {
        world.write(path, path);
    }
    let check = |inputs: &[&str], expected: &str| {
        let mut action = world.script("find . -type f | sort");
        action.inputs = globs(inputs);
        assert_eq!(String::from_utf8(world.run(action).unwrap().stdout).unwrap(), expected, "{inputs:?}");
    };
    check(&[], "");
    check(&["src/**"], "./src/a.rs\n./src/deep/b.rs\n");
    check(&["*"], "./.hidden\n./README\n./secret/key\n./src/a.rs\n./src/deep/b.rs\n");
    check(&["README", "**/b.rs"], "./README\n./src/deep/b.rs\n");
    check(&["**"], "./.hidden\n./README\n./secret/key\n./src/a.rs\n./src/deep/b.rs\n");
}

#[test]
fn copies_keep_times_bits_links_and_empty_folders() {
    let Some(world) = world() else { return };
    world.write_program("tool.sh", "#!/bin/sh\necho ran\n");
    let then = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_789);
    std::fs::File::options().write(true).open(world.path("tool.sh")).unwrap().set_modified(then).unwrap();
    std::os::unix::fs::symlink("tool.sh", world.path("link")).unwrap();
    std::fs::create_dir_all(world.path("empty/inner")).unwrap();
    let said = world.said("stat -c '%.9Y' tool.sh; ./link; readlink link; test -d empty/inner && echo kept");
    assert_eq!(said, "1000000000.123456789\nran\ntool.sh\nkept\n");
}

#[test]
fn an_input_cannot_be_changed_unless_it_is_an_output() {
    let Some(world) = world() else { return };
    world.write("source", "original");
    let mut action = world.script("echo changed > source; echo new > made; mkdir -p out; echo kept > out/result");
    action.outputs = globs(&["out/**"]);
    world.run(action).unwrap();
    assert_eq!(world.read("source"), "original");
    assert!(!world.path("made").exists());
    assert_eq!(world.read("out/result"), "kept\n");
}

#[test]
fn outputs_replace_add_and_remove() {
    let Some(world) = world() else { return };
    for path in ["same", "changed", "gone", "folder/a", "folder/b", "becomes-folder", "becomes-file/x"] {
        world.write(path, "before");
    }
    let inode = std::fs::metadata(world.path("same")).unwrap().ino();
    world.said(
        "echo after > changed; rm -r gone folder becomes-folder becomes-file; mkdir becomes-folder; echo x > becomes-folder/x
         echo x > becomes-file; echo new > new; chmod 4777 new; mkdir -p empty/folder",
    );
    assert_eq!(std::fs::metadata(world.path("same")).unwrap().ino(), inode, "what is the same is not touched");
    assert_eq!(world.read("changed"), "after\n");
    assert!(!world.path("gone").exists() && !world.path("folder").exists());
    assert_eq!(world.read("becomes-folder/x"), "x\n");
    assert_eq!(world.read("becomes-file"), "x\n");
    assert_eq!(
        std::fs::metadata(world.path("new")).unwrap().permissions().mode() & 0o7777,
        0o755,
        "no set-user-id bit"
    );
    assert!(world.path("empty/folder").is_dir());
}

#[test]
fn a_file_that_was_not_declared_is_not_taken_for_removed() {
    let Some(world) = world() else { return };
    world.write("unseen", "here");
    let mut action = world.script("true");
    action.inputs = Vec::new();
    world.run(action).unwrap();
    assert_eq!(world.read("unseen"), "here");
}

#[test]
fn a_link_to_the_host_is_kept_as_a_link_and_never_followed() {
    let Some(world) = world() else { return };
    world.said("ln -s /etc/passwd link; ln -s / root; mkdir real; ln -s ../../../.. real/up");
    assert_eq!(std::fs::read_link(world.path("link")).unwrap().to_str(), Some("/etc/passwd"));
    assert!(world.path("root").is_symlink() && world.path("real/up").is_symlink());
    let mut action = world.script("cat root/etc/passwd | head -1; ls real/up/root 2>&1");
    action.inputs = globs(&["**"]);
    let done = world.run(action).unwrap();
    assert!(done.stdout.starts_with(b"lockgate:"), "inside, it leads to the sandbox's own file");
}

#[test]
fn an_output_is_not_written_through_a_link_in_the_workspace() {
    let Some(world) = world() else { return };
    let outside = world.folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, world.path("out")).unwrap();
    let mut action = world.script("mkdir out; echo escaped > out/file");
    action.inputs = Vec::new();
    action.outputs = globs(&["out/file"]);
    assert!(matches!(world.run(action.clone()), Err(ToolError::Denied(_))), "the link is not an output");
    action.outputs = globs(&["out"]);
    world.run(action.clone()).unwrap();
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    assert_eq!(world.read("out/file"), "escaped\n");
    std::fs::remove_dir_all(world.path("out")).unwrap();
    std::os::unix::fs::symlink(&outside, world.path("out")).unwrap();
    action.argv[2] = "echo x".to_owned();
    action.outputs = Vec::new();
    action.stdout_to = Some("out/stdout".to_owned());
    assert!(matches!(world.run(action), Err(ToolError::Denied(_))));
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn pipes_and_sockets_are_left_out_and_said() {
    let Some(world) = world() else { return };
    let done = world.sh("mkfifo pipe; echo x > file");
    assert_eq!(done.ending, Ending::Exited(0));
    assert!(String::from_utf8(done.stderr).unwrap().contains("left out `pipe`"));
    assert!(!world.path("pipe").exists());
    assert_eq!(world.read("file"), "x\n");
}

#[test]
fn folders_without_permissions_are_read_and_removed_all_the_same() {
    let Some(world) = world() else { return };
    world.said("mkdir -p shut/inner; echo x > shut/inner/file; chmod 000 shut/inner/file shut/inner shut");
    assert_eq!(world.read("shut/inner/file"), "x\n");
    assert_eq!(world.stages(), 0);
}

#[test]
fn hard_links_become_files_of_their_own() {
    let Some(world) = world() else { return };
    world.said("echo x > one; ln one two");
    assert_eq!(std::fs::metadata(world.path("one")).unwrap().nlink(), 1);
    assert_eq!(world.read("two"), "x\n");
}

#[test]
fn scratch_stays_and_gives_what_is_named() {
    let Some(world) = world() else { return };
    world.write("target/hidden", "a workspace file behind scratch");
    let scratch = world.scratch("target");
    let mut action =
        world.script("ls target; mkdir -p target/package; echo c > target/package/x.crate; echo d > target/deps");
    action.scratch = vec![scratch.clone()];
    assert_eq!(world.run(action.clone()).unwrap().stdout, b"", "the workspace's own folder is hidden");
    assert_eq!(std::fs::read(scratch.path.join("deps")).unwrap(), b"d\n");
    assert!(!world.path("target/deps").exists(), "`**` does not mean scratch");
    assert_eq!(world.read("target/hidden"), "a workspace file behind scratch");
    action.scratch = vec![world.scratch("target")];
    action.outputs = globs(&["target/package/*.crate"]);
    assert_eq!(world.run(action).unwrap().stdout, b"deps\npackage\n", "scratch is as it was left");
    assert_eq!(world.read("target/package/x.crate"), "c\n");
    assert!(scratch.path.join("package/x.crate").exists(), "copied, not moved");
}

#[test]
fn scratch_stays_in_the_workspace() {
    let Some(world) = world() else { return };
    for name in ["../x", "/etc", "a/../.."] {
        let mut action = world.script("true");
        action.scratch = vec![world.scratch("target")];
        action.scratch[0].name = name.to_owned();
        assert!(matches!(world.run(action), Err(ToolError::Denied(_))), "{name}");
    }
    let mut nested = world.script("true");
    nested.scratch = vec![world.scratch("a"), world.scratch("b")];
    nested.scratch[1].name = "a/b".to_owned();
    assert!(matches!(world.run(nested), Err(ToolError::Denied(text)) if text.contains("`a/b` lies in scratch `a`")));
}

#[test]
fn the_working_folder_is_one_of_the_workspace() {
    let Some(world) = world() else { return };
    world.write("sub/dir/file", "x");
    let mut action = world.script("pwd; ls");
    action.cwd = Some("sub/dir".to_owned());
    assert_eq!(world.run(action).unwrap().stdout, b"/workspace/sub/dir\nfile\n");
}

#[test]
fn outputs_are_limited_in_number_and_bytes() {
    let Some(world) = world() else { return };
    let world = world.limited(Limits { output_files_max: 3, output_bytes_max: 10, ..Limits::default() });
    let check = |script, is_fine: bool| {
        let ended = world.run(world.script(script));
        assert_eq!(ended.is_ok(), is_fine, "{script}: {ended:?}");
        if !is_fine {
            assert!(matches!(ended, Err(ToolError::Denied(text)) if text.contains("Narrow the outputs")));
            assert_eq!(std::fs::read_dir(world.path("")).unwrap().count(), 3, "nothing of it is carried");
        }
    };
    check("printf 12345 > a; printf 12345 > b; : > c", true);
    check("rm *; printf 12345 > a; printf 123456 > b", false);
    check("rm *; : > a; : > b; : > d; : > e", false);
}

#[test]
fn names_and_depths_that_cannot_be_carried_are_said_and_leave_no_stage() {
    let Some(world) = world() else { return };
    let check = |script, expected: &str| match world.run(world.script(script)) {
        Err(ToolError::Denied(text)) => assert!(text.contains(expected), "{text}"),
        other => panic!("{script}: {other:?}"),
    };
    check("for i in $(seq 120); do mkdir d && cd d; done", "folders deep");
    check("touch $(printf 'odd\\377')", "is not UTF-8");
    assert_eq!(world.stages(), 0);
}

#[test]
fn a_depth_that_no_stack_would_bear_is_removed() {
    let Some(world) = world() else { return };
    let script = "import os\nfor i in range(5000):\n os.mkdir('d')\n open('f', 'w').close()\n os.chdir('d')";
    let mut action = world.action(&["python3", "-c", script]);
    action.outputs = vec!["other".to_owned()];
    let done = world.run(action).unwrap();
    assert_eq!(done.ending, Ending::Exited(0), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(world.stages(), 0);
}

#[test]
fn removing_a_folder_spares_what_is_beside_it() {
    let Some(world) = world() else { return };
    for path in ["folder/a/b/c", "folder/d/e", ".removing-0/kept", ".removing-1"] {
        world.write(path, "x");
    }
    let mut action = world.script("rm -r folder; echo now > folder");
    action.outputs = globs(&["folder"]);
    world.run(action).unwrap();
    assert_eq!(world.read("folder"), "now\n");
    assert_eq!((world.read(".removing-0/kept"), world.read(".removing-1")), ("x".to_owned(), "x".to_owned()));
    assert_eq!(std::fs::read_dir(world.path("")).unwrap().count(), 3);
}

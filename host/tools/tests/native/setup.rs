//! Machines that lack something.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use lockgate_ports::ToolError;
use lockgate_ports::tools::Tools;
use lockgate_tools::ToolDefinition;

use crate::world::{World, world};

#[test]
fn without_bubblewrap_no_tool_runs() {
    let world = World::with(Some(PathBuf::from("/no/such/bwrap")), BTreeMap::new());
    let refused = world.run(world.script("touch ran"));
    assert!(matches!(refused, Err(ToolError::Unavailable(text)) if text.contains("apt-get install bubblewrap")));
    assert!(!world.path("ran").exists());
    let checks = world.tools.diagnose();
    assert!(checks.iter().any(|check| check.name == "bubblewrap" && !check.ok && check.remedy.is_some()));
}

#[test]
fn without_namespaces_no_tool_runs() {
    let folder = tempfile::tempdir().unwrap();
    let bwrap = folder.path().join("bwrap");
    let script = "#!/bin/sh\nif [ \"$*\" = --version ]; then echo bubblewrap 0.8.0; exit; fi\n\
                  echo 'bwrap: No permissions to create new namespace' >&2; exit 1\n";
    std::fs::write(&bwrap, script).unwrap();
    std::fs::set_permissions(&bwrap, std::fs::Permissions::from_mode(0o755)).unwrap();
    let world = World::with(Some(bwrap), BTreeMap::new());
    let refused = world.run(world.script("touch ran"));
    assert!(matches!(refused, Err(ToolError::Unavailable(ref text)) if text.contains("new namespace")), "{refused:?}");
    let checks = world.tools.diagnose();
    assert!(checks.iter().any(|check| check.name == "user namespaces" && !check.ok && check.remedy.is_some()));
}

#[test]
fn a_bubblewrap_that_is_too_old_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let bwrap = folder.path().join("bwrap");
    let script = "#!/bin/sh\nif [ \"$*\" = --version ]; then echo bubblewrap 0.4.1; exit; fi\n\
                  echo 'bwrap: Unknown option --disable-userns' >&2; exit 1\n";
    std::fs::write(&bwrap, script).unwrap();
    std::fs::set_permissions(&bwrap, std::fs::Permissions::from_mode(0o755)).unwrap();
    let world = World::with(Some(bwrap), BTreeMap::new());
    let refused = world.run(world.script("true"));
    assert!(matches!(refused, Err(ToolError::Unavailable(ref text)) if text.contains("0.4 is too old")), "{refused:?}");
}

#[test]
fn a_healthy_machine_is_called_so() {
    let Some(world) = world() else { return };
    let names: Vec<_> = world.tools.diagnose().into_iter().map(|check| check.name).collect();
    assert_eq!(names, ["bubblewrap", "user namespaces", "user", "limits"]);
}

#[test]
fn a_configured_tool_sees_its_roots_only() {
    if world().is_none() {
        return;
    }
    let data = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    std::fs::write(data.path().join("table"), "rows\n").unwrap();
    let definition = ToolDefinition {
        program: Some(PathBuf::from("/bin/sh")),
        roots: [data.path(), "/lib".as_ref(), "/lib64".as_ref(), "/usr/lib".as_ref()].map(PathBuf::from).into(),
        env: [("DATA".to_owned(), data.path().display().to_string())].into(),
        ..ToolDefinition::default()
    };
    let world = World::with(None, [("report", definition)].into());
    assert!(world.tools.names().iter().any(|name| name.as_str() == "report"));
    let script = "read row < $DATA/table; echo $row; echo $PATH; test -e /usr/bin/git && echo git; (: > $DATA/x) 2>/dev/null || echo shut";
    let done = world.run(world.action(&["report", "-c", script])).unwrap();
    assert_eq!(String::from_utf8(done.stdout).unwrap(), "rows\n/bin\nshut\n", "{:?}", String::from_utf8(done.stderr));
}

#[test]
fn stages_of_dead_hosts_are_removed_and_others_are_not() {
    let stages = tempfile::tempdir().unwrap();
    let own = format!("{}-mine", std::process::id());
    for name in ["4194304-dead", own.as_str(), "unrelated"] {
        std::fs::create_dir_all(stages.path().join(name).join("workspace")).unwrap();
    }
    let blobs = std::sync::Arc::new(crate::world::MemoryBlobs::default());
    drop(lockgate_tools::NativeTools::new(lockgate_tools::Settings {
        definitions: BTreeMap::new(),
        bwrap: None,
        cache: None,
        blobs,
        egress: std::sync::Arc::new(lockgate_ports::egress::NoEgress),
        trees: std::sync::Arc::new(lockgate_ports::trees::NoTrees),
        clock: std::sync::Arc::new(crate::world::MachineClock),
        stage_folder: stages.path().to_owned(),
        parallel_max: 1,
    }));
    let mut left: Vec<_> = std::fs::read_dir(stages.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, [own.as_str(), "unrelated"]);
}

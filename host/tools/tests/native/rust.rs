//! The tool that matters most here: cargo, without rustup and without a network.

use lockgate_ports::ToolAction;
use lockgate_ports::tools::Ending;

use crate::world::{World, world};

fn project() -> Option<World> {
    let world = world()?;
    world.write("Cargo.toml", "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    world.write(
        "src/lib.rs",
        "pub fn two() -> u8 {\n    2\n}\n\n#[test]\nfn is_two() {\n    assert_eq!(two(), 2);\n}\n",
    );
    Some(world)
}

fn cargo(world: &World, arguments: &[&str]) -> ToolAction {
    let argv: Vec<&str> = std::iter::once("cargo").chain(arguments.iter().copied()).collect();
    let mut action = world.action(&argv);
    action.outputs = vec!["Cargo.lock".to_owned()];
    action.scratch = vec![world.scratch("target")];
    action
}

#[test]
fn a_project_is_tested_and_its_scratch_speeds_up_the_next_time() {
    let Some(world) = project() else { return };
    let first = world.run(cargo(&world, &["test"])).unwrap();
    let said = String::from_utf8(first.stderr).unwrap();
    assert_eq!(first.ending, Ending::Exited(0), "{said}");
    assert!(String::from_utf8(first.stdout).unwrap().contains("1 passed"));
    assert!(said.contains("Compiling tiny"), "{said}");
    assert!(world.scratch("target").path.join("debug").is_dir());
    assert!(world.path("Cargo.lock").is_file() && !world.path("target").exists());

    let second = world.run(cargo(&world, &["test", "-v"]));
    let said = String::from_utf8(second.unwrap().stderr).unwrap();
    assert!(said.contains("Fresh tiny"), "kept modification times make it fresh: {said}");
}

#[test]
fn a_red_test_is_an_exit_code() {
    let Some(world) = project() else { return };
    world.write("src/lib.rs", "#[test]\nfn red() {\n    assert_eq!(1, 2);\n}\n");
    let done = world.run(cargo(&world, &["test"])).unwrap();
    assert_eq!(done.ending, Ending::Exited(101), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn clippy_comes_with_the_toolchain_where_it_is_installed() {
    let Some(world) = project() else { return };
    let done = world.run(cargo(&world, &["clippy"])).unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    if said.contains("no such command: `clippy`") {
        eprintln!("SKIPPED: clippy is not installed");
        return;
    }
    assert_eq!(done.ending, Ending::Exited(0), "{said}");
}

#[test]
fn the_toolchain_is_seen_at_a_place_of_its_own() {
    let Some(world) = project() else { return };
    let done = world.run(world.action(&["rustc", "--print", "sysroot"])).unwrap();
    let place = String::from_utf8(done.stdout).unwrap();
    assert!(matches!(place.trim(), "/toolchains/rust" | "/usr"), "{place}");
    let mut action = world.script("cargo --version && ls /root");
    action.tools.push("cargo".parse().unwrap());
    let done = world.run(action).unwrap();
    assert!(done.stdout.starts_with(b"cargo "), "a granted tool is on PATH of the command");
    assert_ne!(done.ending, Ending::Exited(0), "the home folder is not there");
}

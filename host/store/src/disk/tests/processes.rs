//! Several processes and one store; processes that are killed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::{BlobFiles, Blobs, Digest, Path, World, fs, job, listing, run};
use crate::disk::WorkFolders;
use crate::disk::staging::Staging;
use lockgate_model::tree::TreeRef;
use lockgate_ports::Workspaces;

const ROLE: &str = "LOCKGATE_DISK_TEST_ROLE";
const FOLDER: &str = "LOCKGATE_DISK_TEST_FOLDER";
const TREE: &str = "LOCKGATE_DISK_TEST_TREE";
const SHARED_BLOBS: usize = 200;

/// This test binary once more, in the role of another process.
fn spawn(role: &str, folder: &Path, tree: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "disk::tests::processes::another_process", "--ignored", "--nocapture"])
        .env(ROLE, role)
        .env(FOLDER, folder)
        .env(TREE, tree)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Blocks until the other process says so.
fn wait_until_ready(child: &mut Child) {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("READY")), "the other process ended early");
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
#[ignore = "started by the tests beside it, as another process"]
fn another_process() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let folder = std::path::PathBuf::from(std::env::var(FOLDER).unwrap());
    match role.as_str() {
        "put" => put_shared(&folder),
        "hang" => hang_while_writing(&folder),
        _ => hang_in_a_workspace(&folder),
    }
}

fn shared_blob(number: usize) -> Vec<u8> {
    format!("blob {number} ").repeat(40_000).into_bytes()
}

fn put_shared(folder: &Path) {
    let blobs = BlobFiles::open(folder).unwrap();
    for number in 0..SHARED_BLOBS {
        blobs.put(&shared_blob(number)).unwrap();
    }
}

fn hang_while_writing(folder: &Path) -> ! {
    let staging = Staging::open(&folder.join("blobs/tmp")).unwrap();
    let _unfinished = staging.file().unwrap();
    hang()
}

fn hang_in_a_workspace(folder: &Path) -> ! {
    let tree: TreeRef = serde_json::from_str(&std::env::var(TREE).unwrap()).unwrap();
    let folders = WorkFolders::open(folder, BlobFiles::open(folder).unwrap(), &[]).unwrap();
    let workspace = folders.open(&run(), &job(), &tree).unwrap();
    fs::write(workspace.path().join("file"), "half done").unwrap();
    hang()
}

fn hang() -> ! {
    println!("\nREADY");
    loop {
        std::thread::park();
    }
}

#[test]
fn two_processes_put_the_same_blobs_at_once() {
    let home = tempfile::tempdir().unwrap();
    let children = [(); 2].map(|()| spawn("put", home.path(), ""));
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let blobs = BlobFiles::open(home.path()).unwrap();
    for number in 0..SHARED_BLOBS {
        let bytes = shared_blob(number);
        assert_eq!(blobs.get(&Digest::of(&bytes), bytes.len() as u64).unwrap(), bytes);
    }
}

#[test]
fn files_of_a_living_process_stay_and_those_of_a_dead_one_go() {
    let home = tempfile::tempdir().unwrap();
    let staged = |home: &Path| fs::read_dir(home.join("blobs/tmp")).unwrap().filter(is_folder).count();
    let mut child = spawn("hang", home.path(), "");
    wait_until_ready(&mut child);
    drop(BlobFiles::open(home.path()).unwrap());
    assert_eq!(staged(home.path()), 1, "the living process has lost its files");

    kill(child);
    assert_eq!(staged(home.path()), 1, "the killed process cannot have cleaned up");
    drop(BlobFiles::open(home.path()).unwrap());
    assert_eq!(staged(home.path()), 0);
}

fn is_folder(entry: &std::io::Result<fs::DirEntry>) -> bool {
    entry.as_ref().unwrap().path().is_dir()
}

#[test]
fn a_workspace_of_a_killed_process_is_made_anew() {
    let world = World::new();
    world.write("file", "untouched");
    let tree = world.import();
    let workspace = world.open(&tree);
    assert_eq!(world.snapshot(&workspace), tree);

    let mut child = spawn("workspace", &world.state, &serde_json::to_string(&tree).unwrap());
    wait_until_ready(&mut child);
    kill(child);
    assert_eq!(listing(workspace.path())["file"], "half done");
    assert_eq!(listing(world.open(&tree).path())["file"], "untouched");
}

//! A real pipeline on a real crate: all that a newcomer needs, from one command.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::command::{status, step};
use crate::failure::{Failure, Result};
use crate::project::Project;
use crate::system::BUBBLEWRAP;
use crate::{guests, plugins};

mod sample;

const PIPELINE: &str = include_str!("../demo/lockgate.yaml");
const PIPELINE_NAME: &str = "lockgate.yaml";

/// What the demonstration may be told.
#[derive(Args)]
pub(crate) struct Options {
    /// Forget the crate, its runs and its cache, and begin anew
    #[arg(long)]
    fresh: bool,
}

/// The command `demo`. It ends with the pipeline's exit code.
pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    BUBBLEWRAP.ensure()?;
    plugins::store(project, &guests::build(project)?)?;
    plugins::build_host(project)?;
    let folder = prepare(project, options)?;
    plugins::lock(project, &folder.join(PIPELINE_NAME))?;
    step(&format!("Running the pipeline in {}", folder.display()));
    let lockgate = project.program("lockgate");
    let ended = status(Command::new(&lockgate).args(["run", PIPELINE_NAME]).current_dir(&folder))?;
    print_next_steps(&folder, &lockgate);
    if ended.success() { Ok(()) } else { Err(Failure::exit(exit_code(ended))) }
}

fn prepare(project: &Project, options: &Options) -> Result<PathBuf> {
    let folder = project.target.join("demo").join(sample::NAME);
    if options.fresh && folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| cannot("remove", &folder, error))?;
    }
    if !folder.exists() {
        step(&format!("Fetching {} {} and what it depends on", sample::NAME, sample::VERSION));
        sample::fetch(&folder, |fetched| write_pipeline(&fetched.join(PIPELINE_NAME)))?;
    }
    note_changes(&folder.join(PIPELINE_NAME));
    Ok(folder)
}

fn write_pipeline(path: &Path) -> Result<()> {
    fs::write(path, PIPELINE).map_err(|error| cannot("write", path, error))
}

/// The folder is there to be played with: what was changed in it stays.
fn note_changes(pipeline: &Path) {
    if fs::read_to_string(pipeline).is_ok_and(|text| text != PIPELINE) {
        eprintln!("    {} is not the one of this version; it stays (`--fresh` begins anew)", pipeline.display());
    }
}

fn print_next_steps(folder: &Path, lockgate: &Path) {
    let lockgate = lockgate.display();
    println!("\nThe crate, its pipeline and all results lie in {}", folder.display());
    println!("Go there and type");
    println!("  {lockgate} show              what the last run proved");
    println!("  {lockgate} logs              what its steps said");
    println!("  {lockgate} validate {PIPELINE_NAME}");
    println!("or change a file, break a test, edit {PIPELINE_NAME}, and run `cargo xtask demo` again:");
    println!("what is not touched by the change is answered from the cache.");
}

fn exit_code(status: std::process::ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;
    // As shells have it: 128 and the signal that ended it.
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

fn cannot(action: &str, path: &Path, error: std::io::Error) -> Failure {
    Failure::because(format!("cannot {action} {}", path.display()), error)
}

//! What a command changed, found once its last process is dead and carried into the workspace.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use lockgate_ports::ToolError;
use lockgate_ports::sandbox::ScratchAccess;

use crate::folder::{Folder, Kind};
use crate::globs::is_within;
use crate::limits::Limits;
use crate::request::Request;
use crate::stage::{Stage, fault, place};
use crate::walk::{Node, Stamp, walk};

/// The step's changes.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Files, links and folders that are new or other than they were, a folder before what is in it.
    pub(crate) placed: Vec<Node>,
    /// Paths that are gone, what is in a folder before the folder.
    pub(crate) removed: Vec<String>,
    /// Paths that match but are devices, sockets or pipes.
    pub(crate) left_out: Vec<String>,
    /// How many nodes were found, those that are not kept because they are too many counted.
    found: usize,
}

impl Changes {
    /// Finds the changes and carries them into the workspace: all of them, or none when they are over the limits.
    pub(crate) fn carry(
        stage: &Stage,
        workspace: &Path,
        request: &Request,
        limits: &Limits,
    ) -> Result<Self, ToolError> {
        let action = format!("collecting the outputs of `{}` into {}", request.tools[0].name, workspace.display());
        let io_fault = |error: io::Error| fault(&action, &error);
        let mut changes = Self::default();
        changes.find_in_stage(stage, request, limits).map_err(io_fault)?;
        for scratch in &request.scratch {
            let globs = request.outputs.naming(&scratch.name)?;
            if !globs.are_empty() {
                let add = &mut |_: &Folder, _: &str, node| changes.add(node, limits);
                let walked = Folder::open(&scratch.path).and_then(|at| walk(&at, &scratch.name, &globs, &[], add));
                walked.map_err(io_fault)?;
            }
        }
        changes.check(request, limits)?;
        request.may_change(changes.placed.iter().map(|node| node.path.as_str()))?;
        request.may_change(changes.removed.iter().map(String::as_str))?;
        changes.apply(stage, workspace, request).map_err(io_fault)?;
        Ok(changes)
    }

    /// Puts the file that took standard output where it was wanted.
    pub(crate) fn carry_stdout(&mut self, stage: &Stage, workspace: &Path, path: &str) -> Result<(), ToolError> {
        let carry = || {
            let from = stage.open()?;
            let Some(stat) = from.stat("stdout")? else { return Err(io::Error::from(io::ErrorKind::NotFound)) };
            let (kind, stamp) = (Kind::File { is_executable: false }, Stamp::of(&stat));
            let node = Node { path: path.to_owned(), kind, stamp, names: stat.st_nlink };
            let (to, name) = Folder::open(workspace)?.parent_made(path)?;
            place(&to, name, &from, "stdout", &node)?;
            Ok(node)
        };
        let node = carry().map_err(|error| fault(&format!("writing standard output to `{path}`"), &error))?;
        self.placed.push(node);
        Ok(())
    }

    /// What is as it was staged is no change; what was staged, matches and is not there any more was removed.
    fn find_in_stage(&mut self, stage: &Stage, request: &Request, limits: &Limits) -> io::Result<()> {
        let staged = Folder::open(&stage.workspace())?;
        let mut kept = BTreeSet::new();
        walk(&staged, "", &request.outputs, &request.scratch_names(), &mut |_, _, node| {
            let before = stage.staged.get(&node.path);
            if before.is_some() {
                kept.insert(node.path.clone());
            }
            let is_same = before
                .is_some_and(|(kind, stamp)| *kind == node.kind && (node.kind == Kind::Folder || *stamp == node.stamp));
            if is_same { Ok(()) } else { self.add(node, limits) }
        })?;
        let gone = stage.staged.keys().rev().filter(|path| request.outputs.matches(path) && !kept.contains(*path));
        self.removed.extend(gone.cloned());
        Ok(())
    }

    /// Beyond the limit nodes are counted only: a command must not fill the host's memory with names.
    fn add(&mut self, node: Node, limits: &Limits) -> io::Result<()> {
        self.found += 1;
        if self.found <= limits.output_files_max {
            match node.kind {
                Kind::Special => self.left_out.push(node.path),
                _ => self.placed.push(node),
            }
        }
        Ok(())
    }

    fn check(&self, request: &Request, limits: &Limits) -> Result<(), ToolError> {
        let bytes = self.size_bytes();
        if self.found <= limits.output_files_max && bytes <= limits.output_bytes_max {
            return Ok(());
        }
        Err(ToolError::Denied(format!(
            "`{}` left {} files of at least {bytes} bytes that match its outputs; at most {} files of {} bytes are \
             taken. Narrow the outputs, or keep what is large in scratch",
            request.tools[0].name, self.found, limits.output_files_max, limits.output_bytes_max
        )))
    }

    /// Bytes of all that is placed.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.placed.iter().map(|node| node.stamp.size_bytes()).fold(0, u64::saturating_add)
    }

    fn apply(&self, stage: &Stage, workspace: &Path, request: &Request) -> io::Result<()> {
        let into = Folder::open(workspace)?;
        let staged = Folder::open(&stage.workspace())?;
        remove_all(&self.removed, &into)?;
        for node in &self.placed {
            let (to, name) = into.parent_made(&node.path)?;
            make_room(&to, name, &node.kind)?;
            match request.scratch.iter().find(|scratch| is_within(&node.path, &scratch.name)) {
                Some(scratch) => place_from_scratch(&to, name, scratch, node)?,
                None => move_or_place(&to, name, &staged, node)?,
            }
        }
        Ok(())
    }
}

/// Removes what is gone from the workspace; folders only if nothing is left in them.
pub(crate) fn remove_all(paths: &[String], into: &Folder) -> io::Result<()> {
    for path in paths {
        let Ok((parent, name)) = into.parent(path) else { continue };
        match parent.kind(name)? {
            Some(Kind::Folder) => parent.remove_if_empty(name)?,
            Some(_) => parent.remove(name)?,
            None => {}
        }
    }
    Ok(())
}

/// A folder takes the place of whatever else stood there.
pub(crate) fn make_room(to: &Folder, name: &str, kind: &Kind) -> io::Result<()> {
    let is_in_the_way = *kind == Kind::Folder && to.kind(name)?.is_some_and(|there| there != Kind::Folder);
    if is_in_the_way { to.remove(name) } else { Ok(()) }
}

/// A file with one name is moved: the stage is about to go. One with more names is copied, or a later change of one
/// would change the other.
fn move_or_place(to: &Folder, name: &str, staged: &Folder, node: &Node) -> io::Result<()> {
    let (from, _) = staged.parent(&node.path)?;
    if let Kind::File { is_executable } = node.kind
        && node.names == 1
        && to.adopt(name, &from, name).is_ok()
    {
        return to.set_plain_mode(name, is_executable);
    }
    place(to, name, &from, name, node)
}

/// Scratch stays as it is, so its files are copied.
fn place_from_scratch(to: &Folder, name: &str, scratch: &ScratchAccess, node: &Node) -> io::Result<()> {
    let below = node.path[scratch.name.len()..].trim_start_matches('/');
    let source = Folder::open(&scratch.path)?;
    let (from, _) = source.parent(below)?;
    place(to, name, &from, name, node)
}

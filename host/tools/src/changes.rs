//! What a command changed, found once its last process is dead and carried into the workspace.

use std::io;
use std::path::Path;

use lockgate_ports::ToolError;

use crate::folder::{Folder, Kind};
use crate::limits::Limits;
use crate::request::Request;
use crate::stage::{Stage, fault, place};
use crate::walk::{Node, walk};

/// The step's changes.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Files, links and folders that are new or other than they were, a folder before what is in it.
    pub(crate) placed: Vec<Node>,
    /// Paths that are gone, what is in a folder before the folder.
    pub(crate) removed: Vec<String>,
    /// Paths that match but are devices, sockets or pipes.
    pub(crate) left_out: Vec<String>,
}

impl Changes {
    /// Finds the changes and carries them into the workspace.
    pub(crate) fn carry(stage: &Stage, workspace: &Path, request: &Request, limits: &Limits) -> Result<Self, ToolError> {
        let action = || format!("collecting the outputs of `{}` into {}", request.tools[0].name, workspace.display());
        let io_fault = |error: io::Error| fault(&action(), &error);
        let staged = Folder::open(&stage.workspace()).map_err(io_fault)?;
        let into = Folder::open(workspace).map_err(io_fault)?;
        let mut changes = Self::default();
        changes.find_in_stage(stage, &staged, request).map_err(io_fault)?;
        changes.check(request, limits)?;
        changes.apply(&staged, &into).map_err(io_fault)?;
        for scratch in &request.scratch {
            let found = Self::in_scratch(&scratch.name, &scratch.path, request, io_fault)?;
            let before = changes.placed.len();
            changes.merge(found);
            changes.check(request, limits)?;
            let source = Folder::open(&scratch.path).map_err(io_fault)?;
            place_scratch(&changes.placed[before..], &scratch.name, &source, &into).map_err(io_fault)?;
        }
        Ok(changes)
    }

    fn find_in_stage(&mut self, stage: &Stage, staged: &Folder, request: &Request) -> io::Result<()> {
        let mut seen = std::collections::BTreeSet::new();
        walk(staged, "", &request.outputs, &request.scratch_names(), &mut |_, _, node| {
            seen.insert(node.path.clone());
            let before = stage.staged.get(&node.path);
            let is_same = before.is_some_and(|(kind, stamp)| {
                *kind == node.kind && (node.kind == Kind::Folder || *stamp == node.stamp)
            });
            self.add(node, is_same);
            Ok(())
        })?;
        let gone = stage.staged.keys().rev().filter(|path| request.outputs.matches(path) && !seen.contains(*path));
        self.removed.extend(gone.cloned());
        Ok(())
    }

    fn in_scratch(
        name: &str,
        path: &Path,
        request: &Request,
        io_fault: impl Fn(io::Error) -> ToolError,
    ) -> Result<Self, ToolError> {
        let mut found = Self::default();
        let globs = request.outputs.naming(name)?;
        if !globs.are_empty() {
            let folder = Folder::open(path).map_err(&io_fault)?;
            walk(&folder, name, &globs, &[], &mut |_, _, node| {
                found.add(node, false);
                Ok(())
            })
            .map_err(&io_fault)?;
        }
        Ok(found)
    }

    fn add(&mut self, node: Node, is_same: bool) {
        match node.kind {
            Kind::Special => self.left_out.push(node.path),
            _ if is_same => {}
            _ => self.placed.push(node),
        }
    }

    fn merge(&mut self, other: Self) {
        self.placed.extend(other.placed);
        self.left_out.extend(other.left_out);
    }

    fn check(&self, request: &Request, limits: &Limits) -> Result<(), ToolError> {
        let files = self.placed.len();
        let bytes = self.placed.iter().map(|node| node.stamp.size_bytes()).fold(0, u64::saturating_add);
        if files <= limits.output_files_max && bytes <= limits.output_bytes_max {
            return Ok(());
        }
        Err(ToolError::Denied(format!(
            "`{}` left {files} files of {bytes} bytes that match its outputs; at most {} files of {} bytes are taken. \
             Narrow the outputs, or keep what is large in scratch",
            request.tools[0].name, limits.output_files_max, limits.output_bytes_max
        )))
    }

    /// A file with one name is moved rather than copied: the stage is about to go. One with more names is copied,
    /// or a later change of one would change the other.
    fn apply(&self, staged: &Folder, into: &Folder) -> io::Result<()> {
        self.apply_removals(into)?;
        for node in &self.placed {
            let (from, name) = staged.parent(&node.path)?;
            let (to, _) = into.parent_made(&node.path)?;
            make_room(&to, name, node)?;
            let is_plain_file = matches!(node.kind, Kind::File { .. }) && node.names == 1;
            let is_moved = is_plain_file && to.adopt(name, &from, name).is_ok();
            if is_moved {
                to.set_plain_mode(name, node.kind == Kind::File { is_executable: true })?;
            } else {
                place(&to, name, &from, name, node)?;
            }
        }
        Ok(())
    }

    /// Removes what is gone from the workspace; folders only if nothing is left in them.
    pub(crate) fn apply_removals(&self, into: &Folder) -> io::Result<()> {
        for path in &self.removed {
            let Ok((parent, name)) = into.parent(path) else { continue };
            match parent.kind(name)? {
                Some(Kind::Folder) => parent.remove_if_empty(name)?,
                Some(_) => parent.remove(name)?,
                None => {}
            }
        }
        Ok(())
    }
}

/// A folder takes the place of whatever else stood there.
pub(crate) fn make_room(to: &Folder, name: &str, node: &Node) -> io::Result<()> {
    let is_in_the_way = node.kind == Kind::Folder && to.kind(name)?.is_some_and(|kind| kind != Kind::Folder);
    if is_in_the_way { to.remove(name) } else { Ok(()) }
}

fn place_scratch(nodes: &[Node], scratch: &str, source: &Folder, into: &Folder) -> io::Result<()> {
    for node in nodes {
        let Some(below) = node.path.strip_prefix(scratch).and_then(|rest| rest.strip_prefix('/')) else { continue };
        let (from, name) = source.parent(below)?;
        let (to, _) = into.parent_made(&node.path)?;
        make_room(&to, name, node)?;
        place(&to, name, &from, name, node)?;
    }
    Ok(())
}

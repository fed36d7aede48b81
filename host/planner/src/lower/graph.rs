//! The graph of jobs: unknown needs, cycles, and an order in which a job stands behind all that it needs.

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::{Job, Pipeline};
use crate::diagnostics::Report;
use crate::source::Spanned;
use crate::suggest;

/// The jobs that this one names in `needs:`.
pub(crate) fn needs_of(job: &Job) -> &[Spanned<String>] {
    job.needs.as_ref().map_or(&[], |needs| &needs.0)
}

/// Indices of the file's jobs, each behind its needs, else in the order of the file. Jobs of a cycle stand at the end.
pub(crate) fn order(file: &Pipeline, report: &mut Report) -> Vec<usize> {
    check_names(file, report);
    let edges = edges(file);
    for cycle in cycles(&edges) {
        report_cycle(file, &cycle, report);
    }
    topological(&edges)
}

fn check_names(file: &Pipeline, report: &mut Report) {
    let names: Vec<&str> = file.jobs.names().collect();
    for (name, job) in &file.jobs.entries {
        for need in needs_of(&job.value).iter().filter(|need| !names.contains(&need.value.as_str())) {
            let others = names.iter().copied().filter(|other| *other != name.value);
            let message = format!("there is no job `{}`", need.value);
            report.error("unknown-job", need.span, message).maybe_help(suggest::help(&need.value, others));
        }
    }
}

/// For each job, the indices of those that it needs.
fn edges(file: &Pipeline) -> Vec<Vec<usize>> {
    let entries = &file.jobs.entries;
    let index: BTreeMap<&str, usize> =
        entries.iter().enumerate().map(|(index, (name, _))| (name.value.as_str(), index)).collect();
    let needs = |job: &Job| needs_of(job).iter().filter_map(|need| index.get(need.value.as_str()).copied()).collect();
    entries.iter().map(|(_, job)| needs(&job.value)).collect()
}

/// Each cycle once, as a path from its first job in the file.
fn cycles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut done: BTreeSet<usize> = BTreeSet::new();
    let mut cycles = Vec::new();
    for start in 0..edges.len() {
        let mut path = vec![(start, 0)];
        while let Some((job, next)) = path.pop() {
            if done.contains(&job) {
                continue;
            }
            let Some(need) = edges[job].get(next).copied() else {
                done.insert(job);
                continue;
            };
            path.push((job, next + 1));
            match path.iter().position(|(other, _)| *other == need) {
                Some(at) => cycles.push(path[at..].iter().map(|(job, _)| *job).collect()),
                None => path.push((need, 0)),
            }
        }
    }
    cycles
}

fn report_cycle(file: &Pipeline, cycle: &[usize], report: &mut Report) {
    let entries = &file.jobs.entries;
    let first = cycle.iter().copied().min().unwrap_or_default();
    let at = cycle.iter().position(|job| *job == first).unwrap_or_default();
    let mut names: Vec<&str> =
        cycle[at..].iter().chain(&cycle[..at]).map(|job| entries[*job].0.value.as_str()).collect();
    let (name, job) = &entries[first];
    let next = names.get(1).copied().unwrap_or(&name.value);
    let span = needs_of(&job.value).iter().find(|need| need.value == next).map_or(name.span, |need| need.span);
    names.push(&name.value);
    report
        .error("cycle", span, format!("jobs need each other in a circle: {}", names.join(" -> ")))
        .label("closes the circle")
        .help("take one of these needs away");
}

/// Kahn's algorithm; of all jobs that are ready the first in the file comes first.
fn topological(edges: &[Vec<usize>]) -> Vec<usize> {
    let mut open: Vec<usize> = edges.iter().map(|needs| needs.iter().collect::<BTreeSet<_>>().len()).collect();
    let mut dependents = vec![Vec::new(); edges.len()];
    for (job, needs) in edges.iter().enumerate() {
        needs.iter().collect::<BTreeSet<_>>().into_iter().for_each(|need| dependents[*need].push(job));
    }
    let mut ready: BTreeSet<usize> = (0..edges.len()).filter(|job| open[*job] == 0).collect();
    let mut order = Vec::with_capacity(edges.len());
    while let Some(job) = ready.pop_first() {
        order.push(job);
        for dependent in &dependents[job] {
            open[*dependent] -= 1;
            if open[*dependent] == 0 {
                ready.insert(*dependent);
            }
        }
    }
    let stuck: Vec<usize> = (0..edges.len()).filter(|job| open[*job] > 0).collect();
    order.extend(stuck);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(edges: &[&[usize]], order: &[usize], expected_cycles: &[&[usize]]) {
        let edges: Vec<Vec<usize>> = edges.iter().map(|needs| needs.to_vec()).collect();
        assert_eq!(topological(&edges), order, "{edges:?}");
        assert_eq!(cycles(&edges), expected_cycles, "{edges:?}");
    }

    #[test]
    fn the_order_follows_needs_and_then_the_file() {
        check(&[&[], &[], &[]], &[0, 1, 2], &[]);
        check(&[&[2], &[], &[]], &[1, 2, 0], &[]);
        check(&[&[1], &[2], &[], &[0, 0]], &[2, 1, 0, 3], &[]);
    }

    #[test]
    fn cycles_are_found_once() {
        check(&[&[0]], &[0], &[&[0]]);
        check(&[&[1], &[2], &[0]], &[0, 1, 2], &[&[0, 1, 2]]);
        check(&[&[1], &[0], &[0], &[3]], &[0, 1, 2, 3], &[&[0, 1], &[3]]);
    }
}

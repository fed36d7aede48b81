//! Counting a command's processes. `RLIMIT_NPROC` does not bind root and counts all that a user runs; this counts one
//! command's. A fork bomb is seen within a few looks and dies with its namespace, which no process can leave.

use std::collections::BTreeMap;
use std::path::Path;

/// Looks after one command.
#[derive(Debug)]
pub(crate) struct Watchdog {
    processes_max: usize,
    /// The fewest threads that the machine had since the command began.
    threads_min: usize,
}

impl Watchdog {
    pub(crate) fn new(processes_max: usize) -> Self {
        Self { processes_max, threads_min: machine_threads().unwrap_or(0) }
    }

    /// Whether the processes that descend from `init` are more than may be. Walking `/proc` costs milliseconds on a
    /// busy machine, so it is done only once the machine has so many threads more that it could be true.
    pub(crate) fn is_exceeded(&mut self, init: i32) -> bool {
        if let Some(threads) = machine_threads() {
            self.threads_min = self.threads_min.min(threads);
            if threads - self.threads_min < self.processes_max / 2 {
                return false;
            }
        }
        descendants(init, &parents(Path::new("/proc"))) > self.processes_max
    }
}

/// Threads of the whole machine: the number behind the slash in `/proc/loadavg` (proc(5)).
fn machine_threads() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').nth(3)?.split_once('/')?.1.parse().ok()
}

/// The parent of each process.
fn parents(proc: &Path) -> Vec<(i32, i32)> {
    let Ok(entries) = std::fs::read_dir(proc) else { return Vec::new() };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| {
        let stat = std::fs::read(proc.join(pid.to_string()).join("stat")).ok()?;
        Some((pid, parent_in(&String::from_utf8_lossy(&stat))?))
    })
    .collect()
}

/// The fourth field of `/proc/PID/stat`. The second one, the program's name, may hold anything, parentheses too.
fn parent_in(stat: &str) -> Option<i32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// How many processes descend from `init`, itself counted. What daemonises inside a namespace becomes its init's child.
fn descendants(init: i32, parents: &[(i32, i32)]) -> usize {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for (pid, parent) in parents {
        children.entry(*parent).or_default().push(*pid);
    }
    let mut found = vec![init];
    let mut next = 0;
    while let Some(pid) = found.get(next) {
        found.extend(children.remove(pid).unwrap_or_default());
        next += 1;
    }
    found.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_read_whatever_the_program_is_called() {
        assert_eq!(parent_in("12 (sh) S 7 12 12 0"), Some(7));
        assert_eq!(parent_in("12 (a) R 1 (b) S 7 12"), Some(7));
        assert_eq!(parent_in("rubbish"), None);
    }

    #[test]
    fn descendants_are_counted_through_generations() {
        assert_eq!(descendants(1, &[(1, 0), (2, 1), (3, 2), (4, 3), (9, 8)]), 4);
        assert_eq!(descendants(5, &[]), 1);
    }

    #[test]
    fn this_process_descends_from_its_parent() {
        let parent = i32::try_from(std::os::unix::process::parent_id()).unwrap();
        assert!(descendants(parent, &parents(Path::new("/proc"))) >= 2);
    }
}

//! Whether the owner of a lease is known to be dead. Owners are written `HOST:BOOT_ID:PID:START_TICKS`.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::{fs, process};

/// Where the kernel tells about processes: proc(5).
const PROC: &str = "/proc";

#[derive(Debug, PartialEq, Eq)]
struct Process<'a> {
    host: &'a str,
    boot: &'a str,
    pid: u32,
    start_ticks: u64,
}

/// What this process writes into the leases that it claims, so that others can tell when it is dead:
/// `HOST:BOOT_ID:PID:START_TICKS`.
///
/// # Errors
/// When proc(5) cannot be read.
pub fn owner_of_this_process() -> io::Result<String> {
    let read = |path: &str| fs::read_to_string(Path::new(PROC).join(path));
    let (host, boot) = (read("sys/kernel/hostname")?, read("sys/kernel/random/boot_id")?);
    let unreadable = || io::Error::new(ErrorKind::InvalidData, "/proc/self/stat is not as proc_pid_stat(5) says");
    let (_, start_ticks) = parse_stat(&read("self/stat")?).ok_or_else(unreadable)?;
    Ok(format!("{}:{}:{}:{start_ticks}", host.trim_end(), boot.trim_end(), process::id()))
}

/// Whether `owner`, seen from `claimer`'s machine, cannot be alive: the machine was started anew since, or the process
/// is gone or is another one by now. What is not written in the form above, or is on another machine, may live.
pub(super) fn is_dead(owner: &str, claimer: &str) -> bool {
    let (Some(owner), Some(claimer)) = (parse(owner), parse(claimer)) else { return false };
    owner.host == claimer.host && (owner.boot != claimer.boot || !is_running(owner.pid, owner.start_ticks))
}

fn parse(text: &str) -> Option<Process<'_>> {
    let mut parts = text.rsplitn(4, ':');
    let start_ticks = parts.next()?.parse().ok()?;
    let pid = parts.next()?.parse().ok()?;
    let boot = parts.next().filter(|boot| !boot.is_empty())?;
    let host = parts.next().filter(|host| !host.is_empty())?;
    Some(Process { host, boot, pid, start_ticks })
}

/// Anything but a clear answer counts as running.
fn is_running(pid: u32, start_ticks: u64) -> bool {
    match fs::read_to_string(Path::new(PROC).join(pid.to_string()).join("stat")) {
        Ok(stat) => parse_stat(&stat).is_none_or(|(state, start)| start == start_ticks && !matches!(state, 'Z' | 'X')),
        Err(error) => error.kind() != ErrorKind::NotFound || !Path::new(PROC).join("self").exists(),
    }
}

/// State and start time, fields 3 and 22 of proc_pid_stat(5). The second field is the program's name in parentheses,
/// which may itself hold spaces and parentheses. A zombie has ended; it only waits for its parent to notice.
fn parse_stat(stat: &str) -> Option<(char, u64)> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(18)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    fn start_ticks(pid: u32) -> u64 {
        parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).unwrap()).unwrap().1
    }

    fn check(owner: &str, expected: bool) {
        assert_eq!(is_dead(owner, "host:boot:1:1"), expected, "{owner}");
    }

    #[test]
    fn this_process_is_alive_under_its_own_name() {
        let owner = owner_of_this_process().unwrap();
        let Process { pid, boot, .. } = parse(&owner).unwrap();
        assert_eq!((pid, boot.len()), (process::id(), 36));
        assert!(!is_dead(&owner, &owner));
    }

    #[test]
    fn a_process_that_runs_is_alive() {
        let pid = process::id();
        check(&format!("host:boot:{pid}:{}", start_ticks(pid)), false);
    }

    #[test]
    fn a_number_that_another_process_has_by_now_is_dead() {
        let pid = process::id();
        check(&format!("host:boot:{pid}:{}", start_ticks(pid) + 1), true);
    }

    #[test]
    fn a_killed_process_is_dead_before_and_after_its_parent_notices() {
        let mut child = Command::new("sleep").arg("60").stdout(Stdio::null()).spawn().unwrap();
        let owner = format!("host:boot:{}:{}", child.id(), start_ticks(child.id()));
        check(&owner, false);
        child.kill().unwrap();
        while fs::read_to_string(format!("/proc/{}/stat", child.id())).is_ok_and(|stat| !stat.contains(") Z")) {
            std::thread::yield_now();
        }
        check(&owner, true);
        child.wait().unwrap();
        check(&owner, true);
    }

    #[test]
    fn a_machine_that_was_started_anew_has_none_of_its_old_processes() {
        let pid = process::id();
        check(&format!("host:older-boot:{pid}:{}", start_ticks(pid)), true);
    }

    #[test]
    fn what_is_elsewhere_or_unreadable_may_live() {
        for owner in ["other:boot:1:0", "other:older-boot:1:0", "", "host", "host:boot:x:1", "host:boot:1:", "::1:1"] {
            check(owner, false);
        }
    }

    #[test]
    fn hosts_may_have_colons_and_programs_parentheses() {
        let process = Process { host: "fe80::1", boot: "b", pid: 7, start_ticks: 9 };
        assert_eq!(parse("fe80::1:b:7:9"), Some(process));
        let rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20";
        assert_eq!(parse_stat(&format!("7 (a) R (b) {rest}")), Some(('S', 4242)));
        assert_eq!(parse_stat("7 (short) S 1"), None);
    }
}

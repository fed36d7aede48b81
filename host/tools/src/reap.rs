//! Waiting for processes with what they used: the one thing that `std` does not offer.

use std::io;
use std::mem::MaybeUninit;

/// What a process and all that it waited for used.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) cpu_ms: f64,
    pub(crate) max_rss_bytes: u64,
}

/// Waits for a child to end; none when it is no child of this process (any more).
#[expect(unsafe_code, reason = "wait4(2) has no safe wrapper that gives resource usage")]
pub(crate) fn reap(pid: i32) -> io::Result<Option<Usage>> {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    loop {
        // SAFETY: both pointers are valid for the call, and a null status is allowed; `rusage` is plain numbers, for
        // which zeroes are a value even if the kernel writes none.
        let (waited, usage) = unsafe {
            let waited = libc::wait4(pid, std::ptr::null_mut(), 0, usage.as_mut_ptr());
            (waited, usage.assume_init_ref())
        };
        if waited >= 0 {
            return Ok(Some(Usage::from(usage)));
        }
        match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::EINTR) => {}
            error if error.raw_os_error() == Some(libc::ECHILD) => return Ok(None),
            error => return Err(error),
        }
    }
}

impl From<&libc::rusage> for Usage {
    fn from(usage: &libc::rusage) -> Self {
        let ms = |time: libc::timeval| time.tv_sec as f64 * 1e3 + time.tv_usec as f64 / 1e3;
        let max_rss_bytes = u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024;
        Self { cpu_ms: ms(usage.ru_utime) + ms(usage.ru_stime), max_rss_bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::zombie_processes, reason = "reaping it is what is tested")]
    fn a_child_is_waited_for_once() {
        let child = std::process::Command::new("true").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        assert!(reap(pid).unwrap().is_some_and(|usage| usage.max_rss_bytes > 0));
        assert_eq!(reap(pid).unwrap(), None);
    }
}

//! Where the journal of an attempt lies.

use std::path::{Path, PathBuf};

use lockgate_model::ids::{AttemptId, Digest};

/// An encoded job key up to this length stands in the name; of a longer one its beginning and its digest. With the
/// longest step and number a name stays below the 255 bytes that file systems allow.
const JOB_NAME_BYTES_MAX: usize = 120;
/// How much of a longer one is kept, for people.
const JOB_NAME_KEPT_BYTES: usize = 50;

/// `FOLDER/RUN/JOB~STEP~NUMBER.journal`. No two attempts share a name: `~` and `%` stand for nothing else.
pub(super) fn file_of(folder: &Path, attempt: &AttemptId) -> PathBuf {
    let job = job_name(attempt.job.as_str());
    let name = format!("{job}~{}~{}.journal", encode(attempt.step.as_str()), attempt.number);
    folder.join(attempt.run.as_str()).join(name)
}

fn job_name(job: &str) -> String {
    let name = encode(job);
    if name.len() <= JOB_NAME_BYTES_MAX {
        return name;
    }
    format!("{}~{}", &name[..JOB_NAME_KEPT_BYTES], Digest::of(job.as_bytes()).hex())
}

/// Percent-encoding as in RFC 3986, section 2.1, of all but letters, digits and `-_.=,`. ASCII only.
fn encode(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.=,".contains(&byte) {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(job: &str, step: &str, number: u32) -> AttemptId {
        let run = "01234567890abc".parse().unwrap();
        AttemptId { run, job: job.parse().unwrap(), step: step.parse().unwrap(), number }
    }

    fn name(job: &str, step: &str, number: u32) -> String {
        let path = file_of(Path::new("journal"), &attempt(job, step, number));
        assert_eq!(path.parent(), Some(Path::new("journal/01234567890abc")), "{job}");
        path.file_name().unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn names_are_readable_and_safe() {
        for (job, expected) in [
            ("build", "build~unit~1.journal"),
            ("build[os=linux,profile=dev]", "build%5Bos=linux,profile=dev%5D~unit~1.journal"),
            ("../../etc", "..%2F..%2Fetc~unit~1.journal"),
            ("a~b%", "a%7Eb%25~unit~1.journal"),
            ("ä", "%C3%A4~unit~1.journal"),
        ] {
            assert_eq!(name(job, "unit", 1), expected, "{job}");
        }
    }

    #[test]
    fn names_that_look_alike_differ() {
        assert_ne!(name("a-b", "c", 1), name("a", "b-c", 1));
        assert_ne!(name("a~b", "c", 1), name("a", "b", 1));
        assert_ne!(name("a", "b", 1), name("a", "b", 11));
    }

    #[test]
    fn the_longest_names_fit_a_file_system_and_still_differ() {
        let step = "s".repeat(100);
        let [one, other] = ["x", "y"].map(|end| format!("{}{end}", "ä".repeat(499)));
        let (one, other) = (name(&one, &step, u32::MAX), name(&other, &step, u32::MAX));
        assert_ne!(one, other);
        assert!(one.len() <= 255, "{}", one.len());
        let at_limit = name(&"j".repeat(JOB_NAME_BYTES_MAX), &step, u32::MAX);
        assert!(at_limit.len() <= 255, "{}", at_limit.len());
    }
}

//! Limits on one command. Units stand last in the name.

const GIB: u64 = 1024 * 1024 * 1024;

/// What one command may use. The defaults suit builds; tests use small ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Open files of each process (`RLIMIT_NOFILE`).
    pub open_files_max: u64,
    /// One file (`RLIMIT_FSIZE`).
    pub file_bytes_max: u64,
    /// Processes and threads of the host's user, over all commands (`RLIMIT_NPROC`). Does not bind root.
    pub user_threads_max: u64,
    /// Processes of the command; a watchdog counts them and kills the command that has more.
    pub processes_max: usize,
    /// The memory file system at `/tmp`.
    pub temporary_bytes_max: u64,
    /// The memory file system at `/dev/shm`.
    pub shared_memory_bytes_max: u64,
    /// Each stream that is returned in memory.
    pub stream_bytes_max: usize,
    /// The file that takes standard output; what is longer is cut and said.
    pub stdout_file_bytes_max: u64,
    /// Files, links and folders that match the outputs.
    pub output_files_max: usize,
    /// Bytes that match the outputs.
    pub output_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            open_files_max: 16_384,
            file_bytes_max: 16 * GIB,
            user_threads_max: 16_384,
            processes_max: 1_000,
            temporary_bytes_max: 4 * GIB,
            shared_memory_bytes_max: GIB,
            stream_bytes_max: lockgate_model::limits::COMMAND_OUTPUT_BYTES_MAX,
            stdout_file_bytes_max: GIB,
            output_files_max: 200_000,
            output_bytes_max: 16 * GIB,
        }
    }
}

/// A core dump would hold the command's memory, secrets included.
pub(crate) const CORE_BYTES_MAX: u64 = 0;
/// Folders within folders; what is deeper is refused, not walked.
pub(crate) const FOLDER_DEPTH_MAX: usize = 100;
/// Outputs of one command that are kept as blobs, for the action cache and for replays; a command that left more is
/// always run.
pub(crate) const CACHED_BYTES_MAX: u64 = GIB;
/// Files, links and folders of one command that are kept.
pub(crate) const CACHED_FILES_MAX: usize = 10_000;
/// Bytes of a command line and its environment (`ARG_MAX` of Linux is 2 MiB with a quarter of the stack).
pub(crate) const COMMAND_LINE_BYTES_MAX: usize = 1024 * 1024;
/// Variables of one command's environment.
pub(crate) const VARIABLES_MAX: usize = 1_000;
/// How often cancellation, time and processes are looked at.
pub(crate) const WATCH_MS: u64 = 20;
/// How long bubblewrap may take to say which process it started before it is killed itself.
pub(crate) const START_GRACE_MS: u64 = 500;
/// How long a tool may take to say its version.
pub(crate) const FINGERPRINT_MS_MAX: u64 = 20_000;

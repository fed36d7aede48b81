//! Every limit that more than one room must agree on. Units stand last in the name.

/// A pipeline file.
pub const PIPELINE_BYTES_MAX: usize = 1024 * 1024;
/// Jobs of one plan, matrix cells counted one by one.
pub const PLAN_JOBS_MAX: usize = 2_000;
/// Cells of one job's matrix.
pub const MATRIX_CELLS_MAX: usize = 256;
/// Steps of one job.
pub const JOB_STEPS_MAX: usize = 1_000;
/// One event's body; larger things go to the blob store and are named by digest.
pub const EVENT_BYTES_MAX: usize = 64 * 1024;
/// Evidence, outputs and summary of one step together.
pub const PRODUCT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// All that one attempt may write to its log, streams included.
pub const LOG_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// One line of a log; what is longer is cut and marked.
pub const LOG_LINE_BYTES_MAX: usize = 16 * 1024;
/// Linear memory of one component instance.
pub const MEMORY_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Elements of one table of a component.
pub const TABLE_ELEMENTS_MAX: usize = 20_000;
/// Resource handles that one component may hold.
pub const HANDLES_MAX: usize = 10_000;
/// Host calls of one attempt.
pub const HOST_CALLS_MAX: u64 = 1_000_000;
/// Bytes of arguments that one host call may carry.
pub const HOST_CALL_BYTES_MAX: usize = 64 * 1024 * 1024;
/// A component.
pub const COMPONENT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// One artifact.
pub const ARTIFACT_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// What a native command may return in memory, for each stream; the log gets the rest.
pub const COMMAND_OUTPUT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// A file that is handed to a test reporter by value.
pub const REPORT_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Files of one workspace tree.
pub const TREE_FILES_MAX: usize = 500_000;
/// How long a pure call may take: a decision, not work.
pub const PURE_CALL_MS_MAX: u64 = 30_000;
/// How long a step may take where the pipeline does not say.
pub const STEP_TIMEOUT_MS: u64 = 60 * 60 * 1000;
/// How long a job may take where the pipeline does not say.
pub const JOB_TIMEOUT_MS: u64 = 6 * 60 * 60 * 1000;
/// Tries of one step where the pipeline does not say; only faults of the infrastructure are tried again.
pub const ATTEMPTS_DEFAULT: u32 = 3;
/// Tries of one step at the most.
pub const ATTEMPTS_MAX: u32 = 10;
/// Wait before the second try; doubled for each further one.
pub const RETRY_BACKOFF_MS: u64 = 1_000;
/// The body of a request that a plugin sends.
pub const HTTP_REQUEST_BYTES_MAX: usize = 32 * 1024 * 1024;
/// The body of an answer that a plugin is given.
pub const HTTP_RESPONSE_BYTES_MAX: usize = 64 * 1024 * 1024;

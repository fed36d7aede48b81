//! How much of a report is read and kept. A report beyond the first three is refused; texts are cut.

/// Bytes of one file.
pub(crate) const FILE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Elements inside elements.
pub(crate) const DEPTH_MAX: usize = 64;
/// Cases of one file.
pub(crate) const CASES_MAX: usize = 100_000;
/// Bytes of a case's or a suite's name.
pub(crate) const NAME_BYTES_MAX: usize = 1024;
/// Bytes of a message.
pub(crate) const MESSAGE_BYTES_MAX: usize = 4 * 1024;
/// Bytes of a case's output, where the configuration does not say.
pub(crate) const OUTPUT_BYTES_DEFAULT: u32 = 16 * 1024;

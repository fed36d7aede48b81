//! Every function, by what it is about.

pub(crate) mod contract;
pub(crate) mod files;
pub(crate) mod http;
pub(crate) mod system;

use wasip2::cli::exit;

/// Ends the guest, if it is to end so.
pub(crate) fn end(how: &str) {
    match how {
        "exit" => exit::exit(Ok(())),
        "exit-with-code" => exit::exit_with_code(3),
        _ => {}
    }
}

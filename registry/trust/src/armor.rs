//! PEM as OpenSSL and cosign write it: lines end with a line feed alone.

use pem::{EncodeConfig, LineEnding, Pem};

/// One block.
pub(crate) fn encode(tag: &str, contents: &[u8]) -> String {
    pem::encode_config(&Pem::new(tag, contents), EncodeConfig::new().set_line_ending(LineEnding::LF))
}

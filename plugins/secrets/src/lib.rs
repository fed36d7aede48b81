//! The secrets plugin: finds credentials that stand in the workspace's files.

pub mod config;
pub mod detect;
pub mod entropy;
pub mod finding;
pub mod placeholder;
pub mod rules;
pub mod scan;

use lockgate_sdk::{About, Ask, Effect, Failure, ScanReport, ScanRequest, Scanner, export, workspace};

use config::{Allowed, Config};
use detect::Detector;

/// The plugin.
pub struct Plugin;

export!(scanner: Plugin);

impl Scanner for Plugin {
    type Config = Config;

    fn about() -> About {
        About::new("secrets", env!("CARGO_PKG_VERSION"), "Finds credentials in files")
            .asks(Ask::read("**", "it looks for credentials in the files that the step names"))
            .effect(Effect::Pure)
            .documentation(include_str!("../README.md"))
    }

    fn scan(config: Config, request: ScanRequest) -> Result<ScanReport, Failure> {
        let detector = Detector::new(config.rules()?)?;
        let allowed = Allowed::new(&config.allow)?;
        scan::files(&workspace(), &request.files, &detector, &allowed, config.file_bytes_max())
    }
}

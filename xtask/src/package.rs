//! `package`: what would be uploaded can be packed, with the crates in their order.

use crate::outcome::{Failures, Outcome};
use crate::process;
use crate::workspace::Workspace;

/// Pack every crate that is published, without building or uploading it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

impl Args {
    /// Runs `cargo package` over all published members at once: cargo then resolves those that are not on the registry
    /// among themselves.
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        let members = workspace.members();
        let mut args = vec!["package", "--workspace", "--no-verify", "--allow-dirty"];
        for package in members.iter().filter(|p| !p.is_published()) {
            args.extend(["--exclude", package.name.as_str()]);
        }
        process::run(&mut process::cargo(&workspace.root, args)).map_err(Failures::one)
    }
}

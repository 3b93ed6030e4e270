//! `sim`: the simulation of the sync engine, built for speed, and with a break planted where one is asked for.

use std::path::PathBuf;

use crate::outcome::{Failures, Outcome};
use crate::process;
use crate::workspace::Workspace;

/// Play seeds against the sync engine, with faults and crashes, and say which ones break it.
///
/// What follows goes to the program: `cargo xtask sim --help` tells it all. With `--break NAME` the engine is built with
/// that break planted, in a folder of its own, and the simulation must find it.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// What the program is to do.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

impl Args {
    /// What somebody would type behind `cargo xtask sim`.
    pub(crate) fn of(arguments: &[&str]) -> Self {
        Self { arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect() }
    }

    /// The break that is asked for.
    fn planted(&self) -> Option<&str> {
        let mut arguments = self.arguments.iter();
        while let Some(argument) = arguments.next() {
            if argument == "--break" {
                return arguments.next().map(String::as_str);
            }
            if let Some(name) = argument.strip_prefix("--break=") {
                return Some(name);
            }
        }
        None
    }

    /// Builds the program and runs it.
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        let planted = self.planted();
        // A break is looked for in some hundred seeds: what is gained is less than what such a build takes longer.
        let profile = if planted.is_some() { "release" } else { "sim" };
        let mut command = process::cargo(&workspace.root, ["run", "--quiet", "--profile", profile, "--package", "pimkit-sim", "--"]);
        command.args(&self.arguments);
        if let Some(name) = planted {
            // A build of its own: nothing of it may end up where the true engine is built.
            let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.root.join("target"), PathBuf::from);
            let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
            command
                .env("CARGO_TARGET_DIR", target.join("break"))
                .env("RUSTFLAGS", format!("{flags} --cfg pimkit_break"))
                .env("PIMKIT_BREAK", name);
        }
        process::run(&mut command).map_err(Failures::one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_break_is_found_however_it_is_spelled() {
        for (arguments, name) in
            [(&["--seeds", "5"][..], None), (&["--seeds", "5", "--break", "lease"], Some("lease")), (&["--break=epochs"], Some("epochs"))]
        {
            let args = Args { arguments: arguments.iter().map(|a| (*a).to_owned()).collect() };
            assert_eq!(args.planted(), name);
        }
    }
}

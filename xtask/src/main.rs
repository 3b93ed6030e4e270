//! The chores of the pimkit workspace: `cargo xtask COMMAND`.
//!
//! Each command is one file with an `Args` that knows how to `run`, and one variant of [`Command`]. A command ends
//! with 0 when everything holds, with 1 when something does not (one line for each thing, saying what and where), and
//! with 2 when it was called wrongly.

// A program for people at a terminal: it prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bench;
mod ci;
mod contract;
mod corpus;
mod features;
mod fixtures;
mod matrix;
mod new_connector;
mod outcome;
mod package;
mod process;
mod record;
mod replay;
mod rules;
mod scenarios;
mod servers;
mod sim;
mod tally;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::outcome::{Failures, Outcome};
use crate::workspace::Workspace;

/// The chores of the pimkit workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure the speed of the formats beside their peers, and the speed and memory of a first sync.
    Bench(bench::Args),
    /// Everything that must hold before a change is taken, except the tests themselves.
    Ci(ci::Args),
    /// Run the behaviour suite of connectors and state stores, and count its cases.
    Contract(contract::Args),
    /// Try the laws of the formats on every card and calendar under a folder.
    Corpus(corpus::Args),
    /// Check every library with no feature, with each feature alone and with all of them.
    Features(features::Args),
    /// Check the recorded traffic under `fixtures/`.
    Fixtures(fixtures::Args),
    /// Write the capability matrix in README.md.
    Matrix(matrix::Args),
    /// Make the skeleton of a connector.
    NewConnector(new_connector::Args),
    /// Pack every crate that is published, without building or uploading it.
    Package(package::Args),
    /// Record cases for `fixtures/` at a real server.
    Record(Box<record::Args>),
    /// Let the connectors read recordings of others, which are not committed.
    Replay(replay::Args),
    /// Print which tests prove which rule of `tests/rules.toml`.
    Rules(rules::Args),
    /// Install, start and stop the DAV servers that tests and recordings ask.
    Servers(servers::Args),
    /// Play seeds against the sync engine, with faults and crashes, and say which ones break it.
    Sim(sim::Args),
    /// Sum up the results in the output of `cargo test`.
    Tally(tally::Args),
    /// The rules of the house: crate edges, licences, sources, documents.
    Tidy(tidy::Args),
}

impl Command {
    fn run(&self) -> Outcome {
        if let Self::Bench(args) = self
            && let Some(outcome) = args.alone()
        {
            return outcome;
        }
        let workspace = Workspace::load()?;
        match self {
            Self::Bench(args) => args.run(&workspace),
            Self::Ci(args) => args.run(&workspace),
            Self::Contract(args) => args.run(&workspace),
            Self::Corpus(args) => args.run(),
            Self::Features(args) => args.run(&workspace),
            Self::Fixtures(args) => args.run(&workspace),
            Self::Matrix(args) => args.run(&workspace),
            Self::NewConnector(args) => args.run(&workspace),
            Self::Package(args) => args.run(&workspace),
            Self::Record(args) => args.run(&workspace),
            Self::Replay(args) => args.run(),
            Self::Rules(args) => args.run(&workspace),
            Self::Servers(args) => args.run(&workspace),
            Self::Sim(args) => args.run(&workspace),
            Self::Tally(args) => args.run(),
            Self::Tidy(args) => args.run(&workspace),
        }
    }
}

fn main() -> ExitCode {
    match Cli::parse().command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failures(lines)) => {
            for line in lines {
                eprintln!("error: {line}");
            }
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}

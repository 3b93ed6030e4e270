//! The program `pimkit`: two-way sync of contacts, events and tasks from the command line.
//!
//! | exit code | means |
//! |---|---|
//! | 0 | done |
//! | 1 | failed: something could not go on |
//! | 2 | bad usage or configuration; nothing was changed |
//! | 3 | done, with items left over |
//! | 4 | held by a guard: see `--approve` |

mod accounts;
mod cli;
mod commands;
mod config;
mod counting;
mod discovering;
mod failure;
mod files;
mod kinds;
mod outcome;
mod output;
mod quickstart;
mod reading;
mod runner;
mod simulated;
mod undecided;

use clap::Parser;
use cli::Cli;
use failure::{Exit, Failure, Result};
use output::Out;
use std::process::ExitCode;

/// A sync is many small strings: with the allocator of the system they were 28 % of the instructions of a first sync.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(cli::refuse(&error)),
    };
    let mut out = Out::new(cli.command.json());
    let ended = run(&cli, &mut out).and_then(|exit| out.flush().map(|()| exit));
    let exit = match ended {
        Ok(exit) => exit,
        Err(failure) => {
            out.failure(&failure);
            failure.exit()
        }
    };
    ExitCode::from(exit.code())
}

fn run(cli: &Cli, out: &mut Out) -> Result<Exit> {
    // One thread is enough: a run waits for disks and servers. Stores block on another one, and on no more than that: what is
    // read there and freed here would pile up in the memory of each.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .enable_all()
        .build()
        .map_err(|e| Failure::machine(format!("the program cannot start: {e}; see the limits of this account")))?;
    runtime.block_on(commands::run(&cli.command, out))
}

//! What can be said on the command line.

mod records;
mod servers;
mod signing;

pub(crate) use records::{Export, Fields, Import, List};
pub(crate) use servers::{Discover, Simulate};
pub(crate) use signing::{Login, Logout};

use crate::{failure::Failure, output::Out};
use clap::{Args, Parser, Subcommand, error::ErrorKind as ClapError};
use pimkit::{Kind, Side};
use std::path::PathBuf;

/// Two-way sync of contacts, events and tasks that never loses an edit and never makes a duplicate.
#[derive(Debug, Parser)]
#[command(name = "pimkit", version, arg_required_else_help = false, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 bad usage or configuration, 3 done with items left over, 4 held by a guard.
Start with `pimkit quickstart`: it needs nothing, and shows a sync from beginning to end.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show a sync from beginning to end, on sample folders, a server and an app store of their own
    Quickstart(Quickstart),
    /// Serve simulated servers on this machine until interrupted; the first line printed says where they are
    Simulate(Simulate),
    /// Find out what an account is from its address, and print the lines for the configuration
    Discover(Discover),
    /// Sign in to an account: in a browser on this machine, or with a code on another device
    Login(Login),
    /// Forget the sign-in of an account
    Logout(Logout),
    /// Print the records of an account: one JSON object per line, or a table on a terminal
    List(List),
    /// Show which field of one account can follow which field of another
    Fields(Fields),
    /// Read a .vcf, .ics or .jsonl file into an account; doing it again makes no duplicates
    Import(Import),
    /// Write the records of an account into a .vcf, .ics or .jsonl file
    Export(Export),
    /// Hand the links of the syncs to another system, or adopt links from one
    #[command(subcommand)]
    Links(Links),
    /// Show what a sync would do, step by step, and do nothing
    Plan(Plan),
    /// Sync: plan, guard, apply
    Sync(Sync),
    /// Show how each sync stands: last run, what is left over, what waits for an approval
    Status(Status),
    /// Show what was changed, by which run and why, with every value that lost a conflict
    History(History),
    /// Show every value that a field of a record had on both sides: when, by which run, and why
    Why(Why),
    /// Take back what a run did, where nothing moved on since; what it touches rests until `release`
    Undo(Undo),
    /// Let what an undo touched be synced again
    Release(Release),
    /// Show what waits for a decision, with both values; or decide it
    Conflicts(Conflicts),
    /// Let a sync rest: its runs do nothing until `resume`
    Pause(Pause),
    /// Let a sync that was paused or ended run again: the next sync catches up
    Resume(Resume),
    /// End a sync, as its policy `teardown` says; without --yes it only shows what would become of the far copies
    Disable(Disable),
    /// Policies by name
    Profile(Profile),
}

impl Command {
    /// Whether the answer is for a program.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Quickstart(c) => c.json,
            // Whoever started it reads one object from its first line.
            Self::Simulate(_) => true,
            Self::Discover(c) => c.json,
            Self::Login(c) => c.json,
            Self::Logout(c) => c.json,
            Self::List(c) => c.json,
            Self::Fields(c) => c.json,
            Self::Import(c) => c.json,
            Self::Export(c) => c.json,
            Self::Links(Links::Export(c) | Links::Import(c)) => c.json,
            Self::Plan(c) => c.json,
            Self::Sync(c) => c.json,
            Self::Status(c) => c.json,
            Self::History(c) => c.json,
            Self::Why(c) => c.json,
            Self::Undo(c) => c.json,
            Self::Release(c) => c.json,
            Self::Conflicts(c) => c.json,
            Self::Pause(c) => c.json,
            Self::Resume(c) => c.json,
            Self::Disable(c) => c.json,
            Self::Profile(c) => c.json(),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Links {
    /// Write every link into a file: a JSON object per line
    Export(LinksFile),
    /// Adopt the links of such a file: the next sync merges what they join, and writes nothing where both sides say the same
    Import(LinksFile),
}

#[derive(Debug, Args)]
pub(crate) struct LinksFile {
    /// The file: {"sync", "left_collection", "left", "right_collection", "right", "state", "origin", "role", "mark"} per line
    pub(crate) file: PathBuf,
    /// Only this sync
    #[arg(long)]
    pub(crate) sync: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Quickstart {
    /// Where to lay everything out
    #[arg(long, value_name = "DIR", default_value = "pimkit-quickstart")]
    pub(crate) dir: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigFile {
    /// The configuration
    #[arg(short, long = "config", value_name = "FILE", default_value = "pimkit.toml")]
    pub(crate) config: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// Only this sync
    #[arg(long, value_name = "NAME")]
    pub(crate) sync: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Sync {
    /// Only this sync
    #[arg(long, value_name = "NAME")]
    pub(crate) sync: Option<String>,
    /// Allow what a guard held, by the id that the held run printed; may be given several times
    #[arg(long, value_name = "ID")]
    pub(crate) approve: Vec<String>,
    /// Say no to what a guard held, by the same id; may be given several times
    #[arg(long, value_name = "ID")]
    pub(crate) reject: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct History {
    /// Only this sync
    #[arg(long, value_name = "NAME")]
    pub(crate) sync: Option<String>,
    /// Only this run
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<u64>,
    /// Write it to this file, one JSON object per line
    #[arg(long, value_name = "FILE")]
    pub(crate) export: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Why {
    /// The record, by its id on either side
    pub(crate) record: String,
    /// The field, as `pimkit fields` names it
    pub(crate) field: String,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Undo {
    /// The run, by its number in `pimkit history`
    pub(crate) run: u64,
    /// Allow what a guard held, by the id that the held undo printed; may be given several times
    #[arg(long, value_name = "ID")]
    pub(crate) approve: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Release {
    /// The run that was undone, or the undo itself
    pub(crate) run: u64,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Conflicts {
    /// Only this sync
    #[arg(long, value_name = "NAME")]
    pub(crate) sync: Option<String>,
    /// Take what this side has, for the record that is named
    #[arg(long, value_name = "SIDE", value_parser = side, requires = "record")]
    pub(crate) take: Option<Side>,
    /// The record to decide on, by its id on either side
    #[arg(requires = "take")]
    pub(crate) record: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Pause {
    /// The sync
    pub(crate) sync: String,
    /// Why, for those who look at `pimkit status`
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// The sync
    pub(crate) sync: String,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Disable {
    /// The sync
    pub(crate) sync: String,
    /// Do it
    #[arg(long)]
    pub(crate) yes: bool,
    /// Why, for those who look at `pimkit status`
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Profile {
    #[command(subcommand)]
    pub(crate) command: ProfileCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// Print the policies of a profile, as they would stand in a configuration
    Show {
        /// Its name
        name: String,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

impl Profile {
    fn json(&self) -> bool {
        let ProfileCommand::Show { json, .. } = &self.command;
        *json
    }
}

fn side(word: &str) -> Result<Side, String> {
    match word {
        "left" => Ok(Side::Left),
        "right" => Ok(Side::Right),
        _ => Err("take left or right".to_owned()),
    }
}

fn kind(word: &str) -> Result<Kind, String> {
    Kind::parse(word).ok_or_else(|| {
        let kinds: Vec<&str> = Kind::ALL.iter().map(|k| k.plural()).collect();
        format!("there are: {}", kinds.join(", "))
    })
}

/// Says what is wrong with the command line, in one line; help and version as they are.
pub(crate) fn refuse(error: &clap::Error) -> u8 {
    if matches!(error.kind(), ClapError::DisplayHelp | ClapError::DisplayVersion) {
        // Nobody reading is no failure of the program's.
        let _ = error.print();
        return 0;
    }
    let text = error.to_string();
    // The first paragraph says what is wrong; what follows is a list, a tip or the usage.
    let mut parts: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:")).collect();
    parts.retain(|line| !line.is_empty() && !line.starts_with("For more information"));
    let missing = [ClapError::DisplayHelpOnMissingArgumentOrSubcommand, ClapError::MissingSubcommand];
    let line = if missing.contains(&error.kind()) || parts.is_empty() { "error: no command was given".to_owned() } else { parts.join(" ") };
    let failure = Failure::usage(format!("{}; see `pimkit --help`", line.trim_start_matches("error: ")));
    // The first line of `simulate` is an object, whatever it says.
    let json = std::env::args().enumerate().any(|(n, arg)| arg == "--json" || (n == 1 && arg == "simulate"));
    Out::new(json).failure(&failure);
    failure.exit().code()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_kind_is_said_in_the_plural_or_the_singular() {
        assert_eq!(kind("contacts"), Ok(Kind::Contact));
        assert_eq!(kind("event"), Ok(Kind::Event));
        assert!(kind("mails").unwrap_err().contains("contacts, events, tasks"));
    }
}

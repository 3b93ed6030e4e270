//! What can be said of the records of accounts.

use super::{ConfigFile, kind};
use clap::Args;
use pimkit::Kind;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct List {
    /// The account, by its name in the configuration
    pub(crate) account: String,
    /// contacts, events, tasks, messages or users
    #[arg(value_parser = kind)]
    pub(crate) kind: Kind,
    /// Only this collection, by name or id
    #[arg(long)]
    pub(crate) collection: Option<String>,
    /// Print JSON lines on a terminal too
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Fields {
    /// The account of the hub
    pub(crate) left: String,
    /// The far account
    pub(crate) right: String,
    /// contacts, events, tasks, messages or users
    #[arg(value_parser = kind)]
    pub(crate) kind: Kind,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The account, by its name in the configuration
    pub(crate) account: String,
    /// contacts, events or tasks
    #[arg(value_parser = kind)]
    pub(crate) kind: Kind,
    /// A .vcf, .ics or .jsonl file
    pub(crate) file: PathBuf,
    /// Into this collection, by name or id; else the first that can be written
    #[arg(long)]
    pub(crate) collection: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The account, by its name in the configuration
    pub(crate) account: String,
    /// contacts, events or tasks
    #[arg(value_parser = kind)]
    pub(crate) kind: Kind,
    /// A .vcf, .ics or .jsonl file; it is replaced when everything is written. A .jsonl file holds no photos and no
    /// attachments: what is left out is counted
    pub(crate) file: PathBuf,
    /// Only this collection, by name or id
    #[arg(long)]
    pub(crate) collection: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

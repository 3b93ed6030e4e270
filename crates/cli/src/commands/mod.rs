//! The commands, a file each.

mod export;
mod fields;
mod history;
mod import;
mod list;
mod plan;
mod quickstart;
mod status;
mod sync;

use crate::{
    cli::Command,
    failure::{Exit, Result},
    output::Out,
};

pub(crate) async fn run(command: &Command, out: &mut Out) -> Result<Exit> {
    match command {
        Command::Quickstart(args) => quickstart::run(args, out).await,
        Command::List(args) => list::run(args, out).await,
        Command::Fields(args) => fields::run(args, out).await,
        Command::Import(args) => import::run(args, out).await,
        Command::Export(args) => export::run(args, out).await,
        Command::Plan(args) => plan::run(args, out).await,
        Command::Sync(args) => sync::run(args, out).await,
        Command::Status(args) => status::run(args, out).await,
        Command::History(args) => history::run(args, out).await,
    }
}

//! The commands, a file each.

mod conflicts;
mod disable;
mod discover;
mod export;
mod fields;
mod history;
mod import;
mod links;
mod list;
mod login;
mod pause;
mod plan;
mod profile;
mod quickstart;
mod simulate;
mod status;
mod sync;
mod undo;
mod why;

use crate::{
    cli::Command,
    failure::{Exit, Result},
    output::Out,
};

pub(crate) async fn run(command: &Command, out: &mut Out) -> Result<Exit> {
    match command {
        Command::Quickstart(args) => quickstart::run(args, out).await,
        Command::Simulate(args) => simulate::run(args, out).await,
        Command::Discover(args) => discover::run(args, out).await,
        Command::Login(args) => login::run(args, out).await,
        Command::Logout(args) => login::logout(args, out).await,
        Command::List(args) => list::run(args, out).await,
        Command::Fields(args) => fields::run(args, out).await,
        Command::Import(args) => import::run(args, out).await,
        Command::Export(args) => export::run(args, out).await,
        Command::Links(args) => links::run(args, out).await,
        Command::Plan(args) => plan::run(args, out).await,
        Command::Sync(args) => sync::run(args, out).await,
        Command::Status(args) => status::run(args, out).await,
        Command::History(args) => history::run(args, out).await,
        Command::Why(args) => why::run(args, out).await,
        Command::Undo(args) => undo::run(args, out).await,
        Command::Release(args) => undo::release(args, out).await,
        Command::Conflicts(args) => conflicts::run(args, out).await,
        Command::Pause(args) => pause::run(&args.config, &args.sync, Some(args.why.as_deref()), out).await,
        Command::Resume(args) => pause::run(&args.config, &args.sync, None, out).await,
        Command::Disable(args) => disable::run(args, out).await,
        Command::Profile(args) => profile::run(args, out),
    }
}

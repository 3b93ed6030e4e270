//! `list`: the records of an account.

use crate::{
    accounts::{self, Missing},
    cli::List,
    config::Config,
    failure::{Exit, Result},
    kinds::with_kind,
    output::Out,
    reading::{self, Found},
};
use futures::StreamExt;
use pimkit::{Collection, Connector, Record};
use serde_json::json;

pub(super) async fn run(args: &List, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&args.config.config)?;
    let account = config.account(&args.account)?;
    if !account.connector.has(args.kind) {
        return Err(reading::no_kind(&account.name, account.connector.name, args.kind));
    }
    let connector = accounts::open(&config, account, Missing::Refuse).await?;
    with_kind!(args.kind, R => list::<R>(args, connector.as_ref(), out).await)
}

async fn list<R: Record>(args: &List, connector: &dyn Connector, out: &mut Out) -> Result<Exit> {
    let repository = reading::repository::<R>(&args.account, connector)?;
    let people = !out.is_json() && Out::is_terminal();
    let mut exit = Exit::Done;
    for collection in reading::collections(&args.account, repository.as_ref(), args.collection.as_deref()).await? {
        let mut items = reading::items(repository.as_ref(), &collection);
        while let Some(found) = items.next().await {
            match found? {
                Found::Record(stored) if people => {
                    out.line(format_args!("{:16} {:40} {}", collection.name, stored.id, reading::title(&stored.record)))?;
                }
                Found::Record(stored) => out.value(&json!({
                    "id": stored.id,
                    "collection": collection.name,
                    "revision": stored.revision,
                    "modified": stored.modified,
                    "record": stored.record,
                }))?,
                Found::Unreadable(id, error) => {
                    exit = Exit::LeftOver;
                    unreadable(out, people, &collection, id.as_str(), &error)?;
                }
            }
        }
    }
    Ok(exit)
}

fn unreadable(out: &mut Out, people: bool, collection: &Collection, id: &str, error: &str) -> Result<()> {
    if !people {
        out.value(&json!({ "id": id, "collection": collection.name, "error": error }))?;
    }
    Out::note(format_args!("{}: {id}: cannot be read: {error}", collection.name));
    Ok(())
}

//! Discovery and first sync, as far as a recording goes.

use std::sync::Arc;

use pimkit_contract::replay::{Recording, Replay};
use pimkit_core::{Change, ChangeOptions, CollectionId, Connector, ErrorKind, ItemId, Next, Position, Record, Repository, Result};
use pimkit_dav::Dav;

use super::path;
use crate::scenarios::dav::over;

/// Pages that are read of one collection at most: a recording that answers the same again and again has no end.
const PAGES: usize = 100;

/// How many exchanges were asked for, and where it stopped.
pub(super) async fn through(recording: Recording) -> (usize, Vec<String>) {
    let first = recording.exchanges.iter().find(|one| one.method.eq_ignore_ascii_case("PROPFIND"));
    let start = first.map_or_else(|| path(recording.start()).to_owned(), |one| path(&one.target).to_owned());
    let asked = recording.exchanges.iter().filter(|one| one.method.eq_ignore_ascii_case("REPORT"));
    let mut asked: Vec<CollectionId> = asked.map(|one| CollectionId::from(path(&one.target))).collect();
    asked.sort();
    asked.dedup();
    let replay = Replay::loose(recording).await;
    let mut stops = Vec::new();
    let url = format!("{}{start}", replay.base());
    if let Err(error) = account(&url, &asked, &mut stops).await {
        stops.push(error.to_string());
    }
    (replay.used().0, stops)
}

async fn account(url: &str, asked: &[CollectionId], stops: &mut Vec<String>) -> Result<()> {
    let dav = over::opening(url, over::network()?).open()?;
    dav.discover().await?;
    read(dav.contacts(), asked, stops).await;
    read(dav.events(), asked, stops).await;
    read(dav.tasks(), asked, stops).await;
    Ok(())
}

/// Reads the collections that are listed, or, in a recording without a list, those that were asked.
pub(super) async fn read<R: Record>(items: Option<Arc<dyn Repository<R>>>, asked: &[CollectionId], stops: &mut Vec<String>) {
    let Some(items) = items else { return };
    let collections = match items.collections().await {
        Ok(collections) => collections.into_iter().map(|collection| collection.id).collect(),
        Err(error) => {
            stops.push(format!("{}: {error}", R::KIND.plural()));
            asked.to_vec()
        }
    };
    for collection in collections {
        match round(&*items, &collection).await {
            Ok(()) => {}
            // It is of another kind.
            Err(error) if error.kind() == ErrorKind::Unavailable => {}
            Err(error) => stops.push(format!("{} in {collection}: {error}", R::KIND.plural())),
        }
    }
}

/// A first round, with what it names.
async fn round<R: Record>(items: &dyn Repository<R>, collection: &CollectionId) -> Result<()> {
    let mut token = None;
    for _ in 0..PAGES {
        let at = token.as_ref().map_or(Position::Start, Position::Page);
        let page = items.changes(collection, at, &ChangeOptions::default()).await?;
        items.fetch(collection, &listed(&page.changes)).await;
        match page.next {
            Next::More(next) => token = Some(next),
            Next::Done { .. } => break,
        }
    }
    Ok(())
}

/// What is to be fetched.
pub(super) fn listed<R>(changes: &[Change<R>]) -> Vec<ItemId> {
    changes.iter().filter_map(|change| if let Change::Listed { id, .. } = change { Some(id.clone()) } else { None }).collect()
}

/// A connector that knows these homes, and has nothing to discover.
pub(super) fn at_home(base: &str, home: &str) -> Result<Dav> {
    let address = format!("{base}{home}");
    let mut endpoints = pimkit_dav::Endpoints::default();
    endpoints.calendars = vec![address.clone()];
    endpoints.address_books = vec![address.clone()];
    let config = pimkit_dav::Config::new(address).account("replayed").endpoints(Some(endpoints));
    over::opened(config, over::network()?).open()
}

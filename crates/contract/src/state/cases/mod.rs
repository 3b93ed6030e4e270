//! The cases, by what they are about.

mod commits;
mod findings;
mod leases;
mod links;
mod runs;
mod seen;
mod volume;

use super::{Case, Failure, Place, rows};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use pimkit_core::{
    AccountId, ComponentId, JournalQuery, Kind, Lease, LinkQuery, Result as CoreResult, SeenQuery, State, StateChange, StreamKey,
};
use std::{fmt::Debug, sync::Arc};

type Verdict = Result<(), Failure>;

/// A [`Case`] whose name is the function's.
macro_rules! case {
    ($function:ident) => {
        $crate::state::Case::new(stringify!($function), |place| Box::pin($function(place)))
    };
}
use case;

pub(super) fn all() -> Vec<Case> {
    [commits::CASES, leases::CASES, seen::CASES, links::CASES, runs::CASES, findings::CASES, volume::CASES].concat()
}

/// A store with the lease that its case writes under.
struct Open {
    state: Arc<dyn State>,
    lease: Lease,
}

impl Open {
    async fn commit(&self, changes: Vec<StateChange>) -> CoreResult<()> {
        self.state.commit(&self.lease, changes).await
    }
}

fn component() -> ComponentId {
    ComponentId::from("component")
}

async fn open(place: &mut dyn Place) -> Result<Open, Failure> {
    let state = place.open().await?;
    let lease = state.acquire(&component()).await?;
    Ok(Open { state, lease })
}

/// All that a stream has, as long as it is no more than `most`: an endless one is a failure too.
async fn all_of<T>(stream: BoxStream<'static, CoreResult<T>>, most: usize) -> Result<Vec<T>, Failure> {
    let rows: Vec<T> = stream.take(most.saturating_add(1)).try_collect().await?;
    if rows.len() > most {
        return Err(Failure::new(format!("a stream has more than the {most} rows that are there")));
    }
    Ok(rows)
}

/// What every method of the trait answers about the rows of [`rows::one_of_each`], as text.
async fn everything(state: &dyn State) -> Result<Vec<String>, Failure> {
    fn told(method: &str, answer: impl Debug) -> String {
        format!("{method}: {answer:?}")
    }
    let (sync, far, hub) = (rows::sync("s"), rows::account_id("far"), rows::account_id("hub"));
    let people = rows::collection("people");
    let key: StreamKey = rows::stream_key("far", Kind::Contact, "people", u64::MAX);
    let accounts: [&AccountId; 2] = [&far, &hub];
    let mut answers = Vec::new();
    for account in accounts {
        answers.push(told("account", state.account(account).await?));
    }
    answers.push(told("stream", state.stream(&key).await?));
    answers.push(told("streams", state.streams(&far, Kind::Contact).await?));
    answers.push(told("seen", state.seen(&far, Kind::Contact, &people, &rows::items(&["c1", "c2"])).await?));
    answers.push(told("seen_rows", all_of(state.seen_rows(SeenQuery::of(&far, Kind::Contact)), 9).await?));
    let keys = rows::texts(&["k1", "k2", "k3"]);
    answers.push(told("seen_by_keys", state.seen_by_keys(&far, Kind::Contact, &keys, 9).await?));
    answers.push(told("link", state.link("l1").await?));
    answers.push(told("links_of_hub", state.links_of_hub(&sync, &rows::items(&["h1", "h2"])).await?));
    answers.push(told("links_of_far", state.links_of_far(&sync, &far, &people, &rows::items(&["c1", "c2"])).await?));
    answers.push(told("links", all_of(state.links(LinkQuery::of(&sync)), 9).await?));
    answers.push(told("count_links", state.count_links(LinkQuery::of(&sync)).await?));
    answers.push(told("bases", state.bases(&rows::texts(&["l1", "l2"])).await?));
    answers.push(told("stamps", state.stamps(&hub, Kind::Contact, &rows::item("h1")).await?));
    answers.push(told("intents", all_of(state.intents(&sync), 9).await?));
    answers.push(told("steps", all_of(state.steps(7), 9).await?));
    answers.push(told("last_run", state.last_run().await?));
    answers.push(told("runs", all_of(state.runs(None), 9).await?));
    answers.push(told("progress", state.progress(&sync, &key).await?));
    answers.push(told("tombstones", state.tombstones(&sync, &rows::texts(&["t1", "t2"])).await?));
    answers.push(told("journal", all_of(state.journal(JournalQuery::default()), 9).await?));
    answers.push(told("approval", state.approval("a1").await?));
    answers.push(told("approvals", state.approvals(&sync).await?));
    answers.push(told("quarantine", all_of(state.quarantine(&sync), 9).await?));
    answers.push(told("sync", state.sync(&sync).await?));
    answers.push(told("syncs", state.syncs().await?));
    Ok(answers)
}

//! Commits: all or nothing, in order, durable, seen by every later read.

use super::{Verdict, all_of, case, everything, open};
use crate::state::{
    Case, Place, rows,
    verdict::{check, refused, same},
};
use pimkit_core::{JournalQuery, JournalRow, Kind, LinkQuery, LinkState, SeenQuery, SeenRow, Side, StateChange};

pub(super) const CASES: &[Case] = &[
    case!(an_empty_store_answers_nothing),
    case!(every_row_is_read_back_as_it_was_written),
    case!(what_a_commit_returned_for_outlives_the_process),
    case!(a_row_replaces_the_row_with_its_key),
    case!(the_changes_of_a_batch_apply_in_order),
    case!(a_refused_batch_leaves_nothing_behind),
    case!(an_empty_batch_is_taken),
    case!(what_is_not_there_can_be_forgotten),
    case!(everything_that_can_be_forgotten_is_forgotten),
];

async fn an_empty_store_answers_nothing(place: &mut dyn Place) -> Verdict {
    let state = place.open().await?;
    let empty = [
        "account: None",
        "account: None",
        "stream: None",
        "streams: []",
        "seen: [None, None]",
        "seen_rows: []",
        "seen_by_keys: [[], [], []]",
        "link: None",
        "links_of_hub: [None, None]",
        "links_of_far: [None, None]",
        "links: []",
        "count_links: 0",
        "bases: [None, None]",
        "stamps: None",
        "intents: []",
        "steps: []",
        "last_run: 0",
        "runs: []",
        "progress: None",
        "tombstones: []",
        "journal: []",
        "approval: None",
        "approvals: []",
        "quarantine: []",
        "sync: None",
        "syncs: []",
    ];
    same!(everything(&*state).await?, empty, "the answers of an empty store");
    same!(state.seen(&"far".into(), Kind::Contact, &"people".into(), &[]).await?, [], "sightings of no ids");
    same!(state.tombstones(&"s".into(), &[]).await?, [], "tombstones of no keys");
    Ok(())
}

async fn every_row_is_read_back_as_it_was_written(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    store.commit(rows::one_of_each()).await?;
    let (state, far, sync) = (&store.state, rows::account_id("far"), rows::sync("s"));
    let key = rows::stream_key("far", Kind::Contact, "people", u64::MAX);
    let people = rows::collection("people");
    let sighting = SeenRow { keys: rows::texts(&["k1", "k2"]), ..rows::seen("far", Kind::Contact, "people", "c1") };
    let link = rows::link("l1", "s", Some("h1"), "people", Some("c1"));
    same!(state.account(&far).await?, Some(rows::account("far")), "the account");
    same!(state.stream(&key).await?, Some(rows::stream(key.clone())), "the stream");
    same!(state.streams(&far, Kind::Contact).await?, [rows::stream(key.clone())], "the streams");
    same!(state.seen(&far, Kind::Contact, &people, &[rows::item("c1")]).await?, [Some(sighting.clone())], "the sighting by id");
    same!(all_of(state.seen_rows(SeenQuery::of(&far, Kind::Contact)), 1).await?, [sighting], "the sighting by query");
    same!(state.link("l1").await?, Some(link.clone()), "the link");
    same!(state.links_of_hub(&sync, &[rows::item("h1")]).await?, [Some(link.clone())], "the link of the hub record");
    same!(state.links_of_far(&sync, &far, &people, &[rows::item("c1")]).await?, [Some(link.clone())], "the link of the far item");
    same!(all_of(state.links(LinkQuery::of(&sync)), 1).await?, [link], "the link by query");
    same!(state.bases(&rows::texts(&["l1"])).await?, [Some(rows::base("l1"))], "the base");
    let stamps = state.stamps(&rows::account_id("hub"), Kind::Contact, &rows::item("h1")).await?;
    same!(stamps, Some(rows::stamps("hub", Kind::Contact, "h1")), "the stamps");
    same!(all_of(state.intents(&sync), 1).await?, [rows::intent("i1", "s", 1)], "the intent");
    same!(all_of(state.steps(7), 1).await?, [rows::step(7, 1, "s")], "the step");
    same!(all_of(state.runs(Some(&sync)), 1).await?, [rows::run(7, "s")], "the run");
    same!(state.progress(&sync, &key).await?, Some(rows::progress("s", key)), "the progress");
    same!(state.tombstones(&sync, &rows::texts(&["t1"])).await?, [rows::tombstone("s", "l0", &["t1"])], "the tombstone");
    let journal = JournalRow { seq: 1, ..rows::journal(7, "s", Some("h1"), Some("c1")) };
    let found: Vec<JournalRow> = all_of(state.journal(JournalQuery::default()), 1).await?;
    let placed = found.iter().map(|row| JournalRow { seq: row.seq.min(1), ..row.clone() }).collect::<Vec<_>>();
    same!(placed, [journal], "the journal row, wherever it was placed");
    same!(state.approval("a1").await?, Some(rows::approval("a1", "s")), "the approval");
    same!(all_of(state.quarantine(&sync), 1).await?, [rows::quarantine("s", Side::Right, "bad")], "the quarantined item");
    same!(state.sync(&sync).await?, Some(rows::standing("s")), "how the sync stands");
    same!(state.syncs().await?, [sync], "the syncs");
    Ok(())
}

async fn what_a_commit_returned_for_outlives_the_process(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    store.commit(rows::one_of_each()).await?;
    let before = everything(&*store.state).await?;
    drop(store);
    let state = place.open().await?;
    same!(everything(&*state).await?, before, "what the next process reads");
    Ok(())
}

async fn a_row_replaces_the_row_with_its_key(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    store.commit(rows::one_of_each()).await?;
    let key = rows::stream_key("far", Kind::Contact, "people", u64::MAX);
    let other = |mut link: pimkit_core::LinkRow| {
        link.note = None;
        link
    };
    let mut account = rows::account("far");
    account.endpoints = None;
    let mut stream = rows::stream(key.clone());
    stream.page = None;
    let mut sighting = rows::seen("far", Kind::Contact, "people", "c1");
    sighting.record = None;
    let mut base = rows::base("l1");
    base.hub.clear();
    let mut stamps = rows::stamps("hub", Kind::Contact, "h1");
    stamps.stamps.clear();
    let mut intent = rows::intent("i1", "s", 1);
    intent.target = None;
    let mut step = rows::step(7, 1, "s");
    step.done = Some("held".into());
    let mut run = rows::run(7, "s");
    run.finished = None;
    let mut standing = rows::standing("s");
    standing.why = None;
    let mut progress = rows::progress("s", key);
    progress.run = 7;
    let mut tombstone = rows::tombstone("s", "l0", &["t1"]);
    tombstone.evidence = "gone by id".into();
    let mut approval = rows::approval("a1", "s");
    approval.granted = None;
    let mut quarantine = rows::quarantine("s", Side::Right, "bad");
    quarantine.tries = 4;
    let changes = vec![
        StateChange::Account(account),
        StateChange::Stream(stream),
        StateChange::Seen(Box::new(sighting)),
        StateChange::Link(Box::new(other(rows::link("l1", "s", Some("h1"), "people", Some("c1"))))),
        StateChange::Base(Box::new(base)),
        StateChange::Stamps(stamps),
        StateChange::Intent(Box::new(intent)),
        StateChange::Step(Box::new(step)),
        StateChange::Sync(Box::new(standing)),
        StateChange::Run(run),
        StateChange::Progress(progress),
        StateChange::Tombstone(Box::new(tombstone)),
        StateChange::Approval(Box::new(approval)),
        StateChange::Quarantine(Box::new(quarantine)),
    ];
    let expected = {
        // The same changes on a store that never had the first rows, and the one journal row.
        let mut changes = changes.clone();
        changes.push(StateChange::Journal(Box::new(rows::journal(7, "s", Some("h1"), Some("c1")))));
        changes
    };
    store.commit(changes).await?;
    let found = everything(&*store.state).await?;
    drop(store);
    let mirror = crate::state::MemoryState::new();
    let lease = pimkit_core::State::acquire(&mirror, &super::component()).await?;
    pimkit_core::State::commit(&mirror, &lease, expected).await?;
    same!(found, everything(&mirror).await?, "the rows after they were replaced");
    Ok(())
}

async fn the_changes_of_a_batch_apply_in_order(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let (far, people) = (rows::account_id("far"), rows::collection("people"));
    let sighting = |epoch| StateChange::Seen(Box::new(SeenRow { epoch, ..rows::seen("far", Kind::Contact, "people", "c1") }));
    let named = |epoch| StateChange::Named {
        account: far.clone(),
        kind: Kind::Contact,
        collection: people.clone(),
        items: rows::items(&["c1"]),
        epoch,
    };
    let dropped = StateChange::DropSeen { account: far.clone(), kind: Kind::Contact, collection: people.clone(), item: rows::item("c1") };
    for (what, changes, epoch) in [
        ("a sighting, then named", vec![sighting(3), named(9)], Some(9)),
        ("named, then sighted", vec![named(10), sighting(4)], Some(4)),
        ("dropped, then sighted", vec![dropped.clone(), sighting(5)], Some(5)),
        ("sighted, then dropped", vec![sighting(6), dropped.clone()], None),
        ("dropped, then named", vec![dropped, named(11)], None),
    ] {
        store.commit(changes).await?;
        let found = store.state.seen(&far, Kind::Contact, &people, &rows::items(&["c1"])).await?;
        same!(found.first().and_then(|row| row.as_ref()).map(|row| row.epoch), epoch, "{what}");
    }
    Ok(())
}

async fn a_refused_batch_leaves_nothing_behind(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    store.commit(vec![StateChange::Link(Box::new(rows::link("first", "s", Some("taken"), "people", Some("taken"))))]).await?;
    let before = everything(&*store.state).await?;
    let second = StateChange::Link(Box::new(rows::link("second", "s", Some("taken"), "people", None)));
    for place in ["last", "first"] {
        let mut changes = rows::one_of_each();
        changes.insert(if place == "last" { changes.len() } else { 0 }, second.clone());
        changes.insert(0, StateChange::DropLink("nothing".into()));
        refused!(store.commit(changes).await, InvalidData, "a batch whose {place} link claims a hub record twice");
        same!(everything(&*store.state).await?, before, "the store after a batch was refused for its {place} link");
    }
    let forgetting =
        vec![StateChange::DropLink("first".into()), StateChange::Link(Box::new(rows::link("third", "s", None, "people", Some("x")))), {
            StateChange::Link(Box::new(rows::link("fourth", "s", None, "people", Some("x"))))
        }];
    refused!(store.commit(forgetting).await, InvalidData, "two links of one far item in a batch that also forgets");
    same!(everything(&*store.state).await?, before, "the store after a batch that also forgets was refused");
    // Nor does the batch come back later: the next commit and the next process see the same.
    store.commit(rows::one_of_each()).await?;
    let found = store.state.links_of_hub(&rows::sync("s"), &rows::items(&["taken", "h1"])).await?;
    let ids: Vec<_> = found.iter().map(|link| link.as_ref().map(|l| l.id.as_str())).collect();
    same!(ids, [Some("first"), Some("l1")], "the links after the next batch");
    drop(store);
    let state = place.open().await?;
    same!(state.count_links(LinkQuery::of(&rows::sync("s"))).await?, 2, "the links that the next process finds");
    Ok(())
}

async fn an_empty_batch_is_taken(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    store.commit(Vec::new()).await?;
    store.commit(rows::one_of_each()).await?;
    let before = everything(&*store.state).await?;
    store.commit(Vec::new()).await?;
    same!(everything(&*store.state).await?, before, "the store after an empty batch");
    Ok(())
}

/// Every change that forgets or marks, aimed at the rows of [`rows::one_of_each`].
fn forgetting() -> Vec<StateChange> {
    let key = rows::stream_key("far", Kind::Contact, "people", u64::MAX);
    let (account, collection) = (rows::account_id("far"), rows::collection("people"));
    vec![
        StateChange::DropStream(key),
        StateChange::DropSeen { account: account.clone(), kind: Kind::Contact, collection: collection.clone(), item: rows::item("c1") },
        StateChange::DropLink("l1".into()),
        StateChange::Settled("i1".into()),
        StateChange::DropSteps(7),
        StateChange::DropTombstone { sync: rows::sync("s"), link: "l0".into() },
        StateChange::Released {
            sync: rows::sync("s"),
            side: Side::Right,
            account: account.clone(),
            kind: Kind::User,
            collection: collection.clone(),
            item: rows::item("bad"),
        },
        // After the rows are gone there is nothing that these could mark.
        StateChange::StepDone { run: 7, step: 1, done: "applied".into() },
        StateChange::Named { account, kind: Kind::Contact, collection, items: rows::items(&["c1"]), epoch: 9 },
    ]
}

async fn what_is_not_there_can_be_forgotten(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let empty = everything(&*store.state).await?;
    store.commit(forgetting()).await?;
    same!(everything(&*store.state).await?, empty, "an empty store after everything was forgotten and marked");
    Ok(())
}

async fn everything_that_can_be_forgotten_is_forgotten(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    store.commit(rows::one_of_each()).await?;
    store.commit(forgetting()).await?;
    let answers = everything(&*store.state).await?;
    for gone in [
        "stream: None",
        "streams: []",
        "seen: [None, None]",
        "seen_rows: []",
        "seen_by_keys: [[], [], []]",
        "link: None",
        "links_of_hub: [None, None]",
        "links_of_far: [None, None]",
        "links: []",
        "count_links: 0",
        "bases: [None, None]",
        "intents: []",
        "steps: []",
        "tombstones: []",
        "quarantine: []",
    ] {
        check!(answers.iter().any(|answer| answer == gone), "after everything was forgotten, not \"{gone}\": {answers:?}");
    }
    // An archived link claims nothing, so that forgetting it must not free what another one holds.
    let shadow = pimkit_core::LinkRow { state: LinkState::Archived, ..rows::link("shadow", "s", Some("h"), "people", Some("c")) };
    let live = rows::link("live", "s", Some("h"), "people", Some("c"));
    store.commit(vec![StateChange::Link(Box::new(shadow)), StateChange::Link(Box::new(live))]).await?;
    store.commit(vec![StateChange::DropLink("shadow".into())]).await?;
    let found = store.state.links_of_hub(&rows::sync("s"), &rows::items(&["h"])).await?;
    same!(found.iter().flatten().map(|l| l.id.as_str()).collect::<Vec<_>>(), ["live"], "the live link after its shadow was forgotten");
    Ok(())
}

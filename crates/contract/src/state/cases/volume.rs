//! Odd ids, many rows, streams that are dropped or written under.

use super::{Verdict, all_of, case, component, open};
use crate::state::{
    Case, Place, rows,
    verdict::{check, same},
};
use futures::{StreamExt, TryStreamExt};
use pimkit_core::{IntentRow, JournalQuery, JournalRow, Kind, LinkQuery, SeenQuery, SeenRow, StateChange, StepRow};
use std::collections::BTreeSet;

pub(super) const CASES: &[Case] = &[
    case!(odd_ids_are_kept_apart_and_come_back_as_they_were),
    case!(odd_ids_are_names_of_everything),
    case!(a_stream_can_be_dropped_midway),
    case!(no_row_comes_twice_while_rows_are_written),
    case!(streams_begin_when_they_are_read),
    case!(ten_thousand_rows_are_written_read_and_replaced),
    case!(a_great_row_is_kept_whole),
];

async fn odd_ids_are_kept_apart_and_come_back_as_they_were(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let long = "long ".repeat(2000);
    let ids: Vec<&str> = rows::ODD.iter().copied().chain([long.as_str()]).collect();
    let sighting = |id: &&str| SeenRow { keys: rows::texts(&[id]), ..rows::seen("far", Kind::Contact, "people", id) };
    let link = |id: &&str| rows::link(id, "s", Some(id), "people", Some(id));
    let mut changes: Vec<StateChange> = ids.iter().map(|id| StateChange::Seen(Box::new(sighting(id)))).collect();
    changes.extend(ids.iter().map(|id| StateChange::Link(Box::new(link(id)))));
    changes.extend(ids.iter().map(|id| StateChange::Base(Box::new(rows::base(id)))));
    store.commit(changes).await?;
    drop(store);
    let store = open(place).await?;
    let (items, texts) = (rows::items(&ids), rows::texts(&ids));
    let found = store.state.seen(&"far".into(), Kind::Contact, &"people".into(), &items).await?;
    for (id, found) in ids.iter().zip(found) {
        same!(found, Some(sighting(id)), "the sighting of {id:?}");
    }
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    let found = all_of(store.state.seen_rows(SeenQuery::of(&"far".into(), Kind::Contact)), ids.len()).await?;
    same!(found.iter().map(|row| row.item.as_str()).collect::<Vec<_>>(), sorted, "odd items, in order");
    let found = store.state.seen_by_keys(&"far".into(), Kind::Contact, &texts, 9).await?;
    for (id, found) in ids.iter().zip(found) {
        same!(found, [("people".into(), rows::item(id))], "the places of the key {id:?}");
    }
    let expected: Vec<_> = ids.iter().map(|id| Some(link(id))).collect();
    same!(store.state.links_of_hub(&"s".into(), &items).await?, expected, "links of odd hub records");
    same!(store.state.links_of_far(&"s".into(), &"far".into(), &"people".into(), &items).await?, expected, "links of odd far items");
    let found = all_of(store.state.links(LinkQuery::of(&"s".into())), ids.len()).await?;
    same!(found.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), sorted, "odd links, in order");
    let expected: Vec<_> = ids.iter().map(|id| Some(rows::base(id))).collect();
    same!(store.state.bases(&texts).await?, expected, "bases of odd links");
    Ok(())
}

async fn odd_ids_are_names_of_everything(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    for id in rows::ODD {
        let key = rows::stream_key(id, Kind::Task, id, 1);
        let mut quarantined = rows::quarantine(id, pimkit_core::Side::Left, id);
        quarantined.collection = (*id).into();
        let row = JournalRow { action: (*id).into(), ..rows::journal(1, id, Some(id), None) };
        store
            .commit(vec![
                StateChange::Account(rows::account(id)),
                StateChange::Stream(rows::stream(key.clone())),
                StateChange::Stamps(rows::stamps(id, Kind::Task, id)),
                StateChange::Intent(Box::new(rows::intent(id, id, 1))),
                StateChange::Progress(rows::progress(id, key)),
                StateChange::Tombstone(Box::new(rows::tombstone(id, id, &[id]))),
                StateChange::Journal(Box::new(row)),
                StateChange::Approval(Box::new(rows::approval(id, id))),
                StateChange::Quarantine(Box::new(quarantined)),
            ])
            .await?;
    }
    let state = &store.state;
    for id in rows::ODD {
        let key = rows::stream_key(id, Kind::Task, id, 1);
        let sync = rows::sync(id);
        same!(state.account(&(*id).into()).await?, Some(rows::account(id)), "the account {id:?}");
        same!(state.stream(&key).await?, Some(rows::stream(key.clone())), "the stream {id:?}");
        same!(state.streams(&(*id).into(), Kind::Task).await?, [rows::stream(key.clone())], "the streams of {id:?}");
        same!(state.stamps(&(*id).into(), Kind::Task, &(*id).into()).await?, Some(rows::stamps(id, Kind::Task, id)), "stamps of {id:?}");
        same!(all_of(state.intents(&sync), 1).await?, [rows::intent(id, id, 1)], "the intents of {id:?}");
        same!(state.progress(&sync, &key).await?, Some(rows::progress(id, key)), "the progress of {id:?}");
        same!(state.tombstones(&sync, &rows::texts(&[id])).await?, [rows::tombstone(id, id, &[id])], "the tombstones of {id:?}");
        let query = JournalQuery { sync: Some(sync.clone()), run: None, item: Some((*id).into()) };
        same!(all_of(state.journal(query), 1).await?.len(), 1, "the journal of {id:?}");
        same!(state.approvals(&sync).await?, [rows::approval(id, id)], "the approvals of {id:?}");
        let found = all_of(state.quarantine(&sync), 1).await?;
        same!(found.first().map(|row| (row.collection.as_str(), row.item.as_str())), Some((*id, *id)), "the quarantine of {id:?}");
    }
    let found: BTreeSet<String> = state.syncs().await?.into_iter().map(String::from).collect();
    same!(found, rows::ODD.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>(), "odd syncs");
    Ok(())
}

/// Sightings named by their numbers, and a round that named them.
fn sightings(numbers: impl Iterator<Item = u32>) -> Vec<StateChange> {
    let row = |n| SeenRow { hash: u64::from(n), ..rows::seen("far", Kind::Contact, "people", &format!("{n:06}")) };
    numbers.map(|n| StateChange::Seen(Box::new(row(n)))).collect()
}

async fn a_stream_can_be_dropped_midway(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    store.commit(sightings(0..1200)).await?;
    for taken in [0, 1, 499, 500, 501, 777, 1200] {
        let mut stream = store.state.seen_rows(SeenQuery::of(&"far".into(), Kind::Contact));
        for n in 0..taken {
            let row = stream.try_next().await?;
            same!(row.map(|row| row.hash), Some(n), "row {n} of a stream");
        }
        drop(stream);
        // Nothing is left behind that a commit would have to wait for.
        store.commit(sightings(0..3)).await?;
    }
    // Two at once, and the store and its lease gone before they are read out.
    let mut streams = [0, 1].map(|_| store.state.seen_rows(SeenQuery::of(&"far".into(), Kind::Contact)));
    drop(store);
    let mut counts = [0, 0];
    loop {
        let mut over = true;
        for (stream, count) in streams.iter_mut().zip(&mut counts) {
            if stream.try_next().await?.is_some() {
                (*count, over) = (*count + 1, false);
            }
        }
        if over {
            break;
        }
    }
    same!(counts, [1200, 1200], "the rows of two streams that were read in turn");
    Ok(())
}

async fn no_row_comes_twice_while_rows_are_written(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    store.commit(sightings((0..1500).map(|n| n * 2))).await?;
    let steps = |n: u64| StateChange::Step(Box::new(StepRow { done: None, ..rows::step(1, n, "s") }));
    store.commit((0..1500).map(steps).collect()).await?;
    let intent = |n: u32, at: u32| IntentRow { at: rows::moment(at), ..rows::intent(&format!("{n}"), "s", 1) };
    store.commit((0..1500).map(|n| StateChange::Intent(Box::new(intent(n, n)))).collect()).await?;
    store.commit((0..1500).map(|_| StateChange::Journal(Box::new(rows::journal(1, "s", None, None)))).collect()).await?;
    let mut seen = store.state.seen_rows(SeenQuery::of(&"far".into(), Kind::Contact));
    let mut plan = store.state.steps(1);
    let mut intents = store.state.intents(&"s".into());
    let mut journal = store.state.journal(JournalQuery::default());
    let (mut items, mut places, mut ids, mut entries) = (Vec::new(), Vec::new(), Vec::new(), 0_u32);
    for turn in 0..1500_u32 {
        if let Some(row) = seen.try_next().await? {
            items.push(row.item);
        }
        places.extend(plan.try_next().await?.map(|row| row.step));
        ids.extend(intents.try_next().await?.map(|row| row.id));
        entries += u32::from(journal.try_next().await?.is_some());
        if turn % 100 == 50 {
            // Rows before and after the place that is being read: made, replaced, marked, moved in time.
            let mut changes = sightings([turn * 2 - 1, turn * 2 + 1, turn * 2 - 2, turn * 2, 0, 2998].into_iter());
            changes.push(StateChange::StepDone { run: 1, step: u64::from(turn) - 20, done: "applied".into() });
            changes.push(StateChange::StepDone { run: 1, step: u64::from(turn), done: "applied".into() });
            changes.push(StateChange::Intent(Box::new(intent(turn - 20, 9000 + turn))));
            changes.push(StateChange::Intent(Box::new(intent(turn, 9000 + turn))));
            changes.push(StateChange::Journal(Box::new(rows::journal(1, "s", None, None))));
            store.commit(changes).await?;
        }
    }
    items.extend(seen.map_ok(|row| row.item).try_collect::<Vec<_>>().await?);
    places.extend(plan.map_ok(|row| row.step).try_collect::<Vec<_>>().await?);
    ids.extend(intents.map_ok(|row| row.id).try_collect::<Vec<_>>().await?);
    entries += u32::try_from(journal.count().await).unwrap_or(u32::MAX);
    check!(items.is_sorted_by(|a, b| a < b), "a sighting came twice, or out of order, while sightings were written");
    let found: BTreeSet<&str> = items.iter().map(|item| item.as_str()).collect();
    let missing = (0..1500).map(|n| format!("{:06}", n * 2)).find(|id| !found.contains(id.as_str()));
    same!(missing, None, "a sighting that was there all the time and did not come");
    same!(places, (0..1500).collect::<Vec<u64>>(), "the steps, read while they are marked");
    same!(ids, (0..1500).map(|n| n.to_string()).collect::<Vec<_>>(), "the intents, read while they are written again");
    check!((1500..=1515).contains(&entries), "{entries} journal rows came of 1500 to 1515");
    Ok(())
}

async fn streams_begin_when_they_are_read(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let stream = store.state.seen_rows(SeenQuery::of(&"far".into(), Kind::Contact));
    store.commit(sightings(0..2)).await?;
    same!(stream.count().await, 2, "rows committed before a stream was first read");
    Ok(())
}

async fn ten_thousand_rows_are_written_read_and_replaced(place: &mut dyn Place) -> Verdict {
    const ROWS: u32 = 10_000;
    let store = open(place).await?;
    let id = |n: u32| format!("{n:06}");
    for chunk in (0..ROWS).collect::<Vec<_>>().chunks(500) {
        let mut changes = sightings(chunk.iter().copied());
        for n in chunk {
            changes.push(StateChange::Link(Box::new(rows::link(&id(*n), "s", Some(&id(*n)), "people", Some(&id(*n))))));
        }
        store.commit(changes).await?;
    }
    let items: Vec<_> = (0..ROWS).map(|n| rows::item(&id(n))).collect();
    for chunk in (0..ROWS).collect::<Vec<_>>().chunks(500) {
        let named = chunk.iter().filter(|n| **n % 2 == 0).map(|n| rows::item(&id(*n))).collect();
        let change = StateChange::Named { account: "far".into(), kind: Kind::Contact, collection: "people".into(), items: named, epoch: 2 };
        store.commit(vec![change]).await?;
    }
    drop(store);
    let state = place.open().await?;
    let lease = state.acquire(&component()).await?;
    let query = SeenQuery { epoch_before: Some(2), ..SeenQuery::of(&"far".into(), Kind::Contact) };
    let mut rows = state.seen_rows(query);
    let mut count = 0_u64;
    while let Some(row) = rows.try_next().await? {
        same!(row.hash, count * 2 + 1, "row {count} that the round did not name");
        count += 1;
    }
    same!(count, u64::from(ROWS / 2), "rows that the round did not name");
    let found = state.links_of_hub(&"s".into(), &items).await?;
    same!(found.iter().flatten().count(), items.len(), "links by 10,000 hub records in one call");
    same!(state.count_links(LinkQuery::of(&"s".into())).await?, u64::from(ROWS), "links in all");
    // All in one batch, too.
    let drop_all = (0..ROWS).map(|n| StateChange::DropLink(id(n))).collect();
    state.commit(&lease, drop_all).await?;
    same!(state.count_links(LinkQuery::of(&"s".into())).await?, 0, "links after all were dropped");
    Ok(())
}

async fn a_great_row_is_kept_whole(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let record: Vec<u8> = (0..8_000_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    let great = SeenRow { record: Some(record), ..rows::seen("far", Kind::Contact, "people", "great") };
    let empty = SeenRow { record: Some(Vec::new()), ..rows::seen("far", Kind::Contact, "people", "empty") };
    let none = SeenRow { record: None, ..rows::seen("far", Kind::Contact, "people", "none") };
    let all = [empty, great, none];
    store.commit(all.iter().cloned().map(|row| StateChange::Seen(Box::new(row))).collect()).await?;
    let found = all_of(store.state.seen_rows(SeenQuery::of(&"far".into(), Kind::Contact)), 3).await?;
    check!(found == all, "rows with a record of 8 MB, an empty one and none are not what they were");
    Ok(())
}

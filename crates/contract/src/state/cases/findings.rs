//! What is kept for people: journal, tombstones, approvals, quarantine, and which syncs there are.

use super::{Verdict, all_of, case, open};
use crate::state::{
    Case, Place, rows,
    verdict::{check, same},
};
use pimkit_core::{ApprovalRow, JournalQuery, JournalRow, Kind, LinkQuery, Side, StateChange, TombstoneRow};
use std::collections::BTreeSet;

pub(super) const CASES: &[Case] = &[
    case!(journal_rows_get_places_that_grow_over_processes),
    case!(a_journal_row_that_has_a_place_keeps_it),
    case!(journal_rows_that_are_dropped_are_gone_and_their_places_are_not_given_again),
    case!(the_journal_is_read_by_sync_run_and_item_oldest_first),
    case!(tombstones_are_found_by_their_keys_and_by_their_items),
    case!(approvals_wait_until_they_are_used_up),
    case!(quarantined_items_are_told_apart_by_every_part_of_their_key),
    case!(a_sync_is_named_as_long_as_it_has_a_row),
];

fn entry(row: JournalRow) -> StateChange {
    StateChange::Journal(Box::new(row))
}

async fn journal_rows_get_places_that_grow_over_processes(place: &mut dyn Place) -> Verdict {
    for process in 1..=3_u64 {
        let store = open(place).await?;
        let rows = (0..700_u64).map(|n| JournalRow { why: format!("{process} {n}"), ..rows::journal(process, "s", None, None) });
        store.commit(rows.map(entry).collect()).await?;
    }
    let state = place.open().await?;
    let found = all_of(state.journal(JournalQuery::default()), 2100).await?;
    let whys: Vec<&str> = found.iter().map(|row| row.why.as_str()).collect();
    let expected: Vec<String> = (1..=3).flat_map(|process| (0..700).map(move |n| format!("{process} {n}"))).collect();
    check!(whys == expected, "{} journal rows expected in the order of their commits, {} came", expected.len(), whys.len());
    check!(found.first().is_some_and(|row| row.seq > 0), "the first journal row has no place");
    check!(found.is_sorted_by(|a, b| a.seq < b.seq), "the places of the journal rows do not grow");
    Ok(())
}

async fn a_journal_row_that_has_a_place_keeps_it(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let row = |seq, why: &str| JournalRow { seq, why: why.into(), ..rows::journal(1, "s", Some("h"), None) };
    store.commit(vec![entry(row(5, "five")), entry(row(0, "next")), entry(row(3, "three"))]).await?;
    store.commit(vec![entry(row(5, "five again")), entry(row(0, "last"))]).await?;
    let found = all_of(store.state.journal(JournalQuery::default()), 4).await?;
    let whys: Vec<&str> = found.iter().map(|row| row.why.as_str()).collect();
    same!(whys, ["three", "five again", "next", "last"], "the journal in the order of its places");
    Ok(())
}

async fn journal_rows_that_are_dropped_are_gone_and_their_places_are_not_given_again(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let row = |why: &str, hub: &str| JournalRow { why: why.into(), ..rows::journal(1, "s", Some(hub), None) };
    store.commit(vec![entry(row("one", "h")), entry(row("two", "g")), entry(row("three", "h"))]).await?;
    let places: Vec<u64> = all_of(store.state.journal(JournalQuery::default()), 3).await?.iter().map(|row| row.seq).collect();
    let [first, second, third] = places.as_slice() else { return Ok(()) };
    store.commit(vec![StateChange::DropJournal(vec![*first, *third, 4711])]).await?;
    store.commit(vec![entry(row("four", "h"))]).await?;
    let found = all_of(store.state.journal(JournalQuery::default()), 2).await?;
    same!(found.iter().map(|row| row.why.as_str()).collect::<Vec<_>>(), ["two", "four"], "what is left of the journal");
    check!(found.iter().all(|row| row.seq == *second || row.seq > *third), "the place of a dropped row was given again");
    let of_h = JournalQuery { item: Some("h".into()), ..JournalQuery::default() };
    same!(all_of(store.state.journal(of_h), 1).await?.len(), 1, "how many rows about h are left");
    Ok(())
}

async fn the_journal_is_read_by_sync_run_and_item_oldest_first(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let mut all = Vec::new();
    for n in 0..1500_u64 {
        let hub = (n % 5 != 0).then(|| format!("i{}", n % 7));
        let far = (n % 3 != 0).then(|| format!("i{}", n % 4));
        let sync = if n.is_multiple_of(2) { "s" } else { "t" };
        let mut row = rows::journal(n % 6, sync, hub.as_deref(), far.as_deref());
        row.why = n.to_string();
        all.push(row);
    }
    for chunk in all.chunks(400) {
        store.commit(chunk.iter().cloned().map(entry).collect()).await?;
    }
    for sync in [None, Some("s"), Some("t"), Some("u")] {
        for run in [None, Some(0), Some(4), Some(6), Some(u64::MAX)] {
            for item in [None, Some("i0"), Some("i3"), Some("i6"), Some("")] {
                let query = JournalQuery { sync: sync.map(Into::into), run, item: item.map(Into::into) };
                let wanted = |row: &&JournalRow| {
                    sync.is_none_or(|sync| row.sync.as_str() == sync)
                        && run.is_none_or(|run| row.run == run)
                        && item.is_none_or(|item| [&row.hub_item, &row.item].into_iter().flatten().any(|id| id.as_str() == item))
                };
                let expected: Vec<&str> = all.iter().filter(wanted).map(|row| row.why.as_str()).collect();
                let found = all_of(store.state.journal(query.clone()), expected.len()).await?;
                let found: Vec<&str> = found.iter().map(|row| row.why.as_str()).collect();
                check!(found == expected, "{query:?}: {} rows expected, {} came", expected.len(), found.len());
            }
        }
    }
    Ok(())
}

async fn tombstones_are_found_by_their_keys_and_by_their_items(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let put = |row: TombstoneRow| StateChange::Tombstone(Box::new(row));
    let without_items = TombstoneRow { hub_item: None, item: None, ..rows::tombstone("s", "c", &[""]) };
    store
        .commit(vec![put(rows::tombstone("s", "a", &["x", "y"])), put(rows::tombstone("s", "b", &["y", "y"])), put(without_items)])
        .await?;
    store.commit(vec![put(rows::tombstone("t", "a", &["x"]))]).await?;
    let check = async |what: &str, expected: [(&[&str], &[&str]); 8]| -> Verdict {
        for (keys, links) in expected {
            let found = store.state.tombstones(&"s".into(), &rows::texts(keys)).await?;
            let found: Vec<&str> = found.iter().map(|row| row.link.as_str()).collect();
            same!(found, links, "{what}: tombstones by {keys:?}");
        }
        Ok(())
    };
    check(
        "four tombstones",
        [
            (&["x"], &["a"]),
            (&["y"], &["a", "b"]),
            (&["x", "y", "x"], &["a", "b"]),
            (&["none"], &[]),
            (&[""], &["c"]),
            (&["hub of b"], &["b"]),
            (&["none", "far of a"], &["a"]),
            (&[], &[]),
        ],
    )
    .await?;
    store.commit(vec![put(rows::tombstone("s", "a", &["z"])), StateChange::DropTombstone { sync: "s".into(), link: "b".into() }]).await?;
    check(
        "after one got other keys and one was dropped",
        [
            (&["x"], &[]),
            (&["y"], &[]),
            (&["z"], &["a"]),
            (&["hub of b", "far of b"], &[]),
            (&[""], &["c"]),
            (&["hub of a"], &["a"]),
            (&["far of a", "z"], &["a"]),
            (&["X"], &[]),
        ],
    )
    .await?;
    same!(store.state.tombstones(&"t".into(), &rows::texts(&["x"])).await?, [rows::tombstone("t", "a", &["x"])], "those of another sync");
    Ok(())
}

async fn approvals_wait_until_they_are_used_up(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let asked = |id: &str| ApprovalRow { granted: None, ..rows::approval(id, "s") };
    let put = |row: ApprovalRow| StateChange::Approval(Box::new(row));
    store.commit(vec![put(asked("b")), put(asked("a")), put(rows::approval("c", "s")), put(rows::approval("d", "t"))]).await?;
    let open = store.state.approvals(&"s".into()).await?;
    same!(open.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["a", "b", "c"], "the approvals that wait or were granted");
    let granted = ApprovalRow { granted: Some(rows::moment(9)), ..asked("a") };
    let used = ApprovalRow { used: Some(rows::moment(10)), ..rows::approval("c", "s") };
    store.commit(vec![put(granted.clone()), put(used.clone())]).await?;
    same!(store.state.approvals(&"s".into()).await?, [granted.clone(), asked("b")], "the approvals after one was used up");
    for (id, row) in [("a", Some(granted)), ("c", Some(used)), ("e", None), ("", None)] {
        same!(store.state.approval(id).await?, row, "the approval {id:?}");
    }
    Ok(())
}

async fn quarantined_items_are_told_apart_by_every_part_of_their_key(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let mut all = Vec::new();
    for sync in ["s", "t"] {
        for side in [Side::Left, Side::Right] {
            for account in ["far", "hub"] {
                for kind in Kind::ALL {
                    for collection in ["one", ""] {
                        for n in 0..30 {
                            let mut row = rows::quarantine(sync, side, &format!("i{n}"));
                            (row.account, row.kind, row.collection) = (account.into(), kind, collection.into());
                            row.error = format!("{} {account} {kind:?} {collection} {n}", side.word());
                            all.push(row);
                        }
                    }
                }
            }
        }
    }
    for chunk in all.chunks(500) {
        store.commit(chunk.iter().cloned().map(|row| StateChange::Quarantine(Box::new(row))).collect()).await?;
    }
    let errors = |rows: &[pimkit_core::QuarantineRow]| rows.iter().map(|row| row.error.clone()).collect::<BTreeSet<_>>();
    for sync in ["s", "t"] {
        let of: Vec<_> = all.iter().filter(|row| row.sync.as_str() == sync).cloned().collect();
        let found = all_of(store.state.quarantine(&sync.into()), of.len()).await?;
        same!(found.len(), of.len(), "how many items of {sync} are quarantined");
        check!(errors(&found) == errors(&of), "other items of {sync} are quarantined than were put there");
    }
    let Some(released) = all.iter().find(|row| row.side == Side::Right && row.kind == Kind::Task && row.item.as_str() == "i7").cloned()
    else {
        return Ok(());
    };
    let pimkit_core::QuarantineRow { sync, side, account, kind, collection, item, error, .. } = released;
    store.commit(vec![StateChange::Released { sync: sync.clone(), side, account, kind, collection, item }]).await?;
    let found = errors(&all_of(store.state.quarantine(&sync), all.len()).await?);
    same!(found.len(), all.len() / 2 - 1, "how many are left after one was released");
    check!(!found.contains(&error), "another item than the released one is gone");
    Ok(())
}

async fn a_sync_is_named_as_long_as_it_has_a_row(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let stream = rows::stream_key("far", Kind::Contact, "people", 0);
    let changes = vec![
        StateChange::Link(Box::new(rows::link("l", "of a link", None, "people", None))),
        StateChange::Intent(Box::new(rows::intent("i", "of an intent", 0))),
        StateChange::Step(Box::new(rows::step(1, 1, "of a step"))),
        StateChange::Sync(Box::new(rows::standing("of a standing"))),
        StateChange::Run(rows::run(1, "")),
        StateChange::Progress(rows::progress("of progress", stream.clone())),
        StateChange::Tombstone(Box::new(rows::tombstone("of a tombstone", "l", &[]))),
        StateChange::Journal(Box::new(rows::journal(1, "of the journal", None, None))),
        StateChange::Approval(Box::new(rows::approval("a", "of an approval"))),
        StateChange::Quarantine(Box::new(rows::quarantine("of the quarantine", Side::Left, "q"))),
        // These belong to no sync.
        StateChange::Account(rows::account("far")),
        StateChange::Stream(rows::stream(stream)),
        StateChange::Seen(Box::new(rows::seen("far", Kind::Contact, "people", "c"))),
        StateChange::Base(Box::new(rows::base("l"))),
        StateChange::Stamps(rows::stamps("hub", Kind::Contact, "h")),
    ];
    store.commit(changes).await?;
    let named = |syncs: Vec<pimkit_core::SyncId>| syncs.into_iter().map(String::from).collect::<BTreeSet<_>>();
    let of = ["a link", "an intent", "a step", "a standing", "progress", "a tombstone", "the journal", "an approval", "the quarantine"];
    let mut expected: BTreeSet<String> = of.iter().map(|row| format!("of {row}")).collect();
    expected.insert(String::new());
    let syncs = store.state.syncs().await?;
    same!(syncs.len(), expected.len(), "how many syncs are named");
    same!(named(syncs), expected, "the syncs");
    store.commit(vec![StateChange::DropLink("l".into()), StateChange::Settled("i".into()), StateChange::DropSteps(1)]).await?;
    for gone in ["of a link", "of an intent", "of a step"] {
        expected.remove(gone);
    }
    same!(named(store.state.syncs().await?), expected, "the syncs after three lost their rows");
    same!(store.state.count_links(LinkQuery::of(&"of a link".into())).await?, 0, "the links of a sync that has none left");
    Ok(())
}

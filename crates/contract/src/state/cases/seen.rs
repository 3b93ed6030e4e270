//! Sightings: by id, by query, by key; rounds that name what is as it was.

use super::{Open, Verdict, all_of, case, open};
use crate::state::{
    Case, Failure, Place, rows,
    verdict::{check, same},
};
use pimkit_core::{CollectionId, ItemId, Kind, SeenQuery, SeenRow, StateChange};

pub(super) const CASES: &[Case] = &[
    case!(sightings_are_answered_one_per_id_in_order),
    case!(accounts_kinds_and_collections_are_kept_apart),
    case!(sightings_come_in_the_order_of_collection_and_item_over_many_pages),
    case!(a_query_finds_what_changed_after_a_run_and_what_a_round_did_not_name),
    case!(naming_items_sets_only_their_epoch),
    case!(items_are_found_by_their_keys_as_they_are_at_the_time),
    case!(no_more_places_are_answered_per_key_than_asked_for),
    case!(streams_are_told_apart_by_every_part_of_their_key),
];

fn sighting(row: SeenRow) -> StateChange {
    StateChange::Seen(Box::new(row))
}

async fn sightings_are_answered_one_per_id_in_order(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let row = |id: &str| rows::seen("far", Kind::Contact, "people", id);
    store.commit(["b", "a", "c"].map(|id| sighting(row(id))).into()).await?;
    let asked = rows::items(&["c", "x", "a", "c", "", "b"]);
    let found = store.state.seen(&"far".into(), Kind::Contact, &"people".into(), &asked).await?;
    same!(found, [Some(row("c")), None, Some(row("a")), Some(row("c")), None, Some(row("b"))], "the sightings asked for by id");
    Ok(())
}

async fn accounts_kinds_and_collections_are_kept_apart(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let mut wanted = Vec::new();
    for account in ["far", "hub", ""] {
        for kind in Kind::ALL {
            for collection in ["one", "two", ""] {
                let mut row = rows::seen(account, kind, collection, "the same");
                row.hash = wanted.len() as u64;
                row.keys = rows::texts(&["the same key"]);
                wanted.push(row);
            }
        }
    }
    store.commit(wanted.iter().cloned().map(sighting).collect()).await?;
    for row in &wanted {
        let found = store.state.seen(&row.account, row.kind, &row.collection, std::slice::from_ref(&row.item)).await?;
        same!(found, [Some(row.clone())], "the sighting in {:?} {:?} {:?}", row.account, row.kind, row.collection);
        let of = |other: &&SeenRow| other.account == row.account && other.kind == row.kind;
        let found = all_of(store.state.seen_rows(SeenQuery::of(&row.account, row.kind)), 3).await?;
        let mut expected: Vec<SeenRow> = wanted.iter().filter(of).cloned().collect();
        expected.sort_by(|a, b| a.collection.cmp(&b.collection));
        same!(found, expected, "the sightings of {:?} {:?}", row.account, row.kind);
        let found = all_of(store.state.seen_rows(SeenQuery::of(&row.account, row.kind).within(&row.collection)), 1).await?;
        same!(found.first(), Some(row), "the sightings within {:?}", row.collection);
        let found = store.state.seen_by_keys(&row.account, row.kind, &rows::texts(&["the same key"]), 9).await?;
        let places: Vec<_> = expected.iter().map(|r| (r.collection.clone(), r.item.clone())).collect();
        let mut found = found.into_iter().next().unwrap_or_default();
        found.sort();
        same!(found, places, "the places with a key in {:?} {:?}", row.account, row.kind);
    }
    let dropped = StateChange::DropSeen { account: "hub".into(), kind: Kind::Task, collection: "one".into(), item: "the same".into() };
    store.commit(vec![dropped]).await?;
    for row in &wanted {
        let found = store.state.seen(&row.account, row.kind, &row.collection, std::slice::from_ref(&row.item)).await?;
        let gone = row.account.as_str() == "hub" && row.kind == Kind::Task && row.collection.as_str() == "one";
        same!(found, [(!gone).then(|| row.clone())], "{:?} {:?} {:?} after one was dropped", row.account, row.kind, row.collection);
    }
    Ok(())
}

async fn sightings_come_in_the_order_of_collection_and_item_over_many_pages(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let mut wanted: Vec<(CollectionId, ItemId)> = Vec::new();
    for (collection, many) in [("b", 700_u32), ("", 3), ("a", 1100), ("c", 1), ("ä", 600)] {
        let ids: Vec<String> = (0..many).map(|n| format!("item {}", n.wrapping_mul(2_654_435_761))).collect();
        for chunk in ids.chunks(500) {
            let change = |id: &String| sighting(rows::seen("far", Kind::Event, collection, id));
            store.commit(chunk.iter().map(change).collect()).await?;
        }
        wanted.extend(ids.into_iter().map(|id| (collection.into(), id.into())));
    }
    wanted.sort();
    let found = places(&store, SeenQuery::of(&"far".into(), Kind::Event), wanted.len()).await?;
    check!(found == wanted, "{} rows expected in order, {} came: {:?}", wanted.len(), found.len(), first_difference(&found, &wanted));
    for within in ["a", "", "ä", "none"] {
        let query = SeenQuery::of(&"far".into(), Kind::Event).within(&within.into());
        let expected: Vec<_> = wanted.iter().filter(|(collection, _)| collection.as_str() == within).cloned().collect();
        let found = places(&store, query, expected.len()).await?;
        check!(found == expected, "within {within:?}: {:?}", first_difference(&found, &expected));
    }
    Ok(())
}

async fn places(store: &Open, query: SeenQuery, most: usize) -> Result<Vec<(CollectionId, ItemId)>, Failure> {
    Ok(all_of(store.state.seen_rows(query), most).await?.into_iter().map(|row| (row.collection, row.item)).collect())
}

fn first_difference<T: PartialEq>(found: &[T], wanted: &[T]) -> Option<usize> {
    (0..found.len().max(wanted.len())).find(|n| found.get(*n) != wanted.get(*n))
}

async fn a_query_finds_what_changed_after_a_run_and_what_a_round_did_not_name(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let row = |id: &str, changed, epoch| SeenRow { changed, epoch, ..rows::seen("far", Kind::Contact, "people", id) };
    store.commit(vec![sighting(row("a", 1, 5)), sighting(row("b", 2, 4)), sighting(row("c", 3, 3)), sighting(row("d", 0, 0))]).await?;
    for (changed_after, epoch_before, expected) in [
        (None, None, &["a", "b", "c", "d"][..]),
        (Some(0), None, &["a", "b", "c"]),
        (Some(2), None, &["c"]),
        (Some(3), None, &[]),
        (Some(u64::MAX), None, &[]),
        (None, Some(0), &[]),
        (None, Some(4), &["c", "d"]),
        (None, Some(5), &["b", "c", "d"]),
        (None, Some(u64::MAX), &["a", "b", "c", "d"]),
        (Some(1), Some(4), &["c"]),
        (Some(2), Some(3), &[]),
    ] {
        let query = SeenQuery { changed_after, epoch_before, ..SeenQuery::of(&"far".into(), Kind::Contact) };
        for query in [query.clone(), query.within(&"people".into())] {
            let found = places(&store, query, 4).await?;
            let found: Vec<&str> = found.iter().map(|(_, item)| item.as_str()).collect();
            same!(found, expected, "changed after {changed_after:?}, epoch before {epoch_before:?}");
        }
    }
    Ok(())
}

async fn naming_items_sets_only_their_epoch(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let row = |id: &str| SeenRow { keys: rows::texts(&["k"]), ..rows::seen("far", Kind::Contact, "people", id) };
    store.commit(["a", "b", "c"].map(|id| sighting(row(id))).into()).await?;
    store.commit(vec![sighting(SeenRow { account: "hub".into(), ..row("a") }), sighting(SeenRow { kind: Kind::Task, ..row("a") })]).await?;
    let named = StateChange::Named {
        account: "far".into(),
        kind: Kind::Contact,
        collection: "people".into(),
        items: rows::items(&["a", "unknown", "c", "a"]),
        epoch: 8,
    };
    store.commit(vec![named]).await?;
    let found = all_of(store.state.seen_rows(SeenQuery::of(&"far".into(), Kind::Contact)), 3).await?;
    let expected = [SeenRow { epoch: 8, ..row("a") }, row("b"), SeenRow { epoch: 8, ..row("c") }];
    same!(found, expected, "the sightings after a round named two of them");
    let query = SeenQuery { epoch_before: Some(8), ..SeenQuery::of(&"far".into(), Kind::Contact) };
    same!(places(&store, query, 3).await?, [("people".into(), "b".into())], "what the round did not name");
    for (account, kind) in [("hub", Kind::Contact), ("far", Kind::Task)] {
        let found = all_of(store.state.seen_rows(SeenQuery::of(&account.into(), kind)), 1).await?;
        same!(found.first().map(|row| row.epoch), Some(1), "the epoch of the namesake in {account} {kind:?}");
    }
    Ok(())
}

async fn items_are_found_by_their_keys_as_they_are_at_the_time(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let keyed = |id: &str, keys: &[&str]| SeenRow { keys: rows::texts(keys), ..rows::seen("far", Kind::Contact, "people", id) };
    let dropped = StateChange::DropSeen { account: "far".into(), kind: Kind::Contact, collection: "people".into(), item: "b".into() };
    let asked = rows::texts(&["y", "x", "none", "", "x"]);
    for (what, change, expected) in [
        ("first keys", sighting(keyed("a", &["x", "y"])), [&["a"][..], &["a"], &[], &[], &["a"]]),
        ("another item with one of them", sighting(keyed("b", &["x", ""])), [&["a"], &["a", "b"], &[], &["b"], &["a", "b"]]),
        ("a key less", sighting(keyed("a", &["y"])), [&["a"], &["b"], &[], &["b"], &["b"]]),
        ("a key twice in one row", sighting(keyed("a", &["y", "x", "y"])), [&["a"], &["a", "b"], &[], &["b"], &["a", "b"]]),
        ("an item gone", dropped, [&["a"], &["a"], &[], &[], &["a"]]),
        ("other case", sighting(keyed("a", &["Y", "X"])), [&[], &[], &[], &[], &[]]),
        ("no keys", sighting(keyed("a", &[])), [&[], &[], &[], &[], &[]]),
    ] {
        store.commit(vec![change]).await?;
        let found = store.state.seen_by_keys(&"far".into(), Kind::Contact, &asked, 9).await?;
        let found: Vec<Vec<String>> = found
            .into_iter()
            .map(|mut places| {
                places.sort();
                places.into_iter().map(|(_, item)| item.into()).collect()
            })
            .collect();
        same!(found, expected.map(<[&str]>::to_vec), "{what}");
    }
    Ok(())
}

async fn no_more_places_are_answered_per_key_than_asked_for(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let row = |n: u32| SeenRow { keys: rows::texts(&["common"]), ..rows::seen("far", Kind::Contact, "people", &format!("{n:03}")) };
    store.commit((0..40).map(|n| sighting(row(n))).collect()).await?;
    for (limit, expected) in [(0, 0), (1, 1), (39, 39), (40, 40), (u32::MAX, 40)] {
        let found = store.state.seen_by_keys(&"far".into(), Kind::Contact, &rows::texts(&["common", "rare"]), limit).await?;
        same!(found.iter().map(Vec::len).collect::<Vec<_>>(), [expected, 0], "places with limit {limit}");
        let mut places = found.into_iter().next().unwrap_or_default();
        places.sort();
        places.dedup();
        same!(places.len(), expected, "different places with limit {limit}");
    }
    Ok(())
}

async fn streams_are_told_apart_by_every_part_of_their_key(place: &mut dyn Place) -> Verdict {
    let store = open(place).await?;
    let mut keys = Vec::new();
    for account in ["far", "hub"] {
        for kind in [Kind::Contact, Kind::Task] {
            for collection in ["", "one"] {
                keys.extend([0, 1, u64::MAX].map(|options| rows::stream_key(account, kind, collection, options)));
            }
        }
    }
    let row = |n: usize, key: &pimkit_core::StreamKey| pimkit_core::StreamRow { epoch: n as u64, ..rows::stream(key.clone()) };
    store.commit(keys.iter().enumerate().map(|(n, key)| StateChange::Stream(row(n, key))).collect()).await?;
    for (n, key) in keys.iter().enumerate() {
        same!(store.state.stream(key).await?, Some(row(n, key)), "the stream {key:?}");
    }
    let mut found = store.state.streams(&"hub".into(), Kind::Task).await?;
    found.sort_by(|a, b| a.key.cmp(&b.key));
    let of = |(_, key): &(usize, &pimkit_core::StreamKey)| key.account.as_str() == "hub" && key.kind == Kind::Task;
    let expected: Vec<_> = keys.iter().enumerate().filter(of).map(|(n, key)| row(n, key)).collect();
    same!(found, expected, "the streams of one account and kind");
    for key in keys.iter().step_by(2) {
        store.commit(vec![StateChange::DropStream(key.clone())]).await?;
    }
    for (n, key) in keys.iter().enumerate() {
        same!(store.state.stream(key).await?, (n % 2 == 1).then(|| row(n, key)), "{key:?} after every second stream was dropped");
    }
    Ok(())
}

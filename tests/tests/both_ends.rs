//! Edits at both ends of a road: different fields both arrive, the same field follows the policy and the loser is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod road;

use pimkit::{
    Connector, Contact, Event, Fields, Outcome, Record, Stored, Task, Value, Write, WriteOptions,
    formats::{InlineBlobs, TextRecord},
    sync::{Conflicts, Granularity, Policy},
};
use pimkit_contract::samples::Sample;
use road::{Road, assert_equal, habits, records};
use serde_json::json;

const ITEMS: u64 = 30;

/// Sets a field of an item at one end, as a user would.
async fn edit<R: Record>(connector: &dyn Connector, stored: &Stored<R>, field: &str, to: Value) {
    let repository = R::repository(connector).unwrap();
    let target = stored.record.with(&Fields::from([(field.into(), to)])).unwrap();
    let write = Write::Update {
        id: stored.id.clone(),
        revision: stored.revision.clone(),
        base: Box::new(stored.record.clone()),
        target: Box::new(target),
        mark: None,
    };
    let outcomes = repository.write(&stored.collection, vec![write], &WriteOptions::default()).await;
    assert!(matches!(outcomes.as_slice(), [Outcome::Written { .. }]), "{outcomes:?}");
}

/// Two fields that do not go together, and one that both ends change.
async fn both_arrive<R: Sample + TextRecord>(one: &str, other: &str, value: fn(u64, &str) -> Value) {
    let road = Road::new();
    for n in 0..ITEMS {
        road.put("first", &format!("x{n}"), &R::sample(n), &habits(n), &InlineBlobs::new());
    }
    road.run::<R>("first").await;
    road.run::<R>("second").await;
    let (first, second) = (road.folder("first"), road.folder("second"));
    let ends = (records::<R>(first.as_ref()).await, records::<R>(second.as_ref()).await);
    for (n, uid) in (0..).zip(ends.0.keys()) {
        edit(first.as_ref(), &ends.0[uid], one, value(n, one)).await;
        edit(second.as_ref(), &ends.1[uid], other, value(n, other)).await;
    }
    for side in ["first", "second", "first"] {
        road.run::<R>(side).await;
    }
    for end in [first.as_ref(), road.store.as_ref(), second.as_ref()] {
        for (n, stored) in (0..).zip(records::<R>(end).await.values()) {
            for field in [one, other] {
                assert_eq!(stored.record.get(field), Some(value(n, field)), "{} {field}", end.info().id);
            }
        }
    }
    assert_equal::<R>(first.as_ref(), second.as_ref(), ITEMS as usize).await;
    for side in ["first", "second"] {
        assert_eq!(road.run::<R>(side).await.sync.writes(), 0);
    }
}

fn value(n: u64, field: &str) -> Value {
    match field {
        "notes" => json!([format!("note {n}")]),
        "phones" => json!([{ "number": format!("+43 1 555 {n:04}") }]),
        "priority" => json!(1 + n % 9),
        _ => json!(format!("{field} {n}")),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_of_different_fields_at_both_ends_arrive_everywhere() {
    both_arrive::<Contact>("notes", "phones", value).await;
    both_arrive::<Event>("title", "description", value).await;
    both_arrive::<Task>("title", "priority", value).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_field_follows_the_policy_and_the_loser_lies_in_the_journal() {
    for (word, wins) in [("left", "hub"), ("right", "far"), ("newest", "")] {
        for granularity in [Granularity::Field, Granularity::Record] {
            let road = Road::new();
            for n in 0..ITEMS {
                road.put("first", &format!("x{n}"), &Event::sample(n), &habits(n), &InlineBlobs::new());
            }
            road.run::<Event>("first").await;
            let first = road.folder("first");
            let (far, hub) = (records::<Event>(first.as_ref()).await, records::<Event>(road.store.as_ref()).await);
            for uid in far.keys() {
                edit(road.store.as_ref(), &hub[uid], "title", json!(format!("hub {uid}"))).await;
                edit(first.as_ref(), &far[uid], "title", json!(format!("far {uid}"))).await;
            }
            let mut policy = Policy::default();
            policy.set("conflicts", word).unwrap();
            policy.granularity = granularity;
            assert!(word != "newest" || policy.conflicts == Conflicts::Newest);
            let report = road.pair::<Event>("first", policy).run().await.unwrap();
            assert_eq!(report.sync.conflicts, ITEMS, "{word}: {:?}", report.sync);
            assert_eq!(report.sync.verdict().exit_code(), 0, "{:?}", report.sync);
            let (far, hub) = (records::<Event>(first.as_ref()).await, records::<Event>(road.store.as_ref()).await);
            let journal = road.journal(&report).await;
            let lost: Vec<String> =
                journal.iter().flat_map(|row| &row.lost).filter_map(|l| l.to.clone().or(l.from.clone())).map(|v| v.to_string()).collect();
            for (uid, stored) in &far {
                let title = stored.record.title.clone().unwrap();
                assert_eq!(Some(&title), hub[uid].record.title.as_ref(), "both ends agree");
                assert!(title.starts_with(wins), "{word}: {title}");
                let loser = title
                    .replace(if title.starts_with("hub") { "hub" } else { "far" }, if title.starts_with("hub") { "far" } else { "hub" });
                assert!(lost.iter().any(|l| l.contains(&loser)), "{word} {granularity:?}: {loser:?} is not kept in {lost:?}");
            }
        }
    }
}

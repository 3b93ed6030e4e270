//! Another thing under a known id, another account behind a known name, another place for a known
//! thing: nothing is overwritten, doubled or deleted by mistake.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use pimkit_contract::{FakeClock, Worst, WorstOptions, samples};
use pimkit_core::{Contact, ErrorKind, ItemId};
use pimkit_sync::Verdict;
use std::{collections::BTreeMap, sync::Arc};
use world::World;

const DELETE: &[(&str, &str)] = &[("deletes", "delete")];

fn person(n: u64) -> Contact {
    let mut contact = samples::contact(n);
    contact.uid = Some(format!("u{n}"));
    contact.name = pimkit_core::Name { full: Some(format!("Person{n} Family{n}")), ..pimkit_core::Name::default() };
    contact.nicknames = vec![format!("nick{n}")];
    contact
}

fn by_uid(items: BTreeMap<ItemId, pimkit_core::Stored<Contact>>) -> BTreeMap<String, (ItemId, String)> {
    items.into_iter().map(|(id, s)| (s.record.uid.clone().unwrap(), (id, s.record.name.full.unwrap()))).collect()
}

fn linked(count: u64) -> World {
    let world = World::kind();
    for n in 0..count {
        world.far_hand::<Contact>().put(&World::home::<Contact>(), person(n));
    }
    assert_eq!(world.run::<Contact>(DELETE).sync.created.left, count);
    // The links learn the names of both ends with the first run that finds them standing.
    world
}

#[test]
fn a_folder_that_is_numbered_anew_does_not_give_the_apps_records_to_other_people() {
    let world = linked(6);
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    let before = by_uid(hub.items());
    let ids: Vec<ItemId> = by_uid(far.items()).into_values().map(|(id, _)| id).collect();
    // Each item says the next person; the last is gone, and so is the first person.
    for (n, id) in ids.iter().enumerate().take(5) {
        far.edit(id, |c| *c = person(n as u64 + 1));
    }
    far.delete(&ids[5]);
    let report = world.run::<Contact>(DELETE);
    let after = by_uid(hub.items());
    for n in 1..6 {
        let uid = format!("u{n}");
        assert_eq!(after.get(&uid), before.get(&uid), "{uid}: {report:?}");
    }
    assert!(!after.contains_key("u0"), "the first person was deleted: {report:?}");
    assert_eq!((after.len(), report.sync.created.total()), (5, 0), "{report:?}");
    let report = world.run::<Contact>(DELETE);
    assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Done), "{report:?}");
    assert_eq!(by_uid(hub.items()).keys().collect::<Vec<_>>(), by_uid(far.items()).keys().collect::<Vec<_>>());
}

#[test]
fn two_items_that_swap_their_people_swap_their_links() {
    let world = linked(4);
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    let before = by_uid(hub.items());
    let ids: Vec<ItemId> = by_uid(far.items()).into_values().map(|(id, _)| id).collect();
    far.edit(&ids[1], |c| *c = person(2));
    far.edit(&ids[2], |c| *c = person(1));
    let report = world.run::<Contact>(DELETE);
    assert_eq!((report.sync.writes(), by_uid(hub.items())), (0, before), "{report:?}");
}

#[test]
fn another_person_under_a_known_id_is_new_and_the_old_one_follows_the_policy() {
    for (deletes, people) in [("delete", vec!["u0", "u9"]), ("ignore", vec!["u0", "u1", "u9"])] {
        let world = linked(2);
        let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
        let (id, _) = by_uid(far.items())["u1"].clone();
        far.edit(&id, |c| *c = person(9));
        let report = world.run::<Contact>(&[("deletes", deletes)]);
        assert_eq!(by_uid(hub.items()).keys().collect::<Vec<_>>(), people, "{deletes}: {report:?}");
        assert_eq!(world.run::<Contact>(&[("deletes", deletes)]).sync.writes(), 0);
    }
}

#[test]
fn a_card_that_only_gets_another_uid_is_the_same_card() {
    let world = linked(3);
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    let (id, _) = by_uid(far.items())["u1"].clone();
    far.edit(&id, |c| {
        c.uid = Some("fresh".into());
        c.notes.push("exported again".into());
    });
    let report = world.run::<Contact>(DELETE);
    assert_eq!((report.sync.updated.left, report.sync.writes(), hub.records().len()), (1, 1, 3), "{report:?}");
}

#[test]
fn what_was_held_stays_held_whatever_comes_meanwhile() {
    let world = linked(5);
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    far.empty(&World::home::<Contact>());
    far.put(&World::home::<Contact>(), person(7));
    let first = world.run::<Contact>(DELETE);
    assert_eq!((first.sync.verdict(), first.sync.deleted.total()), (Verdict::Held, 0), "{first:?}");
    for _ in 0..3 {
        let report = world.run::<Contact>(DELETE);
        assert_eq!((report.sync.verdict(), report.sync.writes()), (Verdict::Held, 0), "{report:?}");
        assert_eq!(report.sync.holds[0].approve, first.sync.holds[0].approve);
    }
    assert_eq!(hub.records().len(), 6);
    // Some of it comes back: the rest still waits for a word.
    far.put(&World::home::<Contact>(), person(1));
    let report = world.run::<Contact>(DELETE);
    assert_eq!((report.sync.verdict(), report.sync.deleted.total(), hub.records().len()), (Verdict::Held, 0, 6), "{report:?}");
    let id = report.sync.holds[0].approve.clone();
    let pair = world.builder::<Contact>("contacts", DELETE).left_collections(vec!["contacts".into()]).approve(&id).build().unwrap();
    let report = futures::executor::block_on(pair.run()).unwrap();
    assert_eq!((report.sync.verdict(), report.sync.deleted.left, hub.records().len()), (Verdict::Done, 4, 2), "{report:?}");
    assert_eq!(world.run::<Contact>(DELETE).sync.writes(), 0);
}

#[test]
fn what_was_held_and_is_all_back_waits_for_nothing() {
    let world = linked(3);
    let far = world.far_hand::<Contact>();
    far.empty(&World::home::<Contact>());
    assert_eq!(world.run::<Contact>(DELETE).sync.verdict(), Verdict::Held);
    for n in 0..3 {
        far.put(&World::home::<Contact>(), person(n));
    }
    let report = world.run::<Contact>(DELETE);
    assert_eq!((report.sync.verdict(), report.sync.writes()), (Verdict::Done, 0), "{report:?}");
    let waiting = futures::executor::block_on(pimkit_core::State::approvals(&world.state, &"contacts".into())).unwrap();
    assert!(waiting.is_empty(), "{waiting:?}");
}

#[test]
fn another_account_under_a_known_sync_is_refused_and_nothing_is_written() {
    let world = linked(3);
    let other = Worst::new(WorstOptions::kind().with(|o| o.account = "another".into()), &FakeClock::default());
    let pair = world.engine().pair::<Contact>("contacts", Arc::new(world.hub.clone()), Arc::new(other)).build().unwrap();
    let error = futures::executor::block_on(pair.run()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("another account"), "{error}");
    assert_eq!(world.run::<Contact>(DELETE).sync.writes(), 0);
}

#[test]
fn a_collection_under_another_name_takes_its_links_along() {
    let world = linked(5);
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    far.vanish(&World::home::<Contact>(), true);
    let renamed = far.make_collection("renamed");
    for n in 0..5 {
        far.put(&renamed, person(n));
    }
    let report = world.run::<Contact>(DELETE);
    assert_eq!((report.sync.writes(), hub.records().len()), (0, 5), "{report:?}");
    let report = world.run::<Contact>(DELETE);
    assert_eq!((report.sync.writes(), report.sync.verdict(), hub.records().len()), (0, Verdict::Done, 5), "{report:?}");
    let (id, _) = by_uid(far.items().into_iter().filter(|(_, s)| s.collection == renamed).collect())["u3"].clone();
    far.edit(&id, |c| c.notes.push("still linked".into()));
    assert_eq!(world.run::<Contact>(DELETE).sync.updated.left, 1);
}

//! One hub and several mailboxes: what one user does reaches the others by rule, and what one side loses nobody else does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::executor::block_on;
use pimkit_contract::{WorstOptions, samples};
use pimkit_core::{
    Action, Connector, Contact, ErrorKind, Event, ItemId, Kind, LinkState, Presence, SeenQuery, SeenRow, State, StateChange,
};
use pimkit_sync::Verdict;
use std::sync::Arc;
use world::{World, many::Many, named, texts};

/// Three contacts on the hub and on so many far sides.
fn shared(sides: usize, policy: &[(&str, &str)]) -> Many {
    let world = Many::of(sides);
    for n in 0..3 {
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
    }
    world.run_all::<Contact>(policy);
    world
}

/// The item of a far side that is this hub record.
fn of(world: &Many, n: usize, hub: &ItemId) -> ItemId {
    let link = world.links(n).into_iter().find(|l| l.hub_item.as_ref() == Some(hub)).unwrap();
    link.item.unwrap()
}

fn state_of(world: &Many, n: usize, hub: &ItemId) -> LinkState {
    world.links(n).into_iter().find(|l| l.hub_item.as_ref() == Some(hub)).unwrap().state
}

fn first(world: &Many) -> ItemId {
    world.hub_hand::<Contact>().items().into_keys().next().unwrap()
}

fn count(world: &Many) -> Vec<usize> {
    let far = (0..world.far.len()).map(|n| world.far_hand::<Contact>(n).records().len());
    std::iter::once(world.hub_hand::<Contact>().records().len()).chain(far).collect()
}

#[test]
fn pairs_that_close_a_ring_are_refused_when_they_are_built_or_run_and_a_star_and_siblings_are_none() {
    let world = Many::of(2);
    let engine = world.engine();
    let hub: Arc<dyn Connector> = Arc::new(world.hub.clone());
    let fars = || world.far.iter().map(|far| Arc::new(far.clone()) as Arc<dyn Connector>).collect::<Vec<_>>();
    let far = fars();
    let pair =
        |name: &str, left: &Arc<dyn Connector>, right: &Arc<dyn Connector>| engine.pair::<Contact>(name, left.clone(), right.clone());
    // A star, and two pairs between the same two.
    let first = pair("first", &hub, &far[0]).build().unwrap();
    let second = pair("second", &hub, &far[1]).build().unwrap();
    let sibling = pair("sibling", &hub, &far[1]).build().unwrap();
    drop(sibling);
    let refused = pair("third", &far[0], &far[1]).build().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Config);
    assert!(refused.to_string().contains("ring") && refused.to_string().contains("first, second"), "{refused}");
    assert!(pair("back", &far[0], &hub).build().is_err(), "a ring of two");
    // Collections of their own, another kind, and a pair that is not there any more.
    let apart = |right: &str| pair("apart", &far[0], &far[1]).collections(vec![right.into()]).build();
    assert!(apart("two").is_err());
    let narrow = pair("second", &hub, &far[1]).collections(vec!["one".into()]).build().unwrap();
    assert!(apart("two").is_ok());
    assert!(engine.pair::<Event>("third", far[0].clone(), far[1].clone()).build().is_ok());
    drop((second, narrow));
    assert!(pair("third", &far[0], &far[1]).build().is_ok());
    // Other connectors of the same accounts: their runs tell.
    let again = fars();
    let second = pair("second", &hub, &far[1]).build().unwrap();
    let third = pair("third", &again[0], &again[1]).build().unwrap();
    block_on(first.run()).unwrap();
    block_on(second.run()).unwrap();
    let refused = block_on(third.run()).unwrap_err();
    assert!(refused.to_string().contains("first, second"), "{refused}");
}

#[test]
fn of_three_mailboxes_one_edits_one_deletes_and_one_loses_access() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let world = shared(3, &[]);
        let hub = first(&world);
        let ids: Vec<ItemId> = (0..3).map(|n| of(&world, n, &hub)).collect();
        world.far_hand::<Contact>(0).edit(&ids[0], |c| c.notes.push("edited".into()));
        world.far_hand::<Contact>(1).delete(&ids[1]);
        world.far_hand::<Contact>(2).hide(&ids[2], true);
        for n in order {
            world.run::<Contact>(n, &[]);
        }
        world.run_all::<Contact>(&[]);
        let notes = |record: Contact| record.notes.contains(&"edited".to_owned());
        assert!(notes(world.hub_hand::<Contact>().item(&hub).unwrap().record), "{order:?}");
        assert_eq!(count(&world), [3, 3, 2, 3], "{order:?}");
        let states: Vec<LinkState> = (0..3).map(|n| state_of(&world, n, &hub)).collect();
        assert_eq!(states, [LinkState::Live, LinkState::Suppressed, LinkState::OutOfScope], "{order:?}");
        world.assert_quiet::<Contact>(&[]);
        // Access is back: the edit arrives. The one that was deleted stays deleted.
        world.far_hand::<Contact>(2).hide(&ids[2], false);
        world.run_all::<Contact>(&[]);
        assert!(notes(world.far_hand::<Contact>(2).item(&ids[2]).unwrap().record), "{order:?}");
        assert_eq!(count(&world), [3, 3, 2, 3], "{order:?}");
        world.assert_quiet::<Contact>(&[]);
        assert_eq!(texts(world.hub_hand::<Contact>().records()), texts(world.far_hand::<Contact>(0).records()), "{order:?}");
    }
}

#[test]
fn a_mailbox_that_loses_its_folder_or_all_rights_deletes_nothing_anywhere() {
    for folder in [true, false] {
        let world = shared(2, &[("deletes", "delete")]);
        let home = World::home::<Contact>();
        if folder {
            world.far_hand::<Contact>(0).vanish(&home, true);
        } else {
            world.far_hand::<Contact>(0).read_only_collection(&home, true);
        }
        let hub = first(&world);
        world.hub_hand::<Contact>().edit(&hub, |c| c.notes.push("meanwhile".into()));
        world.run_all::<Contact>(&[("deletes", "delete")]);
        assert_eq!((count(&world)[0], count(&world)[2]), (3, 3));
        world.far_hand::<Contact>(0).vanish(&home, false);
        world.far_hand::<Contact>(0).read_only_collection(&home, false);
        world.run_all::<Contact>(&[("deletes", "delete")]);
        for n in 0..2 {
            assert_eq!(texts(world.hub_hand::<Contact>().records()), texts(world.far_hand::<Contact>(n).records()), "{folder}");
        }
    }
}

#[test]
fn a_deletion_in_a_mailbox_reaches_the_hub_as_hub_delete_says() {
    for (word, after_one, after_all) in
        [("never", [3, 2, 3, 3], [3, 2, 2, 2]), ("last", [3, 2, 3, 3], [2, 2, 2, 2]), ("any", [2, 2, 2, 2], [2, 2, 2, 2])]
    {
        let policy = &[("hub_delete", word), ("deletes", "delete")];
        let world = shared(3, policy);
        let hub = first(&world);
        let ids: Vec<ItemId> = (0..3).map(|n| of(&world, n, &hub)).collect();
        world.far_hand::<Contact>(0).delete(&ids[0]);
        world.run_all::<Contact>(policy);
        assert_eq!(count(&world), after_one, "{word}");
        world.assert_quiet::<Contact>(policy);
        world.far_hand::<Contact>(1).delete(&ids[1]);
        world.far_hand::<Contact>(2).delete(&ids[2]);
        world.run_all::<Contact>(policy);
        assert_eq!(count(&world), after_all, "{word}");
        world.assert_quiet::<Contact>(policy);
        let links: usize = (0..3).map(|n| world.links(n).len()).sum();
        assert_eq!(links, if after_all[0] == 2 { 6 } else { 9 }, "{word}: links of what is gone everywhere are forgotten");
    }
}

#[test]
fn a_deletion_on_the_hub_is_carried_to_each_mailbox_by_that_syncs_own_policy() {
    let world = shared(3, &[]);
    let words = ["delete", "trash", "ignore"];
    world.hub_hand::<Contact>().delete(&first(&world));
    for (n, word) in words.iter().enumerate() {
        world.run::<Contact>(n, &[("deletes", word)]);
    }
    assert_eq!(count(&world), [2, 2, 2, 3]);
    let trash: Vec<usize> = (0..3).map(|n| world.far_hand::<Contact>(n).trash().len()).collect();
    assert_eq!(trash, [0, 1, 0]);
}

#[test]
fn a_record_that_its_user_may_not_delete_stays_and_is_shown() {
    for by_kind in [true, false] {
        let world = shared(1, &[]);
        let hub = first(&world);
        if by_kind {
            world.hub.allow(Kind::Contact, Action::Delete, false);
        } else {
            let mut facts = pimkit_core::Facts::own(None);
            facts.deletable = false;
            world.hub.set_facts(Kind::Contact, &hub, facts);
        }
        world.far_hand::<Contact>(0).delete(&of(&world, 0, &hub));
        let report = world.run::<Contact>(0, &[]);
        assert_eq!((report.sync.writes(), report.sync.held, report.sync.verdict()), (0, 1, Verdict::LeftOver), "{report:?}");
        assert_eq!(count(&world), [3, 2]);
    }
}

/// Takes a hub record away as the engine does when it undoes or ends something: nobody deleted it.
fn take_away(world: &Many, hub: &ItemId) {
    use futures::TryStreamExt;
    let rows: Vec<SeenRow> = block_on(world.state.seen_rows(SeenQuery::of(&"hub".into(), Kind::Contact)).try_collect()).unwrap();
    let mut row = rows.into_iter().find(|r| r.item == *hub).unwrap();
    row.presence = Presence::Gone;
    row.deleted_by = Some(format!("{}undo", SeenRow::BY_ENGINE));
    row.changed = block_on(world.state.last_run()).unwrap() + 1;
    world.hub_hand::<Contact>().delete(hub);
    let lease = block_on(world.state.acquire(&"state".into())).unwrap();
    block_on(world.state.commit(&lease, vec![StateChange::Seen(Box::new(row))])).unwrap();
}

#[test]
fn what_the_engine_took_away_is_out_of_scope_to_the_other_syncs_and_deletes_nothing() {
    let policy = &[("deletes", "delete"), ("hub_delete", "any")];
    let world = shared(2, policy);
    let hub = first(&world);
    let far: Vec<ItemId> = (0..2).map(|n| of(&world, n, &hub)).collect();
    take_away(&world, &hub);
    world.run_all::<Contact>(policy);
    assert_eq!(count(&world), [2, 3, 3]);
    for (n, item) in far.iter().enumerate() {
        let link = world.links(n).into_iter().find(|l| l.item.as_ref() == Some(item)).unwrap();
        assert_eq!(link.state, LinkState::OutOfScope);
        assert!(link.note.unwrap().contains("taken away by the engine"));
    }
    // An edit of what was left does not bring it back, and a user's deletion of it is nobody else's.
    world.far_hand::<Contact>(0).edit(&far[0], |c| c.notes.push("later".into()));
    world.far_hand::<Contact>(1).delete(&far[1]);
    world.run_all::<Contact>(policy);
    assert_eq!(count(&world), [2, 3, 2]);
    world.assert_quiet::<Contact>(policy);
    // A user's deletion is still one.
    world.hub_hand::<Contact>().delete(&first(&world));
    world.run_all::<Contact>(policy);
    assert_eq!(count(&world), [1, 2, 1]);
}

#[test]
fn what_one_sync_saw_of_the_hub_the_others_work_off_too() {
    let world = shared(3, &[]);
    for round in 0..5 {
        let hub = first(&world);
        world.hub_hand::<Contact>().edit(&hub, |c| c.notes = vec![format!("round {round}")]);
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(10 + round));
        // Only one sync looks at the hub now, and the hub stands still after that.
        world.run::<Contact>((round % 3) as usize, &[]);
        world.far_hand::<Contact>(1).put(&World::home::<Contact>(), samples::contact(100 + round));
        world.run::<Contact>(1, &[]);
    }
    world.run_all::<Contact>(&[]);
    for n in 0..3 {
        assert_eq!(texts(world.hub_hand::<Contact>().records()), texts(world.far_hand::<Contact>(n).records()), "{n}");
    }
    assert_eq!(count(&world), [13, 13, 13, 13]);
    world.assert_quiet::<Contact>(&[]);
}

/// One user, one mailbox, and two syncs of the hub with it.
fn twin(world: &Many, left: &str, far: &str) -> pimkit_sync::Report {
    world.clock.advance(std::time::Duration::from_secs(60));
    let pair = world.engine().pair::<Contact>("twin", std::sync::Arc::new(world.hub.clone()), std::sync::Arc::new(world.far[0].clone()));
    let pair = pair.page_size(7).left_collections(vec![left.to_owned()]).collections(vec![far.to_owned()]).build().unwrap();
    block_on(pair.run()).unwrap()
}

#[test]
fn two_syncs_of_one_hub_with_one_mailbox_double_nothing() {
    // The mailbox rewrites what it is given and every card says the same: only the other sync's link tells which is which.
    let world = Many::with(vec![WorstOptions::only(&["normalises", "server_made_ids", "drops_marks"]).unwrap()]);
    for _ in 0..3 {
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("Ada  Lovelace"));
    }
    for _ in 0..3 {
        world.run::<Contact>(0, &[]);
    }
    for _ in 0..3 {
        twin(&world, "contacts", "contacts");
        world.run::<Contact>(0, &[]);
    }
    assert_eq!(count(&world), [3, 3]);
    let hub = first(&world);
    world.far_hand::<Contact>(0).edit(&of(&world, 0, &hub), |c| c.notes.push("by the user".into()));
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(1));
    for _ in 0..3 {
        twin(&world, "contacts", "contacts");
        world.run::<Contact>(0, &[]);
    }
    assert_eq!(count(&world), [4, 4]);
    assert_eq!(world.hub_hand::<Contact>().item(&hub).unwrap().record.notes, ["by the user"]);
    assert_eq!(twin(&world, "contacts", "contacts").sync.writes() + world.run::<Contact>(0, &[]).sync.writes(), 0);
}

#[test]
fn two_syncs_of_different_collections_with_one_mailbox_do_not_bring_each_others_items() {
    let world = shared(1, &[]);
    let company = world.hub_hand::<Contact>().put(&"companies".into(), samples::contact(20));
    for _ in 0..2 {
        twin(&world, "companies", "contacts");
        world.run::<Contact>(0, &[]);
    }
    assert_eq!(count(&world), [4, 4]);
    world.far_hand::<Contact>(0).edit(&of(&world, 0, &first(&world)), |c| c.notes.push("by the user".into()));
    for _ in 0..2 {
        twin(&world, "companies", "contacts");
        world.run::<Contact>(0, &[]);
    }
    assert_eq!(count(&world), [4, 4]);
    assert!(world.hub_hand::<Contact>().item(&company).is_some());
    assert_eq!(texts(world.hub_hand::<Contact>().records()), texts(world.far_hand::<Contact>(0).records()));
}

#[test]
fn an_item_that_waits_for_one_mailbox_and_is_deleted_meanwhile_waits_no_more() {
    let world = Many::of(2);
    let home = World::home::<Contact>();
    world.far_hand::<Contact>(0).put(&home, samples::contact(1));
    world.run::<Contact>(0, &[]);
    // The second mailbox has no folder for what the first one brings.
    world.far_hand::<Contact>(1).put(&home, samples::contact(2));
    world.run::<Contact>(1, &[]);
    world.far_hand::<Contact>(0).put(&home, samples::contact(3));
    world.run::<Contact>(0, &[]);
    world.far_hand::<Contact>(1).vanish(&home, true);
    assert!(!world.run::<Contact>(1, &[]).sync.quarantined.is_empty(), "there is no place for the third contact");
    for id in world.hub_hand::<Contact>().items().into_keys() {
        world.hub_hand::<Contact>().delete(&id);
    }
    // The first sync sees them go.
    world.run::<Contact>(0, &[("deletes", "delete")]);
    world.far_hand::<Contact>(1).vanish(&home, false);
    world.run::<Contact>(1, &[("deletes", "delete")]);
    assert_eq!(world.run::<Contact>(1, &[("deletes", "delete")]).sync.quarantined, []);
}

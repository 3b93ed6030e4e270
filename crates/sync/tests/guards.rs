//! What must wait is held and shown, and goes on only as far as somebody said yes to what was shown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::{TryStreamExt, executor::block_on};
use pimkit_contract::samples;
use pimkit_core::{ApprovalRow, Contact, ErrorKind, ItemId, State};
use pimkit_sync::{Guards, Limit, Policy, Report, Verdict};
use world::{World, texts};

const DELETE: &[(&str, &str)] = &[("deletes", "delete")];

fn linked(count: u64) -> World {
    let world = World::kind();
    for n in 0..count {
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
    }
    assert_eq!(world.run::<Contact>(DELETE).sync.created.right, count);
    world
}

#[derive(Clone, Copy)]
enum Say<'a> {
    Yes(&'a str),
    No(&'a str),
}

fn answer(world: &World, policy: &Policy, say: &[Say<'_>]) -> Report {
    world.clock.advance(std::time::Duration::from_secs(60));
    let mut pair = world.builder::<Contact>("contacts", &[]).policy(policy.clone()).left_collections(vec!["contacts".into()]);
    for say in say {
        pair = match say {
            Say::Yes(id) => pair.approve(id),
            Say::No(id) => pair.reject(id),
        };
    }
    block_on(pair.build().unwrap().run()).unwrap()
}

fn deleting() -> Policy {
    let mut policy = Policy::default();
    policy.set("deletes", "delete").unwrap();
    policy
}

fn far_ids(world: &World) -> Vec<ItemId> {
    world.far_hand::<Contact>().items().into_keys().collect()
}

fn hub_len(world: &World) -> usize {
    world.hub_hand::<Contact>().records().len()
}

fn row(world: &World, id: &str) -> ApprovalRow {
    block_on(world.state.approval(id)).unwrap().unwrap()
}

fn hold<'a>(report: &'a Report, guard: &str) -> &'a str {
    let holds: Vec<_> = report.sync.holds.iter().filter(|h| h.guard == guard).collect();
    assert_eq!(holds.len(), 1, "{guard}: {report:?}");
    &holds[0].approve
}

fn same_on_both(world: &World) -> bool {
    texts(world.hub_hand::<Contact>().records()) == texts(world.far_hand::<Contact>().records())
}

#[test]
fn half_of_everything_deleted_by_a_user_waits_and_goes_when_it_is_approved() {
    let world = linked(20);
    let ids = far_ids(&world);
    ids.iter().take(10).for_each(|id| assert!(world.far_hand::<Contact>().delete(id)));
    world.far_hand::<Contact>().edit(&ids[15], |c| c.notes.push("still read".into()));
    let report = answer(&world, &deleting(), &[]);
    assert_eq!((report.sync.verdict(), report.sync.deleted.total(), hub_len(&world)), (Verdict::Held, 0, 20), "{report:?}");
    assert_eq!(report.sync.updated.left, 1, "what is not held goes on: {report:?}");
    assert!(
        report.sync.holds[0].shown.contains("10 items would be deleted in the left collection contacts within a day, where 20"),
        "{report:?}"
    );
    let id = hold(&report, "deletes").to_owned();
    assert_eq!(row(&world, &id).items.len(), 10);
    // Held, and shown again, until it is answered; also a year later.
    world.clock.advance(std::time::Duration::from_secs(365 * 86_400));
    let again = answer(&world, &deleting(), &[]);
    assert_eq!((hold(&again, "deletes"), hub_len(&world)), (id.as_str(), 20));
    let report = answer(&world, &deleting(), &[Say::Yes(&id)]);
    assert_eq!((report.sync.verdict(), report.sync.deleted.left, hub_len(&world)), (Verdict::Done, 10, 10), "{report:?}");
    assert!(same_on_both(&world));
    assert!(row(&world, &id).used.is_some());
    assert_eq!(answer(&world, &deleting(), &[]).sync.writes(), 0);
}

#[test]
fn rejected_deletions_leave_what_is_left_alone_for_good() {
    let world = linked(20);
    far_ids(&world).iter().take(10).for_each(|id| assert!(world.far_hand::<Contact>().delete(id)));
    let id = hold(&answer(&world, &deleting(), &[]), "deletes").to_owned();
    let report = answer(&world, &deleting(), &[Say::No(&id)]);
    assert_eq!((report.sync.verdict(), report.sync.writes(), hub_len(&world)), (Verdict::Done, 0, 20), "{report:?}");
    assert!(row(&world, &id).used.is_some_and(|_| row(&world, &id).granted.is_none()));
    // They are not made again either, whatever becomes of them.
    for id in world.hub_hand::<Contact>().items().into_keys() {
        world.hub_hand::<Contact>().edit(&id, |c| c.notes.push("edited".into()));
    }
    let report = answer(&world, &deleting(), &[]);
    assert_eq!((report.sync.created.total(), report.sync.updated.right, report.sync.verdict()), (0, 10, Verdict::Done), "{report:?}");
}

#[test]
fn an_approval_never_covers_what_it_did_not_show() {
    let world = linked(20);
    let ids = far_ids(&world);
    ids.iter().take(10).for_each(|id| assert!(world.far_hand::<Contact>().delete(id)));
    let first = hold(&answer(&world, &deleting(), &[]), "deletes").to_owned();
    world.far_hand::<Contact>().delete(&ids[10]);
    let report = answer(&world, &deleting(), &[Say::Yes(&first)]);
    assert_eq!((report.sync.verdict(), hub_len(&world)), (Verdict::Held, 20), "{report:?}");
    let second = hold(&report, "deletes").to_owned();
    assert_ne!(first, second);
    // The other id is another question: it is not answered by the first, and the first is over.
    assert_eq!(row(&world, &second).items.len(), 11);
    let report = answer(&world, &deleting(), &[Say::Yes(&second)]);
    assert_eq!((report.sync.deleted.left, report.sync.verdict()), (11, Verdict::Done), "{report:?}");
}

#[test]
fn a_dry_run_uses_up_nothing_and_an_approval_works_once() {
    let world = linked(20);
    far_ids(&world).iter().take(10).for_each(|id| assert!(world.far_hand::<Contact>().delete(id)));
    let id = hold(&answer(&world, &deleting(), &[]), "deletes").to_owned();
    let pair = world.builder::<Contact>("contacts", DELETE).left_collections(vec!["contacts".into()]).approve(&id).build().unwrap();
    for _ in 0..2 {
        let plan = block_on(pair.plan()).unwrap();
        assert_eq!((plan.report().deleted.left, plan.report().holds.len()), (10, 0), "{plan:?}");
        drop(plan);
        assert_eq!(row(&world, &id).used, None, "planning alone used it up");
    }
    assert_eq!(block_on(pair.run()).unwrap().sync.deleted.left, 10);
    assert_eq!(block_on(pair.run()).unwrap_err().kind(), ErrorKind::Config);
    let unknown = world.builder::<Contact>("contacts", DELETE).left_collections(vec!["contacts".into()]).approve("deletes-0").build();
    assert!(block_on(unknown.unwrap().run()).unwrap_err().to_string().contains("nothing with this id was held"));
}

#[test]
fn deletions_a_few_at_a_time_add_up_over_a_day_and_not_over_two() {
    for (pause, verdict) in [(3600, Verdict::Held), (25 * 3600, Verdict::Done)] {
        let world = linked(30);
        let mut last = Verdict::Done;
        for chunk in far_ids(&world).chunks(4).take(3) {
            chunk.iter().for_each(|id| assert!(world.far_hand::<Contact>().delete(id)));
            world.clock.advance(std::time::Duration::from_secs(pause));
            last = answer(&world, &deleting(), &[]).sync.verdict();
        }
        assert_eq!(last, verdict, "{pause}");
        assert_eq!(hub_len(&world), if verdict == Verdict::Held { 22 } else { 18 });
    }
}

#[test]
fn what_two_syncs_delete_on_one_hub_is_counted_together() {
    let world = World::kind();
    let limits = Guards { deletes: Limit { percent: None, at_least: 0, number: Some(5) }, ..Guards::off() };
    let mut policy = deleting();
    policy.guards = limits;
    let sync = |name: &str| {
        world.clock.advance(std::time::Duration::from_secs(60));
        let pair = world.builder::<Contact>(name, &[]).policy(policy.clone()).left_collections(vec!["contacts".into()]);
        block_on(pair.collections(vec![name.into()]).build().unwrap().run()).unwrap()
    };
    let far = world.far_hand::<Contact>();
    let places = ["one", "two"].map(|name| far.make_collection(name));
    let ids: Vec<Vec<ItemId>> = places
        .iter()
        .enumerate()
        .map(|(p, place)| (0..10).map(|n| far.put(place, samples::contact(p as u64 * 50 + n))).collect())
        .collect();
    // Each takes what is there; what the other made on the hub goes over too, and is left where it is.
    sync("one");
    ids[0].iter().take(4).for_each(|id| assert!(far.delete(id)));
    assert_eq!(sync("one").sync.deleted.left, 4);
    sync("two");
    let of_two: Vec<ItemId> = far.items().into_iter().filter(|(_, s)| s.collection == places[1]).map(|(id, _)| id).collect();
    of_two.iter().filter(|id| ids[1].contains(id)).take(2).for_each(|id| assert!(far.delete(id)));
    let report = sync("two");
    assert_eq!((report.sync.verdict(), report.sync.deleted.left), (Verdict::Held, 0), "{report:?}");
    assert!(report.sync.holds[0].shown.contains("6 items would be deleted in the hub"), "{report:?}");
}

#[test]
fn a_field_that_is_cleared_everywhere_waits_and_what_else_changed_goes_on() {
    for yes in [true, false] {
        let world = linked(20);
        for id in far_ids(&world) {
            world.far_hand::<Contact>().edit(&id, |c| c.emails.clear());
        }
        let odd = world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(99));
        let report = answer(&world, &deleting(), &[]);
        assert_eq!((report.sync.verdict(), report.sync.created.right, report.sync.updated.left), (Verdict::Held, 1, 0), "{report:?}");
        assert!(report.sync.holds[0].shown.contains("emails is empty"), "{report:?}");
        let id = hold(&report, "cleared").to_owned();
        let mails = || world.hub_hand::<Contact>().records().iter().filter(|c| !c.emails.is_empty()).count();
        assert_eq!(mails(), 21);
        let say = if yes { Say::Yes(&id) } else { Say::No(&id) };
        let report = answer(&world, &deleting(), &[say]);
        assert_eq!((report.sync.verdict(), mails()), (Verdict::Done, if yes { 1 } else { 21 }), "{report:?}");
        assert_eq!(answer(&world, &deleting(), &[]).sync.writes(), 0, "it was answered");
        // Later edits count again.
        let hub = world.hub_hand::<Contact>().items().into_keys().find(|id| *id != odd).unwrap();
        world.hub_hand::<Contact>().edit(&hub, |c| c.emails = samples::contact(7).emails);
        assert_eq!(answer(&world, &deleting(), &[]).sync.updated.right, 1);
    }
}

#[test]
fn a_far_side_that_was_rolled_back_waits_and_is_taken_or_put_right() {
    for yes in [true, false] {
        let world = linked(20);
        let ids = far_ids(&world);
        let state = |world: &World| texts(world.far_hand::<Contact>().records());
        // A user edits two of them and deletes one; all of it is synced.
        world.far_hand::<Contact>().edit(&ids[0], |c| c.notes = vec!["old 0".into()]);
        world.far_hand::<Contact>().edit(&ids[1], |c| c.notes = vec!["old 1".into()]);
        assert_eq!(answer(&world, &deleting(), &[]).sync.updated.left, 2);
        world.far_hand::<Contact>().edit(&ids[0], |c| c.notes = vec!["new 0".into()]);
        world.far_hand::<Contact>().edit(&ids[1], |c| c.notes = vec!["new 1".into()]);
        world.far_hand::<Contact>().delete(&ids[2]);
        let report = answer(&world, &deleting(), &[]);
        assert_eq!((report.sync.updated.left, report.sync.deleted.left), (2, 1), "{report:?}");
        let (hub, far) = (texts(world.hub_hand::<Contact>().records()), state(&world));
        // The server is restored from a backup of before these three changes.
        world.far_hand::<Contact>().rollback(3);
        let old = state(&world);
        assert_ne!(old, far);
        let report = answer(&world, &deleting(), &[]);
        assert_eq!((report.sync.verdict(), report.sync.writes()), (Verdict::Held, 0), "{report:?}");
        assert!(report.sync.holds[0].shown.contains("3 items of the right collection contacts are as they were before"), "{report:?}");
        let id = hold(&report, "rolled_back").to_owned();
        assert_eq!(hold(&answer(&world, &deleting(), &[]), "rolled_back"), id);
        assert_eq!(texts(world.hub_hand::<Contact>().records()), hub);
        let report = answer(&world, &deleting(), &[if yes { Say::Yes(&id) } else { Say::No(&id) }]);
        assert_eq!((report.sync.verdict(), report.sync.writes()), (Verdict::Done, 3), "{yes}: {report:?}");
        assert!(same_on_both(&world), "{yes}");
        assert_eq!(state(&world), if yes { old } else { far }, "{yes}");
        assert_eq!(answer(&world, &deleting(), &[]).sync.writes(), 0);
    }
}

#[test]
fn items_that_a_rollback_took_away_are_made_again_when_it_is_rejected() {
    let world = linked(10);
    let ids = far_ids(&world);
    world.far_hand::<Contact>().edit(&ids[0], |c| c.notes = vec!["old".into()]);
    answer(&world, &deleting(), &[]);
    world.far_hand::<Contact>().edit(&ids[0], |c| c.notes = vec!["new".into()]);
    let home = World::home::<Contact>();
    world.far_hand::<Contact>().put(&home, samples::contact(70));
    world.far_hand::<Contact>().put(&home, samples::contact(71));
    assert_eq!(answer(&world, &deleting(), &[]).sync.created.left, 2);
    let far = texts(world.far_hand::<Contact>().records());
    world.far_hand::<Contact>().rollback(3);
    let report = answer(&world, &deleting(), &[]);
    let id = hold(&report, "rolled_back").to_owned();
    assert_eq!((report.sync.writes(), row(&world, &id).items.len()), (0, 3), "{report:?}");
    let report = answer(&world, &deleting(), &[Say::No(&id)]);
    assert_eq!((report.sync.created.right, report.sync.updated.right, report.sync.deleted.total()), (2, 1, 0), "{report:?}");
    assert_eq!(texts(world.far_hand::<Contact>().records()), far);
    assert!(same_on_both(&world));
}

#[test]
fn one_item_that_stands_as_it_was_before_is_an_edit() {
    let world = linked(10);
    let id = far_ids(&world).remove(0);
    let before = world.far_hand::<Contact>().item(&id).unwrap().record;
    world.far_hand::<Contact>().edit(&id, |c| c.notes = vec!["changed".into()]);
    answer(&world, &deleting(), &[]);
    world.far_hand::<Contact>().rollback(1);
    let report = answer(&world, &deleting(), &[]);
    assert_eq!((report.sync.verdict(), report.sync.updated.left), (Verdict::Done, 1), "{report:?}");
    assert!(texts(world.hub_hand::<Contact>().records()).contains(&texts(vec![before]).remove(0)));
}

#[test]
fn two_full_sides_that_match_nothing_wait_until_they_are_approved_or_stay_apart() {
    for yes in [true, false] {
        let world = World::kind();
        for n in 0..12 {
            world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
            world.far_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(100 + n));
        }
        let report = answer(&world, &deleting(), &[]);
        assert_eq!((report.sync.verdict(), report.sync.writes()), (Verdict::Held, 0), "{report:?}");
        let id = hold(&report, "matches_nothing").to_owned();
        assert_eq!(hold(&answer(&world, &deleting(), &[]), "matches_nothing"), id);
        let report = answer(&world, &deleting(), &[if yes { Say::Yes(&id) } else { Say::No(&id) }]);
        assert_eq!((report.sync.verdict(), report.sync.created.total()), (Verdict::Done, if yes { 24 } else { 0 }), "{report:?}");
        // From here on it is a sync like any other: what was refused stays apart, what is new goes over.
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(500));
        for id in world.hub_hand::<Contact>().items().into_keys() {
            world.hub_hand::<Contact>().edit(&id, |c| c.notes.push("edited".into()));
        }
        let report = answer(&world, &deleting(), &[]);
        assert_eq!((report.sync.created.right, report.sync.created.left), (1, 0), "{report:?}");
        assert_eq!(report.sync.updated.right, if yes { 24 } else { 0 }, "{report:?}");
    }
}

#[test]
fn a_first_sync_into_an_empty_side_makes_everything_and_a_flood_later_waits() {
    let mut policy = deleting();
    policy.guards = Guards { creates: Limit { percent: Some(100), at_least: 5, number: None }, ..Guards::default() };
    let world = World::kind();
    let put = |from: u64, count: u64| {
        (from..from + count).for_each(|n| drop(world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n))));
    };
    put(0, 20);
    assert_eq!(answer(&world, &policy, &[]).sync.created.right, 20);
    world.clock.advance(std::time::Duration::from_secs(2 * 86_400));
    put(100, 40);
    let report = answer(&world, &policy, &[]);
    assert_eq!((report.sync.verdict(), report.sync.created.right), (Verdict::Held, 0), "{report:?}");
    let id = hold(&report, "creates").to_owned();
    assert_eq!(answer(&world, &policy, &[Say::No(&id)]).sync.writes(), 0);
    assert_eq!(answer(&world, &policy, &[]).sync.verdict(), Verdict::Done);
    assert_eq!(world.far_hand::<Contact>().records().len(), 20);
}

#[test]
fn too_many_changes_wait_and_a_rejection_leaves_both_sides_as_they_are() {
    let mut policy = deleting();
    policy.guards = Guards { updates: Limit { percent: None, at_least: 0, number: Some(5) }, ..Guards::off() };
    let world = linked(10);
    for id in world.hub_hand::<Contact>().items().into_keys() {
        world.hub_hand::<Contact>().edit(&id, |c| c.notes = vec!["mass update".into()]);
    }
    let report = answer(&world, &policy, &[]);
    assert_eq!((report.sync.verdict(), report.sync.updated.right), (Verdict::Held, 0), "{report:?}");
    let id = hold(&report, "updates").to_owned();
    let steps: Vec<_> = {
        let pair = world.builder::<Contact>("contacts", &[]).policy(policy.clone()).left_collections(vec!["contacts".into()]);
        let plan = block_on(pair.build().unwrap().plan()).unwrap();
        block_on(plan.steps().try_collect()).unwrap()
    };
    assert!(steps.iter().all(|s| s.body.held.as_deref() == Some(&id)));
    assert_eq!(answer(&world, &policy, &[Say::No(&id)]).sync.writes(), 0);
    let report = answer(&world, &policy, &[]);
    assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Done), "{report:?}");
    assert!(!same_on_both(&world));
    let id = far_ids(&world).remove(0);
    world.far_hand::<Contact>().edit(&id, |c| c.notes = vec!["by hand".into()]);
    assert_eq!(answer(&world, &policy, &[]).sync.updated.left, 1);
}

/// Guards that stop at changes of nearly all items, however few there are.
fn watching_changes() -> Policy {
    let mut policy = deleting();
    policy.guards.updates.at_least = 5;
    policy
}

fn with_mails(world: &World) -> usize {
    world.hub_hand::<Contact>().records().iter().filter(|c| !c.emails.is_empty()).count()
}

#[test]
fn a_yes_to_many_changes_is_no_yes_to_a_field_that_they_clear() {
    let (world, policy) = (linked(20), watching_changes());
    for id in far_ids(&world) {
        world.far_hand::<Contact>().edit(&id, |c| c.notes = vec!["mass update".into()]);
    }
    let updates = hold(&answer(&world, &policy, &[]), "updates").to_owned();
    for id in far_ids(&world) {
        world.far_hand::<Contact>().edit(&id, |c| c.emails.clear());
    }
    let report = answer(&world, &policy, &[Say::Yes(&updates)]);
    assert_eq!((report.sync.verdict(), report.sync.writes(), with_mails(&world)), (Verdict::Held, 0, 20), "{report:?}");
    let cleared = hold(&report, "cleared").to_owned();
    assert_eq!(row(&world, &updates).used, None, "what it said yes to has not been done");
    let report = answer(&world, &policy, &[Say::Yes(&cleared)]);
    assert_eq!((report.sync.verdict(), report.sync.updated.left, with_mails(&world)), (Verdict::Done, 20, 0), "{report:?}");
    assert!(row(&world, &updates).used.is_some() && row(&world, &cleared).used.is_some());
    assert!(same_on_both(&world));
}

#[test]
fn a_field_that_is_cleared_is_shown_before_the_changes_that_it_is_part_of_and_a_no_to_it_keeps_the_others() {
    let (world, policy) = (linked(20), watching_changes());
    for id in far_ids(&world) {
        world.far_hand::<Contact>().edit(&id, |c| {
            c.emails.clear();
            c.notes = vec!["mass update".into()];
        });
    }
    let report = answer(&world, &policy, &[]);
    assert_eq!(report.sync.holds.len(), 1, "{report:?}");
    let cleared = hold(&report, "cleared").to_owned();
    // The rest of it are as many changes as before, and nobody has said anything of those.
    let report = answer(&world, &policy, &[Say::No(&cleared)]);
    assert_eq!((report.sync.verdict(), report.sync.writes()), (Verdict::Held, 0), "{report:?}");
    let updates = hold(&report, "updates").to_owned();
    let report = answer(&world, &policy, &[Say::Yes(&updates)]);
    assert_eq!((report.sync.verdict(), report.sync.updated.left, with_mails(&world)), (Verdict::Done, 20, 20), "{report:?}");
    assert!(world.hub_hand::<Contact>().records().iter().all(|c| c.notes == ["mass update"]));
    assert_eq!(answer(&world, &policy, &[]).sync.writes(), 0);
}

#[test]
fn of_an_answer_whose_items_wait_for_another_one_in_part_the_rest_stays_answered_and_no_more() {
    let (world, policy) = (linked(20), watching_changes());
    let ids = far_ids(&world);
    for id in &ids {
        world.far_hand::<Contact>().edit(id, |c| c.notes = vec!["mass update".into()]);
    }
    let updates = hold(&answer(&world, &policy, &[]), "updates").to_owned();
    for id in &ids[..10] {
        world.far_hand::<Contact>().edit(id, |c| c.emails.clear());
    }
    let report = answer(&world, &policy, &[Say::Yes(&updates)]);
    assert_eq!((report.sync.updated.left, with_mails(&world)), (10, 20), "{report:?}");
    let cleared = hold(&report, "cleared").to_owned();
    assert_eq!((row(&world, &updates).items.len(), row(&world, &updates).used), (10, None), "ten of its items are done");
    let report = answer(&world, &policy, &[Say::Yes(&cleared)]);
    assert_eq!((report.sync.verdict(), report.sync.updated.left, with_mails(&world)), (Verdict::Done, 10, 10), "{report:?}");
    assert!(row(&world, &updates).used.is_some());
}

#[test]
fn that_an_old_state_is_what_users_made_does_not_say_how_much_of_it_may_be_deleted() {
    let world = linked(20);
    // Ten are made at the far side and go over; then the server is restored from a backup of before, but for two edits.
    let home = World::home::<Contact>();
    let ids = far_ids(&world);
    world.far_hand::<Contact>().edit(&ids[0], |c| c.notes = vec!["old".into()]);
    answer(&world, &deleting(), &[]);
    world.far_hand::<Contact>().edit(&ids[0], |c| c.notes = vec!["new".into()]);
    for n in 0..18 {
        world.far_hand::<Contact>().put(&home, samples::contact(70 + n));
    }
    assert_eq!(answer(&world, &deleting(), &[]).sync.created.left, 18);
    world.far_hand::<Contact>().rollback(19);
    let put_back = hold(&answer(&world, &deleting(), &[]), "rolled_back").to_owned();
    let report = answer(&world, &deleting(), &[Say::Yes(&put_back)]);
    assert_eq!((report.sync.verdict(), report.sync.deleted.total(), report.sync.updated.left), (Verdict::Held, 0, 1), "{report:?}");
    let deletes = hold(&report, "deletes").to_owned();
    assert_eq!(row(&world, &put_back).items.len(), 18, "it waits for the other answer");
    let report = answer(&world, &deleting(), &[Say::Yes(&deletes)]);
    assert_eq!((report.sync.verdict(), report.sync.deleted.left, hub_len(&world)), (Verdict::Done, 18, 20), "{report:?}");
    assert!(same_on_both(&world));
}

#[test]
fn an_answer_says_of_each_item_where_it_is_so_that_it_covers_none_of_the_same_id_elsewhere() {
    let world = World::kind();
    let mut policy = Policy::default();
    policy.set("deletes", "ask").unwrap();
    // The ids of both sides count up: what is made on one side has another number on the other.
    for n in 0..3 {
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
        world.far_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(10 + n));
    }
    assert_eq!(answer(&world, &policy, &[]).sync.created.total(), 6);
    let on_hub = world.hub_hand::<Contact>().items();
    let pair = |id: &ItemId| {
        let links = block_on(world.state.links_of_hub(&"contacts".into(), std::slice::from_ref(id))).unwrap();
        links.into_iter().flatten().next().unwrap().item.unwrap()
    };
    let same = on_hub.keys().find(|id| far_ids(&world).contains(id) && pair(id) != **id).expect("an id that is on both sides");
    assert!(world.hub_hand::<Contact>().delete(same));
    let report = answer(&world, &policy, &[]);
    let id = hold(&report, "ask").to_owned();
    assert_eq!(row(&world, &id).items, [format!("left\tcontacts\t{same}")]);
    // Before it is answered, the far item of the same id goes instead, and the hub's is back.
    world.hub_hand::<Contact>().rollback(1);
    assert!(world.far_hand::<Contact>().delete(same));
    let report = answer(&world, &policy, &[Say::Yes(&id)]);
    assert_eq!((report.sync.verdict(), report.sync.deleted.total()), (Verdict::Held, 0), "{report:?}");
    assert_ne!(hold(&report, "ask"), id);
}

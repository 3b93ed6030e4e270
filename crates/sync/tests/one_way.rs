//! What becomes of edits on the side that only follows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use pimkit_contract::{
    WorstOptions, samples,
    worst::{Failure, Fault, FaultPlan, Operation},
};
use pimkit_core::{Contact, EmailAddress, ItemId};
use world::{World, named};

/// A contact on both sides: its ids.
fn pair(world: &World, direction: &str, policy: &[(&str, &str)]) -> (ItemId, ItemId) {
    let mut ada = named("Ada");
    ada.notes = vec!["kept".into()];
    ada.emails = vec![EmailAddress { address: "ada@example.com".into(), ..EmailAddress::default() }];
    if direction == "to_right" {
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), ada);
    } else {
        world.far_hand::<Contact>().put(&World::home::<Contact>(), ada);
    }
    world.run::<Contact>(policy);
    let first = |items: std::collections::BTreeMap<ItemId, _>| items.into_keys().next().unwrap();
    (first(world.hub_hand::<Contact>().items()), first(world.far_hand::<Contact>().items()))
}

#[test]
fn an_edit_on_the_following_side_stays_or_is_put_back_and_is_kept_in_the_journal() {
    for options in [WorstOptions::kind(), WorstOptions::only(&["normalises"]).unwrap()] {
        for direction in ["to_left", "to_right"] {
            for drift in ["keep", "restore"] {
                let world = World::with(options.clone());
                let policy = &[("direction", direction), ("drift", drift)];
                let (hub, far) = pair(&world, direction, policy);
                let edit = |c: &mut Contact| {
                    c.name.full = Some("Drifted".into());
                    c.emails.push(EmailAddress { address: "drift@example.com".into(), ..EmailAddress::default() });
                    c.notes.clear();
                };
                if direction == "to_right" {
                    world.far_hand::<Contact>().edit(&far, edit);
                } else {
                    world.hub_hand::<Contact>().edit(&hub, edit);
                }
                let report = world.run::<Contact>(policy);
                let restored = drift == "restore";
                assert_eq!(report.sync.updated.total(), u64::from(restored), "{direction} {drift}: {report:?}");
                let follower = if direction == "to_right" {
                    world.far_hand::<Contact>().item(&far).unwrap().record
                } else {
                    world.hub_hand::<Contact>().item(&hub).unwrap().record
                };
                let name = if restored { "Ada" } else { "Drifted" };
                assert_eq!(follower.name.full.as_deref(), Some(name), "{direction} {drift}");
                assert_eq!((follower.emails.len(), follower.notes.len()), if restored { (1, 1) } else { (2, 0) }, "{direction} {drift}");
                let rows = world.journal();
                let put_back = rows.iter().find(|row| row.policy.as_deref() == Some("drift = restore"));
                assert_eq!(put_back.map(|row| row.lost.len()), restored.then_some(3), "{direction} {drift}");
                assert_eq!(world.run::<Contact>(policy).sync.writes(), 0, "{direction} {drift}");
                // The leading side's next change of the field is followed in either case.
                let lead = |c: &mut Contact| c.name.full = Some("Led".into());
                if direction == "to_right" {
                    world.hub_hand::<Contact>().edit(&hub, lead);
                } else {
                    world.far_hand::<Contact>().edit(&far, lead);
                }
                world.run::<Contact>(policy);
                let names = [world.hub_hand::<Contact>().records(), world.far_hand::<Contact>().records()].concat();
                assert!(names.iter().all(|c| c.name.full.as_deref() == Some("Led")), "{direction} {drift}: {names:?}");
            }
        }
    }
}

#[test]
fn what_is_made_or_deleted_on_the_following_side_is_its_own_affair() {
    for drift in ["keep", "restore"] {
        let world = World::kind();
        let policy = &[("direction", "to_right"), ("drift", drift), ("deletes", "delete")];
        for n in 0..3 {
            world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
        }
        world.run::<Contact>(policy);
        let far = world.far_hand::<Contact>().items().into_keys().next().unwrap();
        world.far_hand::<Contact>().delete(&far);
        world.far_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(50));
        world.run::<Contact>(policy);
        assert_eq!((world.hub_hand::<Contact>().records().len(), world.far_hand::<Contact>().records().len()), (3, 3), "{drift}");
        assert_eq!(world.run::<Contact>(policy).sync.writes(), 0, "{drift}");
    }
}

#[test]
fn what_the_following_side_says_of_a_record_that_both_sides_had_is_put_back_and_kept() {
    for (direction, lost) in [("to_left", false), ("to_right", false), ("to_left", true), ("to_right", true)] {
        let mut world = World::kind();
        let policy = &[("direction", direction), ("drift", "restore")];
        let with = |note: Option<&str>| {
            let mut ada = named("Ada");
            ada.uid = Some("ada".into());
            ada.notes = note.into_iter().map(Into::into).collect();
            ada
        };
        let (hub, far) = if direction == "to_left" { (Some("followed"), None) } else { (None, Some("followed")) };
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), with(hub));
        world.far_hand::<Contact>().put(&World::home::<Contact>(), with(far));
        if lost {
            // The write arrives, and the process dies before it hears so.
            let plan = FaultPlan::none().at_nth(Operation::Write, 1, Fault::HangAfter);
            if direction == "to_left" {
                world.hub.set_faults(plan);
            } else {
                world.far.set_faults(plan);
            }
            assert!(!world.stop(&world.pair::<Contact>(policy)));
            world.restart();
            world.settle();
        }
        world.run::<Contact>(policy);
        let all = [world.hub_hand::<Contact>().records(), world.far_hand::<Contact>().records()].concat();
        let live = all.iter().any(|c| !c.notes.is_empty());
        let kept = world.journal().iter().flat_map(|row| row.lost.clone()).any(|lost| format!("{lost:?}").contains("followed"));
        assert!(all.len() == 2 && (live || kept), "{direction} {lost}: {all:?}");
    }
}

#[test]
fn what_a_write_put_back_is_kept_though_its_answer_is_lost_and_a_user_writes_there_again() {
    let world = World::kind();
    let policy = &[("direction", "to_left"), ("drift", "restore")];
    let (hub, _) = pair(&world, "to_left", policy);
    let says = |notes: &str| world.hub_hand::<Contact>().edit(&hub, |c: &mut Contact| c.notes = vec![notes.into()]);
    says("put back");
    let plan = FaultPlan::default().at_nth(Operation::Write, 1, Fault::After(Failure::Transport));
    world.hub.set_faults(plan);
    world.run::<Contact>(policy);
    world.hub.set_faults(FaultPlan::default());
    assert_eq!(world.hub_hand::<Contact>().item(&hub).unwrap().record.notes, ["kept"], "the write has arrived");
    says("written again");
    world.run::<Contact>(policy);
    world.run::<Contact>(policy);
    assert_eq!(world.hub_hand::<Contact>().item(&hub).unwrap().record.notes, ["kept"]);
    let lost: Vec<String> = world.journal().iter().flat_map(|row| row.lost.clone()).map(|lost| format!("{lost:?}")).collect();
    for value in ["put back", "written again"] {
        assert!(lost.iter().any(|lost| lost.contains(value)), "{value}: {lost:?}");
    }
}

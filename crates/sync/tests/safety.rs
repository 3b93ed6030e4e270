//! Nothing is deleted that nobody deleted; what must wait is held, and the report says why.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use pimkit_contract::{
    WorstOptions, samples,
    worst::{Failure, Fault, FaultPlan, Operation},
};
use pimkit_core::{Contact, ErrorKind, Event, LinkQuery, LinkState, Task};
use pimkit_sync::Verdict;
use std::time::Duration;
use world::{World, named, texts};

fn linked(count: u64) -> World {
    let world = World::kind();
    for n in 0..count {
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
    }
    assert_eq!(world.run::<Contact>(DELETE).sync.created.right, count);
    world
}

const DELETE: &[(&str, &str)] = &[("deletes", "delete")];

#[test]
fn an_emptied_collection_deletes_nothing_until_it_is_approved() {
    for far_side in [true, false] {
        let world = linked(5);
        if far_side {
            world.far_hand::<Contact>().empty(&World::home::<Contact>())
        } else {
            world.hub_hand::<Contact>().empty(&World::home::<Contact>())
        }
        let rest = || if far_side { world.hub_hand::<Contact>().records().len() } else { world.far_hand::<Contact>().records().len() };
        let report = world.run::<Contact>(DELETE);
        assert_eq!(report.sync.verdict(), Verdict::Held, "{report:?}");
        assert_eq!((report.sync.writes(), rest()), (0, 5));
        assert!(report.sync.holds[0].shown.contains("lists none of its 5 linked items"), "{report:?}");
        // Again: held again, under an id that can be approved.
        let report = world.run::<Contact>(DELETE);
        assert_eq!((report.sync.verdict(), rest()), (Verdict::Held, 5));
        let id = report.sync.holds[0].approve.clone();
        let pair = world.builder::<Contact>("contacts", DELETE).left_collections(vec!["contacts".into()]).approve(&id).build().unwrap();
        let report = futures::executor::block_on(pair.run()).unwrap();
        assert_eq!((report.sync.verdict(), report.sync.deleted.total(), rest()), (Verdict::Done, 5, 0), "{report:?}");
        assert_eq!(world.run::<Contact>(DELETE).sync.writes(), 0);
        // An approval is used up.
        let error = futures::executor::block_on(pair.run()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}

#[test]
fn an_approval_covers_only_what_it_showed() {
    let world = linked(4);
    let far = world.far_hand::<Contact>();
    let ids: Vec<_> = far.items().into_keys().collect();
    far.empty(&World::home::<Contact>());
    let id = world.run::<Contact>(DELETE).sync.holds[0].approve.clone();
    // Meanwhile another one comes, is linked, and goes too.
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(50));
    world.run::<Contact>(DELETE);
    far.empty(&World::home::<Contact>());
    let pair = world.builder::<Contact>("contacts", DELETE).left_collections(vec!["contacts".into()]).approve(&id).build().unwrap();
    let report = futures::executor::block_on(pair.run()).unwrap();
    assert_eq!((report.sync.verdict(), report.sync.writes()), (Verdict::Held, 0), "{report:?} {ids:?}");
    assert_eq!(world.hub_hand::<Contact>().records().len(), 5);
}

#[test]
fn a_deletion_is_carried_over_as_the_policy_says() {
    for (deletes, hub_left, trashed, verdict) in
        [("ignore", 3, 0, Verdict::Done), ("trash", 2, 1, Verdict::Done), ("delete", 2, 0, Verdict::Done), ("ask", 3, 0, Verdict::Held)]
    {
        let world = World::kind();
        for n in 0..3 {
            world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
        }
        let policy = &[("deletes", deletes)];
        world.run::<Contact>(policy);
        let gone = world.far_hand::<Contact>().items().into_keys().next().unwrap();
        world.far_hand::<Contact>().delete(&gone);
        let report = world.run::<Contact>(policy);
        assert_eq!(report.sync.verdict(), verdict, "{deletes}: {report:?}");
        assert_eq!(world.hub_hand::<Contact>().records().len(), hub_left, "{deletes}");
        assert_eq!(world.hub_hand::<Contact>().trash().len(), trashed, "{deletes}");
        assert_eq!(world.far_hand::<Contact>().records().len(), 2, "{deletes}: the deleted one must not come back");
        let again = world.run::<Contact>(policy);
        assert_eq!((again.sync.writes(), again.sync.verdict()), (0, verdict), "{deletes}: {again:?}");
        if deletes == "ignore" {
            // A tombstone is not lifted by an edit.
            for id in world.hub_hand::<Contact>().items().into_keys() {
                world.hub_hand::<Contact>().edit(&id, |c| c.notes.push("edited".into()));
            }
            let report = world.run::<Contact>(policy);
            assert_eq!((report.sync.updated.right, report.sync.created.right), (2, 0), "{report:?}");
        }
        if deletes == "ask" {
            let id = again.sync.holds[0].approve.clone();
            let pair = world.builder::<Contact>("contacts", policy).left_collections(vec!["contacts".into()]).approve(&id).build().unwrap();
            let report = futures::executor::block_on(pair.run()).unwrap();
            assert_eq!((report.sync.deleted.left, world.hub_hand::<Contact>().records().len()), (1, 2), "{report:?}");
        }
    }
}

#[test]
fn a_deletion_where_there_is_no_trash_is_held_and_said() {
    let world = World::with(WorstOptions::only(&["no_trash"]).unwrap());
    for n in 0..3 {
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
    }
    world.run::<Contact>(&[]);
    let gone = world.hub_hand::<Contact>().items().into_keys().next().unwrap();
    world.hub_hand::<Contact>().delete(&gone);
    let report = world.run::<Contact>(&[]);
    assert_eq!(
        (report.sync.verdict(), report.sync.held, world.far_hand::<Contact>().records().len()),
        (Verdict::LeftOver, 1, 3),
        "{report:?}"
    );
    assert!(report.sync.notes[0].contains("no trash"), "{report:?}");
}

#[test]
fn an_edit_beats_a_deletion() {
    let world = linked(3);
    let far = world.far_hand::<Contact>().items().into_keys().next().unwrap();
    let title = world.far_hand::<Contact>().item(&far).unwrap().record.name.full;
    let hub = world.hub_hand::<Contact>().items().into_iter().find(|(_, s)| s.record.name.full == title).unwrap().0;
    world.far_hand::<Contact>().delete(&far);
    world.hub_hand::<Contact>().edit(&hub, |c| c.notes.push("call back".into()));
    let report = world.run::<Contact>(DELETE);
    assert_eq!((report.sync.created.right, report.sync.deleted.total()), (1, 0), "{report:?}");
    assert_eq!(texts(world.hub_hand::<Contact>().records()), texts(world.far_hand::<Contact>().records()));
    assert_eq!(world.run::<Contact>(DELETE).sync.writes(), 0);
}

#[test]
fn a_deleted_meeting_that_was_edited_is_held_and_never_made_again() {
    let world = World::kind();
    for n in 0..3 {
        world.hub_hand::<Event>().put(&World::home::<Event>(), samples::meeting(n));
    }
    world.run::<Event>(DELETE);
    assert!(world.far.outbox().is_empty());
    let far = world.far_hand::<Event>().items().into_keys().next().unwrap();
    let title = world.far_hand::<Event>().item(&far).unwrap().record.title;
    let hub = world.hub_hand::<Event>().items().into_iter().find(|(_, s)| s.record.title == title).unwrap().0;
    world.far_hand::<Event>().delete(&far);
    world.hub_hand::<Event>().edit(&hub, |e| e.description = Some("new agenda".into()));
    let report = world.run::<Event>(DELETE);
    assert_eq!((report.sync.writes(), report.sync.held, report.sync.verdict()), (0, 1, Verdict::LeftOver), "{report:?}");
}

#[test]
fn a_listing_that_fails_lies_or_breaks_off_deletes_nothing() {
    let broken: &[(&str, Fault)] = &[
        ("fails", Fault::Before(Failure::Transport)),
        ("is throttled", Fault::Before(Failure::RateLimited)),
        ("is down", Fault::Before(Failure::Unavailable)),
        ("comes back empty", Fault::Empty),
        ("is cut", Fault::TruncatedPage),
        ("has no collection", Fault::CollectionGone),
    ];
    for (says, fault) in broken {
        for options in [WorstOptions::kind(), WorstOptions::only(&["not_incremental", "lists_only"]).unwrap()] {
            let world = World::with(options);
            for n in 0..20 {
                world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
            }
            world.run::<Contact>(DELETE);
            for nth in 1..4 {
                world.far.set_faults(FaultPlan::none().at_nth(Operation::Changes, nth, *fault));
                let report = world.run::<Contact>(DELETE);
                assert_eq!(report.sync.deleted.total(), 0, "{says} {nth}: {report:?}");
                assert_eq!(world.hub_hand::<Contact>().records().len(), 20, "{says} {nth}: {report:?}");
                assert_eq!(world.far_hand::<Contact>().records().len(), 20, "{says} {nth}: {report:?}");
            }
            world.far.set_faults(FaultPlan::none());
            let report = world.run::<Contact>(DELETE);
            assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Done), "{says}: {report:?}");
        }
    }
}

#[test]
fn a_vanished_collection_is_left_alone_and_told_and_goes_on_when_it_is_back() {
    let world = linked(5);
    let home = World::home::<Contact>();
    world.far_hand::<Contact>().vanish(&home, true);
    let hub = world.hub_hand::<Contact>().items().into_keys().next().unwrap();
    world.hub_hand::<Contact>().edit(&hub, |c| c.notes.push("meanwhile".into()));
    let report = world.run::<Contact>(DELETE);
    assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::LeftOver), "{report:?}");
    assert!(report.sync.notes[0].contains("not there any more"), "{report:?}");
    assert_eq!(world.hub_hand::<Contact>().records().len(), 5);
    world.far_hand::<Contact>().vanish(&home, false);
    let report = world.run::<Contact>(DELETE);
    assert_eq!((report.sync.updated.right, report.sync.verdict()), (1, Verdict::Done), "{report:?}");
    assert_eq!(texts(world.hub_hand::<Contact>().records()), texts(world.far_hand::<Contact>().records()));
}

#[test]
fn an_unreadable_item_stays_linked_and_the_rest_goes_on() {
    let world = linked(5);
    let far = world.far_hand::<Contact>();
    let bad = far.items().into_keys().next().unwrap();
    far.make_unreadable(&bad, true);
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(77));
    let report = world.run::<Contact>(DELETE);
    assert_eq!((report.sync.created.right, report.sync.deleted.total(), report.sync.verdict()), (1, 0, Verdict::LeftOver), "{report:?}");
    assert_eq!(report.sync.quarantined[0].id, bad.to_string());
    far.make_unreadable(&bad, false);
    far.edit(&bad, |c| c.notes.push("mended".into()));
    let report = world.run::<Contact>(DELETE);
    assert_eq!((report.sync.updated.left, report.sync.verdict()), (1, Verdict::Done), "{report:?}");
}

#[test]
fn a_hidden_item_is_out_of_scope_and_merges_when_it_is_back() {
    let world = linked(3);
    let far = world.far_hand::<Contact>();
    let id = far.items().into_keys().next().unwrap();
    far.hide(&id, true);
    let report = world.run::<Contact>(DELETE);
    assert_eq!((report.sync.deleted.total(), world.hub_hand::<Contact>().records().len()), (0, 3), "{report:?}");
    far.hide(&id, false);
    far.edit(&id, |c| c.notes.push("back".into()));
    let report = world.run::<Contact>(DELETE);
    assert_eq!((report.sync.updated.left, report.sync.created.total()), (1, 0), "{report:?}");
}

#[test]
fn an_item_that_moves_to_another_collection_takes_its_link_along() {
    let world = linked(3);
    let far = world.far_hand::<Contact>();
    let other = far.make_collection("others");
    let id = far.items().into_keys().next().unwrap();
    assert!(far.move_to(&id, &other));
    let report = world.run::<Contact>(DELETE);
    assert_eq!((report.sync.created.total(), report.sync.deleted.total()), (0, 0), "{report:?}");
    assert_eq!(world.run::<Contact>(DELETE).sync.writes(), 0);
    assert_eq!(far.records().len(), 3);
    assert_eq!(world.hub_hand::<Contact>().records().len(), 3);
}

#[test]
fn an_item_that_moves_out_of_the_chosen_collections_is_out_of_scope_not_deleted() {
    let world = World::kind();
    let far = world.far_hand::<Contact>();
    let other = far.make_collection("others");
    for n in 0..3 {
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
    }
    let run = || {
        world.clock.advance(Duration::from_secs(60));
        let pair =
            world.builder::<Contact>("contacts", DELETE).collections(vec!["contacts".into()]).left_collections(vec!["contacts".into()]);
        futures::executor::block_on(pair.build().unwrap().run()).unwrap()
    };
    run();
    let id = far.items().into_keys().next().unwrap();
    assert!(far.move_to(&id, &other));
    let report = run();
    assert_eq!((report.sync.writes(), world.hub_hand::<Contact>().records().len()), (0, 3), "{report:?}");
    let links = futures::executor::block_on(pimkit_core::State::count_links(
        &world.state,
        LinkQuery { states: vec![LinkState::OutOfScope], ..LinkQuery::of(&"contacts".into()) },
    ));
    assert_eq!(links.unwrap(), 1);
}

#[test]
fn an_edit_that_may_not_be_written_is_held_and_never_reverted() {
    let world = linked(3);
    let far = world.far_hand::<Contact>();
    let id = far.items().into_keys().next().unwrap();
    let name = far.item(&id).unwrap().record.name.full;
    far.read_only(&id, true);
    let hub = world.hub_hand::<Contact>().items().into_iter().find(|(_, s)| s.record.name.full == name).unwrap().0;
    world.run::<Contact>(DELETE);
    world.hub_hand::<Contact>().edit(&hub, |c| c.notes = vec!["mine".into()]);
    let report = world.run::<Contact>(DELETE);
    assert_eq!((report.sync.writes(), report.sync.held, report.sync.verdict()), (0, 1, Verdict::LeftOver), "{report:?}");
    assert_eq!(world.hub_hand::<Contact>().item(&hub).unwrap().record.notes, ["mine"]);
    far.read_only(&id, false);
    let report = world.run::<Contact>(DELETE);
    assert_eq!((report.sync.updated.right, report.sync.verdict()), (1, Verdict::Done), "{report:?}");
}

#[test]
fn a_provider_that_would_mail_is_not_written_to_and_the_item_waits() {
    let world = World::with(WorstOptions::only(&["cannot_keep_silent"]).unwrap());
    world.hub_hand::<Event>().put(&World::home::<Event>(), samples::meeting(1));
    world.hub_hand::<Event>().put(&World::home::<Event>(), samples::event(2));
    let report = world.run::<Event>(&[("attendees", "real")]);
    assert!(world.far.outbox().is_empty());
    assert_eq!((report.sync.created.right, report.sync.verdict()), (1, Verdict::LeftOver), "{report:?}");
}

#[test]
fn two_runs_of_one_hub_at_once_are_refused() {
    let world = linked(1);
    let plan = futures::executor::block_on(world.pair::<Contact>(&[]).plan()).unwrap();
    let error = futures::executor::block_on(world.pair::<Contact>(&[]).run()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LeaseLost, "{error}");
    drop(plan);
    world.run::<Contact>(&[]);
}

#[test]
fn a_dry_run_writes_nothing_and_says_every_step_with_its_reason() {
    use futures::TryStreamExt;
    let world = linked(3);
    let far = world.far_hand::<Contact>();
    let ids: Vec<_> = far.items().into_keys().collect();
    far.edit(&ids[0], |c| c.notes.push("x".into()));
    far.delete(&ids[1]);
    far.put(&World::home::<Contact>(), named("New"));
    let plan = futures::executor::block_on(world.pair::<Contact>(DELETE).plan()).unwrap();
    let steps: Vec<_> = futures::executor::block_on(plan.steps().try_collect()).unwrap();
    let mut said: Vec<_> = steps.iter().map(|s| (s.body.action.word(), s.body.reason.clone())).collect();
    said.sort();
    assert_eq!(
        said,
        [
            ("create", "it is new on the right".to_owned()),
            ("delete", "deleted on the right".to_owned()),
            ("update", "changed on the right".to_owned()),
        ]
    );
    let report = plan.report();
    assert_eq!((report.created.left, report.updated.left, report.deleted.left), (1, 1, 1));
    drop(plan);
    assert_eq!(world.hub_hand::<Contact>().records().len(), 3);
    // Dropped, the plan is found anew.
    assert_eq!(world.run::<Contact>(DELETE).sync.writes(), 3);
}

#[test]
fn a_wrong_collection_and_a_wrong_map_are_refused_before_anything_is_written() {
    let world = World::kind();
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(1));
    let error = futures::executor::block_on(world.builder::<Contact>("c", &[]).collections(vec!["nowhere".into()]).build().unwrap().run())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("there are contacts"), "{error}");
    let pair = pimkit_sync::FieldPair { left: "nose".into(), right: "emails".into() };
    let error = futures::executor::block_on(world.builder::<Contact>("c", &[]).fields(vec![pair]).build().unwrap().run()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(world.far_hand::<Contact>().records().is_empty());
}

#[test]
fn tasks_and_events_follow_the_same_laws() {
    let world = World::kind();
    for n in 0..5 {
        world.far_hand::<Task>().put(&World::home::<Task>(), samples::task(n));
        world.hub_hand::<Event>().put(&World::home::<Event>(), samples::series(n));
    }
    world.run::<Task>(&[]);
    world.run::<Event>(&[]);
    assert_eq!(texts(world.hub_hand::<Task>().records()), texts(world.far_hand::<Task>().records()));
    assert_eq!(texts(world.hub_hand::<Event>().records()), texts(world.far_hand::<Event>().records()));
    assert_eq!(world.run::<Task>(&[]).sync.writes() + world.run::<Event>(&[]).sync.writes(), 0);
}

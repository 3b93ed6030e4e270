//! What the engine learns late, or never: a write that changed an id and was not answered, an item that was made and
//! deleted before anybody knew, an edit that shows first in an answer. The simulation found each of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::executor::block_on;
use pimkit_contract::{
    WorstOptions,
    worst::{Failure, Fault, FaultPlan, Operation},
};
use pimkit_core::{Contact, Create, EmailAddress, Field, Record, Task};
use std::time::Duration;
use world::{World, agreed, both, ids, many::Many, named, names};

const POLICY: &[(&str, &str)] = &[("deletes", "delete")];

fn is(name: &str) -> impl Fn(&Contact) -> bool + '_ {
    move |contact| contact.name.full.as_deref() == Some(name)
}

/// A run of which a request to the far side is never answered.
fn cut_off(world: &World, operation: Operation, fault: Fault) {
    world.far.set_faults(FaultPlan::none().at_nth(operation, 1, fault));
    assert!(!world.stop(&world.pair::<Contact>(POLICY)), "the run ends though a request is never answered");
    world.far.set_faults(FaultPlan::none());
}

fn rekeying() -> WorstOptions {
    WorstOptions::kind().with(|o| o.rekeys_on_edit = true)
}

#[test]
fn an_unanswered_update_that_gave_the_item_another_id_is_found_and_its_loser_kept() {
    let world = agreed(rekeying(), POLICY);
    let (hub, far) = ids(&world, "Ada");
    world.far_hand::<Contact>().edit(&far, |c| c.notes = vec!["by the far user".to_owned()]);
    world.clock.advance(Duration::from_secs(60));
    world.hub_hand::<Contact>().edit(&hub, |c| c.notes = vec!["by the hub user".to_owned()]);
    cut_off(&world, Operation::Write, Fault::HangAfter);
    world.settle();
    world.run::<Contact>(POLICY);
    world.run::<Contact>(POLICY);
    assert_eq!(both(&world), [["Ada", "Bob"], ["Ada", "Bob"]]);
    let kept = |text: &str| {
        let live = world.hub_hand::<Contact>().records().iter().any(|c| c.notes.iter().any(|n| n == text));
        let rows = world.journal();
        live || rows.iter().flat_map(|row| &row.lost).any(|lost| lost.to.as_ref().is_some_and(|to| to.to_string().contains(text)))
    };
    assert!(kept("by the far user") && kept("by the hub user"), "{:?}", world.journal());
}

#[test]
fn an_item_with_another_id_that_no_listing_shows_yet_is_waited_for() {
    let world = agreed(rekeying().with(|o| o.listing_lag = Duration::from_secs(150)), POLICY);
    world.settle();
    let (hub, _) = ids(&world, "Ada");
    world.hub_hand::<Contact>().edit(&hub, |c| c.notes = vec!["edited".to_owned()]);
    cut_off(&world, Operation::Write, Fault::HangAfter);
    let report = world.run::<Contact>(POLICY);
    assert_eq!((report.sync.created.total(), report.sync.deleted.total()), (0, 0));
    world.settle();
    world.run::<Contact>(POLICY);
    world.run::<Contact>(POLICY);
    assert_eq!(both(&world), [["Ada", "Bob"], ["Ada", "Bob"]]);
}

#[test]
fn a_copy_with_another_name_does_not_take_the_edits_of_the_original_that_was_deleted() {
    let world = agreed(WorstOptions::kind(), POLICY);
    let (hub, far) = ids(&world, "Ada");
    let copy = world.hub_hand::<Contact>().copy(&hub).unwrap();
    world.hub_hand::<Contact>().edit(&copy, |c| c.name.full = Some("Grace".to_owned()));
    world.hub_hand::<Contact>().delete(&hub);
    world.far_hand::<Contact>().edit(&far, |c| c.notes = vec!["for Ada".to_owned()]);
    world.run::<Contact>(POLICY);
    world.run::<Contact>(POLICY);
    assert_eq!(both(&world), [["Ada", "Bob", "Grace"], ["Ada", "Bob", "Grace"]]);
    let noted = |c: &&Contact| c.notes == ["for Ada"];
    assert_eq!(names(world.hub_hand::<Contact>().records().iter().filter(noted).cloned().collect()), ["Ada"]);
}

#[test]
fn the_link_still_follows_a_renamed_item_where_nobody_edited_the_other_end() {
    let world = agreed(rekeying(), POLICY);
    let (_, far) = ids(&world, "Ada");
    world.far_hand::<Contact>().edit(&far, |c| c.name.full = Some("Grace".to_owned()));
    let report = world.run::<Contact>(POLICY);
    assert_eq!((report.sync.created.total(), report.sync.deleted.total(), report.sync.updated.left), (0, 0, 1));
    assert_eq!(both(&world), [["Bob", "Grace"], ["Bob", "Grace"]]);
}

#[test]
fn what_was_deleted_while_its_collection_was_away_is_not_made_on_the_hub() {
    let world = World::kind();
    let far = world.far_hand::<Contact>();
    for name in ["Ada", "Bob"] {
        far.put(&World::home::<Contact>(), named(name));
    }
    // What was seen is not worked off: the process dies between the plan and its first write.
    drop(block_on(world.pair::<Contact>(POLICY).plan()).unwrap());
    far.vanish(&World::home::<Contact>(), true);
    let _ = world.try_run::<Contact>(POLICY);
    let ada = far.items().into_iter().find(|(_, s)| is("Ada")(&s.record)).unwrap().0;
    far.delete(&ada);
    far.vanish(&World::home::<Contact>(), false);
    world.run::<Contact>(POLICY);
    assert_eq!(both(&world), [["Bob"], ["Bob"]]);
}

#[test]
fn what_was_made_read_back_in_vain_and_deleted_is_not_made_again() {
    let world = agreed(WorstOptions::kind().with(|o| o.answers_nothing = true), POLICY);
    let hub = world.hub_hand::<Contact>();
    hub.put(&World::home::<Contact>(), named("Grace"));
    world.far.set_faults(FaultPlan::none().at_nth(Operation::Fetch, 1, Fault::After(Failure::RateLimited)));
    world.run::<Contact>(POLICY);
    world.far.set_faults(FaultPlan::none());
    let far = world.far_hand::<Contact>();
    let grace = far.items().into_iter().find(|(_, s)| is("Grace")(&s.record)).unwrap().0;
    far.delete(&grace);
    world.run::<Contact>(POLICY);
    world.run::<Contact>(POLICY);
    assert_eq!(both(&world), [["Ada", "Bob"], ["Ada", "Bob"]]);
}

#[test]
fn who_deletes_what_an_answered_update_wrote_has_seen_it() {
    let world = agreed(WorstOptions::kind().with(|o| o.answers_nothing = true), POLICY);
    let (hub, far) = ids(&world, "Ada");
    world.hub_hand::<Contact>().edit(&hub, |c| c.notes = vec!["edited".to_owned()]);
    world.far.set_faults(FaultPlan::none().at_nth(Operation::Fetch, 1, Fault::After(Failure::RateLimited)));
    world.run::<Contact>(POLICY);
    world.far.set_faults(FaultPlan::none());
    assert_eq!(world.far_hand::<Contact>().item(&far).unwrap().record.notes, ["edited"]);
    world.far_hand::<Contact>().delete(&far);
    world.settle();
    world.run::<Contact>(POLICY);
    world.run::<Contact>(POLICY);
    assert_eq!(both(&world), [["Bob"], ["Bob"]]);
}

#[test]
fn an_edit_that_shows_first_in_the_answer_to_a_write_is_carried_over() {
    let world = agreed(WorstOptions::kind().with(|o| o.unconditional = true), POLICY);
    let (hub, far) = ids(&world, "Ada");
    world.hub_hand::<Contact>().edit(&hub, |c| c.nicknames = vec!["by the hub user".to_owned()]);
    // The listing is told short, as a success.
    world.far.set_faults(FaultPlan::none().at_nth(Operation::Changes, 1, Fault::Empty));
    world.far_hand::<Contact>().edit(&far, |c| c.notes = vec!["by the far user".to_owned()]);
    world.run::<Contact>(POLICY);
    world.far.set_faults(FaultPlan::none());
    world.run::<Contact>(POLICY);
    let record = world.hub_hand::<Contact>().item(&hub).unwrap().record;
    assert_eq!((record.notes, record.nicknames), (vec!["by the far user".to_owned()], vec!["by the hub user".to_owned()]));
}

#[test]
fn a_field_that_an_answer_does_not_know_is_not_taken_for_empty() {
    let options = WorstOptions::kind().with(|o| {
        o.unread_every = Some(1);
        o.unread_fields.insert(Field::from("notes"));
    });
    let world = agreed(options, POLICY);
    let (hub, _) = ids(&world, "Ada");
    for n in 0..3 {
        world.hub_hand::<Contact>().edit(&hub, |c| c.nicknames = vec![format!("number {n}")]);
        world.run::<Contact>(POLICY);
    }
    assert_eq!(world.hub_hand::<Contact>().item(&hub).unwrap().record.notes, ["note of Ada"]);
}

#[test]
fn where_repeats_are_refused_and_nothing_is_searched_the_listing_tells_what_was_made() {
    let world = agreed(
        WorstOptions::kind().with(|o| {
            o.answers_nothing = true;
            o.no_find = true;
            o.refuses_repeats = true;
            o.create = Create::Repeatable;
        }),
        POLICY,
    );
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("Grace"));
    cut_off(&world, Operation::Fetch, Fault::HangBefore);
    world.settle();
    world.run::<Contact>(POLICY);
    world.run::<Contact>(POLICY);
    assert_eq!(both(&world), [["Ada", "Bob", "Grace"], ["Ada", "Bob", "Grace"]]);
}

#[test]
fn what_two_mailboxes_edited_and_the_hub_deleted_is_made_again_once() {
    let called = |title: &str| Task::build(|t| t.title = Some(title.to_owned()));
    let titles = |records: Vec<Task>| {
        let mut titles: Vec<String> = records.into_iter().filter_map(|r| r.title).collect();
        titles.sort();
        titles
    };
    let is_call = |task: &Task| task.title.as_deref() == Some("call");
    for order in [[0, 1], [1, 0]] {
        // Nothing but its id names a task that has no uid.
        let world = Many::of(2);
        for title in ["call", "write", "send"] {
            world.hub_hand::<Task>().put(&World::home::<Task>(), called(title));
        }
        world.run_all::<Task>(POLICY);
        let hub = world.hub_hand::<Task>().items().into_iter().find(|(_, s)| is_call(&s.record)).unwrap().0;
        world.hub_hand::<Task>().delete(&hub);
        for n in 0..2 {
            let far = world.far_hand::<Task>(n);
            let call = far.items().into_iter().find(|(_, s)| is_call(&s.record)).unwrap().0;
            far.edit(&call, |t| if n == 0 { t.description = Some("one".to_owned()) } else { t.color = Some("two".to_owned()) });
        }
        for n in order {
            world.run::<Task>(n, POLICY);
        }
        world.run_all::<Task>(POLICY);
        let hub = world.hub_hand::<Task>().records();
        assert_eq!(titles(hub.clone()), ["call", "send", "write"], "{order:?}");
        let call = hub.into_iter().find(is_call).unwrap();
        assert_eq!((call.description.as_deref(), call.color.as_deref()), (Some("one"), Some("two")), "{order:?}");
        for n in 0..2 {
            assert_eq!(titles(world.far_hand::<Task>(n).records()), ["call", "send", "write"], "{order:?}");
        }
        world.assert_quiet::<Task>(POLICY);
    }
}

#[test]
fn a_value_cut_at_the_far_side_gives_way_to_what_its_user_writes_there() {
    let world = World::with(WorstOptions::kind().with(|o| {
        o.cut_at.insert(Field::from("notes"), 20);
    }));
    let text = |word: &str| vec![format!("{word} and so on, for longer than some provider will keep it")];
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("Ada"));
    world.run::<Contact>(POLICY);
    let (hub, far) = ids(&world, "Ada");
    world.hub_hand::<Contact>().edit(&hub, |c| c.notes = text("first"));
    world.run::<Contact>(POLICY);
    for long in [true, false] {
        world.far_hand::<Contact>().edit(&far, |c| c.notes = if long { text("second") } else { vec!["third".to_owned()] });
        world.run::<Contact>(POLICY);
        world.run::<Contact>(POLICY);
        let notes = world.hub_hand::<Contact>().item(&hub).unwrap().record.notes.concat();
        assert!(!notes.contains("first") && notes.starts_with(if long { "second" } else { "third" }), "{notes}");
    }
}

#[test]
fn two_things_that_have_one_id_on_their_two_sides_are_not_taken_for_each_other() {
    // Both sides count their items, and both first items are made on the other side in one run.
    let world = World::kind();
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("Ada"));
    world.far_hand::<Contact>().put(&World::home::<Contact>(), named("Bob"));
    let [hub, far] = [world.hub_hand::<Contact>().items(), world.far_hand::<Contact>().items()];
    assert_eq!(hub.keys().collect::<Vec<_>>(), far.keys().collect::<Vec<_>>(), "the ids are the same");
    world.run::<Contact>(POLICY);
    let (_, there) = ids(&world, "Ada");
    let bob = far.into_keys().next().unwrap();
    world.far_hand::<Contact>().delete(&bob);
    let copy = world.far_hand::<Contact>().copy(&there).unwrap();
    world.far_hand::<Contact>().edit(&copy, |c| c.name.full = Some("Grace".to_owned()));
    let marks: Vec<_> = world.hub_hand::<Contact>().items().into_values().filter_map(|s| s.mark).collect();
    let far_marks: Vec<_> = world.far_hand::<Contact>().items().into_values().filter_map(|s| s.mark).collect();
    assert!(!marks.is_empty() && marks.iter().all(|mark| !far_marks.contains(mark)), "{marks:?} {far_marks:?}");
    world.run::<Contact>(POLICY);
    world.run::<Contact>(POLICY);
    assert_eq!(both(&world), [["Ada", "Grace"], ["Ada", "Grace"]]);
}

#[test]
fn a_side_that_deletes_whatever_is_there_is_asked_what_is_there() {
    for conditional in [true, false] {
        let world = agreed(WorstOptions::kind().with(|o| o.unconditional = !conditional), POLICY);
        let (hub, far) = ids(&world, "Ada");
        world.hub_hand::<Contact>().delete(&hub);
        world.far_hand::<Contact>().edit(&far, |c| c.notes = vec!["not listed yet".to_owned()]);
        world.far.set_faults(FaultPlan::none().at_nth(Operation::Changes, 1, Fault::Empty));
        world.run::<Contact>(POLICY);
        world.far.set_faults(FaultPlan::none());
        world.run::<Contact>(POLICY);
        world.run::<Contact>(POLICY);
        assert_eq!(both(&world), [["Ada", "Bob"], ["Ada", "Bob"]], "conditional: {conditional}");
        assert_eq!(world.far_hand::<Contact>().records().iter().find(|c| is("Ada")(c)).unwrap().notes, ["not listed yet"]);
    }
}

#[test]
fn a_mailbox_that_may_just_have_got_a_record_has_it() {
    let world = Many::of(2);
    for name in ["Ada", "Bob", "Eve"] {
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), named(name));
    }
    world.run::<Contact>(0, POLICY);
    // The other mailbox gets them, and nobody learns of it.
    world.far[1].set_faults(FaultPlan::none().at_nth(Operation::Write, 3, Fault::HangAfter));
    assert!(!world.stop::<Contact>(1, POLICY), "the run ends though a request is never answered");
    world.far[1].set_faults(FaultPlan::none());
    let far = world.far_hand::<Contact>(0);
    let ada = far.items().into_iter().find(|(_, s)| is("Ada")(&s.record)).unwrap().0;
    far.delete(&ada);
    world.run::<Contact>(0, POLICY);
    world.run_all::<Contact>(POLICY);
    assert_eq!(names(world.hub_hand::<Contact>().records()), ["Ada", "Bob", "Eve"]);
    assert_eq!(names(world.far_hand::<Contact>(1).records()), ["Ada", "Bob", "Eve"]);
    assert_eq!(names(far.records()), ["Bob", "Eve"]);
}

#[test]
fn what_an_unanswered_create_made_is_known_by_its_uid_where_marks_are_dropped_and_its_user_has_edited_it() {
    let world = World::with(WorstOptions::only(&["drops_marks"]).unwrap().with(|o| {
        o.create = Create::ByContent;
        o.server_made_ids = true;
    }));
    let mut contact = named("Ada");
    contact.uid = Some("uid-Ada".to_owned());
    contact.notes = vec!["note".to_owned()];
    // It is found by its uid and by its address.
    contact.emails = vec![EmailAddress { address: "ada@example.com".to_owned(), ..EmailAddress::default() }];
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), contact);
    cut_off(&world, Operation::Write, Fault::HangAfter);
    let far = world.far_hand::<Contact>();
    let ada = far.items().into_keys().next().unwrap();
    far.edit(&ada, |c| c.notes = vec!["edited at once".to_owned()]);
    for _ in 0..3 {
        world.run::<Contact>(POLICY);
    }
    world.settle();
    world.run::<Contact>(POLICY);
    assert_eq!(both(&world), [["Ada"], ["Ada"]]);
    assert_eq!(world.hub_hand::<Contact>().records()[0].notes, ["edited at once"]);
}

#[test]
fn that_a_create_found_by_its_content_came_to_nothing_is_believed_of_no_listing_that_came_short() {
    for unreadable in [false, true] {
        let world = World::with(WorstOptions::kind().with(|o| {
            o.create = Create::ByContent;
            o.server_made_ids = true;
        }));
        for name in ["Ada", "Bob"] {
            world.hub_hand::<Contact>().put(&World::home::<Contact>(), named(name));
        }
        world.far.set_faults(FaultPlan::none().at_nth(Operation::Write, 2, Fault::HangBefore));
        assert!(!world.stop(&world.pair::<Contact>(POLICY)), "the run ends though a request is never answered");
        world.settle();
        let far = world.far_hand::<Contact>();
        let made = far.items().into_keys().next().unwrap();
        if unreadable {
            far.make_unreadable(&made, true);
            world.far.set_faults(FaultPlan::none());
        } else {
            world.far.set_faults(FaultPlan::none().at_nth(Operation::Changes, 1, Fault::Empty));
        }
        world.run::<Contact>(POLICY);
        world.far.set_faults(FaultPlan::none());
        far.make_unreadable(&made, false);
        world.settle();
        for _ in 0..3 {
            world.run::<Contact>(POLICY);
        }
        assert_eq!(both(&world), [["Ada", "Bob"], ["Ada", "Bob"]], "unreadable: {unreadable}");
    }
}

#[test]
fn an_item_without_a_uid_that_an_unanswered_update_renamed_and_its_user_edited_is_found() {
    let world = World::with(rekeying());
    let far = world.far_hand::<Contact>();
    for name in ["Ada", "Bob"] {
        far.put(&World::home::<Contact>(), named(name));
    }
    world.run::<Contact>(POLICY);
    let (hub, _) = ids(&world, "Ada");
    world.hub_hand::<Contact>().edit(&hub, |c| c.notes = vec!["by the hub user".to_owned()]);
    cut_off(&world, Operation::Write, Fault::HangAfter);
    let (_, renamed) = ids(&world, "Ada");
    far.edit(&renamed, |c| c.nicknames = vec!["by the far user".to_owned()]);
    world.settle();
    for _ in 0..2 {
        world.run::<Contact>(POLICY);
    }
    assert_eq!(both(&world), [["Ada", "Bob"], ["Ada", "Bob"]]);
    let ada = world.hub_hand::<Contact>().item(&hub).unwrap().record;
    assert_eq!((ada.notes, ada.nicknames), (vec!["by the hub user".to_owned()], vec!["by the far user".to_owned()]));
}

#[test]
fn what_one_collection_answered_is_known_before_the_next_one_is_written_to() {
    let world = World::with(WorstOptions::kind().with(|o| {
        o.create = Create::ByContent;
        o.server_made_ids = true;
    }));
    let far = world.far_hand::<Contact>();
    // What is new is made in the first collection, and Ada is in the second one.
    far.make_collection("annex");
    far.put(&World::home::<Contact>(), named("Ada"));
    world.run::<Contact>(POLICY);
    let (hub, _) = ids(&world, "Ada");
    world.hub_hand::<Contact>().edit(&hub, |c| c.notes = vec!["edited".to_owned()]);
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("Bob"));
    world.far.set_faults(FaultPlan::none().at_nth(Operation::Write, 2, Fault::HangBefore));
    assert!(!world.stop(&world.pair::<Contact>(POLICY)), "the run ends though a request is never answered");
    world.far.set_faults(FaultPlan::none());
    world.settle();
    for _ in 0..2 {
        world.run::<Contact>(POLICY);
    }
    assert_eq!(both(&world), [["Ada", "Bob"], ["Ada", "Bob"]]);
}

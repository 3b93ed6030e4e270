//! Both sides follow each other, field by field.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use pimkit_contract::samples;
use pimkit_core::{Contact, EmailAddress, Event, Task};
use pimkit_sync::Verdict;
use world::{World, named, texts};

#[test]
fn both_sides_hold_everything_after_the_first_run_and_the_second_writes_nothing() {
    let world = World::kind();
    for n in 0..20 {
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
        world.far_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(100 + n));
    }
    // Two full sides that share nothing are asked about first: see `guards.rs`.
    let held = world.run::<Contact>(&[]);
    let pair = world.builder::<Contact>("contacts", &[]).left_collections(vec!["contacts".into()]);
    let report = futures::executor::block_on(pair.approve(&held.sync.holds[0].approve).build().unwrap().run()).unwrap();
    assert_eq!((report.sync.created.left, report.sync.created.right), (20, 20), "{report:?}");
    assert_eq!(report.sync.verdict(), Verdict::Done, "{report:?}");
    assert_eq!(texts(world.hub_hand::<Contact>().records()), texts(world.far_hand::<Contact>().records()));
    let requests = world.far.requests().len();
    let again = world.run::<Contact>(&[]);
    assert_eq!(again.sync.writes(), 0, "{again:?}");
    assert_eq!(again.sync.verdict(), Verdict::Done, "{again:?}");
    let asked = world.far.requests().len() - requests;
    assert_eq!(asked, 6, "requests of a run that sees its own writes again");
    // The account, its collections and their fields, once for the plan and for applying it, and one listing.
    let requests = world.far.requests().len();
    world.run::<Contact>(&[]);
    let asked = world.far.requests().len() - requests;
    assert_eq!(asked, 4, "requests of a run without changes");
    // Who applies a plan later asks anew for all but the listing.
    let requests = world.far.requests().len();
    let pair = world.pair::<Contact>(&[]);
    futures::executor::block_on(async { pair.apply(pair.plan().await.unwrap()).await }).unwrap();
    let asked = world.far.requests().len() - requests;
    assert_eq!(asked, 7, "requests of a plan without changes and of applying it");
}

#[test]
fn every_field_of_every_kind_arrives() {
    let world = World::kind();
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::full_contact(1));
    world.hub_hand::<Event>().put(&World::home::<Event>(), samples::series(1));
    world.far_hand::<Event>().put(&World::home::<Event>(), samples::event(5));
    world.far_hand::<Task>().put(&World::home::<Task>(), samples::task(1));
    for report in [world.run::<Contact>(&[]), world.run::<Event>(&[]), world.run::<Task>(&[])] {
        assert_eq!(report.sync.verdict(), Verdict::Done, "{report:?}");
    }
    assert_eq!(texts(world.hub_hand::<Contact>().records()), texts(world.far_hand::<Contact>().records()));
    assert_eq!(texts(world.hub_hand::<Event>().records()), texts(world.far_hand::<Event>().records()));
    assert_eq!(texts(world.hub_hand::<Task>().records()), texts(world.far_hand::<Task>().records()));
}

#[test]
fn edits_of_different_fields_at_both_ends_both_arrive() {
    let world = World::kind();
    let hub = world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(1));
    world.run::<Contact>(&[]);
    let far = world.far_hand::<Contact>().items().into_keys().next().unwrap();
    world.hub_hand::<Contact>().edit(&hub, |c| c.nicknames = vec!["Countess".into()]);
    world.far_hand::<Contact>().edit(&far, |c| c.notes.push("met in Turin".into()));
    let report = world.run::<Contact>(&[]);
    assert_eq!((report.sync.updated.left, report.sync.updated.right, report.sync.conflicts), (1, 1, 0), "{report:?}");
    for record in [world.hub_hand::<Contact>().records(), world.far_hand::<Contact>().records()].concat() {
        assert_eq!(record.nicknames, ["Countess"]);
        assert!(record.notes.contains(&"met in Turin".to_owned()));
    }
    assert_eq!(world.run::<Contact>(&[]).sync.writes(), 0);
}

#[test]
fn elements_of_one_list_merge_one_by_one() {
    let world = World::kind();
    let mail = |a: &str| EmailAddress { address: a.into(), ..EmailAddress::default() };
    let mut ada = named("Ada");
    ada.emails = vec![mail("a@x.example"), mail("b@x.example")];
    let hub = world.hub_hand::<Contact>().put(&World::home::<Contact>(), ada);
    world.run::<Contact>(&[]);
    let far = world.far_hand::<Contact>().items().into_keys().next().unwrap();
    world.hub_hand::<Contact>().edit(&hub, |c| c.emails.push(mail("c@x.example")));
    world.far_hand::<Contact>().edit(&far, |c| {
        c.emails.remove(0);
        c.emails.push(mail("d@x.example"));
    });
    world.run::<Contact>(&[]);
    for record in [world.hub_hand::<Contact>().records(), world.far_hand::<Contact>().records()].concat() {
        let mut all: Vec<_> = record.emails.iter().map(|e| e.address.as_str()).collect();
        all.sort();
        assert_eq!(all, ["b@x.example", "c@x.example", "d@x.example"]);
    }
}

#[test]
fn a_conflict_follows_the_policy_and_the_loser_is_kept_and_shown() {
    // (policy, who edits last, the name that stays)
    for (policy, far_last, stays) in
        [("left", true, "Hub"), ("right", false, "Far"), ("newest", true, "Far"), ("newest", false, "Hub"), ("keep_both", true, "Hub")]
    {
        let world = World::kind();
        let hub = world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("Ada"));
        world.run::<Contact>(&[("conflicts", policy)]);
        let far = world.far_hand::<Contact>().items().into_keys().next().unwrap();
        let pause = || world.clock.advance(std::time::Duration::from_secs(10));
        let edit_hub = || assert!(world.hub_hand::<Contact>().edit(&hub, |c| c.name.full = Some("Hub".into())));
        let edit_far = || assert!(world.far_hand::<Contact>().edit(&far, |c| c.name.full = Some("Far".into())));
        if far_last {
            edit_hub();
            pause();
            edit_far();
        } else {
            edit_far();
            pause();
            edit_hub();
        }
        let report = world.run::<Contact>(&[("conflicts", policy)]);
        assert_eq!(report.sync.conflicts, 1, "{policy}: {report:?}");
        let name = |r: &Contact| r.name.full.clone().unwrap();
        assert_eq!(name(&world.hub_hand::<Contact>().item(&hub).unwrap().record), stays, "{policy} hub");
        assert_eq!(name(&world.far_hand::<Contact>().item(&far).unwrap().record), stays, "{policy} far");
        let lost: Vec<_> = world.journal().into_iter().flat_map(|row| row.lost).map(|l| l.to.unwrap()).collect();
        let loser = if stays == "Hub" { "Far" } else { "Hub" };
        assert_eq!(lost, [serde_json::json!(loser)], "{policy}");
        if policy == "keep_both" {
            world.run::<Contact>(&[("conflicts", policy)]);
            for side in [world.hub_hand::<Contact>().records(), world.far_hand::<Contact>().records()] {
                let mut names: Vec<_> = side.iter().map(name).collect();
                names.sort();
                assert_eq!(names, ["Far", "Hub"]);
            }
        }
        assert_eq!(world.run::<Contact>(&[("conflicts", policy)]).sync.writes(), 0, "{policy}");
    }
}

#[test]
fn under_ask_neither_side_is_written_until_somebody_decides_and_the_rest_goes_on() {
    let world = World::kind();
    let ask = &[("conflicts", "ask")];
    let hub = world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("Ada"));
    world.run::<Contact>(ask);
    let far = world.far_hand::<Contact>().items().into_keys().next().unwrap();
    world.hub_hand::<Contact>().edit(&hub, |c| c.name.full = Some("Hub".into()));
    world.far_hand::<Contact>().edit(&far, |c| {
        c.name.full = Some("Far".into());
        c.notes.push("n".into());
    });
    let report = world.run::<Contact>(ask);
    assert_eq!((report.sync.conflicts, report.sync.held, report.sync.verdict()), (1, 1, Verdict::LeftOver), "{report:?}");
    let (h, f) = (world.hub_hand::<Contact>().item(&hub).unwrap().record, world.far_hand::<Contact>().item(&far).unwrap().record);
    assert_eq!((h.name.full.as_deref(), f.name.full.as_deref()), (Some("Hub"), Some("Far")));
    assert_eq!(h.notes, ["n"]);
    let again = world.run::<Contact>(ask);
    assert_eq!((again.sync.writes(), again.sync.verdict()), (0, Verdict::LeftOver), "{again:?}");
    // Somebody decides.
    world.hub_hand::<Contact>().edit(&hub, |c| c.name.full = Some("Far".into()));
    let report = world.run::<Contact>(ask);
    assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Done), "{report:?}");
}

#[test]
fn a_one_way_sync_writes_only_the_side_that_follows() {
    for (direction, left, right) in [("to_right", vec!["Hub"], vec!["Far", "Hub"]), ("to_left", vec!["Far", "Hub"], vec!["Far"])] {
        let world = World::kind();
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), named("Hub"));
        world.far_hand::<Contact>().put(&World::home::<Contact>(), named("Far"));
        let report = world.run::<Contact>(&[("direction", direction)]);
        let names = |records: Vec<Contact>| {
            let mut names: Vec<_> = records.into_iter().map(|r| r.name.full.unwrap()).collect();
            names.sort();
            names
        };
        assert_eq!(names(world.hub_hand::<Contact>().records()), left, "{report:?}");
        assert_eq!(names(world.far_hand::<Contact>().records()), right, "{report:?}");
        assert_eq!(world.run::<Contact>(&[("direction", direction)]).sync.writes(), 0);
    }
}

#[test]
fn a_record_on_both_sides_is_joined_not_doubled() {
    let world = World::kind();
    let with = |mail: &str, name: &str| {
        let mut c = named(name);
        c.emails.push(EmailAddress { address: mail.into(), ..EmailAddress::default() });
        c
    };
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), with("ada@x.example", "Ada Lovelace"));
    world.far_hand::<Contact>().put(&World::home::<Contact>(), with("ADA@x.example", "Lovelace, Ada"));
    // The same address, but another person.
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), with("info@x.example", "Charles Babbage"));
    world.far_hand::<Contact>().put(&World::home::<Contact>(), with("info@x.example", "Mary Somerville"));
    let report = world.run::<Contact>(&[]);
    assert_eq!(report.sync.linked, 1, "{report:?}");
    assert_eq!(world.hub_hand::<Contact>().records().len(), 3);
    assert_eq!(world.far_hand::<Contact>().records().len(), 3);
    assert_eq!(world.run::<Contact>(&[]).sync.writes(), 0);
}

#[test]
fn several_that_fit_are_reported_and_never_guessed_between() {
    let world = World::kind();
    let with = |name: &str, note: &str| {
        let mut c = named(name);
        c.emails.push(EmailAddress { address: "ada@x.example".into(), ..EmailAddress::default() });
        c.notes.push(note.into());
        c
    };
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), with("Ada", "one"));
    world.hub_hand::<Contact>().put(&World::home::<Contact>(), with("Ada", "two"));
    world.far_hand::<Contact>().put(&World::home::<Contact>(), with("Ada", "three"));
    let report = world.run::<Contact>(&[("direction", "to_left")]);
    assert_eq!(report.sync.writes(), 0, "{report:?}");
    assert!(report.sync.quarantined[0].error.starts_with("2 items"), "{report:?}");
    let again = world.run::<Contact>(&[("direction", "to_left")]);
    assert_eq!((again.sync.writes(), again.sync.quarantined.is_empty()), (0, false), "{again:?}");
}

#[test]
fn duplicates_within_one_side_stay_duplicates_and_are_not_multiplied() {
    let world = World::kind();
    for _ in 0..3 {
        world.far_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(1));
    }
    world.run::<Contact>(&[]);
    assert_eq!(world.hub_hand::<Contact>().records().len(), 3);
    assert_eq!(world.run::<Contact>(&[]).sync.writes(), 0);
    assert_eq!(world.far_hand::<Contact>().records().len(), 3);
}

#[test]
fn a_moved_series_takes_the_other_sides_overrides_along() {
    let world = World::kind();
    let hub = world.hub_hand::<Event>().put(&World::home::<Event>(), samples::series(1));
    world.run::<Event>(&[]);
    let far = world.far_hand::<Event>().items().into_keys().next().unwrap();
    let before = samples::series(1);
    world.hub_hand::<Event>().edit(&hub, |e| {
        let (from, later) = (e.start.clone().unwrap(), jiff::SignedDuration::from_mins(30));
        let move_by = |w: &pimkit_core::When| w.with_wall(w.wall().checked_add(later).unwrap());
        e.start = Some(move_by(&from));
        e.end = e.end.as_ref().map(move_by);
        e.recurrence_overrides = pimkit_core::series::shifted(&e.recurrence_overrides, &from, e.start.as_ref().unwrap());
    });
    let added = {
        let start = before.start.clone().unwrap().wall();
        pimkit_core::RecurrenceId(start.checked_add(jiff::SignedDuration::from_hours(24 * 70)).unwrap())
    };
    world.far_hand::<Event>().edit(&far, |e| {
        e.recurrence_overrides.insert(added, pimkit_core::Override::Excluded);
    });
    let report = world.run::<Event>(&[]);
    assert_eq!(report.sync.conflicts, 0, "{report:?}");
    let moved = pimkit_core::RecurrenceId(added.0.checked_add(jiff::SignedDuration::from_mins(30)).unwrap());
    for record in [world.hub_hand::<Event>().records(), world.far_hand::<Event>().records()].concat() {
        assert_eq!(record.recurrence_overrides.get(&moved), Some(&pimkit_core::Override::Excluded));
        assert_eq!(record.recurrence_overrides.len(), before.recurrence_overrides.len() + 1);
    }
}

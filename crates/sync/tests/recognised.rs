//! Who is the same on both sides: by the keys of the policy in their order, and what becomes of what is not clear.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::{TryStreamExt, executor::block_on};
use pimkit_contract::{WorstOptions, samples};
use pimkit_core::{Contact, EmailAddress, Event, ItemId, LinkQuery, LinkState, Organizer, Phone, Record, State};
use pimkit_sync::{Policy, Report, unlinked};
use serde_json::{Value, json};
use std::time::Duration;
use world::{World, named};

fn run<R: Record>(world: &World, set: &[(&str, Value)]) -> Report {
    world.clock.advance(Duration::from_secs(60));
    let mut policy = Policy::default();
    set.iter().for_each(|(key, value)| policy.set_value(key, value.clone()).unwrap());
    let pair = world.builder::<R>(R::KIND.plural(), &[]).policy(policy).left_collections(vec![R::KIND.plural().to_owned()]);
    let report = block_on(pair.build().unwrap().run()).unwrap_or_else(|e| panic!("{set:?}: {e}"));
    world.clock.advance(Duration::from_secs(60));
    report
}

fn mail(address: &str, context: &str) -> EmailAddress {
    let contexts = Some(context.to_owned()).filter(|c| !c.is_empty()).into_iter().collect();
    EmailAddress { address: address.to_owned(), contexts, ..EmailAddress::default() }
}

fn card(name: &str, emails: &[(&str, &str)]) -> Contact {
    let mut contact = named(name);
    contact.emails = emails.iter().map(|(address, context)| mail(address, context)).collect();
    contact
}

fn counts<R: Record + pimkit_contract::worst::Kept>(world: &World) -> (usize, usize) {
    (world.hub_hand::<R>().records().len(), world.far_hand::<R>().records().len())
}

fn live(world: &World, sync: &str) -> u64 {
    let query = LinkQuery { states: vec![LinkState::Live], ..LinkQuery::of(&sync.into()) };
    block_on(world.state.count_links(query)).unwrap()
}

fn kinds() -> Vec<WorstOptions> {
    vec![
        WorstOptions::kind(),
        WorstOptions::only(&["drops_marks", "server_made_ids"]).unwrap(),
        WorstOptions::only(&["lists_only", "no_find"]).unwrap(),
    ]
}

#[test]
fn sell_30_the_address_with_a_compatible_name_joins_and_without_one_does_not() {
    for options in kinds() {
        let world = World::with(options);
        let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
        hub.put(&World::home::<Contact>(), card("Ada Lovelace", &[("ada@x.example", "")]));
        far.put(&World::home::<Contact>(), card("Lovelace", &[("ADA@X.example ", "")]));
        hub.put(&World::home::<Contact>(), card("Charles Babbage", &[("office@x.example", "")]));
        far.put(&World::home::<Contact>(), card("Mary Somerville", &[("office@x.example", "")]));
        let report = run::<Contact>(&world, &[]);
        assert_eq!((report.sync.linked, report.sync.created.total()), (1, 2), "{report:?}");
        assert_eq!(counts::<Contact>(&world), (3, 3));
    }
}

#[test]
fn the_order_of_the_keys_is_the_policys_and_no_key_joins_nothing() {
    // By uid one hub record fits, by address another.
    let scene = || {
        let world = World::kind();
        let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
        let with_uid = |mut c: Contact, uid: &str| {
            c.uid = Some(uid.to_owned());
            c
        };
        let by_uid = hub.put(&World::home::<Contact>(), with_uid(card("Ada", &[("old@x.example", "")]), "u1"));
        let by_mail = hub.put(&World::home::<Contact>(), with_uid(card("Ada", &[("new@x.example", "")]), "u2"));
        far.put(&World::home::<Contact>(), with_uid(card("Ada", &[("new@x.example", "")]), "u1"));
        (world, by_uid, by_mail)
    };
    for (order, first) in [(json!(["uid", "email"]), true), (json!(["email", "uid"]), false)] {
        let (world, by_uid, by_mail) = scene();
        run::<Contact>(&world, &[("matches", order.clone())]);
        let expected = if first { by_uid } else { by_mail };
        let links = block_on(world.state.links_of_hub(&"contacts".into(), &[expected])).unwrap();
        let linked = links.into_iter().flatten().next().unwrap();
        assert!(linked.item.unwrap().as_str().starts_with("own-"), "{order}: joined with the item that was there");
        assert_eq!(counts::<Contact>(&world), (2, 2), "{order}");
    }
    let (world, ..) = scene();
    run::<Contact>(&world, &[("matches", json!([]))]);
    assert_eq!(counts::<Contact>(&world), (3, 3));
}

#[test]
fn zg_09_the_labelled_addresses_are_compared_whatever_the_names_and_other_addresses_say_nothing() {
    let by_label = &[("matches", json!(["email:primary:work"])), ("conflicts", json!("left"))];
    for options in kinds() {
        let world = World::with(options);
        let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
        hub.put(&World::home::<Contact>(), card("Ada Lovelace", &[("ada@x.example", ""), ("other@x.example", "work")]));
        far.put(&World::home::<Contact>(), card("Augusta King", &[("home@x.example", "private"), ("ADA@x.example", "Work")]));
        hub.put(&World::home::<Contact>(), card("Charles Babbage", &[("charles@x.example", "")]));
        far.put(&World::home::<Contact>(), card("Charles Babbage", &[("charles@x.example", "private")]));
        hub.put(&World::home::<Contact>(), card("Grace Hopper", &[("grace@x.example", ""), ("office@x.example", "work")]));
        far.put(&World::home::<Contact>(), card("Grace Hopper", &[("office@x.example", "work")]));
        let report = run::<Contact>(&world, by_label);
        assert_eq!(report.sync.linked, 1, "{report:?}");
        assert_eq!(counts::<Contact>(&world), (5, 5));
    }
}

#[test]
fn several_that_differ_wait_and_are_told_with_ids_scores_and_reasons_and_no_personal_data() {
    let world = World::kind();
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    let with_phone = |name: &str| {
        let mut card = card(name, &[("ada@x.example", "")]);
        card.phones.push(Phone { number: "+43 1 5550100".into(), ..Phone::default() });
        card
    };
    let better = hub.put(&World::home::<Contact>(), with_phone("Ada Lovelace"));
    let worse = hub.put(&World::home::<Contact>(), card("Ada", &[("ada@x.example", "")]));
    let mut theirs = with_phone("Ada Lovelace");
    theirs.notes = vec!["secret".into()];
    let there = far.put(&World::home::<Contact>(), theirs);
    for round in 0..3 {
        let report = run::<Contact>(&world, &[]);
        // The far one and both of the hub's wait.
        assert_eq!((report.sync.writes(), report.sync.quarantined.len()), (0, 3), "{report:?}");
        let of = report.sync.ambiguous.iter().find(|a| a.id == there.to_string()).unwrap();
        let ids: Vec<&str> = of.candidates.iter().map(|c| c.id.as_str()).collect();
        assert_eq!(ids, [better.as_str(), worse.as_str()], "the best first");
        assert!(of.candidates[0].score.points > of.candidates[1].score.points, "{of:?}");
        assert!(of.candidates[0].score.reasons.iter().any(|r| r == "a number in common"), "{of:?}");
        assert!(of.candidates[1].score.reasons.iter().any(|r| r.contains("all words of the shorter")), "{of:?}");
        let lines = serde_json::to_string(&report.sync).unwrap();
        for private in ["Ada", "ada@", "5550100", "secret"] {
            assert!(!lines.contains(private), "{private}: {lines}");
        }
        let written: Vec<_> = world.journal().into_iter().filter(|row| row.action == "ambiguous").collect();
        assert_eq!(written.len(), 3, "written down once, round {round}");
        let waits: Vec<_> =
            block_on(unlinked::<Contact>(std::sync::Arc::new(world.state.clone()), &"contacts".into()).try_collect()).unwrap();
        assert!(waits.len() == 3 && waits.iter().all(|one| one.record.is_some() && one.why.contains("links import")), "{waits:?}");
        assert!(written.iter().any(|row| row.item.as_ref() == Some(&there) && row.why.contains(better.as_str())), "{written:?}");
    }
    // Told apart by their user, they are joined.
    hub.edit(&worse, |c| c.emails[0].address = "another@x.example".into());
    let report = run::<Contact>(&world, &[]);
    assert_eq!((report.sync.linked, report.sync.created.right, report.sync.quarantined.len()), (1, 1, 0), "{report:?}");
}

#[test]
fn best_takes_the_best_by_score_then_id_and_make_makes_another() {
    let scene = || {
        let world = World::kind();
        let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
        let ids: Vec<ItemId> =
            ["Ada", "Ada Lovelace"].map(|n| hub.put(&World::home::<Contact>(), card(n, &[("ada@x.example", "")]))).to_vec();
        let mut theirs = card("Ada Lovelace", &[("ada@x.example", "")]);
        theirs.notes = vec!["theirs".into()];
        far.put(&World::home::<Contact>(), theirs);
        (world, ids)
    };
    let (world, ids) = scene();
    let report = run::<Contact>(&world, &[("ambiguous", json!("best"))]);
    assert_eq!((report.sync.linked, report.sync.created.right), (1, 1), "{report:?}");
    assert_eq!(world.hub_hand::<Contact>().item(&ids[1]).unwrap().record.notes, ["theirs"]);
    assert!(world.hub_hand::<Contact>().item(&ids[0]).unwrap().record.notes.is_empty());
    assert_eq!(run::<Contact>(&world, &[("ambiguous", json!("best"))]).sync.writes(), 0);
    let (world, _) = scene();
    let report = run::<Contact>(&world, &[("ambiguous", json!("make"))]);
    assert_eq!((report.sync.linked, report.sync.created.left, report.sync.created.right), (0, 1, 2), "{report:?}");
    assert_eq!(run::<Contact>(&world, &[("ambiguous", json!("make"))]).sync.writes(), 0);
}

#[test]
fn best_gives_each_its_own_where_several_fit_several() {
    let world = World::kind();
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    for n in 0..4 {
        for (hand, note) in [(&hub, "hub"), (&far, "far")] {
            let mut ada = card("Ada", &[("ada@x.example", "")]);
            ada.notes = vec![format!("{note} {n}")];
            hand.put(&World::home::<Contact>(), ada);
        }
    }
    let report = run::<Contact>(&world, &[("ambiguous", json!("best"))]);
    assert_eq!((report.sync.linked, report.sync.created.total()), (4, 0), "{report:?}");
    assert_eq!(run::<Contact>(&world, &[("ambiguous", json!("best"))]).sync.writes(), 0);
}

#[test]
fn sell_26_duplicates_of_one_side_are_imported_each_and_never_collapsed() {
    for options in kinds() {
        let world = World::with(options);
        let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
        hub.put(&World::home::<Contact>(), card("Ada", &[("ada@x.example", "")]));
        for _ in 0..3 {
            far.put(&World::home::<Contact>(), card("Ada", &[("ada@x.example", "")]));
        }
        let report = run::<Contact>(&world, &[("duplicates", json!("import"))]);
        assert_eq!((report.sync.linked, report.sync.created.left, report.sync.created.right), (1, 2, 0), "{report:?}");
        assert_eq!((counts::<Contact>(&world), live(&world, "contacts")), ((3, 3), 3));
        world.settle();
        assert_eq!(run::<Contact>(&world, &[("duplicates", json!("import"))]).sync.writes(), 0);
    }
}

#[test]
fn duplicates_may_be_held_all_but_the_first_until_somebody_looks() {
    let hold = &[("duplicates", json!("hold"))];
    for (on_hub, options) in kinds().into_iter().enumerate() {
        let world = World::with(options);
        let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
        // With a partner on the hub, or without.
        if on_hub > 0 {
            hub.put(&World::home::<Contact>(), card("Ada", &[("ada@x.example", "")]));
        }
        let ids: Vec<ItemId> = (0..3).map(|_| far.put(&World::home::<Contact>(), card("Ada", &[("ada@x.example", "")]))).collect();
        far.put(&World::home::<Contact>(), card("Grace", &[("grace@x.example", "")]));
        for _ in 0..2 {
            let report = run::<Contact>(&world, hold);
            assert_eq!(report.sync.quarantined.len(), 2, "{report:?}");
            assert!(report.sync.quarantined.iter().all(|l| l.error.contains("duplicate of own-")), "{report:?}");
            assert_eq!(counts::<Contact>(&world), (2, 4));
            world.settle();
        }
        // The user takes one away and changes the other.
        far.delete(&ids[2]);
        far.edit(&ids[1], |c| {
            c.emails[0].address = "ada.king@x.example".into();
            c.name.full = Some("Ada King".into());
        });
        let report = run::<Contact>(&world, hold);
        assert_eq!((report.sync.created.left, report.sync.quarantined.len()), (1, 0), "{report:?}");
        assert_eq!(counts::<Contact>(&world), (3, 3));
    }
}

#[test]
fn one_meeting_is_one_by_uid_and_organiser_and_two_organisers_are_two_meetings() {
    let called_by = |organizer: Option<&str>, title: &str| {
        let mut event = samples::series(1);
        event.uid = Some("one-uid".into());
        event.title = Some(title.to_owned());
        event.organizer = organizer.map(|address| Organizer { address: address.to_owned(), ..Organizer::default() });
        event
    };
    for (theirs, joined) in
        [(Some("MAILTO:Ann@x.example "), true), (Some("ann@x.example"), true), (None, true), (Some("bob@x.example"), false)]
    {
        let world = World::kind();
        let (hub, far) = (world.hub_hand::<Event>(), world.far_hand::<Event>());
        hub.put(&World::home::<Event>(), called_by(Some("ann@x.example"), "Ours"));
        far.put(&World::home::<Event>(), called_by(theirs, "Theirs"));
        let report = run::<Event>(&world, &[]);
        assert_eq!(report.sync.linked, u64::from(joined), "{theirs:?}: {report:?}");
        assert_eq!(counts::<Event>(&world), if joined { (1, 1) } else { (2, 2) }, "{theirs:?}");
    }
    // And the right one of two is found.
    let world = World::kind();
    let (hub, far) = (world.hub_hand::<Event>(), world.far_hand::<Event>());
    for who in ["ann@x.example", "bob@x.example"] {
        hub.put(&World::home::<Event>(), called_by(Some(who), who));
    }
    far.put(&World::home::<Event>(), called_by(Some("bob@x.example"), "Theirs"));
    let report = run::<Event>(&world, &[]);
    assert_eq!((report.sync.linked, report.sync.quarantined.len()), (1, 0), "{report:?}");
    let titles: Vec<String> = far.records().into_iter().filter_map(|e| e.title).collect();
    assert_eq!((titles.len(), titles.iter().filter(|t| *t == "ann@x.example").count()), (2, 1), "{titles:?}");
}

#[test]
fn a_uid_that_a_copy_carries_too_names_neither_and_two_users_copies_stay_two_records() {
    let world = World::kind();
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    let ada = hub.put(&World::home::<Contact>(), card("Ada Lovelace", &[("ada@x.example", "")]));
    hub.edit(&ada, |c| c.uid = Some("one-uid".into()));
    run::<Contact>(&world, &[]);
    let there = far.items().into_keys().next().unwrap();
    // Each user copies the card and makes somebody else of the copy.
    let (brother, sister) = (hub.copy(&ada).unwrap(), far.copy(&there).unwrap());
    hub.edit(&brother, |c| c.name.full = Some("Byron Noel".into()));
    far.edit(&sister, |c| c.name.full = Some("Allegra Shelley".into()));
    let report = run::<Contact>(&world, &[]);
    assert_eq!((report.sync.created.left, report.sync.created.right), (1, 1), "{report:?}");
    for records in [hub.records(), far.records()] {
        let mut names: Vec<String> = records.into_iter().filter_map(|c| c.name.full).collect();
        names.sort();
        assert_eq!(names, ["Ada Lovelace", "Allegra Shelley", "Byron Noel"]);
    }
    // The copy at the far side gets a mark of its own, and that is all.
    assert_eq!(run::<Contact>(&world, &[]).sync.writes(), 1);
    assert_eq!(run::<Contact>(&world, &[]).sync.writes(), 0);
}

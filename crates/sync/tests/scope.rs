//! What is synced at all: entering and leaving the scope is a merge and a rest, never a deletion.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use pimkit_contract::{
    WorstOptions,
    worst::{Fault, FaultPlan, Operation},
};
use pimkit_core::{Action, Contact, ErrorKind, Facts, ItemId, Kind, LinkQuery, LinkState, Provenance, Sharing, State, View};
use pimkit_sync::{NotPrivate, Policy, Verdict};
use world::{World, named};

const OWNED: &[(&str, &str)] = &[("scope", "owned"), ("deletes", "delete")];

fn put(world: &World, name: &str) -> ItemId {
    world.hub_hand::<Contact>().put(&"contacts".into(), named(name))
}

fn put_far(world: &World, contact: Contact) -> ItemId {
    world.far_hand::<Contact>().put(&"contacts".into(), contact)
}

fn facts(world: &World, id: &ItemId, change: impl FnOnce(&mut Facts)) {
    let mut facts = Facts::own(Some("ada".into()));
    change(&mut facts);
    world.hub.set_facts(Kind::Contact, id, facts);
}

fn owner(world: &World, id: &ItemId, owner: &str) {
    facts(world, id, |f| f.owner = Some(owner.into()));
}

fn name(contact: &Contact) -> String {
    contact.name.full.clone().unwrap_or_default()
}

fn far_names(world: &World) -> Vec<String> {
    let mut names: Vec<String> = world.far_hand::<Contact>().records().iter().map(name).collect();
    names.sort();
    names
}

fn hub_names(world: &World) -> Vec<String> {
    let mut names: Vec<String> = world.hub_hand::<Contact>().records().iter().map(name).collect();
    names.sort();
    names
}

fn far_id(world: &World, wanted: &str) -> ItemId {
    let items = world.far_hand::<Contact>().items();
    items.into_iter().find(|(_, stored)| name(&stored.record) == wanted).map(|(id, _)| id).unwrap()
}

fn states(world: &World) -> Vec<LinkState> {
    use futures::TryStreamExt;
    let links: Vec<_> = futures::executor::block_on(world.state.links(LinkQuery::of(&"contacts".into())).try_collect()).unwrap();
    links.into_iter().map(|link: pimkit_core::LinkRow| link.state).collect()
}

#[test]
fn a_record_that_changes_hands_is_left_alone_on_both_sides_and_merged_when_it_comes_back() {
    let world = World::kind();
    let (mine, theirs) = (put(&world, "Mine"), put(&world, "Theirs"));
    owner(&world, &theirs, "bob");
    let report = world.run_as::<Contact>("ada", OWNED);
    assert_eq!((report.sync.created.right, report.sync.verdict()), (1, Verdict::Done), "{report:?}");
    assert_eq!(far_names(&world), ["Mine"]);
    // It goes to somebody else: no deletion, and no edit of either side is carried over.
    owner(&world, &mine, "bob");
    let copy = far_id(&world, "Mine");
    world.hub_hand::<Contact>().edit(&mine, |c| c.nicknames = vec!["by bob".into()]);
    world.far_hand::<Contact>().edit(&copy, |c| c.notes = vec!["by ada".into()]);
    for _ in 0..2 {
        let report = world.run_as::<Contact>("ada", OWNED);
        assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Done), "{report:?}");
    }
    assert_eq!(states(&world), [LinkState::OutOfScope]);
    assert!(world.far_hand::<Contact>().item(&copy).unwrap().record.nicknames.is_empty());
    // Back again, though neither record changes any more: both edits arrive, in the same run.
    owner(&world, &mine, "ada");
    let report = world.run_as::<Contact>("ada", OWNED);
    assert_eq!((report.sync.updated.left, report.sync.updated.right, report.sync.conflicts), (1, 1, 0), "{report:?}");
    for record in [world.hub_hand::<Contact>().item(&mine).unwrap().record, world.far_hand::<Contact>().item(&copy).unwrap().record] {
        assert_eq!((record.nicknames, record.notes), (vec!["by bob".to_owned()], vec!["by ada".to_owned()]));
    }
    assert_eq!(states(&world), [LinkState::Live]);
    assert_eq!(world.run_as::<Contact>("ada", OWNED).sync.writes(), 0);
}

#[test]
fn a_record_that_comes_into_scope_is_synced_though_it_did_not_change_and_no_far_item_is_read_for_it() {
    for (policy, out, into) in [
        (&[("scope", "visible")][..], (|f| f.visible = false) as fn(&mut Facts), (|_| {}) as fn(&mut Facts)),
        (&[("scope", "owned")], |f| f.owner = None, |_| {}),
        (&[("view", "Customers")], |_| {}, |f| f.views = vec!["Customers".into()]),
        (&[("imported", "exclude_until_changed")], |f| f.provenance = Provenance::Imported, |f| f.provenance = Provenance::MassUpdated),
        (&[("imported", "exclude")], |f| f.provenance = Provenance::MassUpdated, |f| f.provenance = Provenance::Created),
    ] {
        let world = World::kind();
        world.hub.add_view(View { name: "Customers".into(), kind: Kind::Contact });
        let id = put(&world, "Ada");
        facts(&world, &id, out);
        for _ in 0..2 {
            let report = world.run_as::<Contact>("ada", policy);
            assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Done), "{policy:?} {report:?}");
        }
        let before = world.far.requests().len();
        world.run_as::<Contact>("ada", policy);
        let quiet = world.far.requests().len() - before;
        facts(&world, &id, into);
        let report = world.run_as::<Contact>("ada", policy);
        assert_eq!(report.sync.created.right, 1, "{policy:?} {report:?}");
        assert_eq!(far_names(&world), ["Ada"]);
        let before = world.far.requests().len();
        facts(&world, &id, out);
        assert_eq!(world.run_as::<Contact>("ada", policy).sync.writes(), 0);
        assert_eq!((far_names(&world), states(&world)), (vec!["Ada".to_owned()], vec![LinkState::OutOfScope]), "{policy:?}");
        assert_eq!(world.far.requests().len() - before, quiet, "{policy:?}: what left the scope cost a request");
    }
}

#[test]
fn a_view_that_the_app_does_not_have_is_refused_and_takes_nothing_for_new() {
    let world = World::kind();
    put(&world, "Ada");
    put_far(&world, named("Bob"));
    world.hub.add_view(View { name: "Customers".into(), kind: Kind::Event });
    let pair = world.builder::<Contact>("contacts", &[("view", "Customers")]).app(std::sync::Arc::new(world.hub.clone())).build().unwrap();
    let error = world.run_pair(&pair).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("no saved view of this name"), "{error}");
    assert_eq!((hub_names(&world), far_names(&world)), (vec!["Ada".to_owned()], vec!["Bob".to_owned()]));
}

#[test]
fn a_record_that_the_app_does_not_know_is_left_alone() {
    let world = World::kind();
    let id = put(&world, "Ada");
    world.run_as::<Contact>("ada", OWNED);
    // The app has no such record any more, and its connector still shows it.
    let other = World::kind();
    let pair = world.builder::<Contact>("contacts", OWNED).app(std::sync::Arc::new(other.hub.acting("ada"))).build().unwrap();
    world.hub_hand::<Contact>().edit(&id, |c| c.notes = vec!["n".into()]);
    put(&world, "Bob");
    let report = world.run_pair(&pair).unwrap();
    assert_eq!((report.sync.writes(), far_names(&world)), (0, vec!["Ada".to_owned()]), "{report:?}");
    let report = world.run_as::<Contact>("ada", OWNED);
    assert_eq!((report.sync.created.right, report.sync.updated.right), (1, 1), "{report:?}");
}

#[test]
fn what_was_deleted_while_it_was_outside_is_not_carried_over_and_only_an_edit_brings_it_back() {
    // (who deletes, the record is edited meanwhile, what the hub and the far side have at the end)
    for (far_deletes, edited, hub, far) in [(true, false, 1, 0), (true, true, 1, 1), (false, false, 0, 1), (false, true, 0, 1)] {
        let case = format!("far deletes {far_deletes}, edited {edited}");
        let world = World::kind();
        let id = put(&world, "Ada");
        put(&world, "Bob");
        world.run_as::<Contact>("ada", OWNED);
        let copy = far_id(&world, "Ada");
        owner(&world, &id, "bob");
        world.run_as::<Contact>("ada", OWNED);
        if far_deletes {
            world.far_hand::<Contact>().delete(&copy);
            if edited {
                world.hub_hand::<Contact>().edit(&id, |c| c.notes = vec!["n".into()]);
            }
        } else {
            world.hub_hand::<Contact>().delete(&id);
            if edited {
                world.far_hand::<Contact>().edit(&copy, |c| c.notes = vec!["n".into()]);
            }
        }
        world.run_as::<Contact>("ada", OWNED);
        owner(&world, &id, "ada");
        for _ in 0..2 {
            world.run_as::<Contact>("ada", OWNED);
        }
        let count = |names: Vec<String>| names.iter().filter(|n| *n == "Ada").count();
        assert_eq!((count(hub_names(&world)), count(far_names(&world))), (hub, far), "{case}");
        assert_eq!(world.run_as::<Contact>("ada", OWNED).sync.writes(), 0, "{case}");
    }
}

#[test]
fn an_item_recognised_as_a_record_outside_is_joined_and_left_alone_unless_the_user_does_not_see_it() {
    let card = |note: &str| {
        let mut contact = named("Ada");
        contact.emails = vec![pimkit_core::EmailAddress { address: "ada@x.example".into(), ..Default::default() }];
        contact.notes = vec![note.into()];
        contact
    };
    for (seen, same_uid, hub) in [(true, false, 1), (false, false, 2), (false, true, 1)] {
        let case = format!("seen {seen}, same uid {same_uid}");
        let world = World::kind();
        let mut theirs = card("hub");
        theirs.uid = Some("u-1".into());
        let id = world.hub_hand::<Contact>().put(&"contacts".into(), theirs);
        facts(&world, &id, |f| {
            f.owner = Some("bob".into());
            f.visible = seen;
        });
        let mut mine = card("far");
        mine.uid = same_uid.then(|| "u-1".into());
        put_far(&world, mine);
        for _ in 0..2 {
            world.run_as::<Contact>("ada", OWNED);
        }
        assert_eq!(world.hub_hand::<Contact>().records().len(), hub, "{case}");
        assert_eq!(world.hub_hand::<Contact>().item(&id).unwrap().record.notes, ["hub"], "{case}");
        assert_eq!(world.far_hand::<Contact>().records().len(), 1, "{case}");
        if hub == 1 {
            owner(&world, &id, "ada");
            world.run_as::<Contact>("ada", OWNED);
            let notes = world.far_hand::<Contact>().records()[0].notes.clone();
            assert!(notes.contains(&"hub".to_owned()) && notes.contains(&"far".to_owned()), "{case}: {notes:?}");
        }
    }
}

const GROUP: &[(&str, &str)] = &[("category", "Friends"), ("deletes", "delete")];

fn in_group(full: &str, more: &[&str]) -> Contact {
    let mut contact = named(full);
    contact.keywords = more.iter().map(|n| (*n).to_owned()).chain(["Friends".to_owned()]).collect();
    contact
}

#[test]
fn only_the_category_is_synced_what_is_made_there_is_put_into_it_and_to_leave_it_is_no_deletion() {
    for options in
        [WorstOptions::kind(), WorstOptions::only(&["no_categories", "lists_only", "server_made_ids", "answers_nothing"]).unwrap()]
    {
        let case = options.to_string();
        let world = World::with(options);
        put(&world, "From the hub");
        put_far(&world, in_group("Friend", &["Own"]));
        put_far(&world, named("Stranger"));
        let mut almost = named("Almost");
        almost.keywords.insert("friends".into());
        put_far(&world, almost);
        let report = world.run_as::<Contact>("ada", GROUP);
        assert_eq!((report.sync.created.left, report.sync.created.right), (1, 1), "{case}: {report:?}");
        assert_eq!(hub_names(&world), ["Friend", "From the hub"], "{case}");
        let made = world.far_hand::<Contact>().item(&far_id(&world, "From the hub")).unwrap().record;
        assert!(made.keywords.contains("Friends"), "{case}: {made:?}");
        for record in world.hub_hand::<Contact>().records() {
            assert!(!record.keywords.contains("Friends"), "{case}: the group is the far side's own: {record:?}");
            assert_eq!(record.keywords.contains("Own"), name(&record) == "Friend", "{case}");
        }
        assert_eq!(world.run_as::<Contact>("ada", GROUP).sync.writes(), 0, "{case}");
        // Both sides' own keywords follow each other; the group stays.
        let friend = far_id(&world, "Friend");
        let hub_friend = world.hub_hand::<Contact>().items().into_iter().find(|(_, s)| name(&s.record) == "Friend").unwrap().0;
        world.hub_hand::<Contact>().edit(&hub_friend, |c| {
            c.keywords.remove("Own");
            c.keywords.insert("Hub".into());
        });
        world.run_as::<Contact>("ada", GROUP);
        let keywords: Vec<String> = world.far_hand::<Contact>().item(&friend).unwrap().record.keywords.into_iter().collect();
        assert_eq!(keywords, ["Friends", "Hub"], "{case}");
        assert_eq!(world.run_as::<Contact>("ada", GROUP).sync.writes(), 0, "{case}");
        // Out of the group: no deletion, no edit.
        world.far_hand::<Contact>().edit(&friend, |c| {
            c.keywords.remove("Friends");
            c.notes = vec!["outside".into()];
        });
        for _ in 0..2 {
            assert_eq!(world.run_as::<Contact>("ada", GROUP).sync.writes(), 0, "{case}");
        }
        assert_eq!(hub_names(&world), ["Friend", "From the hub"], "{case}");
        world.far_hand::<Contact>().edit(&friend, |c| {
            c.keywords.insert("Friends".into());
        });
        let report = world.run_as::<Contact>("ada", GROUP);
        assert_eq!(report.sync.updated.left, 1, "{case}: {report:?}");
        assert_eq!(world.hub_hand::<Contact>().item(&hub_friend).unwrap().record.notes, ["outside"], "{case}");
        assert_eq!(world.run_as::<Contact>("ada", GROUP).sync.writes(), 0, "{case}");
    }
}

#[test]
fn a_hub_record_that_is_there_outside_of_the_category_is_put_into_it_and_not_made_twice() {
    let world = World::kind();
    let with_mail = |note: &str| {
        let mut contact = named("Ada");
        contact.emails = vec![pimkit_core::EmailAddress { address: "ada@x.example".into(), ..Default::default() }];
        contact.notes = vec![note.into()];
        contact
    };
    world.hub_hand::<Contact>().put(&"contacts".into(), with_mail("hub"));
    let far = put_far(&world, with_mail("far"));
    world.run_as::<Contact>("ada", GROUP);
    let record = world.far_hand::<Contact>().item(&far).unwrap().record;
    assert!(record.keywords.contains("Friends") && record.notes.len() == 2, "{record:?}");
    assert_eq!((hub_names(&world).len(), far_names(&world).len()), (1, 1));
    assert_eq!(world.run_as::<Contact>("ada", GROUP).sync.writes(), 0);
    // Where the far side is never written, it stays as it is, and is not made on the hub either.
    let world = World::kind();
    world.hub_hand::<Contact>().put(&"contacts".into(), with_mail("hub"));
    let far = put_far(&world, with_mail("far"));
    world.run_as::<Contact>("ada", &[("category", "Friends"), ("direction", "to_left")]);
    assert!(world.far_hand::<Contact>().item(&far).unwrap().record.keywords.is_empty());
    assert_eq!(world.hub_hand::<Contact>().records()[0].notes, ["hub"]);
}

#[test]
fn a_shared_collection_that_was_chosen_is_refused_before_anything_is_read_and_one_that_was_not_is_skipped() {
    for sharing in [Sharing::Shared, Sharing::Public] {
        let world = World::kind();
        let team = world.far_hand::<Contact>().make_collection("team");
        world.far_hand::<Contact>().share(&team, sharing);
        world.far_hand::<Contact>().put(&team, named("Team"));
        put_far(&world, named("Own"));
        let private = &[("folders", "private")];
        let chosen = world.builder::<Contact>("contacts", private).collections(vec!["team".into()]).build().unwrap();
        let error = world.run_pair(&chosen).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert!(error.to_string().contains("only private collections are synced"), "{error}");
        let reason = if sharing == Sharing::Shared { NotPrivate::Shared } else { NotPrivate::Public };
        assert_eq!(NotPrivate::of(&error), Some(reason));
        assert_eq!(NotPrivate::of(&pimkit_core::Error::new(ErrorKind::PermissionDenied, "another reason; ask")), None);
        let read = |world: &World| world.far.requests().iter().filter(|r| r.operation == Operation::Changes).count();
        assert_eq!(read(&world), 0);
        let report = world.run_as::<Contact>("ada", private);
        assert_eq!((hub_names(&world), report.sync.verdict()), (vec!["Own".to_owned()], Verdict::Done), "{report:?}");
        assert!(report.sync.remarks[0].contains("team"), "{report:?}");
        // A collection that is shared later on keeps its links, and is left alone.
        world.far_hand::<Contact>().share(&"contacts".into(), sharing);
        world.far_hand::<Contact>().make_collection("mine");
        assert_eq!(world.run_as::<Contact>("ada", private).sync.writes(), 0);
        assert_eq!((hub_names(&world), far_names(&world)), (vec!["Own".to_owned()], vec!["Own".to_owned(), "Team".to_owned()]));
        world.far_hand::<Contact>().share(&"contacts".into(), Sharing::Private);
        assert_eq!(world.run_as::<Contact>("ada", private).sync.writes(), 0);
    }
}

#[test]
fn a_user_without_the_rights_is_refused_with_what_is_missing_before_anything_is_read() {
    let world = World::kind();
    put(&world, "Ada");
    world.hub.allow(Kind::Contact, Action::Delete, false);
    world.hub.allow(Kind::Contact, Action::View, false);
    let pair = world.pair_as::<Contact>("ada", &[("enabling", "rights")]);
    let error = world.run_pair(&pair).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("missing view, delete"), "{error}");
    assert!(!world.far.requests().iter().any(|r| r.operation == Operation::Changes));
    world.hub.allow(Kind::Contact, Action::Delete, true);
    world.hub.allow(Kind::Contact, Action::View, true);
    assert_eq!(world.run_pair(&pair).unwrap().sync.created.right, 1);
    // They are asked for in each run.
    world.hub.allow(Kind::Contact, Action::Edit, false);
    assert_eq!(world.run_pair(&pair).unwrap_err().kind(), ErrorKind::PermissionDenied);
    let error = world.builder::<Contact>("contacts", &[("enabling", "rights")]).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[test]
fn a_record_that_the_user_may_not_change_or_delete_is_held_and_shown() {
    let world = World::kind();
    let (a, b) = (put(&world, "A"), put(&world, "B"));
    world.run_as::<Contact>("ada", &[("deletes", "delete")]);
    facts(&world, &a, |f| f.editable = false);
    facts(&world, &b, |f| f.deletable = false);
    world.far_hand::<Contact>().edit(&far_id(&world, "A"), |c| c.notes = vec!["far".into()]);
    world.far_hand::<Contact>().delete(&far_id(&world, "B"));
    for _ in 0..2 {
        let report = world.run_as::<Contact>("ada", &[("deletes", "delete")]);
        assert_eq!((report.sync.writes(), report.sync.held, report.sync.verdict()), (0, 2, Verdict::LeftOver), "{report:?}");
    }
    assert_eq!(hub_names(&world), ["A", "B"]);
    // The hub's own edits go out all the same.
    world.hub_hand::<Contact>().edit(&a, |c| c.nicknames = vec!["hub".into()]);
    assert_eq!(world.run_as::<Contact>("ada", &[("deletes", "delete")]).sync.updated.right, 1);
    facts(&world, &a, |_| {});
    facts(&world, &b, |_| {});
    let report = world.run_as::<Contact>("ada", &[("deletes", "delete")]);
    assert_eq!((report.sync.updated.left, report.sync.deleted.left, report.sync.verdict()), (1, 1, Verdict::Done), "{report:?}");
}

#[test]
fn what_rests_outside_of_the_scope_and_is_moved_at_the_far_side_is_not_made_again() {
    for direction in ["two_way", "to_left"] {
        let world = World::kind();
        let (far, policy) = (world.far_hand::<Contact>(), &[("scope", "owned"), ("deletes", "delete"), ("direction", direction)]);
        let annex = far.make_collection("annex");
        let copy = put_far(&world, named("Mine"));
        world.run_as::<Contact>("ada", policy);
        let id = world.hub_hand::<Contact>().items().into_keys().next().unwrap();
        owner(&world, &id, "bob");
        world.run_as::<Contact>("ada", policy);
        assert_eq!(states(&world), [LinkState::OutOfScope], "{direction}");
        assert!(far.move_to(&copy, &annex));
        for _ in 0..3 {
            world.settle();
            world.run_as::<Contact>("ada", policy);
        }
        assert_eq!((hub_names(&world), far_names(&world)), (vec!["Mine".to_owned()], vec!["Mine".to_owned()]), "{direction}");
    }
}

#[test]
fn of_what_could_not_be_made_and_left_the_scope_nothing_is_told_any_more() {
    let world = World::kind();
    let ada = put(&world, "Ada");
    owner(&world, &ada, "ada");
    world.far.set_faults(FaultPlan::none().at_nth(Operation::Write, 1, Fault::CollectionGone));
    assert_eq!(world.run_as::<Contact>("ada", OWNED).sync.quarantined.len(), 1);
    world.far.set_faults(FaultPlan::none());
    owner(&world, &ada, "bob");
    for _ in 0..2 {
        let report = world.run_as::<Contact>("ada", OWNED);
        assert!(report.sync.quarantined.is_empty(), "{report:?}");
    }
    assert!(far_names(&world).is_empty());
}

#[test]
fn only_what_is_in_a_picked_category_comes_and_what_the_hub_has_is_joined_whatever_it_is_in() {
    let picking = |names: &[&str]| {
        let mut policy = Policy::default();
        policy.incoming = names.iter().map(|n| (*n).to_owned()).collect();
        policy
    };
    for switches in [&[][..], &["no_categories", "lists_only", "server_made_ids", "answers_nothing"]] {
        let case = format!("{switches:?}");
        let world = World::with(WorstOptions::only(switches).unwrap());
        let run = |policy: Policy| world.run_pair(&world.builder::<Contact>("contacts", &[]).policy(policy).build().unwrap()).unwrap().sync;
        put_far(&world, in_group("Friend", &[]));
        let stranger = put_far(&world, named("Stranger"));
        let known = |note: &str| {
            let mut contact = named("Known");
            contact.emails = vec![pimkit_core::EmailAddress { address: "known@x.example".into(), ..Default::default() }];
            contact.notes = vec![note.into()];
            contact
        };
        put(&world, "From the hub");
        world.hub_hand::<Contact>().put(&"contacts".into(), known("hub"));
        let theirs = put_far(&world, known("far"));
        let report = run(picking(&["Friends", "Team"]));
        assert_eq!((report.created.left, report.created.right), (1, 1), "{case}: {report:?}");
        assert_eq!(hub_names(&world), ["Friend", "From the hub", "Known"], "{case}");
        let record = world.far_hand::<Contact>().item(&theirs).unwrap().record;
        assert!(record.notes.len() == 2 && record.keywords.is_empty(), "{case}: {record:?}");
        assert_eq!(run(picking(&["Friends", "Team"])).writes(), 0, "{case}");
        // An edit of one that is not picked is no matter of the hub's; one that puts it among them is.
        world.far_hand::<Contact>().edit(&stranger, |c| c.notes = vec!["x".into()]);
        assert_eq!(run(picking(&["Friends", "Team"])).writes(), 0, "{case}");
        world.far_hand::<Contact>().edit(&stranger, |c| {
            c.keywords.insert("Team".into());
        });
        assert_eq!(run(picking(&["Friends", "Team"])).created.left, 1, "{case}");
        // What is joined stays so, wherever it is.
        world.far_hand::<Contact>().edit(&stranger, |c| {
            c.keywords.clear();
            c.notes = vec!["y".into()];
        });
        assert_eq!(run(picking(&["Friends", "Team"])).updated.left, 1, "{case}");
        // Another choice is looked at anew, for all that is there.
        put_far(&world, named("Late"));
        assert_eq!(run(picking(&["Friends"])).writes(), 0, "{case}");
        assert_eq!(run(picking(&[])).created.left, 1, "{case}");
    }
}

//! The end of a sync: what becomes of its links and of the far copies; the hub's records always stay.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::{TryStreamExt, executor::block_on};
use pimkit_contract::{
    WorstOptions, samples,
    state::StopPoint,
    worst::{Failure, Fault, FaultPlan},
};
use pimkit_core::{Action, Contact, Event, Facts, ItemId, Kind, LinkQuery, LinkState, SeenQuery, SeenRow, State, View};
use pimkit_sync::{Consent, Pair, Report, Verdict};
use std::collections::BTreeSet;
use world::{World, named};

const MADE: &[(&str, &str)] = &[("teardown", "delete_made"), ("deletes", "delete")];
const OWN: &[(&str, &str)] =
    &[("container", "dedicated"), ("container_name", "CRM"), ("teardown", "delete_container"), ("deletes", "delete")];

fn pair(world: &World, policy: &[(&str, &str)]) -> Pair<Contact> {
    world.pair_as::<Contact>("ada", policy)
}

fn end(world: &World, policy: &[(&str, &str)]) -> Report {
    world.clock.advance(std::time::Duration::from_secs(60));
    block_on(pair(world, policy).disable(Consent::Given, Some("as the test asks"))).unwrap()
}

fn enable(world: &World, policy: &[(&str, &str)]) {
    block_on(pair(world, policy).enable()).unwrap();
}

fn names(records: Vec<Contact>) -> BTreeSet<String> {
    let count = records.len();
    let names: BTreeSet<String> = records.into_iter().map(|c| c.name.full.unwrap_or_default()).collect();
    assert_eq!(names.len(), count, "twice: {names:?}");
    names
}

fn hub(world: &World) -> BTreeSet<String> {
    names(world.hub_hand::<Contact>().records())
}

fn far(world: &World) -> BTreeSet<String> {
    names(world.far_hand::<Contact>().records())
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn id_of(items: std::collections::BTreeMap<ItemId, pimkit_core::Stored<Contact>>, name: &str) -> ItemId {
    items.into_iter().find(|(_, s)| s.record.name.full.as_deref() == Some(name)).unwrap().0
}

fn links(world: &World) -> Vec<LinkState> {
    let all: Vec<pimkit_core::LinkRow> = block_on(world.state.links(LinkQuery::of(&"contacts".into())).try_collect()).unwrap();
    all.into_iter().map(|link| link.state).collect()
}

/// Two that the sync makes at the far side, one that comes from there, one that was on both sides.
fn begun(options: WorstOptions, policy: &[(&str, &str)]) -> World {
    let world = World::with(options);
    for name in ["A", "B", "Both"] {
        world.hub_hand::<Contact>().put(&"contacts".into(), named(name));
    }
    for name in ["Far", "Both"] {
        world.far_hand::<Contact>().put(&"contacts".into(), named(name));
    }
    world.run_as::<Contact>("ada", policy);
    world
}

const ALL: &[&str] = &["A", "B", "Both", "Far"];

#[test]
fn under_leave_both_sides_stay_and_to_enable_it_matches_them_anew_without_a_double() {
    let world = begun(WorstOptions::kind(), &[]);
    let report = end(&world, &[]);
    assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Done), "{report:?}");
    assert_eq!((hub(&world), far(&world), links(&world)), (set(ALL), set(ALL), vec![]));
    let rests = world.run_as::<Contact>("ada", &[]);
    assert!(rests.sync.notes[0].contains("as the test asks"), "{rests:?}");
    world.far_hand::<Contact>().delete(&id_of(world.far_hand::<Contact>().items(), "A"));
    assert_eq!(world.run_as::<Contact>("ada", &[]).sync.writes(), 0);
    enable(&world, &[]);
    let report = world.run_as::<Contact>("ada", &[]);
    assert_eq!((report.sync.created.right, report.sync.created.left, report.sync.deleted.total()), (1, 0, 0), "{report:?}");
    assert_eq!((hub(&world), far(&world)), (set(ALL), set(ALL)));
    assert_eq!(world.run_as::<Contact>("ada", &[]).sync.writes(), 0);
}

#[test]
fn under_archive_the_links_are_taken_up_again_where_both_ends_are_there_and_no_end_that_went_is_a_deletion() {
    let policy = &[("teardown", "archive"), ("deletes", "delete")];
    let world = begun(WorstOptions::kind(), policy);
    let a = id_of(world.hub_hand::<Contact>().items(), "A");
    world.hub_hand::<Contact>().edit(&a, |c| c.nicknames = vec!["old".into()]);
    world.run_as::<Contact>("ada", policy);
    end(&world, policy);
    assert_eq!(links(&world), [LinkState::Archived; 4]);
    // Meanwhile one field is cleared on one side and another one set on the other; one copy and one record go.
    world.hub_hand::<Contact>().edit(&a, |c| c.nicknames.clear());
    world.far_hand::<Contact>().edit(&id_of(world.far_hand::<Contact>().items(), "A"), |c| c.notes = vec!["far".into()]);
    world.far_hand::<Contact>().delete(&id_of(world.far_hand::<Contact>().items(), "B"));
    world.hub_hand::<Contact>().delete(&id_of(world.hub_hand::<Contact>().items(), "Both"));
    assert_eq!(world.run_as::<Contact>("ada", policy).sync.writes(), 0);
    enable(&world, policy);
    for _ in 0..2 {
        let report = world.run_as::<Contact>("ada", policy);
        assert_eq!((report.sync.deleted.total(), report.sync.conflicts), (0, 0), "{report:?}");
    }
    assert_eq!((hub(&world), far(&world)), (set(&["A", "B", "Far"]), set(ALL)));
    let record = world.hub_hand::<Contact>().item(&a).unwrap().record;
    let copy = world.far_hand::<Contact>().item(&id_of(world.far_hand::<Contact>().items(), "A")).unwrap().record;
    assert_eq!((record.nicknames, record.notes), (vec![], vec!["far".to_owned()]));
    assert_eq!((copy.nicknames, copy.notes), (vec![], vec!["far".to_owned()]), "a base was kept: nothing comes back");
    assert_eq!(world.run_as::<Contact>("ada", policy).sync.writes(), 0);
}

#[test]
fn what_would_be_taken_away_is_shown_first_and_the_sync_goes_on_until_somebody_agrees() {
    for (policy, says) in [(MADE, "2 items that the sync made"), (OWN, "the right collection CRM is to be deleted")] {
        let world = begun(WorstOptions::kind(), policy);
        if let Some(own) = own(&world) {
            // One that the sync knows and has no link of.
            world.far_hand::<Contact>().put(&own, named("Unlinked"));
            world.run_as::<Contact>("ada", &[policy, &[("direction", "to_right")]].concat());
        }
        let before = world.far_hand::<Contact>().records().len();
        let report = block_on(pair(&world, policy).disable(Consent::Asked, None)).unwrap();
        assert_eq!(report.sync.verdict(), Verdict::Held);
        assert!(report.sync.holds[0].shown.contains(says), "{report:?}");
        let goes: Vec<_> = block_on(pair(&world, policy).goes().try_collect()).unwrap();
        let names: BTreeSet<String> = goes.iter().map(|one| one.record.clone().unwrap().name.full.unwrap()).collect();
        let expected = if policy == OWN { set(&["A", "B", "Both", "Unlinked"]) } else { set(&["A", "B"]) };
        assert_eq!((names, report.sync.holds[0].items), (expected.clone(), expected.len() as u64));
        assert_eq!(goes.iter().filter(|one| one.hub_item.is_none()).count(), usize::from(policy == OWN));
        assert_eq!(world.far_hand::<Contact>().records().len(), before);
        world.hub_hand::<Contact>().put(&"contacts".into(), named("New"));
        assert_eq!(world.run_as::<Contact>("ada", policy).sync.created.right, 1);
    }
}

#[test]
fn under_delete_made_only_what_the_sync_made_goes_and_other_syncs_see_no_users_deletion() {
    for (switches, trash) in [(&[][..], 2), (&["no_trash", "server_made_ids", "lists_only", "answers_nothing"], 0)] {
        let world = begun(WorstOptions::only(switches).unwrap(), MADE);
        let report = end(&world, MADE);
        assert_eq!((report.sync.deleted.right, report.sync.deleted.left, report.sync.verdict()), (2, 0, Verdict::Done), "{report:?}");
        assert_eq!((hub(&world), far(&world)), (set(ALL), set(&["Both", "Far"])), "{switches:?}");
        assert_eq!((world.far_hand::<Contact>().trash().len(), links(&world)), (trash, vec![]), "{switches:?}");
        let before: Vec<_> = world.journal().into_iter().filter(|row| row.action == "deleted").map(|row| row.before.is_some()).collect();
        assert_eq!(before, [true, true], "{switches:?}");
        let seen: Vec<SeenRow> = block_on(world.state.seen_rows(SeenQuery::of(&"worst".into(), Kind::Contact)).try_collect()).unwrap();
        assert_eq!(seen.iter().filter(|row| row.is_gone_by_engine()).count(), 2, "{switches:?}");
        enable(&world, MADE);
        for _ in 0..2 {
            world.settle();
            world.run_as::<Contact>("ada", MADE);
        }
        assert_eq!((hub(&world), far(&world)), (set(ALL), set(ALL)), "{switches:?}");
    }
}

#[test]
fn a_copy_that_was_changed_meanwhile_is_deleted_as_it_is_by_then_and_kept_in_the_journal() {
    let world = begun(WorstOptions::kind(), MADE);
    world.far_hand::<Contact>().edit(&id_of(world.far_hand::<Contact>().items(), "A"), |c| c.notes = vec!["unsynced".into()]);
    end(&world, MADE);
    assert_eq!(far(&world), set(&["Both", "Far"]));
    let kept: Vec<Contact> =
        world.journal().into_iter().filter_map(|row| row.before).map(|bytes| pimkit_core::decode_record(&bytes).unwrap()).collect();
    assert!(kept.iter().any(|c| c.notes == ["unsynced"]), "{kept:?}");
}

#[test]
fn what_would_mail_somebody_is_held_and_shown_and_nobody_is_mailed() {
    for (policy, container) in [(MADE, false), (OWN, true)] {
        let world = World::with(WorstOptions::only(&["cannot_keep_silent"]).unwrap());
        world.hub_hand::<Event>().put(&"events".into(), samples::event(1));
        world.hub_hand::<Event>().put(&"events".into(), samples::event(2));
        world.run_as::<Event>("ada", policy);
        let far = world.far_hand::<Event>();
        assert_eq!(far.records().len(), 2);
        let meeting = far.items().into_keys().next().unwrap();
        let guest = samples::full_event(3).participants;
        assert!(!guest.is_empty());
        far.edit(&meeting, |e| e.participants = guest.clone());
        let report = block_on(world.pair_as::<Event>("ada", policy).disable(Consent::Given, None)).unwrap();
        assert_eq!((report.sync.held, report.sync.verdict()), (1, Verdict::LeftOver), "{report:?}");
        assert!(far.item(&meeting).is_some());
        assert_eq!(far.records().len(), if container { 2 } else { 1 }, "{report:?}");
        assert!(world.far.outbox().is_empty() && world.hub.outbox().is_empty());
        assert_eq!(world.hub_hand::<Event>().records().len(), 2);
        // A negative control: allowed to, it mails.
        let id = far.items().remove(&meeting).unwrap();
        let repository = pimkit_core::Connector::events(&world.far).unwrap();
        let write = pimkit_core::Write::Delete { id: meeting, revision: id.revision, mode: pimkit_core::Delete::Permanent };
        let options = pimkit_core::WriteOptions::default().notify(pimkit_core::Notify::Attendees);
        block_on(repository.write(&id.collection, vec![write], &options));
        assert_eq!(world.far.outbox().len(), 1);
    }
}

#[test]
fn under_delete_container_it_goes_with_all_that_is_in_it_and_is_made_anew_when_the_sync_is_enabled() {
    let world = begun(WorstOptions::kind(), OWN);
    let own = || world.far_hand::<Contact>().collection_names().into_iter().find(|(_, name)| name == "CRM").map(|(id, _)| id);
    let first = own().unwrap();
    world.far_hand::<Contact>().put(&first, named("Unsynced"));
    let report = end(&world, OWN);
    assert_eq!(report.sync.verdict(), Verdict::Done, "{report:?}");
    assert_eq!((own(), hub(&world), far(&world)), (None, set(&["A", "B", "Both"]), set(&["Both", "Far"])));
    assert!(world.hub.notices().is_empty(), "who ends it knows it");
    let kept: Vec<Contact> =
        world.journal().into_iter().filter_map(|row| row.before).map(|bytes| pimkit_core::decode_record(&bytes).unwrap()).collect();
    assert!(kept.iter().any(|c| c.name.full.as_deref() == Some("Unsynced")), "{kept:?}");
    assert_eq!(world.run_as::<Contact>("ada", OWN).sync.writes(), 0);
    enable(&world, OWN);
    assert_eq!(world.run_as::<Contact>("ada", OWN).sync.created.right, 3);
    assert!(own().is_some() && own() != Some(first));
    assert_eq!(world.run_as::<Contact>("ada", OWN).sync.writes(), 0);
}

/// The records that the journal keeps of what was deleted.
fn kept(world: &World) -> Vec<Contact> {
    world.journal().into_iter().filter_map(|row| row.before).map(|bytes| pimkit_core::decode_record(&bytes).unwrap()).collect()
}

fn own(world: &World) -> Option<pimkit_core::CollectionId> {
    world.far_hand::<Contact>().collection_names().into_iter().find(|(_, name)| name == "CRM").map(|(id, _)| id)
}

#[test]
fn a_sync_that_lost_its_view_or_its_rights_comes_to_its_end_all_the_same_and_then_rests() {
    for teardown in ["leave", "archive", "delete_made", "delete_container"] {
        for right in [true, false] {
            let own = if teardown == "delete_container" { "dedicated" } else { "selected" };
            let scope = if right { ("enabling", "rights") } else { ("view", "Customers") };
            let policy = &[("teardown", teardown), ("container", own), ("container_name", "CRM"), ("deletes", "delete"), scope];
            let world = World::kind();
            world.hub.add_view(View { name: "Customers".into(), kind: Kind::Contact });
            let id = world.hub_hand::<Contact>().put(&"contacts".into(), named("A"));
            let mut facts = Facts::own(Some("ada".into()));
            facts.views.push("Customers".into());
            world.hub.set_facts(Kind::Contact, &id, facts);
            assert_eq!(world.run_as::<Contact>("ada", policy).sync.created.right, 1, "{policy:?}");
            // A right is taken away, or the view is saved under another name.
            let mut lost = policy.to_vec();
            if right {
                world.hub.allow(Kind::Contact, Action::Edit, false);
            } else {
                lost[4] = ("view", "Clients");
            }
            let policy = &lost[..];
            let running = world.run_pair(&pair(&world, policy)).unwrap_err();
            assert!(running.to_string().contains(if right { "lacks rights" } else { "no saved view" }), "{running}");
            let report = end(&world, policy);
            assert_eq!(report.sync.verdict(), Verdict::Done, "{policy:?}: {report:?}");
            let stays = matches!(teardown, "leave" | "archive");
            assert_eq!((hub(&world), far(&world).is_empty()), (set(&["A"]), !stays), "{policy:?}");
            let rests = world.run_as::<Contact>("ada", policy);
            assert!(rests.sync.notes[0].contains("as the test asks"), "{policy:?}: {rests:?}");
        }
    }
}

#[test]
fn a_container_of_which_not_all_was_read_stays_until_the_journal_has_what_goes_with_it() {
    let begin = || {
        let world = begun(WorstOptions::kind(), OWN);
        world.far_hand::<Contact>().put(&own(&world).unwrap(), named("Unsynced"));
        world.far_hand::<Contact>().edit(&id_of(world.far_hand::<Contact>().items(), "A"), |c| c.notes = vec!["by hand".into()]);
        world
    };
    let whole = begin();
    let before = whole.far.requests().len();
    end(&whole, OWN);
    let requests = (whole.far.requests().len() - before) as u64;
    for number in 1..=requests {
        for fault in [Fault::Before(Failure::Unavailable), Fault::Before(Failure::RateLimited), Fault::Empty, Fault::TruncatedPage] {
            let mut world = begin();
            world.far.set_faults(FaultPlan::none().at(number, fault));
            let _ = block_on(pair(&world, OWN).disable(Consent::Given, None));
            world.restart();
            for _ in 0..3 {
                if own(&world).is_some() {
                    world.settle();
                    let _ = end(&world, OWN);
                }
            }
            let at = format!("{fault:?} at request {number} of {requests}");
            assert_eq!((own(&world), far(&world)), (None, set(&["Both", "Far"])), "{at}");
            let all = kept(&world);
            assert!(all.iter().any(|c| c.name.full.as_deref() == Some("Unsynced")), "{at}: {all:?}");
            assert!(all.iter().any(|c| c.notes == ["by hand"]), "{at}: {all:?}");
        }
    }
}

#[test]
fn a_container_with_things_that_no_journal_can_keep_stays_and_says_so() {
    for what in ["another kind", "unreadable", "hidden"] {
        let world = begun(WorstOptions::only(&["not_incremental"]).unwrap(), OWN);
        let (hand, a) = (world.far_hand::<Contact>(), id_of(world.far_hand::<Contact>().items(), "A"));
        let change = |there: bool| match what {
            "another kind" => hand.put_strangers(&own(&world).unwrap(), u32::from(there)),
            "unreadable" => hand.make_unreadable(&a, there),
            _ => hand.hide(&a, there),
        };
        assert!(change(true), "{what}");
        let report = end(&world, OWN);
        assert_eq!((report.sync.held, report.sync.verdict()), (1, Verdict::LeftOver), "{what}: {report:?}");
        assert!(report.sync.notes.iter().any(|note| note.contains("delete the collection yourself")), "{what}: {report:?}");
        assert!(own(&world).is_some(), "{what}");
        assert!(change(false), "{what}");
        world.settle();
        let report = world.run_as::<Contact>("ada", OWN);
        assert_eq!((own(&world), report.sync.verdict()), (None, Verdict::Done), "{what}: {report:?}");
        assert_eq!(kept(&world).len(), 3, "{what}");
    }
}

#[test]
fn an_end_that_is_stopped_anywhere_is_finished_by_the_next_run() {
    let archive: &[(&str, &str)] = &[("teardown", "archive")];
    for (policy, expected) in [(MADE, set(&["Both", "Far"])), (OWN, set(&["Both", "Far"])), (archive, set(ALL))] {
        let whole = begun(WorstOptions::kind(), policy);
        let records = hub(&whole);
        let (before, first) = (whole.far.requests().len(), whole.state.commits());
        assert!(whole.stopped(pair(&whole, policy).disable(Consent::Given, None)).unwrap().is_ok());
        let (requests, commits) = ((whole.far.requests().len() - before) as u64, whole.state.commits());
        let finish = |mut world: World, at: String| {
            world.restart();
            // Where nothing was durable yet, nothing was begun: it is asked for again.
            let begun = block_on(world.state.sync(&"contacts".into())).unwrap();
            if begun.is_none_or(|row| row.state != pimkit_core::SyncState::Disabled) {
                end(&world, policy);
            }
            for _ in 0..2 {
                world.settle();
                world.run_as::<Contact>("ada", policy);
            }
            assert_eq!((hub(&world), far(&world)), (records.clone(), expected.clone()), "{policy:?}: {at}");
            let live = links(&world).iter().filter(|state| **state != LinkState::Archived).count();
            assert_eq!(live, 0, "{policy:?}: {at}: {:?}", links(&world));
            assert_eq!(world.run_as::<Contact>("ada", policy).sync.writes(), 0, "{policy:?}: {at}");
        };
        for number in 1..=requests {
            for fault in [Fault::HangBefore, Fault::HangAfter, Fault::Before(Failure::Transport), Fault::After(Failure::Transport)] {
                let world = begun(WorstOptions::kind(), policy);
                world.far.set_faults(FaultPlan::none().at(number, fault));
                let _ = world.stopped(pair(&world, policy).disable(Consent::Given, None));
                finish(world, format!("{fault:?} at request {number} of {requests}"));
            }
        }
        for number in first + 1..=commits {
            for point in [StopPoint::Before, StopPoint::After] {
                let world = begun(WorstOptions::kind(), policy);
                world.state.crash_at(number, point);
                let _ = world.stopped(pair(&world, policy).disable(Consent::Given, None));
                finish(world, format!("{point:?} commit {number} of {commits}"));
            }
        }
    }
}

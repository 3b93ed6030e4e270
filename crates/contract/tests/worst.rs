//! Each unpleasant trait of `worst` does what its switch says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use futures::{FutureExt, TryStreamExt, executor::block_on};
use pimkit_contract::{
    FakeClock, MemoryHub, samples,
    worst::{Failure, Fault, FaultPlan, Kept, MailKind, Operation, Worst, WorstOptions},
};
use pimkit_core::*;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// An account with these switches on, and its contacts.
fn with(switches: &[&str]) -> (Worst, FakeClock, Arc<dyn Repository<Contact>>) {
    let clock = FakeClock::default();
    let worst = Worst::new(WorstOptions::only(switches).unwrap(), &clock);
    let contacts = worst.contacts().unwrap();
    (worst, clock, contacts)
}

fn home() -> CollectionId {
    "contacts".into()
}

/// The lines of a round, its cursor, and whether it was complete.
fn round<R: Record>(repository: &dyn Repository<R>, collection: &CollectionId, at: Position<'_>) -> (Vec<Change<R>>, Cursor, bool) {
    let options = ChangeOptions::default();
    let pages: Vec<ChangePage<R>> = block_on(repository.pages(collection, at, &options).try_collect()).unwrap();
    let Next::Done { cursor, complete } = pages.last().unwrap().next.clone() else { panic!("a round ends with Done") };
    (pages.into_iter().flat_map(|p| p.changes).collect(), cursor, complete)
}

fn names<R>(lines: &[Change<R>]) -> Vec<&str> {
    lines.iter().map(|l| l.id().as_str()).collect()
}

fn revision_of<R>(line: &Change<R>) -> Option<Revision> {
    match line {
        Change::Upserted(stored) => Some(stored.revision.clone()),
        Change::Listed { revision, .. } => revision.clone(),
        _ => None,
    }
}

fn one<R: Record>(repository: &dyn Repository<R>, collection: &CollectionId, write: Write<R>) -> Outcome<R> {
    block_on(repository.write(collection, vec![write], &WriteOptions::default())).pop().unwrap()
}

fn create<R: Record>(mark: &str, record: R) -> Write<R> {
    Write::Create { mark: mark.into(), record }
}

fn id_of<R: std::fmt::Debug>(outcome: &Outcome<R>) -> ItemId {
    match outcome {
        Outcome::Written { id, .. } => id.clone(),
        other => panic!("{other:?}"),
    }
}

fn found<R: Record>(repository: &dyn Repository<R>, collection: &CollectionId, id: &ItemId) -> Stored<R> {
    match block_on(repository.fetch(collection, std::slice::from_ref(id))).pop().unwrap() {
        Fetched::Found(stored) => *stored,
        other => panic!("{other:?}"),
    }
}

/// An update of the item as it is there.
fn update<R: Kept>(worst: &Worst, id: &ItemId, edit: impl FnOnce(&mut R)) -> Write<R> {
    let stored = worst.by_hand::<R>().item(id).unwrap();
    let mut target = stored.record.clone();
    edit(&mut target);
    Write::Update { id: id.clone(), revision: stored.revision, base: Box::new(stored.record), target: Box::new(target), mark: None }
}

#[test]
fn ids_are_the_marks_or_the_servers_own() {
    for (switches, id) in [(vec![], "m1"), (vec!["server_made_ids"], "contacts-1")] {
        let (_, _, contacts) = with(&switches);
        assert_eq!(id_of(&one(&*contacts, &home(), create("m1", samples::contact(1)))).as_str(), id);
    }
}

#[test]
fn marks_come_back_unless_they_are_dropped() {
    for (switches, mark) in [(vec![], Some(Mark::from("m1"))), (vec!["drops_marks"], None)] {
        let (_, _, contacts) = with(&switches);
        let id = id_of(&one(&*contacts, &home(), create("m1", samples::contact(1))));
        assert_eq!(found(&*contacts, &home(), &id).mark, mark);
    }
}

#[test]
fn a_repeated_create_gives_back_the_first_or_is_refused_or_makes_a_second() {
    let twice = |switches: &[&str]| {
        let (worst, _, contacts) = with(&[switches, &["server_made_ids"]].concat());
        let first = id_of(&one(&*contacts, &home(), create("m1", samples::contact(1))));
        let second = one(&*contacts, &home(), create("m1", samples::contact(1)));
        (first, second, worst.by_hand::<Contact>().items().len())
    };
    let (first, second, there) = twice(&[]);
    assert_eq!((id_of(&second), there), (first, 1));
    let (_, second, there) = twice(&["refuses_repeats"]);
    assert!(matches!(second, Outcome::Conflict { now: Some(_) }) && there == 1, "{second:?}");
    let (_, second, there) = twice(&["create"]);
    assert!(matches!(second, Outcome::Written { .. }) && there == 2, "{second:?}");
}

#[test]
fn probes_lag_by_the_settle_time() {
    let (worst, clock, contacts) = with(&["server_made_ids"]);
    worst.change(|o| o.create = Create::Findable { settles_after: Duration::from_secs(60) });
    let id = id_of(&one(&*contacts, &home(), create("m1", samples::contact(1))));
    let probe = || block_on(contacts.find(&home(), &[Key::Mark("m1".into())])).pop().unwrap().unwrap();
    assert!(probe().is_empty());
    clock.advance(Duration::from_secs(60));
    assert_eq!(probe()[0].id, id);
}

#[test]
fn a_lagging_listing_names_a_write_later_but_never_forgets_it() {
    let (_, clock, contacts) = with(&["listing_lag_rounds", "listing_lag"]);
    let (_, cursor, _) = round(&*contacts, &home(), Position::Start);
    let id = id_of(&one(&*contacts, &home(), create("m1", samples::contact(1))));
    let (lines, cursor, _) = round(&*contacts, &home(), Position::Since(&cursor));
    assert!(lines.is_empty());
    let (lines, cursor, _) = round(&*contacts, &home(), Position::Since(&cursor));
    assert!(lines.is_empty(), "rounds have passed, time has not");
    clock.advance(Duration::from_secs(5));
    let (lines, _, _) = round(&*contacts, &home(), Position::Since(&cursor));
    assert_eq!(names(&lines), [id.as_str()]);
    found(&*contacts, &home(), &id);
}

#[test]
fn a_stale_listing_names_the_superseded_version_and_then_the_true_one() {
    let (worst, _, contacts) = with(&["stale_rounds"]);
    let ada = worst.by_hand::<Contact>().put(&home(), samples::contact(1));
    let (lines, cursor, _) = round(&*contacts, &home(), Position::Start);
    let old = revision_of(&lines[0]);
    worst.by_hand::<Contact>().edit(&ada, |c| c.notes = vec!["tea".into()]);
    let new = Some(worst.by_hand::<Contact>().item(&ada).unwrap().revision);
    let (lines, cursor, _) = round(&*contacts, &home(), Position::Since(&cursor));
    assert_eq!(lines.iter().map(revision_of).collect::<Vec<_>>(), [new.clone(), old]);
    let (lines, cursor, _) = round(&*contacts, &home(), Position::Since(&cursor));
    assert_eq!(lines.iter().map(revision_of).collect::<Vec<_>>(), [new]);
    assert!(round(&*contacts, &home(), Position::Since(&cursor)).0.is_empty());
}

#[test]
fn late_rewriting_shows_one_round_after_what_was_sent() {
    let (worst, _, contacts) = with(&["normalises"]);
    let mut spaced = samples::contact(1);
    spaced.notes = vec!["  much   space ".into()];
    let (_, cursor, _) = round(&*contacts, &home(), Position::Start);
    let id = id_of(&one(&*contacts, &home(), create("m1", spaced.clone())));
    let (lines, cursor, _) = round(&*contacts, &home(), Position::Since(&cursor));
    let first = revision_of(&lines[0]);
    assert_eq!(found(&*contacts, &home(), &id).record, spaced);
    let (lines, cursor, _) = round(&*contacts, &home(), Position::Since(&cursor));
    assert_ne!(revision_of(&lines[0]), first);
    assert_eq!(found(&*contacts, &home(), &id).record.notes, ["much space"]);
    assert!(round(&*contacts, &home(), Position::Since(&cursor)).0.is_empty());
    assert_eq!(worst.by_hand::<Contact>().items().len(), 1);
}

#[test]
fn what_a_provider_cannot_hold_is_cut_dropped_or_left_out() {
    let mut rich = samples::contact(3);
    rich.emails = (0..5).map(|n| EmailAddress { address: format!("{n}@example.com"), ..EmailAddress::default() }).collect();
    rich.notes = vec!["x".repeat(99)];
    let (_, _, contacts) = with(&["at_most", "cut_at"]);
    let outcome = one(&*contacts, &home(), create("m1", rich.clone()));
    let Outcome::Written { now: Some(now), left_out, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!((now.record.emails.len(), now.record.notes[0].len(), left_out.len()), (3, 40, 0));
    let (_, _, contacts) = with(&["at_most", "refuses_overflow"]);
    let outcome = one(&*contacts, &home(), create("m1", rich));
    let Outcome::Written { now: Some(now), left_out, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!((now.record.emails.len(), left_out[0].0.as_str()), (0, "emails"));
}

#[test]
fn hidden_fields_are_neither_said_nor_shown_nor_lost() {
    let (worst, _, contacts) = with(&["hidden_fields"]);
    let ada = worst.by_hand::<Contact>().put(&home(), samples::full_contact(1));
    let fields = block_on(contacts.fields(&home())).unwrap();
    assert!(!fields.iter().any(|f| f.field.as_str() == "nicknames"));
    assert!(found(&*contacts, &home(), &ada).record.nicknames.is_empty());
    let outcome = one(&*contacts, &home(), update::<Contact>(&worst, &ada, |c| c.notes = vec!["n".into()]));
    assert_eq!(id_of(&outcome), ada);
    assert_eq!(worst.by_hand::<Contact>().item(&ada).unwrap().record.nicknames, samples::full_contact(1).nicknames);
}

#[test]
fn every_few_reads_come_without_some_fields_and_say_so() {
    let (worst, _, contacts) = with(&["unread_fields", "unread_every"]);
    let ada = worst.by_hand::<Contact>().put(&home(), samples::contact(3));
    let reads: Vec<_> = (0..10).map(|_| found(&*contacts, &home(), &ada)).collect();
    for (n, stored) in reads.iter().enumerate() {
        let unread = n % 5 == 4;
        assert_eq!((stored.record.notes.is_empty(), stored.unread == [Field::from("notes")]), (unread, unread), "{n}");
    }
}

#[test]
fn unreadable_hidden_and_foreign_items_are_told_apart() {
    let (worst, _, contacts) = with(&["strangers", "unreadable_every"]);
    let hands = worst.by_hand::<Contact>();
    let ids: Vec<ItemId> = (0..8).map(|n| hands.put(&home(), samples::contact(n))).collect();
    hands.hide(&ids[0], true);
    hands.delete(&ids[1]);
    let (lines, _, complete) = round(&*contacts, &home(), Position::Start);
    assert!(complete);
    assert!(lines.iter().any(|l| matches!(l, Change::Unreadable { id, .. } if *id == ids[6])));
    assert_eq!(lines.iter().filter(|l| matches!(l, Change::OtherKind { .. })).count(), 2);
    assert!(!names(&lines).contains(&ids[0].as_str()));
    let asked = [ids[0].clone(), ids[1].clone(), ids[2].clone(), ids[6].clone(), "stranger0".into(), "nobody".into()];
    let said = block_on(contacts.fetch(&home(), &asked));
    assert!(matches!(
        said.as_slice(),
        [Fetched::Hidden, Fetched::Gone, Fetched::Found(_), Fetched::Unreadable { .. }, Fetched::OtherKind { .. }, Fetched::Gone]
    ));
}

#[test]
fn a_provider_without_preconditions_overwrites_and_one_with_them_does_not() {
    for (switches, stored) in [(vec![], false), (vec!["unconditional"], true)] {
        let (worst, _, contacts) = with(&switches);
        let hands = worst.by_hand::<Contact>();
        let ada = hands.put(&home(), samples::contact(1));
        let late = update::<Contact>(&worst, &ada, |c| c.notes = vec!["ours".into()]);
        hands.edit(&ada, |c| c.nicknames = vec!["theirs".into()]);
        let outcome = one(&*contacts, &home(), late);
        let record = hands.item(&ada).unwrap().record;
        assert_eq!((matches!(outcome, Outcome::Written { .. }), record.notes == ["ours"]), (stored, stored), "{outcome:?}");
        assert_eq!(record.nicknames, ["theirs"], "a field that we did not touch stays");
    }
}

#[test]
fn the_second_call_of_a_write_can_fail_and_leaves_it_half_done() {
    let (worst, _, contacts) = with(&["two_calls"]);
    let ada = worst.by_hand::<Contact>().put(&home(), samples::contact(1));
    worst.set_faults(FaultPlan::none().at_nth(Operation::Write, 2, Fault::Before(Failure::Transport)));
    let write = update::<Contact>(&worst, &ada, |c| {
        c.name.given = Some("Augusta".into());
        c.notes = vec!["second".into()];
    });
    assert!(matches!(one(&*contacts, &home(), write), Outcome::Unknown(_)));
    let record = worst.by_hand::<Contact>().item(&ada).unwrap().record;
    assert_eq!((record.name.given.as_deref(), record.notes.len()), (Some("Augusta"), 0));
}

#[test]
fn mail_goes_out_only_when_wanted_and_is_refused_where_it_cannot_be_kept_from_going() {
    let calendar = CollectionId::from("events");
    let tell = WriteOptions::default().notify(Notify::Attendees);
    for (switches, silent) in [(vec![], true), (vec!["cannot_keep_silent"], false)] {
        let clock = FakeClock::default();
        let worst = Worst::new(WorstOptions::only(&switches).unwrap(), &clock);
        let events = worst.events().unwrap();
        let outcome = one(&*events, &calendar, create("m1", samples::meeting(1)));
        assert_eq!(matches!(outcome, Outcome::Written { .. }), silent, "{outcome:?}");
        if !silent {
            assert!(matches!(&outcome, Outcome::Refused(e) if e.kind() == ErrorKind::WouldNotify));
            assert!(worst.by_hand::<Event>().items().is_empty());
        }
        assert!(worst.outbox().is_empty());
        // The negative control: what is wanted is mailed, to the guests and to nobody else.
        let told = block_on(events.write(&calendar, vec![create("m2", samples::meeting(2))], &tell)).pop().unwrap();
        let id = id_of(&told);
        block_on(events.write(&calendar, vec![update::<Event>(&worst, &id, |e| e.title = Some("moved".into()))], &tell));
        block_on(events.write(&calendar, vec![update::<Event>(&worst, &id, |e| e.priority = Some(1))], &tell));
        let revision = worst.by_hand::<Event>().item(&id).unwrap().revision;
        block_on(events.write(&calendar, vec![Write::Delete { id, revision, mode: Delete::Permanent }], &tell));
        let mails: Vec<_> = worst.outbox().into_iter().map(|m| (m.what, m.to)).collect();
        let to = vec!["guest2@example.net".to_owned(), "other2@example.net".to_owned()];
        assert_eq!(mails, [(MailKind::Invitation, to.clone()), (MailKind::Update, to.clone()), (MailKind::Cancellation, to)]);
    }
}

#[test]
fn a_provider_that_mails_unasked_mails_for_every_write_to_a_meeting_and_for_no_other() {
    let calendar = CollectionId::from("events");
    for switches in [vec![], vec!["two_calls"]] {
        let clock = FakeClock::default();
        let worst = Worst::new(WorstOptions::only(&switches).unwrap().with(|o| o.mails_unasked = true), &clock);
        let events = worst.events().unwrap();
        let write = |write| one(&*events, &calendar, write);
        let mails = || -> Vec<_> { worst.outbox().into_iter().map(|m| (m.what, m.to.len())).collect() };
        // Nobody is asked to be told: whom there is nobody to tell of is not.
        let alone = id_of(&write(create("m1", samples::event(1))));
        write(update::<Event>(&worst, &alone, |e| e.title = Some("moved".into())));
        let by_hand = worst.by_hand::<Event>().put(&calendar, samples::meeting(1));
        assert_eq!(mails(), []);
        let meeting = id_of(&write(create("m2", samples::meeting(2))));
        // Even for what is nobody else's matter, and for somebody's who came by hand.
        write(update::<Event>(&worst, &meeting, |e| e.priority = Some(1)));
        write(update::<Event>(&worst, &by_hand, |e| e.participants.truncate(1)));
        let revision = worst.by_hand::<Event>().item(&meeting).unwrap().revision;
        write(Write::Delete { id: meeting, revision, mode: Delete::Permanent });
        let expected = [(MailKind::Invitation, 2), (MailKind::Update, 2), (MailKind::Update, 2), (MailKind::Cancellation, 2)];
        assert_eq!(mails(), expected, "{switches:?}");
        block_on(events.folders().unwrap().delete(&calendar, &WriteOptions::default()));
        assert_eq!(mails().len(), 5, "{switches:?}: who is left in a calendar hears that it goes");
    }
}

#[test]
fn listings_say_as_little_as_they_are_told_to() {
    let line = |switches: &[&str]| {
        let (worst, _, contacts) = with(switches);
        worst.by_hand::<Contact>().put(&home(), samples::contact(1));
        round(&*contacts, &home(), Position::Start).0.remove(0)
    };
    assert!(matches!(line(&[]), Change::Upserted(_)));
    assert!(matches!(line(&["lists_only"]), Change::Listed { revision: Some(_), .. }));
    assert!(matches!(line(&["no_listed_revision"]), Change::Listed { revision: None, .. }));
}

#[test]
fn paging_restarting_and_repeating_still_name_everything() {
    for switches in [vec!["page_size"], vec!["page_size", "restarts_listing"], vec!["page_size", "repeats_lines"], vec!["not_incremental"]]
    {
        let (worst, _, contacts) = with(&switches);
        let hands = worst.by_hand::<Contact>();
        let mut ids: Vec<String> = (0..10).map(|n| hands.put(&home(), samples::contact(n)).to_string()).collect();
        let (lines, cursor, complete) = round(&*contacts, &home(), Position::Start);
        let mut named: Vec<String> = lines.iter().map(|l| l.id().to_string()).collect();
        assert_eq!(named.len() > 10, switches.len() > 1, "{switches:?} {}", named.len());
        named.sort();
        named.dedup();
        ids.sort();
        assert!(complete && named == ids, "{switches:?}");
        hands.edit(&ids[3].as_str().into(), |c| c.notes = vec!["x".into()]);
        let (lines, _, complete) = round(&*contacts, &home(), Position::Since(&cursor));
        assert_eq!(complete, switches == ["not_incremental"]);
        assert!(names(&lines).contains(&ids[3].as_str()));
    }
}

#[test]
fn cursors_and_page_tokens_expire() {
    let (worst, clock, contacts) = with(&["cursor_lives", "page_size"]);
    worst.change(|o| o.page_expires_every = Some(3));
    let hands = worst.by_hand::<Contact>();
    (0..10).for_each(|n| drop(hands.put(&home(), samples::contact(n))));
    let options = ChangeOptions::default();
    let once = || block_on(contacts.pages(&home(), Position::Start, &options).try_collect::<Vec<_>>());
    assert_eq!(once().unwrap_err().kind(), ErrorKind::CursorExpired);
    worst.change(|o| o.page_expires_every = None);
    let Next::Done { cursor, .. } = once().unwrap().pop().unwrap().next else { panic!("done") };
    clock.advance(Duration::from_secs(3601));
    let error = block_on(contacts.changes(&home(), Position::Since(&cursor), &options)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CursorExpired);
}

#[test]
fn a_rolled_back_server_has_the_old_items_and_refuses_newer_cursors() {
    let (worst, _, contacts) = with(&[]);
    let hands = worst.by_hand::<Contact>();
    let ada = hands.put(&home(), samples::contact(1));
    let old = hands.item(&ada).unwrap();
    hands.edit(&ada, |c| c.notes = vec!["later".into()]);
    hands.put(&home(), samples::contact(2));
    let (_, cursor, _) = round(&*contacts, &home(), Position::Start);
    hands.rollback(2);
    assert_eq!(hands.items(), BTreeMap::from([(ada, old)]));
    let error = block_on(contacts.changes(&home(), Position::Since(&cursor), &ChangeOptions::default())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CursorExpired);
}

#[test]
fn an_id_can_change_with_an_edit_and_with_a_move() {
    let (worst, _, contacts) = with(&["rekeys_on_edit", "rekeys_on_move"]);
    let hands = worst.by_hand::<Contact>();
    let other = hands.make_collection("other");
    let ada = hands.put(&home(), samples::contact(1));
    let edited = id_of(&one(&*contacts, &home(), update::<Contact>(&worst, &ada, |c| c.notes = vec!["n".into()])));
    assert_ne!(edited, ada);
    let revision = hands.item(&edited).unwrap().revision;
    let moved = id_of(&one(&*contacts, &home(), Write::Move { id: edited.clone(), revision, to: other.clone() }));
    assert_ne!(moved, edited);
    let there = hands.items();
    assert_eq!(there.keys().collect::<Vec<_>>(), [&moved]);
    assert_eq!((&there[&moved].collection, there[&moved].record.uid.clone()), (&other, samples::contact(1).uid));
}

#[test]
fn the_skew_of_the_servers_clock_is_said_and_shows_in_its_times() {
    let (worst, clock, contacts) = with(&["skew"]);
    let ada = worst.by_hand::<Contact>().put(&home(), samples::contact(1));
    assert_eq!(block_on(worst.account()).unwrap().skew, 90);
    assert_eq!(found(&*contacts, &home(), &ada).modified.unwrap().duration_since(clock.now()).as_secs(), 90);
}

#[test]
fn latency_passes_on_the_clock() {
    let (_, clock, contacts) = with(&["latency"]);
    round(&*contacts, &home(), Position::Start);
    assert_eq!(clock.slept(), Duration::from_millis(20));
}

#[test]
fn what_is_missing_is_unavailable_or_unsupported_for_good() {
    for (switches, kind) in [(vec!["no_trash"], ErrorKind::Unavailable), (vec!["no_trash", "for_good"], ErrorKind::Unsupported)] {
        let (worst, _, contacts) = with(&switches);
        let ada = worst.by_hand::<Contact>().put(&home(), samples::contact(1));
        let revision = worst.by_hand::<Contact>().item(&ada).unwrap().revision;
        let outcome = one(&*contacts, &home(), Write::Delete { id: ada, revision, mode: Delete::Trash });
        assert!(matches!(&outcome, Outcome::Refused(e) if e.kind() == kind), "{outcome:?}");
        assert_eq!(worst.info().kind(Kind::Contact).unwrap().trash, kind == ErrorKind::Unavailable);
    }
}

#[test]
fn faults_strike_before_or_after_the_effect() {
    let cases = [
        (Fault::Before(Failure::Transport), false, true),
        (Fault::Before(Failure::RateLimited), false, false),
        (Fault::Before(Failure::Unauthenticated), false, false),
        (Fault::After(Failure::Unavailable), true, true),
        (Fault::HalfDone, false, true),
    ];
    for (fault, stored, unknown) in cases {
        let (worst, _, contacts) = with(&[]);
        worst.set_faults(FaultPlan::none().at(1, fault));
        let outcome = one(&*contacts, &home(), create("m1", samples::contact(1)));
        assert_eq!(matches!(outcome, Outcome::Unknown(_)), unknown, "{fault:?} {outcome:?}");
        assert_eq!(worst.by_hand::<Contact>().items().len() == 1, stored, "{fault:?}");
        assert!(matches!(one(&*contacts, &home(), create("m1", samples::contact(1))), Outcome::Written { .. }), "only once");
    }
}

#[test]
fn half_of_a_batch_is_stored_and_all_of_it_unknown() {
    let (worst, _, contacts) = with(&["write_batch"]);
    worst.set_faults(FaultPlan::none().at_nth(Operation::Write, 2, Fault::HalfDone));
    let writes = (0..8).map(|n| create(&format!("m{n}"), samples::contact(n))).collect();
    let outcomes = block_on(contacts.write(&home(), writes, &WriteOptions::default()));
    let unknown: Vec<bool> = outcomes.iter().map(|o| matches!(o, Outcome::Unknown(_))).collect();
    assert_eq!(unknown, [false, false, false, false, true, true, true, true]);
    assert_eq!(worst.by_hand::<Contact>().items().len(), 6);
    assert_eq!(worst.requests().len(), 2);
}

#[test]
fn listings_can_lie_break_and_hang() {
    let (worst, _, contacts) = with(&[]);
    let hands = worst.by_hand::<Contact>();
    (0..4).for_each(|n| drop(hands.put(&home(), samples::contact(n))));
    let listing = |fault| {
        worst.set_faults(FaultPlan::none().at_nth(Operation::Changes, 1, fault));
        block_on(contacts.changes(&home(), Position::Start, &ChangeOptions::default()))
    };
    for (fault, lines) in [(Fault::TruncatedPage, 2), (Fault::Empty, 0)] {
        let page = listing(fault).unwrap();
        assert!(page.changes.len() == lines && matches!(page.next, Next::Done { complete: true, .. }), "{page:?}");
    }
    for (fault, kind) in [(Fault::CollectionGone, ErrorKind::CollectionGone), (Fault::Before(Failure::Unavailable), ErrorKind::Unavailable)]
    {
        assert_eq!(listing(fault).unwrap_err().kind(), kind);
    }
    for (fault, effect) in [(Fault::HangBefore, 0), (Fault::HangAfter, 1)] {
        let there = hands.items().len();
        worst.set_faults(FaultPlan::none().at(1, fault));
        let (options, home, writes) = (WriteOptions::default(), home(), vec![create(&format!("{fault:?}"), samples::contact(9))]);
        let mut future = contacts.write(&home, writes, &options);
        assert!((0..100).all(|_| (&mut future).now_or_never().is_none()), "{fault:?}");
        drop(future);
        assert_eq!(hands.items().len(), there + effect, "{fault:?}");
    }
}

#[test]
fn a_vanished_collection_is_gone_and_comes_back_as_it_was() {
    let (worst, _, contacts) = with(&[]);
    let hands = worst.by_hand::<Contact>();
    let ada = hands.put(&home(), samples::contact(1));
    hands.vanish(&home(), true);
    assert!(block_on(contacts.collections()).unwrap().is_empty());
    let said = block_on(contacts.fetch(&home(), std::slice::from_ref(&ada))).pop().unwrap();
    assert!(matches!(said, Fetched::Failed(e) if e.kind() == ErrorKind::CollectionGone));
    hands.vanish(&home(), false);
    found(&*contacts, &home(), &ada);
    hands.empty(&home());
    assert!(hands.items().is_empty());
}

#[test]
fn a_million_generated_items_are_listed_without_being_kept() {
    let clock = FakeClock::default();
    let worst = Worst::generated::<Contact>(1_000_000, 7, &clock);
    let contacts = worst.contacts().unwrap();
    let options = ChangeOptions::default().page_size(50);
    let page = block_on(contacts.changes(&home(), Position::Start, &options)).unwrap();
    assert_eq!(page.changes.len(), 50);
    let (far, untouched) = (ItemId::from("g000000999999"), ItemId::from("g000000999998"));
    let before = found(&*contacts, &home(), &far);
    let (_, cursor) = {
        // A cursor as of now, without listing a million lines.
        worst.generate::<Contact>(10, 7);
        let (lines, cursor, _) = round(&*contacts, &home(), Position::Start);
        assert_eq!(lines.len(), 10);
        worst.generate::<Contact>(1_000_000, 7);
        (lines, cursor)
    };
    let uid = before.record.uid.clone().unwrap();
    assert_eq!(block_on(contacts.find(&home(), &[Key::Uid(uid.clone())])).pop().unwrap().unwrap()[0].id, far);
    id_of(&one(&*contacts, &home(), update::<Contact>(&worst, &far, |c| c.notes = vec!["touched".into()])));
    assert_eq!(worst.by_hand::<Contact>().items().len(), 1);
    assert_eq!(found(&*contacts, &home(), &far).record.notes, ["touched"]);
    assert_ne!(found(&*contacts, &home(), &untouched).record.uid, Some(uid));
    let (lines, _, _) = round(&*contacts, &home(), Position::Since(&cursor));
    assert_eq!(names(&lines), [far.as_str()]);
}

#[test]
fn a_snapshot_brings_back_everything_but_the_requests() {
    let clock = FakeClock::default();
    let hub = MemoryHub::new(&clock);
    let hands = hub.by_hand::<Contact>();
    let ada = hands.put(&home(), samples::contact(1));
    let twin = hands.copy(&ada).unwrap();
    let snapshot = hub.snapshot();
    let contacts = hub.contacts().unwrap();
    round(&*contacts, &home(), Position::Start);
    hub.merge::<Contact>(&ada, std::slice::from_ref(&twin));
    let (events, cursor) = block_on(App::events(&hub, None)).unwrap();
    assert_eq!(events, [AppEvent::Merged { kind: Kind::Contact, winner: ada.clone(), losers: vec![twin.clone()] }]);
    assert!(block_on(App::events(&hub, Some(&cursor))).unwrap().0.is_empty());
    let facts = block_on(hub.facts(Kind::Contact, &[ada.clone(), twin.clone()])).unwrap();
    assert!(facts[0].as_ref().is_some_and(|f| f.editable) && facts[1].is_none());
    hub.restore(&snapshot);
    assert_eq!(hands.items().len(), 2);
    assert!(block_on(App::events(&hub, None)).unwrap().0.is_empty());
    assert_eq!(hub.requests().len(), 1);
}

#[test]
fn an_edit_of_every_so_many_generated_items_is_named_to_those_who_read_before_it() {
    let clock = FakeClock::default();
    let worst = Worst::generated::<Contact>(1_000, 7, &clock);
    let contacts = worst.contacts().unwrap();
    let (all, cursor, _) = round(&*contacts, &home(), Position::Start);
    assert_eq!(all.len(), 1_000);
    let own = worst.by_hand::<Contact>().put(&home(), samples::contact(5));
    worst.edit_generated::<Contact>(100, |contact| contact.notes = vec!["changed".to_owned()]);
    let options = ChangeOptions::default().page_size(3);
    let pages: Vec<_> = block_on(contacts.pages(&home(), Position::Since(&cursor), &options).try_collect()).unwrap();
    let lines: Vec<_> = pages.into_iter().flat_map(|page: ChangePage<Contact>| page.changes).collect();
    assert_eq!(lines.iter().filter(|line| *line.id() != own).count(), 10);
    assert_eq!(lines.len(), 11);
    assert_eq!(found(&*contacts, &home(), &ItemId::from("g000000000100")).record.notes, ["changed"]);
    assert_ne!(found(&*contacts, &home(), &ItemId::from("g000000000101")).record.notes, ["changed"]);
    let (_, cursor, _) = round(&*contacts, &home(), Position::Since(&cursor));
    assert_eq!(round(&*contacts, &home(), Position::Since(&cursor)).0.len(), 0, "told once");
}

#[test]
fn a_write_that_was_foreseen_reads_like_any_other() {
    let clock = FakeClock::default();
    let plain = Worst::generated::<Contact>(100, 7, &clock);
    let sparing = Worst::generated::<Contact>(100, 7, &clock);
    sparing.foresee::<Contact>(|contact| contact.notes = vec!["changed".to_owned()]);
    let told: Vec<_> = [&plain, &sparing]
        .into_iter()
        .map(|worst| {
            let contacts = worst.contacts().unwrap();
            let (_, cursor, _) = round(&*contacts, &home(), Position::Start);
            let hands = worst.by_hand::<Contact>();
            for (id, note) in [("g000000000003", "changed"), ("g000000000004", "other"), ("g000000000005", "changed")] {
                assert!(hands.edit(&ItemId::from(id), |contact| contact.notes = vec![note.to_owned()]));
            }
            assert!(hands.edit(&ItemId::from("g000000000005"), |contact| contact.notes = vec!["once more".to_owned()]));
            let (lines, cursor, _) = round(&*contacts, &home(), Position::Since(&cursor));
            hands.rollback(1);
            let read = |id: &str| found(&*contacts, &home(), &ItemId::from(id));
            let items = ["g000000000002", "g000000000003", "g000000000004"].map(read);
            let after = round(&*contacts, &home(), Position::Start).0;
            (format!("{lines:?}"), cursor, format!("{items:?}"), after.len())
        })
        .collect();
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].3, 100);
}

//! What a run did is taken back exactly where nothing moved since, and what moved is named and left alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::{TryStreamExt, executor::block_on};
use pimkit_contract::{
    samples,
    worst::{ByHand, Kept},
};
use pimkit_core::{Contact, ErrorKind, Event, ItemId, LinkQuery, Record, State};
use pimkit_sync::{Action, Parked, Report, Verdict};
use std::{collections::BTreeSet, time::Duration};
use world::{World, named};

const POLICY: &[(&str, &str)] = &[("deletes", "delete")];

/// Every field of every record of a side, ids left out: what is made again has another.
fn whole<R: Kept>(hand: &ByHand<R>) -> Vec<String> {
    let mut all: Vec<String> = hand.records().iter().map(|r| format!("{:?}", r.fields())).collect();
    all.sort();
    all
}

fn both<R: Kept>(world: &World) -> [Vec<String>; 2] {
    [whole(&world.hub_hand::<R>()), whole(&world.far_hand::<R>())]
}

fn undo<R: Record>(world: &World, run: u64, approve: &[&str]) -> Report {
    world.clock.advance(Duration::from_secs(60));
    let mut pair = world.builder::<R>(R::KIND.plural(), POLICY).left_collections(vec![R::KIND.plural().to_owned()]);
    for id in approve {
        pair = pair.approve(id);
    }
    let pair = pair.build().unwrap();
    let plan = block_on(pair.undo(run)).unwrap();
    let report = block_on(pair.apply(plan)).unwrap();
    world.clock.advance(Duration::from_secs(60));
    report
}

trait Mixed: Kept {
    fn write(&mut self, token: &str);
    fn write_more(&mut self, token: &str);
}

impl Mixed for Contact {
    fn write(&mut self, token: &str) {
        self.name.full = Some(token.to_owned());
    }
    fn write_more(&mut self, token: &str) {
        self.notes.push(token.to_owned());
    }
}

impl Mixed for Event {
    fn write(&mut self, token: &str) {
        self.title = Some(token.to_owned());
    }
    fn write_more(&mut self, token: &str) {
        self.description = Some(token.to_owned());
    }
}

/// Half a thousand changes of every sort in one run: how many were written, and what both sides were before it.
fn mixed<R: Mixed>(world: &World) -> (Report, [Vec<String>; 2]) {
    let (hub, far, home) = (world.hub_hand::<R>(), world.far_hand::<R>(), World::home::<R>());
    for n in 0..300 {
        if n % 2 == 0 {
            hub.put(&home, R::sample(n))
        } else {
            far.put(&home, R::sample(n))
        };
    }
    // Two sides that share nothing are asked about.
    let held = world.run::<R>(POLICY);
    let pair = world.builder::<R>(R::KIND.plural(), POLICY).left_collections(vec![R::KIND.plural().to_owned()]);
    block_on(pair.approve(&held.sync.holds[0].approve).build().unwrap().run()).unwrap();
    world.clock.advance(Duration::from_secs(2 * 86_400));
    assert_eq!(world.run::<R>(POLICY).sync.writes(), 0);
    let links: Vec<_> = block_on(world.state.links(LinkQuery::of(&R::KIND.plural().into())).try_collect()).unwrap();
    let ids: Vec<(ItemId, ItemId)> = links.into_iter().map(|l| (l.hub_item.unwrap(), l.item.unwrap())).collect();
    assert_eq!(ids.len(), 300);
    for (n, (left, right)) in ids.iter().enumerate() {
        let token = format!("token {n}");
        match n {
            0..50 => assert!(far.delete(right)),
            50..100 => assert!(hub.delete(left)),
            100..150 => assert!(far.edit(right, |r| r.write(&token))),
            150..200 => assert!(hub.edit(left, |r| r.write(&token))),
            200..230 => {
                assert!(hub.edit(left, |r| r.write(&format!("{token} hub"))));
                assert!(far.edit(right, |r| r.write(&format!("{token} far"))));
            }
            230..260 => {
                assert!(hub.edit(left, |r| r.write(&token)));
                assert!(far.edit(right, |r| r.write_more(&token)));
            }
            _ => {}
        }
    }
    for n in 1000..1120 {
        hub.put(&home, R::sample(n));
        far.put(&home, R::sample(n + 500));
    }
    let before = both::<R>(world);
    let report = world.run::<R>(POLICY);
    assert_eq!(report.sync.verdict(), Verdict::Done, "{report:?}");
    (report, before)
}

#[test]
fn a_thousand_mixed_changes_are_taken_back_on_both_sides_to_the_last_field() {
    let world = World::kind();
    let (contacts, contacts_before) = mixed::<Contact>(&world);
    let (events, events_before) = mixed::<Event>(&world);
    assert!(contacts.sync.writes() + events.sync.writes() >= 1000, "{contacts:?} {events:?}");
    for report in [&contacts, &events] {
        let sync = &report.sync;
        let sorts = [sync.created.left, sync.created.right, sync.updated.left, sync.updated.right, sync.deleted.left, sync.deleted.right];
        assert!(sorts.iter().all(|n| *n >= 50) && sync.conflicts == 30, "{report:?}");
    }
    assert_ne!(both::<Contact>(&world), contacts_before);
    let undone = undo::<Contact>(&world, contacts.run, &[]);
    assert_eq!(
        (undone.sync.verdict(), undone.sync.undoes, undone.sync.writes()),
        (Verdict::Done, Some(contacts.run), contacts.sync.writes())
    );
    // Within a day of the run's own deletions it is much: the guard asks, and the rest is done meanwhile.
    let held = undo::<Event>(&world, events.run, &[]);
    let ids: Vec<&str> = held.sync.holds.iter().map(|h| h.approve.as_str()).collect();
    assert_eq!((held.sync.verdict(), ids.len(), held.sync.deleted.total()), (Verdict::Held, 2, 0), "{held:?}");
    let undone = undo::<Event>(&world, events.run, &ids);
    assert_eq!((undone.sync.verdict(), undone.sync.deleted.total()), (Verdict::Done, 240), "{undone:?}");
    assert_eq!(held.sync.writes() + undone.sync.writes(), events.sync.writes());
    for (now, before) in [(both::<Contact>(&world), contacts_before), (both::<Event>(&world), events_before)] {
        for side in [0, 1] {
            let (now, before): (BTreeSet<_>, BTreeSet<_>) = (now[side].iter().collect(), before[side].iter().collect());
            assert_eq!(now.difference(&before).next(), None, "on side {side} there is what was not there before");
            assert_eq!(before.difference(&now).next(), None, "on side {side} there is not what was there before");
        }
        assert_eq!([now[0].len(), now[1].len()], [before[0].len(), before[1].len()]);
    }
    assert!(world.far.outbox().is_empty());
    // Nothing of it is done again, and nothing else is.
    let state = both::<Contact>(&world);
    let report = world.run::<Contact>(POLICY);
    assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Done), "{report:?}");
    assert_eq!(both::<Contact>(&world), state);
    // The journal has it, as a run of its own.
    let rows: Vec<_> =
        world.journal().into_iter().filter(|row| row.policy.as_deref() == Some(&format!("undo = {}", contacts.run))).collect();
    assert!(rows.len() as u64 >= 400 && rows.iter().all(|row| row.why.starts_with("undo of run")));
}

/// Six linked contacts, of which each of a run's deeds was done to one.
struct Small {
    world: World,
    run: u64,
    before: [Vec<String>; 2],
    /// Hub and far ids.
    ids: Vec<(ItemId, ItemId)>,
}

fn small() -> Small {
    let world = World::kind();
    for n in 0..6 {
        world.hub_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
    }
    world.run::<Contact>(POLICY);
    let links: Vec<_> = block_on(world.state.links(LinkQuery::of(&"contacts".into())).try_collect()).unwrap();
    let ids: Vec<(ItemId, ItemId)> = links.into_iter().map(|l| (l.hub_item.unwrap(), l.item.unwrap())).collect();
    let far = world.far_hand::<Contact>();
    far.edit(&ids[0].1, |c| c.nicknames = vec!["Nick".into()]);
    far.edit(&ids[0].1, |c| c.notes = vec!["noted".into()]);
    far.delete(&ids[1].1);
    far.put(&World::home::<Contact>(), named("New"));
    world.hub_hand::<Contact>().edit(&ids[2].0, |c| c.nicknames = vec!["Two".into()]);
    let before = both::<Contact>(&world);
    let report = world.run::<Contact>(POLICY);
    assert_eq!((report.sync.created.left, report.sync.updated.total(), report.sync.deleted.left), (1, 2, 1), "{report:?}");
    Small { world, run: report.run, before, ids }
}

#[test]
fn what_has_moved_on_since_is_left_alone_and_named() {
    let Small { world, run, ids, .. } = small();
    let hub = world.hub_hand::<Contact>();
    hub.edit(&ids[0].0, |c| c.nicknames = vec!["Mine".into()]);
    let new = hub.items().into_iter().find(|(_, s)| s.record.name.full.as_deref() == Some("New")).unwrap().0;
    hub.edit(&new, |c| c.notes = vec!["kept".into()]);
    let report = undo::<Contact>(&world, run, &[]);
    let named: Vec<_> = report.sync.quarantined.iter().map(|l| (l.id.clone(), l.error.clone())).collect();
    assert_eq!(report.sync.verdict(), Verdict::LeftOver);
    assert_eq!(named.len(), 2, "{named:?}");
    assert!(named.contains(&(new.to_string(), "left as it is: it was changed since (notes)".into())), "{named:?}");
    assert!(
        named.contains(&(ids[0].0.to_string(), "left as it is: it was changed since, or may not be written (nicknames)".into())),
        "{named:?}"
    );
    // The field of the same record that nobody touched went back, and so did the rest.
    let first = hub.item(&ids[0].0).unwrap().record;
    assert_eq!((first.nicknames, first.notes), (vec!["Mine".to_owned()], samples::contact(0).notes));
    assert!(hub.item(&new).is_some());
    assert_eq!((report.sync.updated.total(), report.sync.created.left), (2, 1), "{report:?}");
}

#[test]
fn an_undo_is_undone_like_any_run() {
    let Small { world, run, before, .. } = small();
    let after = both::<Contact>(&world);
    let first = undo::<Contact>(&world, run, &[]);
    assert_eq!(first.sync.verdict(), Verdict::Done, "{first:?}");
    assert_eq!(both::<Contact>(&world), before);
    let second = undo::<Contact>(&world, first.run, &[]);
    assert_eq!(second.sync.verdict(), Verdict::Done, "{second:?}");
    assert_eq!(both::<Contact>(&world), after);
    assert_eq!(world.run::<Contact>(POLICY).sync.writes(), 0);
}

#[test]
fn a_released_pair_stands_as_before_the_run_and_nobody_loses_anything() {
    for which in [Parked::All, Parked::Run(0)] {
        let Small { world, run, before, .. } = small();
        undo::<Contact>(&world, run, &[]);
        assert_eq!(both::<Contact>(&world), before);
        let pair = world.pair::<Contact>(POLICY);
        let which = if which == Parked::All { which } else { Parked::Run(run) };
        assert_eq!(block_on(pair.release(&which)).unwrap(), 4);
        assert_eq!(block_on(pair.release(&which)).unwrap(), 0);
        let report = world.run::<Contact>(POLICY);
        // What users had edited and made goes over again; what was deleted, and brought back, is there on both sides.
        assert_eq!((report.sync.created.left, report.sync.created.right, report.sync.updated.total()), (1, 1, 2), "{report:?}");
        assert_eq!(world::texts(world.hub_hand::<Contact>().records()), world::texts(world.far_hand::<Contact>().records()));
        assert_eq!((world.hub_hand::<Contact>().records().len(), world.run::<Contact>(POLICY).sync.writes()), (7, 0));
    }
}

#[test]
fn an_undo_that_deletes_much_waits_for_an_approval_of_its_own() {
    let world = World::kind();
    for n in 0..20 {
        world.far_hand::<Contact>().put(&World::home::<Contact>(), samples::contact(n));
    }
    let run = world.run::<Contact>(POLICY).run;
    let report = undo::<Contact>(&world, run, &[]);
    assert_eq!(
        (report.sync.verdict(), report.sync.writes(), world.hub_hand::<Contact>().records().len()),
        (Verdict::Held, 0, 20),
        "{report:?}"
    );
    // A run in between answers nothing.
    assert_eq!(world.run::<Contact>(POLICY).sync.writes(), 0);
    let report = undo::<Contact>(&world, run, &[&report.sync.holds[0].approve]);
    assert_eq!(
        (report.sync.verdict(), report.sync.deleted.left, world.hub_hand::<Contact>().records().len()),
        (Verdict::Done, 20, 0),
        "{report:?}"
    );
    assert_eq!(world.run::<Contact>(POLICY).sync.writes(), 0);
    assert_eq!(world.far_hand::<Contact>().records().len(), 20);
}

#[test]
fn an_undo_is_planned_first_last_deed_first_and_a_run_that_there_was_not_is_refused() {
    let Small { world, run, before, .. } = small();
    let pair = world.pair::<Contact>(POLICY);
    let plan = block_on(pair.undo(run)).unwrap();
    let steps: Vec<_> = block_on(plan.steps().try_collect()).unwrap();
    assert_eq!(steps.len(), 4);
    assert!(steps.iter().all(|s| s.body.undoes.as_ref().is_some_and(|u| u.run == run)));
    let journal: Vec<_> = world.journal().into_iter().filter(|row| row.run == run).map(|row| row.action).rev().collect();
    let done: Vec<_> = steps
        .iter()
        .map(|s| match s.body.action {
            Action::Create(_) => "deleted",
            Action::Delete(_) => "created",
            _ => "updated",
        })
        .collect();
    assert_eq!(done, journal);
    drop(plan);
    assert_ne!(both::<Contact>(&world), before, "a plan writes nothing");
    let error = block_on(pair.undo(4711)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("no such run"), "{error}");
}

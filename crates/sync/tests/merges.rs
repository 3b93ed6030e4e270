//! Records that are merged or converted in the app: one far item goes on, the others are left as they are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use async_trait::async_trait;
use futures::{TryStreamExt, executor::block_on};
use jiff::Timestamp;
use pimkit_contract::{MemoryHub, WorstOptions};
use pimkit_core::{
    Access, AccountId, Action, App, AppEvent, Contact, Cursor, EmailAddress, Error, ErrorKind, Facts, ItemId, Kind, LinkQuery, LinkRow,
    LinkState, Notice, Result, State, View,
};
use pimkit_sync::Report;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use world::{World, named};

const IGNORE: &[(&str, &str)] = &[("deletes", "ignore")];
const DELETE: &[(&str, &str)] = &[("deletes", "delete")];

/// A winner and its losers.
type Merge = (ItemId, Vec<ItemId>);

/// A hub whose events can be forgotten, refused, told late or made up.
#[derive(Clone, Debug)]
struct Teller {
    hub: MemoryHub,
    forgets: Arc<AtomicBool>,
    fails: Arc<Mutex<Option<ErrorKind>>>,
    more: Arc<Mutex<Vec<AppEvent>>>,
    /// A merge that happens just before the app is asked: after the hub was read.
    meanwhile: Arc<Mutex<Option<Merge>>>,
}

impl Teller {
    fn new(world: &World) -> Self {
        Self { hub: world.hub.clone(), forgets: Arc::default(), fails: Arc::default(), more: Arc::default(), meanwhile: Arc::default() }
    }
}

#[async_trait]
impl App for Teller {
    fn account(&self) -> AccountId {
        App::account(&self.hub)
    }
    fn user(&self) -> Option<String> {
        None
    }
    async fn facts(&self, kind: Kind, ids: &[ItemId]) -> Result<Vec<Option<Facts>>> {
        self.hub.facts(kind, ids).await
    }
    async fn events(&self, since: Option<&Cursor>) -> Result<(Vec<AppEvent>, Cursor)> {
        if let Some(kind) = *self.fails.lock().unwrap() {
            return Err(Error::new(kind, "the app does not tell"));
        }
        if since.is_some() && self.forgets.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::CursorExpired, "too old"));
        }
        if let Some((winner, losers)) = self.meanwhile.lock().unwrap().take() {
            self.hub.merge::<Contact>(&winner, &losers);
        }
        let (mut events, cursor) = App::events(&self.hub, since).await?;
        events.extend(self.more.lock().unwrap().drain(..));
        Ok((events, cursor))
    }
    async fn allowed(&self, kind: Kind, action: Action) -> Result<bool> {
        self.hub.allowed(kind, action).await
    }
    async fn views(&self) -> Result<Vec<View>> {
        self.hub.views().await
    }
    async fn protect(&self, kind: Kind, records: &[(ItemId, Access)]) -> Result<()> {
        self.hub.protect(kind, records).await
    }
    async fn notify(&self, notice: Notice, at: Timestamp) -> Result<()> {
        self.hub.notify(notice, at).await
    }
}

fn try_run(world: &World, name: &str, app: Arc<dyn App>, policy: &[(&str, &str)], collections: &[&str]) -> Result<Report> {
    world.clock.advance(Duration::from_secs(60));
    let collections = collections.iter().map(|c| (*c).to_owned()).collect();
    let pair = world.builder::<Contact>(name, policy).app(app).left_collections(collections).build().unwrap();
    let report = block_on(pair.run());
    world.clock.advance(Duration::from_secs(60));
    report
}

fn run(world: &World, policy: &[(&str, &str)]) -> Report {
    try_run(world, "contacts", Arc::new(world.hub.clone()), policy, &["contacts"]).unwrap()
}

fn links(world: &World, sync: &str) -> Vec<LinkRow> {
    block_on(world.state.links(LinkQuery::of(&sync.into())).try_collect()).unwrap()
}

fn in_state(world: &World, state: LinkState) -> Vec<LinkRow> {
    links(world, "contacts").into_iter().filter(|l| l.state == state).collect()
}

fn ada(address: &str) -> Contact {
    let mut contact = named("Ada Lovelace");
    contact.uid = Some(format!("uid-{address}"));
    contact.emails.push(EmailAddress { address: address.to_owned(), ..EmailAddress::default() });
    contact
}

/// Three of one person at the far side, imported as three, and the hub ids in the order of the addresses.
fn three(options: WorstOptions) -> (World, Vec<ItemId>, Vec<ItemId>) {
    let world = World::with(options);
    let far = world.far_hand::<Contact>();
    let fars: Vec<ItemId> = ["a@x.example", "b@x.example", "c@x.example"].map(|a| far.put(&World::home::<Contact>(), ada(a))).to_vec();
    run(&world, IGNORE);
    world.settle();
    run(&world, IGNORE);
    let links = links(&world, "contacts");
    let of = |far: &ItemId| links.iter().find(|l| l.item.as_ref() == Some(far)).unwrap().hub_item.clone().unwrap();
    let hubs = fars.iter().map(of).collect();
    (world, fars, hubs)
}

fn kinds() -> Vec<WorstOptions> {
    vec![
        WorstOptions::kind(),
        WorstOptions::only(&["lists_only", "drops_marks"]).unwrap(),
        WorstOptions::only(&["server_made_ids", "no_find", "not_incremental"]).unwrap(),
    ]
}

#[test]
fn sell_28_a_merge_in_the_app_leaves_the_duplicates_at_the_far_side_as_they_are() {
    for options in kinds() {
        let (world, fars, hubs) = three(options);
        let far = world.far_hand::<Contact>();
        let before: Vec<Contact> = fars.iter().map(|id| far.item(id).unwrap().record).collect();
        world.hub.merge::<Contact>(&hubs[1], &[hubs[0].clone(), hubs[2].clone()]);
        for _ in 0..3 {
            world.settle();
            let report = run(&world, DELETE);
            assert_eq!(report.sync.writes(), 0, "{report:?}");
            assert!(report.sync.notes.is_empty() && report.sync.held == 0, "{report:?}");
        }
        let after: Vec<Contact> = fars.iter().map(|id| far.item(id).unwrap().record).collect();
        assert_eq!(before, after);
        assert_eq!(world.hub_hand::<Contact>().records().len(), 1);
        let shadowed = in_state(&world, LinkState::Shadowed);
        assert_eq!(shadowed.len(), 2);
        assert!(shadowed.iter().all(|l| l.note.as_ref().is_some_and(|n| n.contains(hubs[1].as_str()))), "{shadowed:?}");
    }
}

#[test]
fn sell_29_after_a_merge_exactly_one_of_the_duplicates_follows_the_merged_record() {
    let (world, fars, hubs) = three(WorstOptions::kind());
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    world.hub.merge::<Contact>(&hubs[1], &[hubs[0].clone(), hubs[2].clone()]);
    run(&world, DELETE);
    hub.edit(&hubs[1], |c| c.notes = vec!["merged".into()]);
    let report = run(&world, DELETE);
    assert_eq!((report.sync.updated.right, report.sync.writes()), (1, 1), "{report:?}");
    assert_eq!(far.item(&fars[1]).unwrap().record.notes, ["merged"]);
    // The others are neither written nor read back, and may be deleted by their user.
    far.edit(&fars[0], |c| c.notes = vec!["mine".into()]);
    far.edit(&fars[1], |c| c.nicknames = vec!["Countess".into()]);
    far.delete(&fars[2]);
    let report = run(&world, DELETE);
    assert_eq!((report.sync.updated.left, report.sync.writes()), (1, 1), "{report:?}");
    let records = hub.records();
    assert_eq!(
        (records.len(), &records[0].notes[..], &records[0].nicknames[..]),
        (1, &["merged".to_owned()][..], &["Countess".to_owned()][..])
    );
    assert_eq!((links(&world, "contacts").len(), in_state(&world, LinkState::Shadowed).len()), (2, 1));
    assert_eq!(run(&world, DELETE).sync.writes(), 0);
}

#[test]
fn sell_27_a_winner_without_a_link_takes_over_that_of_the_first_loser_by_a_three_way_merge() {
    for options in kinds() {
        let (world, fars, hubs) = three(options);
        let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
        far.edit(&fars[0], |c| c.nicknames = vec!["Countess".into()]);
        let mut winner = ada("a@x.example");
        // Nothing names it as the same: another uid, another name.
        winner.uid = Some("another".into());
        winner.name.full = Some("Augusta King".into());
        let winner = hub.put(&World::home::<Contact>(), winner);
        world.hub.merge::<Contact>(&winner, &hubs);
        world.settle();
        let report = run(&world, DELETE);
        assert_eq!((report.sync.created.total(), report.sync.deleted.total()), (0, 0), "{report:?}");
        let followed = far.item(&fars[0]).unwrap().record;
        assert_eq!(followed.name.full.as_deref(), Some("Augusta King"), "the hub's change since goes to the far side");
        assert_eq!(hub.records()[0].nicknames, ["Countess"], "and the far side's to the hub");
        assert_eq!((hub.records().len(), far.records().len()), (1, 3));
        assert_eq!(in_state(&world, LinkState::Shadowed).len(), 2);
        world.settle();
        assert_eq!(run(&world, DELETE).sync.writes(), 0);
    }
}

#[test]
fn merges_of_merges_are_followed_whatever_was_seen_of_them_in_between() {
    let (world, fars, hubs) = three(WorstOptions::kind());
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    let never_seen = hub.put(&World::home::<Contact>(), ada("a@x.example"));
    let last = hub.put(&World::home::<Contact>(), ada("z@x.example"));
    world.hub.merge::<Contact>(&never_seen, &hubs[..2]);
    world.hub.merge::<Contact>(&last, &[never_seen.clone(), "no such record".into()]);
    let report = run(&world, DELETE);
    assert_eq!((report.sync.created.total(), report.sync.deleted.total()), (0, 0), "{report:?}");
    assert_eq!((hub.records().len(), far.records().len()), (2, 3));
    hub.edit(&last, |c| c.notes = vec!["last".into()]);
    let report = run(&world, DELETE);
    assert_eq!((report.sync.updated.right, report.sync.writes()), (1, 1), "{report:?}");
    assert_eq!(far.item(&fars[0]).unwrap().record.notes, ["last"]);
    assert_eq!(in_state(&world, LinkState::Shadowed).len(), 1);
}

#[test]
fn a_winner_that_no_listing_has_brought_yet_keeps_the_link_until_it_comes() {
    // The hub's listing lags: the winner shows some rounds after the app has told of the merge.
    let (world, fars, hubs) = three(WorstOptions::kind());
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    let winner = hub.put(&"leads".into(), ada("w@x.example"));
    world.hub.merge::<Contact>(&winner, &hubs[..1]);
    world.hub.change(|o| o.listing_lag_rounds = 2);
    hub.move_to(&winner, &World::home::<Contact>());
    for _ in 0..3 {
        let report = run(&world, DELETE);
        assert_eq!((report.sync.created.total(), report.sync.deleted.total()), (0, 0), "{report:?}");
        assert_eq!((hub.records().len(), far.records().len()), (3, 3));
    }
    hub.edit(&winner, |c| c.notes = vec!["here".into()]);
    for _ in 0..3 {
        run(&world, DELETE);
    }
    assert_eq!(far.item(&fars[0]).unwrap().record.notes, ["here"]);
    assert_eq!((hub.records().len(), far.records().len()), (3, 3));
}

#[test]
fn a_winner_that_was_deleted_before_anybody_saw_it_is_a_deletion_like_any_other() {
    let (world, fars, hubs) = three(WorstOptions::kind());
    let hub = world.hub_hand::<Contact>();
    let winner = hub.put(&World::home::<Contact>(), ada("w@x.example"));
    world.hub.merge::<Contact>(&winner, &hubs[..1]);
    hub.delete(&winner);
    let both = |world: &World| try_run(world, "contacts", Arc::new(world.hub.clone()), IGNORE, &["contacts"]).unwrap();
    for _ in 0..3 {
        let report = both(&world);
        assert_eq!(report.sync.writes(), 0, "{report:?}");
    }
    let of_it: Vec<LinkRow> = links(&world, "contacts").into_iter().filter(|l| l.item.as_ref() == Some(&fars[0])).collect();
    assert!(of_it.iter().all(|l| matches!(l.state, LinkState::Suppressed | LinkState::Held)), "{of_it:?}");
    assert!(world.far_hand::<Contact>().item(&fars[0]).is_some());
}

#[test]
fn an_event_that_comes_late_or_twice_changes_nothing_that_was_right() {
    let (world, fars, hubs) = three(WorstOptions::kind());
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    let teller = Teller::new(&world);
    let run = |world: &World| try_run(world, "contacts", Arc::new(teller.clone()), IGNORE, &["contacts"]).unwrap();
    // The loser is seen gone, and taken for deleted, before the app says why.
    hub.delete(&hubs[0]);
    run(&world);
    assert_eq!(in_state(&world, LinkState::Suppressed).len(), 1);
    let winner = hub.put(&"companies".into(), ada("w@x.example"));
    hub.move_to(&winner, &World::home::<Contact>());
    let late = AppEvent::Merged { kind: Kind::Contact, winner: winner.clone(), losers: vec![hubs[0].clone()] };
    teller.more.lock().unwrap().extend([late.clone(), late.clone()]);
    let report = run(&world);
    assert_eq!((report.sync.created.total(), report.sync.deleted.total()), (0, 0), "{report:?}");
    assert_eq!((far.records().len(), in_state(&world, LinkState::Live).len()), (3, 3));
    hub.edit(&winner, |c| c.notes = vec!["late".into()]);
    run(&world);
    assert_eq!(far.item(&fars[0]).unwrap().record.notes, ["late"]);
    // Once more, with everything that the app ever kept.
    teller.forgets.store(true, Ordering::Relaxed);
    teller.more.lock().unwrap().push(late);
    let before = links(&world, "contacts");
    assert_eq!(run(&world).sync.writes(), 0);
    let states = |links: &[LinkRow]| links.iter().map(|l| (l.id.clone(), l.state, l.hub_item.clone())).collect::<Vec<_>>();
    assert_eq!(states(&before), states(&links(&world, "contacts")));
}

#[test]
fn a_record_that_is_there_was_not_merged_away_whatever_an_old_event_says() {
    let (world, _, hubs) = three(WorstOptions::kind());
    let teller = Teller::new(&world);
    let undone = AppEvent::Merged { kind: Kind::Contact, winner: hubs[1].clone(), losers: vec![hubs[0].clone()] };
    let unknown = world.hub_hand::<Contact>().put(&"leads".into(), ada("l@x.example"));
    let another = AppEvent::Merged { kind: Kind::Contact, winner: unknown, losers: vec![hubs[0].clone()] };
    teller.more.lock().unwrap().extend([undone, another]);
    let report = try_run(&world, "contacts", Arc::new(teller), DELETE, &["contacts"]).unwrap();
    assert_eq!(report.sync.writes(), 0, "{report:?}");
    assert_eq!(in_state(&world, LinkState::Live).len(), 3);
    let hub = world.hub_hand::<Contact>();
    hub.edit(&hubs[0], |c| c.notes = vec!["alive".into()]);
    assert_eq!(run(&world, DELETE).sync.updated.right, 1);
}

#[test]
fn while_the_app_does_not_tell_nothing_on_the_hub_is_taken_for_deleted() {
    let (world, fars, hubs) = three(WorstOptions::kind());
    let teller = Teller::new(&world);
    world.hub.merge::<Contact>(&hubs[1], &[hubs[0].clone()]);
    *teller.fails.lock().unwrap() = Some(ErrorKind::Unavailable);
    let error = try_run(&world, "contacts", Arc::new(teller.clone()), DELETE, &["contacts"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    *teller.fails.lock().unwrap() = None;
    let report = try_run(&world, "contacts", Arc::new(teller.clone()), DELETE, &["contacts"]).unwrap();
    assert_eq!(report.sync.writes(), 0, "{report:?}");
    assert!(world.far_hand::<Contact>().item(&fars[0]).is_some());
    // An app that has no events at all: a record that is gone is gone.
    *teller.fails.lock().unwrap() = Some(ErrorKind::Unsupported);
    world.hub.merge::<Contact>(&hubs[1], &[hubs[2].clone()]);
    let report = try_run(&world, "contacts", Arc::new(teller), DELETE, &["contacts"]).unwrap();
    assert_eq!(report.sync.deleted.right, 1, "{report:?}");
}

#[test]
fn a_merge_that_happens_after_the_hub_was_read_makes_no_item_of_the_records_that_went() {
    let (world, _, hubs) = three(WorstOptions::kind());
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    let fresh = hub.put(&World::home::<Contact>(), ada("f@x.example"));
    let teller = Teller::new(&world);
    *teller.meanwhile.lock().unwrap() = Some((hubs[1].clone(), vec![hubs[0].clone(), fresh]));
    for _ in 0..3 {
        let report = try_run(&world, "contacts", Arc::new(teller.clone()), DELETE, &["contacts"]).unwrap();
        assert_eq!(report.sync.writes(), 0, "{report:?}");
    }
    assert_eq!((hub.records().len(), far.records().len()), (2, 3));
}

#[test]
fn sell_36_an_edit_of_a_lead_goes_back_to_it_and_its_conversion_keeps_the_same_item() {
    for options in kinds() {
        let world = World::with(options);
        let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
        let run = |world: &World| {
            world.settle();
            try_run(world, "contacts", Arc::new(world.hub.clone()), DELETE, &["contacts", "leads"]).unwrap()
        };
        let lead = hub.put(&"leads".into(), ada("lead@x.example"));
        run(&world);
        let item = far.items().into_keys().next().unwrap();
        far.edit(&item, |c| c.notes = vec!["from the mailbox".into()]);
        run(&world);
        assert_eq!(hub.item(&lead).unwrap().record.notes, ["from the mailbox"]);
        let mut converted = hub.item(&lead).unwrap().record;
        converted.uid = Some("a contact's own".into());
        converted.nicknames = vec!["customer".into()];
        let contact = hub.put(&"contacts".into(), converted);
        world.hub.convert::<Contact>(&lead, &contact);
        let report = run(&world);
        assert_eq!((report.sync.created.total(), report.sync.deleted.total()), (0, 0), "{report:?}");
        assert!(far.items().into_keys().eq([item.clone()]));
        assert_eq!(far.item(&item).unwrap().record.nicknames, ["customer"]);
        far.edit(&item, |c| c.notes = vec!["to the contact".into()]);
        run(&world);
        assert_eq!(hub.item(&contact).unwrap().record.notes, ["to the contact"]);
        assert_eq!(run(&world).sync.writes(), 0);
    }
}

#[test]
fn a_conversion_into_a_collection_that_is_not_synced_is_scope_exit_and_no_deletion() {
    let world = World::kind();
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    let run = |world: &World| try_run(world, "contacts", Arc::new(world.hub.clone()), DELETE, &["leads"]).unwrap();
    let lead = hub.put(&"leads".into(), ada("lead@x.example"));
    run(&world);
    let contact = hub.put(&"contacts".into(), hub.item(&lead).unwrap().record);
    world.hub.convert::<Contact>(&lead, &contact);
    for _ in 0..2 {
        let report = run(&world);
        assert_eq!(report.sync.writes(), 0, "{report:?}");
    }
    assert_eq!((far.records().len(), hub.records().len()), (1, 1));
    let out = in_state(&world, LinkState::OutOfScope);
    assert!(out.len() == 1 && out[0].note.as_ref().is_some_and(|n| n.contains("contacts")), "{:?}", links(&world, "contacts"));
    // Back in a collection that is synced, it goes on where it was.
    hub.edit(&contact, |c| c.notes = vec!["again a lead".into()]);
    hub.move_to(&contact, &"leads".into());
    let report = run(&world);
    assert_eq!((report.sync.updated.right, report.sync.writes()), (1, 1), "{report:?}");
}

#[test]
fn every_sync_of_the_hub_learns_of_a_merge_by_the_first_run_of_any() {
    let world = World::kind();
    let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
    let app = || Arc::new(world.hub.clone());
    let ids: Vec<ItemId> = ["a", "b"].map(|a| hub.put(&World::home::<Contact>(), ada(&format!("{a}@x.example")))).to_vec();
    let other = far.make_collection("others");
    let run = |name: &str, place: &str| {
        world.clock.advance(Duration::from_secs(60));
        let pair = world.builder::<Contact>(name, DELETE).app(app()).left_collections(vec!["contacts".into()]);
        block_on(pair.collections(vec![place.to_owned()]).build().unwrap().run()).unwrap()
    };
    run("one", "contacts");
    run("two", other.as_str());
    assert_eq!(far.records().len(), 4);
    world.hub.merge::<Contact>(&ids[0], &ids[1..]);
    run("one", "contacts");
    let of = |sync: &str| links(&world, sync).into_iter().filter(|l| l.state == LinkState::Shadowed).count();
    assert_eq!((of("one"), of("two")), (1, 1));
    let report = run("two", other.as_str());
    assert_eq!((report.sync.writes(), far.records().len()), (0, 4), "{report:?}");
}

#[test]
fn a_run_that_dies_anywhere_around_a_merge_loses_no_item_and_makes_none() {
    let (mut world, fars, hubs) = three(WorstOptions::kind());
    let winner = world.hub_hand::<Contact>().put(&World::home::<Contact>(), ada("w@x.example"));
    world.hub.merge::<Contact>(&winner, &hubs[..2]);
    let (hub, far, state) = (world.hub.snapshot(), world.far.snapshot(), world.state.snapshot());
    let mut places = 0;
    for point in [pimkit_contract::state::StopPoint::Before, pimkit_contract::state::StopPoint::After] {
        for commit in 1.. {
            world.hub.restore(&hub);
            world.far.restore(&far);
            world.state = pimkit_contract::state::MemoryState::restore(state.clone());
            world.state.crash_at(commit, point);
            let died = try_run(&world, "contacts", Arc::new(world.hub.clone()), DELETE, &["contacts"]).is_err();
            if !died {
                break;
            }
            places += 1;
            world.state = pimkit_contract::state::MemoryState::restore(world.state.snapshot());
            world.settle();
            run(&world, DELETE);
            let at = format!("commit {commit}");
            assert_eq!((world.hub_hand::<Contact>().records().len(), world.far_hand::<Contact>().records().len()), (2, 3), "{at}");
            let followed = world.far_hand::<Contact>().item(&fars[0]).unwrap().record;
            assert!(followed.emails.iter().any(|e| e.address == "w@x.example"), "{at}: {followed:?}");
            assert_eq!(in_state(&world, LinkState::Shadowed).len(), 1, "{at}");
        }
    }
    assert!(places > 10, "{places}");
}

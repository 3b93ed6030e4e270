//! A run of 200 items, stopped at every place where a process can die: before each request, between
//! its effect and its answer, between the answer and the record, and inside writes of several calls.
//! One more run after the settle time brings everything to where it belongs, once.
//!
//! `PIMKIT_STRIDE` is how many places are passed over between two that are tried (default 9; 1 tries all).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::task::noop_waker;
use pimkit_contract::{
    WorstOptions, samples,
    state::{MemoryState, StopPoint},
    worst::{Fault, FaultPlan},
};
use pimkit_core::{Contact, Create, LinkQuery, LinkState};
use std::{
    collections::BTreeMap,
    future::Future,
    pin::pin,
    task::{Context, Poll},
    time::Duration,
};
use world::World;

const POLICY: &[(&str, &str)] = &[("deletes", "delete")];
const NEW: u64 = 70;
const EDITED: u64 = 20;
const DELETED: u64 = 10;

/// A world in which a run has 200 things to do, and the durable state of it.
struct Scene {
    world: World,
    hub: pimkit_contract::hub::HubSnapshot,
    far: pimkit_contract::worst::Snapshot,
    state: pimkit_contract::state::Snapshot,
    now: jiff::Timestamp,
}

fn marked(n: u64) -> Contact {
    let mut contact = samples::contact(n);
    contact.name.full = Some(format!("Person {n}"));
    contact.notes = vec![format!("token-{n}.")];
    contact
}

impl Scene {
    fn new(options: WorstOptions) -> Self {
        use pimkit_core::Clock;
        let world = World::with(options);
        let (hub, far) = (world.hub_hand::<Contact>(), world.far_hand::<Contact>());
        let home = World::home::<Contact>();
        let old: Vec<_> = (0..2 * EDITED + 2 * DELETED).map(|n| hub.put(&home, marked(n))).collect();
        world.run::<Contact>(POLICY);
        world.settle();
        world.run::<Contact>(POLICY);
        let far_ids: BTreeMap<String, _> = far.items().into_iter().map(|(id, s)| (s.record.name.full.unwrap(), id)).collect();
        assert_eq!(far_ids.len(), old.len());
        for (n, id) in old.iter().enumerate() {
            let (n, far_id) = (n as u64, &far_ids[&format!("Person {n}")]);
            if n < EDITED {
                hub.edit(id, |c| c.nicknames = vec![format!("hub-edit-{n}.")]);
            } else if n < 2 * EDITED {
                far.edit(far_id, |c| c.nicknames = vec![format!("far-edit-{n}.")]);
            } else if n < 2 * EDITED + DELETED {
                hub.delete(id);
            } else {
                far.delete(far_id);
            }
        }
        for n in 0..NEW {
            hub.put(&home, marked(1000 + n));
            far.put(&home, marked(2000 + n));
        }
        world.settle();
        Self { hub: world.hub.snapshot(), far: world.far.snapshot(), state: world.state.snapshot(), now: world.clock.now(), world }
    }

    /// Everything as it was before the run, with a state of its own.
    fn reset(&mut self) {
        self.world.hub.restore(&self.hub);
        self.world.far.restore(&self.far);
        self.world.far.set_faults(FaultPlan::none());
        self.world.state = MemoryState::restore(self.state.clone());
        self.world.clock.set(self.now);
    }

    /// Starts a run and stops it for good where it does not go on. True: it came to its end.
    fn run_until_stopped(&self, most_polls: usize) -> bool {
        let pair = self.world.pair::<Contact>(POLICY);
        let mut run = pin!(pair.run());
        let waker = noop_waker();
        let mut context = Context::from_waker(&waker);
        let mut idle = 0;
        let mut seen = 0;
        for _ in 0..most_polls {
            match run.as_mut().poll(&mut context) {
                Poll::Ready(result) => return result.is_ok(),
                Poll::Pending => {
                    let requests = self.world.far.requests().len() + self.world.hub.requests().len();
                    idle = if requests == seen { idle + 1 } else { 0 };
                    seen = requests;
                    if idle > 50 {
                        return false;
                    }
                }
            }
        }
        false
    }

    /// The process starts anew from the last durable bytes, once at once and once after the settle time.
    fn restart(&mut self, at: &str, exact: bool) {
        self.world.state = MemoryState::restore(self.world.state.snapshot());
        self.world.far.set_faults(FaultPlan::none());
        self.world.settle();
        let report = self.world.run::<Contact>(POLICY);
        // A listing that lags shows what was written last only in the next round.
        self.world.settle();
        let second = self.world.run::<Contact>(POLICY);
        let (hub, far) = (self.world.hub_hand::<Contact>().records(), self.world.far_hand::<Contact>().records());
        for (side, records) in [("hub", &hub), ("far", &far)] {
            let mut seen: BTreeMap<String, u32> = BTreeMap::new();
            for record in records {
                *seen.entry(record.name.full.clone().unwrap()).or_default() += 1;
            }
            let twice: Vec<_> = seen.iter().filter(|(_, n)| **n > 1).collect();
            assert!(twice.is_empty(), "{at}: doubled on the {side}: {twice:?}\n{report:?}");
            for n in (0..2 * EDITED).chain(1000..1000 + NEW).chain(2000..2000 + NEW) {
                let born_here = n < 1000 || (n < 2000) == (side == "hub");
                let there = seen.contains_key(&format!("Person {n}"));
                assert!(there || (!exact && !born_here), "{at}: Person {n} is lost on the {side}\n{report:?}\n{second:?}");
            }
            for n in 2 * EDITED..2 * EDITED + 2 * DELETED {
                assert!(!exact || !seen.contains_key(&format!("Person {n}")), "{at}: Person {n} is still on the {side}\n{report:?}");
            }
            for n in 0..2 * EDITED {
                let record = records.iter().find(|r| r.name.full == Some(format!("Person {n}"))).unwrap();
                let by = if n < EDITED { "hub" } else { "far" };
                assert_eq!(record.nicknames, [format!("{by}-edit-{n}.")], "{at}: a stale value on the {side}\n{report:?}");
            }
        }
        if !exact {
            let held = LinkQuery { states: vec![LinkState::Held, LinkState::Pending], ..LinkQuery::of(&"contacts".into()) };
            let held = futures::executor::block_on(pimkit_core::State::count_links(&self.world.state, held)).unwrap();
            let missing = (2 * (2 * EDITED + 2 * NEW) as usize).saturating_sub(hub.len() + far.len());
            assert!(missing as u64 <= held, "{at}: {missing} are missing and {held} are held\n{report:?}");
        }
        let rest = self.world.run::<Contact>(POLICY);
        assert_eq!(rest.sync.writes(), 0, "{at}: does not come to rest: {rest:?}");
    }
}

fn stride() -> usize {
    std::env::var("PIMKIT_STRIDE").ok().and_then(|s| s.parse().ok()).unwrap_or(9).max(1)
}

/// The providers on which the stops are tried.
fn providers() -> Vec<(&'static str, WorstOptions)> {
    let lost = |create: Create| {
        WorstOptions::kind().with(|o| {
            o.create = create;
            o.server_made_ids = create != Create::Repeatable;
            o.drops_marks = create == Create::ByContent;
            o.no_find = create == Create::ByContent;
        })
    };
    let settles_after = Duration::from_secs(30);
    vec![
        ("repeatable", lost(Create::Repeatable)),
        ("findable", lost(Create::Findable { settles_after }).with(|o| o.listing_lag = Duration::from_secs(20))),
        ("by content", lost(Create::ByContent)),
        ("findable, in two calls", lost(Create::Findable { settles_after }).with(|o| o.two_calls = true)),
        ("repeatable, in batches", lost(Create::Repeatable).with(|o| o.write_batch = Some(20))),
        (
            "by content, overwriting, in two calls",
            lost(Create::ByContent).with(|o| {
                o.two_calls = true;
                o.unconditional = true;
            }),
        ),
    ]
}

fn each_provider(mut stop: impl FnMut(&str, &mut Scene, bool)) {
    for (name, options) in providers() {
        let exact = options.create != Create::ByContent;
        let mut scene = Scene::new(options);
        scene.reset();
        assert!(scene.run_until_stopped(usize::MAX), "{name}");
        scene.restart(&format!("{name}, not stopped"), exact);
        stop(name, &mut scene, exact);
    }
}

#[test]
fn a_run_stopped_before_or_after_the_effect_of_any_request_is_finished_by_the_next() {
    let mut stops = 0;
    each_provider(|name, scene, exact| {
        scene.reset();
        let before = scene.world.far.requests().len();
        assert!(scene.run_until_stopped(usize::MAX));
        let requests = (scene.world.far.requests().len() - before) as u64;
        for fault in [Fault::HangBefore, Fault::HangAfter, Fault::HalfDone] {
            for number in (1..=requests).step_by(stride()) {
                scene.reset();
                scene.world.far.set_faults(FaultPlan::none().at(number, fault));
                scene.run_until_stopped(usize::MAX);
                scene.restart(&format!("{name}, {fault:?} at request {number} of {requests}"), exact);
                stops += 1;
            }
        }
    });
    assert!(stops >= providers().len(), "{stops} stops at requests");
}

#[test]
fn a_run_stopped_before_or_after_any_commit_is_finished_by_the_next() {
    let mut stops = 0;
    each_provider(|name, scene, exact| {
        scene.reset();
        assert!(scene.run_until_stopped(usize::MAX));
        let commits = scene.world.state.commits();
        for point in [StopPoint::Before, StopPoint::After] {
            for number in (1..=commits).step_by(4 * stride()) {
                scene.reset();
                scene.world.state.crash_at(number, point);
                assert!(!scene.run_until_stopped(usize::MAX));
                scene.restart(&format!("{name}, {point:?} commit {number} of {commits}"), exact);
                stops += 1;
            }
        }
    });
    assert!(stops >= providers().len(), "{stops} stops at commits");
}

#[test]
fn a_run_dropped_at_any_await_loses_nothing() {
    let mut stops = 0;
    each_provider(|name, scene, exact| {
        let mut polls = 1;
        loop {
            scene.reset();
            let ended = scene.run_until_stopped(polls);
            scene.restart(&format!("{name}, dropped after {polls} polls"), exact);
            stops += 1;
            if ended {
                break;
            }
            polls += 3 * stride();
        }
    });
    assert!(stops >= providers().len(), "{stops} drops");
}

#[test]
fn an_edit_made_after_a_cut_off_write_takes_the_place_of_what_was_written() {
    use pimkit_contract::worst::Operation;
    use pimkit_core::{Clock, Phone};
    let phones = |numbers: &[&str]| numbers.iter().map(|n| Phone { number: (*n).to_owned(), ..Phone::default() }).collect::<Vec<_>>();
    for (fault, on_hub) in [(Fault::HangAfter, true), (Fault::HangAfter, false), (Fault::HangBefore, true), (Fault::HangBefore, false)] {
        let mut world = World::kind();
        let hub = world.hub_hand::<Contact>().put(&World::home::<Contact>(), marked(1));
        world.run::<Contact>(POLICY);
        let far = world.far_hand::<Contact>().items().into_keys().next().unwrap();
        let edit = |world: &World, numbers: &[&str]| {
            let set = |c: &mut Contact| c.phones = phones(numbers);
            // The user is on the side that the write does not go to.
            if on_hub {
                world.far_hand::<Contact>().edit(&far, set)
            } else {
                world.hub_hand::<Contact>().edit(&hub, set)
            };
        };
        edit(&world, &["1000"]);
        world.run::<Contact>(POLICY);
        edit(&world, &["2000"]);
        let plan = FaultPlan::none().at_nth(Operation::Write, 1, fault);
        if on_hub {
            world.hub.set_faults(plan)
        } else {
            world.far.set_faults(plan)
        }
        let state = world.state.clone();
        let scene = Scene { hub: world.hub.snapshot(), far: world.far.snapshot(), state: state.snapshot(), now: world.clock.now(), world };
        assert!(!scene.run_until_stopped(usize::MAX));
        world = scene.world;
        world.hub.set_faults(FaultPlan::none());
        world.far.set_faults(FaultPlan::none());
        world.state = MemoryState::restore(world.state.snapshot());
        edit(&world, &["3000"]);
        world.settle();
        world.run::<Contact>(POLICY);
        for record in [world.hub_hand::<Contact>().records(), world.far_hand::<Contact>().records()].concat() {
            assert_eq!(record.phones, phones(&["3000"]), "{fault:?} on_hub {on_hub}");
        }
        assert_eq!(world.run::<Contact>(POLICY).sync.writes(), 0);
    }
}

//! A run of 200 items at a DAV server, stopped where a process can die: before a request, between its effect and its
//! answer, and around commits. One more run after the settle time brings everything to where it belongs, once.
//!
//! `PIMKIT_STRIDE` is how many places are passed over between two that are tried (default 17; 1 tries all).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod dav;

use dav::{Kit, opened, served, wire};
use pimkit::{
    Clock, CollectionId, Connector, Contact, ContactKind,
    dav::{Groups, Quirks},
    formats::{Authoring, InlineBlobs, TextRecord},
    sync::{Engine, Policy, Report},
};
use pimkit_contract::{
    FakeClock, MemoryHub, SeededChance,
    hub::HubSnapshot,
    state::{self, MemoryState, StopPoint},
};
use pimkit_simulators::{Dav as Simulator, Personality, Snapshot};
use pimkit_tests::stops::{Asked, Death, Wire, stride, until_it_stops};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

const NEW: usize = 70;
const EDITED: usize = 20;
const DELETED: usize = 10;

/// The servers on which the stops are tried: one that keeps bodies, one that writes them anew, one that wants a UID once, and one
/// whose groups are categories, in cards of their own.
const SERVERS: [(&str, Groups); 4] =
    [("radicale", Groups::Cards), ("davical", Groups::Cards), ("cyrus", Groups::Cards), ("icloud", Groups::Categories)];
/// The categories of a group of contacts, where groups are categories.
const TEAMS: [&str; 2] = ["Team", "Club"];

/// A server and a hub between which a run has 200 things to do, and all that is durable of them.
struct Scene {
    simulator: Simulator,
    hub: MemoryHub,
    state: MemoryState,
    clock: FakeClock,
    home: CollectionId,
    groups: Groups,
    asked: Asked,
    before: Option<(Snapshot, HubSnapshot, state::Snapshot, jiff::Timestamp)>,
}

impl Scene {
    fn new(server: &str, groups: Groups) -> Self {
        let clock = FakeClock::default();
        let simulator = served(Personality::named(server).unwrap(), &clock);
        let home = CollectionId::from(simulator.make_addressbook("alice", "contacts").unwrap());
        let (hub, state) = (MemoryHub::new(&clock), MemoryState::new());
        let mut scene = Self { simulator, hub, state, clock, home, groups, asked: Asked::default(), before: None };
        scene.prepare();
        scene
    }

    /// A person, and the categories of it where groups are such.
    fn person(&self, n: usize) -> Contact {
        let mut person = Kit::person(n);
        if self.groups == Groups::Categories {
            person.keywords = if n < 2000 { team(n) } else { BTreeSet::new() };
        }
        person
    }

    /// The categories that a person has in the end.
    fn meant(&self, n: usize) -> BTreeSet<String> {
        match n {
            _ if self.groups == Groups::Cards => Kit::person(n).keywords,
            0..EDITED => team(n + 1),
            EDITED..2000 => team(n),
            // Another program puts every second one of its own into a group.
            _ if n.is_multiple_of(2) => team(0),
            _ => BTreeSet::new(),
        }
    }

    /// Another program puts people of its own into a group that is there.
    fn grouped_there(&self) {
        let own: Vec<String> = (0..NEW).step_by(2).filter_map(|n| Kit::person(2000 + n).uid).collect();
        assert_eq!(own.len(), NEW / 2);
        let is_team = |contact: &Contact| contact.kind == ContactKind::Group && contact.name.full.as_deref() == Some(TEAMS[0]);
        let (path, base) = self.resources().into_iter().find(|(_, contact)| is_team(contact)).unwrap();
        let mut target = base.clone();
        target.members.extend(own);
        let text = self.simulator.get(&path).unwrap().1;
        let text = Contact::patch(text.as_bytes(), &base, &target, &self.habits(), &InlineBlobs::new()).unwrap();
        self.simulator.put(&path, std::str::from_utf8(&text).unwrap()).unwrap();
    }

    fn prepare(&mut self) {
        let hand = self.hub.by_hand::<Contact>();
        let book = CollectionId::from("contacts");
        let old: Vec<_> = (0..2 * EDITED + 2 * DELETED).map(|n| hand.put(&book, self.person(n))).collect();
        self.settled();
        self.settled();
        let paths: BTreeMap<String, String> = self.there().into_iter().map(|(path, c)| (c.name.full.unwrap(), path)).collect();
        assert_eq!(paths.len(), old.len());
        for (n, id) in old.iter().enumerate() {
            let path = &paths[&format!("Person {n}")];
            if n < EDITED {
                let keywords = self.meant(n);
                assert!(hand.edit(id, |c| (c.nicknames, c.keywords) = (vec![format!("hub-edit-{n}.")], keywords)));
            } else if n < 2 * EDITED {
                self.edit_there(path, n);
            } else if n < 2 * EDITED + DELETED {
                hand.delete(id);
            } else {
                assert!(self.simulator.delete(path));
            }
        }
        for n in 0..NEW {
            hand.put(&book, self.person(1000 + n));
            let text = Contact::author(&self.person(2000 + n), &self.habits(), &InlineBlobs::new()).unwrap();
            self.simulator.put(&format!("{}own-{n}.vcf", self.home), std::str::from_utf8(&text).unwrap()).unwrap();
        }
        if self.groups == Groups::Categories {
            self.grouped_there();
        }
        self.clock.advance(Duration::from_secs(24 * 3600));
        self.before = Some((self.simulator.snapshot(), self.hub.snapshot(), self.state.snapshot(), self.clock.now()));
    }

    fn habits(&self) -> Authoring {
        Authoring::new(self.clock.now(), "-//A user//1.0//EN")
    }

    fn edit_there(&self, path: &str, n: usize) {
        let (_, text) = self.simulator.get(path).unwrap();
        let base = Contact::read(text.as_bytes()).unwrap();
        let mut target = base.clone();
        target.nicknames = vec![format!("far-edit-{n}.")];
        let text = Contact::patch(text.as_bytes(), &base, &target, &self.habits(), &InlineBlobs::new()).unwrap();
        self.simulator.put(path, std::str::from_utf8(&text).unwrap()).unwrap();
    }

    /// The people at the server, by path, with the groups that they are in.
    fn there(&self) -> Vec<(String, Contact)> {
        let mut all = self.resources();
        if self.groups == Groups::Cards {
            return all;
        }
        let plain = |uid: &str| uid.trim_start_matches("urn:uuid:").to_lowercase();
        let groups: Vec<Contact> = all.extract_if(.., |(_, contact)| contact.kind == ContactKind::Group).map(|(_, group)| group).collect();
        assert!(groups.len() <= TEAMS.len(), "a group is doubled");
        for (_, contact) in &mut all {
            let uid = contact.uid.as_deref().map(plain);
            let of = groups.iter().filter(|group| group.members.iter().any(|member| Some(plain(member)) == uid));
            contact.keywords.extend(of.filter_map(|group| group.name.full.clone()));
        }
        all
    }

    /// What the server keeps, by its path.
    fn resources(&self) -> Vec<(String, Contact)> {
        let read = |path: String| {
            let (_, text) = self.simulator.get(&path).unwrap();
            (path, Contact::read(text.as_bytes()).unwrap())
        };
        self.simulator.list(self.home.as_str()).into_iter().map(read).collect()
    }

    /// Everything as it was before the run.
    fn reset(&mut self) {
        let (far, hub, state, now) = self.before.as_ref().unwrap();
        self.simulator.restore(far);
        self.hub.restore(hub);
        self.state = MemoryState::restore(state.clone());
        self.clock.set(*now);
    }

    /// One run, of a process in which nothing is remembered; nothing where it stopped for good.
    fn run(&self, death: Option<(usize, Death)>) -> Option<pimkit::Result<Report>> {
        self.asked.from_none();
        let transport = Arc::new(Wire { inner: wire(&self.simulator), asked: self.asked.clone(), death });
        let dav = opened(transport, &self.clock, "http://localhost/", |config| match self.groups {
            Groups::Cards => config,
            Groups::Categories => config.groups(Groups::Categories).quirks(Quirks::named("icloud").unwrap()),
        });
        let far: Arc<dyn Connector> = Arc::new(dav);
        let mut policy = Policy::default();
        policy.set("deletes", "delete").unwrap();
        let engine = Engine::new(Arc::new(self.state.clone())).clock(Arc::new(self.clock.clone())).chance(Arc::new(SeededChance::new(2)));
        let pair = engine.pair::<Contact>("contacts", Arc::new(self.hub.clone()), far).policy(policy);
        let pair = pair.collections(vec![self.home.to_string()]).build().unwrap();
        until_it_stops(pair.run(), || self.asked.count() + self.hub.requests().len())
    }

    /// One whole run, and the time it takes to settle.
    fn settled(&self) -> Report {
        let report = self.run(None).unwrap().unwrap();
        self.clock.advance(Duration::from_secs(24 * 3600));
        report
    }

    /// The process starts anew from what is durable, and everything is where it belongs, once.
    fn restart(&mut self, at: &str) {
        self.state = MemoryState::restore(self.state.snapshot());
        self.clock.advance(Duration::from_secs(24 * 3600));
        let report = self.settled();
        let hub = self.hub.by_hand::<Contact>().records();
        let far = self.there().into_iter().map(|(_, contact)| contact).collect();
        for (side, records) in [("hub", hub), ("server", far)] {
            let count = records.len();
            let records: BTreeMap<String, Contact> = records.into_iter().map(|r| (r.name.full.clone().unwrap(), r)).collect();
            assert_eq!(records.len(), count, "{at}: something is doubled on the {side}\n{report:?}");
            for n in (0..2 * EDITED).chain(1000..1000 + NEW).chain(2000..2000 + NEW) {
                let record = records.get(&format!("Person {n}"));
                let record = record.unwrap_or_else(|| panic!("{at}: Person {n} is lost on the {side}\n{report:?}"));
                assert_eq!(record.keywords, self.meant(n), "{at}: categories of Person {n} on the {side}\n{report:?}");
                if n < 2 * EDITED {
                    let by = if n < EDITED { "hub" } else { "far" };
                    assert_eq!(record.nicknames, [format!("{by}-edit-{n}.")], "{at}: a stale value on the {side}\n{report:?}");
                }
            }
            assert_eq!(count, 2 * EDITED + 2 * NEW, "{at}: what was deleted is still on the {side}\n{report:?}");
        }
        assert_eq!(self.settled().sync.writes(), 0, "{at}: does not come to rest");
    }
}

fn team(n: usize) -> BTreeSet<String> {
    BTreeSet::from([TEAMS[n % TEAMS.len()].to_owned()])
}

#[test]
fn a_run_stopped_before_or_after_the_effect_of_any_request_is_finished_by_the_next() {
    for (server, groups) in SERVERS {
        let mut scene = Scene::new(server, groups);
        scene.reset();
        scene.run(None).unwrap().unwrap();
        let requests = scene.asked.count();
        assert!(requests > NEW + EDITED + DELETED, "{server}: {requests} requests");
        scene.restart(&format!("{server}, not stopped"));
        for death in [Death::Before, Death::After] {
            for number in (1..=requests).step_by(stride(17)) {
                scene.reset();
                assert!(scene.run(Some((number, death))).is_none(), "{server}: no {death:?} at request {number}");
                scene.restart(&format!("{server}, {death:?} at request {number} of {requests}"));
            }
        }
    }
}

#[test]
fn a_run_stopped_before_or_after_any_commit_is_finished_by_the_next() {
    for (server, groups) in SERVERS {
        let mut scene = Scene::new(server, groups);
        scene.reset();
        scene.run(None).unwrap().unwrap();
        let commits = scene.state.commits();
        for point in [StopPoint::Before, StopPoint::After] {
            for number in (1..=commits).step_by(4 * stride(17)) {
                scene.reset();
                scene.state.crash_at(number, point);
                assert!(scene.run(None).is_none_or(|ended| ended.is_err()), "{server}: no stop at commit {number}");
                scene.restart(&format!("{server}, {point:?} commit {number} of {commits}"));
            }
        }
    }
}

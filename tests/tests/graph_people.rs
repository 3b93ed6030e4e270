//! Contacts between a hub and the stand-in for Microsoft Graph: what a sync costs, and what it makes of what goes wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use futures::executor::block_on;
use pimkit::{
    Clock, Contact, EmailAddress, ItemId, Record,
    graph::{Config, Graph},
    http::{Bearer, Broken, InProcess, Secret},
    sync::{Engine, Policy, Report, SyncReport},
};
use pimkit_contract::{FakeClock, MemoryHub, SeededChance, state::MemoryState};
use pimkit_simulators::{Cut, Fault, FaultPlan, FaultRule, Graph as Simulator};
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

const ALICE: &str = "alice@example.com";

struct Kit {
    simulator: Simulator,
    wire: Arc<InProcess>,
    hub: MemoryHub,
    clock: FakeClock,
    policy: Policy,
    engine: Engine,
}

fn person(name: &str) -> Contact {
    Contact::build(|c| {
        c.name.full = Some(name.to_owned());
        c.name.given = Some(name.to_owned());
        c.emails = vec![EmailAddress { address: format!("{}@example.org", name.replace(' ', ".")), ..EmailAddress::default() }];
    })
}

impl Kit {
    fn new() -> Self {
        let clock = FakeClock::default();
        let time = clock.clone();
        let simulator = Simulator::builder().seed(3).user(ALICE, "token").clock(Arc::new(move || time.now())).build();
        let served = simulator.clone();
        let wire = Arc::new(InProcess::serving(move |request| {
            served.answer_now(&request).map_err(|cut| match cut {
                Cut::Reset => Broken::Reset,
                Cut::Truncated { head, body_so_far } => Broken::Truncated(Box::new(head.map(|()| body_so_far))),
            })
        }));
        let engine = Engine::new(Arc::new(MemoryState::new())).clock(Arc::new(clock.clone())).chance(Arc::new(SeededChance::new(2)));
        let mut policy = Policy::default();
        policy.set("deletes", "delete").unwrap();
        Self { simulator, wire, hub: MemoryHub::new(&clock), clock, policy, engine }
    }

    /// The account in a new process.
    fn far(&self) -> Graph {
        let config = Config::new("https://graph.example.com/v1.0").account("far").address(ALICE);
        let opening = Graph::builder(config, self.wire.clone(), Arc::new(self.clock.clone()), Arc::new(SeededChance::new(1)));
        opening.auth(Arc::new(Bearer::fixed(Secret::new("token")))).open().unwrap()
    }

    fn try_run(&self) -> pimkit::Result<Report> {
        self.clock.advance(Duration::from_secs(120));
        let pair = self.engine.pair::<Contact>("people", Arc::new(self.hub.clone()), Arc::new(self.far()));
        let pair = pair.policy(self.policy.clone()).collections(vec!["contacts".to_owned()]).build().unwrap();
        block_on(pair.run())
    }

    fn run(&self) -> SyncReport {
        let report = self.try_run().unwrap();
        assert_eq!(report.sync.verdict().exit_code(), 0, "{:?}", report.sync);
        report.sync
    }

    /// So many contacts of each side's own, and one that both have: two full sides with nothing in common are asked about.
    fn filled(&self, count: usize) -> BTreeSet<String> {
        names("Hub", count).iter().for_each(|name| drop(self.put(name)));
        names("Far", count).iter().for_each(|name| drop(self.store(name)));
        let both: Vec<String> = names("Both", count / 8 + 1);
        both.iter().for_each(|name| drop((self.put(name), self.store(name))));
        names("Hub", count).into_iter().chain(names("Far", count)).chain(both).collect()
    }

    /// What is there has come, and what came was looked at once more.
    fn at_rest(&self) {
        self.run();
        self.run();
        self.simulator.reset_requests();
    }

    fn store(&self, name: &str) -> String {
        let body = json!({"displayName": name, "givenName": name, "emailAddresses": [{"address": format!("{}@example.org", name.replace(' ', "."))}]});
        self.simulator.create(ALICE, "contacts", &body).unwrap()
    }

    fn change(&self, id: &str, body: &Value) {
        assert!(self.simulator.change(ALICE, &format!("contacts/{id}"), body));
    }

    fn put(&self, name: &str) -> ItemId {
        self.hub.by_hand::<Contact>().put(&"contacts".into(), person(name))
    }

    fn here(&self) -> BTreeSet<String> {
        self.hub.by_hand::<Contact>().records().iter().filter_map(|c| c.name.full.clone()).collect()
    }

    fn there(&self) -> BTreeSet<String> {
        self.simulator.list(ALICE, "contacts").iter().filter_map(|c| c["displayName"].as_str().map(str::to_owned)).collect()
    }

    fn id_there(&self, name: &str) -> String {
        let all = self.simulator.list(ALICE, "contacts");
        all.iter().find(|c| c["displayName"] == name).unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// Requests that travelled, those within batches not counted.
    fn requests(&self) -> Vec<String> {
        let outer = self.simulator.requests().into_iter().filter(|seen| !seen.inside_batch);
        outer.map(|seen| format!("{} {}", seen.method, seen.path)).collect()
    }

    fn wrote(&self) -> bool {
        self.simulator
            .requests()
            .iter()
            .any(|seen| matches!(seen.method.as_str(), "PATCH" | "DELETE" | "PUT") || seen.method == "POST" && seen.path != "/$batch")
    }
}

impl Drop for Kit {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.simulator.violations(), [], "not in the metadata of Microsoft Graph");
            assert!(self.simulator.outbox().is_empty());
        }
    }
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix} {n}")).collect()
}

#[test]
fn a_first_pull_costs_a_batch_for_each_twenty_and_a_page_for_each_hundred() {
    let kit = Kit::new();
    names("Far", 230).iter().for_each(|name| drop(kit.store(name)));
    kit.simulator.reset_requests();
    assert_eq!(kit.run().created.left, 230);
    assert!(!kit.wrote());
    let asked = kit.requests();
    // The folders twice, as the engine lists them and asks what they hold; items in fetches of fifty, which are three batches each.
    let batches = 230_usize.div_ceil(50) * 3;
    assert!(asked.len() <= batches + 4 + 230_usize.div_ceil(100) + 2, "{}: {asked:?}", asked.len());
}

#[test]
fn a_run_without_a_change_costs_a_request_for_the_round_and_the_listing_of_folders_whatever_there_is() {
    let mut costs = BTreeSet::new();
    for count in [3, 120] {
        let kit = Kit::new();
        kit.filled(count);
        kit.at_rest();
        for _ in 0..2 {
            kit.simulator.reset_requests();
            assert_eq!(kit.run().writes(), 0);
            assert!(!kit.wrote());
            costs.insert(kit.requests().len());
        }
        assert_eq!(kit.requests().iter().filter(|asked| asked.contains("delta")).count(), 1);
    }
    assert_eq!(costs.len(), 1, "constant in the number of items: {costs:?}");
    assert!(costs.iter().all(|cost| *cost <= 5), "{costs:?}");
}

#[test]
fn edits_on_both_sides_meet_and_keep_what_the_other_side_does_not_know() {
    let kit = Kit::new();
    kit.put("Ada");
    let bob = kit.store("Bob");
    kit.at_rest();
    let ada = kit.id_there("Ada");
    kit.change(&ada, &json!({"jobTitle": "Countess", "initials": "A.L."}));
    kit.change(&bob, &json!({"mobilePhone": "1"}));
    let hand = kit.hub.by_hand::<Contact>();
    let id = hand.items().into_iter().find(|(_, s)| s.record.name.full.as_deref() == Some("Ada")).unwrap().0;
    assert!(hand.edit(&id, |c| c.notes = vec!["met in Turin".to_owned()]));
    let report = kit.run();
    assert_eq!((report.updated.left, report.updated.right, report.conflicts), (2, 1, 0));
    let there = kit.simulator.get(ALICE, &format!("contacts/{ada}")).unwrap();
    assert_eq!(
        (&there["jobTitle"], &there["personalNotes"], &there["initials"]),
        (&json!("Countess"), &json!("met in Turin"), &json!("A.L."))
    );
    let here = hand.records().into_iter().find(|c| c.name.full.as_deref() == Some("Ada")).unwrap();
    assert_eq!(here.titles[0].name, "Countess");
    kit.at_rest();
    assert_eq!(kit.run().writes(), 0);
}

#[test]
fn deletions_are_carried_each_way_and_nothing_else_goes() {
    let kit = Kit::new();
    names("Hub", 4).iter().for_each(|name| drop(kit.put(name)));
    names("Far", 4).iter().for_each(|name| drop(kit.store(name)));
    kit.at_rest();
    assert!(kit.simulator.delete(ALICE, &format!("contacts/{}", kit.id_there("Hub 1"))));
    let hand = kit.hub.by_hand::<Contact>();
    let id = hand.items().into_iter().find(|(_, s)| s.record.name.full.as_deref() == Some("Far 2")).unwrap().0;
    assert!(hand.delete(&id));
    let report = kit.run();
    assert_eq!((report.deleted.left, report.deleted.right), (1, 1));
    let left: BTreeSet<String> = ["Hub 0", "Hub 2", "Hub 3", "Far 0", "Far 1", "Far 3"].map(str::to_owned).into();
    assert_eq!((kit.here(), kit.there()), (left.clone(), left));
}

/// A delta tells nothing of what came and went between two rounds, so that a contact that we made and somebody deleted at once is
/// asked for.
#[test]
fn a_contact_that_was_deleted_before_any_round_named_it_is_a_deletion() {
    let kit = Kit::new();
    kit.put("Ada");
    kit.put("Bob");
    kit.run();
    assert!(kit.simulator.delete(ALICE, &format!("contacts/{}", kit.id_there("Ada"))));
    let report = kit.run();
    assert_eq!((report.deleted.left, report.created.right), (1, 0));
    assert_eq!((kit.here(), kit.there()), (BTreeSet::from(["Bob".to_owned()]), BTreeSet::from(["Bob".to_owned()])));
}

#[test]
fn a_contact_that_was_dragged_into_another_folder_is_out_of_scope_and_not_deleted() {
    let kit = Kit::new();
    let ada = kit.store("Ada");
    kit.put("Bob");
    kit.at_rest();
    let other = kit.simulator.create(ALICE, "contactFolders", &json!({"displayName": "Other"})).unwrap();
    assert!(kit.simulator.move_item(ALICE, &ada, &other));
    let report = kit.run();
    assert_eq!((report.deleted.left, report.deleted.right), (0, 0), "{report:?}");
    assert!(kit.here().contains("Ada"));
}

#[test]
fn a_forgotten_delta_loses_and_doubles_nothing() {
    let kit = Kit::new();
    let before = kit.filled(30);
    kit.at_rest();
    kit.simulator.expire_tokens();
    assert_eq!(kit.run().writes(), 0);
    assert_eq!((&kit.here(), &kit.there()), (&before, &before));
    // Together with an edit and a deletion.
    kit.simulator.expire_tokens();
    kit.change(&kit.id_there("Hub 3"), &json!({"jobTitle": "x"}));
    assert!(kit.simulator.delete(ALICE, &format!("contacts/{}", kit.id_there("Far 7"))));
    let report = kit.run();
    assert_eq!((report.updated.left, report.deleted.left, report.created.left + report.created.right), (1, 1, 0));
}

#[test]
fn storms_of_refusals_and_lost_answers_end_with_both_sides_equal() {
    for fault in [
        Fault::Status { code: 429, retry_after: Some("0.5".to_owned()), body: String::new() },
        Fault::Status { code: 503, retry_after: None, body: String::new() },
        Fault::StatusAfter { code: 504 },
        Fault::ResetAfter,
    ] {
        let kit = Kit::new();
        let all = kit.filled(40);
        kit.simulator.set_faults(FaultPlan { seed: 11, rules: vec![FaultRule::always(fault.clone()).probability(0.2)] });
        for _ in 0..6 {
            // Whatever it says: what is not done is done the next time.
            drop(kit.try_run());
        }
        kit.simulator.set_faults(FaultPlan::default());
        kit.at_rest();
        kit.at_rest();
        assert_eq!((&kit.here(), &kit.there()), (&all, &all), "{fault:?}");
        assert_eq!(kit.simulator.list(ALICE, "contacts").len(), all.len(), "{fault:?}: none twice");
        assert_eq!(kit.run().writes(), 0, "{fault:?}");
    }
}

#[test]
fn what_is_wrong_with_the_account_deletes_nothing() {
    use pimkit_simulators::Trouble;
    for trouble in [Trouble::NotHere, Trouble::Disabled, Trouble::Moving, Trouble::Denied] {
        let kit = Kit::new();
        names("Hub", 5).iter().for_each(|name| drop(kit.put(name)));
        kit.at_rest();
        kit.simulator.set_trouble(ALICE, Some(trouble));
        for _ in 0..3 {
            let report = kit.try_run();
            assert!(report.is_err() || report.is_ok_and(|report| report.sync.deleted.left == 0), "{trouble:?}");
        }
        kit.simulator.set_trouble(ALICE, None);
        assert_eq!(kit.run().writes(), 0, "{trouble:?}");
        assert_eq!(kit.here().len(), 5, "{trouble:?}");
    }
}

/// Links of another program, over two sides that say the same.
#[test]
fn adopted_links_over_an_equal_world_write_nothing() {
    use pimkit::{CollectionId, sync::Adoption};
    let kit = Kit::new();
    let all = names("Person", 1_000);
    let far: Vec<String> = all.iter().map(|name| kit.store(name)).collect();
    let hub: Vec<ItemId> = all.iter().map(|name| kit.put(name)).collect();
    let links: Vec<Adoption> = hub
        .into_iter()
        .zip(far)
        .map(|(hub_item, item)| Adoption {
            hub_item,
            collection: CollectionId::of("contacts"),
            item: ItemId::from(item),
            origin: None,
            role: None,
            mark: None,
        })
        .collect();
    let pair = kit.engine.pair::<Contact>("people", Arc::new(kit.hub.clone()), Arc::new(kit.far()));
    let pair = pair.policy(kit.policy.clone()).collections(vec!["contacts".to_owned()]).build().unwrap();
    let adopted = block_on(pair.adopt(futures::stream::iter(links))).unwrap();
    assert_eq!((adopted.made, adopted.refused), (1_000, 0), "{:?}", adopted.lines);
    kit.simulator.reset_requests();
    assert_eq!(kit.run().writes(), 0);
    assert!(!kit.wrote());
}

/// A picture and the categories of a contact go both ways, and are not asked for again while they stay.
#[test]
fn pictures_and_categories_come_along_and_cost_nothing_while_they_stay() {
    use futures::future::BoxFuture;
    use pimkit::{Blob, BlobRef, BlobSource, CollectionId, Connector, Digest, Outcome, Write, WriteOptions};
    #[derive(Debug)]
    struct Bytes(Vec<u8>);
    impl BlobSource for Bytes {
        fn open<'a>(&'a self, _: &'a BlobRef) -> BoxFuture<'a, pimkit::Result<Blob>> {
            Box::pin(async { Ok(Blob::whole("image/jpeg", self.0.clone())) })
        }
    }
    let kit = Kit::new();
    let home = CollectionId::of("contacts");
    let picture = |n: u8| [vec![0xff, 0xd8, 0xff, n], vec![n; 5_000], vec![0xff, 0xd9]].concat();
    let with = |name: &str, n: u8| {
        let mut person = person(name);
        person.photo = Some(BlobRef {
            id: "x".into(),
            media_type: "image/jpeg".to_owned(),
            digest: Some(Digest::of(&picture(n))),
            ..BlobRef::default()
        });
        person.keywords = ["Tea, green".to_owned(), "VIP".to_owned()].into();
        person
    };
    // Another program's, in the mailbox.
    let items = kit.far().contacts().unwrap();
    let write = |record| Write::Create { mark: "by-hand".into(), record };
    let options = |n| WriteOptions::default().blobs(Arc::new(Bytes(picture(n))));
    let made = block_on(items.write(&home, vec![write(with("Ada", 1))], &options(1))).pop();
    let Some(Outcome::Written { id, .. }) = made else { panic!("{made:?}") };
    let without =
        json!({"singleValueExtendedProperties": [{"id": "String {6e31f0cc-c033-4411-aca9-852d9bedaaaf} Name pimkit.mark", "value": null}]});
    kit.change(id.as_str(), &without);
    // And one of the hub's.
    let hub = kit.hub.contacts().unwrap();
    let made = block_on(hub.write(&home, vec![write(with("Bob", 2))], &options(2))).pop();
    assert!(matches!(made, Some(Outcome::Written { .. })), "{made:?}");
    kit.run();
    for (side, repository) in [("hub", &hub), ("mailbox", &items)] {
        let mut seen = 0;
        for collection in block_on(repository.collections()).unwrap() {
            use futures::TryStreamExt;
            use pimkit::{ChangeOptions, Fetched, Position, RepositoryExt as _};
            let options = ChangeOptions::default();
            let lines: Vec<_> = block_on(repository.items(&collection.id, Position::Start, &options).try_collect()).unwrap();
            let ids: Vec<ItemId> = lines.iter().map(|line: &pimkit::Change<Contact>| line.id().clone()).collect();
            for answer in block_on(repository.fetch(&collection.id, &ids)) {
                let Fetched::Found(stored) = answer else { panic!("{side}: {answer:?}") };
                let n = if stored.record.name.full.as_deref() == Some("Ada") { 1 } else { 2 };
                let blob = stored.record.photo.unwrap_or_else(|| panic!("{side}: {n} has no picture"));
                let opened = block_on(repository.blobs().unwrap().open(&collection.id, &stored.id, &blob.id)).unwrap();
                assert_eq!(block_on(opened.collect(1 << 20)).unwrap(), picture(n), "{side}");
                assert_eq!(stored.record.keywords.len(), 2, "{side}");
                seen += 1;
            }
        }
        assert_eq!(seen, 2, "{side}");
    }
    kit.at_rest();
    for _ in 0..2 {
        kit.simulator.reset_requests();
        assert_eq!(kit.run().writes(), 0);
        assert!(!kit.requests().iter().any(|asked| asked.contains("photo")), "{:?}", kit.requests());
    }
    // Another edit leaves the picture where it is.
    kit.change(id.as_str(), &json!({"jobTitle": "Countess"}));
    kit.simulator.reset_requests();
    assert_eq!(kit.run().updated.left, 1);
    assert!(!kit.requests().iter().any(|asked| asked.contains("$value")), "{:?}", kit.requests());
}

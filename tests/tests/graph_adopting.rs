//! Links of another system over two sides that say the same: they are taken over, and nothing is written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod graph;

use futures::{StreamExt, executor::block_on, stream};
use graph::{ALICE, Kit, Thing, people};
use pimkit::{
    CollectionId, Contact, Event, ItemId, LinkQuery, Mark, Record as _, State, Write, WriteOptions,
    sync::{Adopted, Adoption},
};
use pimkit_simulators::{Fault, FaultRule, GraphRules, GraphSeen};
use serde_json::Value;
use std::collections::BTreeMap;

/// The same things on both sides, as a system that synced them before left them: no marks, no common uid. The ids on both sides,
/// by name; those of Graph as who asks for no lasting ones is given them.
fn equal_world<R: Thing>(kit: &Kit, count: usize) -> Vec<(ItemId, String)> {
    for n in 0..count {
        kit.put(&R::path(kit), &R::other(n));
    }
    let there = kit.there::<R>();
    assert_eq!(there.len(), count);
    let store = R::repository(&*kit.store).unwrap();
    let creates = there.iter().map(|(name, stored)| Write::Create {
        mark: Mark::from(format!("another-system-{name}")),
        record: stored.record.with(&[("uid".into(), Value::Null)].into()).unwrap(),
    });
    let made = block_on(store.write(&CollectionId::of(R::SHELF), creates.collect(), &WriteOptions::default()));
    let ids = made.into_iter().map(|outcome| match outcome {
        pimkit::Outcome::Written { id, .. } => id,
        other => panic!("{other:?}"),
    });
    let old = plain_ids::<R>(kit);
    let links: Vec<(ItemId, String)> = there.keys().zip(ids).map(|(name, id)| (id, old[name].clone())).collect();
    kit.simulator.reset_requests();
    links
}

/// The same people on both sides, each side's written from their numbers alone: nothing of the app's was ever read from Graph, or of
/// Graph's from the app. The ids on both sides, by name; those of Graph as who asks for no lasting ones is given them.
fn world_of_two(kit: &Kit, count: usize) -> Vec<(ItemId, String)> {
    let store = Contact::repository(&*kit.store).unwrap();
    let creates = (0..count).map(|n| Write::Create { mark: Mark::from(format!("own-{n}")), record: people::of_outlook_in_the_app(n) });
    let made = block_on(store.write(&CollectionId::of(Contact::SHELF), creates.collect(), &WriteOptions::default()));
    for n in 0..count {
        kit.put("contacts", &Contact::other(n));
    }
    let old = plain_ids::<Contact>(kit);
    assert_eq!(old.len(), count);
    let id = |(n, outcome): (usize, pimkit::Outcome<Contact>)| match outcome {
        pimkit::Outcome::Written { id, .. } => (id, old[&format!("Olga Outlook {n}")].clone()),
        other => panic!("{other:?}"),
    };
    made.into_iter().enumerate().map(id).collect()
}

/// The ids that a program is given which does not ask for lasting ones, by name.
fn plain_ids<R: Thing>(kit: &Kit) -> BTreeMap<String, String> {
    let name = if R::SHELF == "contacts" { "displayName" } else { "subject" };
    let mut found = BTreeMap::new();
    let mut next = Some(format!("me/{}?$top=1000&$select=id,{name}", R::path(kit)));
    while let Some(path) = next {
        let (status, page) = kit.plainly("GET", &path, &[], Vec::new());
        assert_eq!(status, 200, "{page}");
        for row in page["value"].as_array().unwrap() {
            found.insert(row[name].as_str().unwrap().to_owned(), row["id"].as_str().unwrap().to_owned());
        }
        next = page["@odata.nextLink"].as_str().map(|link| link.split_once("/v1.0/").unwrap().1.to_owned());
    }
    found
}

fn adopt<R: Thing>(kit: &Kit, links: &[(ItemId, String)]) -> Adopted {
    let home = R::home(kit);
    let adoption = |(here, there): &(ItemId, String)| Adoption::new(here.clone(), home.clone(), ItemId::from(there.as_str()));
    block_on(kit.pair::<R>().adopt(stream::iter(links.iter().map(adoption).collect::<Vec<_>>()))).unwrap()
}

fn writes(asked: &[GraphSeen]) -> Vec<&GraphSeen> {
    asked.iter().filter(|seen| seen.method != "GET" && seen.path != "/$batch" && !seen.path.ends_with("/translateExchangeIds")).collect()
}

/// All of the links are taken over, by ids that stay, and neither that nor the runs after it write anything.
fn writes_nothing<R: Thing>(count: usize, world: fn(&Kit, usize) -> Vec<(ItemId, String)>) {
    // Not a test of throttling: so many are read more than once within its ten minutes.
    let mut rules = GraphRules::default();
    rules.limits.requests = usize::MAX;
    let kit = Kit::ruled(rules);
    let links = world(&kit, count);
    let before: Vec<Value> = kit.simulator.list(ALICE, &R::path(&kit));
    let here: BTreeMap<String, _> = kit.here::<R>().into_iter().map(|(name, stored)| (name, (stored.id, stored.revision))).collect();
    kit.simulator.reset_requests();
    let adopted = adopt::<R>(&kit, &links);
    assert_eq!((adopted.made, adopted.refused, adopted.known), (count as u64, 0, 0), "{:?}", adopted.lines.first());
    let report = kit.run::<R>();
    assert_eq!((report.writes(), report.unchanged, report.linked), (0, count as u64, count as u64), "{report:?}");
    kit.rests::<R>("once more");
    let asked = kit.simulator.requests();
    assert!(writes(&asked).is_empty(), "{:?}", writes(&asked).first());
    assert_eq!(kit.simulator.list(ALICE, &R::path(&kit)), before, "the mailbox");
    let after: BTreeMap<String, _> = kit.here::<R>().into_iter().map(|(name, stored)| (name, (stored.id, stored.revision))).collect();
    assert_eq!(after, here, "the app");
    kit.silent("adopting");
    // The links hold: they are of ids that stay, and an edit goes where it should.
    let ids: Vec<String> = block_on(async {
        let links: Vec<_> = kit.state.links(LinkQuery::of(&R::KIND.plural().into())).collect().await;
        links.into_iter().map(|link| link.unwrap().item.unwrap().to_string()).collect()
    });
    assert!(ids.len() == count && links.iter().all(|(_, old)| !ids.contains(old)), "ids that do not stay are in the links");
    let name = here.keys().next().unwrap().clone();
    let [(field, ours, _), _] = R::edits();
    kit.edit::<R>(&name, field, ours.clone());
    let report = kit.run::<R>();
    assert_eq!((report.updated.right, report.writes()), (1, 1), "{report:?}");
    assert_eq!(kit.simulator.list(ALICE, &R::path(&kit)).len(), count);
}

#[test]
fn ten_thousand_links_over_equal_contacts_write_nothing() {
    writes_nothing::<Contact>(10_000, world_of_two);
}

#[test]
fn links_over_equal_events_write_nothing() {
    writes_nothing::<Event>(60, equal_world::<Event>);
}

/// The action is not there for applications without a user, nor in every cloud: then ids are asked for one by one.
#[test]
fn ids_that_the_service_does_not_translate_are_asked_for() {
    for (what, code) in [("no permission", 403), ("not in this cloud", 404), ("not at all", 501), ("no answer", 503)] {
        let kit = Kit::default();
        let links = equal_world::<Contact>(&kit, 30);
        kit.fault([FaultRule::on("POST", Fault::Status { code, retry_after: None, body: String::new() }).at("translateExchangeIds")]);
        let adopted = adopt::<Contact>(&kit, &links);
        assert_eq!((adopted.made, adopted.refused), (30, 0), "{what}: {:?}", adopted.lines.first());
        kit.free();
        kit.rests::<Contact>(what);
        assert_eq!(kit.run::<Contact>().unchanged, 30, "{what}");
    }
}

/// Who noted down ids that stay has them kept.
#[test]
fn ids_that_stay_are_kept_and_unknown_ones_refused() {
    let kit = Kit::default();
    let mut links = equal_world::<Contact>(&kit, 10);
    let there = kit.there::<Contact>();
    let old = plain_ids::<Contact>(&kit);
    for (_, id) in &mut links {
        let name = old.iter().find(|(_, plain)| *plain == id).unwrap().0;
        *id = there[name].id.to_string();
    }
    let extra = kit.make(people::of_the_app(900));
    links.push((extra, "AAkALgAAno-such-thing".to_owned()));
    let adopted = adopt::<Contact>(&kit, &links);
    assert_eq!((adopted.made, adopted.refused), (10, 1), "{adopted:?}");
    let report = kit.run::<Contact>();
    assert_eq!((report.created.right, report.writes()), (1, 1), "{report:?}");
}

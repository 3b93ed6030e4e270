//! What a sync with a DAV server costs in requests: they are what users pay.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod dav;

use dav::{Kit, SERVERS, Thing};
use futures::executor::block_on;
use pimkit::{
    Contact, Event, Record as _, Task,
    dav::{Groups, Quirks},
};
use pimkit_simulators::Personality;

/// Items in one multiget.
const CHUNK: usize = 50;
const ITEMS: usize = 230;

fn methods(kit: &Kit, method: &str) -> usize {
    kit.simulator.requests().iter().filter(|r| r.method == method).count()
}

fn kit<R: Thing>(server: &str, items: usize) -> Kit {
    let kit = Kit::of::<R>(Personality::named(server).unwrap());
    (0..items).for_each(|n| kit.store::<R>(n));
    kit
}

/// What is there has come, and what came was looked at once more.
fn at_rest<R: Thing>(kit: &Kit) {
    kit.run_of::<R>();
    kit.pass();
    kit.run_of::<R>();
}

fn everywhere(play: fn(&str)) {
    SERVERS.into_iter().for_each(play);
}

fn a_first_pull<R: Thing>(server: &str) {
    let kit = kit::<R>(server, ITEMS);
    kit.discovered();
    assert_eq!(kit.run_of::<R>().created.left, ITEMS as u64, "{server}");
    let cost = kit.simulator.requests().len();
    assert!(cost <= 4 + ITEMS.div_ceil(CHUNK), "{server}: {cost} requests");
    assert_eq!(methods(&kit, "PUT") + methods(&kit, "DELETE"), 0, "{server}");
}

fn no_change<R: Thing>(server: &str) {
    let kit = kit::<R>(server, ITEMS);
    at_rest::<R>(&kit);
    for _ in 0..3 {
        kit.simulator.reset_requests();
        assert_eq!(kit.run_of::<R>().writes(), 0, "{server}");
        let asked = kit.simulator.requests();
        assert!(asked.len() <= 2, "{server}: {asked:?}");
        assert!(asked.iter().all(|r| matches!(r.method.as_str(), "PROPFIND" | "REPORT")), "{server}: {asked:?}");
    }
}

fn one_change<R: Thing>(server: &str) {
    let kit = kit::<R>(server, 20);
    at_rest::<R>(&kit);
    kit.revise::<R>(7);
    kit.simulator.reset_requests();
    assert_eq!(kit.run_of::<R>().updated.left, 1, "{server}");
    let asked = kit.simulator.requests();
    assert!(asked.len() <= 3, "{server}: changed there: {asked:?}");
    kit.pass();
    let name = R::nth(9).called().unwrap().to_owned();
    kit.hub.annotate::<R>(&name);
    kit.simulator.reset_requests();
    assert_eq!(kit.run_of::<R>().updated.right, 1, "{server}");
    let asked = kit.simulator.requests();
    assert!(asked.len() <= 5, "{server}: changed here: {asked:?}");
}

fn a_first_push<R: Thing>(server: &str) {
    let (kit, many) = (kit::<R>(server, 0), 120);
    kit.hub.put_all((0..many).map(R::nth));
    kit.discovered();
    assert_eq!(kit.run_of::<R>().created.right, many as u64, "{server}");
    let asked = kit.simulator.requests().len();
    assert_eq!(methods(&kit, "PUT"), many, "{server}");
    // DAViCal names no version of a card that it stored, so that these are read back.
    assert!(asked <= many + 4 + many.div_ceil(CHUNK), "{server}: {asked} requests");
    assert_eq!(kit.simulator.list(kit.home.as_str()).len(), many, "{server}");
    assert_eq!(kit.there::<R>().len(), many, "{server}");
}

#[test]
fn a_first_pull_costs_a_request_for_each_chunk_and_four_more() {
    everywhere(a_first_pull::<Contact>);
    everywhere(a_first_pull::<Event>);
    everywhere(a_first_pull::<Task>);
}

#[test]
fn a_run_without_changes_costs_two_requests_and_writes_nothing() {
    everywhere(no_change::<Contact>);
    everywhere(no_change::<Event>);
    everywhere(no_change::<Task>);
}

#[test]
fn one_changed_item_costs_three_requests_there_and_five_here() {
    everywhere(one_change::<Contact>);
    everywhere(one_change::<Event>);
    everywhere(one_change::<Task>);
}

#[test]
fn a_first_push_adds_one_put_an_item() {
    everywhere(a_first_push::<Contact>);
    everywhere(a_first_push::<Event>);
    everywhere(a_first_push::<Task>);
}

/// Contacts with groups as categories, with a group that names every second one of `ITEMS`.
fn grouped(server: &'static str) -> Kit {
    let mut kit = kit::<Contact>(server, ITEMS);
    kit.with(move |config| config.groups(Groups::Categories).quirks(Quirks::named(server).unwrap()));
    let members = (0..ITEMS).step_by(2).filter_map(|n| Contact::nth(n).uid);
    let members: String = members.map(|uid| format!("X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:{uid}\r\n")).collect();
    let kind = "UID:uid-g\r\nX-ADDRESSBOOKSERVER-KIND:group\r\nN:Team\r\nFN:Team\r\n";
    let text = format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{kind}{members}END:VCARD\r\n");
    kit.simulator.put(&format!("{}g.vcf", kit.home), &text).unwrap();
    kit
}

fn in_team(kit: &Kit) -> usize {
    kit.hub.0.by_hand::<Contact>().records().iter().filter(|c| c.keywords.contains("Team")).count()
}

/// What is asked for in a new process.
fn asked_anew(kit: &mut Kit, ask: impl FnOnce(&Kit)) -> usize {
    kit.restart();
    kit.simulator.reset_requests();
    ask(kit);
    kit.simulator.requests().len()
}

#[test]
fn groups_as_categories_cost_searches_or_one_reading_where_everything_is_listed_and_nothing_where_nothing_changes() {
    let (fetches, searches) = (ITEMS.div_ceil(CHUNK), 1 + (ITEMS / 2).div_ceil(CHUNK));
    let reading = (ITEMS + 1).div_ceil(CHUNK);
    // One that is searched; one that is read, and where everything is listed once anything changed.
    for (server, first, one, list) in
        [("radicale", 2 + searches + fetches, 4, 1 + searches), ("xandikos", 2 + reading, 2 + reading, 2 + reading)]
    {
        let mut kit = grouped(server);
        kit.discovered();
        assert_eq!(kit.run().created.left, ITEMS as u64, "{server}");
        assert_eq!((kit.simulator.requests().len(), in_team(&kit)), (first, ITEMS / 2), "{server}: the first run");
        kit.pass();
        kit.run();
        for _ in 0..3 {
            let asked = asked_anew(&mut kit, |kit| assert_eq!(kit.run().writes(), 0, "{server}"));
            assert_eq!(asked, 2, "{server}: nothing changed");
        }
        kit.revise::<Contact>(7);
        let asked = asked_anew(&mut kit, |kit| assert_eq!(kit.run().updated.left, 1, "{server}"));
        assert_eq!(asked, one, "{server}: one changed");
        // The list of categories is looked up where there is no round before it.
        let asked = asked_anew(&mut kit, |kit| {
            let role = Contact::repository(&*kit.far).unwrap();
            assert_eq!(block_on(role.categories().unwrap().list(&kit.home)).unwrap().len(), 1, "{server}");
        });
        assert_eq!(asked, list, "{server}: the list");
    }
}

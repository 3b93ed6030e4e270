//! What a sync with a DAV server costs in requests: they are what users pay.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod dav;

use dav::{Kit, SERVERS};
use pimkit::Contact;

/// Items in one multiget.
const CHUNK: usize = 50;
const ITEMS: usize = 230;

fn methods(kit: &Kit, method: &str) -> usize {
    kit.simulator.requests().iter().filter(|r| r.method == method).count()
}

#[test]
fn a_first_pull_costs_a_request_for_each_chunk_and_four_more() {
    for server in SERVERS {
        let kit = Kit::new(server);
        (0..ITEMS).for_each(|n| kit.put(n));
        kit.discovered();
        assert_eq!(kit.run().created.left, ITEMS as u64, "{server}");
        let cost = kit.simulator.requests().len();
        assert!(cost <= 4 + ITEMS.div_ceil(CHUNK), "{server}: {cost} requests");
        assert_eq!(methods(&kit, "PUT") + methods(&kit, "DELETE"), 0, "{server}");
    }
}

#[test]
fn a_run_without_changes_costs_two_requests_and_writes_nothing() {
    for server in SERVERS {
        let kit = Kit::new(server);
        (0..ITEMS).for_each(|n| kit.put(n));
        kit.run();
        kit.pass();
        kit.run();
        for _ in 0..3 {
            kit.simulator.reset_requests();
            assert_eq!(kit.run().writes(), 0, "{server}");
            let asked = kit.simulator.requests();
            assert!(asked.len() <= 2, "{server}: {asked:?}");
            assert!(asked.iter().all(|r| matches!(r.method.as_str(), "PROPFIND" | "REPORT")), "{server}: {asked:?}");
        }
    }
}

#[test]
fn one_changed_item_costs_three_requests_there_and_five_here() {
    for server in SERVERS {
        let kit = Kit::new(server);
        (0..20).for_each(|n| kit.put(n));
        kit.run();
        kit.pass();
        kit.run();
        kit.edit_there(7);
        kit.simulator.reset_requests();
        assert_eq!(kit.run().updated.left, 1, "{server}");
        let asked = kit.simulator.requests();
        assert!(asked.len() <= 3, "{server}: changed there: {asked:?}");
        kit.pass();
        kit.edit_here("Person 9");
        kit.simulator.reset_requests();
        assert_eq!(kit.run().updated.right, 1, "{server}");
        let asked = kit.simulator.requests();
        assert!(asked.len() <= 5, "{server}: changed here: {asked:?}");
    }
}

#[test]
fn a_first_push_adds_one_put_an_item() {
    for server in SERVERS {
        let kit = Kit::new(server);
        let many = 120;
        kit.hub.put_all((0..many).map(Kit::person));
        kit.discovered();
        assert_eq!(kit.run().created.right, many as u64, "{server}");
        let asked = kit.simulator.requests().len();
        assert_eq!(methods(&kit, "PUT"), many, "{server}");
        // DAViCal names no version of a card that it stored, so that these are read back.
        assert!(asked <= many + 4 + many.div_ceil(CHUNK), "{server}: {asked} requests");
        assert_eq!(kit.simulator.list(kit.home.as_str()).len(), many, "{server}");
        assert_eq!(kit.there::<Contact>().len(), many, "{server}");
    }
}

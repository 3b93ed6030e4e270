//! The program is killed at twenty moments of a sync; one more run later nothing is double, lost or stale.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::{
    fs,
    process::Stdio,
    time::{Duration, Instant},
};
use support::{Desk, TO_STORE, card, writes};

const ITEMS: usize = 200;
const KILLS: u32 = 20;

#[test]
fn twenty_kills_leave_no_duplicate_no_loss_and_no_stale_value() {
    // Everything is changed more often in this one day than the guard of updates lets pass unasked: how often depends on the machine.
    let desk = Desk::new(&format!("{TO_STORE}conflicts = \"right\"\nguards = {{ updates = {{ number = 1000000 }} }}\n"));
    let name = |n: usize| format!("{n:03}.vcf");
    let fill = |from: usize, number: &str| {
        for n in from..ITEMS {
            desk.card(&name(n), &card(&format!("u{n:03}"), "Ada", &format!("Number{n}"), &format!("{number}{n}")));
        }
    };
    // How long a whole run takes here says when to kill: the moments are spread over it.
    fill(0, "1");
    let probe = Desk::new(TO_STORE);
    for n in 0..ITEMS {
        probe.card(&name(n), &desk.read(&format!("contacts/friends/{}", name(n))));
    }
    let started = Instant::now();
    probe.sync();
    let whole = started.elapsed();

    // A run that ends before its kill was too quick for the moment: the next ones are killed sooner.
    let (mut killed, mut span) = (0, whole);
    for attempt in 0..20 * KILLS {
        if killed == KILLS {
            break;
        }
        let mut child = desk.command(&["sync", "--json"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(span * (attempt % 5 + 1) / 6);
        let cut = child.try_wait().unwrap().is_none();
        if cut {
            child.kill().unwrap();
            killed += 1;
        }
        child.wait().unwrap();
        // Every few kills, and when all is done, something else is to be done: the whole folder has another number.
        if !cut || attempt % 5 == 4 {
            fill(0, &format!("{attempt}00"));
            span = if cut { span } else { span * 4 / 5 };
        }
    }
    assert_eq!(killed, KILLS);

    fill(0, "7");
    let last = desk.call(&["sync", "--json"]).exits(0);
    assert_eq!(last.json()["syncs"][0]["quarantined"], serde_json::json!([]));
    // `records` fails on a duplicate.
    let records = desk.records("crm", "contacts");
    assert_eq!(records.len(), ITEMS);
    for n in 0..ITEMS {
        let numbers = &records[&format!("u{n:03}")]["phones"];
        assert_eq!(numbers.as_array().unwrap().len(), 1, "{numbers}");
        assert_eq!(numbers[0]["number"], format!("7{n}"), "a stale value");
    }
    assert_eq!(writes(&desk.sync()), 0);
    let files = fs::read_dir(desk.path("contacts/friends")).unwrap();
    assert_eq!(files.count(), ITEMS, "no file came or went, hidden ones neither");
}

#[test]
fn a_killed_sync_towards_the_folder_makes_each_file_once() {
    let desk = Desk::new(TO_STORE);
    let mut cards = String::new();
    for n in 0..ITEMS {
        cards.push_str(&card(&format!("u{n:03}"), "Ada", &format!("Number{n}"), &n.to_string()));
    }
    desk.write("all.vcf", &cards);
    desk.call(&["import", "crm", "contacts", "all.vcf"]).exits(0);
    let started = Instant::now();
    let mut killed = 0;
    for kill in 0..10_u32 {
        let mut child = desk.command(&["sync"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(15 + 25 * u64::from(kill)));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            killed += 1;
        }
        child.wait().unwrap();
    }
    assert!(killed > 0, "no run was cut off within {:?}", started.elapsed());
    desk.call(&["sync"]).exits(0);
    assert_eq!(desk.records("home", "contacts").len(), ITEMS);
    assert_eq!(desk.records("crm", "contacts").len(), ITEMS);
    assert_eq!(writes(&desk.sync()), 0);
}

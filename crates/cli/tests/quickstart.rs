//! `pimkit quickstart`, from beginning to end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use support::{Desk, TO_STORE, writes};

#[test]
fn the_quickstart_syncs_edits_and_ends_with_a_run_that_writes_nothing() {
    let desk = Desk::new(TO_STORE);
    let called = desk.call(&["quickstart", "--dir", "q", "--json"]).exits(0);
    assert_eq!(called.stderr, "");
    let value = called.json();
    let runs = value["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 3);
    // 12 files and 6 records, one person on both sides.
    let created = |run: usize, side: &str| -> u64 {
        runs[run]["syncs"].as_array().unwrap().iter().map(|s| s["created"][side].as_u64().unwrap()).sum()
    };
    assert_eq!((created(0, "left"), created(0, "right")), (11, 5), "{value}");
    assert_eq!(runs[0]["syncs"].as_array().unwrap().iter().map(|s| s["linked"].as_u64().unwrap()).sum::<u64>(), 1, "{value}");
    assert_eq!((created(1, "left"), created(1, "right")), (0, 0), "{value}");
    assert_eq!(writes(&runs[1]), 3, "{value}");
    assert_eq!(writes(&runs[2]), 0, "{value}");
    let conflicts = value["conflicts"].as_array().unwrap();
    assert_eq!(conflicts.len(), 1, "{value}");
    assert!(conflicts[0]["lost"].to_string().contains("guests welcome"), "{value}");
    // Both edits of one person arrived on both sides, and the calendar won.
    let card = desk.read("q/contacts/friends/nora-berger.vcf");
    assert!(card.contains("TITLE:Lead architect") && card.contains("drawings by May"), "{card}");
    let list = desk.call(&["list", "crm", "contacts", "--json", "-c", "q/pimkit.toml"]).exits(0);
    let nora = list.stdout.lines().find(|l| l.contains("Nora")).unwrap();
    assert!(nora.contains("Lead architect") && nora.contains("drawings by May"), "{nora}");
    let events = desk.call(&["list", "crm", "events", "--json", "-c", "q/pimkit.toml"]).exits(0);
    assert!(events.stdout.contains("Team lunch at Luigi's"), "{events:?}");
}

#[test]
fn the_report_tells_people_what_happened_and_what_to_do_next() {
    let desk = Desk::new(TO_STORE);
    let called = desk.call(&["quickstart", "--dir", "q"]).exits(0);
    assert_eq!(called.stderr, "");
    for part in [
        "first sync",
        "Nora Maria Berger",
        "Team lunch at Luigi's",
        "both sides changed title",
        "third sync",
        "pimkit sync -c q/pimkit.toml",
    ] {
        assert!(called.stdout.contains(part), "no {part:?} in {}", called.stdout);
    }
    // What it says to do works.
    desk.call(&["sync", "-c", "q/pimkit.toml"]).exits(0);
    desk.call(&["plan", "-c", "q/pimkit.toml"]).exits(0);
    desk.call(&["history", "-c", "q/pimkit.toml"]).exits(0);
}

#[test]
fn the_quickstart_runs_again_in_its_folder_and_loses_nothing_that_was_put_there() {
    let desk = Desk::new(TO_STORE);
    desk.call(&["quickstart", "--dir", "q"]).exits(0);
    desk.write("q/contacts/friends/mine.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:mine\r\nFN:Mine\r\nN:Mine;;;;\r\nEND:VCARD\r\n");
    let called = desk.call(&["quickstart", "--dir", "q"]).exits(0);
    assert!(called.stdout.contains("q/earlier-1"), "{called:?}");
    assert!(desk.read("q/earlier-1/contacts/friends/mine.vcf").contains("UID:mine"));
}

#[test]
fn the_quickstart_has_a_folder_of_its_own_by_default() {
    let desk = Desk::new(TO_STORE);
    desk.call(&["quickstart"]).exits(0);
    assert!(desk.path("pimkit-quickstart/pimkit.toml").exists());
}

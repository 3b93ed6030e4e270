//! `pimkit quickstart`, from beginning to end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use support::{Desk, TO_STORE, server::Server, writes};

#[test]
fn the_quickstart_syncs_edits_and_ends_with_a_run_that_writes_nothing() {
    let desk = Desk::new(TO_STORE);
    let called = desk.call(&["quickstart", "--dir", "q", "--json"]).exits(0);
    assert_eq!(called.stderr, "");
    let value = called.json();
    let runs = value["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 3);
    // 12 files, 5 items of the server and 6 records; two people are in two of these places.
    let sum = |run: usize, what: &str, side: &str| -> u64 {
        let of = |sync: &serde_json::Value| if side.is_empty() { sync[what].as_u64().unwrap() } else { sync[what][side].as_u64().unwrap() };
        runs[run]["syncs"].as_array().unwrap().iter().map(of).sum()
    };
    assert_eq!(value["server"]["items"], 5);
    assert_eq!((sum(0, "created", "left"), sum(0, "linked", ""), sum(0, "conflicts", "")), (15, 2, 0), "{value}");
    // What the server brought reaches the folders in the second run.
    assert_eq!((sum(1, "created", "left"), sum(1, "created", "right")), (0, 4), "{value}");
    assert_eq!(sum(1, "conflicts", ""), 1, "{value}");
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
    // And on the server, whose things stay when it has ended.
    let kept: Vec<String> = files(&desk.path("q/server"));
    assert!(kept.iter().any(|t| t.contains("TITLE:Lead architect") && t.contains("drawings by May")), "{kept:?}");
    assert!(kept.iter().any(|t| t.contains("Team lunch at Luigi's")), "{kept:?}");
}

/// What the files of a folder hold.
fn files(dir: &std::path::Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(std::fs::read_to_string(path).unwrap()) }
    }
    all
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
    let again = called.stdout.lines().find_map(|l| l.trim().strip_prefix("pimkit simulate ")).unwrap();
    let server = Server::start(&desk, &again.split(' ').collect::<Vec<_>>());
    let run = desk.call(&["sync", "-c", "q/pimkit.toml", "--json"]).exits(0).json();
    assert_eq!(writes(&run), 0, "{run}");
    desk.call(&["list", "server", "contacts", "-c", "q/pimkit.toml"]).exits(0);
    desk.call(&["plan", "-c", "q/pimkit.toml"]).exits(0);
    desk.call(&["history", "-c", "q/pimkit.toml"]).exits(0);
    // Without the server its syncs fail and say so; the others run.
    server.cut();
    desk.write("q/contacts/friends/new.vcf", &support::card("new", "New", "Person", "1"));
    let without = desk.call(&["sync", "-c", "q/pimkit.toml"]).exits(1);
    for name in ["people-server", "appointments-server"] {
        assert!(without.stderr.contains(&format!("error: {name}: ")) && without.stderr.contains("no connection"), "{without:?}");
    }
    let list = desk.call(&["list", "crm", "contacts", "-c", "q/pimkit.toml"]).exits(0);
    assert!(list.stdout.contains("New Person"), "{list:?}");
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

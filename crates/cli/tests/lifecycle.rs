//! The life of a sync from the command line: held and answered, undone and released, decided, paused and resumed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use serde_json::{Value, json};
use std::{fs, path::PathBuf};
use support::{Desk, TO_STORE, card};

const TWO_FOLDERS: &str = "state = \"sync.db\"
[accounts.crm]
connector = \"vdir\"
path = \"hub\"
[accounts.home]
connector = \"vdir\"
path = \"contacts\"
[[syncs]]
name = \"people\"
kind = \"contacts\"
left = \"crm\"
right = \"home\"
deletes = \"delete\"
";

fn folders(more: &str, cards: usize) -> Desk {
    let desk = Desk::new(&format!("{TWO_FOLDERS}{more}"));
    fs::create_dir_all(desk.path("hub/all")).unwrap();
    for n in 0..cards {
        desk.card(&format!("{n}.vcf"), &card(&format!("u{n}"), "Ada", &format!("Number{n}"), &n.to_string()));
    }
    desk
}

fn hub(desk: &Desk) -> Vec<String> {
    // When a card was written is the folder's own.
    let lines = |text: String| text.lines().filter(|line| !line.starts_with("REV:")).collect::<Vec<_>>().join("\n");
    let files = fs::read_dir(desk.path("hub/all")).unwrap();
    let mut texts: Vec<String> = files.map(|e| lines(fs::read_to_string(e.unwrap().path()).unwrap())).collect();
    texts.sort();
    texts
}

fn edit(desk: &Desk, name: &str, from: &str, to: &str) {
    let path = desk.path(&format!("contacts/friends/{name}"));
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&path, text.replace(from, to)).unwrap();
}

#[test]
fn what_a_guard_holds_is_approved_or_rejected_by_its_id() {
    for yes in [true, false] {
        let desk = folders("", 12);
        desk.call(&["sync"]).exits(0);
        for n in 0..6 {
            fs::remove_file(desk.path(&format!("contacts/friends/{n}.vcf"))).unwrap();
        }
        let held = desk.call(&["sync"]).exits(4);
        assert!(held.stdout.contains("6 items would be deleted in the left collection"), "{held:?}");
        assert!(held.stdout.contains("--reject"), "{held:?}");
        let json = desk.call(&["sync", "--json"]).exits(4).json();
        let id = json["syncs"][0]["holds"][0]["approve"].as_str().unwrap().to_owned();
        let status = desk.call(&["status", "--json"]).exits(0).json();
        assert_eq!(status["syncs"][0]["approvals"][0]["id"], json!(id), "{status}");
        desk.call(&["sync", if yes { "--approve" } else { "--reject" }, &id]).exits(0);
        assert_eq!(hub(&desk).len(), if yes { 6 } else { 12 });
        desk.call(&["sync"]).exits(0);
        assert!(desk.call(&["sync", "--approve", &id]).exits(2).stderr.contains("used up"));
    }
}

#[test]
fn a_run_is_undone_told_and_released() {
    let desk = folders("", 3);
    desk.call(&["sync"]).exits(0);
    let before = hub(&desk);
    edit(&desk, "0.vcf", "Number0", "Changed");
    let run = desk.call(&["sync", "--json"]).exits(0).json()["run"].to_string();
    let after = hub(&desk);
    assert_ne!(before, after);
    let undone = desk.call(&["undo", &run]).exits(0);
    assert!(undone.stdout.contains(&format!("pimkit release {run}")), "{undone:?}");
    assert_eq!(hub(&desk), before);
    assert_eq!(desk.call(&["sync", "--json"]).exits(0).json()["syncs"][0]["updated"], json!({ "left": 0, "right": 0 }));
    assert!(desk.call(&["status"]).exits(0).stdout.contains("1 records rest after an undo"));
    let why = desk.call(&["history", "--json"]).exits(0).json();
    let record = why["entries"].as_array().unwrap().iter().find(|e| e["action"] == "updated").unwrap()["left"].as_str().unwrap().to_owned();
    let told = desk.call(&["why", &record, "name.surname", "--json"]).exits(0).json();
    let values: Vec<&Value> = told["entries"].as_array().unwrap().iter().map(|e| &e["to"]).collect();
    assert_eq!(values, [&json!("Number0"), &json!("Changed"), &json!("Number0")], "{told}");
    assert!(desk.call(&["why", &record, "name.surname"]).exits(0).stdout.contains("undo of run"));
    assert!(desk.call(&["release", &run]).exits(0).stdout.contains("1 records"));
    desk.call(&["sync"]).exits(0);
    assert_eq!(hub(&desk), after, "the user's edit goes over again");
    desk.call(&["history", "--export", "journal.jsonl"]).exits(0);
    let lines = fs::read_to_string(desk.path("journal.jsonl")).unwrap();
    assert!(lines.lines().count() >= 5 && lines.lines().all(|l| serde_json::from_str::<Value>(l).unwrap()["run"].is_u64()), "{lines}");
}

#[test]
fn a_conflict_is_shown_with_both_values_and_decided() {
    let desk = folders("conflicts = \"ask\"\n", 1);
    desk.call(&["sync"]).exits(0);
    assert!(desk.call(&["conflicts"]).exits(0).stdout.contains("Nothing waits"));
    edit(&desk, "0.vcf", "Number0", "Far");
    let file = fs::read_dir(desk.path("hub/all")).unwrap().next().unwrap().unwrap().path();
    fs::write(&file, fs::read_to_string(&file).unwrap().replace("Number0", "Hub")).unwrap();
    desk.call(&["sync"]).exits(3);
    let shown = desk.call(&["conflicts"]).exits(0).stdout;
    assert!(shown.contains("Far") && shown.contains("Hub") && shown.contains("--take left"), "{shown}");
    let waiting = desk.call(&["conflicts", "--json"]).exits(0).json();
    let record = waiting["syncs"][0]["waiting"][0]["right"].as_str().unwrap().to_owned();
    desk.call(&["conflicts", "--take", "right", &record]).exits(0);
    desk.call(&["sync"]).exits(0);
    assert!(fs::read_to_string(&file).unwrap().contains("Far"));
    assert!(desk.call(&["conflicts", "--take", "right", &record]).exits(2).stderr.contains("waits for a decision"));
}

#[test]
fn conflicts_lists_what_guards_hold_and_what_is_ambiguous_and_says_nothing_waits_only_where_nothing_does() {
    // Half of all are deleted.
    let desk = folders("", 12);
    desk.call(&["sync"]).exits(0);
    (0..6).for_each(|n| fs::remove_file(desk.path(&format!("contacts/friends/{n}.vcf"))).unwrap());
    desk.call(&["sync"]).exits(4);
    let shown = desk.call(&["conflicts"]).exits(0).stdout;
    assert!(shown.contains("6 items would be deleted") && shown.contains("--approve deletes-") && !shown.contains("Nothing"), "{shown}");
    assert!(shown.contains("Ada Number0"), "{shown}");
    let json = desk.call(&["conflicts", "--json"]).exits(0).json();
    assert_eq!(json["syncs"][0]["approvals"][0]["held"].as_array().unwrap().len(), 6, "{json}");
    let id = json["syncs"][0]["approvals"][0]["id"].as_str().unwrap().to_owned();
    desk.call(&["sync", "--approve", &id]).exits(0);
    assert!(desk.call(&["conflicts"]).exits(0).stdout.contains("Nothing waits"));
    // Two on the hub fit one that is new at the far side.
    let desk = folders("", 0);
    for (file, uid) in [("a", "one"), ("b", "two")] {
        fs::write(desk.path(&format!("hub/all/{file}.vcf")), card(uid, "Ada", "Lovelace", "1")).unwrap();
    }
    desk.card("new.vcf", &card("three", "Ada", "Lovelace", "1"));
    desk.call(&["sync"]).exits(3);
    let shown = desk.call(&["conflicts"]).exits(0).stdout;
    assert!(
        shown.contains("(right friends/new.vcf in friends)") && shown.contains("links import") && !shown.contains("Nothing"),
        "{shown}"
    );
    let unlinked = desk.call(&["conflicts", "--json"]).exits(0).json()["syncs"][0]["unlinked"].clone();
    assert!(
        unlinked.as_array().unwrap().iter().any(|one| one["id"] == json!("friends/new.vcf") && one["side"] == json!("right")),
        "{unlinked}"
    );
}

#[test]
fn a_paused_sync_rests_says_so_and_catches_up() {
    let desk = Desk::new(TO_STORE);
    desk.card("a.vcf", &card("u", "Ada", "Lovelace", "1"));
    desk.call(&["sync"]).exits(0);
    desk.call(&["pause", "people", "--why", "moving house"]).exits(0);
    desk.card("b.vcf", &card("v", "Grace", "Hopper", "2"));
    let rested = desk.call(&["sync"]).exits(0);
    assert!(rested.stdout.contains("moving house") && rested.stdout.contains("pimkit resume people"), "{rested:?}");
    let status = desk.call(&["status", "--json"]).exits(0).json();
    assert_eq!((&status["syncs"][0]["state"], &status["syncs"][0]["why"]), (&json!("paused"), &json!("moving house")), "{status}");
    assert_eq!(status["syncs"][0]["last_success"]["run"], json!(1));
    desk.call(&["resume", "people"]).exits(0);
    assert_eq!(desk.call(&["sync", "--json"]).exits(0).json()["syncs"][0]["created"]["left"], json!(1));
}

#[test]
fn a_profile_is_shown_as_a_configuration_has_it() {
    let desk = Desk::new(TO_STORE);
    let shown = desk.call(&["profile", "show", "zoho-google"]).exits(0).stdout;
    let table: toml::Table = shown.parse().unwrap();
    let json = desk.call(&["profile", "show", "zoho-google", "--json"]).exits(0).json();
    assert_eq!(json["conflicts"].as_str(), table["conflicts"].as_str());
    assert_eq!(json.as_object().unwrap().len(), table.len());
}

#[test]
fn a_sync_is_ended_only_when_somebody_says_yes_and_begins_again() {
    let desk = Desk::new(TO_STORE);
    desk.card("a.vcf", &card("u", "Ada", "Lovelace", "1"));
    desk.call(&["sync"]).exits(0);
    let shown = desk.call(&["disable", "people"]).exits(4);
    assert!(shown.stdout.contains("1 records are linked") && shown.stdout.contains("--yes"), "{shown:?}");
    desk.card("b.vcf", &card("v", "Grace", "Hopper", "2"));
    assert_eq!(desk.call(&["sync", "--json"]).exits(0).json()["syncs"][0]["created"]["left"], json!(1), "it was only shown");
    desk.call(&["disable", "people", "--yes"]).exits(0);
    assert_eq!(desk.call(&["status", "--json"]).exits(0).json()["syncs"][0]["state"], json!("disabled"));
    assert_eq!(desk.records("crm", "contacts").len(), 2, "the hub's records stay");
    desk.card("c.vcf", &card("w", "Emmy", "Noether", "3"));
    desk.call(&["sync"]).exits(3);
    desk.call(&["resume", "people"]).exits(0);
    desk.call(&["sync"]).exits(0);
    assert_eq!(desk.records("crm", "contacts").len(), 3, "and no record twice");
}

/// The folder that the sync made for itself.
fn own_folder(desk: &Desk) -> Option<PathBuf> {
    fs::read_dir(desk.path("contacts")).unwrap().map(|entry| entry.unwrap().path()).find(|path| !path.ends_with("friends"))
}

/// What ends with the policy, for a store with two contacts and a folder with one more, all of them synced.
fn ending(teardown: &str) -> Desk {
    let own = if teardown == "delete_container" { "container = \"dedicated\"\ncontainer_name = \"CRM\"\n" } else { "" };
    let desk = Desk::new(&format!("{TO_STORE}deletes = \"delete\"\nteardown = \"{teardown}\"\n{own}"));
    desk.call(&["sync"]).exits(0);
    for (uid, given) in [("h1", "Emmy"), ("h2", "Sofia")] {
        desk.write("in.vcf", &card(uid, given, "Ofthehub", uid));
        desk.call(&["import", "crm", "contacts", "in.vcf"]).exits(0);
    }
    let folder = own_folder(&desk).unwrap_or_else(|| desk.path("contacts/friends"));
    fs::write(folder.join("far.vcf"), card("f", "Ada", "Ofthefar", "1")).unwrap();
    desk.call(&["sync"]).exits(0);
    assert_eq!(desk.records("crm", "contacts").len(), 3);
    desk
}

#[test]
fn each_way_to_end_a_sync_shows_what_goes_and_then_takes_away_that_and_no_more() {
    for (teardown, goes, stays) in [("leave", 0, 3), ("archive", 0, 3), ("delete_made", 2, 1), ("delete_container", 3, 0)] {
        let desk = ending(teardown);
        let cards = || desk.records("home", "contacts").len();
        let shown = desk.call(&["disable", "people"]).exits(4);
        assert!(shown.stdout.contains(&format!("teardown = {teardown}")) && shown.stdout.contains("--yes"), "{teardown}: {shown:?}");
        assert_eq!(shown.stdout.contains("Emmy Ofthehub"), goes > 0, "{teardown}: {shown:?}");
        assert_eq!(shown.stdout.contains("Ada Ofthefar"), goes > 2, "{teardown}: {shown:?}");
        let json = desk.call(&["disable", "people", "--json"]).exits(4).json();
        assert_eq!((json["goes"].as_array().unwrap().len(), json["linked"].as_u64()), (goes, Some(3)), "{teardown}: {json}");
        assert_eq!(cards(), 3, "{teardown}: it was only shown");
        desk.call(&["disable", "people", "--yes"]).exits(0);
        assert_eq!(cards(), stays, "{teardown}");
        assert_eq!(own_folder(&desk), None, "{teardown}");
        assert_eq!(desk.records("crm", "contacts").len(), 3, "{teardown}: the hub's records stay");
        assert_eq!(desk.call(&["status", "--json"]).exits(0).json()["syncs"][0]["state"], json!("disabled"), "{teardown}");
        // Nobody deleted anything: it begins again with all of them, and none twice.
        desk.call(&["resume", "people"]).exits(0);
        desk.call(&["sync"]).exits(0);
        assert_eq!((desk.records("crm", "contacts").len(), cards()), (3, 3), "{teardown}");
    }
}

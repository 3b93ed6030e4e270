//! The life of a sync from the command line: held and answered, undone and released, decided, paused and resumed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use serde_json::{Value, json};
use std::fs;
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

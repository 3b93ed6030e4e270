//! Syncs of the whole program: both ways, conflicts, what is left over, what is held, and two at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use serde_json::Value;
use std::{fs, process::Stdio};
use support::{Desk, TO_STORE, card, writes};

/// Two folders: what is in one can be edited as text on both sides.
const TO_FOLDER: &str = "state = \"sync.db\"
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
";

fn folders(more: &str) -> Desk {
    let desk = Desk::new(&format!("{TO_FOLDER}{more}"));
    fs::create_dir_all(desk.path("hub/all")).unwrap();
    desk
}

/// The only file in the hub's collection.
fn hub_file(desk: &Desk) -> String {
    let files: Vec<_> = fs::read_dir(desk.path("hub/all")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    format!("hub/all/{}", files[0])
}

fn sync_of<'a>(run: &'a Value, name: &str) -> &'a Value {
    run["syncs"].as_array().unwrap().iter().find(|s| s["name"] == name).unwrap()
}

#[test]
fn a_folder_goes_into_the_app_store_and_the_second_run_writes_nothing() {
    let desk = Desk::new(TO_STORE);
    for n in 0..25 {
        desk.card(&format!("{n}.vcf"), &card(&format!("u{n}"), "Ada", &format!("Number{n}"), &n.to_string()));
    }
    let first = desk.sync();
    let sync = sync_of(&first, "people");
    for (key, value) in [("kind", "contacts"), ("left", "crm"), ("right", "home")] {
        assert_eq!(sync[key], value, "{first}");
    }
    assert_eq!(sync["created"]["left"], 25, "{first}");
    assert_eq!(writes(&first), 25, "{first}");
    for key in ["unchanged", "conflicts", "held"] {
        assert!(sync[key].is_u64(), "{key}: {first}");
    }
    assert_eq!(sync["quarantined"], serde_json::json!([]));
    for key in ["started", "finished"] {
        first[key].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    }
    assert!(first["run"].is_u64() && first["requests"]["left"].as_u64() > Some(0) && first["requests"]["right"].as_u64() > Some(0));
    let records = desk.records("crm", "contacts");
    assert_eq!(records.len(), 25);
    assert_eq!(records["u7"]["phones"][0]["number"], "7");
    let second = desk.sync();
    assert_eq!(writes(&second), 0, "{second}");
    assert!(second["run"].as_u64() > first["run"].as_u64());
}

#[test]
fn a_company_of_the_folder_goes_to_the_companies_of_the_store() {
    let desk = Desk::new(TO_STORE);
    desk.card("ada.vcf", &card("ada", "Ada", "Lovelace", "1"));
    desk.card("org.vcf", "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:org\r\nKIND:org\r\nFN:Linde\r\nORG:Linde\r\nEND:VCARD\r\n");
    desk.sync();
    let called = desk.call(&["list", "crm", "contacts", "--collection", "companies", "--json"]).exits(0);
    assert!(called.stdout.contains("\"uid\":\"org\"") && called.stdout.lines().count() == 1, "{called:?}");
    assert_eq!(writes(&desk.sync()), 0);
}

#[test]
fn edits_of_different_fields_of_one_record_both_arrive() {
    let desk = folders("");
    desk.card("ada.vcf", &card("ada", "Ada", "Lovelace", "1"));
    assert_eq!(writes(&desk.sync()), 1);
    let hub = hub_file(&desk);
    desk.write(&hub, &desk.read(&hub).replace("END:VCARD", "NOTE:from the left\r\nEND:VCARD"));
    desk.card("ada.vcf", &desk.read("contacts/friends/ada.vcf").replace("CELL:1", "CELL:12345"));
    let run = desk.sync();
    assert_eq!(sync_of(&run, "people")["updated"], serde_json::json!({ "left": 1, "right": 1 }), "{run}");
    for file in [hub.as_str(), "contacts/friends/ada.vcf"] {
        let text = desk.read(file);
        assert!(text.contains("from the left") && text.contains("12345"), "{file}: {text}");
    }
    assert_eq!(writes(&desk.sync()), 0);
}

#[test]
fn the_same_field_follows_the_policy_and_the_loser_is_kept_and_shown() {
    for (policy, wins, loses) in [("left", "Hub", "Far"), ("right", "Far", "Hub")] {
        let desk = folders(&format!("conflicts = \"{policy}\"\n"));
        desk.card("ada.vcf", &card("ada", "Ada", "Lovelace", "1"));
        desk.sync();
        let hub = hub_file(&desk);
        desk.write(&hub, &desk.read(&hub).replace("Ada Lovelace", "Ada Hub"));
        desk.card("ada.vcf", &desk.read("contacts/friends/ada.vcf").replace("Ada Lovelace", "Ada Far"));
        let called = desk.call(&["sync"]).exits(0);
        assert!(called.stdout.contains("both sides changed") && called.stdout.contains(&format!("Ada {loses}")), "{called:?}");
        for file in [hub.as_str(), "contacts/friends/ada.vcf"] {
            assert!(desk.read(file).contains(&format!("FN:Ada {wins}")), "{policy}: {file}: {}", desk.read(file));
        }
        let history = desk.call(&["history"]).exits(0);
        assert!(history.stdout.contains("lost: ") && history.stdout.contains(&format!("Ada {loses}")), "{history:?}");
        let entries = desk.call(&["history", "--sync", "people", "--json"]).exits(0).json();
        let lost: Vec<&Value> = entries["entries"].as_array().unwrap().iter().filter(|e| e["lost"] != serde_json::json!([])).collect();
        assert_eq!(lost.len(), 1, "{entries}");
        assert_eq!(writes(&desk.sync()), 0);
    }
}

#[test]
fn a_conflict_that_waits_is_shown_with_its_record_and_both_values_until_it_is_decided() {
    let desk = folders("conflicts = \"ask\"\n");
    desk.card("ada.vcf", &card("ada", "Ada", "Lovelace", "1"));
    desk.sync();
    let hub = hub_file(&desk);
    desk.write(&hub, &desk.read(&hub).replace("END:VCARD", "TITLE:Hub title\r\nEND:VCARD").replace("Ada Lovelace", "Ada Hub"));
    let far = desk.read("contacts/friends/ada.vcf");
    desk.card("ada.vcf", &far.replace("Ada Lovelace", "Ada Far"));
    let plan = desk.call(&["plan"]).exits(3);
    assert!(plan.stdout.contains("left has name.full: Ada Hub") && plan.stdout.contains("right has name.full: Ada Far"), "{plan:?}");
    let shows = |text: &str, far: &str| {
        for part in ["left  name.full: Ada Hub", &format!("right name.full: {far}"), "friends/ada.vcf", "both sides changed it"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    };
    // Told in every run, and with what is there by then.
    for name in ["Ada Far", "Ada Far", "Ada Further"] {
        desk.card("ada.vcf", &far.replace("Ada Lovelace", name));
        shows(&desk.call(&["sync"]).exits(3).stdout, name);
        shows(&desk.call(&["status"]).exits(0).stdout, name);
    }
    for value in [desk.call(&["sync", "--json"]).exits(3).json(), desk.call(&["status", "--json"]).exits(0).json()] {
        let waiting = &value["syncs"][0]["waiting"][0];
        assert_eq!(waiting["right"], "friends/ada.vcf", "{value}");
        let expected = serde_json::json!([{
            "left": { "field": "name.full", "value": "Ada Hub" },
            "right": { "field": "name.full", "value": "Ada Further" },
        }]);
        assert_eq!(waiting["fields"], expected, "{value}");
    }
    let history = desk.call(&["history"]).exits(0);
    assert!(history.stdout.contains("left name.full: Ada Lovelace -> Ada Hub"), "{history:?}");
    assert!(history.stdout.contains("right name.full: Ada Lovelace -> Ada Far"), "{history:?}");
    // Decided: both sides say the same.
    desk.card("ada.vcf", &desk.read("contacts/friends/ada.vcf").replace("Ada Further", "Ada Hub"));
    let run = desk.call(&["sync", "--json"]).exits(0).json();
    assert_eq!(sync_of(&run, "people")["waiting"], serde_json::json!([]), "{run}");
    assert_eq!(desk.call(&["status", "--json"]).exits(0).json()["syncs"][0]["waiting"], serde_json::json!([]));
}

#[test]
fn what_is_to_be_deleted_waits_and_is_named() {
    let desk = Desk::new(&format!("{TO_STORE}deletes = \"ask\"\n"));
    desk.card("ada.vcf", &card("ada", "Ada", "Lovelace", "1"));
    desk.card("grace.vcf", &card("grace", "Grace", "Hopper", "2"));
    desk.sync();
    fs::remove_file(desk.path("contacts/friends/ada.vcf")).unwrap();
    for (command, code) in [("sync", 4), ("status", 0)] {
        let people = desk.call(&[command]).exits(code);
        assert!(people.stdout.contains("    friends/ada.vcf (Ada Lovelace)"), "{people:?}");
        let value = desk.call(&[command, "--json"]).exits(code).json();
        let of = if command == "sync" { "holds" } else { "approvals" };
        let expected = serde_json::json!([{
            "id": "friends/ada.vcf", "name": "Ada Lovelace", "side": "right", "collection": "friends",
        }]);
        assert_eq!(value["syncs"][0][of][0]["held"], expected, "{value}");
    }
    assert_eq!(desk.records("crm", "contacts").len(), 2);
}

#[test]
fn a_plan_says_every_step_and_writes_nothing() {
    let desk = Desk::new(TO_STORE);
    desk.card("ada.vcf", &card("ada", "Ada", "Lovelace", "1"));
    let plan = desk.call(&["plan", "--json"]).exits(0).json();
    let steps = plan["syncs"][0]["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 1, "{plan}");
    assert_eq!(steps[0]["action"], "create");
    assert!(!steps[0]["reason"].as_str().unwrap().is_empty());
    assert!(steps[0]["left"]["writes"].as_array().unwrap().iter().any(|w| w["field"] == "uid" && w["to"] == "ada"), "{plan}");
    assert_eq!(plan["syncs"][0]["name"], "people");
    assert_eq!(plan["syncs"][0]["created"]["left"], 1);
    assert!(desk.records("crm", "contacts").is_empty());
    let people = desk.call(&["plan"]).exits(0);
    assert!(people.stdout.contains("would create 1"), "{people:?}");
    assert_eq!(writes(&desk.sync()), 1);
    let plan = desk.call(&["plan", "--json"]).exits(0).json();
    assert_eq!(plan["syncs"][0]["steps"], serde_json::json!([]));
}

#[cfg(unix)]
#[test]
fn a_malformed_card_and_an_unreadable_file_are_left_over_and_the_rest_is_done() {
    let desk = Desk::new(TO_STORE);
    desk.card("ada.vcf", &card("ada", "Ada", "Lovelace", "1"));
    desk.card("bad.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Nobody\r\n");
    // Nobody can read what a dangling link points to, root included.
    std::os::unix::fs::symlink(desk.path("nowhere"), desk.path("contacts/friends/gone.vcf")).unwrap();
    let called = desk.call(&["sync", "--json"]).exits(3);
    let run = called.json();
    let sync = sync_of(&run, "people");
    assert_eq!(sync["created"]["left"], 1, "{run}");
    let left: Vec<&str> = sync["quarantined"].as_array().unwrap().iter().map(|q| q["id"].as_str().unwrap()).collect();
    assert!(left.contains(&"friends/bad.vcf") && left.contains(&"friends/gone.vcf"), "{run}");
    assert!(sync["quarantined"].as_array().unwrap().iter().all(|q| q["side"] == "right" && !q["error"].as_str().unwrap().is_empty()));
    let people = desk.call(&["sync"]).exits(3);
    assert!(people.stdout.contains("bad.vcf"), "{people:?}");
    let status = desk.call(&["status", "--json"]).exits(0).json();
    assert_eq!(status["syncs"][0]["quarantined"].as_array().unwrap().len(), left.len(), "{status}");
    // Repaired, it is done, and nothing is left over.
    fs::remove_file(desk.path("contacts/friends/gone.vcf")).unwrap();
    desk.card("bad.vcf", &card("bad", "No", "Body", "2"));
    let run = desk.call(&["sync", "--json"]).exits(0).json();
    assert_eq!(sync_of(&run, "people")["created"]["left"], 1, "{run}");
    assert_eq!(desk.records("crm", "contacts").len(), 2);
}

#[test]
fn a_good_card_that_becomes_malformed_deletes_nothing() {
    let desk = Desk::new(TO_STORE);
    desk.card("ada.vcf", &card("ada", "Ada", "Lovelace", "1"));
    desk.sync();
    desk.card("ada.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada");
    let run = desk.call(&["sync", "--json"]).exits(3).json();
    assert_eq!(writes(&run), 0, "{run}");
    assert_eq!(desk.records("crm", "contacts").len(), 1);
}

#[test]
fn an_emptied_folder_is_held_until_it_is_approved() {
    let desk = Desk::new(&format!("{TO_STORE}deletes = \"delete\"\n"));
    for n in 0..5 {
        desk.card(&format!("{n}.vcf"), &card(&format!("u{n}"), "Ada", &format!("Number{n}"), &n.to_string()));
    }
    desk.sync();
    for n in 0..5 {
        fs::remove_file(desk.path(&format!("contacts/friends/{n}.vcf"))).unwrap();
    }
    let called = desk.call(&["sync"]).exits(4);
    assert!(called.stdout.contains("--approve"), "{called:?}");
    let run = desk.call(&["sync", "--json"]).exits(4).json();
    assert_eq!(writes(&run), 0, "{run}");
    assert_eq!(desk.records("crm", "contacts").len(), 5);
    let id = sync_of(&run, "people")["holds"][0]["approve"].as_str().unwrap().to_owned();
    assert!(called.stdout.contains(&id), "the id stays the same: {called:?}");
    let status = desk.call(&["status", "--json"]).exits(0).json();
    assert_eq!(status["syncs"][0]["approvals"][0]["id"], *id, "{status}");
    let run = desk.call(&["sync", "--json", "--approve", &id]).exits(0).json();
    assert_eq!(sync_of(&run, "people")["deleted"]["left"], 5, "{run}");
    assert!(desk.records("crm", "contacts").is_empty());
    assert!(desk.call(&["sync", "--approve", &id]).exits(2).stderr.contains("used up"));
    assert_eq!(writes(&desk.sync()), 0);
}

#[test]
fn a_vanished_folder_fails_its_sync_and_the_others_go_on() {
    let desk = Desk::new(&format!(
        "{TO_STORE}[accounts.more]\nconnector = \"vdir\"\npath = \"more\"\n[[syncs]]\nname = \"others\"\nkind = \"contacts\"\n\
         left = \"crm\"\nright = \"more\"\n"
    ));
    fs::create_dir_all(desk.path("more/book")).unwrap();
    desk.card("ada.vcf", &card("ada", "Ada", "Lovelace", "1"));
    desk.sync();
    desk.sync();
    fs::rename(desk.path("contacts"), desk.path("unmounted")).unwrap();
    desk.write("more/book/grace.vcf", &card("grace", "Grace", "Hopper", "2"));
    let called = desk.call(&["sync", "--json"]).exits(1);
    let run = called.json();
    assert!(sync_of(&run, "people")["failed"].as_str().unwrap().contains("is not there"), "{run}");
    assert!(called.stderr.contains("error: people: ") && called.stderr.lines().count() == 1, "{called:?}");
    assert_eq!(sync_of(&run, "others")["created"]["left"], 1, "{run}");
    assert_eq!(desk.records("crm", "contacts").len(), 2, "nothing was deleted");
    fs::rename(desk.path("unmounted"), desk.path("contacts")).unwrap();
    let run = desk.call(&["sync", "--json"]).exits(0).json();
    assert_eq!(sync_of(&run, "people")["created"]["right"], 1, "{run}");
    assert_eq!(writes(&desk.sync()), 0);
}

#[test]
fn a_second_process_says_that_the_first_runs_and_changes_nothing() {
    let desk = Desk::new(TO_STORE);
    for n in 0..3_000 {
        desk.card(&format!("{n}.vcf"), &card(&format!("u{n}"), "Ada", &format!("Number{n}"), &n.to_string()));
    }
    let mut first = desk.command(&["sync", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    // The first one has the lease as soon as its lock is there; until then the second may win it.
    let lock = || fs::read_dir(desk.path("")).unwrap().any(|e| e.unwrap().file_name().to_string_lossy().ends_with(".lock"));
    while !lock() {
        assert!(first.try_wait().unwrap().is_none(), "the first run ended before it began");
        std::thread::yield_now();
    }
    let second = desk.call(&["sync", "--json"]);
    let one = support::Called::from(first.wait_with_output().unwrap());
    // Whoever came second was told so; the other did the work.
    let (done, told) = if one.code == 0 { (one, second) } else { (second, one) };
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.json()["syncs"][0]["failed"].as_str().unwrap().contains("another run"), "{told:?}");
    assert_eq!(desk.records("crm", "contacts").len(), 3_000);
    assert_eq!(writes(&desk.sync()), 0);
}

#[test]
fn of_two_runs_started_at_once_one_works_and_the_other_names_it_and_nothing_is_double_or_lost() {
    // Two full folders that have nothing in common are what is meant here.
    let desk = folders("guards = { matches_nothing = 0, creates = { number = 1000000 } }\n");
    let sides = ["hub/all", "contacts/friends"];
    let (mut all, mut refused) = (Vec::new(), 0);
    // The two may by chance run one after the other, which is as good and no proof: then they are started again.
    for round in 0..10 {
        for (side, folder) in sides.iter().enumerate() {
            for n in 0..150 {
                let uid = format!("u{side}-{round}-{n:03}");
                desk.write(&format!("{folder}/{uid}.vcf"), &card(&uid, &format!("Given{side}{round}"), &format!("Number{n}"), "1"));
                all.push(uid);
            }
        }
        // And on each side an edit of what came to it from the other one.
        let came = |side: usize| format!("u{}-{}-000", 1 - side, round - 1);
        if round > 0 {
            for (side, folder) in sides.iter().enumerate() {
                let files = fs::read_dir(desk.path(folder)).unwrap().map(|e| format!("{folder}/{}", e.unwrap().file_name().display()));
                let file = files.into_iter().find(|file| desk.read(file).contains(&came(side))).unwrap();
                desk.write(&file, &desk.read(&file).replace("END:VCARD", "NOTE:edited\r\nEND:VCARD"));
            }
        }
        let start = || desk.command(&["sync", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let started = [start(), start()];
        let ids: Vec<_> = started.iter().map(std::process::Child::id).collect();
        let [one, two] = started.map(|run| support::Called::from(run.wait_with_output().unwrap()));
        let (done, other, id) = if one.code == 0 { (one, two, ids[0]) } else { (two, one, ids[1]) };
        done.exits(0);
        if other.code != 0 {
            let other = other.exits(1);
            let why = other.json()["syncs"][0]["failed"].as_str().unwrap().to_owned();
            assert!(why.contains("another run holds the component"), "{why}");
            // A holder that was put off between taking its lock and writing its number is told without it, and never by another one.
            assert!(!why.contains("process ") || why.contains(&format!("process {id})")), "{why}");
            assert_eq!(writes(&other.json()), 0, "{other:?}");
            assert!(other.stderr.contains("error: people: "), "{other:?}");
            refused += 1;
        }
        for (account, folder) in ["crm", "home"].into_iter().zip(sides) {
            // `records` fails on a duplicate.
            let records = desk.records(account, "contacts");
            assert_eq!(records.len(), all.len(), "{account}");
            assert!(all.iter().all(|uid| records.contains_key(uid)), "{account}");
            assert_eq!(fs::read_dir(desk.path(folder)).unwrap().count(), all.len(), "no file is left over, hidden ones neither");
            for side in (0..2).filter(|_| round > 0) {
                assert_eq!(records[&came(side)]["notes"], serde_json::json!(["edited"]), "{account}");
            }
        }
        assert_eq!(writes(&desk.sync()), 0);
        if refused > 0 && round > 0 {
            return;
        }
    }
    panic!("of ten times no run met another one");
}

#[test]
fn fields_shows_what_can_follow_what() {
    let desk = Desk::new(TO_STORE);
    desk.sync();
    let table = desk.call(&["fields", "crm", "home", "contacts"]).exits(0);
    assert!(table.stdout.lines().any(|l| l.contains("emails")), "{table:?}");
    let value = desk.call(&["fields", "crm", "home", "contacts", "--json"]).exits(0).json();
    let emails = value["fields"].as_array().unwrap().iter().find(|f| f["field"] == "emails").unwrap();
    assert_eq!(emails["follows"], "emails");
    assert_eq!(emails["left"]["write"], true);
}

#[test]
fn a_field_pair_of_the_configuration_is_followed() {
    let desk = folders("[[syncs.fields]]\nleft = \"notes\"\nright = \"\"\n");
    desk.card("ada.vcf", &card("ada", "Ada", "Lovelace", "1").replace("END:VCARD", "NOTE:stays here\r\nEND:VCARD"));
    desk.sync();
    assert!(!desk.read(&hub_file(&desk)).contains("stays here"));
    assert!(desk.read("contacts/friends/ada.vcf").contains("stays here"));
    assert_eq!(writes(&desk.sync()), 0);
}

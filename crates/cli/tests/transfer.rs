//! Import and export: every format, nothing twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use support::{Desk, TO_STORE, card};

const CALENDAR: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VEVENT\r\nUID:e1\r\nDTSTAMP:20240101T000000Z\r\n\
DTSTART:20240105T100000Z\r\nDTEND:20240105T110000Z\r\nRRULE:FREQ=WEEKLY;COUNT=4\r\nSUMMARY:Weekly\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:e1\r\n\
DTSTAMP:20240101T000000Z\r\nRECURRENCE-ID:20240112T100000Z\r\nDTSTART:20240112T120000Z\r\nDTEND:20240112T130000Z\r\nSUMMARY:Weekly later\r\n\
END:VEVENT\r\nBEGIN:VEVENT\r\nUID:e2\r\nDTSTAMP:20240101T000000Z\r\nDTSTART;VALUE=DATE:20240301\r\nSUMMARY:All day\r\nEND:VEVENT\r\n\
BEGIN:VTODO\r\nUID:t1\r\nDTSTAMP:20240101T000000Z\r\nSUMMARY:Do it\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";

#[test]
fn a_file_of_cards_is_imported_once_however_often() {
    let desk = Desk::new(TO_STORE);
    let mut cards: String = (0..250).map(|n| card(&format!("u{n}"), "Ada", &format!("Number{n}"), &n.to_string())).collect();
    // One without a uid: it gets one that follows from what it says.
    cards.push_str("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:No Uid\r\nN:Uid;No;;;\r\nTEL:99\r\nEND:VCARD\r\n");
    desk.write("all.vcf", &cards);
    for account in ["crm", "home"] {
        let first = desk.call(&["import", account, "contacts", "all.vcf", "--json"]).exits(0).json();
        assert_eq!((&first["read"], &first["created"]), (&251.into(), &251.into()), "{account}: {first}");
        let again = desk.call(&["import", account, "contacts", "all.vcf", "--json"]).exits(0).json();
        assert_eq!((&again["created"], &again["updated"], &again["unchanged"]), (&0.into(), &0.into(), &251.into()), "{account}: {again}");
        assert_eq!(desk.records(account, "contacts").len(), 251);
    }
    // What is in the store is in the folder too, by its uid: the sync joins them and makes nothing.
    let run = desk.sync();
    assert_eq!(run["syncs"][0]["linked"], 251, "{run}");
    assert_eq!(support::writes(&run), 0, "{run}");
}

#[test]
fn what_is_imported_is_known_as_imported_and_what_a_sync_makes_as_synced() {
    use pimkit::{App, ItemId, Kind, Provenance, local::Local};
    let desk = Desk::new(TO_STORE);
    desk.write("a.vcf", &card("u1", "Ada", "Lovelace", "1"));
    desk.call(&["import", "crm", "contacts", "a.vcf"]).exits(0);
    desk.card("grace.vcf", &card("u2", "Grace", "Hopper", "2"));
    desk.sync();
    let list = desk.call(&["list", "crm", "contacts", "--json"]).exits(0);
    let local = Local::open(desk.path("crm.db"), Default::default()).unwrap();
    for line in list.stdout.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let id = ItemId::from(value["id"].as_str().unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let facts = runtime.block_on(local.facts(Kind::Contact, &[id])).unwrap().remove(0).unwrap();
        let expected = if value["record"]["uid"] == "u1" { Provenance::Imported } else { Provenance::Synced };
        assert_eq!(facts.provenance, expected, "{value}");
    }
    assert_eq!(list.stdout.lines().count(), 2);
}

#[test]
fn a_changed_record_of_a_file_changes_the_one_that_is_there() {
    let desk = Desk::new(TO_STORE);
    desk.write("a.vcf", &card("u1", "Ada", "Lovelace", "1"));
    desk.call(&["import", "crm", "contacts", "a.vcf"]).exits(0);
    desk.write("a.vcf", &card("u1", "Ada", "Lovelace", "222"));
    let value = desk.call(&["import", "crm", "contacts", "a.vcf", "--json"]).exits(0).json();
    assert_eq!((&value["created"], &value["updated"]), (&0.into(), &1.into()), "{value}");
    assert_eq!(desk.records("crm", "contacts")["u1"]["phones"][0]["number"], "222");
}

#[test]
fn a_bad_record_of_a_file_is_told_and_the_others_are_imported() {
    let desk = Desk::new(TO_STORE);
    let good = "{\"uid\":\"a\",\"notes\":[\"x\"]}";
    desk.write("a.jsonl", &format!("{good}\nno json\n{{\"uid\":\"b\",\"notes\":[\"y\"]}}\n"));
    let called = desk.call(&["import", "crm", "contacts", "a.jsonl"]).exits(3);
    assert!(called.stdout.contains("2 contacts read: 2 created") && called.stdout.contains("line 2"), "{called:?}");
    assert_eq!(desk.records("crm", "contacts").len(), 2);
}

#[test]
fn what_is_exported_and_imported_elsewhere_is_the_same() {
    let desk = Desk::new(TO_STORE);
    desk.write("cal.ics", CALENDAR);
    let photo =
        "PHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==\r\n";
    desk.write("card.vcf", &card("u1", "Ada", "Lovelace", "1").replace("END:VCARD", &format!("{photo}END:VCARD")));
    desk.call(&["import", "crm", "contacts", "card.vcf"]).exits(0);
    let events = desk.call(&["import", "crm", "events", "cal.ics", "--json"]).exits(0).json();
    assert_eq!((&events["created"], &events["other"]), (&2.into(), &1.into()), "{events}");
    let tasks = desk.call(&["import", "crm", "tasks", "cal.ics", "--json"]).exits(0).json();
    assert_eq!((&tasks["created"], &tasks["other"]), (&1.into(), &2.into()), "{tasks}");
    desk.write("other.toml", &TO_STORE.replace("crm.db", "other.db"));
    let others = |args: &[&str]| desk.call(&[args, &["-c", "other.toml"]].concat());
    for (kind, files) in [("contacts", ["x.vcf", "x.jsonl"]), ("events", ["e.ics", "e.jsonl"]), ("tasks", ["t.ics", "t.jsonl"])] {
        let [text, lines] = files;
        for file in files {
            let value = desk.call(&["export", "crm", kind, file, "--json"]).exits(0).json();
            assert_eq!(value["written"].as_u64().unwrap() as usize, desk.records("crm", kind).len(), "{value}");
        }
        others(&["import", "crm", kind, text]).exits(0);
        others(&["export", "crm", kind, "again.jsonl"]).exits(0);
        let sorted = |file: &str| {
            let mut records: Vec<serde_json::Value> = desk.read(file).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
            for record in &mut records {
                // When it was made and changed is the store's own; so is the name of a blob.
                let map = record.as_object_mut().unwrap();
                map.remove("created");
                map.remove("updated");
                if let Some(photo) = map.get_mut("photo").and_then(|p| p.as_object_mut()) {
                    photo.remove("id");
                }
            }
            records.sort_by_key(|r| r["uid"].to_string());
            records
        };
        assert_eq!(sorted("again.jsonl"), sorted(lines), "{kind}");
        // And into the account that it came from, nothing changes.
        let value = desk.call(&["import", "crm", kind, text, "--json"]).exits(0).json();
        assert_eq!((&value["created"], &value["updated"]), (&0.into(), &0.into()), "{kind}: {value}");
    }
}

#[test]
fn a_photo_that_a_line_of_json_cannot_hold_is_counted() {
    let desk = Desk::new(TO_STORE);
    let photo = "PHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgo=\r\nEND:VCARD";
    let with_photo = card("u1", "Ada", "Lovelace", "1").replace("END:VCARD", photo);
    desk.write("cards.vcf", &format!("{with_photo}{}", card("u2", "Grace", "Hopper", "2")));
    desk.call(&["import", "crm", "contacts", "cards.vcf"]).exits(0);
    let left_out = "1 photos of 1 contacts: .jsonl holds no bytes; a .vcf file holds them";
    let people = desk.call(&["export", "crm", "contacts", "x.jsonl"]).exits(0);
    assert!(people.stdout.contains("2 contacts written") && people.stdout.contains(&format!("left out: {left_out}")), "{people:?}");
    let value = desk.call(&["export", "crm", "contacts", "x.jsonl", "--json"]).exits(0).json();
    assert_eq!((&value["written"], &value["left_out"]), (&2.into(), &serde_json::json!([left_out])), "{value}");
    let value = desk.call(&["export", "crm", "contacts", "x.vcf", "--json"]).exits(0).json();
    assert_eq!(value["left_out"], serde_json::json!([]), "{value}");
    assert!(desk.call(&["export", "--help"]).exits(0).stdout.contains("no photos"));
}

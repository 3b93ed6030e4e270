//! An account at a CalDAV and CardDAV server, from end to end: the program against `pimkit simulate`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use serde_json::Value;
use std::process::Command;
use support::{Called, Desk, card, server::Server, writes};

/// A desk whose server holds two cards, an event and a task.
struct Remote {
    desk: Desk,
    server: Option<Server>,
}

const CALENDAR: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VEVENT\r\nUID:e1\r\nDTSTAMP:20240101T000000Z\r\n\
DTSTART:20240105T100000Z\r\nDTEND:20240105T110000Z\r\nRRULE:FREQ=WEEKLY;COUNT=4\r\nSUMMARY:Weekly\r\nEND:VEVENT\r\nBEGIN:VTODO\r\n\
UID:t1\r\nDTSTAMP:20240101T000000Z\r\nSUMMARY:Do it\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";

fn config(url: &str, syncs: &str) -> String {
    format!(
        "state = \"sync.db\"\n[accounts.crm]\nconnector = \"local\"\npath = \"crm.db\"\n[accounts.home]\nconnector = \"vdir\"\n\
         path = \"contacts\"\n[accounts.dav]\nconnector = \"dav\"\nurl = \"{url}\"\nuser = \"alice\"\n\
         password = {{ env = \"PIMKIT_TEST_PASSWORD\" }}\n{syncs}"
    )
}

fn sync(name: &str, kind: &str, left: &str) -> String {
    format!("[[syncs]]\nname = \"{name}\"\nkind = \"{kind}\"\nleft = \"{left}\"\nright = \"dav\"\n")
}

impl Remote {
    fn new(syncs: &str) -> Self {
        let desk = Desk::new("");
        desk.write("in/Friends/ada.vcf", &card("ada", "Ada", "Lovelace", "1"));
        desk.write("in/Friends/grace.vcf", &card("grace", "Grace", "Hopper", "2"));
        desk.write("in/Work/work.ics", CALENDAR);
        let server = Server::start(&desk, &["--load", "in"]);
        desk.write("pimkit.toml", &config(&server.url(), syncs));
        Self { desk, server: Some(server) }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.desk.command(args);
        command.env("PIMKIT_TEST_PASSWORD", "secret");
        command
    }

    fn call(&self, args: &[&str]) -> Called {
        self.command(args).output().unwrap().into()
    }

    fn sync(&self) -> Value {
        self.call(&["sync", "--json"]).exits(0).json()
    }

    fn names(&self, account: &str, kind: &str) -> Vec<String> {
        let list = self.call(&["list", account, kind, "--json"]).exits(0);
        let of = |line: &str| {
            let value: Value = serde_json::from_str(line).unwrap();
            let record = &value["record"];
            let name = record["title"].as_str().or(record["name"]["full"].as_str()).or(record["name"]["surname"].as_str());
            name.unwrap_or_default().to_owned()
        };
        let mut names: Vec<String> = list.stdout.lines().map(of).collect();
        names.sort();
        names
    }
}

#[test]
fn the_first_sync_brings_both_together_and_the_second_asks_little_and_writes_nothing() {
    let syncs = [sync("people", "contacts", "crm"), sync("appointments", "events", "crm"), sync("to-dos", "tasks", "crm")].concat();
    let remote = Remote::new(&syncs);
    remote.desk.write("own.vcf", &card("alan", "Alan", "Turing", "3"));
    remote.call(&["import", "crm", "contacts", "own.vcf"]).exits(0);
    let plan = remote.call(&["plan", "--json"]).exits(0);
    assert!(plan.stdout.contains("create"), "{plan:?}");
    let first = remote.sync();
    let created: Vec<(u64, u64)> = first["syncs"].as_array().unwrap().iter().map(|s| pair(&s["created"])).collect();
    assert_eq!(created, [(2, 1), (1, 0), (1, 0)], "{first}");
    let second = remote.sync();
    assert_eq!(writes(&second), 0, "{second}");
    let asked = second["requests"]["right"].as_u64().unwrap();
    println!("requests of a sync that finds nothing new, three kinds: {asked}; of the first one: {}", first["requests"]["right"]);
    assert!(asked <= 20, "{second}");
    for (kind, names) in
        [("contacts", &["Ada Lovelace", "Alan Turing", "Grace Hopper"][..]), ("events", &["Weekly"]), ("tasks", &["Do it"])]
    {
        assert_eq!(remote.names("dav", kind), names);
        assert_eq!(remote.names("crm", kind), names);
    }
    let status = remote.call(&["status", "--json"]).exits(0);
    assert!(status.stdout.contains("people"), "{status:?}");
    let fields = remote.call(&["fields", "crm", "dav", "contacts", "--json"]).exits(0).json();
    assert!(fields["fields"].as_array().unwrap().iter().any(|f| f["field"] == "emails" && f["follows"] == "emails"), "{fields}");
}

fn pair(counts: &Value) -> (u64, u64) {
    (counts["left"].as_u64().unwrap(), counts["right"].as_u64().unwrap())
}

#[test]
fn a_folder_and_a_server_follow_each_other() {
    let remote = Remote::new(&sync("cards", "contacts", "home"));
    remote.desk.card("alan.vcf", &card("alan", "Alan", "Turing", "3"));
    assert_eq!(pair(&remote.sync()["syncs"][0]["created"]), (2, 1));
    assert_eq!(writes(&remote.sync()), 0);
    remote.desk.card("alan.vcf", &card("alan", "Alan", "Turing", "44"));
    assert_eq!(pair(&remote.sync()["syncs"][0]["updated"]), (0, 1));
    remote.call(&["export", "dav", "contacts", "out.vcf"]).exits(0);
    assert!(remote.desk.read("out.vcf").contains("44"));
}

#[test]
fn what_is_exported_from_a_server_is_imported_into_it_without_a_change() {
    let remote = Remote::new("");
    for (kind, file, count) in [("contacts", "c.vcf", 2), ("events", "e.ics", 1), ("tasks", "t.ics", 1), ("contacts", "c.jsonl", 2)] {
        let out = remote.call(&["export", "dav", kind, file, "--json"]).exits(0).json();
        assert_eq!(out["written"], count, "{file}: {out}");
        let again = remote.call(&["import", "dav", kind, file, "--json"]).exits(0).json();
        assert_eq!((&again["created"], &again["updated"]), (&0.into(), &0.into()), "{file}: {again}");
    }
    remote.desk.write("new.vcf", &card("alan", "Alan", "Turing", "3"));
    let new = remote.call(&["import", "dav", "contacts", "new.vcf", "--collection", "Friends", "--json"]).exits(0).json();
    assert_eq!(new["created"], 1, "{new}");
    assert_eq!(remote.names("dav", "contacts"), ["Ada Lovelace", "Alan Turing", "Grace Hopper"]);
}

#[test]
fn a_wrong_password_is_one_clear_line_and_changes_nothing() {
    let remote = Remote::new(&sync("people", "contacts", "crm"));
    remote.sync();
    for args in [&["sync"][..], &["list", "dav", "contacts"], &["plan"]] {
        let called: Called = remote.command(args).env("PIMKIT_TEST_PASSWORD", "hunter2").output().unwrap().into();
        let called = called.exits(1);
        assert!(called.stderr.contains("refuses the credentials") && called.stderr.lines().count() == 1, "{called:?}");
        assert!(!format!("{called:?}").contains("hunter2"), "{called:?}");
    }
    assert_eq!(remote.names("crm", "contacts"), ["Ada Lovelace", "Grace Hopper"]);
    assert_eq!(writes(&remote.sync()), 0);
}

#[test]
fn a_server_that_is_gone_deletes_nothing_and_all_is_there_when_it_is_back() {
    let mut remote = Remote::new(&sync("people", "contacts", "crm"));
    remote.sync();
    let server = remote.server.take().unwrap();
    let address = server.address();
    server.cut();
    let gone = remote.call(&["sync"]).exits(1);
    assert!(gone.stderr.contains("people: ") && gone.stderr.contains("no connection"), "{gone:?}");
    assert_eq!(remote.names("crm", "contacts"), ["Ada Lovelace", "Grace Hopper"]);
    // Back, with what it had: its sync tokens are not the ones that it gave out.
    remote.server = Some(Server::start(&remote.desk, &["--load", "in", "--listen", &address]));
    assert_eq!(writes(&remote.sync()), 0);
    assert_eq!(remote.names("dav", "contacts"), ["Ada Lovelace", "Grace Hopper"]);
    // Back, and empty: that is told, not followed.
    remote.server.take().unwrap().cut();
    remote.server = Some(Server::start(&remote.desk, &["--listen", &address]));
    let empty = remote.call(&["sync", "--json"]).exits(3);
    assert!(writes(&empty.json()) == 0 && empty.stdout.contains("the collection is not there any more"), "{empty:?}");
    assert_eq!(remote.names("crm", "contacts"), ["Ada Lovelace", "Grace Hopper"]);
}

#[test]
fn a_sync_through_faults_loses_nothing_and_makes_nothing_twice() {
    let mut remote = Remote::new(&sync("people", "contacts", "home"));
    let plan = [
        ("PUT", "nth = 2", "do = \"reset_after\""),
        ("PUT", "nth = 4", "do = \"status_after\"\ncode = 502"),
        ("REPORT", "nth = 2", "do = \"truncate\"\nbytes = 200"),
    ];
    let rules = plan.map(|(method, when, what)| format!("[[rules]]\nmethod = \"{method}\"\n{when}\n{what}\n"));
    remote.desk.write("plan.toml", &rules.concat());
    let address = remote.server.take().map(|s| s.address()).unwrap();
    remote.server = Some(Server::start(&remote.desk, &["--load", "in", "--faults", "plan.toml", "--listen", &address]));
    for n in 0..6 {
        remote.desk.card(&format!("{n}.vcf"), &card(&format!("u{n}"), "Alan", &format!("Number{n}"), &n.to_string()));
    }
    // One that both have: without, two full sides that match nothing would be held.
    remote.desk.card("ada.vcf", &card("ada", "Ada", "Lovelace", "1"));
    let first = remote.call(&["sync", "--json"]);
    assert!([0, 3].contains(&first.code), "{first:?}");
    remote.sync();
    assert_eq!(writes(&remote.sync()), 0);
    for account in ["home", "dav"] {
        assert_eq!(remote.names(account, "contacts").len(), 8, "{account}");
    }
}

#[test]
fn what_the_configuration_says_wrongly_of_a_server_is_told_with_its_line_and_shows_no_secret() {
    let remote = Remote::new("");
    let good = remote.desk.read("pimkit.toml");
    let secret = "password = { env = \"PIMKIT_TEST_PASSWORD\" }";
    for (from, to, says) in [
        (secret, "password = \"hunter2\"", "holds a secret itself"),
        (secret, "password = { env = \"PIMKIT_NO_SUCH\" }", "a variable that is not set"),
        (secret, "password = { file = \"nowhere\" }", "a file that cannot be read"),
        (secret, "pasword = { env = \"PIMKIT_TEST_PASSWORD\" }", "pimkit.toml:12: unknown key \"pasword\""),
        (secret, "", "\"password\""),
        ("user = \"alice\"", "user = 5", "pimkit.toml:11: \"user\""),
        ("user = \"alice\"", "server = \"exchange\"", "\"server\""),
        ("url = \"http:", "url = \"gopher:", "https://dav.example.org/"),
    ] {
        let text = good.replace(from, to);
        assert_ne!(text, good, "{from}");
        remote.desk.write("pimkit.toml", &text);
        let called = remote.call(&["list", "dav", "contacts"]).exits(2);
        let line = &called.stderr;
        assert!(line.contains(says) && line.contains("pimkit.toml:") && line.lines().count() == 1, "{to}: {called:?}");
        assert!(!format!("{called:?}").contains("hunter2"), "{called:?}");
    }
}

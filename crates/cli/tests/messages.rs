//! Whatever a user can get wrong: one line that says what, where and what to do, the documented exit code, and nothing
//! changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::fs;
use support::{Desk, TO_STORE, card};

/// What is prepared, what is called, how it ends, what it says.
type Case = (&'static str, fn(&Desk), &'static [&'static str], i32, &'static [&'static str]);

fn config(desk: &Desk, from: &str, to: &str) {
    let text = TO_STORE.replace(from, to);
    assert_ne!(text, TO_STORE, "{from}");
    desk.write("pimkit.toml", &text);
}

const CASES: &[Case] = &[
    ("no command", |_| {}, &[], 2, &["no command", "--help"]),
    ("unknown command", |_| {}, &["snyc"], 2, &["snyc", "--help"]),
    ("unknown option", |_| {}, &["sync", "--force"], 2, &["--force", "--help"]),
    ("a field of a record that nobody knows", |_| {}, &["why", "nobody", "notes"], 2, &["\"notes\"", "\"nobody\"", "pimkit history"]),
    ("undo of a run that was not", |_| {}, &["undo", "7"], 2, &["there was no run 7", "pimkit history"]),
    ("undo of no number", |_| {}, &["undo", "last"], 2, &["last", "--help"]),
    ("release of a run that was not", |_| {}, &["release", "7"], 2, &["there was no run 7", "pimkit history"]),
    ("pause of an unknown sync", |_| {}, &["pause", "peple"], 2, &["peple", "people"]),
    ("resume before the first run", |_| {}, &["resume", "people"], 2, &["has never run", "nothing to resume"]),
    ("rejection of what was not held", |_| {}, &["sync", "--reject", "deletes-0"], 2, &["--reject deletes-0", "pimkit status"]),
    ("decision on a side that there is not", |_| {}, &["conflicts", "--take", "both", "x"], 2, &["both", "left or right"]),
    ("decision without a record", |_| {}, &["conflicts", "--take", "left"], 2, &["RECORD", "--help"]),
    ("decision on what does not wait", |_| {}, &["conflicts", "--take", "left", "x"], 2, &["\"x\"", "pimkit conflicts"]),
    ("end of a sync that never ran", |_| {}, &["disable", "people"], 2, &["has never run", "nothing to end"]),
    ("unknown profile", |_| {}, &["profile", "show", "hubspot"], 2, &["hubspot", "zoho-google"]),
    (
        "export into a folder that is not there",
        |_| {},
        &["history", "--export", "nowhere/j.jsonl"],
        1,
        &["nowhere/j.jsonl", "name another file"],
    ),
    (
        "a user that the app store does not have",
        |d| config(d, "path = \"crm.db\"", "path = \"crm.db\"\nuser = \"ada\""),
        &["sync"],
        2,
        &["no such user"],
    ),
    ("unknown kind", |_| {}, &["list", "crm", "mails"], 2, &["mails", "contacts, events, tasks"]),
    ("missing argument", |_| {}, &["list"], 2, &["ACCOUNT", "--help"]),
    ("no configuration", |_| {}, &["sync", "-c", "nowhere.toml"], 2, &["nowhere.toml: there is no such configuration", "-c FILE"]),
    ("configuration is a folder", |_| {}, &["sync", "-c", "contacts"], 2, &["contacts: the configuration cannot be read"]),
    (
        "configuration is no text",
        |d| fs::write(d.path("pimkit.toml"), b"a = \"\xff\"").unwrap(),
        &["sync"],
        2,
        &["pimkit.toml: byte 5", "UTF-8"],
    ),
    ("bad TOML", |d| d.write("pimkit.toml", "state = \"sync.db\"\n[accounts.crm\n"), &["sync"], 2, &["pimkit.toml:2: this is no TOML"]),
    (
        "unknown key",
        |d| config(d, "path = \"crm.db\"", "paht = \"crm.db\""),
        &["sync"],
        2,
        &["pimkit.toml:4: unknown key \"paht\" in [accounts.crm]"],
    ),
    ("wrong type", |d| config(d, "\"sync.db\"", "5"), &["sync"], 2, &["pimkit.toml:1: \"state\" is of type integer"]),
    (
        "unknown connector",
        |d| config(d, "\"vdir\"", "\"carddav\""),
        &["sync"],
        2,
        &["pimkit.toml:6: there is no connector \"carddav\"", "local, vdir"],
    ),
    (
        "unknown account in a sync",
        |d| config(d, "left = \"crm\"", "left = \"crn\""),
        &["sync"],
        2,
        &["pimkit.toml:11: there is no account \"crn\"", "crm, home"],
    ),
    (
        "one account on both sides",
        |d| config(d, "right = \"home\"", "right = \"crm\""),
        &["sync"],
        2,
        &["pimkit.toml:12", "same account on both sides"],
    ),
    (
        "one folder under two names",
        |d| config(d, "connector = \"local\"\npath = \"crm.db\"", "connector = \"vdir\"\npath = \"./contacts/../contacts\""),
        &["sync"],
        2,
        &["pimkit.toml:12", "same account on both sides"],
    ),
    (
        "two syncs of one name",
        |d| d.write("pimkit.toml", &format!("{TO_STORE}{}", &TO_STORE[TO_STORE.find("[[").unwrap()..])),
        &["sync"],
        2,
        &["two syncs named \"people\""],
    ),
    (
        "kind that the connector has not",
        |d| config(d, "kind = \"contacts\"", "kind = \"messages\""),
        &["sync"],
        2,
        &["pimkit.toml:12", "\"vdir\" has no messages"],
    ),
    (
        "profile that there is not",
        |d| config(d, "right = \"home\"", "right = \"home\"\nprofile = \"sel\""),
        &["sync"],
        2,
        &["pimkit.toml:13: there is no profile \"sel\"; there are: sell"],
    ),
    (
        "policies that do not go together",
        |d| config(d, "right = \"home\"", "right = \"home\"\nconflicts = \"organiser\""),
        &["sync"],
        2,
        &["pimkit.toml:13", "conflicts = organiser is for events"],
    ),
    (
        "policy word that there is not",
        |d| config(d, "right = \"home\"", "right = \"home\"\ndeletes = \"burn\""),
        &["sync"],
        2,
        &["pimkit.toml:13", "\"burn\"", "ignore, ask, trash, delete"],
    ),
    (
        "field that there is not",
        |d| d.write("pimkit.toml", &format!("{TO_STORE}[[syncs.fields]]\nleft = \"nose\"\nright = \"notes\"\n")),
        &["sync"],
        2,
        &["pimkit.toml:14", "nose", "pimkit fields"],
    ),
    (
        "missing folder",
        |d| fs::remove_dir_all(d.path("contacts")).unwrap(),
        &["sync"],
        2,
        &["pimkit.toml:5: account \"home\"", "contacts is not there"],
    ),
    (
        "folder that is a file",
        |d| config(d, "path = \"contacts\"", "path = \"pimkit.toml\""),
        &["sync"],
        2,
        &["pimkit.toml:5: account \"home\"", "is no folder"],
    ),
    (
        "collection that there is not",
        |d| config(d, "right = \"home\"", "right = \"home\"\ncollections = [\"friends\", \"foes\"]"),
        &["sync"],
        2,
        &["pimkit.toml:13: collections: account \"home\" has no collection \"foes\" of contacts; there are: friends"],
    ),
    (
        "collection that there is not in a store that is to be made",
        |d| config(d, "right = \"home\"", "right = \"home\"\nleft_collections = [\"peopel\"]"),
        &["plan"],
        2,
        &["pimkit.toml:13: left_collections: account \"crm\" has no collection \"peopel\" of contacts; there are: ", "Companies"],
    ),
    ("missing folder of the app store", |d| config(d, "crm.db", "no/crm.db"), &["sync"], 2, &["account \"crm\"", "no folder ./no"]),
    ("app store that is a folder", |d| config(d, "crm.db", "contacts/friends"), &["sync"], 2, &["account \"crm\"", "is a folder"]),
    (
        "app store that is something else",
        |d| d.write("crm.db", "this is no database, whatever its name says, and quite long too"),
        &["sync"],
        2,
        &["account \"crm\"", "crm.db"],
    ),
    ("missing folder of the state", |d| config(d, "sync.db", "no/sync.db"), &["sync"], 2, &["state", "no folder ./no"]),
    ("state that is a folder", |d| config(d, "sync.db", "contacts"), &["sync"], 2, &["state", "is a folder"]),
    (
        "state that is something else",
        |d| d.write("sync.db", "this is no database, whatever its name says, and quite long too"),
        &["sync"],
        2,
        &["state", "not a state file of pimkit", "sync.db"],
    ),
    ("no state in the configuration", |d| config(d, "state = \"sync.db\"\n", ""), &["sync"], 2, &["\"state\" is missing", "sync.db"]),
    ("nothing to sync", |d| d.write("pimkit.toml", "state = \"sync.db\""), &["sync"], 2, &["nothing to sync", "[[syncs]]"]),
    ("unknown sync", |_| {}, &["sync", "--sync", "peopel"], 2, &["no sync \"peopel\"", "people"]),
    ("unknown sync in the history", |_| {}, &["history", "--sync", "peopel"], 2, &["no sync \"peopel\"", "people"]),
    ("unknown account", |_| {}, &["list", "hom", "contacts"], 2, &["no account \"hom\"", "crm, home"]),
    ("list of a kind that the connector has not", |_| {}, &["list", "home", "users"], 2, &["\"vdir\" has no users"]),
    (
        "list of a collection that there is not",
        |_| {},
        &["list", "home", "contacts", "--collection", "foes"],
        2,
        &["no collection \"foes\"", "friends"],
    ),
    ("list of a store that is not there", |_| {}, &["list", "crm", "contacts"], 2, &["no app store at ./crm.db"]),
    ("fields of a store that is not there", |_| {}, &["fields", "crm", "home", "contacts"], 2, &["no app store at ./crm.db"]),
    ("approval that there is not", |_| {}, &["sync", "--approve", "abc"], 2, &["--approve abc", "pimkit status"]),
    ("import of a file that is not there", |_| {}, &["import", "crm", "contacts", "x.vcf"], 2, &["x.vcf: cannot be read"]),
    ("import of an unknown format", |_| {}, &["import", "crm", "contacts", "pimkit.toml"], 2, &[".vcf, .ics or .jsonl"]),
    ("import of the wrong kind of file", |_| {}, &["import", "crm", "events", "x.vcf"], 2, &[".ics or .jsonl"]),
    ("import of a file that is no card", |d| d.write("x.vcf", "hello\n"), &["import", "crm", "contacts", "x.vcf"], 2, &["x.vcf: "]),
    ("export of a store that is not there", |_| {}, &["export", "crm", "contacts", "x.vcf"], 2, &["no app store at ./crm.db"]),
    ("export into a folder that is not there", |_| {}, &["export", "home", "contacts", "no/x.vcf"], 2, &["no folder no"]),
    (
        "export over a folder",
        |d| fs::create_dir(d.path("x.vcf")).unwrap(),
        &["export", "home", "contacts", "x.vcf"],
        2,
        &["x.vcf is a folder"],
    ),
    ("quickstart in a foreign folder", |_| {}, &["quickstart", "--dir", "contacts"], 2, &["contacts: is not empty", "--dir DIR"]),
    ("quickstart on a file", |_| {}, &["quickstart", "--dir", "pimkit.toml"], 2, &["pimkit.toml: is no folder", "--dir DIR"]),
];

#[test]
fn what_a_user_gets_wrong_is_said_in_one_line_and_changes_nothing() {
    for (what, prepare, args, code, says) in CASES {
        let desk = Desk::new(TO_STORE);
        desk.card("ada.vcf", &card("1", "Ada", "Lovelace", "1"));
        prepare(&desk);
        let before = desk.snapshot();
        let called = desk.call(args);
        assert_eq!(called.code, *code, "{what}: {called:?}");
        assert_eq!(called.stdout, "", "{what}: {called:?}");
        assert_eq!(called.stderr.lines().count(), 1, "{what}: {called:?}");
        assert!(called.stderr.starts_with("error: "), "{what}: {called:?}");
        for part in *says {
            assert!(called.stderr.contains(part), "{what}: no {part:?} in {:?}", called.stderr);
        }
        assert_eq!(desk.snapshot(), before, "{what}: something was changed");
        // The same for programs: one object on standard output, and the line all the same.
        if args.first().is_some_and(|command| *command != "snyc") {
            let with_json: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
            let called = desk.call(&with_json);
            let value = called.json();
            assert_eq!(called.code, *code, "{what}: {called:?}");
            assert_eq!(value["error"]["exit"], *code, "{what}: {value}");
            assert!(called.stderr.contains(value["error"]["message"].as_str().unwrap()), "{what}: {called:?}");
            assert_eq!(desk.snapshot(), before, "{what}: something was changed");
        }
    }
}

#[test]
fn a_state_of_a_newer_version_is_refused_and_left_as_it_is() {
    let desk = Desk::new(TO_STORE);
    desk.sync();
    // SQLite keeps the version of the schema in its header (https://www.sqlite.org/fileformat.html, section 1.3).
    let mut bytes = fs::read(desk.path("sync.db")).unwrap();
    bytes[60..64].copy_from_slice(&1_000_000_u32.to_be_bytes());
    fs::write(desk.path("sync.db"), &bytes).unwrap();
    let before = desk.snapshot();
    for command in ["sync", "plan", "status", "history"] {
        let called = desk.call(&[command]).exits(2);
        assert!(called.stderr.contains("newer pimkit"), "{command}: {called:?}");
        assert_eq!(called.stderr.lines().count(), 1, "{called:?}");
        assert_eq!(desk.snapshot(), before, "{command}");
    }
}

#[test]
fn the_store_of_the_app_is_no_state_and_the_state_is_no_store() {
    let desk = Desk::new(TO_STORE);
    desk.sync();
    desk.write("swapped.toml", &TO_STORE.replace("crm.db", "x.db").replace("sync.db", "crm.db").replace("x.db", "sync.db"));
    let before = desk.snapshot();
    let called = desk.call(&["sync", "-c", "swapped.toml"]).exits(2);
    assert_eq!(called.stderr.lines().count(), 1, "{called:?}");
    assert_eq!(desk.snapshot(), before);
}

#[test]
fn help_and_version_end_well() {
    let desk = Desk::new(TO_STORE);
    for args in [&["--help"][..], &["--version"], &["sync", "--help"]] {
        let called = desk.call(args).exits(0);
        assert!(called.stdout.contains("pimkit"), "{called:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    use std::{io::Read, process::Stdio};
    let desk = Desk::new(TO_STORE);
    for n in 0..2_000 {
        desk.card(&format!("{n}.vcf"), &card(&n.to_string(), "Ada", &format!("Number{n}"), &n.to_string()));
    }
    let mut child = desk.command(&["list", "home", "contacts", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0_u8; 16];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

/// A sync of contacts between two accounts.
fn between(name: &str, left: &str, right: &str, more: &str) -> String {
    format!("[[syncs]]\nname = \"{name}\"\nkind = \"contacts\"\nleft = \"{left}\"\nright = \"{right}\"\n{more}")
}

/// What is joined, the syncs, and what the refusal says; none when they are run.
type Ring = (&'static str, Vec<String>, Option<&'static [&'static str]>);

#[test]
fn syncs_in_a_ring_are_refused_by_name_and_a_tree_of_them_is_run() {
    let accounts = "state = \"sync.db\"\n[accounts.crm]\nconnector = \"local\"\npath = \"crm.db\"\n[accounts.a]\nconnector = \"vdir\"\n\
         path = \"contacts\"\n[accounts.b]\nconnector = \"vdir\"\npath = \"b\"\n[accounts.again]\nconnector = \"vdir\"\n\
         path = \"b/../contacts\"\n[accounts.inner]\nconnector = \"vdir\"\npath = \"contacts/friends\"\n\
         [accounts.crm2]\nconnector = \"local\"\npath = \"./b/../crm.db\"\n";
    let (one, two) = (between("one", "crm", "a", ""), between("two", "crm", "b", ""));
    let friends = |of: &str| format!("{of} = [\"friends\"]\n");
    let cases: Vec<Ring> = vec![
        ("a tree", vec![one.clone(), two.clone()], None),
        ("a ring of three", vec![one.clone(), two.clone(), between("three", "a", "b", "")], Some(&["\"three\"", "\"one\"", "\"two\""])),
        ("there and back", vec![one.clone(), between("two", "a", "crm", "")], Some(&["\"two\"", "\"one\""])),
        ("the same twice", vec![one.clone(), between("two", "crm", "a", "")], Some(&["\"two\"", "\"one\""])),
        ("one folder under two names", vec![one.clone(), between("two", "crm", "again", "")], Some(&["\"two\"", "\"one\""])),
        ("a folder in the other", vec![one.clone(), between("two", "crm", "inner", "")], Some(&["\"two\"", "\"one\""])),
        ("one store under two names", vec![one.clone(), between("two", "crm2", "a", "")], Some(&["\"two\"", "\"one\""])),
        (
            "collections of their own",
            vec![between("one", "crm", "a", "collections = [\"foes\"]\n"), between("two", "crm", "a", &friends("collections"))],
            None,
        ),
        (
            "collections of their own, called by name and by id",
            vec![between("one", "crm", "a", "collections = [\"The foes\"]\n"), between("two", "crm", "a", "collections = [\"foes\"]\n")],
            Some(&["\"two\"", "\"one\""]),
        ),
        (
            "collections that overlap",
            vec![
                between("one", "crm", "a", "collections = [\"foes\", \"friends\"]\n"),
                between("two", "a", "crm", &friends("left_collections")),
            ],
            Some(&["\"two\"", "\"one\""]),
        ),
        (
            "collections of their own, and a way around",
            vec![
                between("one", "crm", "a", "collections = [\"foes\"]\n"),
                between("two", "crm", "a", &friends("collections")),
                between("three", "a", "b", ""),
            ],
            Some(&["\"three\" closes a ring", "\"one\"", "\"two\""]),
        ),
        ("other kinds", vec![one.clone(), one.replace("contacts", "events").replace("one", "two")], None),
    ];
    for (what, syncs, refused) in cases {
        let desk = Desk::new(&format!("{accounts}{}", syncs.concat()));
        fs::create_dir_all(desk.path("b/book")).unwrap();
        desk.write("contacts/foes/displayname", "The foes");
        desk.card("ada.vcf", &card("1", "Ada", "Lovelace", "1"));
        let before = desk.snapshot();
        let called = desk.call(&["sync"]);
        match refused {
            Some(says) => {
                assert_eq!((called.code, called.stdout.as_str(), called.stderr.lines().count()), (2, "", 1), "{what}: {called:?}");
                assert!(called.stderr.starts_with("error: pimkit.toml:"), "{what}: {called:?}");
                assert!(says.iter().all(|part| called.stderr.contains(part)), "{what}: {called:?}");
                assert_eq!(desk.snapshot(), before, "{what}: something was changed");
            }
            None => {
                assert_eq!(called.code, 0, "{what}: {called:?}");
                // What went from one sync into the store goes on to the others, and then there is an end to it.
                desk.sync();
                assert_eq!(support::writes(&desk.sync()), 0, "{what}");
            }
        }
    }
}

#[test]
fn a_collection_that_vanishes_after_a_run_is_a_note_of_the_run() {
    let desk = Desk::new(&format!("{TO_STORE}collections = [\"friends\"]\n"));
    desk.card("ada.vcf", &card("1", "Ada", "Lovelace", "1"));
    desk.sync();
    fs::rename(desk.path("contacts/friends"), desk.path("elsewhere")).unwrap();
    let run = desk.call(&["sync", "--json"]).exits(3).json();
    assert!(run["syncs"][0]["notes"][0].as_str().unwrap().contains("friends"), "{run}");
    assert_eq!(desk.records("crm", "contacts").len(), 1);
}

#[test]
fn a_store_that_is_gone_is_not_made_anew_while_the_state_knows_its_records() {
    let desk = Desk::new(TO_STORE);
    desk.card("ada.vcf", &card("1", "Ada", "Lovelace", "1"));
    desk.sync();
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::rename(desk.path(&format!("crm.db{suffix}")), desk.path(&format!("kept.db{suffix}")));
    }
    for command in ["sync", "plan"] {
        let called = desk.call(&[command]).exits(1);
        assert_eq!(called.stderr.lines().count(), 1, "{called:?}");
        for part in ["account \"crm\"", "no app store at ./crm.db", "1 records", "another state file"] {
            assert!(called.stderr.contains(part), "{part}: {called:?}");
        }
        assert!(!called.stdout.contains("no app store"), "said once: {called:?}");
        assert!(!desk.path("crm.db").exists());
    }
    assert!(desk.path("contacts/friends/ada.vcf").exists());
    // Another state knows nothing of it: it is made.
    desk.write("pimkit.toml", &TO_STORE.replace("sync.db", "other.db"));
    assert_eq!(support::writes(&desk.sync()), 1);
}

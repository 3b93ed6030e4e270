//! Links handed out and adopted by the program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use serde_json::Value;
use std::fs;
use support::{Desk, TO_STORE, card, writes};

fn lines(desk: &Desk, file: &str) -> Vec<Value> {
    desk.read(file).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn links_that_are_exported_are_adopted_by_a_new_state_and_nothing_is_written() {
    let desk = Desk::new(TO_STORE);
    // Five of one content: only their links tell which is which.
    for n in 0..5 {
        desk.card(&format!("{n}.vcf"), &card(&format!("u{n}"), "Ada", "Lovelace", "1"));
    }
    desk.sync();
    desk.call(&["links", "export", "links.jsonl"]).exits(0);
    let before = lines(&desk, "links.jsonl");
    assert_eq!(before.len(), 5);
    for line in &before {
        assert_eq!((line["sync"].as_str(), line["state"].as_str()), (Some("people"), Some("live")), "{line}");
        assert_eq!((line["origin"].as_str(), line["role"].as_str()), (Some("right"), Some("owner")), "{line}");
        assert!(["left_collection", "left", "right_collection", "right"].iter().all(|key| !line[*key].as_str().unwrap().is_empty()));
    }
    fs::remove_file(desk.path("sync.db")).unwrap();
    let adopted = desk.call(&["links", "import", "links.jsonl", "--json"]).exits(0).json();
    assert_eq!((adopted["syncs"][0]["adopted"].as_u64(), adopted["syncs"][0]["refused"].as_u64()), (Some(5), Some(0)), "{adopted}");
    let run = desk.sync();
    assert_eq!((writes(&run), run["syncs"][0]["linked"].as_u64()), (0, Some(5)), "{run}");
    desk.call(&["links", "export", "again.jsonl"]).exits(0);
    let pairs = |lines: &[Value]| {
        let mut pairs: Vec<String> = lines.iter().map(|l| format!("{} {}", l["left"], l["right"])).collect();
        pairs.sort();
        pairs
    };
    assert_eq!(pairs(&before), pairs(&lines(&desk, "again.jsonl")));
    // Once more: they are known.
    let again = desk.call(&["links", "import", "links.jsonl", "--json"]).exits(0).json();
    assert_eq!((again["syncs"][0]["adopted"].as_u64(), again["syncs"][0]["known"].as_u64()), (Some(0), Some(5)), "{again}");
}

#[test]
fn a_link_that_fits_nothing_is_refused_with_a_line_and_a_malformed_file_changes_nothing() {
    let desk = Desk::new(TO_STORE);
    desk.card("1.vcf", &card("u1", "Ada", "Lovelace", "1"));
    desk.sync();
    desk.call(&["links", "export", "links.jsonl"]).exits(0);
    let mut line = lines(&desk, "links.jsonl").remove(0);
    fs::remove_file(desk.path("sync.db")).unwrap();
    let good = line.to_string();
    line["left"] = "no such record".into();
    line["right"] = "nobody.vcf".into();
    desk.write("bad.jsonl", &format!("{good}\n\n{line}\n"));
    let called = desk.call(&["links", "import", "bad.jsonl"]).exits(3);
    assert!(called.stdout.contains("1 links adopted, 0 known already, 1 refused"), "{called:?}");
    assert!(called.stdout.contains("refused: no such record") && called.stdout.contains("does not know"), "{called:?}");
    for (text, says) in [
        ("{\"sync\": \"people\"}\n", "line 1: it is no link"),
        ("not json\n", "line 1: it is no link"),
        (&*good.replace("people", "nobody"), "has no sync \"nobody\""),
    ] {
        let before = desk.read("contacts/friends/1.vcf");
        desk.write("wrong.jsonl", &format!("{text}\n"));
        let called = desk.call(&["links", "import", "wrong.jsonl"]).exits(2);
        assert!(called.stderr.contains(says), "{says}: {called:?}");
        assert_eq!(desk.read("contacts/friends/1.vcf"), before);
    }
    desk.call(&["links", "import", "missing.jsonl"]).exits(2);
}

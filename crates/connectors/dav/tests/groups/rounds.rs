//! What rounds name.

use crate::{
    kit::{Kit, card, group, names, revision, said},
    models::kit,
};
use pimkit_core::{ChangeOptions, Connector, ErrorKind, Fetched, Position};
use pimkit_dav::Groups;
use pimkit_simulators::Personality;

const MODELS: [(&str, &str, &str); 3] = [("icloud", "apple", "g.vcf"), ("sabre", "kind", "g.vcf"), ("sogo", "list", "g.vlf")];

fn there(files: &[&str], group: &str) -> Vec<(String, &'static str)> {
    let mut all: Vec<_> = files.iter().map(|file| ((*file).to_owned(), "there")).collect();
    if !group.is_empty() {
        all.push((group.to_owned(), "other"));
    }
    all.sort();
    all
}

fn member(model: &str, letter: &str) -> String {
    if model == "list" { format!("{letter}.vcf") } else { format!("urn:uuid:uid-{letter}") }
}

#[tokio::test]
async fn a_group_that_another_program_changed_names_exactly_its_members() {
    for (server, model, file) in MODELS {
        let kit = kit(server, model, file);
        kit.contact("c.vcf", "uid-c");
        let (first, cursor) = kit.first().await;
        let before = revision(&kit, &first, "a.vcf").unwrap().clone();
        assert_eq!(before, kit.stored("a.vcf").await.revision, "{server}");
        for file in ["b.vcf", "c.vcf"] {
            assert_eq!(revision(&kit, &first, file), Some(&kit.stored(file).await.revision), "{server}");
        }
        // a leaves, b joins, c was never in.
        kit.put(file, &group(model, "uid-g", "Team", &[&member(model, "b")]));
        let (changes, cursor) = kit.next(&cursor).await;
        assert_eq!(said(&kit, &changes), there(&["a.vcf", "b.vcf"], file), "{server}");
        for (file, expected) in [("a.vcf", names(&[])), ("b.vcf", names(&["Team"]))] {
            let stored = kit.stored(file).await;
            assert_eq!((revision(&kit, &changes, file), stored.record.keywords), (Some(&stored.revision), expected), "{server}: {file}");
        }
        assert_ne!(revision(&kit, &changes, "a.vcf"), Some(&before), "{server}");
        // Another name is another category of all members.
        kit.put(file, &group(model, "uid-g", "Crew", &[&member(model, "b")]));
        let (changes, cursor) = kit.next(&cursor).await;
        assert_eq!(said(&kit, &changes), there(&["b.vcf"], file), "{server}");
        assert_eq!(kit.keywords("b.vcf").await, names(&["Crew"]), "{server}");
        // A new group.
        kit.put("n.vcf", &group(if model == "list" { "apple" } else { model }, "uid-n", "New", &["urn:uuid:uid-c"]));
        let (changes, cursor) = kit.next(&cursor).await;
        assert_eq!(said(&kit, &changes), there(&["c.vcf"], "n.vcf"), "{server}");
        assert_eq!(kit.keywords("c.vcf").await, names(&["New"]), "{server}");
        // A group that is gone is not named, its members are.
        kit.drop(file);
        let (changes, cursor) = kit.next(&cursor).await;
        assert_eq!(said(&kit, &changes), there(&["b.vcf"], ""), "{server}");
        assert_eq!(kit.keywords("b.vcf").await, names(&[]), "{server}");
        assert_eq!(kit.next(&cursor).await.0.len(), 0, "{server}");
    }
}

#[tokio::test]
async fn a_new_process_names_members_that_it_never_read() {
    for (server, model, file) in MODELS {
        let kit = kit(server, model, file);
        let (_, cursor) = kit.first().await;
        // One of them is nobody.
        kit.put(file, &group(model, "uid-g", "Team", &[&member(model, "b"), &member(model, "ghost")]));
        kit.pass();
        let other = kit.anew();
        let page = other.changes(&kit.book, Position::Since(&cursor), &ChangeOptions::default()).await.unwrap();
        kit.next(&cursor).await;
        assert_eq!(said(&kit, &page.changes), there(&["a.vcf", "b.vcf"], file), "{server}");
        for (file, expected) in [("a.vcf", names(&[])), ("b.vcf", names(&["Team"]))] {
            assert_eq!(revision(&kit, &page.changes, file), Some(&kit.stored(file).await.revision), "{server}");
            let fetched = other.fetch(&kit.book, &[kit.id(file)]).await.pop().unwrap();
            assert!(matches!(fetched, Fetched::Found(found) if found.record.keywords == expected), "{server}");
        }
    }
}

#[tokio::test]
async fn a_round_without_changes_costs_no_more_than_without_groups() {
    for (server, model, file) in MODELS {
        let kit = kit(server, model, file);
        let (_, mut cursor) = kit.first().await;
        for _ in 0..3 {
            kit.requests();
            let (changes, next) = kit.next(&cursor).await;
            assert!(changes.is_empty(), "{server}: {changes:?}");
            let asked = kit.requests();
            assert!(asked <= 1, "{server}: {asked} requests");
            cursor = next;
        }
        // In another process the cursor has the groups, so that the next fetch asks for the item alone.
        let other = kit.anew();
        other.changes(&kit.book, Position::Since(&cursor), &ChangeOptions::default()).await.unwrap();
        kit.requests();
        other.fetch(&kit.book, &[kit.id("a.vcf")]).await;
        assert_eq!(kit.requests(), 1, "{server}");
    }
}

#[tokio::test]
async fn a_round_with_a_change_costs_one_request_more() {
    for (server, model, file) in MODELS {
        let kit = kit(server, model, file);
        let (_, cursor) = kit.first().await;
        kit.put("b.vcf", &card("uid-b", &["NOTE:x"]));
        kit.requests();
        let (changes, cursor) = kit.next(&cursor).await;
        assert_eq!(said(&kit, &changes), there(&["b.vcf"], ""), "{server}");
        assert!(kit.requests() <= 2, "{server}");
        // Our own write is known, and costs none.
        kit.edit("b.vcf", |c| c.notes = vec!["y".into()]).await;
        kit.requests();
        kit.next(&cursor).await;
        assert!(kit.requests() <= 2, "{server}");
    }
}

#[tokio::test]
async fn a_contact_that_becomes_a_group_is_none_and_comes_back() {
    for server in ["icloud", "cyrus"] {
        let kit = kit(server, "apple", "g.vcf");
        let (_, cursor) = kit.first().await;
        kit.put("b.vcf", &group("apple", "uid-b", "B's", &["urn:uuid:uid-a"]));
        let (changes, cursor) = kit.next(&cursor).await;
        assert_eq!(said(&kit, &changes), there(&["a.vcf"], "b.vcf"), "{server}");
        assert_eq!(kit.keywords("a.vcf").await, names(&["B's", "Team"]), "{server}");
        assert!(matches!(kit.fetch("b.vcf").await, Fetched::OtherKind { .. }), "{server}");
        kit.contact("b.vcf", "uid-b");
        let (changes, cursor) = kit.next(&cursor).await;
        assert_eq!(said(&kit, &changes), there(&["a.vcf", "b.vcf"], ""), "{server}");
        assert_eq!(kit.keywords("a.vcf").await, names(&["Team"]), "{server}");
        // A contact that is gone is named as that.
        kit.drop("b.vcf");
        let (changes, _) = kit.next(&cursor).await;
        assert_eq!(said(&kit, &changes), [("b.vcf".to_owned(), "removed")], "{server}");
    }
}

#[tokio::test]
async fn a_contact_that_comes_after_its_group_is_in_it() {
    for server in ["icloud", "cyrus", "sabre"] {
        let kit = kit(server, "apple", "g.vcf");
        kit.put("g.vcf", &group("apple", "uid-g", "Team", &["urn:uuid:uid-late"]));
        let (_, cursor) = kit.first().await;
        kit.contact("late.vcf", "uid-late");
        let (changes, cursor) = kit.next(&cursor).await;
        let stored = kit.stored("late.vcf").await;
        assert_eq!(stored.record.keywords, names(&["Team"]), "{server}");
        assert_eq!(revision(&kit, &changes, "late.vcf"), Some(&stored.revision), "{server}");
        // It moves to another resource, as programs do that delete and make.
        kit.drop("late.vcf");
        kit.contact("later.vcf", "uid-late");
        let (changes, _) = kit.next(&cursor).await;
        let stored = kit.stored("later.vcf").await;
        assert_eq!(stored.record.keywords, names(&["Team"]), "{server}");
        assert_eq!(revision(&kit, &changes, "later.vcf"), Some(&stored.revision), "{server}");
    }
}

#[tokio::test]
async fn a_contact_with_another_uid_leaves_the_groups_of_the_one_before() {
    for server in ["icloud", "cyrus"] {
        let kit = kit(server, "apple", "g.vcf");
        let (_, cursor) = kit.first().await;
        kit.contact("a.vcf", "uid-other");
        let (changes, cursor) = kit.next(&cursor).await;
        let stored = kit.stored("a.vcf").await;
        assert_eq!((stored.record.keywords, revision(&kit, &changes, "a.vcf")), (names(&[]), Some(&stored.revision)), "{server}");
        kit.contact("a.vcf", "uid-a");
        let (changes, _) = kit.next(&cursor).await;
        let stored = kit.stored("a.vcf").await;
        assert_eq!((stored.record.keywords, revision(&kit, &changes, "a.vcf")), (names(&["Team"]), Some(&stored.revision)), "{server}");
    }
}

#[tokio::test]
async fn pages_of_the_server_lose_no_group() {
    let mut personality = Personality::cyrus();
    personality.sync.page = Some(3);
    let kit = Kit::with(personality, |config| config);
    for n in 0..8 {
        kit.contact(&format!("p{n}.vcf"), &format!("uid-{n}"));
    }
    kit.put("a-group.vcf", &group("apple", "uid-g", "Team", &["urn:uuid:uid-0", "urn:uuid:uid-7"]));
    let (first, cursor) = kit.first().await;
    assert_eq!(first.len(), 9);
    for n in [0, 7] {
        let file = format!("p{n}.vcf");
        assert_eq!(revision(&kit, &first, &file), Some(&kit.stored(&file).await.revision));
    }
    kit.put("a-group.vcf", &group("apple", "uid-g", "Team", &["urn:uuid:uid-1"]));
    for n in 2..7 {
        kit.put(&format!("p{n}.vcf"), &card(&format!("uid-{n}"), &["NOTE:x"]));
    }
    let (changes, _) = kit.next(&cursor).await;
    let all: Vec<String> = (0..8).map(|n| format!("p{n}.vcf")).collect();
    assert_eq!(said(&kit, &changes), there(&all.iter().map(String::as_str).collect::<Vec<_>>(), "a-group.vcf"));
}

#[tokio::test]
async fn a_cursor_without_groups_names_everything_and_one_with_them_is_not_for_cards() {
    let kit = kit("cyrus", "apple", "g.vcf");
    let cards =
        crate::common::simulated::account_as(&Personality::cyrus(), &kit.clock, crate::common::simulated::wire(&kit.simulator), |config| {
            config.groups(Groups::Cards)
        });
    let cards = cards.contacts().unwrap();
    let page = cards.changes(&kit.book, Position::Start, &ChangeOptions::default()).await.unwrap();
    assert_eq!(said(&kit, &page.changes).len(), 3);
    let pimkit_core::Next::Done { cursor, .. } = page.next else { panic!() };
    let (changes, cursor, complete) = kit.round(Some(&cursor)).await.unwrap();
    assert!(complete);
    assert_eq!(said(&kit, &changes), there(&["a.vcf", "b.vcf"], "g.vcf"));
    let error = cards.changes(&kit.book, Position::Since(&cursor), &ChangeOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CursorExpired);
    assert!(cards.categories().is_none());
}

#[tokio::test]
async fn a_list_is_no_contact_where_groups_are_cards_either() {
    let kit = kit("sogo", "list", "g.vlf");
    let wire = crate::common::simulated::wire(&kit.simulator);
    let cards = crate::common::simulated::account(&Personality::sogo(), &kit.clock, wire).contacts().unwrap();
    let fetched = cards.fetch(&kit.book, &[kit.id("g.vlf"), kit.id("a.vcf")]).await;
    assert!(matches!(&fetched[..], [Fetched::OtherKind { .. }, Fetched::Found(_)]), "{fetched:?}");
}

#[tokio::test]
async fn a_member_that_is_gone_is_not_named_again_while_its_group_keeps_it() {
    for server in ["icloud", "sabre", "sogo"] {
        let kit = kit(server, "apple", "g.vcf");
        kit.contact("c.vcf", "uid-c");
        let (_, cursor) = kit.first().await;
        kit.drop("a.vcf");
        let (changes, mut cursor) = kit.next(&cursor).await;
        assert_eq!(said(&kit, &changes), [("a.vcf".to_owned(), "removed")], "{server}");
        for n in 0..2 {
            kit.put("c.vcf", &card("uid-c", &[&format!("NOTE:{n}")]));
            let (changes, next) = kit.next(&cursor).await;
            assert_eq!(said(&kit, &changes), there(&["c.vcf"], ""), "{server}: round {n}");
            cursor = next;
        }
        // Nor when everything is listed: here what is gone is only absent.
        kit.drop("c.vcf");
        kit.put("g.vcf", &group("apple", "uid-g", "Team", &["urn:uuid:uid-a", "urn:uuid:uid-c"]));
        kit.first().await;
        kit.put("b.vcf", &card("uid-b", &["NOTE:x"]));
        let (_, cursor) = kit.first().await;
        kit.put("b.vcf", &card("uid-b", &["NOTE:y"]));
        let (changes, _) = kit.next(&cursor).await;
        assert_eq!(said(&kit, &changes), there(&["b.vcf"], ""), "{server}");
    }
}

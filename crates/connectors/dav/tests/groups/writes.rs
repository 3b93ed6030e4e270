//! Writes of contacts that join and leave groups.

use crate::{
    kit::{Kit, group, names, said},
    models::kit,
};
use pimkit_core::{Contact, Delete, ErrorKind, Mark, Outcome, Record, Stored, Write, WriteOptions};
use pimkit_simulators::Personality;

#[tokio::test]
async fn changes_of_one_batch_are_one_write_of_each_group() {
    for (server, model, file) in [("icloud", "apple", "g.vcf"), ("sabre", "kind", "g.vcf"), ("sogo", "list", "g.vlf")] {
        let kit = kit(server, model, file);
        kit.first().await;
        let people = (0..5).map(|n| Write::Create {
            mark: Mark::from(format!("m-{n}")),
            record: Contact::build(|c| {
                c.name.full = Some(format!("P {n}"));
                c.keywords = names(&["Team"]);
            }),
        });
        let mut writes: Vec<Write<Contact>> = people.collect();
        writes.push(kit.edition("a.vcf", |c| c.keywords.clear()).await);
        writes.push(kit.edition("b.vcf", |c| c.keywords = names(&["Team"])).await);
        kit.requests();
        let outcomes = kit.items.write(&kit.book, writes, &WriteOptions::default()).await;
        assert_eq!(kit.puts(file), 1, "{server}");
        kit.pass();
        for outcome in outcomes {
            let Outcome::Written { id, revision, left_out, .. } = outcome else { panic!("{server}: {outcome:?}") };
            assert!(left_out.is_empty(), "{server}: {left_out:?}");
            let name = id.as_str().rsplit('/').next().unwrap();
            let stored = kit.stored(name).await;
            assert_eq!(revision, Some(stored.revision), "{server}");
            assert_eq!(stored.record.keywords, if name == "a.vcf" { names(&[]) } else { names(&["Team"]) }, "{server}: {name}");
        }
    }
}

#[tokio::test]
async fn a_create_that_is_repeated_joins_once_and_makes_one_group() {
    for server in ["icloud", "sabre", "sogo"] {
        let kit = Kit::with(Personality::named(server).unwrap(), |config| match server {
            "sabre" => config.group_model(pimkit_formats::GroupModel::Kind),
            _ => config,
        });
        let record = Contact::build(|c| {
            c.name.full = Some("Ada".into());
            c.keywords = names(&["Team"]);
        });
        let file = kit.create("m-1", &["Team"]).await;
        let before = kit.simulator.list(kit.book.as_str()).len();
        for items in [kit.anew(), kit.anew()] {
            let again = Write::Create { mark: Mark::from("m-1"), record: record.clone() };
            let outcome = items.write(&kit.book, vec![again], &WriteOptions::default()).await.pop().unwrap();
            let Outcome::Written { now: Some(now), .. } = outcome else { panic!("{server}: {outcome:?}") };
            assert_eq!(now.record.keywords, names(&["Team"]), "{server}");
            kit.pass();
        }
        assert_eq!(kit.simulator.list(kit.book.as_str()).len(), before, "{server}");
        assert_eq!(kit.keywords(&file).await, names(&["Team"]), "{server}");
    }
}

#[tokio::test]
async fn a_group_that_another_program_made_meanwhile_is_joined_and_not_made_again() {
    for (server, model, file) in [("icloud", "apple", "g.vcf"), ("sabre", "kind", "g.vcf"), ("sogo", "list", "g.vlf")] {
        let kit = kit(server, model, file);
        kit.first().await;
        let theirs = file.replace('g', "theirs");
        kit.put(&theirs, &group(model, "uid-t", "Club", &[]));
        kit.edit("b.vcf", |c| c.keywords = names(&["Club"])).await;
        assert_eq!(kit.simulator.list(kit.book.as_str()).len(), 4, "{server}");
        let text = kit.text(&theirs);
        assert!(text.contains("uid-b") || text.contains(":b.vcf"), "{server}: {text}");
    }
}

#[tokio::test]
async fn a_group_with_another_name_by_now_keeps_its_place() {
    let kit = kit("cyrus", "apple", "g.vcf");
    kit.first().await;
    let made = kit.items.categories().unwrap().ensure(&kit.book, "Club").await.unwrap();
    let text = kit.simulator.get(made.id.as_str()).unwrap().1.replace("Club", "Casino");
    kit.simulator.put(made.id.as_str(), &text).unwrap();
    let again = kit.items.categories().unwrap().ensure(&kit.book, "Club").await.unwrap();
    assert_ne!(again.id, made.id);
    let listed = kit.items.categories().unwrap().list(&kit.book).await.unwrap();
    assert_eq!(listed.into_iter().map(|c| c.name).collect::<std::collections::BTreeSet<_>>(), names(&["Casino", "Club", "Team"]));
}

#[tokio::test]
async fn a_write_on_groups_that_changed_is_a_conflict_with_what_is_there() {
    let kit = kit("cyrus", "apple", "g.vcf");
    let (_, cursor) = kit.first().await;
    let stale = kit.edition("a.vcf", |c| c.notes = vec!["mine".into()]).await;
    let Stored { id, revision, .. } = kit.stored("a.vcf").await;
    kit.put("g.vcf", &group("apple", "uid-g", "Team", &[]));
    kit.next(&cursor).await;
    let delete = Write::Delete { id, revision, mode: Delete::Permanent };
    for write in [stale, delete] {
        let Outcome::Conflict { now: Some(now) } = kit.write(write).await else { panic!() };
        assert_eq!((now.record.keywords.clone(), now.revision.clone()), (names(&[]), kit.stored("a.vcf").await.revision));
    }
    assert!(!kit.text("a.vcf").contains("mine"));
}

#[tokio::test]
async fn a_write_that_does_not_know_the_uid_finds_it() {
    for (server, model, file) in [("icloud", "apple", "g.vcf"), ("sogo", "list", "g.vlf")] {
        let kit = kit(server, model, file);
        kit.first().await;
        for (contact, keywords) in [("b.vcf", names(&[" Team ", "Club"])), ("a.vcf", names(&[]))] {
            let Write::Update { id, revision, mut base, mut target, .. } = kit.edition(contact, |c| c.keywords = keywords.clone()).await
            else {
                panic!()
            };
            (base.uid, target.uid) = (None, None);
            let outcome = kit.write(Write::Update { id, revision, base, target, mark: None }).await;
            assert!(matches!(&outcome, Outcome::Written { left_out, .. } if left_out.is_empty()), "{server}: {outcome:?}");
        }
        assert_eq!((kit.keywords("a.vcf").await, kit.keywords("b.vcf").await), (names(&[]), names(&["Club", "Team"])), "{server}");
    }
}

#[tokio::test]
async fn a_contact_that_is_deleted_leaves_its_groups() {
    for (server, model, file) in [("icloud", "apple", "g.vcf"), ("sabre", "kind", "g.vcf"), ("sogo", "list", "g.vlf")] {
        let kit = kit(server, model, file);
        let (_, cursor) = kit.first().await;
        assert!(matches!(kit.delete("a.vcf").await, Outcome::Written { .. }), "{server}");
        assert!(!kit.text(file).contains("uid-a") && !kit.text(file).contains("a.vcf"), "{server}");
        let (changes, _) = kit.next(&cursor).await;
        assert_eq!(said(&kit, &changes), [("a.vcf".to_owned(), "removed"), (file.to_owned(), "other")], "{server}");
    }
}

#[tokio::test]
async fn a_contact_that_moves_is_in_the_groups_of_the_same_names() {
    for (server, model, file) in [("sabre", "kind", "g.vcf"), ("sogo", "list", "g.vlf")] {
        let kit = kit(server, model, file);
        kit.first().await;
        let second = pimkit_core::CollectionId::from(kit.simulator.make_addressbook("alice", "Second").unwrap());
        let Stored { id, revision, .. } = kit.stored("a.vcf").await;
        let outcome = kit.write(Write::Move { id, revision, to: second.clone() }).await;
        let Outcome::Written { id, revision, left_out, .. } = outcome else { panic!("{server}: {outcome:?}") };
        assert!(left_out.is_empty(), "{server}: {left_out:?}");
        let found = kit.items.fetch(&second, &[id]).await.pop().unwrap();
        let pimkit_core::Fetched::Found(found) = found else { panic!("{server}: {found:?}") };
        assert_eq!((found.record.keywords, Some(found.revision)), (names(&["Team"]), revision), "{server}");
        assert!(!kit.text(file).contains("uid-a"), "{server}");
    }
}

#[tokio::test]
async fn a_contact_that_moves_is_never_seen_without_its_groups() {
    // How the goal keeps them: not at all yet, or in a group of its own kind.
    for (server, model, file, there) in [
        ("sabre", "kind", "g.vcf", ""),
        ("sabre", "kind", "g.vcf", "kind"),
        ("cyrus", "apple", "g.vcf", "apple"),
        ("sogo", "list", "g.vlf", ""),
        ("sogo", "list", "g.vlf", "list"),
        ("sogo", "list", "g.vlf", "apple"),
    ] {
        let kit = kit(server, model, file);
        let second = pimkit_core::CollectionId::from(kit.simulator.make_addressbook("alice", "Second").unwrap());
        if !there.is_empty() {
            kit.simulator.put(&format!("{second}h.v{}", &file[3..]), &group(there, "uid-h", "Team", &[])).unwrap();
        }
        kit.first().await;
        let Stored { id, revision, .. } = kit.stored("a.vcf").await;
        let (goal, source, lost) = (format!("{second}a.vcf"), id.to_string(), std::sync::Arc::new(std::sync::Mutex::new(Vec::new())));
        let (group_here, group_there, seen) = (kit.path(file), second.to_string(), lost.clone());
        let is_in = |text: &str| text.contains("uid-a") || text.contains(":a.vcf");
        kit.hook(move |simulator, request| {
            let text = |path: &str| simulator.get(path).map(|(_, text)| text).unwrap_or_default();
            let here = simulator.get(&source).is_none() || is_in(&text(&group_here));
            let card = text(&goal);
            let joined = || simulator.list(&group_there).iter().any(|path| *path != goal && is_in(&text(path)));
            if !here || !card.is_empty() && !card.contains("CATEGORIES:Team") && !joined() {
                seen.lock().unwrap().push(request.method().to_string());
            }
            None
        });
        let outcome = kit.write(Write::Move { id, revision, to: second.clone() }).await;
        kit.unhook();
        assert!(lost.lock().unwrap().is_empty(), "{server} to {there}: {lost:?}");
        let Outcome::Written { id, revision, left_out, .. } = outcome else { panic!("{server} to {there}: {outcome:?}") };
        assert!(left_out.is_empty(), "{server} to {there}: {left_out:?}");
        let other = kit.anew();
        let found = other.fetch(&second, &[id]).await.pop().unwrap();
        let pimkit_core::Fetched::Found(found) = found else { panic!("{server}: {found:?}") };
        assert_eq!((found.record.keywords, Some(found.revision)), (names(&["Team"]), revision), "{server} to {there}");
        assert!(!is_in(&kit.text(file)), "{server} to {there}");
    }
}

#[tokio::test]
async fn a_contact_that_could_not_be_moved_is_in_no_group_of_the_goal() {
    let kit = kit("cyrus", "apple", "g.vcf");
    let second = pimkit_core::CollectionId::from(kit.simulator.make_addressbook("alice", "Second").unwrap());
    let theirs = format!("{second}h.vcf");
    kit.simulator.put(&theirs, &group("apple", "uid-h", "Team", &["urn:uuid:uid-z"])).unwrap();
    kit.first().await;
    let Stored { id, revision, .. } = kit.stored("a.vcf").await;
    kit.hook(|_, request| (request.method() == "MOVE").then(|| http::Response::builder().status(403).body(bytes::Bytes::new()).unwrap()));
    let outcome = kit.write(Write::Move { id, revision, to: second }).await;
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    let text = kit.simulator.get(&theirs).unwrap().1;
    assert!(text.contains("uid-z") && !text.contains("uid-a"), "{text}");
    assert_eq!(kit.keywords("a.vcf").await, names(&["Team"]));
}

#[tokio::test]
async fn a_contact_that_gets_another_name_by_its_move_takes_nobody_into_its_lists() {
    let kit = kit("sogo", "list", "g.vlf");
    let second = pimkit_core::CollectionId::from(kit.simulator.make_addressbook("alice", "Second").unwrap());
    kit.simulator.put(&format!("{second}a.vcf"), &crate::kit::card("uid-other", &[])).unwrap();
    kit.first().await;
    let Stored { id, revision, .. } = kit.stored("a.vcf").await;
    let outcome = kit.write(Write::Move { id, revision, to: second.clone() }).await;
    let Outcome::Written { id, left_out, .. } = outcome else { panic!("{outcome:?}") };
    assert!(left_out.is_empty(), "{left_out:?}");
    let found = kit.anew().fetch(&second, &[id, format!("{second}a.vcf").as_str().into()]).await;
    let keywords: Vec<_> =
        found.into_iter().map(|f| if let pimkit_core::Fetched::Found(f) = f { f.record.keywords } else { panic!("{f:?}") }).collect();
    assert_eq!(keywords, [names(&["Team"]), names(&[])]);
}

#[tokio::test]
async fn a_book_that_may_only_be_read_refuses() {
    let kit = kit("cyrus", "apple", "g.vcf");
    kit.simulator.set_read_only(kit.book.as_str(), true);
    kit.first().await;
    let write = kit.edition("b.vcf", |c| c.keywords = names(&["Team"])).await;
    let Outcome::Refused(error) = kit.write(write).await else { panic!() };
    let role = kit.items.categories().unwrap();
    let team = role.ensure(&kit.book, "Team").await.unwrap();
    for error in [
        error,
        role.ensure(&kit.book, "New").await.unwrap_err(),
        role.rename(&kit.book, &team.id, "New").await.unwrap_err(),
        role.remove(&kit.book, &team.id).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
    assert!(!kit.text("g.vcf").contains("uid-b"));
}

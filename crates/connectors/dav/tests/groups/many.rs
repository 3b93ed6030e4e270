//! Many members, answers that are lost or late, and what else servers do to group cards.

use crate::{
    common::Client,
    kit::{Kit, card, group, names, revision},
    models::stock,
};
use pimkit_core::{Change, Contact, ErrorKind, Outcome, Record, Write, WriteOptions};
use pimkit_simulators::{CollectionKind, Fault, FaultPlan, FaultRule, Personality};

/// Contacts of whom the even ones are in a group.
fn crowd(kit: &Kit, many: usize) {
    let members: Vec<String> = (0..many).step_by(2).map(|n| format!("urn:uuid:uid-{n}")).collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    for n in 0..many {
        kit.simulator.put(&kit.path(&format!("p{n}.vcf")), &card(&format!("uid-{n}"), &[])).unwrap();
    }
    kit.put("g.vcf", &group("apple", "uid-g", "Team", &members));
}

#[tokio::test]
async fn a_first_round_of_many_costs_a_request_for_each_fifty_members_or_contacts() {
    // A server that searches is asked for the groups, and for each fifty members; one that does not gives everything once.
    for (server, cost) in [("cyrus", 1 + 1 + 3), ("icloud", 1 + 5)] {
        let kit = Kit::of(server);
        crowd(&kit, 240);
        kit.items.collections().await.unwrap();
        kit.requests();
        let (changes, cursor) = kit.first().await;
        let asked = kit.requests();
        assert!(asked <= cost + 1, "{server}: {asked} requests");
        assert_eq!(changes.iter().filter(|change| matches!(change, Change::Listed { .. })).count(), 240, "{server}");
        for n in [0, 1, 118, 239] {
            let file = format!("p{n}.vcf");
            let stored = kit.stored(&file).await;
            assert_eq!(revision(&kit, &changes, &file), Some(&stored.revision), "{server}: {file}");
            assert_eq!(stored.record.keywords.len(), usize::from(n % 2 == 0), "{server}: {file}");
        }
        // More than are read one by one.
        for n in 0..60 {
            kit.simulator.put(&kit.path(&format!("p{n}.vcf")), &card(&format!("uid-{n}"), &["NOTE:x"])).unwrap();
        }
        kit.put("g.vcf", &group("apple", "uid-g", "Team", &["urn:uuid:uid-1", "urn:uuid:uid-200"]));
        let (changes, cursor) = kit.next(&cursor).await;
        let listed = changes.iter().filter(|change| matches!(change, Change::Listed { .. })).count();
        // The sixty, and of the others those who were in it.
        assert_eq!(listed, 60 + (60..240).filter(|n| n % 2 == 0 && *n != 200).count(), "{server}");
        assert_eq!((kit.keywords("p1.vcf").await, kit.keywords("p2.vcf").await), (names(&["Team"]), names(&[])), "{server}");
        assert!(kit.next(&cursor).await.0.is_empty(), "{server}");
    }
}

#[tokio::test]
async fn a_group_whose_answer_is_lost_is_written_once() {
    for (server, model, file) in [("icloud", "apple", "g.vcf"), ("sabre", "kind", "g.vcf"), ("sogo", "list", "g.vlf")] {
        for fault in [Fault::ResetBefore, Fault::ResetAfter, Fault::StatusAfter { code: 502 }] {
            let kit = Kit::of(server);
            stock(&kit, model, file);
            kit.first().await;
            kit.simulator.set_faults(FaultPlan::of([FaultRule::on("PUT", fault.clone()).at(file).times(1)]));
            kit.edit("b.vcf", |c| c.keywords = names(&["Team"])).await;
            assert_eq!(kit.keywords("b.vcf").await, names(&["Team"]), "{server} {fault:?}");
            let text = kit.text(file);
            let member = if model == "list" { ":b.vcf" } else { ":uid-b" };
            assert_eq!(text.matches(member).count(), 1, "{server} {fault:?}: {text}");
        }
    }
}

#[tokio::test]
async fn a_new_group_whose_answer_is_lost_is_made_once() {
    for server in ["icloud", "sogo"] {
        let kit = Kit::of(server);
        kit.contact("a.vcf", "uid-a");
        kit.first().await;
        kit.simulator.set_faults(FaultPlan::of([FaultRule::on("PUT", Fault::ResetAfter).at("pk_group").times(1)]));
        kit.edit("a.vcf", |c| c.keywords = names(&["Team"])).await;
        kit.simulator.set_faults(FaultPlan::default());
        assert_eq!(kit.simulator.list(kit.book.as_str()).len(), 2, "{server}");
        assert_eq!(kit.keywords("a.vcf").await, names(&["Team"]), "{server}");
    }
}

#[tokio::test]
async fn late_reads_take_nobody_out_of_a_group() {
    for server in ["icloud", "cyrus"] {
        let kit = Kit::of(server);
        stock(&kit, "apple", "g.vcf");
        let (_, cursor) = kit.first().await;
        kit.edit("b.vcf", |c| c.keywords = names(&["Team"])).await;
        kit.simulator.set_faults(FaultPlan::of([FaultRule::on("REPORT", Fault::LaggingReads { reports: 2 }).times(1)]));
        let (_, cursor) = kit.next(&cursor).await;
        assert_eq!(kit.keywords("b.vcf").await, names(&["Team"]), "{server}");
        kit.simulator.set_faults(FaultPlan::default());
        kit.next(&cursor).await;
        assert_eq!(kit.keywords("b.vcf").await, names(&["Team"]), "{server}");
    }
}

/// Servers that keep no group cards, and what they do instead.
const OTHERS: [(&str, Instead); 6] = [
    ("google-calendar", Instead::NoContacts),
    ("robur", Instead::NoContacts),
    // What a card says of a group is dropped when it is stored, so that the card is one of a person.
    ("ox", Instead::Categories),
    ("mailru", Instead::Categories),
    ("yahoo", Instead::Categories),
    // UIDs are given anew, so that a group that another program stored names nobody; groups of ours name whom they should.
    ("google-contacts", Instead::OwnGroups),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Instead {
    /// It has no address books.
    NoContacts,
    /// Cards carry the names.
    Categories,
    /// Groups hold whom we put into them.
    OwnGroups,
}

#[tokio::test]
async fn what_servers_without_group_cards_do_instead() {
    for (server, instead) in OTHERS {
        let personality = Personality::named(server).unwrap();
        if instead == Instead::NoContacts {
            let clock = pimkit_contract::FakeClock::default();
            let simulator = crate::common::simulated::simulator(personality.clone(), &clock);
            let books = simulator.collections("alice").into_iter().filter(|c| c.kind == CollectionKind::AddressBook).count();
            assert_eq!((books, simulator.make_addressbook("alice", "Book").is_some()), (0, false), "{server}");
            continue;
        }
        let kit = Kit::of(server);
        let wire = crate::common::simulated::wire(&kit.simulator);
        let theirs = Client(crate::common::simulated::account_as(&personality, &kit.clock, wire, |config| config));
        for (file, text) in [("a.vcf", card("uid-a", &[])), ("g.vcf", group("apple", "uid-g", "Team", &["urn:uuid:uid-a"]))] {
            // Google gives names itself.
            let (method, path) = if server == "google-contacts" { ("POST", kit.book.to_string()) } else { ("PUT", kit.path(file)) };
            let status = theirs.send(method, &path, &[("content-type", "text/vcard; charset=utf-8")], text).await;
            assert!((200..300).contains(&status), "{server}: {method} is {status}");
        }
        kit.first().await;
        let is_person = |path: &String| kit.simulator.get(path).is_some_and(|(_, text)| text.contains("Person uid-a"));
        let path = kit.simulator.list(kit.book.as_str()).into_iter().find(is_person).unwrap();
        let file = path.strip_prefix(kit.book.as_str()).unwrap();
        assert_eq!(kit.keywords(file).await, names(&[]), "{server}");
        kit.edit(file, |c| c.keywords = names(&["Club"])).await;
        assert_eq!(kit.text(file).contains("CATEGORIES:Club"), instead == Instead::Categories, "{server}");
        assert_eq!(kit.keywords(file).await, names(&["Club"]), "{server}");
        let seen = kit.anew().fetch(&kit.book, &[kit.id(file)]).await.pop();
        assert!(matches!(seen, Some(pimkit_core::Fetched::Found(seen)) if seen.record.keywords == names(&["Club"])), "{server}");
    }
}

#[tokio::test]
async fn a_group_that_the_server_names_itself_is_made_once() {
    for fault in [Fault::ResetAfter, Fault::StatusAfter { code: 502 }] {
        let kit = Kit::with(Personality::google_contacts(), |config| config.group_model(pimkit_formats::GroupModel::Apple));
        kit.contact("a.vcf", "uid-a");
        kit.first().await;
        kit.simulator.set_faults(FaultPlan::of([FaultRule::on("POST", fault.clone()).times(1)]));
        let write = kit.edition("a.vcf", |c| c.keywords = names(&["Team"])).await;
        let Outcome::Written { left_out, .. } = kit.write(write).await else { panic!("{fault:?}") };
        assert_eq!(
            left_out.iter().map(|(field, e)| (field.as_str(), e.kind())).collect::<Vec<_>>(),
            [("keywords", ErrorKind::Unavailable)],
            "{fault:?}"
        );
        assert_eq!(kit.simulator.list(kit.book.as_str()).len(), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn every_server_keeps_group_cards_as_categories() {
    for server in Personality::all().into_iter().map(|p| p.name).filter(|name| !OTHERS.iter().any(|(other, _)| other == name)) {
        for model in ["apple", "kind"] {
            let kit = Kit::of(&server);
            stock(&kit, model, "g.vcf");
            let (_, cursor) = kit.first().await;
            assert_eq!(kit.keywords("a.vcf").await, names(&["Team"]), "{server}");
            kit.edit("b.vcf", |c| c.keywords = names(&["Team"])).await;
            kit.edit("a.vcf", |c| c.keywords.clear()).await;
            let made = kit.create("m-1", &["Team", "Club"]).await;
            kit.next(&cursor).await;
            let other = kit.anew();
            let ids = [kit.id("a.vcf"), kit.id("b.vcf"), kit.id(&made)];
            let seen = other.fetch(&kit.book, &ids).await.into_iter().map(|fetched| match fetched {
                pimkit_core::Fetched::Found(stored) => stored.record.keywords,
                other => panic!("{server} {model}: {other:?}"),
            });
            let seen: Vec<std::collections::BTreeSet<String>> = seen.collect();
            assert_eq!(seen, [names(&[]), names(&["Team"]), names(&["Club", "Team"])], "{server} {model}");
        }
    }
}

#[tokio::test]
async fn a_group_of_vcard_4_at_a_server_that_gives_3_keeps_its_members() {
    let kit = Kit::of("sabre");
    kit.contact("a.vcf", "uid-a");
    kit.contact("b.vcf", "uid-b");
    let four = group("kind", "uid-g", "Team", &["urn:uuid:uid-a", "mailto:x@x.example"]).replace("VERSION:3.0", "VERSION:4.0");
    kit.put("g.vcf", &four);
    kit.first().await;
    kit.edit("b.vcf", |c| c.keywords = names(&["Team"])).await;
    assert_eq!((kit.keywords("a.vcf").await, kit.keywords("b.vcf").await), (names(&["Team"]), names(&["Team"])));
    assert!(kit.text("g.vcf").contains("mailto:x@x.example"));
}

#[tokio::test]
async fn a_member_is_written_as_apple_writes_it() {
    let kit = Kit::of("icloud");
    kit.first().await;
    let record = Contact::build(|c| {
        c.name.full = Some("Ada".into());
        c.uid = Some("urn:uuid:6E2F1A7C-94F1-4A0C-9F6D-0C3C1E0B7A11".into());
        c.keywords = names(&["Team"]);
    });
    let write: Write<Contact> = Kit::creation("m-1", &record);
    let outcome = kit.items.write(&kit.book, vec![write], &WriteOptions::default()).await.pop().unwrap();
    assert!(matches!(&outcome, Outcome::Written { left_out, .. } if left_out.is_empty()), "{outcome:?}");
    let group = kit.simulator.list(kit.book.as_str()).into_iter().find(|path| path.contains("group")).unwrap();
    let text = kit.simulator.get(&group).unwrap().1;
    assert!(text.contains("\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:6E2F1A7C-94F1-4A0C-9F6D-0C3C1E0B7A11\r\n"), "{text}");
}

#[tokio::test]
async fn what_a_first_round_has_read_is_given_once_and_never_after_a_write_or_another_round() {
    let kit = Kit::of("icloud");
    crowd(&kit, 60);
    let noted = |n: usize| card(&format!("uid-{n}"), &["NOTE:new"]);
    let notes = async |file: &str| kit.stored(file).await.record.notes;
    let (_, cursor) = kit.first().await;
    kit.requests();
    let ids: Vec<_> = (0..60).map(|n| kit.id(&format!("p{n}.vcf"))).collect();
    let fetched = kit.items.fetch(&kit.book, &ids[..50]).await;
    assert!(fetched.iter().all(|f| matches!(f, pimkit_core::Fetched::Found(_))));
    assert_eq!(kit.requests(), 0, "the round has read them");
    // Once.
    kit.put("p1.vcf", &noted(1));
    assert_eq!(notes("p1.vcf").await, ["new"]);
    // Our own write.
    let [pimkit_core::Fetched::Found(before)] = &kit.anew().fetch(&kit.book, &[kit.id("p51.vcf")]).await[..] else { panic!() };
    let mut target = before.record.clone();
    target.notes = vec!["mine".into()];
    let (base, target) = (Box::new(before.record.clone()), Box::new(target));
    let write = Write::Update { id: before.id.clone(), revision: before.revision.clone(), base, target, mark: None };
    assert!(matches!(kit.write(write).await, Outcome::Written { .. }));
    assert_eq!(notes("p51.vcf").await, ["mine"]);
    // Another round, whatever it names.
    kit.next(&cursor).await;
    kit.put("p52.vcf", &noted(52));
    assert_eq!(notes("p52.vcf").await, ["new"]);
    // Nor after a while.
    let kit = Kit::of("icloud");
    crowd(&kit, 60);
    kit.first().await;
    kit.put("p53.vcf", &noted(53));
    kit.clock.advance(std::time::Duration::from_secs(601));
    assert_eq!(kit.stored("p53.vcf").await.record.notes, ["new"]);
}

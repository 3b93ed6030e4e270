//! Other programs at the same time, servers that cannot search, and strangers who answer.

use crate::{
    kit::{Kit, card, group, is, names, said},
    models::{kit, stock},
};
use bytes::Bytes;
use http::Response;
use pimkit_core::{Contact, ErrorKind, Outcome, Record, Write, WriteOptions};
use pimkit_simulators::{Fault, FaultPlan, FaultRule, Personality};

fn answer(status: u16, kind: &str, body: &'static str) -> Response<Bytes> {
    Response::builder().status(status).header("content-type", kind).body(Bytes::from_static(body.as_bytes())).unwrap()
}

/// Just before our PUT of a resource, another program stores another text there; so often.
fn meanwhile(kit: &Kit, file: &str, text: &str, mut times: usize) {
    let (path, text) = (kit.path(file), text.to_owned());
    kit.hook(move |simulator, request| {
        if request.method() == "PUT" && request.uri().path() == path && times > 0 {
            times -= 1;
            simulator.put(&path, &format!("{text}{}", " ".repeat(times))).unwrap();
        }
        None
    });
}

#[tokio::test]
async fn both_edits_of_a_group_survive() {
    for (server, model, file) in [("icloud", "apple", "g.vcf"), ("sabre", "kind", "g.vcf"), ("sogo", "list", "g.vlf")] {
        let kit = kit(server, model, file);
        kit.contact("c.vcf", "uid-c");
        kit.first().await;
        let members = if model == "list" { ["a.vcf", "c.vcf"] } else { ["urn:uuid:uid-a", "urn:uuid:uid-c"] };
        meanwhile(&kit, file, &group(model, "uid-g", "Team", &members), 1);
        kit.edit("b.vcf", |c| c.keywords = names(&["Team"])).await;
        for contact in ["a.vcf", "b.vcf", "c.vcf"] {
            assert_eq!(kit.keywords(contact).await, names(&["Team"]), "{server}: {contact}");
        }
        let text = kit.text(file);
        let [first, second] = members;
        assert!(text.contains(first) && text.contains(second) && (text.contains("uid-b") || text.contains("b.vcf")), "{server}: {text}");
    }
}

#[tokio::test]
async fn a_membership_that_could_not_be_written_is_said() {
    for (server, model, file) in [("cyrus", "apple", "g.vcf"), ("sogo", "list", "g.vlf")] {
        let kit = kit(server, model, file);
        kit.first().await;
        meanwhile(&kit, file, &group(model, "uid-g", "Team", &[]), 100);
        let write = kit.edition("b.vcf", |c| {
            c.keywords = names(&["Team"]);
            c.notes = vec!["noted".into()];
        });
        let write = write.await;
        let outcome = kit.write(write).await;
        let Outcome::Written { revision, left_out, .. } = outcome else { panic!("{server}: {outcome:?}") };
        assert_eq!(
            left_out.iter().map(|(field, e)| (field.as_str(), e.kind())).collect::<Vec<_>>(),
            [("keywords", ErrorKind::Unavailable)],
            "{server}"
        );
        assert!(kit.text("b.vcf").contains("noted"), "{server}");
        kit.unhook();
        kit.items.categories().unwrap().list(&kit.book).await.unwrap();
        let now = kit.stored("b.vcf").await;
        assert_eq!((Some(now.revision), now.record.keywords), (revision, names(&[])), "{server}");
    }
}

#[tokio::test]
async fn a_group_that_is_refused_leaves_the_contact_written() {
    let kit = kit("cyrus", "apple", "g.vcf");
    kit.first().await;
    kit.simulator
        .set_faults(FaultPlan::of([FaultRule::on("PUT", Fault::Status { code: 403, retry_after: None, body: String::new() }).at("g.vcf")]));
    let write = kit.edition("b.vcf", |c| c.keywords = names(&["Team"])).await;
    let Outcome::Written { left_out, .. } = kit.write(write).await else { panic!() };
    assert_eq!(left_out[0].1.kind(), ErrorKind::PermissionDenied);
    // A delete is a delete all the same.
    assert!(matches!(kit.delete("a.vcf").await, Outcome::Written { left_out, .. } if left_out.is_empty()));
}

#[tokio::test]
async fn a_group_that_is_gone_meanwhile_is_made_again_for_who_joins_it() {
    let kit = kit("cyrus", "apple", "g.vcf");
    kit.first().await;
    kit.simulator.delete(&kit.path("g.vcf"));
    kit.edit("b.vcf", |c| c.keywords = names(&["Team"])).await;
    let listed = kit.items.categories().unwrap().list(&kit.book).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_ne!(listed[0].id.as_str(), kit.path("g.vcf"));
    assert_eq!((kit.keywords("a.vcf").await, kit.keywords("b.vcf").await), (names(&[]), names(&["Team"])));
}

#[tokio::test]
async fn two_who_make_one_group_at_once_make_one() {
    for server in ["icloud", "sogo"] {
        let kit = Kit::of(server);
        kit.first().await;
        let (one, two) = (kit.anew(), kit.anew());
        // Both have seen that there is none.
        one.fetch(&kit.book, &[kit.id("x.vcf")]).await;
        two.fetch(&kit.book, &[kit.id("x.vcf")]).await;
        let record = |n: u32| {
            Contact::build(|c| {
                c.name.full = Some(format!("P {n}"));
                c.keywords = names(&["Team"]);
            })
        };
        for (n, items) in [(1, one), (2, two)] {
            let write = Write::Create { mark: format!("m-{n}").as_str().into(), record: record(n) };
            let outcome = items.write(&kit.book, vec![write], &WriteOptions::default()).await.pop().unwrap();
            assert!(matches!(&outcome, Outcome::Written { left_out, .. } if left_out.is_empty()), "{server}: {outcome:?}");
            kit.pass();
        }
        let listed = kit.items.categories().unwrap().list(&kit.book).await.unwrap();
        assert_eq!(listed.len(), 1, "{server}");
        let members = kit.simulator.get(listed[0].id.as_str()).unwrap().1;
        assert_eq!(members.matches("MEMBER").count() + members.matches("CARD;FN").count(), 2, "{server}: {members}");
    }
}

#[tokio::test]
async fn a_server_that_cannot_search_is_read() {
    let mut refuses = Personality::cyrus();
    refuses.query.addressbook = false;
    // Its searches by UID are believed, and it answers every search with nothing.
    let mute = |name: &str| {
        let mut personality = Personality::named(name).unwrap();
        personality.query.text_match = false;
        Kit::with(personality, |config| config)
    };
    for (what, kit) in [
        ("refuses the report", Kit::with(refuses, |config| config)),
        ("cyrus finds nothing", mute("cyrus")),
        ("sabre finds nothing", mute("sabre")),
        ("nextcloud finds nothing", mute("nextcloud")),
        ("fastmail finds nothing", mute("fastmail")),
        ("is never searched", mute("xandikos")),
        ("is not believed", Kit::without_search("sabre")),
        ("has no list of changes", Kit::of("posteo")),
    ] {
        stock(&kit, "apple", "g.vcf");
        let (_, cursor) = kit.first().await;
        assert_eq!(kit.keywords("a.vcf").await, names(&["Team"]), "{what}");
        kit.put("g.vcf", &group("apple", "uid-g", "Team", &["urn:uuid:uid-b"]));
        let (_, cursor) = kit.next(&cursor).await;
        assert_eq!((kit.keywords("a.vcf").await, kit.keywords("b.vcf").await), (names(&[]), names(&["Team"])), "{what}");
        kit.edit("a.vcf", |c| c.keywords = names(&["Team", "Club"])).await;
        let (changes, _) = kit.next(&cursor).await;
        assert!(!changes.is_empty(), "{what}");
        assert_eq!(kit.keywords("a.vcf").await, names(&["Club", "Team"]), "{what}");
    }
}

#[tokio::test]
async fn names_that_a_search_does_not_find_are_read() {
    let mut personality = Personality::cyrus();
    personality.query.text_match = false;
    let kit = Kit::with(personality, |config| config);
    kit.put("a.vcf", &card("uid-a", &["CATEGORIES:Red"]));
    let listed = kit.items.categories().unwrap().list(&kit.book).await.unwrap();
    assert_eq!(listed.into_iter().map(|c| c.name).collect::<Vec<_>>(), ["Red"]);
}

#[tokio::test]
async fn a_list_without_a_version_is_looked_at_right_before_it_is_written() {
    let mut personality = Personality::sogo();
    personality.etags.on_put_card = pimkit_simulators::EtagOnPut::Never;
    personality.etags.listed = false;
    let kit = Kit::with(personality, |config| config);
    stock(&kit, "list", "g.vlf");
    kit.contact("c.vcf", "uid-c");
    kit.first().await;
    let write = kit.edition("b.vcf", |c| c.keywords = names(&["Team"])).await;
    let (path, theirs, mut asked) = (kit.path("g.vlf"), group("list", "uid-g", "Team", &["a.vcf", "c.vcf"]), 0);
    kit.hook(move |simulator, request| {
        let about = request.uri().path() == path || is(request, "REPORT", "g.vlf");
        asked += usize::from(about);
        // After it was read, and before whatever is asked next.
        if about && asked == 2 {
            simulator.put(&path, &theirs).unwrap();
        }
        None
    });
    kit.write(write).await;
    kit.unhook();
    let text = kit.text("g.vlf");
    assert!(text.contains(":a.vcf") && text.contains(":b.vcf") && text.contains(":c.vcf"), "{text}");
}

#[tokio::test]
async fn a_page_in_the_servers_place_drops_nobody_from_a_group() {
    let login = || answer(200, "text/html", "<!doctype html><html><body>Sign in</body></html>");
    for (server, question) in [("cyrus", "addressbook-query"), ("cyrus", "addressbook-multiget"), ("icloud", "addressbook-multiget")] {
        let kit = kit(server, "apple", "g.vcf");
        let (_, cursor) = kit.first().await;
        kit.put("b.vcf", &card("uid-b", &["NOTE:x"]));
        // Nor does it answer who asks for items one by one.
        kit.hook(move |_, request| (is(request, "REPORT", question) || request.method() == "GET").then(login));
        // A round that finds something out fails, and names nothing.
        let from = Some(&cursor).filter(|_| question != "addressbook-query");
        assert!(kit.round(from).await.is_err(), "{server} {question}");
        kit.unhook();
        let (changes, _) = kit.next(&cursor).await;
        assert_eq!(said(&kit, &changes), [("b.vcf".to_owned(), "there")], "{server} {question}");
        assert_eq!(kit.keywords("a.vcf").await, names(&["Team"]), "{server} {question}");
    }
}

#[tokio::test]
async fn a_search_that_loses_a_group_is_not_believed() {
    let kit = kit("cyrus", "apple", "g.vcf");
    kit.first().await;
    let nothing = || answer(207, "application/xml", "<?xml version=\"1.0\"?><D:multistatus xmlns:D=\"DAV:\"/>");
    kit.hook(move |_, request| is(request, "REPORT", "X-ADDRESSBOOKSERVER-KIND").then(nothing));
    assert_eq!(kit.items.categories().unwrap().list(&kit.book).await.unwrap().len(), 1);
    assert_eq!(kit.keywords("a.vcf").await, names(&["Team"]));
}

#[tokio::test]
async fn a_group_that_cannot_be_read_keeps_its_members() {
    for (server, model, file) in [("icloud", "apple", "g.vcf"), ("cyrus", "kind", "g.vcf"), ("sogo", "list", "g.vlf")] {
        let kit = kit(server, model, file);
        let (_, cursor) = kit.first().await;
        kit.put(file, "BEGIN:VCARD\r\nBEGIN:VCALENDAR\r\nFN:Ha");
        let (changes, _) = kit.next(&cursor).await;
        assert_eq!(said(&kit, &changes), [(file.to_owned(), "other")], "{server}");
        assert_eq!(kit.keywords("a.vcf").await, names(&["Team"]), "{server}");
        kit.first().await;
        assert_eq!(kit.keywords("a.vcf").await, names(&["Team"]), "{server}: after everything was listed");
    }
}

#[tokio::test]
async fn a_stranger_who_answers_a_write_of_a_group_is_not_believed() {
    let kit = kit("cyrus", "apple", "g.vcf");
    kit.first().await;
    let path = kit.path("g.vcf");
    let login = || answer(200, "text/html", "<html><body>Sign in</body></html>");
    kit.hook(move |_, request| (request.method() == "PUT" && request.uri().path() == path).then(login));
    let write = kit.edition("b.vcf", |c| c.keywords = names(&["Team"])).await;
    let Outcome::Written { left_out, .. } = kit.write(write).await else { panic!() };
    assert_eq!(left_out.len(), 1);
    assert!(!kit.text("g.vcf").contains("uid-b"));
}

//! Real servers: what is said of their searches holds, and group cards are categories there too.

use crate::{
    common::{
        Client, network, open,
        servers::{Kept, Server},
    },
    kit::{card, group, names},
};
use pimkit_contract::FakeClock;
use pimkit_core::{ChangeOptions, Connector, Contact, Fetched, Next, Position, Record, Write, WriteOptions};
use pimkit_dav::{Config, Groups};
use std::collections::BTreeSet;

async fn group_cards_are_categories(kept: Kept, model: &str) {
    let Some(server) = Server::start(kept, "groups as categories") else { return };
    let clock = FakeClock::default();
    // The account's collections, made as for the suite; then the same account with groups as categories.
    let before = server.account(&clock, Groups::Cards).await;
    let book = before.contacts().unwrap().collections().await.unwrap().remove(0).id;
    let client = Client(before);
    let put = async |file: &str, text: String| {
        let status = client.send("PUT", &format!("{book}{file}"), &[("content-type", "text/vcard")], text).await;
        assert!((200..300).contains(&status), "{kept:?}: PUT of {file} is {status}");
    };
    put("a.vcf", card("uid-a", &["CATEGORIES:Own"])).await;
    put("b.vcf", card("uid-b", &[])).await;
    let (url, user) = match kept {
        // Radicale's accounts are numbered as they come.
        Kept::Radicale => (server.login().0, book.as_str().trim_start_matches('/').split('/').next().unwrap().to_owned()),
        Kept::Xandikos => (server.login().0, String::new()),
    };
    let config = Config::new(url).account("suite").groups(Groups::Categories);
    let login = (!user.is_empty()).then_some((user.as_str(), "x"));
    let dav = open(config, login, network(), &clock);
    let items = dav.contacts().unwrap();
    // Where there are no groups, cards say their categories: a search for these is what it should be too.
    let role = items.categories().unwrap();
    let said: BTreeSet<String> = role.list(&book).await.unwrap().into_iter().map(|c| c.name).collect();
    assert_eq!(said, names(&["Own"]), "{kept:?}");
    put("g.vcf", group(model, "uid-g", "Team", &["urn:uuid:uid-a"])).await;
    let keywords = async |file: &str| -> BTreeSet<String> {
        match items.fetch(&book, &[format!("{book}{file}").as_str().into()]).await.pop() {
            Some(Fetched::Found(stored)) => stored.record.keywords,
            other => panic!("{kept:?}: {file}: {other:?}"),
        }
    };
    let page = items.changes(&book, Position::Start, &ChangeOptions::default()).await.unwrap();
    let Next::Done { cursor, .. } = page.next else { panic!() };
    assert_eq!((keywords("a.vcf").await, keywords("b.vcf").await), (names(&["Own", "Team"]), names(&[])), "{kept:?}");
    let record = Contact::build(|c| {
        c.name.full = Some("Cy".into());
        c.keywords = names(&["Club", "Team"]);
    });
    let write = Write::Create { mark: "m-1".into(), record };
    let outcome = items.write(&book, vec![write], &WriteOptions::default()).await.pop().unwrap();
    let pimkit_core::Outcome::Written { id, left_out, .. } = outcome else { panic!("{kept:?}: {outcome:?}") };
    assert!(left_out.is_empty(), "{kept:?}: {left_out:?}");
    let made = id.as_str().rsplit('/').next().unwrap();
    assert_eq!(keywords(made).await, names(&["Club", "Team"]), "{kept:?}");
    let listed: BTreeSet<String> = role.list(&book).await.unwrap().into_iter().map(|c| c.name).collect();
    assert_eq!(listed, names(&["Club", "Team"]), "{kept:?}");
    let team = role.ensure(&book, "Team").await.unwrap();
    role.rename(&book, &team.id, "Crew").await.unwrap();
    put("b.vcf", card("uid-b", &["NOTE:x"])).await;
    let page = items.changes(&book, Position::Since(&cursor), &ChangeOptions::default()).await.unwrap();
    let there: BTreeSet<&str> = page.changes.iter().map(|change| change.id().as_str().rsplit('/').next().unwrap()).collect();
    assert!(there.is_superset(&BTreeSet::from(["a.vcf", "b.vcf", "g.vcf", made])), "{kept:?}: {there:?}");
    assert_eq!((keywords("a.vcf").await, keywords(made).await), (names(&["Crew", "Own"]), names(&["Club", "Crew"])), "{kept:?}");
    role.remove(&book, &team.id).await.unwrap();
    assert_eq!(keywords("a.vcf").await, names(&["Own"]), "{kept:?}");
}

#[tokio::test]
async fn group_cards_are_categories_on_a_real_radicale() {
    group_cards_are_categories(Kept::Radicale, "apple").await;
    group_cards_are_categories(Kept::Radicale, "kind").await;
}

#[tokio::test]
async fn group_cards_are_categories_on_a_real_xandikos() {
    group_cards_are_categories(Kept::Xandikos, "apple").await;
    group_cards_are_categories(Kept::Xandikos, "kind").await;
}

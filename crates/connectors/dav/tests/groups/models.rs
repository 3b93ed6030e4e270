//! Each group model: the list of categories, and what contacts say.

use crate::kit::{Kit, card, group, names, said};
use pimkit_core::{CategoryId, ErrorKind, Outcome};
use pimkit_formats::GroupModel;
use pimkit_simulators::Personality;

/// A server, how it keeps groups, and how a group's resource is called.
const MODELS: [(&str, &str, &str); 4] =
    [("icloud", "apple", "g.vcf"), ("sabre", "kind", "g.vcf"), ("cyrus", "kind", "g.vcf"), ("sogo", "list", "g.vlf")];

/// A book with two contacts and one group, in which the first one is.
pub fn kit(server: &str, model: &str, file: &str) -> Kit {
    let kit = Kit::of(server);
    stock(&kit, model, file);
    kit
}

pub fn stock(kit: &Kit, model: &str, file: &str) {
    kit.contact("a.vcf", "uid-a");
    kit.contact("b.vcf", "uid-b");
    let member = if model == "list" { "a.vcf" } else { "urn:uuid:uid-a" };
    kit.put(file, &group(model, "uid-g", "Team", &[member]));
}

#[tokio::test]
async fn a_group_is_a_category_of_its_members_and_no_contact() {
    for (server, model, file) in MODELS {
        let kit = kit(server, model, file);
        let (changes, _) = kit.first().await;
        let expected = [("a.vcf".to_owned(), "there"), ("b.vcf".to_owned(), "there"), (file.to_owned(), "other")];
        assert_eq!(said(&kit, &changes), expected, "{server}");
        assert_eq!((kit.keywords("a.vcf").await, kit.keywords("b.vcf").await), (names(&["Team"]), names(&[])), "{server}");
        assert!(matches!(kit.fetch(file).await, pimkit_core::Fetched::OtherKind { .. }), "{server}");
        let listed = kit.items.categories().unwrap().list(&kit.book).await.unwrap();
        assert_eq!(
            listed.iter().map(|c| (c.id.as_str(), c.name.as_str())).collect::<Vec<_>>(),
            [(kit.path(file).as_str(), "Team")],
            "{server}"
        );
        let fields = kit.items.fields(&kit.book).await.unwrap();
        assert!(fields.iter().any(|f| f.field.as_str() == "keywords" && f.write) && !fields.iter().any(|f| f.field.as_str() == "members"));
    }
}

#[tokio::test]
async fn the_list_of_categories_is_made_renamed_and_removed_in_every_model() {
    for (server, model, file) in MODELS {
        let kit = kit(server, model, file);
        let role = kit.items.categories().unwrap();
        let before = kit.simulator.list(kit.book.as_str()).len();
        let made = role.ensure(&kit.book, "Club, \"odd\"").await.unwrap();
        kit.pass();
        assert_eq!(role.ensure(&kit.book, "Club, \"odd\"").await.unwrap(), made, "{server}");
        let other = kit.anew();
        assert_eq!(other.categories().unwrap().ensure(&kit.book, "Club, \"odd\"").await.unwrap(), made, "{server}");
        assert_eq!(kit.simulator.list(kit.book.as_str()).len(), before + 1, "{server}");
        let said = kit.simulator.get(made.id.as_str()).unwrap().1;
        let form = match model {
            "apple" => "X-ADDRESSBOOKSERVER-KIND:group",
            "kind" => "\nKIND:group",
            _ => "BEGIN:VLIST",
        };
        assert!(said.contains(form), "{server}: {said}");
        let team = role.ensure(&kit.book, "Team").await.unwrap();
        assert_eq!(team.id.as_str(), kit.path(file), "{server}");
        let renamed = role.rename(&kit.book, &team.id, "Crew").await.unwrap();
        assert_eq!((renamed.id.clone(), renamed.name.as_str()), (team.id.clone(), "Crew"), "{server}");
        assert!(kit.text(file).contains("FN:Crew") && !kit.text(file).contains("Team"), "{server}");
        assert!(model == "list" || kit.text(file).contains("X-OTHER;A=b:stays"), "{server}");
        assert_eq!(kit.keywords("a.vcf").await, names(&["Crew"]), "{server}");
        let twice = role.rename(&kit.book, &made.id, "Crew").await.unwrap_err();
        assert_eq!(twice.kind(), ErrorKind::InvalidData, "{server}");
        role.remove(&kit.book, &made.id).await.unwrap();
        role.remove(&kit.book, &renamed.id).await.unwrap();
        assert!(role.list(&kit.book).await.unwrap().is_empty(), "{server}");
        assert_eq!(kit.keywords("a.vcf").await, names(&[]), "{server}");
        let gone = role.remove(&kit.book, &renamed.id).await.unwrap_err();
        let never = role.rename(&kit.book, &CategoryId::from(kit.path("a.vcf")), "X").await.unwrap_err();
        assert_eq!(gone.kind(), never.kind(), "{server}: {gone}, {never}");
    }
}

#[tokio::test]
async fn a_book_whose_last_group_is_gone_keeps_its_model() {
    for (server, model, file) in MODELS {
        let kit = kit(server, model, file);
        let (_, cursor) = kit.first().await;
        let form = match model {
            "apple" => "X-ADDRESSBOOKSERVER-KIND:group",
            "kind" => "\nKIND:group",
            _ => "BEGIN:VLIST",
        };
        // Another program deletes it, or we do.
        kit.drop(file);
        let (_, cursor) = kit.next(&cursor).await;
        let role = kit.items.categories().unwrap();
        let club = role.ensure(&kit.book, "Club").await.unwrap();
        kit.pass();
        assert!(kit.simulator.get(club.id.as_str()).unwrap().1.contains(form), "{server}");
        let renamed = role.rename(&kit.book, &club.id, "Crew").await.unwrap();
        role.remove(&kit.book, &renamed.id).await.unwrap();
        let (_, cursor) = kit.next(&cursor).await;
        // Another process has it from the cursor.
        let other = kit.anew();
        other.changes(&kit.book, pimkit_core::Position::Since(&cursor), &pimkit_core::ChangeOptions::default()).await.unwrap();
        let made = other.categories().unwrap().ensure(&kit.book, "New").await.unwrap();
        assert!(kit.simulator.get(made.id.as_str()).is_some_and(|(_, text)| text.contains(form)), "{server}: {made:?}");
    }
}

#[tokio::test]
async fn a_contact_joins_and_leaves_groups_in_every_model() {
    for (server, model, file) in MODELS {
        let kit = kit(server, model, file);
        kit.first().await;
        let card_before = kit.text("b.vcf");
        kit.edit("b.vcf", |c| c.keywords = names(&["Team", "New"])).await;
        assert_eq!(kit.keywords("b.vcf").await, names(&["New", "Team"]), "{server}");
        assert_eq!(kit.text("b.vcf"), card_before, "{server}: the card says nothing of groups");
        let member = if model == "list" { "b.vcf" } else { "uid-b" };
        assert!(kit.text(file).contains(member), "{server}");
        kit.edit("b.vcf", |c| c.keywords = names(&["New"])).await;
        kit.edit("a.vcf", |c| {
            c.keywords.clear();
            c.notes = vec!["noted".into()];
        })
        .await;
        assert_eq!((kit.keywords("a.vcf").await, kit.keywords("b.vcf").await), (names(&[]), names(&["New"])), "{server}");
        assert!(kit.text("a.vcf").contains("NOTE:noted"), "{server}");
        assert!(!kit.text(file).contains(member), "{server}");
        // What another process sees is the same.
        let other = kit.anew();
        let fetched = other.fetch(&kit.book, &[kit.id("b.vcf")]).await.pop().unwrap();
        assert!(matches!(fetched, pimkit_core::Fetched::Found(b) if b.record.keywords == names(&["New"])), "{server}");
        let listed = kit.items.categories().unwrap().list(&kit.book).await.unwrap();
        assert_eq!(listed.into_iter().map(|c| c.name).collect::<std::collections::BTreeSet<_>>(), names(&["New", "Team"]), "{server}");
    }
}

#[tokio::test]
async fn where_there_are_no_groups_cards_say_their_categories() {
    for server in ["radicale", "xandikos"] {
        let kit = Kit::of(server);
        kit.put("a.vcf", &card("uid-a", &["CATEGORIES:Red,Blue"]));
        let (_, cursor) = kit.first().await;
        let made = kit.create("m-1", &["Green"]).await;
        assert!(kit.text(&made).contains("CATEGORIES:Green"), "{server}");
        kit.edit("a.vcf", |c| c.keywords = names(&["Blue", "Green"])).await;
        assert_eq!(kit.keywords("a.vcf").await, names(&["Blue", "Green"]), "{server}");
        let role = kit.items.categories().unwrap();
        let listed = role.list(&kit.book).await.unwrap();
        assert_eq!(
            listed.iter().map(|c| (c.id.as_str(), c.name.as_str())).collect::<Vec<_>>(),
            [("Blue", "Blue"), ("Green", "Green")],
            "{server}"
        );
        assert_eq!(role.ensure(&kit.book, "Green").await.unwrap().id.as_str(), "Green", "{server}");
        assert_eq!(role.ensure(&kit.book, "Empty").await.unwrap().id.as_str(), "Empty", "{server}");
        assert_eq!(kit.simulator.list(kit.book.as_str()).len(), 2, "{server}: no card is made for a name");
        for error in [
            role.rename(&kit.book, &CategoryId::from("Green"), "X").await.unwrap_err(),
            role.remove(&kit.book, &CategoryId::from("Green")).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{server}");
        }
        let (changes, _) = kit.next(&cursor).await;
        assert_eq!(changes.len(), 2, "{server}: {changes:?}");
    }
}

#[tokio::test]
async fn group_cards_of_apple_are_categories() {
    // A book without groups is Apple's own at iCloud, so that a first category is a card.
    let kit = Kit::of("icloud");
    kit.contact("a.vcf", "A1B2C3D4-0000-4000-8000-000000000001");
    kit.first().await;
    kit.edit("a.vcf", |c| c.keywords = names(&["Family"])).await;
    let groups: Vec<String> = kit.simulator.list(kit.book.as_str()).into_iter().filter(|path| !path.ends_with("a.vcf")).collect();
    let [group] = groups.as_slice() else { panic!("{groups:?}") };
    let text = kit.simulator.get(group).unwrap().1;
    for line in [
        "X-ADDRESSBOOKSERVER-KIND:group",
        "N:Family",
        "FN:Family",
        "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:A1B2C3D4-0000-4000-8000-000000000001",
    ] {
        assert!(text.contains(&format!("\r\n{line}\r\n")), "{line}: {text}");
    }
    assert!(!kit.text("a.vcf").contains("CATEGORIES"));
}

#[tokio::test]
async fn lists_of_sogo_are_categories() {
    let kit = Kit::of("sogo");
    kit.put("odd name.vcf", &card("uid-o", &["EMAIL:o@o.example"]));
    kit.first().await;
    let file = "odd%20name.vcf";
    kit.edit(file, |c| c.keywords = names(&["Family"])).await;
    let list = kit.simulator.list(kit.book.as_str()).into_iter().find(|path| path.ends_with(".vlf")).unwrap();
    let text = kit.simulator.get(&list).unwrap().1;
    assert!(text.contains("CARD;EMAIL=o@o.example;FN=Person uid-o:odd name.vcf"), "{text}");
    assert_eq!(kit.keywords(file).await, names(&["Family"]));
    kit.edit(file, |c| c.keywords.clear()).await;
    assert!(!kit.simulator.get(&list).unwrap().1.contains("CARD"));
}

#[tokio::test]
async fn a_member_is_found_in_every_spelling_of_its_uid() {
    for server in ["icloud", "cyrus"] {
        let kit = Kit::of(server);
        let uid = "6E2F1A7C-94F1-4A0C-9F6D-0C3C1E0B7A11";
        kit.contact("a.vcf", uid);
        let spellings =
            [format!("urn:uuid:{uid}"), format!("urn:uuid:{uid}-ABPlugin"), uid.to_lowercase(), format!("URN:UUID:{}", uid.to_lowercase())];
        for (n, spelt) in spellings.iter().enumerate() {
            kit.put(&format!("g{n}.vcf"), &group("apple", &format!("g{n}"), &format!("Group {n}"), &[spelt, "urn:uuid:nobody"]));
        }
        let (changes, _) = kit.first().await;
        let all = names(&["Group 0", "Group 1", "Group 2", "Group 3"]);
        assert_eq!(kit.keywords("a.vcf").await, all, "{server}");
        assert_eq!(crate::kit::revision(&kit, &changes, "a.vcf"), Some(&kit.stored("a.vcf").await.revision), "{server}");
        kit.edit("a.vcf", |c| _ = c.keywords.remove("Group 1")).await;
        let text = kit.text("g1.vcf");
        assert!(!text.contains("ABPlugin") && text.contains("urn:uuid:nobody") && text.contains("X-OTHER;A=b:stays"), "{server}: {text}");
    }
}

#[tokio::test]
async fn two_groups_of_one_name_are_one_category_of_a_contact() {
    let kit = kit("cyrus", "apple", "g.vcf");
    kit.put("h.vcf", &group("apple", "uid-h", "Team", &["urn:uuid:uid-a"]));
    kit.first().await;
    assert_eq!(kit.keywords("a.vcf").await, names(&["Team"]));
    kit.edit("b.vcf", |c| c.keywords = names(&["Team"])).await;
    assert!(kit.text("g.vcf").contains("uid-b") && !kit.text("h.vcf").contains("uid-b"));
    kit.edit("a.vcf", |c| c.keywords.clear()).await;
    assert!(!kit.text("g.vcf").contains("uid-a") && !kit.text("h.vcf").contains("uid-a"));
    assert_eq!(kit.items.categories().unwrap().list(&kit.book).await.unwrap().len(), 2);
    assert_eq!(kit.simulator.list(kit.book.as_str()).len(), 4);
}

#[tokio::test]
async fn a_configured_model_counts_for_what_is_made() {
    for (model, form) in [
        (GroupModel::Kind, "KIND:group"),
        (GroupModel::Apple, "X-ADDRESSBOOKSERVER-KIND:group"),
        (GroupModel::Categories, "CATEGORIES:Team"),
    ] {
        let kit = Kit::with(Personality::cyrus(), |config| config.group_model(model));
        kit.create("m-1", &["Team"]).await;
        let texts: String = kit.simulator.list(kit.book.as_str()).iter().map(|path| kit.simulator.get(path).unwrap().1).collect();
        assert!(texts.contains(&format!("\r\n{form}\r\n")), "{model:?}: {texts}");
    }
}

#[tokio::test]
async fn what_a_card_says_itself_is_a_category_beside_its_groups() {
    let kit = kit("cyrus", "apple", "g.vcf");
    kit.put("a.vcf", &card("uid-a", &["CATEGORIES:Own,Team"]));
    kit.first().await;
    assert_eq!(kit.keywords("a.vcf").await, names(&["Own", "Team"]));
    kit.edit("a.vcf", |c| c.keywords = names(&["Team"])).await;
    assert!(kit.text("a.vcf").contains("CATEGORIES:Team") && kit.text("g.vcf").contains("uid-a"));
    kit.edit("a.vcf", |c| c.keywords.clear()).await;
    assert!(!kit.text("a.vcf").contains("CATEGORIES") && !kit.text("g.vcf").contains("uid-a"));
}

#[tokio::test]
async fn a_group_is_no_contact_that_can_be_made() {
    let kit = kit("cyrus", "apple", "g.vcf");
    kit.first().await;
    let record = pimkit_core::Record::with(
        &pimkit_core::Contact::default(),
        &pimkit_core::Fields::from([("name.full".into(), "Crew".into()), ("kind".into(), "group".into())]),
    )
    .unwrap();
    let Outcome::Written { left_out, .. } = kit.write(Kit::creation("m-1", &record)).await else { panic!() };
    assert_eq!(left_out.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["kind"]);
    assert_eq!(left_out[0].1.kind(), ErrorKind::Unavailable);
}

//! SELL: whose contacts are exported, and which value stays where two are said.

use super::{
    Desk, FarSide, Mailbox, Stage,
    far::repository,
    people::{Named as _, company, mail, names, person, phone, the},
    stage::done,
};
use futures::executor::block_on;
use pimkit::{Contact, EmailAddress, FieldSupport, Kind, local::UserRole};

pub fn sell_24_every_contact_that_the_user_may_see_is_exported_and_no_other<F: FarSide>() {
    let stage = Stage::<F>::new("sell_24");
    let ann = stage.user("ann", UserRole::Member, Some("north"));
    let nora = stage.user("nora", UserRole::Member, Some("north"));
    let sid = stage.user("sid", UserRole::Member, Some("south"));
    ann.put("contacts", person("Ada Lovelace"));
    nora.put("contacts", person("Grace Hopper"));
    let hidden = sid.put("contacts", person("Charles Babbage"));
    done(stage.app.create(&"contacts".into(), person("Mary Somerville")));
    // Her own, her team's and nobody's, whether the hub's connector shows her all or only what she sees.
    for whole in [false, true] {
        let sync = stage.sync::<Contact>(&ann, "sell");
        let sync = if whole { sync.named("whole").of_the_whole_app() } else { sync };
        sync.run();
        assert_eq!(names(&sync.mailbox.items::<Contact>()), ["Ada Lovelace", "Grace Hopper", "Mary Somerville"], "whole: {whole}");
    }
    // What comes into sight is exported too.
    done(stage.app.set_owner(Kind::Contact, &hidden, Some("nora")));
    let sync = stage.sync::<Contact>(&ann, "sell");
    sync.run();
    assert_eq!(names(&sync.mailbox.items::<Contact>()).len(), 4);
}

pub fn sell_25_a_manager_finds_the_teams_contacts_in_the_own_mailbox<F: FarSide>() {
    let stage = Stage::<F>::new("sell_25");
    let mia = stage.user("mia", UserRole::Manager, Some("north"));
    let ann = stage.user("ann", UserRole::Member, Some("north"));
    let bob = stage.user("bob", UserRole::Member, Some("north"));
    let sam = stage.user("sam", UserRole::Manager, Some("south"));
    let sid = stage.user("sid", UserRole::Member, Some("south"));
    let ada = ann.put("contacts", person("Ada Lovelace"));
    let charles = bob.put("contacts", person("Charles Babbage"));
    bob.put("companies", company("Analytical Engines"));
    ann.put("leads", person("Emmy Noether"));
    mia.put("contacts", person("Grace Hopper"));
    let mary = sid.put("contacts", person("Mary Somerville"));
    let syncs: Vec<_> = [&mia, &ann, &sam].map(|desk| stage.sync::<Contact>(desk, "sell")).into();
    let run = || syncs.iter().for_each(|sync| sync.run());
    let in_box = |n: usize| names(&syncs[n].mailbox.items::<Contact>()).into_iter().map(str::to_owned).collect::<Vec<_>>();
    // All of them, leads and companies too, and the other team's manager has the other team's.
    for _ in 0..2 {
        run();
        assert_eq!(in_box(0), ["Ada Lovelace", "Analytical Engines", "Charles Babbage", "Emmy Noether", "Grace Hopper"]);
        assert_eq!(in_box(2), ["Mary Somerville"]);
    }
    assert!(stage.far.mailbox("bob").items::<Contact>().is_empty(), "in the own mailbox: his is not synced");

    // One record in several mailboxes: what the manager changes in hers shows in the owner's, and the other way round.
    let of = |n: usize, name: &str| the(&syncs[n].mailbox.items::<Contact>(), name);
    syncs[0].mailbox.edit::<Contact>(&of(0, "Ada Lovelace").id, |c| c.notes = vec!["important".into()]);
    syncs[1].mailbox.edit::<Contact>(&of(1, "Emmy Noether").id, |c| c.notes = vec!["a lead".into()]);
    bob.edit::<Contact>(&charles, |c| c.notes = vec!["by its owner".into()]);
    run();
    run();
    assert_eq!(ann.get::<Contact>(&ada).notes, ["important"]);
    for n in [0, 1] {
        for (name, note) in [("Ada Lovelace", "important"), ("Emmy Noether", "a lead"), ("Charles Babbage", "by its owner")] {
            assert_eq!(of(n, name).record.notes, [note], "{name} in mailbox {n}");
        }
    }
    // What the team gets later she finds too, and what leaves it is no longer told her.
    bob.put("contacts", person("Rosa Parks"));
    done(stage.app.set_owner(Kind::Contact, &mary, Some("bob")));
    done(stage.app.set_owner(Kind::Contact, &charles, Some("sid")));
    sid.edit::<Contact>(&charles, |c| c.notes = vec!["of the south".into()]);
    run();
    assert!(["Mary Somerville", "Rosa Parks"].iter().all(|name| in_box(0).contains(&(*name).to_owned())), "{:?}", in_box(0));
    assert!(syncs[0].mailbox.items::<Contact>().iter().all(|c| c.record.notes != ["of the south"]));
    assert_eq!(of(2, "Charles Babbage").record.notes, ["of the south"]);
    // And what she throws out of hers stays everywhere else.
    syncs[0].mailbox.delete::<Contact>(&of(0, "Ada Lovelace").id);
    run();
    assert!(!in_box(0).contains(&"Ada Lovelace".to_owned()));
    let _ = (of(1, "Ada Lovelace"), ann.get::<Contact>(&ada));
    assert_eq!(stage.everything::<Contact>().len(), 7);
}

fn home(address: &str) -> EmailAddress {
    EmailAddress { contexts: ["private".to_owned()].into(), ..mail(address) }
}

/// The addresses with the contexts that tell them apart.
fn addresses(contact: &Contact) -> Vec<(String, String)> {
    let mut all: Vec<_> =
        contact.emails.iter().map(|e| (e.contexts.iter().cloned().collect::<Vec<_>>().join("+"), e.address.clone())).collect();
    all.sort();
    all
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(label, address)| ((*label).to_owned(), (*address).to_owned())).collect()
}

pub fn sell_32_of_two_addresses_under_one_label_the_newest_stays<F: FarSide>() {
    for hub_last in [true, false] {
        let stage = Stage::<F>::new("sell_32");
        let (ann, sync) = stage.set_up::<Contact>("sell");
        let mut ada = person("Ada Lovelace");
        ada.emails = vec![mail("ada@work.example"), home("ada@home.example")];
        let id = ann.put("contacts", ada);
        sync.run();
        let there = the(&sync.mailbox.items::<Contact>(), "Ada Lovelace").id;
        let at_hub = || ann.edit::<Contact>(&id, |c| c.emails[0].address = "hub@work.example".into());
        let at_far = || {
            sync.mailbox.edit::<Contact>(&there, |c| {
                // One under another label is no conflict.
                for email in &mut c.emails {
                    let address = if email.contexts.contains("work") { "far@work.example" } else { "new@home.example" };
                    address.clone_into(&mut email.address);
                }
            });
        };
        if hub_last {
            at_far();
            stage.wait(600);
            at_hub();
        } else {
            at_hub();
            stage.wait(600);
            at_far();
        }
        let newest = if hub_last { "hub@work.example" } else { "far@work.example" };
        for _ in 0..2 {
            sync.run();
            for record in [ann.get::<Contact>(&id), the(&sync.mailbox.items::<Contact>(), "Ada Lovelace").record] {
                assert_eq!(addresses(&record), pairs(&[("private", "new@home.example"), ("work", newest)]), "hub last: {hub_last}");
            }
        }
    }
}

/// The custom fields that the app has for contacts.
fn own_fields(ann: &Desk) -> Vec<String> {
    let fields = block_on(repository::<Contact>(&ann.local).fields(&"contacts".into())).unwrap();
    fields.into_iter().map(|f| f.field.to_string()).filter(|f| f.starts_with("custom.") && f != FieldSupport::ANY_CUSTOM).collect()
}

pub fn sell_33_the_value_that_was_replaced_is_kept_in_a_custom_field_of_the_app<F: FarSide>() {
    for hub_last in [true, false] {
        let stage = Stage::<F>::new("sell_33");
        let (ann, sync) = stage.set_up::<Contact>("sell");
        let id = ann.put("contacts", person("Ada Lovelace"));
        let other = ann.put("contacts", person("Grace Hopper"));
        sync.run();
        let there = || the(&sync.mailbox.items::<Contact>(), "Ada Lovelace");
        let ours = || ann.get::<Contact>(&id);
        let in_turn = |at_hub: &dyn Fn(), at_far: &dyn Fn()| {
            let (first, last) = if hub_last { (at_far, at_hub) } else { (at_hub, at_far) };
            first();
            stage.wait(600);
            last();
            sync.run();
        };
        // What is no conflict replaces nothing: there is no field, and nothing in it.
        in_turn(&|| ann.edit::<Contact>(&id, |c| c.phones = vec![phone("+43 1 5550100")]), &|| {
            sync.mailbox.edit::<Contact>(&there().id, |c| c.nicknames = vec!["Countess".into()])
        });
        assert_eq!((own_fields(&ann), ours().custom), (vec![], [].into()));
        let mut losers = Vec::new();
        // Over and over, in one field: the last three, the newest first.
        for round in 0..4 {
            let (hub, far) = (format!("hub{round}@work.example"), format!("far{round}@work.example"));
            in_turn(&|| ann.edit::<Contact>(&id, |c| c.emails = vec![mail(&hub)]), &|| {
                sync.mailbox.edit::<Contact>(&there().id, |c| c.emails = vec![mail(&far)])
            });
            let (newest, loser) = if hub_last { (hub, far) } else { (far, hub) };
            losers.insert(0, loser);
            losers.truncate(3);
            assert_eq!(addresses(&ours()), pairs(&[("work", &newest)]));
            let kept: Vec<_> = ours().custom.into_values().map(|value| value.as_str().unwrap().to_owned()).collect();
            assert_eq!(kept, [losers.join("\n")]);
            assert_eq!(own_fields(&ann).len(), 1, "the app got it for this");
        }
        // Each field has one of its own.
        let both = ["Ada King", "Ada Byron"];
        let name =
            |c: &mut Contact, name: &str| (c.name.full, c.name.surname) = (Some(name.into()), name.split(' ').nth(1).map(Into::into));
        let far_id = there().id;
        in_turn(&|| ann.edit::<Contact>(&id, |c| name(c, both[0])), &|| sync.mailbox.edit::<Contact>(&far_id, |c| name(c, both[1])));
        let (newest, loser) = if hub_last { (both[0], both[1]) } else { (both[1], both[0]) };
        assert_eq!(ours().name.full.as_deref(), Some(newest));
        let kept = |word: &str| ours().custom.values().filter(|value| value.as_str().unwrap().contains(word)).count();
        assert!(kept(loser) > 0 && kept(&losers[0]) == 1, "{:?}", ours().custom);
        // The app's own matter, and this contact's.
        sync.run();
        assert_eq!(ann.get::<Contact>(&other).custom, [].into());
        for stored in sync.mailbox.items::<Contact>() {
            assert_eq!(stored.record.custom, [].into(), "{}", stored.record.name());
        }
    }
}

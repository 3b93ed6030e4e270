//! SELL: whose contacts are exported, and which value stays where two are said.

use super::{
    FarSide, Mailbox, Stage,
    people::{mail, names, person, the},
};
use pimkit::{Contact, EmailAddress, local::UserRole};

pub fn sell_24_every_contact_that_the_user_may_see_is_exported_and_no_other<F: FarSide>() {
    let stage = Stage::<F>::new("sell_24");
    let ann = stage.user("ann", UserRole::Member, Some("north"));
    let nora = stage.user("nora", UserRole::Member, Some("north"));
    let sid = stage.user("sid", UserRole::Member, Some("south"));
    ann.put("contacts", person("Ada Lovelace"));
    nora.put("contacts", person("Grace Hopper"));
    let hidden = sid.put("contacts", person("Charles Babbage"));
    super::stage::done(stage.app.create(&"contacts".into(), person("Mary Somerville")));
    // Her own, her team's and nobody's, whether the hub's connector shows her all or only what she sees.
    for whole in [false, true] {
        let sync = stage.sync::<Contact>(&ann, "sell");
        let sync = if whole { sync.named("whole").of_the_whole_app() } else { sync };
        sync.run();
        assert_eq!(names(&sync.mailbox.items::<Contact>()), ["Ada Lovelace", "Grace Hopper", "Mary Somerville"], "whole: {whole}");
    }
    // What comes into sight is exported too.
    super::stage::done(stage.app.set_owner(pimkit::Kind::Contact, &hidden, Some("nora")));
    let sync = stage.sync::<Contact>(&ann, "sell");
    sync.run();
    assert_eq!(names(&sync.mailbox.items::<Contact>()).len(), 4);
}

pub fn sell_25_a_manager_finds_the_teams_contacts_in_the_own_mailbox<F: FarSide>() {
    let stage = Stage::<F>::new("sell_25");
    let mia = stage.user("mia", UserRole::Manager, Some("north"));
    // Two people of the team, who do not see each other's contacts, would need a team of their own each.
    let ann = stage.user("ann", UserRole::Member, Some("north"));
    let bob = stage.user("bob", UserRole::Member, Some("north"));
    let sid = stage.user("sid", UserRole::Member, Some("south"));
    let ada = ann.put("contacts", person("Ada Lovelace"));
    bob.put("contacts", person("Charles Babbage"));
    mia.put("contacts", person("Grace Hopper"));
    sid.put("contacts", person("Mary Somerville"));
    let syncs: Vec<_> = [&mia, &ann, &sid].map(|desk| stage.sync::<Contact>(desk, "sell")).into();
    syncs.iter().for_each(|sync| sync.run());
    assert_eq!(names(&syncs[0].mailbox.items::<Contact>()), ["Ada Lovelace", "Charles Babbage", "Grace Hopper"]);
    assert_eq!(names(&syncs[2].mailbox.items::<Contact>()), ["Mary Somerville"]);

    // One record in two mailboxes: what the manager changes in hers shows in the owner's.
    let of_mia = the(&syncs[0].mailbox.items::<Contact>(), "Ada Lovelace").id;
    syncs[0].mailbox.edit::<Contact>(&of_mia, |c| c.notes = vec!["important".into()]);
    syncs.iter().for_each(|sync| sync.run());
    assert_eq!(ann.get::<Contact>(&ada).notes, ["important"]);
    assert_eq!(the(&syncs[1].mailbox.items::<Contact>(), "Ada Lovelace").record.notes, ["important"]);
    // And what she throws out of hers stays everywhere else.
    syncs[0].mailbox.delete::<Contact>(&of_mia);
    syncs.iter().for_each(|sync| sync.run());
    assert_eq!(names(&syncs[0].mailbox.items::<Contact>()), ["Charles Babbage", "Grace Hopper"]);
    assert_eq!(names(&mia.items::<Contact>()), ["Ada Lovelace", "Charles Babbage", "Grace Hopper"]);
    let _ = the(&syncs[1].mailbox.items::<Contact>(), "Ada Lovelace");
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

pub fn sell_33_the_value_that_was_replaced_is_kept_in_a_custom_field_of_the_app<F: FarSide>() {
    for hub_last in [true, false] {
        let stage = Stage::<F>::new("sell_33");
        let (ann, sync) = stage.set_up::<Contact>("sell");
        let id = ann.put("contacts", person("Ada Lovelace"));
        sync.run();
        assert!(ann.get::<Contact>(&id).custom.is_empty());
        let there = the(&sync.mailbox.items::<Contact>(), "Ada Lovelace").id;
        let mut losers = Vec::new();
        // Over and over: all are kept, in a bounded number of fields.
        for round in 0..4 {
            let (hub, far) = (format!("hub{round}@work.example"), format!("far{round}@work.example"));
            let at_hub = || ann.edit::<Contact>(&id, |c| c.emails = vec![mail(&hub)]);
            let at_far = || sync.mailbox.edit::<Contact>(&there, |c| c.emails = vec![mail(&far)]);
            if hub_last {
                at_far();
                stage.wait(600);
                at_hub();
            } else {
                at_hub();
                stage.wait(600);
                at_far();
            }
            losers.push(if hub_last { far.clone() } else { hub.clone() });
            sync.run();
            let ours = ann.get::<Contact>(&id);
            assert_eq!(addresses(&ours), pairs(&[("work", if hub_last { &hub } else { &far })]));
            let kept = ours.custom.values().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            assert!(kept.contains(losers.last().unwrap().as_str()), "{kept}");
            assert!(ours.custom.len() <= 8, "{:?}", ours.custom.keys());
        }
    }
}

//! SELL: a sales app and a mailbox.

use super::{
    FarSide, Mailbox, Stage,
    people::{mail, names, person, phone, the},
};
use pimkit::Contact;

pub fn sell_21_contacts_and_their_edits_flow_both_ways<F: FarSide>() {
    let stage = Stage::<F>::new("sell_21");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let mailbox = &sync.mailbox;
    let ada = ann.put("contacts", person("Ada Lovelace"));
    let charles = mailbox.put(&mailbox.home::<Contact>(), person("Charles Babbage"));
    sync.run();
    let both = ["Ada Lovelace", "Charles Babbage"];
    assert_eq!(names(&ann.items::<Contact>()), both);
    assert_eq!(names(&mailbox.items::<Contact>()), both);

    ann.edit::<Contact>(&ada, |c| c.phones = vec![phone("+43 1 5550100")]);
    mailbox.edit::<Contact>(&charles, |c| c.notes = vec!["builds engines".into()]);
    sync.run();
    assert_eq!(the(&mailbox.items::<Contact>(), "Ada Lovelace").record.phones, [phone("+43 1 5550100")]);
    assert_eq!(the(&ann.items::<Contact>(), "Charles Babbage").record.notes, ["builds engines"]);

    // And the other way round: the far-born one from the app, the app's from the mailbox.
    let in_app = the(&ann.items::<Contact>(), "Charles Babbage").id;
    let in_mailbox = the(&mailbox.items::<Contact>(), "Ada Lovelace").id;
    ann.edit::<Contact>(&in_app, |c| c.nicknames = vec!["Charlie".into()]);
    mailbox.edit::<Contact>(&in_mailbox, |c| c.notes = vec!["writes programs".into()]);
    sync.run();
    assert_eq!(the(&mailbox.items::<Contact>(), "Charles Babbage").record.nicknames, ["Charlie"]);
    assert_eq!(ann.get::<Contact>(&ada).notes, ["writes programs"]);
}

pub fn sell_22_deletes_are_carried_to_neither_side<F: FarSide>() {
    let stage = Stage::<F>::new("sell_22");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let mailbox = &sync.mailbox;
    let all = ["Ada Lovelace", "Charles Babbage", "Grace Hopper", "Mary Somerville"];
    let ids: Vec<_> = all.iter().map(|name| ann.put("contacts", person(name))).collect();
    sync.run();
    assert_eq!(names(&mailbox.items::<Contact>()), all);

    ann.delete::<Contact>(&ids[0]);
    mailbox.delete::<Contact>(&the(&mailbox.items::<Contact>(), "Charles Babbage").id);
    ann.put("contacts", person("Sofia Kovalevskaya"));
    for _ in 0..3 {
        sync.run();
        // Neither deletion arrived, neither came back, and what is new goes over all the same.
        assert_eq!(names(&ann.items::<Contact>()), ["Charles Babbage", "Grace Hopper", "Mary Somerville", "Sofia Kovalevskaya"]);
        assert_eq!(names(&mailbox.items::<Contact>()), ["Ada Lovelace", "Grace Hopper", "Mary Somerville", "Sofia Kovalevskaya"]);
    }
}

pub fn sell_23_a_deleted_contact_does_not_come_back_and_goes_for_good_when_both_sides_delete_it<F: FarSide>() {
    let stage = Stage::<F>::new("sell_23");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let mailbox = &sync.mailbox;
    let ids: Vec<_> = ["Ada Lovelace", "Charles Babbage", "Grace Hopper"].iter().map(|name| ann.put("contacts", person(name))).collect();
    sync.run();
    ann.delete::<Contact>(&ids[0]);
    mailbox.delete::<Contact>(&the(&mailbox.items::<Contact>(), "Charles Babbage").id);
    sync.run();
    // Edits of what is left do not bring the other half back.
    let ada = the(&mailbox.items::<Contact>(), "Ada Lovelace").id;
    mailbox.edit::<Contact>(&ada, |c| c.notes = vec!["edited".into()]);
    ann.edit::<Contact>(&ids[1], |c| c.notes = vec!["edited".into()]);
    sync.run();
    assert_eq!(names(&ann.items::<Contact>()), ["Charles Babbage", "Grace Hopper"]);
    assert_eq!(names(&mailbox.items::<Contact>()), ["Ada Lovelace", "Grace Hopper"]);

    mailbox.delete::<Contact>(&the(&mailbox.items::<Contact>(), "Ada Lovelace").id);
    ann.delete::<Contact>(&ids[1]);
    for _ in 0..2 {
        sync.run();
        assert_eq!(names(&ann.items::<Contact>()), ["Grace Hopper"]);
        assert_eq!(names(&mailbox.items::<Contact>()), ["Grace Hopper"]);
    }
}

pub fn sell_26_duplicates_of_the_mailbox_come_into_the_app_as_duplicates<F: FarSide>() {
    let stage = Stage::<F>::new("sell_26");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let mailbox = &sync.mailbox;
    for note in ["from a card", "from a card", "from a mail"] {
        let mut ada = person("Ada Lovelace");
        ada.notes = vec![note.into()];
        mailbox.put(&mailbox.home::<Contact>(), ada);
    }
    for _ in 0..2 {
        sync.run();
        assert_eq!(names(&ann.items::<Contact>()), ["Ada Lovelace"; 3]);
        assert_eq!(names(&mailbox.items::<Contact>()), ["Ada Lovelace"; 3]);
    }
    let mut notes: Vec<_> = ann.items::<Contact>().into_iter().flat_map(|c| c.record.notes).collect();
    notes.sort();
    assert_eq!(notes, ["from a card", "from a card", "from a mail"]);
}

pub fn sell_30_runs_recognise_who_is_the_same_on_both_sides<F: FarSide>() {
    let stage = Stage::<F>::new("sell_30");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let mailbox = &sync.mailbox;
    let home = mailbox.home::<Contact>();
    // By the address, however it is spelt, and a name that fits.
    ann.put("contacts", person("Ada Lovelace"));
    let mut spelt = person("Ada Lovelace");
    spelt.name.full = Some("Lovelace, Ada".into());
    spelt.emails = vec![mail("ADA@Work.Example")];
    mailbox.put(&home, spelt);
    // The same address and another person.
    let shared = |name: &str| {
        let mut person = person(name);
        person.emails = vec![mail("office@work.example")];
        person
    };
    ann.put("contacts", shared("Charles Babbage"));
    mailbox.put(&home, shared("Mary Somerville"));
    sync.run();
    assert_eq!((ann.items::<Contact>().len(), mailbox.items::<Contact>().len()), (3, 3));
    for side in [ann.items::<Contact>(), mailbox.items::<Contact>()] {
        let _ = the(&side, "Charles Babbage");
        let _ = the(&side, "Mary Somerville");
    }
    // Not at the first run only: by name and number.
    let called = |name: &str| {
        let mut person = person(name);
        person.emails.clear();
        person.phones = vec![phone("+43 1 5550123")];
        person
    };
    ann.put("contacts", called("Grace Hopper"));
    mailbox.put(&home, called("Grace Hopper"));
    sync.run();
    assert_eq!((ann.items::<Contact>().len(), mailbox.items::<Contact>().len()), (4, 4));
}

pub fn sell_31_a_contact_on_both_sides_is_linked_and_not_made_twice<F: FarSide>() {
    let stage = Stage::<F>::new("sell_31");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let mailbox = &sync.mailbox;
    let mut ours = person("Ada Lovelace");
    ours.phones = vec![phone("+43 1 5550100")];
    let in_app = ann.put("contacts", ours);
    let mut theirs = person("Ada Lovelace");
    theirs.notes = vec!["met in Turin".into()];
    let in_mailbox = mailbox.put(&mailbox.home::<Contact>(), theirs);
    for _ in 0..2 {
        sync.run();
        let (left, right) = (ann.items::<Contact>(), mailbox.items::<Contact>());
        for only in [the(&left, "Ada Lovelace"), the(&right, "Ada Lovelace")] {
            // What one side knew, both know now.
            assert_eq!((only.record.phones, only.record.notes), (vec![phone("+43 1 5550100")], vec!["met in Turin".to_owned()]));
        }
        assert_eq!((&the(&left, "Ada Lovelace").id, &the(&right, "Ada Lovelace").id), (&in_app, &in_mailbox));
    }
    ann.edit::<Contact>(&in_app, |c| c.nicknames = vec!["Countess".into()]);
    sync.run();
    assert_eq!(the(&mailbox.items::<Contact>(), "Ada Lovelace").record.nicknames, ["Countess"]);
}

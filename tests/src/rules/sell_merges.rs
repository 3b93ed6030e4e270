//! SELL: duplicates that the app merges, and leads that become contacts.

use super::{
    Desk, FarSide, Mailbox, Stage, Sync,
    people::{names, person, phone, the},
    stage::done,
};
use pimkit::{Contact, ItemId, Stored};

/// Two duplicates of the mailbox in the app, told apart by their notes.
struct Twins<'s, F: FarSide> {
    ann: Desk,
    sync: Sync<'s, F, Contact>,
}

fn noted(items: &[Stored<Contact>], note: &str) -> Stored<Contact> {
    let noted: Vec<_> = items.iter().filter(|c| c.record.notes == [note]).collect();
    assert_eq!(noted.len(), 1, "{note}");
    noted[0].clone()
}

fn twins<F: FarSide>(stage: &Stage<F>) -> Twins<'_, F> {
    let (ann, sync) = stage.set_up::<Contact>("sell");
    for note in ["first", "second"] {
        let mut ada = person("Ada Lovelace");
        ada.notes = vec![note.into()];
        sync.mailbox.put(&sync.mailbox.home::<Contact>(), ada);
    }
    sync.run();
    assert_eq!(names(&ann.items::<Contact>()), ["Ada Lovelace"; 2]);
    Twins { ann, sync }
}

impl<F: FarSide> Twins<'_, F> {
    fn merge(&self) -> ItemId {
        let items = self.ann.items::<Contact>();
        let winner = noted(&items, "first").id;
        done(self.ann.local.merge(&winner, &[noted(&items, "second").id]));
        winner
    }
}

pub fn sell_27_users_merge_duplicate_contacts_and_leads_in_the_app<F: FarSide>() {
    let stage = Stage::<F>::new("sell_27");
    let twins = twins(&stage);
    let winner = twins.merge();
    let (first, second) = (twins.ann.put("leads", person("Grace Hopper")), twins.ann.put("leads", person("Grace Hopper")));
    twins.sync.run();
    done(twins.ann.local.merge(&first, &[second]));
    for _ in 0..3 {
        twins.sync.run();
        let items = twins.ann.items::<Contact>();
        assert_eq!(names(&items), ["Ada Lovelace", "Grace Hopper"], "what was merged stays merged");
        assert_eq!((the(&items, "Ada Lovelace").id, the(&items, "Grace Hopper").id), (winner.clone(), first.clone()));
    }
}

pub fn sell_28_a_merge_in_the_app_leaves_the_mailboxes_duplicates_where_they_are<F: FarSide>() {
    let stage = Stage::<F>::new("sell_28");
    let twins = twins(&stage);
    twins.merge();
    for _ in 0..3 {
        twins.sync.run();
        let items = twins.sync.mailbox.items::<Contact>();
        assert_eq!(names(&items), ["Ada Lovelace"; 2]);
        // The one that no longer syncs is as it was.
        assert_eq!(items.iter().filter(|c| c.record.notes == ["second"]).count(), 1);
    }
}

pub fn sell_29_after_a_merge_exactly_one_duplicate_keeps_syncing<F: FarSide>() {
    let stage = Stage::<F>::new("sell_29");
    let twins = twins(&stage);
    let winner = twins.merge();
    twins.sync.run();
    let (ann, mailbox) = (&twins.ann, &twins.sync.mailbox);

    ann.edit::<Contact>(&winner, |c| c.phones = vec![phone("+43 1 5550100")]);
    twins.sync.run();
    let called: Vec<_> = mailbox.items::<Contact>().into_iter().filter(|c| !c.record.phones.is_empty()).collect();
    assert_eq!(called.len(), 1, "the app's edit reaches one of them");
    let living = &called[0].id;
    let parked = mailbox.items::<Contact>().into_iter().find(|c| c.id != *living).unwrap().id;

    mailbox.edit::<Contact>(living, |c| c.nicknames = vec!["Countess".into()]);
    mailbox.edit::<Contact>(&parked, |c| c.nicknames = vec!["Nobody".into()]);
    for _ in 0..2 {
        twins.sync.run();
        assert_eq!(names(&ann.items::<Contact>()), ["Ada Lovelace"], "the other one does not come back in");
        assert_eq!(ann.get::<Contact>(&winner).nicknames, ["Countess"], "only the one that syncs is heard");
    }
}

pub fn sell_36_an_item_under_base_lead_edits_the_lead_and_stays_the_same_item_when_it_is_converted<F: FarSide>() {
    let stage = Stage::<F>::new("sell_36");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let lead = ann.put("leads", person("Ada Lovelace"));
    sync.run();
    let item = the(&sync.mailbox.items::<Contact>(), "Ada Lovelace").id;
    sync.mailbox.edit::<Contact>(&item, |c| c.notes = vec!["called back".into()]);
    sync.run();
    assert_eq!(ann.get::<Contact>(&lead).notes, ["called back"]);
    assert_eq!(the(&ann.items::<Contact>(), "Ada Lovelace").collection.as_str(), "leads");

    let contact = done(ann.local.convert(&lead)).id;
    for _ in 0..2 {
        sync.run();
        let there = the(&sync.mailbox.items::<Contact>(), "Ada Lovelace");
        assert_eq!(there.id, item, "the same item");
        assert!(
            there.record.keywords.contains("Base Person") && !there.record.keywords.contains("Base Lead"),
            "{:?}",
            there.record.keywords
        );
        assert_eq!(the(&ann.items::<Contact>(), "Ada Lovelace").collection.as_str(), "contacts");
    }
    sync.mailbox.edit::<Contact>(&item, |c| c.nicknames = vec!["Countess".into()]);
    sync.run();
    assert_eq!(ann.get::<Contact>(&contact).nicknames, ["Countess"], "and it goes on syncing, with the contact");
}

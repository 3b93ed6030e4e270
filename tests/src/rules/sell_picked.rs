//! SELL: which of the mailbox's contacts come into the app, by the categories that its user picks.

use super::{
    Desk, FarSide, Mailbox, Stage,
    far::repository,
    people::{company, names, person, the},
};
use futures::executor::block_on;
use pimkit::{Contact, ErrorKind, ItemId, sync::Offered};
use std::collections::BTreeSet;

/// A contact that a user of the mailbox put into categories.
fn filed(mut contact: Contact, categories: &[&str]) -> Contact {
    contact.keywords = categories.iter().map(|name| (*name).to_owned()).collect();
    contact
}

fn put(mailbox: &impl Mailbox, contact: Contact) -> ItemId {
    mailbox.put(&mailbox.home::<Contact>(), contact)
}

/// What is offered, by name.
fn choice(offered: Offered) -> Vec<String> {
    let Offered::Choice(list) = offered else { panic!("{offered:?}") };
    let mut names: Vec<String> = list.into_iter().map(|category| category.name).collect();
    names.sort();
    names
}

/// The collection of the app that the contact of this name is in.
fn shelf(ann: &Desk, name: &str) -> String {
    the(&ann.items::<Contact>(), name).collection.to_string()
}

pub fn sell_05_the_user_picks_which_of_the_mailboxes_categories_come_into_the_app<F: FarSide>() {
    let stage = Stage::<F>::new("sell_05");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let mailbox = &sync.mailbox;
    for category in ["Customers", "Friends", "Suppliers"] {
        mailbox.make_category::<Contact>(category);
    }
    let ada = put(mailbox, filed(person("Ada Lovelace"), &["Customers"]));
    put(mailbox, filed(person("Grace Hopper"), &["Friends"]));
    put(mailbox, filed(person("Mary Somerville"), &["Friends", "Suppliers"]));
    let sofia = put(mailbox, person("Sofia Kovalevskaya"));
    // And one of no picked category whom the app knows: they are one, and not two.
    ann.put("contacts", person("Emmy Noether"));
    put(mailbox, person("Emmy Noether"));
    if stage.has_categories(mailbox) {
        assert_eq!(choice(sync.offered().unwrap()), ["Customers", "Friends", "Suppliers"]);
    } else {
        // There is no list to choose from; what the items carry is picked by name.
        assert_eq!(sync.offered().unwrap(), Offered::Unlisted);
    }
    let picking = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        stage.sync::<Contact>(&ann, "sell").with(|p| p.incoming = names)
    };
    let sync = picking(&["Customers", "Suppliers"]);
    let in_mailbox = ["Ada Lovelace", "Emmy Noether", "Grace Hopper", "Mary Somerville", "Sofia Kovalevskaya"];
    for _ in 0..2 {
        sync.run();
        assert_eq!(names(&ann.items::<Contact>()), ["Ada Lovelace", "Emmy Noether", "Mary Somerville"]);
        assert_eq!(names(&mailbox.items::<Contact>()), in_mailbox, "nobody is made twice");
    }
    for (name, own) in [("Grace Hopper", &["Friends"][..]), ("Sofia Kovalevskaya", &[])] {
        let keywords: Vec<String> = the(&mailbox.items::<Contact>(), name).record.keywords.into_iter().collect();
        assert_eq!(keywords, own, "what was not picked is left as it is");
    }
    if stage.has_categories(mailbox) {
        assert_eq!(choice(sync.offered().unwrap()), ["Customers", "Friends", "Suppliers"], "the app's own ones are not offered");
    }
    // Who gets into a picked category comes, and who leaves it stays in the app and goes on.
    mailbox.edit::<Contact>(&sofia, |c| c.keywords = ["Customers".to_owned()].into());
    mailbox.edit::<Contact>(&ada, |c| {
        c.keywords.remove("Customers");
        c.notes = vec!["no customer any more".into()];
    });
    sync.run();
    assert_eq!(names(&ann.items::<Contact>()), ["Ada Lovelace", "Emmy Noether", "Mary Somerville", "Sofia Kovalevskaya"]);
    assert_eq!(the(&ann.items::<Contact>(), "Ada Lovelace").record.notes, ["no customer any more"]);
    // Another choice later on.
    let sync = picking(&["Customers", "Friends"]);
    for _ in 0..2 {
        sync.run();
        assert_eq!(names(&ann.items::<Contact>()), in_mailbox);
        assert_eq!(names(&mailbox.items::<Contact>()), in_mailbox);
    }
}

pub fn sell_06_what_comes_from_a_picked_category_is_a_contact_and_no_lead<F: FarSide>() {
    let stage = Stage::<F>::new("sell_06");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let sync = sync.with(|p| p.incoming = vec!["Customers".to_owned()]);
    let mailbox = &sync.mailbox;
    mailbox.make_category::<Contact>("Customers");
    ann.put("leads", person("Mary Somerville"));
    put(mailbox, filed(person("Ada Lovelace"), &["Customers"]));
    put(mailbox, filed(company("Analytical Engines"), &["Customers"]));
    put(mailbox, filed(person("Grace Hopper"), &["Friends"]));
    let fields = block_on(repository::<Contact>(mailbox.connector().as_ref()).fields(&mailbox.home::<Contact>())).unwrap();
    let tells = fields.iter().any(|field| field.field.as_str() == "kind" && field.read);
    if !tells {
        stage.skip("a contact does not say that it is a company");
    }
    for _ in 0..2 {
        sync.run();
        assert_eq!(names(&ann.items::<Contact>()), ["Ada Lovelace", "Analytical Engines", "Mary Somerville"]);
        assert_eq!(shelf(&ann, "Ada Lovelace"), "contacts");
        let of_companies = if tells { "companies" } else { "contacts" };
        assert_eq!(shelf(&ann, "Analytical Engines"), of_companies, "a company is a contact of its own sort");
        assert_eq!(shelf(&ann, "Mary Somerville"), "leads", "and a lead stays one");
    }
}

pub fn sell_07_contacts_that_the_mailbox_did_not_have_get_a_category_of_the_apps_making<F: FarSide>() {
    let stage = Stage::<F>::new("sell_07");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let mailbox = &sync.mailbox;
    mailbox.make_category::<Contact>("VIP");
    let grace = put(mailbox, filed(person("Grace Hopper"), &["VIP"]));
    ann.put("contacts", person("Ada Lovelace"));
    ann.put("companies", company("Analytical Engines"));
    ann.put("leads", person("Mary Somerville"));
    let listed = stage.has_categories(mailbox);
    let before: BTreeSet<String> = mailbox.categories::<Contact>().unwrap_or_default().into_iter().collect();
    let mut lists = Vec::new();
    for _ in 0..2 {
        sync.run();
        for name in ["Ada Lovelace", "Analytical Engines", "Mary Somerville"] {
            let made = the(&mailbox.items::<Contact>(), name).record.keywords;
            assert!(!made.is_empty() && made.is_disjoint(&before), "{name}: {made:?}");
            if listed {
                let list = mailbox.categories::<Contact>().unwrap();
                assert!(made.iter().all(|category| list.contains(category)), "{made:?} of {list:?}");
            }
        }
        let own = the(&mailbox.items::<Contact>(), "Grace Hopper");
        assert!(own.id == grace && own.record.keywords.contains("VIP"), "{:?}", own.record.keywords);
        let mut list = mailbox.categories::<Contact>().unwrap_or_default();
        list.sort();
        assert!(list.windows(2).all(|pair| pair[0] != pair[1]), "none is there twice: {list:?}");
        assert!(before.iter().all(|own| list.contains(own)), "and those that were there stay: {list:?}");
        lists.push(list);
    }
    assert_eq!(lists[0], lists[1], "they are made once");
}

pub fn sell_08_a_mailbox_without_categories_is_offered_no_choice_which_is_no_failure<F: FarSide>() {
    let stage = Stage::<F>::new("sell_08");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let mailbox = &sync.mailbox;
    put(mailbox, person("Grace Hopper"));
    if !stage.has_categories(mailbox) {
        assert_eq!(sync.offered().unwrap(), Offered::Unlisted, "not an empty list: there is none");
        sync.run();
        assert_eq!(names(&ann.items::<Contact>()), ["Grace Hopper"]);
        return;
    }
    assert_eq!(sync.offered().unwrap(), Offered::Nothing);
    // A list that cannot be had is another matter, and passes.
    mailbox.break_categories(true);
    let error = sync.offered().unwrap_err();
    assert!(error.is_temporary() && error.kind() != ErrorKind::Unsupported, "{error}");
    mailbox.break_categories(false);
    assert_eq!(sync.offered().unwrap(), Offered::Nothing);
    // Nothing was picked, so that all of them come; and what the sync keeps there is nothing to pick.
    sync.run();
    assert_eq!(names(&ann.items::<Contact>()), ["Grace Hopper"]);
    assert!(!mailbox.categories::<Contact>().unwrap().is_empty());
    assert_eq!(sync.offered().unwrap(), Offered::Nothing);
    mailbox.make_category::<Contact>("VIP");
    assert_eq!(choice(sync.offered().unwrap()), ["VIP"]);
}

//! SELL: the seven categories that a sales app keeps in a mailbox.

use super::{
    Desk, FarSide, Mailbox, Stage,
    people::{company, names, person, the},
    stage::done,
};
use pimkit::{
    Contact, ItemId,
    local::{CustomerStatus, Stage as Deal},
    sync::{Condition, Policy},
};
use std::collections::BTreeSet;

const SEVEN: [&str; 7] = [
    "Base Company",
    "Base Current Customer",
    "Base Current Prospect",
    "Base Lead",
    "Base Lost Prospect",
    "Base Past Customer",
    "Base Person",
];

/// The categories of the item of this name, the user's own ones too.
fn categories(mailbox: &impl Mailbox, name: &str) -> BTreeSet<String> {
    the(&mailbox.items::<Contact>(), name).record.keywords
}

fn set<const N: usize>(words: [&str; N]) -> BTreeSet<String> {
    words.map(str::to_owned).into()
}

pub fn sell_09_people_carry_base_person<F: FarSide>() {
    let stage = Stage::<F>::new("sell_09");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    ann.put("contacts", person("Ada Lovelace"));
    sync.mailbox.put(&sync.mailbox.home::<Contact>(), person("Grace Hopper"));
    sync.run();
    assert_eq!(categories(&sync.mailbox, "Ada Lovelace"), set(["Base Person"]));
    // One that was in the mailbox before is in the app now, and a person too.
    sync.run();
    assert_eq!(categories(&sync.mailbox, "Grace Hopper"), set(["Base Person"]));
}

pub fn sell_10_companies_carry_base_company<F: FarSide>() {
    let stage = Stage::<F>::new("sell_10");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    ann.put("companies", company("Analytical Engines"));
    sync.run();
    assert_eq!(categories(&sync.mailbox, "Analytical Engines"), set(["Base Company"]));
}

/// That the items of these names carry these managed categories, and no others.
fn carry(mailbox: &impl Mailbox, expected: &[(&str, &[&str])]) {
    for (name, words) in expected {
        let words: BTreeSet<String> = words.iter().map(|word| format!("Base {word}")).collect();
        assert_eq!(categories(mailbox, name), words, "{name}");
    }
}

pub fn sell_11_contacts_with_active_deals_carry_base_current_prospect<F: FarSide>() {
    let stage = Stage::<F>::new("sell_11");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let mailbox = &sync.mailbox;
    // Whichever side they came from, people and companies; a lead is no contact, whatever deal there is with it.
    let ada = ann.put("contacts", person("Ada Lovelace"));
    let engines = ann.put("companies", company("Analytical Engines"));
    let lead = ann.put("leads", person("Mary Somerville"));
    mailbox.put(&mailbox.home::<Contact>(), person("Charles Babbage"));
    sync.run();
    sync.run();
    let all = |ada: &[&str], engines: &[&str], charles: &[&str]| {
        let rest = ("Mary Somerville", ["Lead"].as_slice());
        carry(mailbox, &[("Ada Lovelace", ada), ("Analytical Engines", engines), ("Charles Babbage", charles), rest]);
    };
    all(&["Person"], &["Company"], &["Person"]);
    let charles = the(&ann.items::<Contact>(), "Charles Babbage").id;
    let add = |id, deal| done(ann.local.add_deal(id, "Engine", deal)).id;
    let deals = [&ada, &engines, &charles, &lead].map(|id| add(id, Deal::Active));
    sync.run();
    all(&["Current Prospect", "Person"], &["Company", "Current Prospect"], &["Current Prospect", "Person"]);
    // It is the deal under way that counts: with it, the category goes, however it ended, and comes back.
    let second = add(&ada, Deal::Active);
    for (deal, end) in deals.iter().zip([Deal::Won, Deal::Lost, Deal::Unqualified]) {
        done(ann.local.set_stage(deal, end));
    }
    sync.run();
    all(&["Current Prospect", "Person"], &["Company", "Lost Prospect"], &["Lost Prospect", "Person"]);
    done(ann.local.set_stage(&second, Deal::Won));
    done(ann.local.set_stage(&deals[1], Deal::Active));
    sync.run();
    all(&["Person"], &["Company", "Current Prospect"], &["Lost Prospect", "Person"]);
}

pub fn sell_12_contacts_with_lost_or_unqualified_deals_carry_base_lost_prospect<F: FarSide>() {
    let stage = Stage::<F>::new("sell_12");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let dealt = |collection: &str, contact: Contact, deals: &[Deal]| {
        let id = ann.put(collection, contact);
        deals.iter().map(|deal| done(ann.local.add_deal(&id, "Engine", *deal)).id).collect::<Vec<_>>()
    };
    let ada = dealt("contacts", person("Ada Lovelace"), &[Deal::Lost]);
    dealt("contacts", person("Charles Babbage"), &[Deal::Unqualified]);
    dealt("companies", company("Analytical Engines"), &[Deal::Unqualified, Deal::Lost]);
    // One that is lost and one under way: both are so.
    let grace = dealt("contacts", person("Grace Hopper"), &[Deal::Lost, Deal::Active]);
    dealt("contacts", person("Sofia Kovalevskaya"), &[Deal::Won]);
    dealt("contacts", person("Emmy Noether"), &[]);
    dealt("leads", person("Mary Somerville"), &[Deal::Lost, Deal::Unqualified]);
    sync.run();
    let rest: &[(&str, &[&str])] = &[
        ("Charles Babbage", &["Lost Prospect", "Person"]),
        ("Analytical Engines", &["Company", "Lost Prospect"]),
        ("Sofia Kovalevskaya", &["Person"]),
        ("Emmy Noether", &["Person"]),
        ("Mary Somerville", &["Lead"]),
    ];
    carry(&sync.mailbox, rest);
    carry(&sync.mailbox, &[("Ada Lovelace", &["Lost Prospect", "Person"])]);
    carry(&sync.mailbox, &[("Grace Hopper", &["Current Prospect", "Lost Prospect", "Person"])]);
    // One that is taken up again is lost no more, and one that is lost later is.
    done(ann.local.set_stage(&ada[0], Deal::Active));
    done(ann.local.set_stage(&grace[0], Deal::Won));
    done(ann.local.set_stage(&grace[1], Deal::Unqualified));
    sync.run();
    carry(&sync.mailbox, rest);
    carry(&sync.mailbox, &[("Ada Lovelace", &["Current Prospect", "Person"]), ("Grace Hopper", &["Lost Prospect", "Person"])]);
}

pub fn sell_13_contacts_with_won_deals_and_the_status_carry_base_current_customer<F: FarSide>() {
    let stage = Stage::<F>::new("sell_13");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let known = |collection: &str, contact: Contact, deal: Option<Deal>, status: Option<CustomerStatus>| {
        let id = ann.put(collection, contact);
        if let Some(status) = status {
            done(ann.local.set_status(&id, status));
        }
        let deal = deal.map(|deal| done(ann.local.add_deal(&id, "Engine", deal)).id);
        (id, deal)
    };
    // It takes both.
    let (won, current) = (Some(Deal::Won), Some(CustomerStatus::Current));
    let ada = known("contacts", person("Ada Lovelace"), won, current);
    let engines = known("companies", company("Analytical Engines"), won, current);
    known("contacts", person("Charles Babbage"), won, None);
    known("contacts", person("Grace Hopper"), won, Some(CustomerStatus::Prospect));
    known("contacts", person("Emmy Noether"), None, current);
    known("contacts", person("Sofia Kovalevskaya"), Some(Deal::Active), current);
    known("leads", person("Mary Somerville"), won, current);
    sync.run();
    let customer: &[&str] = &["Current Customer", "Person"];
    let rest: &[(&str, &[&str])] =
        &[("Emmy Noether", &["Person"]), ("Sofia Kovalevskaya", &["Current Prospect", "Person"]), ("Mary Somerville", &["Lead"])];
    carry(&sync.mailbox, &[("Ada Lovelace", customer), ("Analytical Engines", &["Company", "Current Customer"])]);
    carry(&sync.mailbox, &[("Charles Babbage", &["Person"]), ("Grace Hopper", &["Person"])]);
    carry(&sync.mailbox, rest);
    // And it goes with either.
    done(ann.local.set_status(&ada.0, CustomerStatus::Prospect));
    done(ann.local.set_stage(&engines.1.unwrap(), Deal::Lost));
    sync.run();
    carry(&sync.mailbox, &[("Ada Lovelace", &["Person"]), ("Analytical Engines", &["Company", "Lost Prospect"])]);

    // Others read the rule otherwise: what makes a customer is configuration, for those who were there before too.
    let sync = sync.with(|policy| {
        let customer = policy.categories.iter_mut().find(|c| c.name == "Base Current Customer").unwrap();
        customer.when = vec![Condition::is_not("collection", &["leads"]), Condition::at_least("deals.won", 1)];
    });
    sync.run();
    for name in ["Ada Lovelace", "Charles Babbage", "Grace Hopper"] {
        carry(&sync.mailbox, &[(name, customer)]);
    }
    carry(&sync.mailbox, rest);
    let own = Policy::profile("sell").unwrap().categories;
    let sync = sync.with(|policy| policy.categories = own);
    sync.run();
    for name in ["Ada Lovelace", "Charles Babbage", "Grace Hopper"] {
        carry(&sync.mailbox, &[(name, &["Person"])]);
    }
}

pub fn sell_14_past_customers_carry_base_past_customer<F: FarSide>() {
    let stage = Stage::<F>::new("sell_14");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let past = |id: &ItemId| done(ann.local.set_status(id, CustomerStatus::Past));
    let ada = ann.put("contacts", person("Ada Lovelace"));
    let engines = ann.put("companies", company("Analytical Engines"));
    let lead = ann.put("leads", person("Mary Somerville"));
    let grace = ann.put("contacts", person("Grace Hopper"));
    let charles = ann.put("contacts", person("Charles Babbage"));
    [&ada, &engines, &lead].into_iter().for_each(past);
    // The status says it, whatever the deals say; a deal that was won long ago does not.
    done(ann.local.add_deal(&engines, "Engine no. 1", Deal::Won));
    done(ann.local.set_status(&grace, CustomerStatus::Current));
    done(ann.local.add_deal(&grace, "Compiler", Deal::Won));
    done(ann.local.set_status(&charles, CustomerStatus::Prospect));
    sync.run();
    let rest: &[(&str, &[&str])] = &[("Charles Babbage", &["Person"]), ("Mary Somerville", &["Lead"])];
    carry(&sync.mailbox, rest);
    carry(&sync.mailbox, &[("Ada Lovelace", &["Past Customer", "Person"]), ("Analytical Engines", &["Company", "Past Customer"])]);
    carry(&sync.mailbox, &[("Grace Hopper", &["Current Customer", "Person"])]);
    // Who comes back is past no more, and who leaves is.
    done(ann.local.set_status(&engines, CustomerStatus::Current));
    done(ann.local.set_status(&ada, CustomerStatus::Prospect));
    past(&grace);
    sync.run();
    carry(&sync.mailbox, rest);
    carry(&sync.mailbox, &[("Ada Lovelace", &["Person"]), ("Analytical Engines", &["Company", "Current Customer"])]);
    carry(&sync.mailbox, &[("Grace Hopper", &["Past Customer", "Person"])]);
}

pub fn sell_15_leads_are_exported_under_base_lead<F: FarSide>() {
    let stage = Stage::<F>::new("sell_15");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    ann.put("leads", person("Ada Lovelace"));
    ann.put("leads", company("Analytical Engines"));
    ann.put("contacts", person("Grace Hopper"));
    sync.run();
    for lead in ["Ada Lovelace", "Analytical Engines"] {
        assert_eq!(categories(&sync.mailbox, lead), set(["Base Lead"]), "a lead is neither person nor company: {lead}");
    }
    assert_eq!(categories(&sync.mailbox, "Grace Hopper"), set(["Base Person"]));
    assert_eq!(leads_of(&ann), ["Ada Lovelace", "Analytical Engines"], "exporting a lead makes no contact of it");
}

fn leads_of(ann: &Desk) -> Vec<String> {
    let leads: Vec<_> = ann.items::<Contact>().into_iter().filter(|c| c.collection.as_str() == "leads").collect();
    names(&leads).into_iter().map(str::to_owned).collect()
}

pub fn sell_16_the_names_of_the_seven_categories_are_fixed<F: FarSide>() {
    let mut constants: Vec<_> = Policy::profile("sell").unwrap().categories.into_iter().map(|c| c.name).collect();
    constants.sort();
    assert_eq!(constants, SEVEN);
    let stage = Stage::<F>::new("sell_16");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    ann.put("contacts", person("Ada Lovelace"));
    sync.run();
    // A user who calls it otherwise on an item gets the managed name back; the other word is the user's own.
    let ada = the(&sync.mailbox.items::<Contact>(), "Ada Lovelace").id;
    sync.mailbox.edit::<Contact>(&ada, |c| c.keywords = set(["People"]));
    sync.run();
    assert_eq!(categories(&sync.mailbox, "Ada Lovelace"), set(["Base Person", "People"]));
    if stage.has_categories(&sync.mailbox) {
        let listed = sync.mailbox.categories::<Contact>().unwrap();
        let managed: BTreeSet<String> = listed.into_iter().filter(|name| name.starts_with("Base ")).collect();
        assert_eq!(managed, set(SEVEN));
    }
}

pub fn sell_17_a_renamed_managed_category_gets_its_name_back<F: FarSide>() {
    let stage = Stage::<F>::new("sell_17");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    ann.put("contacts", person("Ada Lovelace"));
    ann.put("contacts", person("Grace Hopper"));
    sync.run();
    if !stage.has_categories(&sync.mailbox) {
        // Without a list, a category is what its items say: the name comes back there.
        sync.mailbox.rename_keyword::<Contact>("Base Person", "Base People");
        sync.run();
        for name in ["Ada Lovelace", "Grace Hopper"] {
            assert!(categories(&sync.mailbox, name).contains("Base Person"));
        }
        return;
    }
    sync.mailbox.rename_category::<Contact>("Base Person", "Base People");
    sync.run();
    let listed = sync.mailbox.categories::<Contact>().unwrap();
    assert!(listed.contains(&"Base Person".to_owned()) && !listed.contains(&"Base People".to_owned()), "{listed:?}");
    for name in ["Ada Lovelace", "Grace Hopper"] {
        assert_eq!(categories(&sync.mailbox, name), set(["Base Person"]));
    }
    assert!(ann.items::<Contact>().iter().all(|c| c.record.keywords.is_empty()), "neither name is a keyword of the app's");
}

pub fn sell_18_managed_categories_follow_the_app_and_leave_the_users_own_alone<F: FarSide>() {
    let stage = Stage::<F>::new("sell_18");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let mut ada = person("Ada Lovelace");
    ada.keywords = set(["VIP"]);
    let ada = ann.put("contacts", ada);
    done(ann.local.add_deal(&ada, "Engine no. 1", Deal::Won));
    done(ann.local.set_status(&ada, CustomerStatus::Current));
    sync.run();
    let there = || the(&sync.mailbox.items::<Contact>(), "Ada Lovelace").id;
    sync.mailbox.edit::<Contact>(&there(), |c| {
        c.keywords.insert("Friends".into());
    });
    sync.run();
    assert_eq!(categories(&sync.mailbox, "Ada Lovelace"), set(["Base Current Customer", "Base Person", "Friends", "VIP"]));
    assert_eq!(own_keywords(&ann, &ada), set(["Friends", "VIP"]), "the app's keywords are the user's own ones");

    done(ann.local.set_status(&ada, CustomerStatus::Past));
    sync.mailbox.edit::<Contact>(&there(), |c| {
        c.keywords.remove("VIP");
        // Whoever takes a managed one off, or puts one on, is put right.
        c.keywords.remove("Base Person");
        c.keywords.insert("Base Lead".into());
    });
    sync.run();
    assert_eq!(categories(&sync.mailbox, "Ada Lovelace"), set(["Base Past Customer", "Base Person", "Friends"]));
    assert_eq!(own_keywords(&ann, &ada), set(["Friends"]));
}

fn own_keywords(ann: &Desk, id: &ItemId) -> BTreeSet<String> {
    ann.get::<Contact>(id).keywords
}

pub fn sell_35_all_seven_categories_are_there_after_set_up_even_while_empty<F: FarSide>() {
    let stage = Stage::<F>::new("sell_35");
    let (_, sync) = stage.set_up::<Contact>("sell");
    if !stage.has_categories(&sync.mailbox) {
        sync.run();
        return;
    }
    assert_eq!(sync.mailbox.categories::<Contact>().unwrap(), Vec::<String>::new());
    for _ in 0..2 {
        sync.run();
        let mut listed = sync.mailbox.categories::<Contact>().unwrap();
        listed.sort();
        assert_eq!(listed, SEVEN);
    }
}

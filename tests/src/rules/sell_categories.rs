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

/// A contact with one deal at this stage; the categories beside Base Person.
fn with_deal<F: FarSide>(rule: &'static str, deal: Deal) -> BTreeSet<String> {
    let stage = Stage::<F>::new(rule);
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let ada = ann.put("contacts", person("Ada Lovelace"));
    sync.run();
    assert_eq!(categories(&sync.mailbox, "Ada Lovelace"), set(["Base Person"]), "before there is a deal");
    done(ann.local.add_deal(&ada, "Engine no. 1", deal));
    sync.run();
    let mut categories = categories(&sync.mailbox, "Ada Lovelace");
    assert!(categories.remove("Base Person"));
    categories
}

pub fn sell_11_contacts_with_active_deals_carry_base_current_prospect<F: FarSide>() {
    assert_eq!(with_deal::<F>("sell_11", Deal::Active), set(["Base Current Prospect"]));
    // It goes with the deal.
    let stage = Stage::<F>::new("sell_11");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let ada = ann.put("contacts", person("Ada Lovelace"));
    let deal = done(ann.local.add_deal(&ada, "Engine no. 1", Deal::Active));
    sync.run();
    assert_eq!(categories(&sync.mailbox, "Ada Lovelace"), set(["Base Current Prospect", "Base Person"]));
    done(ann.local.set_stage(&deal.id, Deal::Lost));
    sync.run();
    assert_eq!(categories(&sync.mailbox, "Ada Lovelace"), set(["Base Lost Prospect", "Base Person"]));
}

pub fn sell_12_contacts_with_lost_or_unqualified_deals_carry_base_lost_prospect<F: FarSide>() {
    assert_eq!(with_deal::<F>("sell_12", Deal::Lost), set(["Base Lost Prospect"]));
    assert_eq!(with_deal::<F>("sell_12", Deal::Unqualified), set(["Base Lost Prospect"]));
}

pub fn sell_13_contacts_with_won_deals_and_the_status_carry_base_current_customer<F: FarSide>() {
    assert_eq!(with_deal::<F>("sell_13", Deal::Won), set([]), "a won deal alone is not enough");
    let stage = Stage::<F>::new("sell_13");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let ada = ann.put("contacts", person("Ada Lovelace"));
    done(ann.local.set_status(&ada, CustomerStatus::Current));
    sync.run();
    assert_eq!(categories(&sync.mailbox, "Ada Lovelace"), set(["Base Person"]), "nor is the status");
    done(ann.local.add_deal(&ada, "Engine no. 1", Deal::Won));
    sync.run();
    assert_eq!(categories(&sync.mailbox, "Ada Lovelace"), set(["Base Current Customer", "Base Person"]));
    // Others read the rule otherwise: what makes a customer is configuration.
    let grace = ann.put("contacts", person("Grace Hopper"));
    done(ann.local.add_deal(&grace, "Compiler", Deal::Won));
    let sync = sync.with(|policy| {
        let customer = policy.categories.iter_mut().find(|c| c.name == "Base Current Customer").unwrap();
        customer.when = vec![Condition::at_least("deals.won", 1)];
    });
    sync.run();
    for name in ["Ada Lovelace", "Grace Hopper"] {
        assert_eq!(categories(&sync.mailbox, name), set(["Base Current Customer", "Base Person"]));
    }
}

pub fn sell_14_past_customers_carry_base_past_customer<F: FarSide>() {
    let stage = Stage::<F>::new("sell_14");
    let (ann, sync) = stage.set_up::<Contact>("sell");
    let ada = ann.put("contacts", person("Ada Lovelace"));
    done(ann.local.set_status(&ada, CustomerStatus::Past));
    sync.run();
    assert_eq!(categories(&sync.mailbox, "Ada Lovelace"), set(["Base Past Customer", "Base Person"]));
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

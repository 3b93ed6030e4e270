//! ZG: a CRM view and a list of contacts of the mailbox.

use super::{
    Desk, FarSide, Mailbox, Stage, Sync,
    people::{Named as _, mail, names, person, phone, the},
    stage::done,
};
use pimkit::{
    Action, Contact, EmailAddress, ItemId, Kind, Title,
    local::{FieldType, Filter, SavedView, UserRole},
    sync::Policy,
};

const PROFILE: &str = "zoho-google";
/// The list that is picked at the mailbox.
const GROUP: &str = "Customers";

/// A user with a sync of the view `North` and the list of customers.
fn picked<'s, F: FarSide>(stage: &'s Stage<F>) -> (Desk, Sync<'s, F, Contact>) {
    let (ann, sync) = stage.set_up::<Contact>(PROFILE);
    let mut filter = Filter::default();
    filter.custom.insert("region".to_owned(), "north".into());
    done(stage.app.define_field(Kind::Contact, "region", FieldType::Text));
    done(ann.local.save_view(&SavedView { name: "North".to_owned(), kind: Kind::Contact, filter }));
    sync.mailbox.make_category::<Contact>(GROUP);
    let sync = sync.with(|p| (p.view, p.category) = (Some("North".to_owned()), Some(GROUP.to_owned())));
    (ann, sync.fields(&[("custom.region", "")]))
}

fn of(region: &str, name: &str) -> Contact {
    let mut contact = person(name);
    contact.custom.insert("region".to_owned(), region.into());
    contact
}

fn grouped(name: &str) -> Contact {
    let mut contact = person(name);
    contact.keywords.insert(GROUP.to_owned());
    contact
}

fn put(mailbox: &impl Mailbox, contact: Contact) -> ItemId {
    mailbox.put(&mailbox.home::<Contact>(), contact)
}

pub fn zg_01_the_direction_is_chosen<F: FarSide>() {
    for (direction, to_app, to_mailbox) in [("two_way", true, true), ("to_right", false, true), ("to_left", true, false)] {
        let stage = Stage::<F>::new("zg_01");
        let (ann, sync) = stage.set_up::<Contact>(PROFILE);
        let sync = sync.with(|p| {
            p.set("direction", direction).unwrap();
            p.set("deletes", "delete").unwrap();
        });
        let mailbox = &sync.mailbox;
        // One on each side, and some that both have.
        ann.put("contacts", person("Ada Lovelace"));
        put(mailbox, person("Charles Babbage"));
        let both = ["Emmy Noether", "Grace Hopper", "Mary Somerville", "Sofia Kovalevskaya"];
        for name in both {
            ann.put("contacts", person(name));
            put(mailbox, person(name));
        }
        let here = |name: &str| the(&ann.items::<Contact>(), name);
        let there = |name: &str| the(&mailbox.items::<Contact>(), name);
        let known = |own: &'static str, other: &'static str, comes: bool| {
            let mut known: Vec<_> = both.iter().copied().chain([own]).chain(comes.then_some(other)).collect();
            known.sort_unstable();
            known
        };
        for _ in 0..2 {
            sync.run();
            assert_eq!(names(&ann.items::<Contact>()), known("Ada Lovelace", "Charles Babbage", to_app), "{direction}");
            assert_eq!(names(&mailbox.items::<Contact>()), known("Charles Babbage", "Ada Lovelace", to_mailbox), "{direction}");
        }
        // Edits go the way that was chosen; what is edited on the other side stays there and gets no further.
        ann.edit::<Contact>(&here("Grace Hopper").id, |c| c.notes = vec!["by the app".into()]);
        mailbox.edit::<Contact>(&there("Emmy Noether").id, |c| c.notes = vec!["by the mailbox".into()]);
        let come = |comes: bool, note: &str| if comes { vec![note.to_owned()] } else { vec![] };
        for _ in 0..2 {
            sync.run();
            assert_eq!(
                (here("Grace Hopper").record.notes, there("Emmy Noether").record.notes),
                (come(true, "by the app"), come(true, "by the mailbox"))
            );
            assert_eq!(there("Grace Hopper").record.notes, come(to_mailbox, "by the app"), "{direction}");
            assert_eq!(here("Emmy Noether").record.notes, come(to_app, "by the mailbox"), "{direction}");
        }
        // So do deletions; what was deleted on the other side is not made again.
        ann.delete::<Contact>(&here("Mary Somerville").id);
        mailbox.delete::<Contact>(&there("Sofia Kovalevskaya").id);
        for _ in 0..2 {
            sync.run();
            let (left, right) = (ann.items::<Contact>(), mailbox.items::<Contact>());
            assert!(!names(&left).contains(&"Mary Somerville") && !names(&right).contains(&"Sofia Kovalevskaya"), "{direction}");
            assert_eq!(names(&right).contains(&"Mary Somerville"), !to_mailbox, "{direction}");
            assert_eq!(names(&left).contains(&"Sofia Kovalevskaya"), !to_app, "{direction}");
        }
    }
}

pub fn zg_02_the_chosen_side_overwrites_the_whole_contact<F: FarSide>() {
    for (chosen, phones, notes) in [("left", vec![phone("+43 1 5550100")], vec![]), ("right", vec![], vec!["theirs".to_owned()])] {
        let stage = Stage::<F>::new("zg_02");
        let (ann, sync) = stage.set_up::<Contact>(PROFILE);
        let sync = sync.with(|p| p.set("conflicts", chosen).unwrap());
        let mailbox = &sync.mailbox;
        let mut ours = person("Ada Lovelace");
        ours.phones = vec![phone("+43 1 5550100")];
        let in_app = ann.put("contacts", ours);
        let mut theirs = person("Ada Lovelace");
        theirs.notes = vec!["theirs".into()];
        let in_mailbox = put(mailbox, theirs);
        let both = || [ann.get::<Contact>(&in_app), the(&mailbox.items::<Contact>(), "Ada Lovelace").record];
        sync.run();
        for record in both() {
            assert_eq!((&record.phones, &record.notes), (&phones, &notes), "{chosen} at the first match");
        }

        // Later, edits of fields that have nothing to do with each other: still the whole contact.
        ann.edit::<Contact>(&in_app, |c| c.nicknames = vec!["ours".into()]);
        mailbox.edit::<Contact>(&in_mailbox, |c| c.titles = vec![Title { name: "Countess".into(), ..Title::default() }]);
        sync.run();
        for record in both() {
            assert_eq!((&record.phones, &record.notes), (&phones, &notes), "{chosen} later");
            assert_eq!((record.nicknames.len(), record.titles.len()), if chosen == "left" { (1, 0) } else { (0, 1) }, "{chosen}");
        }
    }
}

pub fn zg_04_one_list_of_the_mailbox_and_one_view_of_the_app_are_picked<F: FarSide>() {
    let stage = Stage::<F>::new("zg_04");
    let (ann, sync) = picked(&stage);
    assert_eq!(done(pimkit::App::views(&ann.local)).into_iter().map(|v| v.name).collect::<Vec<_>>(), ["North"]);
    ann.put("contacts", of("north", "Ada Lovelace"));
    ann.put("contacts", of("south", "Charles Babbage"));
    put(&sync.mailbox, grouped("Grace Hopper"));
    put(&sync.mailbox, person("Mary Somerville"));
    for _ in 0..2 {
        sync.run();
        assert_eq!(names(&ann.items::<Contact>()), ["Ada Lovelace", "Charles Babbage", "Grace Hopper"]);
        assert_eq!(names(&sync.mailbox.items::<Contact>()), ["Ada Lovelace", "Grace Hopper", "Mary Somerville"]);
    }
    // A view that there is not is refused, and nothing is synced for want of it.
    let nowhere = stage.sync::<Contact>(&ann, PROFILE).named("nowhere").with(|p| p.view = Some("Nowhere".to_owned()));
    assert!(nowhere.try_run().is_err());
    // Without a list to pick from, its items alone say what is in one.
    if stage.has_categories(&sync.mailbox) {
        assert_eq!(sync.mailbox.categories::<Contact>().unwrap(), [GROUP]);
    }
    assert_eq!((ann.items::<Contact>().len(), sync.mailbox.items::<Contact>().len()), (3, 3));
}

pub fn zg_05_leaving_the_list_or_the_view_is_no_deletion_and_entering_no_copy<F: FarSide>() {
    let stage = Stage::<F>::new("zg_05");
    let (ann, sync) = picked(&stage);
    let mailbox = &sync.mailbox;
    let ada = ann.put("contacts", of("north", "Ada Lovelace"));
    let charles = ann.put("contacts", of("south", "Charles Babbage"));
    let grace = put(mailbox, grouped("Grace Hopper"));
    let mary = put(mailbox, person("Mary Somerville"));
    sync.run();
    let in_app = ["Ada Lovelace", "Charles Babbage", "Grace Hopper"];
    let in_mailbox = ["Ada Lovelace", "Grace Hopper", "Mary Somerville"];

    // Out: of the view in the app, of the list in the mailbox.
    ann.edit::<Contact>(&ada, |c| {
        c.custom.insert("region".to_owned(), "south".into());
        c.notes = vec!["moved".into()];
    });
    mailbox.edit::<Contact>(&grace, |c| {
        c.keywords.clear();
        c.notes = vec!["no customer".into()];
    });
    for _ in 0..2 {
        sync.run();
        assert_eq!((names(&ann.items::<Contact>()), names(&mailbox.items::<Contact>())), (in_app.to_vec(), in_mailbox.to_vec()));
        assert!(the(&mailbox.items::<Contact>(), "Ada Lovelace").record.notes.is_empty(), "what is out is not synced");
        assert!(the(&ann.items::<Contact>(), "Grace Hopper").record.notes.is_empty());
    }
    // In again, and others in for the first time.
    ann.edit::<Contact>(&ada, |c| {
        c.custom.insert("region".to_owned(), "north".into());
    });
    ann.edit::<Contact>(&charles, |c| {
        c.custom.insert("region".to_owned(), "north".into());
    });
    for id in [&grace, &mary] {
        mailbox.edit::<Contact>(id, |c| {
            c.keywords.insert(GROUP.to_owned());
        });
    }
    let all = ["Ada Lovelace", "Charles Babbage", "Grace Hopper", "Mary Somerville"];
    for _ in 0..2 {
        sync.run();
        assert_eq!((names(&ann.items::<Contact>()), names(&mailbox.items::<Contact>())), (all.to_vec(), all.to_vec()));
    }
    assert_eq!(the(&mailbox.items::<Contact>(), "Ada Lovelace").record.notes, ["moved"]);
}

pub fn zg_06_contacts_of_the_app_join_the_picked_list<F: FarSide>() {
    let stage = Stage::<F>::new("zg_06");
    let (ann, sync) = picked(&stage);
    ann.put("contacts", of("north", "Ada Lovelace"));
    sync.run();
    assert!(the(&sync.mailbox.items::<Contact>(), "Ada Lovelace").record.keywords.contains(GROUP));
    // The list is the mailbox's matter: it does not become a keyword of the app's.
    assert!(ann.items::<Contact>().iter().all(|c| c.record.keywords.is_empty()));
}

pub fn zg_07_fields_are_mapped_and_pairs_can_be_added<F: FarSide>() {
    let stage = Stage::<F>::new("zg_07");
    let (ann, sync) = stage.set_up::<Contact>(PROFILE);
    done(stage.app.define_field(Kind::Contact, "region", FieldType::Text));
    let sync = sync.fields(&[("custom.region", "custom.Area")]);
    let mut ada = person("Ada Lovelace");
    ada.custom.insert("region".to_owned(), "Turin".into());
    let id = ann.put("contacts", ada);
    sync.run();
    let there = the(&sync.mailbox.items::<Contact>(), "Ada Lovelace");
    assert_eq!(there.record.custom, [("Area".to_owned(), "Turin".into())].into());
    sync.mailbox.edit::<Contact>(&there.id, |c| {
        c.custom.insert("Area".to_owned(), "London".into());
    });
    sync.run();
    assert_eq!(ann.get::<Contact>(&id).custom, [("region".to_owned(), "London".into())].into());
    // A pair that is added later takes what is there along.
    ann.edit::<Contact>(&id, |c| c.notes = vec!["a note".into()]);
    let without = sync.fields(&[("custom.region", "custom.Area"), ("titles", "")]);
    ann.edit::<Contact>(&id, |c| c.titles = vec![Title { name: "Countess".into(), ..Title::default() }]);
    without.run();
    assert!(the(&without.mailbox.items::<Contact>(), "Ada Lovelace").record.titles.is_empty());
    let with = without.fields(&[("custom.region", "custom.Area")]);
    with.run();
    assert_eq!(the(&with.mailbox.items::<Contact>(), "Ada Lovelace").record.titles.len(), 1);
}

/// A contact of this name, with this address at work.
fn at_work(name: &str, address: &str) -> Contact {
    let mut contact = person(name);
    contact.emails = vec![mail(address)];
    contact
}

pub fn zg_08_a_sync_that_is_set_up_again_makes_no_duplicates<F: FarSide>() {
    for state_is_lost in [true, false] {
        let mut stage = Stage::<F>::new("zg_08");
        {
            let (ann, sync) = stage.set_up::<Contact>(PROFILE);
            ann.put("contacts", person("Ada Lovelace"));
            ann.put("contacts", person("Charles Babbage"));
            put(&sync.mailbox, person("Grace Hopper"));
            // Two that have nothing in common but the address.
            ann.put("contacts", at_work("Mary Somerville", "mary@engines.example"));
            put(&sync.mailbox, at_work("Mrs Somerville", "MARY@engines.example"));
            sync.run();
            assert_eq!((ann.items::<Contact>().len(), sync.mailbox.items::<Contact>().len()), (4, 4));
            sync.disable();
        }
        if state_is_lost {
            stage.forget();
        }
        let ann = Desk { local: stage.app.acting("ann").unwrap(), user: "ann".to_owned() };
        let again = stage.sync::<Contact>(&ann, PROFILE).named("set up again");
        let mailbox = &again.mailbox;
        // Meanwhile its user makes Ada anew there, under another name, and a namesake of Charles comes into the app: it is
        // the address that tells.
        mailbox.delete::<Contact>(&the(&mailbox.items::<Contact>(), "Ada Lovelace").id);
        put(mailbox, at_work("Augusta King", "ADA@work.example"));
        let namesake = ann.put("contacts", at_work("Charles Babbage", "charles@other.example"));
        let all = ["Ada Lovelace", "Charles Babbage", "Charles Babbage", "Grace Hopper", "Mary Somerville"];
        for _ in 0..2 {
            again.run();
            assert_eq!(names(&ann.items::<Contact>()), all, "state is lost: {state_is_lost}");
            assert_eq!(names(&mailbox.items::<Contact>()), all, "state is lost: {state_is_lost}");
        }
        // And they are pairs again.
        for contact in ann.items::<Contact>() {
            let note = contact.record.emails[0].address.to_lowercase();
            ann.edit::<Contact>(&contact.id, |c| c.notes = vec![note]);
        }
        again.run();
        let there = mailbox.items::<Contact>();
        assert_eq!(there.len(), all.len());
        for contact in &there {
            assert_eq!(contact.record.notes, [contact.record.emails[0].address.to_lowercase()], "{}", contact.record.name());
        }
        assert_eq!(ann.get::<Contact>(&namesake).notes, ["charles@other.example"]);
    }
}

pub fn zg_09_the_apps_first_address_is_held_against_the_mailboxes_address_at_work<F: FarSide>() {
    let stage = Stage::<F>::new("zg_09");
    let (ann, sync) = stage.set_up::<Contact>(PROFILE);
    let home = |address: &str| EmailAddress { contexts: ["private".to_owned()].into(), ..mail(address) };
    let with = |name: &str, emails: Vec<EmailAddress>| {
        let mut contact = person(name);
        contact.emails = emails;
        contact
    };
    // The same by the address at work, whatever the name and the case.
    ann.put("contacts", with("Ada Lovelace", vec![mail("ada@engines.example")]));
    put(&sync.mailbox, with("Augusta King", vec![home("ada@home.example"), mail("ADA@engines.example")]));
    // The mailbox's address is the one at home: another one.
    ann.put("contacts", with("Charles Babbage", vec![mail("charles@engines.example")]));
    put(&sync.mailbox, with("Charles Babbage", vec![home("charles@engines.example")]));
    // It is not the app's first one: another one.
    ann.put("contacts", with("Grace Hopper", vec![mail("grace@navy.example"), mail("office@navy.example")]));
    put(&sync.mailbox, with("Howard Aiken", vec![mail("office@navy.example")]));
    for _ in 0..2 {
        sync.run();
        for side in [ann.items::<Contact>(), sync.mailbox.items::<Contact>()] {
            let charles = side.iter().filter(|c| c.record.name() == "Charles Babbage").count();
            assert_eq!((side.len(), charles), (5, 2), "{:?}", names(&side));
        }
    }
}

/// Ten people in the app, for caps.
fn ten(ann: &Desk) -> Vec<ItemId> {
    let names = ["Ada", "Charles", "Grace", "Mary", "Sofia", "Emmy", "Lise", "Rosa", "Vera", "Dorothy"];
    names.iter().map(|name| ann.put("contacts", person(&format!("{name} Tester")))).collect()
}

pub fn zg_10_the_first_run_moves_no_more_than_10000_contacts<F: FarSide>() {
    let caps = Policy::profile(PROFILE).unwrap().caps;
    let caps = caps.of(Kind::Contact).unwrap();
    assert_eq!((caps.initial_left, caps.initial_right), (Some(10_000), Some(10_000)));
    let stage = Stage::<F>::new("zg_10");
    let (ann, sync) = stage.set_up::<Contact>(PROFILE);
    let sync = sync.with(|p| {
        let caps = p.caps.kinds.get_mut(&Kind::Contact).unwrap();
        (caps.initial_left, caps.initial_right) = (Some(2), Some(4));
    });
    ten(&ann);
    for name in ["Augusta King", "Howard Aiken", "Alan Turing", "Konrad Zuse"] {
        put(&sync.mailbox, person(name));
    }
    sync.run();
    assert_eq!((ann.items::<Contact>().len(), sync.mailbox.items::<Contact>().len()), (10 + 2, 4 + 4));
    sync.run();
    assert_eq!((ann.items::<Contact>().len(), sync.mailbox.items::<Contact>().len()), (14, 14), "the rest comes later, and once");
    // Where the two sides know the same people, to overwrite them is to move them.
    let stage = Stage::<F>::new("zg_10_both");
    let (ann, sync) = stage.set_up::<Contact>(PROFILE);
    let sync = sync.with(|p| p.caps.kinds.get_mut(&Kind::Contact).unwrap().initial_right = Some(2));
    let noted = |n: usize, note: &str| {
        let mut contact = person(&format!("Tester {n}"));
        contact.emails = vec![mail(&format!("tester{n}@example.com"))];
        contact.notes = vec![note.to_owned()];
        contact
    };
    for n in 0..5 {
        ann.put("contacts", noted(n, "of the app"));
        put(&sync.mailbox, noted(n, "of the mailbox"));
    }
    sync.run();
    let there = sync.mailbox.items::<Contact>();
    assert_eq!((there.len(), there.iter().filter(|c| c.record.notes == ["of the app"]).count()), (5, 2));
    sync.run();
    assert!(sync.mailbox.items::<Contact>().iter().all(|c| c.record.notes == ["of the app"]));
}

pub fn zg_11_each_later_run_moves_no_more_than_500_contacts_and_forgets_none<F: FarSide>() {
    let caps = Policy::profile(PROFILE).unwrap().caps;
    let caps = caps.of(Kind::Contact).unwrap();
    assert_eq!((caps.run_left, caps.run_right), (Some(500), Some(500)));
    let stage = Stage::<F>::new("zg_11");
    let (ann, sync) = stage.set_up::<Contact>(PROFILE);
    let sync = sync.with(|p| {
        let caps = p.caps.kinds.get_mut(&Kind::Contact).unwrap();
        (caps.run_left, caps.run_right) = (Some(3), Some(4));
    });
    sync.run();
    let ids = ten(&ann);
    let there = || sync.mailbox.items::<Contact>();
    for expected in [4, 8, 10, 10] {
        sync.run();
        assert_eq!(there().len(), expected);
    }
    // Changes count as moves too, in the other direction by its own number.
    for id in &ids {
        ann.edit::<Contact>(id, |c| c.notes = vec!["changed".into()]);
    }
    for stored in there() {
        sync.mailbox.edit::<Contact>(&stored.id, |c| c.notes = vec!["changed".into()]);
    }
    sync.run();
    for stored in there() {
        sync.mailbox.edit::<Contact>(&stored.id, |c| c.nicknames = vec!["there".into()]);
    }
    let heard = || ann.items::<Contact>().iter().filter(|c| !c.record.nicknames.is_empty()).count();
    for expected in [3, 6, 9, 10] {
        sync.run();
        assert_eq!(heard(), expected);
    }
}

pub fn zg_14_contacts_are_synced_as_far_as_the_users_rights_go<F: FarSide>() {
    let stage = Stage::<F>::new("zg_14");
    let ann = stage.user("ann", UserRole::Member, Some("north"));
    let bob = stage.user("bob", UserRole::Member, Some("north"));
    let sid = stage.user("sid", UserRole::Member, Some("south"));
    let sync = stage.sync::<Contact>(&ann, PROFILE);
    let ada = ann.put("contacts", person("Ada Lovelace"));
    let charles = bob.put("contacts", person("Charles Babbage"));
    sid.put("contacts", person("Mary Somerville"));
    sync.run();
    // What she may see, and no more; a colleague's she may see and not change.
    assert_eq!(names(&sync.mailbox.items::<Contact>()), ["Ada Lovelace", "Charles Babbage"]);
    for name in ["Ada Lovelace", "Charles Babbage"] {
        let there = the(&sync.mailbox.items::<Contact>(), name).id;
        sync.mailbox.edit::<Contact>(&there, |c| c.notes = vec!["changed".into()]);
    }
    sync.run();
    assert_eq!(stage_get(&stage, &ada).notes, ["changed"]);
    assert!(stage_get(&stage, &charles).notes.is_empty(), "the mailbox is no way around her rights");
    assert_eq!(the(&sync.mailbox.items::<Contact>(), "Charles Babbage").record.notes, ["changed"], "nor is her edit thrown away");

    // Without the right to make contacts, what is new in the mailbox stays there.
    done(stage.app.deny("ann", Kind::Contact, Action::Create, true));
    put(&sync.mailbox, person("Grace Hopper"));
    // The profile asks for all rights before it runs at all; whichever way it is told, nothing is made.
    let _ = sync.try_run();
    assert_eq!(stage.everything::<Contact>(), ["Ada Lovelace", "Charles Babbage", "Mary Somerville"]);
    assert!(sync.mailbox.items::<Contact>().iter().any(|c| c.record.name() == "Grace Hopper"));
}

fn stage_get<F: FarSide>(stage: &Stage<F>, id: &ItemId) -> Contact {
    done(stage.app.get::<Contact>(id)).record
}

//! ZO: a CRM and an office mailbox with a contact folder of the sync's own.

use super::{
    Desk, FarSide, Mailbox, Stage,
    far::repository,
    people::{Named as _, event, names, person, phone, the},
    stage::done,
};
use futures::executor::block_on;
use pimkit::{
    CollectionId, Contact, Event, Kind, Provenance, Record,
    local::{FieldType, UserRole},
    sync::{FieldMap, FieldPair, Policy},
};
use std::collections::BTreeSet;

pub(super) const PROFILE: &str = "zoho-office365";
pub(super) const FOLDER: &str = "Zoho CRM Contacts";

/// The sync's own folder, which must be there.
pub(super) fn folder(mailbox: &impl Mailbox) -> CollectionId {
    mailbox.collection::<Contact>(FOLDER).unwrap()
}

/// What is in the sync's own folder.
fn synced(mailbox: &impl Mailbox) -> Vec<String> {
    names(&mailbox.items_in::<Contact>(&folder(mailbox))).into_iter().map(str::to_owned).collect()
}

/// The map that set-up offers, and the fields that the mailbox says it has.
fn offered(desk: &Desk, mailbox: &impl Mailbox, own: &[FieldPair]) -> (pimkit::Result<FieldMap>, Vec<pimkit::FieldSupport>) {
    let hub = block_on(repository::<Contact>(&desk.local).fields(&"contacts".into())).unwrap();
    let far = block_on(repository::<Contact>(mailbox.connector().as_ref()).fields(&mailbox.home::<Contact>())).unwrap();
    (FieldMap::new(Kind::Contact, &hub, &far, own), far)
}

pub fn zo_33_set_up_offers_a_map_of_fields_that_can_be_edited<F: FarSide>() {
    let stage = Stage::<F>::new("zo_33");
    let (ann, sync) = stage.set_up::<Contact>(PROFILE);
    done(stage.app.define_field(Kind::Contact, "region", FieldType::Text));
    let default = offered(&ann, &sync.mailbox, &[]).0.unwrap().listed();
    for field in ["name.full", "emails", "phones"] {
        assert!(default.iter().any(|pair| pair.left.as_str() == field && pair.right.as_str() == field), "{field} in {default:?}");
    }
    // Edited: one field is left out, and one goes into another.
    let sync = sync.fields(&[("notes", ""), ("custom.region", "custom.Area")]);
    let mut ada = person("Ada Lovelace");
    ada.notes = vec!["for the app only".into()];
    ada.phones = vec![phone("+43 1 5550100")];
    ada.custom = [("region".to_owned(), "Turin".into())].into();
    ann.put("contacts", ada);
    sync.run();
    let there = the(&sync.mailbox.items::<Contact>(), "Ada Lovelace").record;
    assert_eq!((there.notes.len(), there.phones), (0, vec![phone("+43 1 5550100")]));
    assert_eq!(there.custom, [("Area".to_owned(), "Turin".into())].into());
}

pub fn zo_34_fields_that_the_mailbox_cannot_hold_are_not_offered<F: FarSide>() {
    let stage = Stage::<F>::new("zo_34");
    let (ann, sync) = stage.set_up::<Contact>(PROFILE);
    let (map, far) = offered(&ann, &sync.mailbox, &[]);
    let listed: BTreeSet<String> = map.unwrap().listed().into_iter().map(|pair| pair.right.into()).collect();
    let read: BTreeSet<&str> = far.iter().filter(|f| f.read).map(|f| f.field.as_str()).collect();
    let mut lacks = 0;
    for def in Contact::catalogue().fields() {
        assert_eq!(listed.contains(def.path), read.contains(def.path), "{}", def.path);
        if !read.contains(def.path) {
            lacks += 1;
            let pair = FieldPair { left: def.path.into(), right: def.path.into() };
            assert!(offered(&ann, &sync.mailbox, &[pair]).0.is_err(), "{} cannot be mapped by hand either", def.path);
        }
    }
    if lacks == 0 {
        stage.skip("every field of the catalogue is held");
    }
}

pub fn zo_35_switching_on_makes_one_contact_folder_of_its_own<F: FarSide>() {
    let stage = Stage::<F>::new("zo_35");
    let (ann, sync) = stage.set_up::<Contact>(PROFILE);
    let bobs = stage.far.mailbox("bob");
    let before = sync.mailbox.collections::<Contact>();
    assert!(!before.iter().any(|(_, name)| name == FOLDER));
    // Until it is switched on there is none, though the calendar's sync has what it needs.
    let events = stage.sync::<Event>(&ann, PROFILE);
    ann.put("calendar", event("Lunch", &stage.clock, 3));
    ann.put("contacts", person("Ada Lovelace"));
    events.run();
    assert_eq!(sync.mailbox.collection::<Contact>(FOLDER), None);
    sync.run();
    let made = folder(&sync.mailbox);
    let there = sync.mailbox.collections::<Contact>();
    assert!(!before.iter().any(|(id, _)| *id == made), "it is the sync's own, and none that was there");
    assert!(before.iter().all(|was| there.contains(was)), "those that were there are as they were");
    for _ in 0..2 {
        sync.run();
        events.run();
        assert_eq!((folder(&sync.mailbox), sync.mailbox.collections::<Contact>().len()), (made.clone(), there.len()));
    }
    assert_eq!(bobs.collection::<Contact>(FOLDER), None, "in the mailbox of the one who switched it on");
    // Nor is a second one made for one that its user calls otherwise.
    sync.mailbox.rename_collection::<Contact>(&made, "My CRM");
    ann.put("contacts", person("Grace Hopper"));
    for _ in 0..2 {
        sync.run();
        assert_eq!(sync.mailbox.collections::<Contact>().len(), there.len());
        assert_eq!(
            names(&sync.mailbox.items::<Contact>()),
            ["Ada Lovelace", "Grace Hopper"],
            "it is synced, and nobody in it is made twice"
        );
    }
}

pub fn zo_36_contacts_made_on_either_side_come_to_the_other<F: FarSide>() {
    let stage = Stage::<F>::new("zo_36");
    let (ann, sync) = stage.set_up::<Contact>(PROFILE);
    ann.put("contacts", person("Ada Lovelace"));
    sync.run();
    sync.mailbox.put(&folder(&sync.mailbox), person("Charles Babbage"));
    sync.run();
    for side in [ann.items::<Contact>(), sync.mailbox.items::<Contact>()] {
        assert_eq!(names(&side), ["Ada Lovelace", "Charles Babbage"]);
    }
    let charles = the(&ann.items::<Contact>(), "Charles Babbage").id;
    ann.edit::<Contact>(&charles, |c| c.notes = vec!["builds engines".into()]);
    sync.run();
    assert_eq!(the(&sync.mailbox.items::<Contact>(), "Charles Babbage").record.notes, ["builds engines"]);
}

pub fn zo_37_synced_contacts_lie_in_the_own_folder_alone<F: FarSide>() {
    let stage = Stage::<F>::new("zo_37");
    let (ann, sync) = stage.set_up::<Contact>(PROFILE);
    let home = sync.mailbox.home::<Contact>();
    sync.mailbox.put(&home, person("Mary Somerville"));
    ann.put("contacts", person("Ada Lovelace"));
    for _ in 0..2 {
        sync.run();
        assert_eq!(synced(&sync.mailbox), ["Ada Lovelace"]);
        assert_eq!(names(&sync.mailbox.items_in::<Contact>(&home)), ["Mary Somerville"]);
        assert_eq!(names(&ann.items::<Contact>()), ["Ada Lovelace"]);
    }
}

pub fn zo_38_only_the_users_own_contacts_are_synced_and_another_owner_is_no_deletion<F: FarSide>() {
    let stage = Stage::<F>::new("zo_38");
    let ann = stage.user("ann", UserRole::Manager, Some("north"));
    let bob = stage.user("bob", UserRole::Member, Some("north"));
    let sync = stage.sync::<Contact>(&ann, PROFILE);
    let ada = ann.put("contacts", person("Ada Lovelace"));
    bob.put("contacts", person("Charles Babbage"));
    ann.put("contacts", person("Grace Hopper"));
    sync.run();
    assert_eq!(synced(&sync.mailbox), ["Ada Lovelace", "Grace Hopper"]);

    done(ann.local.set_owner(Kind::Contact, &ada, Some("bob")));
    bob.edit::<Contact>(&ada, |c| c.notes = vec!["his now".into()]);
    sync.run();
    assert_eq!(names(&ann.items::<Contact>()), ["Ada Lovelace", "Charles Babbage", "Grace Hopper"], "nothing is deleted in the app");
    let left = sync.mailbox.items::<Contact>().into_iter().find(|c| c.record.name() == "Ada Lovelace");
    assert!(left.is_none_or(|c| c.record.notes.is_empty()), "what is no longer hers is no longer told her mailbox");

    bob.edit::<Contact>(&ada, |c| c.notes = vec!["hers again".into()]);
    done(ann.local.set_owner(Kind::Contact, &ada, Some("ann")));
    for _ in 0..2 {
        sync.run();
        assert_eq!(synced(&sync.mailbox), ["Ada Lovelace", "Grace Hopper"], "back in scope, once");
        assert_eq!(the(&sync.mailbox.items::<Contact>(), "Ada Lovelace").record.notes, ["hers again"]);
        assert_eq!(ann.items::<Contact>().len(), 3);
    }
}

pub fn zo_39_the_first_run_exports_no_more_than_10000_contacts<F: FarSide>() {
    let own = Policy::profile(PROFILE).unwrap();
    assert_eq!(own.caps.of(Kind::Contact).unwrap().initial_right, Some(10_000));
    let stage = Stage::<F>::new("zo_39");
    let (ann, sync) = stage.set_up::<Contact>(PROFILE);
    let sync = sync.with(|p| p.caps.kinds.get_mut(&Kind::Contact).unwrap().initial_right = Some(2));
    for name in ["Ada Lovelace", "Charles Babbage", "Grace Hopper", "Mary Somerville", "Sofia Kovalevskaya"] {
        ann.put("contacts", person(name));
    }
    sync.run();
    assert_eq!(synced(&sync.mailbox).len(), 2);
    sync.run();
    assert_eq!(synced(&sync.mailbox).len(), 5, "the rest comes later, and once");
}

pub fn zo_40_imported_contacts_are_not_synced<F: FarSide>() {
    let stage = Stage::<F>::new("zo_40");
    let (ann, sync) = stage.set_up::<Contact>(PROFILE);
    done(ann.local.import(&"contacts".into(), &[person("Ada Lovelace")], Provenance::Imported));
    ann.put("contacts", person("Grace Hopper"));
    for _ in 0..2 {
        sync.run();
        assert_eq!(synced(&sync.mailbox), ["Grace Hopper"]);
    }
    assert_eq!(ann.items::<Contact>().len(), 2);
}

pub fn zo_41_contacts_made_singly_or_mass_updated_are_synced_as_the_policy_says<F: FarSide>() {
    for (imported, expected) in [("exclude_until_changed", vec!["Ada Lovelace", "Grace Hopper"]), ("exclude", vec!["Grace Hopper"])] {
        let stage = Stage::<F>::new("zo_41");
        let (ann, sync) = stage.set_up::<Contact>(PROFILE);
        let sync = sync.with(|p| p.set("imported", imported).unwrap());
        let ids = done(ann.local.import(&"contacts".into(), &[person("Ada Lovelace")], Provenance::Imported));
        ann.put("contacts", person("Grace Hopper"));
        sync.run();
        assert_eq!(synced(&sync.mailbox), ["Grace Hopper"]);
        let titles = serde_json::json!([{ "name": "Countess" }]);
        done(ann.local.mass_update::<Contact>(&ids, &[("titles".into(), titles)].into()));
        sync.run();
        assert_eq!(synced(&sync.mailbox), expected, "{imported}");
    }
}

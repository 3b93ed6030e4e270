//! Who sees, changes and deletes what.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use futures::executor::block_on;
use pimkit_core::{
    Access, Action, App, ChangeOptions, Connector, Contact, Delete, ErrorKind, Fetched, ItemId, Kind, Outcome, Position, Write,
};
use pimkit_local::{AppUser, Local, UserRole};
use world::*;

/// ann and bob are in one team that mia leads; zoe is in another; vic looks; root administers.
fn office() -> Local {
    let store = store();
    for (name, role, team) in [
        ("ann", UserRole::Member, Some("north")),
        ("bob", UserRole::Member, Some("north")),
        ("mia", UserRole::Manager, Some("north")),
        ("vic", UserRole::Viewer, Some("north")),
        ("zoe", UserRole::Member, Some("south")),
        ("root", UserRole::Admin, None),
    ] {
        let emails = vec![format!("{name}@example.org")];
        block_on(store.put_user(&AppUser { name: name.into(), role, team: team.map(Into::into), emails })).unwrap();
    }
    store
}

fn made_by(store: &Local, user: &str) -> ItemId {
    block_on(store.acting(user).unwrap().create(&"contacts".into(), person(user, "x@example.org"))).unwrap().id
}

#[test]
fn roles_and_teams_decide_who_sees_changes_and_deletes_a_record() {
    let store = office();
    let of_ann = made_by(&store, "ann");
    // User, sees ann's record, changes it, deletes it.
    for (user, sees, changes) in
        [("ann", true, true), ("bob", true, false), ("mia", true, true), ("vic", true, false), ("zoe", false, false), ("root", true, true)]
    {
        let view = store.acting(user).unwrap();
        let facts = block_on(view.facts(Kind::Contact, std::slice::from_ref(&of_ann))).unwrap().remove(0).unwrap();
        assert_eq!((facts.visible, facts.editable, facts.deletable), (sees, changes, changes), "{user}");
        assert_eq!(facts.owner.as_deref(), Some("ann"));
        let named = round::<Contact>(&view, "contacts", None).0.len() == 1;
        assert_eq!(named, sees, "{user}");
        let revision = match fetch::<Contact>(&view, "contacts", &of_ann) {
            Fetched::Found(stored) => {
                assert_eq!(stored.access == Access::Write, changes, "{user}");
                stored.revision
            }
            Fetched::Hidden => "1".into(),
            other => panic!("{user}: {other:?}"),
        };
        assert_eq!(block_on(view.edit::<Contact>(&of_ann, |_| {})).is_ok(), changes, "{user}");
        let base = Box::new(person("ann", "x@example.org"));
        let mut target = base.clone();
        target.notes = vec![user.to_owned()];
        let outcome = write(&view, "contacts", Write::Update { id: of_ann.clone(), revision: revision.clone(), base, target, mark: None });
        match (sees, changes) {
            (_, true) => assert!(matches!(outcome, Outcome::Written { .. }), "{user}"),
            (true, false) => assert!(matches!(&outcome, Outcome::Refused(e) if e.kind() == ErrorKind::PermissionDenied), "{user}"),
            (false, false) => assert!(matches!(outcome, Outcome::Conflict { now: None }), "{user}: says nothing of what is not theirs"),
        }
    }
}

#[test]
fn every_acting_user_is_an_account_of_its_own_with_its_own_addresses() {
    let store = office();
    let ann = store.acting("ann").unwrap();
    let account = block_on(Connector::account(&ann)).unwrap();
    assert_eq!((account.id.as_str(), &account.addresses[..]), ("local:test:ann", &["ann@example.org".to_owned()][..]));
    assert_eq!(store.account_id().as_str(), "local:test");
    assert_eq!(store.acting("nobody").unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn a_record_that_goes_to_another_team_leaves_the_view_and_is_hidden_not_gone() {
    let store = office();
    let id = made_by(&store, "ann");
    let bob = store.acting("bob").unwrap();
    let (_, cursor, _) = round::<Contact>(&bob, "contacts", None);
    block_on(store.set_owner(Kind::Contact, &id, Some("zoe"))).unwrap();
    assert_eq!(said(&round::<Contact>(&bob, "contacts", Some(&cursor)).0), [format!("-{id}")]);
    assert!(matches!(fetch::<Contact>(&bob, "contacts", &id), Fetched::Hidden));
    assert_eq!(round::<Contact>(&store.acting("zoe").unwrap(), "contacts", None).0.len(), 1);
    assert_eq!(block_on(store.set_owner(Kind::Contact, &id, Some("nobody"))).unwrap_err().kind(), ErrorKind::InvalidData);
}

#[test]
fn when_rights_change_everything_is_named_anew() {
    let store = office();
    made_by(&store, "zoe");
    let ann = store.acting("ann").unwrap();
    let (lines, cursor, _) = round::<Contact>(&ann, "contacts", None);
    assert!(lines.is_empty());
    block_on(store.put_user(&AppUser { name: "ann".into(), role: UserRole::Member, team: Some("south".into()), emails: vec![] })).unwrap();
    let again = block_on(ann.contacts().unwrap().changes(&"contacts".into(), Position::Since(&cursor), &ChangeOptions::default()));
    assert_eq!(again.unwrap_err().kind(), ErrorKind::CursorExpired);
    assert_eq!(round::<Contact>(&ann, "contacts", None).0.len(), 1);
}

#[test]
fn a_right_that_is_taken_is_refused_by_name_and_by_deed() {
    let store = office();
    let ann = store.acting("ann").unwrap();
    let id = made_by(&store, "ann");
    let cases = [(Action::Create, true), (Action::Edit, true), (Action::Delete, true)];
    for (action, before) in cases {
        assert_eq!(block_on(ann.allowed(Kind::Contact, action)).unwrap(), before);
        block_on(store.deny("ann", Kind::Contact, action, true)).unwrap();
        assert!(!block_on(ann.allowed(Kind::Contact, action)).unwrap());
    }
    let revision = block_on(ann.get::<Contact>(&id)).unwrap().revision;
    let delete = Write::<Contact>::Delete { id: id.clone(), revision, mode: Delete::Trash };
    let make = Write::Create { mark: "m".into(), record: person("x", "x@example.org") };
    for refused in [make, delete] {
        assert!(matches!(write(&ann, "contacts", refused), Outcome::Refused(e) if e.kind() == ErrorKind::PermissionDenied));
    }
    assert_eq!(block_on(ann.delete(Kind::Contact, &id)).unwrap_err().kind(), ErrorKind::PermissionDenied);
    block_on(store.deny("ann", Kind::Contact, Action::View, true)).unwrap();
    assert!(matches!(fetch::<Contact>(&ann, "contacts", &id), Fetched::Hidden));
    block_on(store.deny("ann", Kind::Contact, Action::View, false)).unwrap();
    assert!(matches!(fetch::<Contact>(&ann, "contacts", &id), Fetched::Found(_)));
}

#[test]
fn only_admins_manage_users_and_fields_and_write_the_directory() {
    let store = office();
    let ann = store.acting("ann").unwrap();
    let user = AppUser { name: "eve".into(), role: UserRole::Admin, ..AppUser::default() };
    assert_eq!(block_on(ann.put_user(&user)).unwrap_err().kind(), ErrorKind::PermissionDenied);
    assert_eq!(block_on(ann.deny("bob", Kind::Contact, Action::View, true)).unwrap_err().kind(), ErrorKind::PermissionDenied);
    let field = block_on(ann.define_field(Kind::Contact, "X", pimkit_local::FieldType::Text));
    assert_eq!(field.unwrap_err().kind(), ErrorKind::PermissionDenied);
    let directory = write(&ann, "users", Write::Create { mark: "m".into(), record: pimkit_core::User::default() });
    assert!(matches!(directory, Outcome::Refused(e) if e.kind() == ErrorKind::PermissionDenied));
    assert!(!block_on(ann.users().unwrap().collections()).unwrap()[0].capabilities.write);
    assert_eq!(round::<pimkit_core::User>(&ann, "users", None).0.len(), 6, "everybody sees the directory");
    assert_eq!(block_on(store.app_users()).unwrap().len(), 6);
}

//! Calendars, their groups, and their life.

use crate::{
    common::{ALICE, Account, BOB, ROOT},
    kit::{appointment, create, loud, quiet, status, sundays},
};
use pimkit_core::{CollectionId, ErrorKind, Mark, Outcome, Sharing};
use pimkit_graph::Config;
use pimkit_simulators::{Fault, FaultRule, GraphRules};
use serde_json::json;

#[tokio::test]
async fn calendars_of_groups_are_listed_once_each() {
    let account = Account::default();
    let group = account.simulator.create(ALICE, "calendarGroups", &json!({"name": "Clients"})).unwrap();
    let made = account.simulator.create(ALICE, &format!("calendarGroups/{group}/calendars"), &json!({"name": "Acme"})).unwrap();
    let all = account.items().collections().await.unwrap();
    assert_eq!(all.iter().filter(|c| c.id.as_str() == made).count(), 1);
    let names: Vec<&str> = all.iter().map(|c| c.name.as_str()).collect();
    assert!(names.contains(&"Acme") && all.iter().all(|c| c.sharing == Sharing::Private && c.owner.is_none()), "{names:?}");
    // It is a calendar like the others.
    let acme = CollectionId::from(made);
    let outcome = account.items().write(&acme, vec![create("m", &appointment("Plan"))], &quiet()).await.remove(0);
    assert!(matches!(outcome, Outcome::Written { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_mailbox_without_groups_has_its_calendars_and_one_that_does_not_answer_has_no_listing() {
    let account = Account::default();
    account.fault(vec![FaultRule::on("GET", status(404, "{}")).at("calendarGroups")]);
    assert_eq!(account.items().collections().await.unwrap().len(), 1);
    account.fault(vec![FaultRule::on("GET", status(503, "")).at("calendarGroups")]);
    assert!(account.items().collections().await.is_err(), "half a listing would be calendars that are gone");
}

#[tokio::test]
async fn a_new_calendar_is_known_by_the_id_under_which_it_is_listed() {
    let mut rules = GraphRules::default();
    rules.events.new_calendars_change_ids = true;
    let account = Account::new(rules, Config::new(ROOT));
    let items = account.items();
    let folders = items.folders().unwrap();
    let Outcome::Written { id, .. } = folders.create(&Mark::from("c"), "Team", &quiet()).await else { panic!("made") };
    assert!(items.collections().await.unwrap().iter().any(|c| c.id.as_str() == id.as_str()));
}

#[tokio::test]
async fn a_calendar_whose_answer_was_lost_is_made_once() {
    let account = Account::default();
    let items = account.items();
    let folders = items.folders().unwrap();
    account.fault(vec![FaultRule::on("POST", Fault::StatusAfter { code: 504 }).at("/calendars").times(1)]);
    let first = folders.create(&Mark::from("c"), "Team", &quiet()).await;
    assert!(matches!(first, Outcome::Unknown(_) | Outcome::Written { .. }), "{first:?}");
    let Outcome::Written { id, .. } = folders.create(&Mark::from("c"), "Team", &quiet()).await else { panic!("made") };
    let all = items.collections().await.unwrap();
    assert_eq!(all.iter().filter(|c| c.name == "Team").map(|c| c.id.as_str()).collect::<Vec<_>>(), [id.as_str()]);
    // Another one of that name is not the first.
    let other = folders.create(&Mark::from("d"), "Team", &quiet()).await;
    assert!(matches!(&other, Outcome::Refused(error) if error.kind() == ErrorKind::InvalidData), "{other:?}");
}

#[tokio::test]
async fn the_mailboxs_own_calendar_is_neither_renamed_nor_deleted() {
    let account = Account::default();
    let (items, home) = (account.items(), account.home().await);
    let folders = items.folders().unwrap();
    for outcome in [folders.rename(&home, "Mine", &quiet()).await, folders.delete(&home, &quiet()).await] {
        assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    }
    assert_eq!(account.home().await, home);
}

/// The control for the silence of calendars that are taken away: with the mail allowed, guests and organisers hear of it.
#[tokio::test]
async fn a_calendar_with_meetings_is_deleted_only_where_its_people_may_be_mailed() {
    for kind in ["mine", "one occurrence", "a copy", "nobody's"] {
        let account = Account::default();
        let items = account.items();
        let folders = items.folders().unwrap();
        let Outcome::Written { id, .. } = folders.create(&Mark::from("c"), "Team", &quiet()).await else { panic!("made") };
        let id = CollectionId::from(id.as_str());
        let Outcome::Written { id: event, .. } = items.write(&id, vec![create("m", &sundays("Choir"))], &quiet()).await.remove(0) else {
            panic!("made")
        };
        let guests = json!({"attendees": [{"emailAddress": {"address": "guest@example.net"}, "type": "required"}]});
        match kind {
            "mine" => account.by_hand(event.as_str(), &guests),
            "one occurrence" => account.by_hand(&account.occurrence(&event, "2026-10-25"), &guests),
            "a copy" => {
                let time = |hour: u8| json!({"dateTime": format!("2026-10-11T{hour:02}:00:00"), "timeZone": "UTC"});
                let organizer = json!({"emailAddress": {"address": BOB}});
                let copy = json!({"subject": "Plan", "start": time(9), "end": time(10), "organizer": organizer});
                let copy = account.simulator.invite(ALICE, &copy).unwrap();
                assert!(account.simulator.move_item(ALICE, &copy, id.as_str()));
            }
            _ => {}
        }
        account.simulator.reset_outbox();
        let silent = folders.delete(&id, &quiet()).await;
        assert!(account.simulator.outbox().is_empty(), "{kind}");
        if kind == "nobody's" {
            assert!(matches!(silent, Outcome::Written { .. }), "{silent:?}");
            continue;
        }
        assert!(matches!(&silent, Outcome::Refused(error) if error.kind() == ErrorKind::WouldNotify), "{kind}: {silent:?}");
        assert!(items.collections().await.unwrap().iter().any(|calendar| calendar.id == id), "{kind}");
        let loud = folders.delete(&id, &loud()).await;
        assert!(matches!(loud, Outcome::Written { .. }), "{kind}: {loud:?}");
        assert_eq!(account.simulator.outbox().len(), 1, "{kind}: the control");
    }
}

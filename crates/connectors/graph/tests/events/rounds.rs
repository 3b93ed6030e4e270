//! Rounds of changes, and what they cost.

use crate::{
    common::{ALICE, Account, ROOT},
    kit::{appointment, status, sundays, update, with},
};
use pimkit_core::{Change, ChangeOptions, ErrorKind, Event, Outcome, Position};
use pimkit_graph::Config;
use pimkit_simulators::{FaultRule, GraphRules};

fn ids(lines: &[Change<Event>]) -> Vec<&str> {
    lines.iter().map(|line| line.id().as_str()).collect()
}

#[tokio::test]
async fn a_round_without_a_change_is_one_request_however_many_events_there_are() {
    for count in [1, 30] {
        let account = Account::new(GraphRules::default(), Config::new(ROOT).page_size(50));
        for n in 0..count {
            account.make(&format!("m{n}"), &appointment(&format!("Plan {n}"))).await;
        }
        let home = account.home().await;
        let (_, cursor, _) = account.round(Position::Start).await.unwrap();
        account.simulator.reset_requests();
        let page = account.items().changes(&home, Position::Since(&cursor), &ChangeOptions::default()).await.unwrap();
        assert!(page.changes.is_empty());
        assert_eq!(account.simulator.requests().len(), 1);
    }
}

#[tokio::test]
async fn events_are_read_in_batches_and_each_series_costs_one_question_more() {
    let account = Account::default();
    let home = account.home().await;
    let mut all = Vec::new();
    for n in 0..20 {
        all.push(account.make(&format!("m{n}"), &appointment("Plan")).await.id);
    }
    for n in 0..3 {
        all.push(account.make(&format!("s{n}"), &sundays("Choir")).await.id);
    }
    account.simulator.reset_requests();
    assert_eq!(account.items().fetch(&home, &all).await.len(), 23);
    let outer = account.simulator.requests().iter().filter(|seen| seen.path.contains("$batch")).count();
    assert_eq!(outer, 3, "23 events in two batches, three series in one");
}

#[tokio::test]
async fn a_change_of_ours_is_named_once_with_the_version_that_we_know() {
    let account = Account::default();
    let made = account.make("m", &appointment("Plan")).await;
    let (_, cursor, _) = account.round(Position::Start).await.unwrap();
    let outcome = account.write(update(&made, with(&made.record, "title", "New"))).await;
    let Outcome::Written { revision: Some(ours), .. } = outcome else { panic!("{outcome:?}") };
    let (lines, cursor, _) = account.round(Position::Since(&cursor)).await.unwrap();
    let [Change::Listed { id, revision }] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(*id == made.id && revision.as_ref().is_none_or(|known| *known == ours));
    assert!(account.round(Position::Since(&cursor)).await.unwrap().0.is_empty());
}

#[tokio::test]
async fn a_link_that_the_service_forgot_is_an_expired_cursor_and_a_deleted_calendar_is_gone() {
    let account = Account::default();
    account.make("m", &appointment("Plan")).await;
    let (_, cursor, _) = account.round(Position::Start).await.unwrap();
    account.simulator.expire_tokens();
    let error = account.round(Position::Since(&cursor)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CursorExpired);
    // A 404 while the calendar is there is one of the link.
    for code in [400, 404, 410] {
        let (_, cursor, _) = account.round(Position::Start).await.unwrap();
        account.fault(vec![FaultRule::on("GET", status(code, "{}")).at("delta").times(1)]);
        assert_eq!(account.round(Position::Since(&cursor)).await.unwrap_err().kind(), ErrorKind::CursorExpired, "{code}");
    }
    let second = account.simulator.create(ALICE, "calendars", &serde_json::json!({"name": "Second"})).unwrap();
    let second = pimkit_core::CollectionId::from(second);
    let page = account.items().changes(&second, Position::Start, &ChangeOptions::default()).await.unwrap();
    let pimkit_core::Next::Done { cursor, .. } = page.next else { panic!("done") };
    assert!(account.simulator.delete(ALICE, &format!("calendars/{second}")));
    let error = account.items().changes(&second, Position::Since(&cursor), &ChangeOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CollectionGone);
}

/// Where only views of a calendar have rounds, what lies outside of the view is named once, and never read as removed.
#[tokio::test]
async fn views_name_everything_first_and_then_what_changes_in_their_span() {
    let mut rules = GraphRules::default();
    rules.delta.events_missing = true;
    let account = Account::new(rules, Config::new(ROOT).page_size(2));
    let near = account.make("near", &sundays("Choir")).await;
    let mut old = appointment("Old");
    for time in [&mut old.start, &mut old.end].into_iter().flatten() {
        *time = time.with_wall(time.wall().with().year(2001).build().unwrap());
    }
    let old = account.make("old", &old).await;
    let (lines, cursor, complete) = account.round(Position::Start).await.unwrap();
    assert!(complete && ids(&lines).contains(&near.id.as_str()) && ids(&lines).contains(&old.id.as_str()), "{lines:?}");
    account.by_hand(&account.occurrence(&near.id, "2026-10-25"), &serde_json::json!({"subject": "Concert"}));
    let (lines, cursor, complete) = account.round(Position::Since(&cursor)).await.unwrap();
    assert!(!complete && ids(&lines).contains(&near.id.as_str()), "{lines:?}");
    // Moved out of the span: perhaps deleted, and there all the same.
    let outcome = account.write(update(&old, with(&old.record, "title", "Older"))).await;
    assert!(matches!(outcome, Outcome::Written { .. }), "{outcome:?}");
    let (lines, _, _) = account.round(Position::Since(&cursor)).await.unwrap();
    for line in lines.iter().filter(|line| *line.id() == old.id) {
        assert!(matches!(line, Change::Removed { reason: pimkit_core::Removal::Unknown, .. }), "{line:?}");
    }
    account.read(&old.id).await;
}

/// The last way of asking: everything each time, and no round says that it names only changes.
#[tokio::test]
async fn a_calendar_that_can_only_be_listed_is_listed_whole_each_time() {
    let mut quirks = pimkit_graph::Quirks::default();
    quirks.event_rounds = pimkit_graph::EventRounds::Listing;
    let account = Account::new(GraphRules::default(), Config::new(ROOT).quirks(quirks).page_size(2));
    let mut made = Vec::new();
    for n in 0..5 {
        made.push(account.make(&format!("m{n}"), &appointment("Plan")).await.id);
    }
    made.sort();
    let mut at = None;
    for _ in 0..2 {
        let (lines, cursor, complete) = account.round(at.as_ref().map_or(Position::Start, Position::Since)).await.unwrap();
        let mut named: Vec<_> = lines.iter().map(|line| line.id().clone()).collect();
        named.sort();
        assert_eq!((named, complete), (made.clone(), true));
        at = Some(cursor);
    }
    assert!(account.simulator.delete(ALICE, &format!("events/{}", made.remove(0))));
    let (lines, _, complete) = account.round(Position::Since(at.as_ref().unwrap())).await.unwrap();
    assert_eq!((lines.len(), complete), (4, true));
    assert!(account.simulator.requests().iter().all(|seen| !seen.path.ends_with("/delta")));
}

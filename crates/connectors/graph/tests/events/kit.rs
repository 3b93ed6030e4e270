//! The steps that tests share.
#![allow(unreachable_pub, reason = "the other files of this test take what they need")]

use crate::common::{ALICE, Account};
use futures::TryStreamExt;
use jiff::civil::datetime;
use pimkit_core::{
    Change, ChangeOptions, CollectionId, Connector, Cursor, Error, Event, Fetched, Field, Fields, ItemId, Mark, Next, Notify, Outcome,
    Participant, Position, Record, RecurrenceRule, Repository, RepositoryExt, Stored, Value, When, Write, WriteOptions,
};
use pimkit_simulators::{Fault, FaultPlan, FaultRule};
use std::sync::Arc;

pub const ZONE: &str = "Europe/Vienna";

pub fn at(month: i8, day: i8, hour: i8) -> When {
    When::zoned(datetime(2026, month, day, hour, 0, 0, 0), ZONE)
}

pub fn json(when: &When) -> Value {
    serde_json::to_value(when).unwrap()
}

/// An hour from 9 on a Sunday before daylight-saving time ends.
pub fn appointment(title: &str) -> Event {
    Event::build(|e| {
        e.title = Some(title.to_owned());
        (e.start, e.end) = (Some(at(10, 11, 9)), Some(at(10, 11, 10)));
    })
}

/// The same every Sunday, eight times: the last Sunday of October is the third.
pub fn sundays(title: &str) -> Event {
    let mut event = appointment(title);
    event.recurrence_rules = vec![RecurrenceRule {
        frequency: pimkit_core::Frequency::Weekly,
        by_day: vec![pimkit_core::NthDay { day: pimkit_core::Day::Su, nth_of_period: None }],
        count: Some(8),
        ..RecurrenceRule::default()
    }];
    event
}

/// The same with guests.
pub fn meeting(title: &str, guests: &[&str]) -> Event {
    let mut event = appointment(title);
    event.participants = guests
        .iter()
        .map(|address| Participant {
            address: (*address).to_owned(),
            roles: ["attendee".to_owned()].into(),
            expect_reply: true,
            ..Participant::default()
        })
        .collect();
    event
}

pub fn with(event: &Event, path: &'static str, value: impl Into<Value>) -> Event {
    event.with(&Fields::from([(Field::of(path), value.into())])).unwrap()
}

pub fn quiet() -> WriteOptions {
    WriteOptions::default()
}

pub fn loud() -> WriteOptions {
    WriteOptions::default().notify(Notify::Attendees)
}

impl Account {
    pub fn items(&self) -> Arc<dyn Repository<Event>> {
        self.graph.events().unwrap()
    }

    pub async fn home(&self) -> CollectionId {
        self.items().collections().await.unwrap().remove(0).id
    }

    pub async fn write_as(&self, write: Write<Event>, options: &WriteOptions) -> Outcome<Event> {
        self.items().write(&self.home().await, vec![write], options).await.pop().unwrap()
    }

    pub async fn write(&self, write: Write<Event>) -> Outcome<Event> {
        self.write_as(write, &quiet()).await
    }

    pub async fn make(&self, mark: &str, event: &Event) -> Stored<Event> {
        self.make_as(mark, event, &quiet()).await
    }

    pub async fn make_as(&self, mark: &str, event: &Event, options: &WriteOptions) -> Stored<Event> {
        let outcome = self.write_as(create(mark, event), options).await;
        let Outcome::Written { id, left_out, .. } = outcome else { panic!("{outcome:?}") };
        assert!(left_out.is_empty(), "{left_out:?}");
        self.read(&id).await
    }

    pub async fn fetch(&self, id: &ItemId) -> Fetched<Event> {
        self.items().fetch(&self.home().await, std::slice::from_ref(id)).await.pop().unwrap()
    }

    pub async fn read(&self, id: &ItemId) -> Stored<Event> {
        match self.fetch(id).await {
            Fetched::Found(stored) => *stored,
            other => panic!("{other:?}"),
        }
    }

    pub async fn round(&self, at: Position<'_>) -> Result<(Vec<Change<Event>>, Cursor, bool), Error> {
        let (items, home) = (self.items(), self.home().await);
        let options = ChangeOptions::default();
        let mut pages: Vec<_> = items.pages(&home, at, &options).try_collect().await?;
        match pages.last_mut().map(|page| page.next.clone()) {
            Some(Next::Done { cursor, complete }) => Ok((pages.into_iter().flat_map(|p| p.changes).collect(), cursor, complete)),
            _ => panic!("a round ends without Done"),
        }
    }

    pub fn fault(&self, rules: Vec<FaultRule>) {
        self.simulator.set_faults(FaultPlan { seed: 1, rules });
    }

    /// What the user's other client sees of an item.
    pub fn raw(&self, id: &ItemId) -> Value {
        self.simulator.get(ALICE, &format!("events/{id}")).unwrap()
    }

    /// What the user's other client does to an item.
    pub fn by_hand(&self, id: &str, body: &Value) {
        assert!(self.simulator.change(ALICE, &format!("events/{id}"), body), "{body}");
    }

    pub fn count(&self) -> usize {
        self.simulator.list(ALICE, "events").len()
    }

    /// The ids of the occurrences of a series that take place, by their dates.
    pub fn occurrences(&self, id: &ItemId) -> Vec<(String, String)> {
        let span = "startDateTime=2026-09-01T00:00:00Z&endDateTime=2027-03-01T00:00:00Z&$select=id,start,originalStart";
        let rows = self.simulator.list(ALICE, &format!("events/{id}/instances?{span}"));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        rows.iter().map(|row| (text(&row["originalStart"])[..10].to_owned(), text(&row["id"]))).collect()
    }

    pub fn occurrence(&self, id: &ItemId, date: &str) -> String {
        self.occurrences(id).into_iter().find(|(day, _)| day == date).unwrap().1
    }
}

pub fn create(mark: &str, event: &Event) -> Write<Event> {
    Write::Create { mark: Mark::from(mark), record: event.clone() }
}

pub fn update(stored: &Stored<Event>, target: Event) -> Write<Event> {
    Write::Update {
        id: stored.id.clone(),
        revision: stored.revision.clone(),
        base: Box::new(stored.record.clone()),
        target: Box::new(target),
        mark: None,
    }
}

pub fn delete(stored: &Stored<Event>, mode: pimkit_core::Delete) -> Write<Event> {
    Write::Delete { id: stored.id.clone(), revision: stored.revision.clone(), mode }
}

pub fn status(code: u16, body: &str) -> Fault {
    Fault::Status { code, retry_after: None, body: body.to_owned() }
}

//! Rounds of changes.
//!
//! Three ways, each for where the one before is refused: `events/delta` names series and single events; `calendarView/delta` names
//! occurrences in a span of time, so that a listing of everything comes before it; a listing of everything each time. The way is in
//! the cursor. From time to time a round is begun anew, and names everything: see [`Quirks::event_reread_days`](crate::Quirks::event_reread_days).

use super::Events;
use crate::{
    calls::{Reply, events::Round, odata, odata::Page},
    cursor,
    error::{is_lost_delta, lost_delta},
    pages::Trail,
    quirks::EventRounds,
    session::{answered, lock},
};
use jiff::{SignedDuration, Timestamp};
use pimkit_core::{
    Change, ChangeOptions, ChangePage, CollectionId, Error, ErrorKind, Event, ItemId, Kind, Next, Persistence, Position, Removal, Result,
    Revision, cursor::Bound,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// The span of `calendarView/delta` before and after today: a longer one makes huge first rounds (microsoft-graph-docs 6353).
const BEFORE: SignedDuration = SignedDuration::from_hours(366 * 24);
const AFTER: SignedDuration = SignedDuration::from_hours(2 * 366 * 24);

/// How changes are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Way {
    Delta,
    DatedDelta,
    View,
    Listing,
}

impl Way {
    pub(super) fn first(rounds: EventRounds) -> Self {
        match rounds {
            EventRounds::Delta => Self::Delta,
            EventRounds::View => Self::View,
            EventRounds::Listing => Self::Listing,
        }
    }

    /// The next one, where a server refuses this.
    fn next(self) -> Option<Self> {
        match self {
            Self::Delta => Some(Self::DatedDelta),
            Self::DatedDelta => Some(Self::View),
            Self::View => Some(Self::Listing),
            Self::Listing => None,
        }
    }
}

/// Where the next round starts.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Between {
    /// At a link of the server's; everything was named then.
    Delta { link: String, since: Timestamp },
    /// The same, for a span that was laid then.
    View { link: String, since: Timestamp },
    /// At the beginning.
    Listing,
}

/// Where a round goes on.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Within {
    /// `since`: when everything was named last; `whole`: by this round.
    Delta {
        next: String,
        since: Timestamp,
        whole: bool,
        #[serde(default)]
        trail: Trail,
    },
    /// `next`: absent for the first page of the span.
    View {
        next: Option<String>,
        since: Timestamp,
        whole: bool,
        #[serde(default)]
        trail: Trail,
    },
    /// `view`: the span comes behind it.
    Listing {
        next: String,
        view: bool,
        #[serde(default)]
        trail: Trail,
    },
}

impl Events {
    pub(super) async fn page(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<Event>> {
        let bound = cursor::bound(&self.session, Kind::Event, collection, options, "");
        let rows = options.page_size.unwrap_or(self.session.config.page_size).clamp(1, 1000);
        let asked = Asked { events: self, collection, bound: &bound, rows };
        match at {
            Position::Start => asked.start().await,
            Position::Since(cursor) => match bound.between(cursor)? {
                Between::Delta { since, .. } | Between::View { since, .. } if self.is_to_be_reread(since) => Err(lost_delta()),
                Between::Delta { link, since } => asked.delta(&link, since, false, Trail::default()).await,
                Between::View { link, since } => asked.view(Some(&link), since, false, Trail::default()).await,
                Between::Listing => asked.start().await,
            },
            Position::Page(token) => match bound.within(token)? {
                Within::Delta { next, since, whole, trail } => asked.delta(&next, since, whole, trail).await,
                Within::View { next, since, whole, trail } => asked.view(next.as_deref(), since, whole, trail).await,
                Within::Listing { next, view, trail } => asked.listing(Some(&next), view, trail).await,
            },
        }
    }
}

impl Events {
    fn way(&self, collection: &CollectionId) -> Way {
        let first = Way::first(self.session.config.quirks.event_rounds);
        lock(&self.ways).get(collection).copied().unwrap_or(first)
    }

    fn fall_back(&self, collection: &CollectionId, way: Way) {
        lock(&self.ways).insert(collection.clone(), way);
    }

    fn is_to_be_reread(&self, since: Timestamp) -> bool {
        let days = self.session.config.quirks.event_reread_days;
        days > 0 && self.session.now().duration_since(since) > SignedDuration::from_hours(24 * i64::from(days))
    }
}

/// One page that is asked for.
struct Asked<'a> {
    events: &'a Events,
    collection: &'a CollectionId,
    bound: &'a Bound,
    rows: u32,
}

impl Asked<'_> {
    /// A round from the beginning, in the best way that the server takes.
    async fn start(&self) -> Result<ChangePage<Event>> {
        loop {
            let way = self.events.way(self.collection);
            let page = match way {
                Way::Delta | Way::DatedDelta => match self.first(Round::Delta { dated: way == Way::DatedDelta }).await? {
                    Some(page) => return self.delta_page(page, self.events.session.now(), true, Trail::default()),
                    None => None,
                },
                Way::View => Some(self.listing(None, true, Trail::default()).await?),
                Way::Listing => Some(self.listing(None, false, Trail::default()).await?),
            };
            match (page, way.next()) {
                (Some(page), _) => return Ok(page),
                (None, Some(next)) => self.events.fall_back(self.collection, next),
                (None, None) => return Err(Error::new(ErrorKind::Unavailable, "the server lists no events; try again later")),
            }
        }
    }

    /// The first page of a round; nothing where the server does not know this way of asking.
    async fn first(&self, round: Round) -> Result<Option<Page>> {
        let call = self.events.place(self.collection).round(round, self.rows);
        let reply = self.events.session.call(&call).await.map_err(pimkit_http::Failure::into_error)?;
        match reply.status {
            400 | 404 | 405 | 501 => {
                // A calendar that is gone says the same.
                self.events.calendar(self.collection).await?;
                Ok(None)
            }
            _ => self.owned(Page::read(answered(reply)?)?).map(Some),
        }
    }

    async fn follow(&self, address: &str) -> Result<Page> {
        let prefer = [format!("odata.maxpagesize={}", self.rows)];
        let reply: Reply = self.events.session.follow("graph.events.changes", address, &prefer).await?;
        if is_lost_delta(&reply) {
            // Also what a calendar answers that is gone.
            self.events.calendar(self.collection).await?;
            return Err(lost_delta());
        }
        if reply.status == 404 {
            self.events.calendar(self.collection).await?;
            return Err(lost_delta());
        }
        self.owned(Page::read(answered(reply)?)?)
    }

    /// A page whose links are the service's own. A cursor with another host's would never be followed, and the calendar never be read
    /// again.
    fn owned(&self, page: Page) -> Result<Page> {
        for link in page.next.iter().chain(&page.delta) {
            self.events.session.given(link)?;
        }
        Ok(page)
    }

    async fn delta(&self, address: &str, since: Timestamp, whole: bool, trail: Trail) -> Result<ChangePage<Event>> {
        self.delta_page(self.follow(address).await?, since, whole, trail)
    }

    fn delta_page(&self, page: Page, since: Timestamp, whole: bool, trail: Trail) -> Result<ChangePage<Event>> {
        let changes = lines(&page.rows, Removed::Said);
        let next = match (page.next, page.delta) {
            (Some(next), _) => {
                let trail = trail.on(&next)?;
                Next::More(self.bound.page(&Within::Delta { next, since, whole, trail })?)
            }
            (None, Some(link)) => Next::Done { cursor: self.bound.cursor(&Between::Delta { link, since })?, complete: whole },
            (None, None) => return Err(endless()),
        };
        Ok(ChangePage { changes, next })
    }

    async fn view(&self, address: Option<&str>, since: Timestamp, whole: bool, trail: Trail) -> Result<ChangePage<Event>> {
        let page = match address {
            Some(address) => self.follow(address).await?,
            None => {
                let day = |by: SignedDuration| since.checked_add(by).unwrap_or(since);
                match self.first(Round::View { from: day(-BEFORE), to: day(AFTER) }).await? {
                    Some(page) => page,
                    None => {
                        // Not here either: what was listed is all there is.
                        self.events.fall_back(self.collection, Way::Listing);
                        let next = Next::Done { cursor: self.bound.cursor(&Between::Listing)?, complete: whole };
                        return Ok(ChangePage { changes: Vec::new(), next });
                    }
                }
            }
        };
        let changes = lines(&page.rows, Removed::Perhaps);
        let next = match (page.next, page.delta) {
            (Some(next), _) => {
                let trail = trail.on(&next)?;
                Next::More(self.bound.page(&Within::View { next: Some(next), since, whole, trail })?)
            }
            (None, Some(link)) => Next::Done { cursor: self.bound.cursor(&Between::View { link, since })?, complete: whole },
            (None, None) => return Err(endless()),
        };
        Ok(ChangePage { changes, next })
    }

    async fn listing(&self, address: Option<&str>, view: bool, trail: Trail) -> Result<ChangePage<Event>> {
        let page = match address {
            Some(address) => self.follow(address).await?,
            None => match self.first(Round::Listing).await? {
                Some(page) => page,
                None => return Err(Error::new(ErrorKind::Unavailable, "the server lists no events of this calendar; try again later")),
            },
        };
        let changes = lines(&page.rows, Removed::Said);
        let next = match page.next {
            Some(next) => {
                let trail = trail.on(&next)?;
                Next::More(self.bound.page(&Within::Listing { next, view, trail })?)
            }
            None if view => {
                let since = self.events.session.now();
                Next::More(self.bound.page(&Within::View { next: None, since, whole: true, trail: Trail::default() })?)
            }
            None => Next::Done { cursor: self.bound.cursor(&Between::Listing)?, complete: true },
        };
        Ok(ChangePage { changes, next })
    }
}

fn endless() -> Error {
    Error::new(ErrorKind::InvalidData, "the page of changes says neither how the round goes on nor where it ended; try again later")
        .persistence(Persistence::Temporary)
}

/// What a removed row is worth.
#[derive(Clone, Copy, PartialEq)]
enum Removed {
    /// It says why.
    Said,
    /// Or the event was moved out of the span (microsoft-graph-docs 6599).
    Perhaps,
}

/// The lines of a page. What belongs to a series is a line of the series; what is of one event alone says its version.
fn lines(rows: &[Value], worth: Removed) -> Vec<Change<Event>> {
    let mut series = BTreeSet::new();
    let mut found = Vec::new();
    for row in rows {
        let Some(id) = odata::text(row, "id") else { continue };
        let master = odata::text(row, "seriesMasterId").or_else(|| master_in(id));
        if let Some(master) = master {
            if series.insert(master.to_owned()) {
                found.push(Change::Listed { id: ItemId::from(master), revision: None });
            }
            continue;
        }
        let id = ItemId::from(id);
        found.push(match odata::removed(row) {
            Some(reason) => {
                // "deleted" is said of what was moved to another calendar too, "changed" of what can be brought back.
                let left = worth == Removed::Said && reason.eq_ignore_ascii_case("changed");
                let reason = if left { Removal::Left } else { Removal::Unknown };
                Change::Removed { id, reason }
            }
            // A series has versions beside its own: those of its exceptions.
            None if odata::text(row, "type") == Some("singleInstance") => {
                Change::Listed { id, revision: odata::etag(row).map(Revision::from) }
            }
            None => Change::Listed { id, revision: None },
        });
    }
    found
}

/// The series in the id of one of its occurrences (`OID.{series}.{date}`), where it has that form.
fn master_in(id: &str) -> Option<&str> {
    let (master, date) = id.strip_prefix("OID.")?.rsplit_once('.')?;
    date.parse::<jiff::civil::Date>().ok().map(|_| master)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(rows: &[Value], worth: Removed) -> Vec<String> {
        lines(rows, worth)
            .into_iter()
            .map(|line| match line {
                Change::Listed { id, revision } => format!("{id} at {}", revision.map_or("any".to_owned(), |r| r.as_str().to_owned())),
                Change::Removed { id, reason } => format!("{id} {reason:?}"),
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn rows_are_lines_of_events_and_of_series_once_a_page() {
        let rows = [
            json!({"id": "a", "@odata.etag": "W/\"1\"", "type": "singleInstance"}),
            json!({"id": "b", "@odata.etag": "W/\"2\"", "type": "seriesMaster"}),
            json!({"id": "c", "@odata.etag": "W/\"3\""}),
            json!({"id": "o1", "type": "occurrence", "seriesMasterId": "m"}),
            json!({"id": "o2", "type": "exception", "seriesMasterId": "m"}),
            json!({"id": "OID.n.2026-10-25", "@removed": {"reason": "deleted"}}),
            json!({"id": "d", "@removed": {"reason": "deleted"}}),
            json!({"id": "e", "@removed": {"reason": "changed"}}),
            json!({"id": "f", "@removed": null}),
            json!({"subject": "no id"}),
            json!(null),
        ];
        assert_eq!(
            said(&rows, Removed::Said),
            ["a at W/\"1\"", "b at any", "c at any", "m at any", "n at any", "d Unknown", "e Left", "f Unknown"]
        );
        assert_eq!(said(&rows, Removed::Perhaps)[5..], ["d Unknown", "e Unknown", "f Unknown"]);
    }

    #[test]
    fn each_way_has_one_to_fall_back_on_and_the_listing_none() {
        let mut ways = vec![Way::first(EventRounds::Delta)];
        while let Some(next) = ways.last().and_then(|way| way.next()) {
            ways.push(next);
        }
        assert_eq!(ways, [Way::Delta, Way::DatedDelta, Way::View, Way::Listing]);
    }
}

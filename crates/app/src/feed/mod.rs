//! Rounds of changes over a host's feed: where one stands, and how one page is made.
//!
//! Everything that a round needs is in its tokens, so a restart at any page loses nothing.

mod follow;
mod list;

use crate::{After, AppStore, Feed, Row};
use pimkit_core::{
    Change, ChangeOptions, ChangePage, Clock, CollectionId, Cursor, ItemId, Next, PageToken, Position, Record, Removal, Result, cursor,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the tokens.
const TOKEN: &str = "app/1";
/// Lines on a page when nothing else is asked for.
const PAGE: u32 = 200;
/// Ids that are looked up in one call of the store.
pub(crate) const BATCH: usize = 200;

/// What a line said when it was read: [`GONE`], or a number made of the row's version.
pub(crate) type Said = u64;
/// The item was gone.
const GONE: Said = 0;

/// Items with the position of their last line and what it said.
type Seen = BTreeMap<ItemId, (i64, Said)>;

fn said<R: Record>(row: &Row<R>) -> Said {
    cursor::binding(&[row.version().as_str()]).max(1)
}

/// Where the next round starts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Point {
    /// The feed is read up to here.
    at: i64,
    /// Items with a line inside the overlap before `at`: not reported again while they say the same.
    #[serde(default)]
    seen: Seen,
    /// The ids that were there, with their positions, for feeds that compare ids. `None` when a
    /// deletion may have slipped through: the next round lists everything.
    #[serde(default)]
    known: Option<BTreeMap<ItemId, i64>>,
}

/// Where the next page starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Going {
    List(list::Listing),
    Follow(follow::Following),
}

/// One round, as far as its pages need to know.
pub(crate) struct Round<'a, R: Record> {
    pub(crate) store: &'a dyn AppStore<R>,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) place: &'a CollectionId,
    pub(crate) options: &'a ChangeOptions,
}

impl<R: Record> Round<'_, R> {
    /// The page at this position.
    pub(crate) async fn page(&self, at: Position<'_>) -> Result<ChangePage<R>> {
        let feed = self.store.abilities().feed;
        let going = match at {
            Position::Start => Going::List(self.listing(true).await?),
            Position::Page(token) => cursor::decode(TOKEN, self.bound(), token.as_str())?,
            Position::Since(token) => {
                let point: Point = cursor::decode(TOKEN, self.bound(), token.as_str())?;
                match feed {
                    Feed::Snapshot => Going::List(self.listing(false).await?),
                    Feed::Updated { tombstones: false, .. } if point.known.is_none() => Going::List(self.listing(false).await?),
                    Feed::Sequence { .. } | Feed::Updated { .. } => Going::Follow(self.following(point).await?),
                }
            }
        };
        match going {
            Going::List(listing) => self.listed(listing).await,
            Going::Follow(following) => self.followed(following).await,
        }
    }

    fn feed(&self) -> Feed {
        self.store.abilities().feed
    }

    fn limit(&self) -> usize {
        self.options.page_size.unwrap_or(PAGE).clamp(1, 10_000) as usize
    }

    /// Tokens are bound to the collection, the sort of feed and the window.
    fn bound(&self) -> u64 {
        let window = self.options.window.map(|(from, to)| format!("{from}/{to}")).unwrap_or_default();
        cursor::binding(&[R::KIND.plural(), self.place.as_str(), self.feed().word(), &window])
    }

    /// A time in the future (a wrong clock, a made-up value) must not move the point to where
    /// nothing follows: the item stays inside the overlap instead.
    fn reached(&self, position: i64) -> i64 {
        match self.feed() {
            Feed::Updated { .. } => position.min(self.clock.now().as_microsecond()),
            Feed::Sequence { .. } | Feed::Snapshot => position,
        }
    }

    /// The first position that the overlap before this one covers.
    fn overlap_before(&self, position: i64) -> i64 {
        match self.feed() {
            // Numbers are unique: without late ones, the last one read needs no second look.
            Feed::Sequence { overlap } => match overlap {
                0 => position.saturating_add(1),
                _ => position.saturating_sub(self.feed().overlap()),
            },
            // Several items may have the same time: the last one read is always read again.
            Feed::Updated { .. } => position.saturating_sub(self.feed().overlap()),
            Feed::Snapshot => position,
        }
    }

    fn change(&self, row: Row<R>) -> Change<R> {
        if self.options.admits(&row.record) {
            Change::Upserted(Box::new(crate::repository::stored(self.place, row)))
        } else {
            Change::Removed { id: row.id, reason: Removal::Left }
        }
    }

    fn more(&self, changes: Vec<Change<R>>, going: &Going) -> Result<ChangePage<R>> {
        Ok(ChangePage { changes, next: Next::More(PageToken::from(cursor::encode(TOKEN, self.bound(), going)?)) })
    }

    fn done(&self, changes: Vec<Change<R>>, point: &Point, complete: bool) -> Result<ChangePage<R>> {
        Ok(ChangePage { changes, next: Next::Done { cursor: Cursor::from(cursor::encode(TOKEN, self.bound(), point)?), complete } })
    }

    /// Every id that is there, with its position.
    async fn scan(&self) -> Result<BTreeMap<ItemId, i64>> {
        let mut all = BTreeMap::new();
        let mut after: Option<ItemId> = None;
        loop {
            let ids = self.store.ids(self.place, after.as_ref(), 1_000).await?;
            let Some((last, _)) = ids.last() else { return Ok(all) };
            // A store that does not go on would be asked for ever.
            if after.as_ref() == Some(last) {
                return Err(stuck());
            }
            after = Some(last.clone());
            all.extend(ids);
        }
    }
}

/// A number that is the same for the same lines in any order.
fn sum(id: &ItemId, position: i64) -> u64 {
    cursor::binding(&[id.as_str().as_bytes(), &position.to_le_bytes()])
}

fn stuck() -> pimkit_core::Error {
    pimkit_core::Error::new(
        pimkit_core::ErrorKind::Unexpected,
        "the store gives the same page again; it must give rows after the id that it is asked for",
    )
}

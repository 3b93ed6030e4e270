//! Rounds that name everything: the first one of every feed, and every one of a snapshot.

use super::{Going, ItemId, Point, Round, Seen, said, stuck, sum};
use crate::Feed;
use pimkit_core::{Change, ChangePage, Record, Result};
use serde::{Deserialize, Serialize};

/// A listing under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Listing {
    /// With the records; else ids and versions only.
    whole: bool,
    /// The last id listed.
    after: Option<ItemId>,
    /// Where the feed stood before the listing began: what changes meanwhile comes after it.
    at: i64,
    /// Listed items inside the overlap before `at`.
    seen: Seen,
    /// How many items were listed, and the sum of what they are called: told apart from what is
    /// there in the end, without keeping all ids in every token.
    count: u64,
    sum: u64,
}

impl<R: Record> Round<'_, R> {
    pub(super) async fn listing(&self, whole: bool) -> Result<Listing> {
        let at = match self.feed() {
            Feed::Snapshot => 0,
            Feed::Sequence { .. } | Feed::Updated { .. } => self.reached(self.store.newest(self.place).await?.unwrap_or_default()),
        };
        Ok(Listing { whole, after: None, at, seen: Seen::new(), count: 0, sum: 0 })
    }

    pub(super) async fn listed(&self, mut listing: Listing) -> Result<ChangePage<R>> {
        let rows = self.store.list(self.place, listing.after.as_ref(), self.limit()).await?;
        let Some(last) = rows.last() else { return self.listed_all(listing).await };
        if listing.after.as_ref() == Some(&last.id) {
            return Err(stuck());
        }
        listing.after = Some(last.id.clone());
        let mut changes = Vec::with_capacity(rows.len());
        let overlap = self.overlap_before(listing.at);
        for row in rows {
            let position = row.position.unwrap_or_default();
            listing.count += 1;
            listing.sum = listing.sum.wrapping_add(sum(&row.id, position));
            if self.feed() != Feed::Snapshot && row.position.is_some() && position >= overlap {
                listing.seen.insert(row.id.clone(), (position, said(&row)));
            }
            if !self.options.admits(&row.record) {
                continue;
            }
            changes.push(if listing.whole { self.change(row) } else { Change::Listed { revision: Some(row.version()), id: row.id } });
        }
        self.more(changes, &Going::List(listing))
    }

    async fn listed_all(&self, listing: Listing) -> Result<ChangePage<R>> {
        let mut known = None;
        if self.feed().compares_ids() {
            let there = self.scan().await?;
            let now = there.iter().fold(0_u64, |total, (id, position)| total.wrapping_add(sum(id, *position)));
            // An item that was listed and then deleted must not be forgotten: when what is there is
            // not exactly what was listed, the next round lists everything again.
            if listing.count == there.len() as u64 && listing.sum == now {
                known = Some(there);
            }
        }
        self.done(Vec::new(), &Point { at: listing.at, seen: listing.seen, known }, true)
    }
}

//! Rounds that name what changed: by number, or by time with an overlap.
//!
//! A transaction that commits late shows a line before the point where reading stood. Lines inside
//! the overlap are therefore read again, and reported unless they say what they said before.

use super::{After, BATCH, GONE, Going, ItemId, Point, Round, said};
use crate::{Feed, Line, Row, What};
use pimkit_core::{Change, ChangePage, Error, ErrorKind, Record, Removal, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Following under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Following {
    /// Where the next round will start, as far as read.
    point: Point,
    /// The last line read: position, and id.
    position: i64,
    id: Option<ItemId>,
}

impl<R: Record> Round<'_, R> {
    pub(super) async fn following(&self, point: Point) -> Result<Following> {
        if let Feed::Sequence { .. } = self.feed() {
            let newest = self.store.newest(self.place).await?.unwrap_or_default();
            // A feed that went backwards is another database, or an older copy of this one.
            if newest < point.at {
                return Err(Error::new(ErrorKind::CursorExpired, "the app's feed is behind the cursor; read from the start")
                    .with("cursor", point.at)
                    .with("newest", newest));
            }
        }
        let position = self.overlap_before(point.at);
        Ok(Following { point, position, id: None })
    }

    pub(super) async fn followed(&self, mut following: Following) -> Result<ChangePage<R>> {
        let after = After { position: following.position, id: following.id.as_ref() };
        let lines = self.store.changed(self.place, after, self.limit()).await?;
        let Some(last) = lines.last() else { return self.followed_all(following).await };
        if following.position == last.position && following.id.as_ref() == Some(&last.id) {
            return Err(super::stuck());
        }
        (following.position, following.id) = (last.position, Some(last.id.clone()));
        let point = &mut following.point;
        point.at = point.at.max(self.reached(last.position));

        let looked_up = self.look_up(point, &lines).await?;
        let mut changes = Vec::new();
        for line in lines {
            let row = match line.what {
                What::Is(row) => Some(*row),
                What::Changed | What::Gone => looked_up.get(&line.id).cloned().flatten(),
            };
            // Several lines of one item in an outbox all lead to the item as it is: one of them tells it.
            let said = row.as_ref().map_or(GONE, said);
            let before = point.seen.get(&line.id).copied();
            let position = before.map_or(line.position, |(position, _)| position.max(line.position));
            point.seen.insert(line.id.clone(), (position, said));
            if before.is_some_and(|(_, before)| before == said) {
                continue;
            }
            if let Some(known) = &mut point.known {
                match &row {
                    Some(_) => known.insert(line.id.clone(), line.position),
                    None => known.remove(&line.id),
                };
            }
            changes.push(match row {
                Some(row) => self.change(row),
                None => Change::Removed { id: line.id, reason: Removal::Deleted },
            });
        }
        // What lies before the overlap of the page just read is never read again.
        let keep = self.overlap_before(self.reached(following.position));
        following.point.seen.retain(|_, (position, _)| *position >= keep.min(following.position));
        self.more(changes, &Going::Follow(following))
    }

    /// The items of lines that do not bring them along, and of tombstones: one that was made again
    /// with its old id is there, whatever an older tombstone says.
    async fn look_up(&self, point: &Point, lines: &[Line<R>]) -> Result<BTreeMap<ItemId, Option<Row<R>>>> {
        let ids: BTreeSet<&ItemId> = lines
            .iter()
            .filter(|line| match line.what {
                What::Is(_) => false,
                What::Changed => true,
                What::Gone => point.seen.get(&line.id).is_none_or(|(_, said)| *said != GONE),
            })
            .map(|line| &line.id)
            .collect();
        let ids: Vec<ItemId> = ids.into_iter().cloned().collect();
        let mut rows = BTreeMap::new();
        for batch in ids.chunks(BATCH) {
            rows.extend(batch.iter().cloned().zip(self.store.get(self.place, batch).await?));
        }
        Ok(rows)
    }

    async fn followed_all(&self, mut following: Following) -> Result<ChangePage<R>> {
        let mut changes = Vec::new();
        let mut unfinished = false;
        if let Some(mut known) = following.point.known.take() {
            let there = self.scan().await?;
            let gone: Vec<ItemId> = known.keys().filter(|id| !there.contains_key(*id)).cloned().collect();
            for id in gone {
                known.remove(&id);
                changes.push(Change::Removed { id, reason: Removal::Unknown });
            }
            // New ids and moved positions that the feed did not show: they came later than the overlap.
            let late: Vec<ItemId> = there.iter().filter(|(id, at)| known.get(*id) != Some(*at)).map(|(id, _)| id.clone()).collect();
            unfinished = late.len() > self.limit();
            for batch in late.get(..late.len().min(self.limit())).unwrap_or_default().chunks(BATCH) {
                for (id, row) in batch.iter().zip(self.store.get(self.place, batch).await?) {
                    match row {
                        Some(row) => {
                            let position = there.get(id).copied().unwrap_or_default();
                            known.insert(id.clone(), position);
                            following.point.seen.insert(id.clone(), (position, said(&row)));
                            changes.push(self.change(row));
                        }
                        // Gone between the two looks: it is named as gone, should anybody know it.
                        None => {
                            known.remove(id);
                            changes.push(Change::Removed { id: id.clone(), reason: Removal::Unknown });
                        }
                    }
                }
            }
            following.point.known = Some(known);
        }
        if unfinished {
            return self.more(changes, &Going::Follow(following));
        }
        let keep = self.overlap_before(following.point.at);
        let mut point = following.point;
        point.seen.retain(|_, (position, _)| *position >= keep);
        self.done(changes, &point, false)
    }
}

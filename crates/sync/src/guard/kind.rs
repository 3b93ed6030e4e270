//! What guards there are, where each looks, and what it is about.

use super::{
    ROLLED_BACK, STATE_LOST,
    tally::{Place, Sort, sorts},
};
use crate::step::{Action, End, Step};
use pimkit_core::{CollectionId, ItemId, Side};
use std::collections::{BTreeMap, BTreeSet};

/// One guard, where it looks. They are asked in this order: a field that is cleared before changes of any kind, so that who
/// looks at it sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Guard {
    RolledBack(Side, CollectionId),
    Emptied(Side, CollectionId),
    Ask,
    /// Before anything is planned.
    StateLost,
    MatchesNothing,
    Many(Sort, Place, Side),
}

impl Guard {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::RolledBack(..) => ROLLED_BACK,
            Self::Emptied(..) => "emptied",
            Self::Ask => "ask",
            Self::StateLost => STATE_LOST,
            Self::MatchesNothing => "matches_nothing",
            Self::Many(Sort::Creates, ..) => "creates",
            Self::Many(Sort::Deletes, ..) => "deletes",
            Self::Many(Sort::Cleared(_), ..) => "cleared",
            Self::Many(Sort::Updates, ..) => "updates",
        }
    }

    /// Where it looks, as an approval says it.
    pub(super) fn scope(&self) -> String {
        let place = match self {
            Self::Ask | Self::StateLost | Self::MatchesNothing => return String::new(),
            Self::RolledBack(side, collection) | Self::Emptied(side, collection) => format!("{} {collection}", side.word()),
            Self::Many(_, Place::Collection(side, collection), _) => format!("{} {collection}", side.word()),
            Self::Many(_, Place::Hub, _) => "hub".to_owned(),
        };
        match self {
            Self::Many(Sort::Cleared(field), ..) => format!("{place} {field}"),
            _ => place,
        }
    }

    /// The item by which a step is shown, when the guard is about it. Where the scope does not say in which place an item of
    /// this id is, its name does.
    pub(super) fn item(&self, step: &Step, rolled: &BTreeMap<(Side, CollectionId), BTreeSet<ItemId>>) -> Option<String> {
        let name = |side: Side| end(step, side).item.as_ref().map(ToString::to_string);
        match self {
            Self::RolledBack(side, collection) => {
                let lost = lost_end(step).filter(|(lost, from, _)| lost == side && from == collection);
                if let Some((_, _, of)) = lost {
                    return name(of);
                }
                let here = end(step, *side);
                let stands = rolled.get(&(*side, collection.clone())).zip(here.item.as_ref()).is_some_and(|(all, item)| all.contains(item));
                (stands && here.collection == *collection).then(|| name(*side)).flatten()
            }
            Self::Emptied(side, collection) => {
                lost_end(step).filter(|(lost, from, _)| lost == side && from == collection).and_then(|(_, _, of)| name(of))
            }
            Self::StateLost => None,
            Self::Ask => step.held.as_ref().and_then(|_| lost_end(step)).and_then(|(_, _, of)| placed(step, of)),
            Self::MatchesNothing => match step.action {
                Action::Create(on) if step.link.is_none() && step.evidence.is_none() => placed(step, on.other()),
                _ => None,
            },
            Self::Many(sort, place, side) => {
                let here = end(step, *side);
                let within = match place {
                    Place::Collection(_, collection) => here.collection == *collection,
                    Place::Hub => true,
                };
                (within && sorts(here).contains(sort)).then(|| name(*side).or_else(|| placed(step, side.other()))).flatten()
            }
        }
    }

    /// The sort of write by which a rejection is carried out.
    pub(super) fn sort(&self) -> Sort {
        match self {
            Self::Many(sort, ..) => sort.clone(),
            Self::MatchesNothing | Self::StateLost => Sort::Creates,
            Self::RolledBack(..) | Self::Emptied(..) | Self::Ask => Sort::Deletes,
        }
    }

    /// What it shows, and a yes to it is a yes to: a sort of write, on one side where both may be written to. That an old state
    /// is what users made says nothing of what goes with it, nor how much.
    pub(super) fn about(&self) -> Option<(Sort, Option<Side>)> {
        match self {
            Self::Many(sort, _, side) => Some((sort.clone(), Some(*side))),
            Self::Emptied(..) | Self::Ask | Self::MatchesNothing => Some((self.sort(), None)),
            Self::RolledBack(..) | Self::StateLost => None,
        }
    }
}

pub(super) fn end(step: &Step, side: Side) -> &End {
    if side == Side::Left { &step.hub } else { &step.far }
}

/// An item as an approval names it: by its id, and where the approval's scope does not say it, by the place that it is in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShownItem {
    /// Its side and its collection there.
    pub place: Option<(Side, CollectionId)>,
    /// Its id.
    pub id: ItemId,
}

impl ShownItem {
    /// What one of [`ApprovalRow::items`](pimkit_core::ApprovalRow::items) says.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut parts = text.splitn(3, '\t');
        let side = match parts.next() {
            Some("left") => Some(Side::Left),
            Some("right") => Some(Side::Right),
            _ => None,
        };
        match (side, parts.next(), parts.next()) {
            (Some(side), Some(collection), Some(id)) => Self { place: Some((side, collection.into())), id: id.into() },
            _ => Self { place: None, id: text.into() },
        }
    }
}

/// The name of an item of a side, with the place that it is in.
pub(super) fn placed_in(side: Side, collection: &CollectionId, item: &ItemId) -> String {
    format!("{}\t{collection}\t{item}", side.word())
}

fn placed(step: &Step, side: Side) -> Option<String> {
    let end = end(step, side);
    end.item.as_ref().map(|item| placed_in(side, &end.collection, item))
}

/// The end that a step takes for deleted, where it was, and the side whose item it is named by.
pub(super) fn lost_end(step: &Step) -> Option<(Side, CollectionId, Side)> {
    let (lost, named) = match step.action {
        // Nothing is missing: it is back, and is to go again.
        Action::Delete(_) if step.link.is_none() => return None,
        Action::Delete(rest) | Action::Suppress(rest) => (rest.other(), rest.other()),
        // One that was deleted, but edited on the other side, is made again.
        Action::Create(on) if step.evidence.is_some() => (on, on.other()),
        _ => return None,
    };
    // Of one whose place another item has taken, only the other end has an id.
    let of = [named, named.other()].into_iter().find(|side| end(step, *side).item.is_some())?;
    Some((lost, end(step, lost).collection.clone(), of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_read_as_it_was_named_whatever_is_in_its_id() {
        let shown = placed_in(Side::Right, &"dav/a b".into(), &"x/left\ty".into());
        assert_eq!(ShownItem::parse(&shown), ShownItem { place: Some((Side::Right, "dav/a b".into())), id: "x/left\ty".into() });
        for plain in ["1", "left", "right/1", "left\tone"] {
            assert_eq!(ShownItem::parse(plain), ShownItem { place: None, id: plain.into() });
        }
    }
}

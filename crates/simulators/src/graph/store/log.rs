//! What happened in a mailbox, as delta tells it.

use super::{Kind, Mailbox};
use std::collections::BTreeMap;

/// Why an item is no longer in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// It was deleted, or moved away.
    Deleted,
    /// It can be restored.
    Changed,
}

/// One change.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) seq: u64,
    pub(crate) key: u64,
    pub(crate) kind: Kind,
    /// Where the item lay.
    pub(crate) parent: u64,
    pub(crate) generation: u32,
    /// It left the folder.
    pub(crate) gone: Option<Gone>,
    /// It came into the folder.
    pub(crate) came: bool,
}

/// Which changes a delta tells: those of a kind, in one folder or anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) kind: Kind,
    pub(crate) parent: Option<u64>,
}

/// A row of a delta.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Row {
    /// It is there.
    There(u64),
    /// It is not there any more: its key, its generation, why.
    Gone(u64, u32, Gone),
}

/// Which entries of the log one row stands for: the item, and its generation where ids change with it.
type Subject = (u64, Option<u32>);

/// What became of one subject.
struct Told {
    seq: u64,
    began_here: bool,
    left: Option<(u64, u32, Gone)>,
    last_gone: bool,
}

impl Mailbox {
    /// Whether an item came to where it lies after a change; in a first round all did.
    pub(crate) fn came(&self, key: u64, since: Option<u64>) -> bool {
        let Some(since) = since else { return true };
        let from = self.log.partition_point(|change| change.seq <= since);
        self.log.get(from..).unwrap_or_default().iter().any(|change| change.key == key && change.came)
    }

    /// What changed in `scope` after `since` and not after `until`, each with the number of its last change, oldest first.
    ///
    /// Where ids are immutable, an item that left and came back is one subject; `forgets_returns` tells it as gone then, as was
    /// seen at the service (microsoftgraph/microsoft-graph-docs#21752).
    pub(crate) fn changes(&self, scope: Scope, since: u64, until: u64, immutable: bool, forgets_returns: bool) -> Vec<(u64, Row)> {
        let since = since.max(self.forgotten);
        let from = self.log.partition_point(|change| change.seq <= since);
        let mut told: BTreeMap<Subject, Told> = BTreeMap::new();
        let bin = self.known("deleteditems");
        let mail = matches!(scope.kind, Kind::Message | Kind::MailFolder);
        let here = |change: &&Change| {
            // Anywhere is anywhere but in Deleted Items, which only mail lies in as it lies elsewhere.
            let place = scope.parent.map_or(mail || change.parent != bin, |parent| parent == change.parent);
            change.seq <= until && change.kind == scope.kind && place
        };
        for change in self.log.get(from..).unwrap_or_default().iter().filter(here) {
            let subject = (change.key, (!immutable).then_some(change.generation));
            let entry = told.entry(subject).or_insert_with(|| Told { seq: 0, began_here: change.came, left: None, last_gone: false });
            entry.seq = change.seq;
            entry.last_gone = change.gone.is_some();
            if let Some(reason) = change.gone {
                entry.left = Some((change.key, change.generation, reason));
            }
        }
        let mut rows: Vec<(u64, Row)> = told
            .into_iter()
            .filter_map(|((key, _), told)| {
                let gone = told.last_gone || forgets_returns && immutable && told.left.is_some() && !told.began_here;
                match told.left {
                    // What came and went between two rounds was never told.
                    Some(_) if told.last_gone && told.began_here => None,
                    Some((key, generation, reason)) if gone => Some((told.seq, Row::Gone(key, generation, reason))),
                    _ => Some((told.seq, Row::There(key))),
                }
            })
            .collect();
        rows.sort_by_key(|(seq, _)| *seq);
        rows
    }
}

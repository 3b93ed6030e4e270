//! Syncs of one kind join accounts to a forest: in a ring every record would come round as one that was never seen, and
//! be made again without end.

use super::{AccountConfig, SyncConfig};
use crate::failure::{Failure, Result};
use std::collections::BTreeMap;

/// One side of a sync: an account, and the collections of it that take part; all when empty.
struct End<'a> {
    account: &'a AccountConfig,
    collections: &'a [String],
}

impl End<'_> {
    /// Whether some item may be in both.
    fn overlaps(&self, other: &Self) -> bool {
        if !self.account.same_place(other.account) {
            // A folder in the other's folder: what one calls a collection, the other calls its own files.
            return self.account.overlaps(other.account);
        }
        let every = self.collections.is_empty() || other.collections.is_empty();
        every || self.collections.iter().any(|name| other.collections.contains(name))
    }
}

/// A sync between two nodes.
struct Edge<'a> {
    sync: &'a SyncConfig,
    nodes: [usize; 2],
}

/// Refuses the first sync that closes a ring with earlier ones of its kind.
///
/// # Errors
/// A usage failure that names the syncs of the ring.
pub(crate) fn check(syncs: &[SyncConfig], accounts: &BTreeMap<String, AccountConfig>) -> Result<()> {
    for (n, closing) in syncs.iter().enumerate() {
        let earlier = syncs.iter().take(n + 1).filter(|s| s.kind == closing.kind).collect();
        let edges = edges(earlier, accounts);
        // This one may also join two nodes to one, and so close a ring of others.
        let ring = (0..edges.len()).find_map(|at| {
            let (before, edge) = (edges.get(..at)?, edges.get(at)?);
            let [from, to] = edge.nodes;
            Some(path(before, from, to)?.into_iter().chain([edge.sync]).collect::<Vec<_>>())
        });
        let Some(mut ring) = ring else { continue };
        ring.retain(|sync| sync.name != closing.name);
        let names: Vec<String> = ring.iter().map(|sync| format!("\"{}\"", sync.name)).collect();
        let with = if names.is_empty() { String::new() } else { format!(" with {}", names.join(" and ")) };
        return Err(Failure::usage(format!(
            "{}: sync \"{}\" closes a ring{with}: its {} would be made again and again; take one of these syncs out, or give them \
             collections of their own",
            closing.place,
            closing.name,
            closing.kind.plural()
        )));
    }
    Ok(())
}

/// The syncs as edges. Ends that may hold the same items are one node.
fn edges<'a>(syncs: Vec<&'a SyncConfig>, accounts: &'a BTreeMap<String, AccountConfig>) -> Vec<Edge<'a>> {
    let mut ends: Vec<(usize, End<'_>)> = Vec::new();
    let mut edges = Vec::new();
    for sync in syncs {
        let sides = [(&sync.left, &sync.left_collections), (&sync.right, &sync.collections)];
        let [Some(left), Some(right)] = sides.map(|(name, collections)| accounts.get(name).map(|account| End { account, collections }))
        else {
            continue;
        };
        let at = ends.len();
        for end in [left, right] {
            let node = ends.len();
            let joined: Vec<usize> = ends.iter().filter(|(_, other)| other.overlaps(&end)).map(|(node, _)| *node).collect();
            ends.push((node, end));
            for (of, _) in ends.iter_mut().filter(|(of, _)| joined.contains(of)) {
                *of = node;
            }
        }
        edges.push((sync, at));
    }
    let node = |at: usize| ends.get(at).map_or(at, |(node, _)| *node);
    edges.into_iter().map(|(sync, at)| Edge { sync, nodes: [node(at), node(at + 1)] }).collect()
}

/// The syncs on the way from one node to another; `None` when there is no way.
fn path<'a>(edges: &[Edge<'a>], from: usize, to: usize) -> Option<Vec<&'a SyncConfig>> {
    let mut ways: Vec<(usize, Vec<&'a SyncConfig>)> = vec![(from, Vec::new())];
    let mut next = 0;
    while let Some((at, way)) = ways.get(next).cloned() {
        if at == to {
            return Some(way);
        }
        for edge in edges {
            let other = match edge.nodes {
                [one, other] if one == at => other,
                [other, one] if one == at => other,
                _ => continue,
            };
            if !ways.iter().any(|(node, _)| *node == other) {
                ways.push((other, way.iter().copied().chain([edge.sync]).collect()));
            }
        }
        next += 1;
    }
    None
}

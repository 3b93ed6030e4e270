//! Rounds of changes: a complete listing each, in pages by name.

use crate::{
    disk::Problem,
    files::Files,
    folder::{Name, Shared, damaged_name},
    names,
};
use pimkit_core::{Change, ChangeOptions, ChangePage, CollectionId, Cursor, Kind, Next, PageToken, Position, Result, cursor};
use pimkit_formats::resource::TextRecord;
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Connector and version of tokens.
const TOKENS: &str = "vdir/1";
/// Lines of a page when nobody says, and at most.
const PAGE: u32 = 500;
const LARGEST_PAGE: u32 = 5_000;
/// Rounds whose names are kept in memory.
const OPEN_ROUNDS: usize = 4;

#[derive(Serialize, Deserialize)]
struct Page {
    /// The round, while this process remembers it.
    round: String,
    /// The last name of the page before.
    after: String,
}

/// The cursor between rounds says nothing: every round names everything.
#[derive(Serialize, Deserialize)]
struct Between {}

/// The names of rounds that are under way, so that a round reads its folder once and not once per page. Forgotten, or
/// after a restart, the folder is read again and the round goes on behind the last name.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    open: Mutex<VecDeque<Round>>,
    count: AtomicU64,
}

#[derive(Debug)]
struct Round {
    name: String,
    folder: PathBuf,
    extension: &'static str,
    names: Arc<Vec<Name>>,
}

impl Rounds {
    fn fresh(&self) -> String {
        format!("{}.{}", std::process::id(), self.count.fetch_add(1, Ordering::Relaxed))
    }

    fn names(&self, shared: &Shared, round: &str, folder: &Path, extension: &'static str) -> Result<Arc<Vec<Name>>> {
        let known = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(round) = known.iter().find(|r| r.name == round && r.folder == folder && r.extension == extension) {
            return Ok(Arc::clone(&round.names));
        }
        drop(known);
        let names = Arc::new(shared.names(folder, extension)?);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= OPEN_ROUNDS {
            open.pop_front();
        }
        open.push_back(Round { name: round.to_owned(), folder: folder.to_owned(), extension, names: Arc::clone(&names) });
        Ok(names)
    }

    fn close(&self, round: &str) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).retain(|r| r.name != round);
    }
}

/// What tokens are bound to.
fn bound(shared: &Shared, kind: Kind, collection: &CollectionId, options: &ChangeOptions) -> u64 {
    let window = options.window.map(|(from, to)| format!("{from}/{to}")).unwrap_or_default();
    let size = options.page_size.map(|n| n.to_string()).unwrap_or_default();
    cursor::binding(&[shared.account.as_str(), kind.plural(), collection.as_str(), &window, &size])
}

impl<R: TextRecord> Files<R> {
    /// One page of a round; blocks.
    pub(crate) fn page(&self, collection: &CollectionId, at: &At, options: &ChangeOptions) -> Result<ChangePage<R>> {
        let shared = &self.shared;
        let bound = bound(shared, R::KIND, collection, options);
        let (round, after) = match at {
            At::Start => (shared.rounds.fresh(), None),
            At::Since(since) => {
                cursor::decode::<Between>(TOKENS, bound, since.as_str())?;
                (shared.rounds.fresh(), None)
            }
            At::Page(token) => {
                let page: Page = cursor::decode(TOKENS, bound, token.as_str())?;
                (page.round, Some(page.after))
            }
        };
        // Looked for at every page: a folder that goes away in mid-round must not end the round as if it were empty.
        let folder = shared.folder(collection)?;
        let names = shared.rounds.names(shared, &round, &folder, R::EXTENSION)?;
        let first = after.map_or(0, |after| names.partition_point(|n| n.text <= after));
        let size = options.page_size.unwrap_or(PAGE).clamp(1, LARGEST_PAGE) as usize;
        let mut rest = names.iter().skip(first);
        let mut changes = Vec::new();
        let mut last = None;
        for name in rest.by_ref().take(size) {
            changes.extend(self.line(collection, &folder, name));
            last = Some(name.text.clone());
        }
        // Files go away one by one while a round is read; when it ends, the folder must still be there.
        shared.folder(collection)?;
        let next = match last {
            Some(after) if rest.next().is_some() => Next::More(PageToken::from(cursor::encode(TOKENS, bound, &Page { round, after })?)),
            _ => {
                shared.rounds.close(&round);
                Next::Done { cursor: Cursor::from(cursor::encode(TOKENS, bound, &Between {})?), complete: true }
            }
        };
        Ok(ChangePage { changes, next })
    }

    /// What a listing says of a name; nothing when the file has gone since.
    fn line(&self, collection: &CollectionId, folder: &Path, name: &Name) -> Option<Change<R>> {
        let id = names::item_id(collection, &name.text);
        if name.damaged {
            return Some(Change::Unreadable { id, revision: None, error: damaged_name() });
        }
        match self.shared.version(&folder.join(&name.text)) {
            Ok(version) => Some(Change::Listed { id, revision: Some(version.revision()) }),
            Err(Problem::Missing) => None,
            Err(Problem::Unreadable(unread)) => {
                let revision = unread.stamp.map(|stamp| crate::version::Version { stamp, hash: None }.revision());
                Some(Change::Unreadable { id, revision, error: unread.error.with("item", &name.text) })
            }
        }
    }
}

/// A [`Position`] that owns what it names.
#[derive(Clone, Debug)]
pub(crate) enum At {
    Start,
    Since(Cursor),
    Page(PageToken),
}

impl From<Position<'_>> for At {
    fn from(at: Position<'_>) -> Self {
        match at {
            Position::Start => Self::Start,
            Position::Since(cursor) => Self::Since(cursor.clone()),
            Position::Page(token) => Self::Page(token.clone()),
        }
    }
}

//! What a host tells beside its records: merges, rights, views, notices.

use async_trait::async_trait;
use jiff::Timestamp;
use pimkit_core::{Access, Action, AppEvent, Cursor, Error, ErrorKind, ItemId, Kind, Notice, Result, View};
use std::fmt::Debug;

/// The host app beside its records. Every method has an answer for hosts that have nothing of the sort.
#[async_trait]
pub trait Host: Debug + Send + Sync + 'static {
    /// The acting user's own addresses: who "I" am among attendees.
    fn addresses(&self) -> Vec<String> {
        Vec::new()
    }

    /// The acting user, as the facts of records name owners; absent for one who may see and do everything.
    fn user(&self) -> Option<String> {
        None
    }

    /// Which records users may only look at from here on, and which they may change again. A host that cannot keep its
    /// users from editing lets it be: such edits are held by the engine.
    async fn protect(&self, _kind: Kind, _records: &[(ItemId, Access)]) -> Result<()> {
        Ok(())
    }

    /// Merges and conversions since, each at least once, and where to go on; from none, everything kept.
    async fn events(&self, _since: Option<&Cursor>) -> Result<(Vec<AppEvent>, Cursor)> {
        Ok((Vec::new(), Cursor::default()))
    }

    /// Whether the acting user may do this with records of this kind at all.
    async fn allowed(&self, _kind: Kind, _action: Action) -> Result<bool> {
        Ok(true)
    }

    /// The saved views.
    async fn views(&self) -> Result<Vec<View>> {
        Ok(Vec::new())
    }

    /// Tells one of the app's own users. A host without notices says so, so that nobody believes that somebody was told.
    async fn notify(&self, _notice: Notice, _at: Timestamp) -> Result<()> {
        Err(Error::new(ErrorKind::Unsupported, "this app has no notices; read the run's report instead"))
    }
}

/// A host with nothing of the sort.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain;

impl Host for Plain {}

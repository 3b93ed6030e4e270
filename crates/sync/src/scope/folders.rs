//! Which far collections may be chosen at all.

use crate::{policy::Folders, run::Run};
use pimkit_core::{Collection, Error, ErrorKind, Kind, Record, Result, Sharing, Side};
use std::{error::Error as StdError, fmt};

/// Why a collection takes no part in a sync under the policy `folders = private`. It is the source of the error that refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotPrivate {
    /// It is somebody else's, or the account shares it with others.
    Shared,
    /// Everybody of the organisation sees it, or everybody at all.
    Public,
    /// It is the list of all users of the organisation.
    Directory,
}

impl NotPrivate {
    /// Why an error refuses a collection; absent when that is not what it says.
    #[must_use]
    pub fn of(error: &Error) -> Option<Self> {
        error.source().and_then(|source| source.downcast_ref()).copied()
    }

    fn why(kind: Kind, sharing: Sharing) -> Option<Self> {
        match sharing {
            Sharing::Private => None,
            Sharing::Shared => Some(Self::Shared),
            Sharing::Public if kind == Kind::User => Some(Self::Directory),
            Sharing::Public => Some(Self::Public),
        }
    }
}

impl fmt::Display for NotPrivate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shared => "shared",
            Self::Public => "public",
            Self::Directory => "the directory of the organisation",
        })
    }
}

impl StdError for NotPrivate {}

impl<R: Record> Run<R> {
    /// Of the collections that a sync would read those that it may: under `folders = private` only the account's own.
    ///
    /// # Errors
    /// `PermissionDenied`, with a [`NotPrivate`] as its source, for one that was `named` and is shared or public; and where there
    /// is no other.
    pub(crate) fn only_private(&mut self, side: Side, chosen: Vec<Collection>, named: bool) -> Result<Vec<Collection>> {
        if side == Side::Left || self.setup.policy.folders != Folders::Private {
            return Ok(chosen);
        }
        let why = |collection: &Collection| NotPrivate::why(R::KIND, collection.sharing);
        let (private, others): (Vec<_>, Vec<_>) = chosen.into_iter().partition(|c| why(c).is_none());
        for other in others {
            let Some(why) = why(&other) else { continue };
            let refused = format!("the collection {} is {why}, and only private ones are synced", other.name);
            if named || private.is_empty() {
                let error = Error::new(ErrorKind::PermissionDenied, "only private collections are synced; choose one of the account's own");
                return Err(error.with("collection", &other.name).with("it is", why).caused_by(why));
            }
            if !self.report.remarks.contains(&refused) {
                self.report.remarks.push(refused);
            }
        }
        Ok(private)
    }
}

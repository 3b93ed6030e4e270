//! What is known of one collection.

use crate::{
    calls::{Props, Response, bodies},
    error, href,
    kinds::Resource,
    quirks::{Hints, Quirks},
    session::{Depth, Session},
};
use pimkit_core::{Access, Capabilities, Collection, CollectionId, Create, Error, ErrorKind, Kind, Persistence, Result, Sharing};
use pimkit_formats::compose;
use std::sync::Arc;
use url::Url;

/// A collection, as its server describes it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// Its canonical path.
    pub(crate) id: CollectionId,
    /// Where it is.
    pub(crate) url: Url,
    pub(crate) props: Props,
    pub(crate) quirks: Quirks,
    /// Its server sends invitations for what is stored in it.
    pub(crate) schedules: bool,
}

impl Known {
    /// Asks the server for one collection, at its address.
    ///
    /// # Errors
    /// `CollectionGone` when the server says that there is none; `Unavailable` when it does not say what is there.
    pub(crate) async fn ask(session: &Session, id: &CollectionId, url: Url) -> Result<Arc<Self>> {
        let request = session.query("dav.collection", "PROPFIND", url.clone(), Some(Depth::Zero), bodies::collections())?;
        let (answer, whole) = session.ask(request).await?;
        let mut responses = answer.responses;
        let itself = |r: &Response| href::path_of(&whole.url, r.href()).is_some_and(|path| href::folder(&path) == id.as_str());
        // iCloud answers for another path than the one that was asked.
        let place = responses.iter().position(itself).or_else(|| responses.iter().position(|r| !r.is_gone()));
        let response = place.map(|place| responses.swap_remove(place)).filter(|r| !r.is_gone()).ok_or_else(error::collection_gone)?;
        let failed = |code: u16| !matches!(code, 200..300 | 404 | 410);
        if response.props.types.is_none() && response.status.into_iter().chain(response.refused).any(failed) {
            // A database that is down, inside of an answer that is not.
            let unsaid = "the server did not say what the collection is; try again later";
            return Err(Error::new(ErrorKind::Unavailable, unsaid).persistence(Persistence::Temporary));
        }
        let known = Self::new(session, url, response.props).filter(Self::is_collection).ok_or_else(error::collection_gone)?;
        Ok(session.learn(Arc::new(known)))
    }

    /// None when the properties do not say what it is.
    pub(crate) fn new(session: &Session, url: Url, props: Props) -> Option<Self> {
        props.types?;
        let endpoints = session.discovered();
        let hints = Hints { url: Some(&url), token: props.sync_token.as_deref(), ..Hints::default() };
        let by_itself = || hints.recognised().and_then(Quirks::named);
        let by_discovery = || endpoints.as_ref().and_then(|e| Quirks::named(&e.server));
        let quirks = session.config.quirks.clone().or_else(by_itself).or_else(by_discovery).unwrap_or_default();
        let announced = endpoints.as_ref().and_then(|e| e.schedules);
        // A server that is known to mail is taken for one that does, whatever it says of itself (Stalwart says nothing); and so is
        // one that nothing is known of.
        let schedules = announced.unwrap_or(true) || quirks.schedules;
        Some(Self { id: CollectionId::from(url.path()), url, props, quirks, schedules })
    }

    fn types(&self) -> crate::calls::props::Types {
        self.props.types.unwrap_or_default()
    }

    /// Whether items of any kind lie in it.
    pub(crate) fn is_collection(&self) -> bool {
        let types = self.types();
        (types.calendar || types.address_book) && !types.other
    }

    /// Whether items of this kind can lie in it. No set of components means: any (RFC 4791 section 5.2.3).
    pub(crate) fn holds<R: Resource>(&self) -> bool {
        if !self.is_collection() {
            return false;
        }
        match R::COMPONENT {
            None => self.types().address_book,
            Some(component) => {
                self.types().calendar
                    && self.props.components.as_ref().is_none_or(|all| all.is_empty() || all.iter().any(|c| c == component))
                    && (R::KIND != Kind::Task || self.quirks.tasks)
            }
        }
    }

    /// Whether it may hold items of other kinds too.
    pub(crate) fn is_mixed<R: Resource>(&self) -> bool {
        R::COMPONENT.is_some() && self.props.components.as_ref().is_none_or(|all| all.len() != 1)
    }

    /// Its own changes can be asked for.
    pub(crate) fn is_incremental(&self) -> bool {
        let reports = self.props.reports.as_ref();
        self.quirks.sync_collection && reports.is_some_and(|all| all.iter().any(|r| r == "sync-collection"))
    }

    pub(crate) fn is_writable(&self) -> bool {
        // Missing (Google, and others): taken for writable, as a refusal tells.
        self.props.privileges.is_none_or(|p| p.bind && p.write_content)
    }

    /// What it is for the engine.
    pub(crate) fn collection<R: Resource>(&self, principal: Option<&str>) -> Collection {
        let writable = self.is_writable();
        let fallback = || decoded(href::name(self.id.as_str()));
        let owner = self.props.owner.as_deref().and_then(|owner| href::path_of(&self.url, owner)).map(|path| href::folder(&path));
        let foreign = match (&owner, principal) {
            (Some(owner), Some(principal)) => (href::folder(principal) != *owner).then(|| decoded(href::name(owner))),
            _ => None,
        };
        let shared = self.types().shared || foreign.is_some();
        Collection {
            id: self.id.clone(),
            name: self.props.display_name.clone().unwrap_or_else(fallback),
            owner: foreign,
            sharing: if shared { Sharing::Shared } else { Sharing::Private },
            access: if writable { Access::Write } else { Access::Read },
            capabilities: self.capabilities::<R>().with(|c| c.write = writable),
        }
    }

    /// What it does with items of a kind.
    pub(crate) fn capabilities<R: Resource>(&self) -> Capabilities {
        let q = &self.quirks;
        most(R::KIND).with(|c| {
            c.incremental = self.is_incremental();
            c.conditional = !q.ignores_if_match;
            c.move_items = q.moves;
            c.create = if q.names_items_itself { Create::ByContent } else { Create::Repeatable };
            c.can_keep_silent = R::COMPONENT.is_none() || !self.schedules || q.obeys_schedule_agent;
            c.photos = c.photos && q.photos;
            c.keeps_as_written = q.keeps_as_written;
        })
    }
}

/// The most that a server can do with a kind.
pub(crate) const fn most(kind: Kind) -> Capabilities {
    let mut can = compose::capabilities(kind);
    can.incremental = true;
    can
}

/// The path in a collection's id.
pub(crate) fn path(id: &CollectionId) -> Result<String> {
    let path = href::canonical(id.as_str()).filter(|path| path == id.as_str() && path.ends_with('/') && path.len() > 1);
    // It leads nowhere, so that there is nothing.
    path.ok_or_else(error::collection_gone)
}

/// A segment for people.
pub(crate) fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escaped = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, escaped) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| segment.to_owned())
}

/// The refusal of writes in a collection that may only be read.
pub(crate) fn read_only() -> Error {
    error::unavailable("the collection may only be read; ask its owner for the right to write, or sync one way")
}

/// An error that says that a collection is not what was asked for.
pub(crate) fn other_kind() -> Error {
    Error::new(ErrorKind::Unavailable, "the collection takes no items of this kind; use another collection")
        .persistence(Persistence::Permanent)
}

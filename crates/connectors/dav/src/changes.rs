//! Rounds of changes: sync-collection (RFC 6578), and the listings that stand in for it.
//!
//! ```text
//! Start ── sync-collection, empty token ──> everything, a token
//!   └─ not offered, refused, no token ────> PROPFIND of all members, and what shows that nothing changed (ctag)
//! Since ── sync-collection, token ────────> what changed                  507 in it: another page
//!   ├─ token refused in any way ──────────> CursorExpired: a round from the start
//!   ├─ everything, without an error ──────> listed whole (servers that forget a token silently)
//!   └─ a week old ────────────────────────> listed whole (servers that forget changes silently)
//! ```
//!
//! A listing is believed to be whole only when it is a multistatus from the account's own host that names the collection, or
//! is a sync-collection answer with a token.

use crate::{
    calls::{Multistatus, Props, Response, bodies},
    cursor::{self, Between, Within},
    error::{self, SYNC},
    etag, href,
    items::{Items, Sight},
    kinds::Resource,
    known::Known,
    session::{self, Depth},
};
use pimkit_core::{
    Change, ChangeOptions, ChangePage, CollectionId, Error, ErrorKind, ItemId, Next, Persistence, Position, Removal, Result,
    cursor::{Bound, binding},
};
use pimkit_http::{Answer, Failure};
use std::{collections::HashSet, sync::Arc};

/// Pages of one round, at most: a server that never ends is listed whole.
const PAGES: u32 = 10_000;

/// Lines that a cursor remembers, where a server names them again.
const NAMED: usize = 200;

/// What an answer of sync-collection came to.
enum Synced {
    /// Lines, a token, and whether there is more.
    Page(Vec<Line>, Option<String>, bool),
    /// The report is not to be had, or not with this token.
    Refused,
}

/// One line of a listing.
struct Line {
    path: String,
    etag: Option<String>,
    gone: bool,
}

pub(crate) fn expired() -> Error {
    Error::new(ErrorKind::CursorExpired, "the server no longer knows how far it was read; read from the start")
}

impl<R: Resource> Items<R> {
    pub(crate) async fn page(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<R>> {
        let bound = cursor::bound(&self.session, R::KIND, collection, options);
        match at {
            Position::Start => {
                let known = self.member(collection).await?;
                self.whole(&known, &bound).await
            }
            Position::Since(cursor) => {
                let since = bound.between::<Between>(cursor)?;
                if since.groups.is_some() && self.sight == Sight::All {
                    // What was left out as a group is an item now.
                    return Err(expired());
                }
                let known = self.member(collection).await?;
                self.since(&known, &bound, since).await
            }
            Position::Page(token) => {
                let within = bound.within::<Within>(token)?;
                let known = self.member(collection).await?;
                self.another(&known, &bound, within).await
            }
        }
    }

    /// A round that names everything.
    async fn whole(&self, known: &Known, bound: &Bound) -> Result<ChangePage<R>> {
        if known.is_incremental() && !known.quirks.refuses_empty_token {
            match self.sync(known, None).await? {
                Synced::Page(lines, Some(token), more) => {
                    if known.quirks.forgets_brief {
                        // What was known of the collection is older than this.
                        let props = Props { sync_token: Some(token.clone()), ..known.props.clone() };
                        self.session.learn(Arc::new(Known { props, ..known.clone() }));
                    }
                    let within = Within { token, whole: true, items: 0, pages: 0, since: None };
                    return self.end(known.quirks.repeats_changes, bound, lines, more, within);
                }
                // A list without a token (Yahoo) is one that nothing can follow.
                Synced::Page(..) | Synced::Refused => {}
            }
        }
        self.listing(known, bound).await
    }

    /// A round that names what changed.
    async fn since(&self, known: &Known, bound: &Bound, since: Between) -> Result<ChangePage<R>> {
        let days = i64::from(self.session.config.whole_listing_days);
        let age = self.session.now().as_second().saturating_sub(since.listed);
        if days > 0 && age >= days * 86_400 {
            return self.whole(known, bound).await;
        }
        let Some(token) = since.token.clone().filter(|_| known.is_incremental()) else {
            return self.gated(known, bound, since).await;
        };
        // What we made may be among what was made and deleted since: only what is there tells.
        let forgets = known.quirks.forgets_brief;
        if forgets && known.props.sync_token.as_ref().is_some_and(|now| *now != token) {
            return self.whole(known, bound).await;
        }
        match self.sync(known, Some(&token)).await? {
            Synced::Page(lines, Some(_), _) if forgets && !lines.is_empty() => self.whole(known, bound).await,
            Synced::Refused => Err(expired()),
            // "No token" is not "no changes" (Yahoo).
            Synced::Page(_, None, _) => Err(expired()),
            Synced::Page(mut lines, Some(token), false) if known.quirks.repeats_changes => {
                let named: Vec<u64> = lines.iter().take(NAMED).map(Line::hash).collect();
                lines.retain(|line| !since.named.contains(&line.hash()));
                if self.may_be_everything(known, &lines, &since) {
                    return self.whole(known, bound).await;
                }
                let next = Next::Done { cursor: bound.cursor(&Between { token: Some(token), named, ..since })?, complete: false };
                Ok(ChangePage { changes: lines.into_iter().map(Line::change).collect(), next })
            }
            Synced::Page(lines, Some(_), false) if self.may_be_everything(known, &lines, &since) => self.whole(known, bound).await,
            Synced::Page(lines, Some(token), more) => {
                let within = Within { token, whole: false, items: 0, pages: 0, since: Some(since) };
                self.end(known.quirks.repeats_changes, bound, lines, more, within)
            }
        }
    }

    /// Whether a list of changes may be that of everything, which a server gives that has lost the token. What is missing in it
    /// would not be named as removed. More than half of all items at once is taken for that.
    fn may_be_everything(&self, known: &Known, lines: &[Line], since: &Between) -> bool {
        let there = lines.iter().filter(|l| !l.gone).count() as u64;
        known.quirks.bad_token_lists_all && there >= 2 && there.saturating_mul(2) > since.items && !lines.iter().any(|l| l.gone)
    }

    async fn another(&self, known: &Known, bound: &Bound, within: Within) -> Result<ChangePage<R>> {
        match self.sync(known, Some(&within.token)).await? {
            Synced::Page(lines, Some(token), more) if !more || (token != within.token && within.pages < PAGES) => {
                self.end(known.quirks.repeats_changes, bound, lines, more, Within { token, ..within })
            }
            // A page that leads to itself, or nowhere.
            Synced::Page(..) if within.whole => self.listing(known, bound).await,
            Synced::Page(..) | Synced::Refused => Err(expired()),
        }
    }

    /// A page of sync-collection.
    fn end(&self, repeats: bool, bound: &Bound, lines: Vec<Line>, more: bool, within: Within) -> Result<ChangePage<R>> {
        let Within { token, whole, items, pages, since } = within;
        let items = items + lines.iter().filter(|l| !l.gone).count() as u64;
        let named = lines.iter().take(if repeats { NAMED } else { 0 }).map(Line::hash).collect();
        // The first listing has nothing to remove.
        let changes = lines.into_iter().filter(|l| !(l.gone && whole)).map(Line::change).collect();
        let next = if more {
            Next::More(bound.page(&Within { token, whole, items, pages: pages + 1, since })?)
        } else {
            let (listed, items) = match since {
                Some(since) => (since.listed, since.items),
                None => (self.session.now().as_second(), items),
            };
            Next::Done {
                cursor: bound.cursor(&Between { token: Some(token), gate: None, listed, items, named, groups: None })?,
                complete: whole,
            }
        };
        Ok(ChangePage { changes, next })
    }

    /// One sync-collection.
    async fn sync(&self, known: &Known, token: Option<&str>) -> Result<Synced> {
        let depth = if known.quirks.token_depth_one { Depth::One } else { Depth::Zero };
        let request = self.session.query(SYNC, "REPORT", known.url.clone(), Some(depth), bodies::sync(token))?;
        let answer = self.session.send(request).await.map_err(Failure::into_error)?;
        if matches!(answer.status.as_u16(), 404) {
            // Of the collection, or of the token: the collection itself says.
            self.alive(known).await?;
        }
        match session::read(&answer) {
            Ok(whole) => self.lines(known, whole, &answer),
            Err(error) if error.kind() == ErrorKind::Transport => Err(error),
            // A page that is no answer says nothing of the token (a captive portal between two listings).
            Err(error) if answer.status.is_success() => Err(error),
            Err(_) => Ok(Synced::Refused),
        }
    }

    fn lines(&self, known: &Known, whole: Multistatus, answer: &Answer) -> Result<Synced> {
        let (mut lines, mut more) = (Vec::with_capacity(whole.responses.len()), answer.status.as_u16() == 507);
        let mut seen: HashSet<String> = HashSet::with_capacity(whole.responses.len());
        for response in whole.responses {
            for line in member_lines(&self.session, known, &response, answer, &mut more) {
                // Listed twice by iCloud and Zimbra; the later line counts, and both say the same version.
                if line.gone || seen.insert(line.path.clone()) {
                    lines.push(line);
                }
            }
        }
        Ok(Synced::Page(lines, whole.sync_token, more))
    }

    /// Everything, by PROPFIND.
    async fn listing(&self, known: &Known, bound: &Bound) -> Result<ChangePage<R>> {
        let gate = self.gate(known).await?;
        let lines = self.members(known).await?;
        let items = lines.len() as u64;
        let changes = lines.into_iter().map(Line::change).collect();
        let token = gate.token.filter(|_| known.quirks.refuses_empty_token && known.is_incremental());
        let between = Between { token, gate: gate.text, listed: self.session.now().as_second(), items, named: Vec::new(), groups: None };
        Ok(ChangePage { changes, next: Next::Done { cursor: bound.cursor(&between)?, complete: true } })
    }

    /// A later round where there is no sync-collection: nothing when nothing changed, else everything.
    async fn gated(&self, known: &Known, bound: &Bound, since: Between) -> Result<ChangePage<R>> {
        let gate = self.gate(known).await?;
        if gate.text.is_some() && gate.text == since.gate {
            let next = Next::Done { cursor: bound.cursor(&since)?, complete: false };
            return Ok(ChangePage { changes: Vec::new(), next });
        }
        let lines = self.members(known).await?;
        let between = Between {
            token: None,
            gate: gate.text,
            listed: self.session.now().as_second(),
            items: lines.len() as u64,
            named: Vec::new(),
            groups: None,
        };
        let next = Next::Done { cursor: bound.cursor(&between)?, complete: true };
        Ok(ChangePage { changes: lines.into_iter().map(Line::change).collect(), next })
    }

    /// What shows that a collection changed. It is read before the listing, so that a change in between shows the next time.
    async fn gate(&self, known: &Known) -> Result<Gate> {
        let request = self.session.query("dav.gate", "PROPFIND", known.url.clone(), Some(Depth::Zero), bodies::gate())?;
        let (answer, _) = self.session.ask(request).await?;
        let props = answer.responses.into_iter().find(|r| !r.is_gone()).map(|r| r.props).ok_or_else(error::collection_gone)?;
        let text = match (&props.ctag, &props.sync_token) {
            (None, None) => None,
            (ctag, token) => Some(format!("{}\n{}", ctag.as_deref().unwrap_or_default(), token.as_deref().unwrap_or_default())),
        };
        Ok(Gate { text, token: props.sync_token })
    }

    /// Whether the collection itself still answers.
    ///
    /// # Errors
    /// `CollectionGone` when not; whatever else the answer is.
    pub(crate) async fn alive(&self, known: &Known) -> Result<()> {
        self.session.forget(&known.id);
        Known::ask(&self.session, &known.id, known.url.clone()).await.map(|_| ())
    }

    /// All members.
    async fn members(&self, known: &Known) -> Result<Vec<Line>> {
        let request = self.session.query("dav.list", "PROPFIND", known.url.clone(), Some(Depth::One), bodies::listing())?;
        let (whole, answer) = match self.session.ask(request).await {
            Err(e) if e.kind() == ErrorKind::CollectionGone => {
                self.alive(known).await?;
                if known.quirks.empty_is_missing {
                    return Ok(Vec::new());
                }
                let odd = "the server says that the collection is there, and that its listing is not; try again later";
                return Err(Error::new(ErrorKind::Unavailable, odd).caused_by(e).persistence(Persistence::Temporary));
            }
            answer => answer?,
        };
        let mut cut = answer.status.as_u16() == 507;
        let mut itself = false;
        let mut seen = HashSet::with_capacity(whole.responses.len());
        let mut lines = Vec::with_capacity(whole.responses.len());
        for response in &whole.responses {
            let path = href::path_of(&answer.url, response.href());
            itself |= path.is_some_and(|p| href::folder(&p) == known.id.as_str());
            // SOGo lists lists of contacts as text/x-vlist; what is no card is none (owncloud/core 27418). Where they are categories, they
            // are told from items by what they say.
            if self.sight != Sight::Contacts
                && response.props.content_type.as_deref().is_some_and(|t| t.to_ascii_lowercase().starts_with("text/x-vlist"))
            {
                continue;
            }
            for line in member_lines(&self.session, known, response, &answer, &mut cut) {
                if !line.gone && seen.insert(line.path.clone()) {
                    lines.push(line);
                }
            }
        }
        if cut {
            // Nothing leads on from it: what is not in it may be there all the same.
            let short =
                "the list is too long for the server, and was cut; split the collection, or ask who runs the server to raise the limit";
            return Err(Error::new(ErrorKind::Unavailable, short));
        }
        if !itself {
            // RFC 4918 section 9.1: with Depth 1 the collection is among what is listed.
            let odd = "the listing does not name the collection itself; it may be another server's, so nothing of it is believed";
            return Err(Error::new(ErrorKind::InvalidData, odd));
        }
        Ok(lines)
    }

    /// Everything that is there: paths and versions, for searching.
    pub(crate) async fn everything(&self, known: &Known) -> Result<Vec<(ItemId, Option<pimkit_core::Revision>)>> {
        if known.is_incremental()
            && !known.quirks.refuses_empty_token
            && let Synced::Page(lines, Some(_), false) = self.sync(known, None).await?
        {
            return Ok(lines.into_iter().filter(|l| !l.gone).map(Line::item).collect());
        }
        Ok(self.members(known).await?.into_iter().map(Line::item).collect())
    }
}

struct Gate {
    text: Option<String>,
    token: Option<String>,
}

/// What a response says of members of the collection. Answers about the collection itself and about others' are no lines.
fn member_lines(session: &session::Session, known: &Known, response: &Response, answer: &Answer, more: &mut bool) -> Vec<Line> {
    let mut lines = Vec::new();
    for raw in &response.hrefs {
        let Some(path) = href::path_of(&answer.url, raw) else { continue };
        if href::folder(&path) == known.id.as_str() {
            // RFC 6578 section 3.6: the list is cut, go on from its token.
            *more |= response.status == Some(507);
            continue;
        }
        if response.props.types.is_some_and(|t| t.collection) || !href::is_member(known.id.as_str(), &path) {
            continue;
        }
        session.spelt(&path, raw);
        // Only the status of the resource itself says that it is gone: Google's contacts say 404 of single properties.
        // A response about several resources has no properties (RFC 4918 section 14.24); what says otherwise would fill memory.
        let etag = response.props.etag.clone().filter(|etag| response.hrefs.len() == 1 || etag.len() < 256);
        lines.push(Line { path, etag, gone: response.is_gone() });
    }
    lines
}

impl Line {
    /// What tells this line from any other.
    fn hash(&self) -> u64 {
        binding(&[self.path.as_str(), self.etag.as_deref().unwrap_or_default(), if self.gone { "gone" } else { "" }])
    }

    fn item(self) -> (ItemId, Option<pimkit_core::Revision>) {
        let revision = self.etag.as_deref().and_then(etag::revision);
        (ItemId::from(self.path), revision)
    }

    fn change<R>(self) -> Change<R> {
        if self.gone {
            return Change::Removed { id: ItemId::from(self.path), reason: Removal::Unknown };
        }
        let (id, revision) = self.item();
        Change::Listed { id, revision }
    }
}

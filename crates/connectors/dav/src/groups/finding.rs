//! Which groups an address book has, and where their members are.
//!
//! Group cards are searched for in one request where a server's searches are known to be good; elsewhere what a round names is
//! read, and the whole of an address book once. What is found is looked at again here: servers find more than was asked for, and
//! a group that a search does not find any more is read before it is believed to be gone.

use super::{
    Grouped,
    book::{self, Book, Group},
    texts::{Is, classify},
};
use crate::{
    calls::bodies,
    error::{self, QUERY},
    fetching::{Got, Text},
    href,
    known::Known,
    session::{self, Depth},
};
use pimkit_core::{Error, ErrorKind, ItemId, Kind, Result, Revision, cursor::binding};
use pimkit_formats::{GroupModel, compose::plain_uid};
use pimkit_http::Failure;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

/// UIDs in one search.
const UIDS: usize = 50;
/// Who is named by a round, above which a search is cheaper than reading them.
const FEW: usize = 50;

/// What is looked at.
pub(super) enum Scope<'s> {
    /// All that is there: listed by a round, or to be listed.
    Whole(Option<&'s [(ItemId, Option<Revision>)]>),
    /// What a round named, and what it said is gone.
    Named(&'s [(ItemId, Option<Revision>)], &'s [ItemId]),
}

/// Groups, and where contacts were seen, by the hash of their UID.
#[derive(Default)]
struct Seen {
    groups: BTreeMap<String, Group>,
    places: HashMap<u64, BTreeSet<String>>,
    /// A search has found groups, now or before.
    is_searched: bool,
}

fn hashed(uid: &str) -> u64 {
    binding(&[plain_uid(uid)])
}

impl Grouped {
    /// Whether a search by UID that finds nothing is believed.
    fn searches(known: &Known) -> bool {
        known.quirks.finds_uids
    }

    /// Whether groups are searched for at all.
    fn may_search(known: &Known) -> bool {
        known.quirks.finds_groups || known.quirks.finds_uids
    }

    /// The groups of an address book, as they were seen last in this session; looks when they were not.
    pub(super) async fn book(&self, known: &Arc<Known>) -> Result<Arc<Book>> {
        match self.session().book(&known.id) {
            Some(book) => Ok(book),
            None => self.look(known, None, &Scope::Whole(None)).await,
        }
    }

    /// The groups as the server has them now.
    pub(super) async fn anew(&self, known: &Arc<Known>) -> Result<Arc<Book>> {
        let before = self.session().book(&known.id);
        self.look(known, before.as_deref(), &Scope::Whole(None)).await
    }

    /// Looks which groups there are now. `before` is what was known.
    pub(super) async fn look(&self, known: &Arc<Known>, before: Option<&Book>, scope: &Scope<'_>) -> Result<Arc<Book>> {
        let empty = Book::default();
        let model = before.map_or(GroupModel::Categories, |before| before.model);
        let before = before.unwrap_or(&empty);
        let mut seen = Seen { is_searched: before.is_searched, ..Seen::default() };
        let large = match scope {
            Scope::Whole(listed) => {
                if let Some(listed) = listed {
                    self.only(known, listed);
                    // Of fewer the saving is a request, and a fetch of what is there by then is worth more.
                    if listed.len() > FEW {
                        self.session().hand_over(&known.id);
                    }
                }
                true
            }
            Scope::Named(named, gone) => {
                let mut kept = before.groups.clone();
                for id in *gone {
                    kept.remove(href::name(id.as_str()));
                    self.session().forget_uid(&known.id, Kind::Contact.plural(), id);
                }
                seen.groups = kept;
                named.len() > FEW
            }
        };
        let searched = large && Self::may_search(known) && self.search_groups(known, before, scope, &mut seen).await?;
        if !searched {
            let listed;
            let ids = match scope {
                Scope::Whole(Some(listed)) | Scope::Named(listed, _) => *listed,
                Scope::Whole(None) => {
                    listed = self.items.everything(known).await?;
                    self.only(known, &listed);
                    &listed
                }
            };
            self.read_listed(known, before, ids, &mut seen).await?;
        }
        let model = self.model(known, &seen.groups, model);
        let mut now = Book { model, groups: seen.groups, places: BTreeMap::new(), is_searched: seen.is_searched };
        let everything_was_read = !searched && matches!(scope, Scope::Whole(_));
        self.place(known, before, scope, &mut now, seen.places, everything_was_read).await?;
        now.settle();
        Ok(self.session().keep_book(&known.id, now))
    }

    /// Forgets what is not there any more.
    fn only(&self, known: &Known, listed: &[(ItemId, Option<Revision>)]) {
        let listed = listed.iter().map(|(id, _)| id).collect();
        self.session().forget_others(&known.id, Kind::Contact.plural(), &listed);
    }

    /// How the groups of an address book are kept: as those are that it has, else as those were that it had, else as its server
    /// does it.
    fn model(&self, known: &Known, groups: &BTreeMap<String, Group>, before: GroupModel) -> GroupModel {
        if let Some(model) = self.session().config.group_model {
            return model;
        }
        let cards = groups.values().find(|group| !group.is_list());
        match cards.or(groups.values().next()) {
            Some(group) => group.form,
            None if before != GroupModel::Categories => before,
            None => known.quirks.groups.unwrap_or(GroupModel::Categories),
        }
    }

    /// Searches cards. None when the server cannot, or did not give what was asked for.
    ///
    /// # Errors
    /// When what answered is not the server, or no answer: it says nothing of groups.
    pub(super) async fn query(&self, known: &Known, body: String) -> Result<Option<Vec<(ItemId, Text)>>> {
        let request = self.session().query(QUERY, "REPORT", known.url.clone(), Some(Depth::One), body)?;
        let answer = self.session().send(request).await.map_err(Failure::into_error)?;
        let whole = match session::read(&answer) {
            Ok(whole) => whole,
            Err(e) if e.kind() == ErrorKind::Transport || answer.status.is_success() => return Err(e),
            // 403 supported-report or supported-filter, 501, 500: a server without this search.
            Err(_) => return Ok(None),
        };
        if answer.status.as_u16() == 507 || whole.responses.iter().any(|r| r.status == Some(507)) {
            return Ok(None);
        }
        let mut found = Vec::with_capacity(whole.responses.len());
        for response in whole.responses {
            let path = href::path_of(&answer.url, response.href()).filter(|path| href::is_member(known.id.as_str(), path));
            let Some(path) = path.filter(|_| !response.is_gone()) else { continue };
            let Some(data) = response.props.data else { return Ok(None) };
            self.session().spelt(&path, response.hrefs.first().map_or("", String::as_str));
            let text = Text::new(data.into_bytes(), response.props.etag.as_deref(), response.props.modified.as_deref());
            found.push((ItemId::from(path), text));
        }
        Ok(Some(found))
    }

    /// Searches for group cards. False when the server cannot, or finds none and was not seen to find any: then all is read, for a
    /// server that answers every search with nothing would lose all groups unsaid.
    async fn search_groups(&self, known: &Arc<Known>, before: &Book, scope: &Scope<'_>, seen: &mut Seen) -> Result<bool> {
        let body = bodies::cards_with(&[("X-ADDRESSBOOKSERVER-KIND", None), ("KIND", Some("group"))]);
        let Some(found) = self.query(known, body).await? else { return Ok(false) };
        let mut now = Seen { is_searched: seen.is_searched, ..Seen::default() };
        for (id, text) in found {
            self.see(known, &id, &text, &mut now);
        }
        now.is_searched |= !now.groups.is_empty();
        if !now.is_searched && !known.quirks.finds_groups {
            return Ok(false);
        }
        *seen = now;
        let gone: HashSet<&str> = match scope {
            Scope::Named(_, gone) => gone.iter().map(|id| href::name(id.as_str())).collect(),
            Scope::Whole(_) => HashSet::new(),
        };
        let missing = before.groups.keys().filter(|file| !seen.groups.contains_key(*file) && !gone.contains(file.as_str()));
        let missing: Vec<(ItemId, Option<Revision>)> = missing.map(|file| (book::id(&known.id, file), None)).collect();
        self.read(known, before, &missing, seen).await?;
        Ok(true)
    }

    /// Reads what may be a group among what is listed.
    async fn read_listed(&self, known: &Arc<Known>, before: &Book, listed: &[(ItemId, Option<Revision>)], seen: &mut Seen) -> Result<()> {
        let mut unknown = Vec::new();
        // What we wrote ourselves is as we wrote it, though a read may still show what was there before (iCloud).
        let ours = self.session().book(&known.id);
        for (id, revision) in listed {
            let file = href::name(id.as_str());
            let group = |book: &Book| book.groups.get(file).filter(|group| revision.is_some() && group.revision == *revision).cloned();
            if let Some(group) = group(before).or_else(|| ours.as_deref().and_then(group)) {
                seen.groups.insert(file.to_owned(), group);
                continue;
            }
            let uid = revision.as_ref().and_then(|r| self.session().uid(&known.id, Kind::Contact.plural(), id, r)).flatten();
            match uid {
                Some(uid) => {
                    seen.groups.remove(file);
                    seen.places.entry(uid).or_default().insert(file.to_owned());
                }
                None => unknown.push((id.clone(), revision.clone())),
            }
        }
        self.read(known, before, &unknown, seen).await
    }

    /// Reads resources, and sees what they are.
    async fn read(&self, known: &Arc<Known>, before: &Book, ids: &[(ItemId, Option<Revision>)], seen: &mut Seen) -> Result<()> {
        let ids: Vec<ItemId> = ids.iter().map(|(id, _)| id.clone()).collect();
        let chunk = usize::try_from(known.quirks.multiget).unwrap_or(usize::MAX).max(1);
        for part in ids.chunks(chunk) {
            for (id, got) in part.iter().zip(self.items.texts(known, part).await) {
                let file = href::name(id.as_str());
                match got {
                    Got::Text(text) if self.see(known, id, &text, seen) => {
                        if !seen.groups.contains_key(file) {
                            self.session().hand(&known.id, id, *text);
                        }
                    }
                    // A group whose text is damaged keeps its members.
                    Got::Text(_) => seen.groups.extend(before.groups.get(file).map(|group| (file.to_owned(), group.clone()))),
                    Got::Gone => _ = seen.groups.remove(file),
                    // What may not be read is what it was.
                    Got::Hidden => seen.groups.extend(before.groups.get(file).map(|group| (file.to_owned(), group.clone()))),
                    Got::Failed(e) => return Err(e),
                }
            }
        }
        Ok(())
    }

    /// At which versions contacts are that were not read yet: of what is there, and absent where it cannot be read.
    ///
    /// # Errors
    /// When it is not known what is there.
    pub(super) async fn versions(&self, known: &Arc<Known>, ids: &[ItemId]) -> Result<HashMap<ItemId, Option<Revision>>> {
        let mut there = HashMap::new();
        let chunk = usize::try_from(known.quirks.multiget).unwrap_or(usize::MAX).max(1);
        for part in ids.chunks(chunk) {
            for (id, got) in part.iter().zip(self.items.texts(known, part).await) {
                match got {
                    Got::Text(text) => {
                        self.see(known, id, &text, &mut Seen::default());
                        there.insert(id.clone(), Some(text.revision));
                    }
                    Got::Hidden => _ = there.insert(id.clone(), None),
                    Got::Gone => {}
                    Got::Failed(e) => return Err(e),
                }
            }
        }
        Ok(there)
    }

    /// Notes what a text is. False when nobody knows.
    fn see(&self, known: &Known, id: &ItemId, text: &Text, seen: &mut Seen) -> bool {
        let file = href::name(id.as_str()).to_owned();
        seen.groups.remove(&file);
        match classify(text) {
            Is::Group(group) => _ = seen.groups.insert(file, group),
            Is::Contact(uid) => {
                self.remember(known, id, &text.revision, uid.as_deref());
                if let Some(uid) = uid {
                    seen.places.entry(hashed(&uid)).or_default().insert(file);
                }
            }
            Is::Other => return false,
        }
        true
    }

    /// Finds out where the members are.
    async fn place(
        &self,
        known: &Arc<Known>,
        before: &Book,
        scope: &Scope<'_>,
        now: &mut Book,
        mut places: HashMap<u64, BTreeSet<String>>,
        everything_was_read: bool,
    ) -> Result<()> {
        let uids = now.uids();
        if uids.is_empty() {
            return Ok(());
        }
        // A UID is looked for as it is, and as members are spelt.
        let mut hashes: HashMap<u64, String> = HashMap::new();
        for uid in &uids {
            hashes.insert(hashed(uid), uid.clone());
        }
        for member in now.groups.values().filter(|group| !group.is_list()).flat_map(|group| &group.members) {
            hashes.insert(hashed(member), book::plain(member));
        }
        let wanted: HashSet<u64> = hashes.keys().copied().collect();
        for (uid, id) in self.session().places(&known.id, Kind::Contact.plural(), &wanted) {
            places.entry(uid).or_default().insert(href::name(id.as_str()).to_owned());
        }
        let gone: HashSet<&str> = match scope {
            Scope::Named(_, gone) => gone.iter().map(|id| href::name(id.as_str())).collect(),
            Scope::Whole(_) => HashSet::new(),
        };
        let listed: Option<HashSet<&str>> = match scope {
            Scope::Whole(Some(listed)) => Some(listed.iter().map(|(id, _)| href::name(id.as_str())).collect()),
            _ => None,
        };
        let is_there = |file: &String, groups: &BTreeMap<String, Group>| {
            !gone.contains(file.as_str())
                && !groups.contains_key(file)
                && listed.as_ref().is_none_or(|listed| listed.contains(file.as_str()))
        };
        // Whoever was seen with another UID now is not where the one before was.
        let seen: HashMap<&String, &u64> = places.iter().flat_map(|(hash, files)| files.iter().map(move |file| (file, hash))).collect();
        for (uid, files) in &before.places {
            if uids.contains(uid) {
                let same = |file: &&String| seen.get(file).is_none_or(|hash| hashes.get(hash) == Some(uid));
                let there = files.iter().filter(same).filter(|file| is_there(file, &now.groups)).cloned();
                now.places.entry(uid.clone()).or_default().extend(there);
            }
        }
        for (hash, files) in places {
            if let Some(uid) = hashes.get(&hash) {
                let there = files.into_iter().filter(|file| is_there(file, &now.groups));
                now.places.entry(uid.clone()).or_default().extend(there);
            }
        }
        let is_missing = |uid: &&String, now: &Book| now.places.get(*uid).is_none_or(BTreeSet::is_empty);
        let missing: Vec<String> = uids.iter().filter(|uid| is_missing(uid, now)).cloned().collect();
        if missing.is_empty() || everything_was_read {
            return Ok(());
        }
        let found = match Self::searches(known) {
            true => self.search_members(known, &missing).await?,
            false => None,
        };
        let found = match found {
            Some(found) => found,
            // A UID that nobody had before is looked for in all that is there, once: who comes later is named, and read.
            None => {
                let asked = before.uids();
                if Self::searches(known) || missing.iter().any(|uid| !asked.contains(uid)) {
                    self.read_members(known, before).await?
                } else {
                    HashMap::new()
                }
            }
        };
        for (hash, files) in found {
            if let Some(uid) = hashes.get(&hash) {
                now.places.entry(uid.clone()).or_default().extend(files);
            }
        }
        Ok(())
    }

    /// Searches for contacts by UID.
    async fn search_members(&self, known: &Arc<Known>, uids: &[String]) -> Result<Option<HashMap<u64, BTreeSet<String>>>> {
        let mut seen = Seen::default();
        for part in uids.chunks(UIDS) {
            let part: Vec<&str> = part.iter().map(String::as_str).collect();
            let Some(found) = self.query(known, bodies::CARDDAV.by_uid(None, &part, None)).await? else { return Ok(None) };
            for (id, text) in found {
                self.see(known, &id, &text, &mut seen);
            }
        }
        Ok(Some(seen.places))
    }

    /// Reads all that is there and was not read yet.
    async fn read_members(&self, known: &Arc<Known>, before: &Book) -> Result<HashMap<u64, BTreeSet<String>>> {
        let listed = self.items.everything(known).await?;
        let mut seen = Seen::default();
        self.read_listed(known, before, &listed, &mut seen).await?;
        Ok(seen.places)
    }

    /// One group as it is now; none when it is none any more.
    ///
    /// # Errors
    /// When it could not be read.
    pub(super) async fn group(&self, known: &Arc<Known>, file: &str) -> Result<Option<(Group, Text)>> {
        let id = book::id(&known.id, file);
        match self.items.texts(known, std::slice::from_ref(&id)).await.pop() {
            Some(Got::Text(text)) => Ok(match classify(&text) {
                Is::Group(group) => Some((group, *text)),
                Is::Contact(_) | Is::Other => None,
            }),
            Some(Got::Gone) => Ok(None),
            Some(Got::Hidden) => Err(error::unavailable("the group may not be read; ask who owns it for the right to read")),
            Some(Got::Failed(e)) => Err(e),
            None => Err(Error::new(ErrorKind::Unexpected, "the group was asked for and not answered; report this")),
        }
    }
}

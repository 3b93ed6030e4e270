//! The groups of one address book, as they were seen: who is in which, and what the revision of a contact says of it.

use crate::href;
use pimkit_core::{CollectionId, ItemId, Revision, cursor::binding};
use pimkit_formats::{GroupModel, compose::plain_uid};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a revision with groups begins with; one without begins as [`etag`](crate::etag) makes it.
const GROUPED: &str = "g:";

/// The groups of one address book. Resources go by their names in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Book {
    /// How they are kept.
    #[serde(rename = "m")]
    pub(crate) model: GroupModel,
    /// By the name of the resource.
    #[serde(rename = "g", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) groups: BTreeMap<String, Group>,
    /// Where the members are that are known by UID; a UID that no contact has is absent.
    #[serde(rename = "p", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) places: BTreeMap<String, BTreeSet<String>>,
    /// A search has found a group here, so that one that finds none is believed.
    #[serde(rename = "s", default, skip_serializing_if = "is_false")]
    pub(crate) is_searched: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// One group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    /// Its version; absent when it is not known.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<Revision>,
    /// Its name for people: what it is called as a category.
    #[serde(rename = "n")]
    pub(crate) title: String,
    /// How it is kept.
    #[serde(rename = "f")]
    pub(crate) form: GroupModel,
    /// Its members: UIDs as the card spells them, or names of resources in a list.
    #[serde(rename = "c", default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) members: BTreeSet<String>,
}

/// A contact, as groups speak of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Who {
    /// The name of its resource.
    pub(crate) file: String,
    pub(crate) uid: Option<String>,
    /// What lists show of it.
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
}

/// A UID as members are compared: without `urn:uuid:`, case, and what Apple's programs append to it (seen at iCloud:
/// `…-ABPlugin`, `…:ABSPlugin`; `members_are_compared_by_plain_uid`).
pub(crate) fn plain(uid: &str) -> String {
    let mut uid = plain_uid(uid);
    for suffix in ["abplugin", "absplugin"] {
        if let Some(rest) = uid.strip_suffix(suffix).and_then(|rest| rest.strip_suffix(['-', ':'])) {
            uid.truncate(rest.len());
        }
    }
    uid
}

/// A UID as it is spelt, without `urn:uuid:`, which every writer of cards puts there on its own.
fn bare(uid: &str) -> String {
    let uid = uid.trim();
    let prefix = uid.get(..9).filter(|prefix| prefix.eq_ignore_ascii_case("urn:uuid:"));
    uid.get(prefix.map_or(0, str::len)..).unwrap_or_default().to_owned()
}

impl Group {
    /// Whether members are names of resources.
    pub(crate) fn is_list(&self) -> bool {
        self.form == GroupModel::Collections
    }

    /// The members that are this contact, as they are spelt.
    fn spelt<'a>(&'a self, who: &Who) -> impl Iterator<Item = &'a String> {
        let uid = who.uid.as_deref().map(plain);
        let file = who.file.clone();
        let list = self.is_list();
        self.members.iter().filter(move |member| if list { **member == file } else { uid.as_deref() == Some(plain(member).as_str()) })
    }

    /// The group after some joined and some left it. Who cannot be said does not join.
    pub(crate) fn edited(&self, joins: &[Who], leaves: &[Who]) -> Self {
        let mut now = self.clone();
        for who in leaves {
            self.spelt(who).for_each(|member| _ = now.members.remove(member));
        }
        for who in joins {
            if now.spelt(who).next().is_none() {
                let member = if self.is_list() { Some(who.file.clone()) } else { who.uid.as_deref().map(bare) };
                now.members.extend(member.filter(|member| !member.is_empty()));
            }
        }
        now
    }
}

impl Book {
    /// The groups of a name.
    pub(crate) fn titled<'a>(&'a self, title: &'a str) -> impl Iterator<Item = (&'a String, &'a Group)> {
        self.groups.iter().filter(move |(_, group)| group.title == title)
    }

    /// Whether a category of this name is a group, there already or to be made; else a card says it itself.
    pub(crate) fn takes(&self, name: &str) -> bool {
        self.model != GroupModel::Categories || self.titled(name).next().is_some()
    }

    /// Whether the resource of this id is a group.
    pub(crate) fn has(&self, id: &ItemId) -> bool {
        self.groups.contains_key(href::name(id.as_str()))
    }

    /// The UIDs of members, plain.
    pub(crate) fn uids(&self) -> BTreeSet<String> {
        self.groups.values().filter(|group| !group.is_list()).flat_map(|group| &group.members).map(|member| plain(member)).collect()
    }

    /// Keeps where members are of whom groups still speak.
    pub(crate) fn settle(&mut self) {
        let uids = self.uids();
        self.places.retain(|uid, files| uids.contains(uid) && !files.is_empty());
    }

    /// The UID of the contact at a place, when it is a member.
    pub(crate) fn uid_at(&self, file: &str) -> Option<&str> {
        self.places.iter().find(|(_, files)| files.contains(file)).map(|(uid, _)| uid.as_str())
    }
}

/// The names of the groups that contacts are in.
#[derive(Debug, Default)]
pub(crate) struct Index<'b> {
    /// Of lists, which name resources.
    by_file: HashMap<&'b str, BTreeSet<&'b str>>,
    /// Of cards, which name UIDs.
    by_uid: HashMap<String, BTreeSet<&'b str>>,
    /// Of cards, where the contacts of these UIDs were seen.
    by_place: HashMap<&'b str, BTreeSet<&'b str>>,
}

impl<'b> Index<'b> {
    pub(crate) fn of(book: &'b Book) -> Self {
        let mut index = Self::default();
        // A group without a name is no category.
        for group in book.groups.values().filter(|group| !group.title.is_empty()) {
            for member in &group.members {
                if group.is_list() {
                    index.by_file.entry(member).or_default().insert(&group.title);
                    continue;
                }
                let uid = plain(member);
                for file in book.places.get(&uid).into_iter().flatten() {
                    index.by_place.entry(file).or_default().insert(&group.title);
                }
                index.by_uid.entry(uid).or_default().insert(&group.title);
            }
        }
        index
    }

    /// The names of a contact's groups: by its UID, and where that is not known, by its place.
    pub(crate) fn names(&self, file: &str, uid: Option<&str>) -> BTreeSet<&'b str> {
        let mut names = self.by_file.get(file).cloned().unwrap_or_default();
        let said = uid.map_or_else(|| self.by_place.get(file), |uid| self.by_uid.get(&plain(uid)));
        names.extend(said.into_iter().flatten());
        names
    }

    fn files(&self) -> impl Iterator<Item = &&'b str> {
        self.by_file.keys().chain(self.by_place.keys())
    }
}

/// The resources of contacts that are in other groups than they were.
pub(crate) fn differing(before: &Book, now: &Book) -> BTreeSet<String> {
    let (before, now) = (Index::of(before), Index::of(now));
    let files = before.files().chain(now.files());
    files.filter(|file| before.names(file, None) != now.names(file, None)).map(|file| (*file).to_owned()).collect()
}

/// What a revision says of groups; none when there are none.
pub(crate) fn hash(names: &BTreeSet<&str>) -> Option<String> {
    let names: Vec<&str> = names.iter().copied().collect();
    (!names.is_empty()).then(|| format!("{:012x}", binding(&names) >> 16))
}

/// The revision of a contact that is in these groups.
pub(crate) fn joined(revision: Revision, names: &BTreeSet<&str>) -> Revision {
    match hash(names) {
        Some(hash) => Revision::from(format!("{GROUPED}{hash}:{revision}")),
        None => revision,
    }
}

/// A revision taken apart: the resource's own, and what it says of groups.
pub(crate) fn apart(revision: &Revision) -> (Revision, Option<&str>) {
    let grouped = revision.as_str().strip_prefix(GROUPED).and_then(|rest| rest.split_once(':'));
    grouped.map_or_else(|| (revision.clone(), None), |(hash, own)| (Revision::from(own), Some(hash)))
}

/// The id of the resource of this name.
pub(crate) fn id(collection: &CollectionId, file: &str) -> ItemId {
    ItemId::from(format!("{collection}{file}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(title: &str, form: GroupModel, members: &[&str]) -> Group {
        Group { title: title.into(), form, members: members.iter().map(|m| (*m).to_owned()).collect(), revision: None }
    }

    fn book(groups: &[(&str, Group)], places: &[(&str, &[&str])]) -> Book {
        let owned = |files: &[&str]| files.iter().map(|f| (*f).to_owned()).collect();
        Book {
            model: GroupModel::Apple,
            groups: groups.iter().map(|(file, group)| ((*file).to_owned(), group.clone())).collect(),
            places: places.iter().map(|(uid, files)| ((*uid).to_owned(), owned(files))).collect(),
            is_searched: false,
        }
    }

    #[test]
    fn members_are_compared_by_plain_uid() {
        for same in ["A-1", "urn:uuid:a-1", "A-1-ABPlugin", "urn:uuid:A-1-ABSPlugin", "a-1:ABPlugin"] {
            assert_eq!(plain(same), "a-1", "{same}");
        }
        for other in ["a-2", "plugin", "abplugin", ""] {
            assert_eq!(plain(other), other);
        }
    }

    #[test]
    fn a_snapshot_shows_whose_groups_differ() {
        use GroupModel::{Apple, Collections, Kind};
        let places: &[(&str, &[&str])] = &[("a", &["a.vcf"]), ("b", &["b.vcf"]), ("c", &["c.vcf", "twin.vcf"])];
        let with = |groups: &[(&str, Group)]| book(groups, places);
        let team = |members: &[&str]| with(&[("g.vcf", group("Team", Apple, members))]);
        for (name, before, now, expected) in [
            ("same", team(&["A", "b"]), team(&["urn:uuid:a", "B-ABPlugin"]), &[][..]),
            ("joined", team(&["a"]), team(&["a", "b"]), &["b.vcf"]),
            ("left", team(&["a", "b"]), team(&["b"]), &["a.vcf"]),
            ("gone", team(&["a", "b"]), with(&[]), &["a.vcf", "b.vcf"]),
            ("made", with(&[]), team(&["c"]), &["c.vcf", "twin.vcf"]),
            ("renamed", team(&["a"]), with(&[("g.vcf", group("Crew", Apple, &["a"]))]), &["a.vcf"]),
            ("nobody's uid", team(&["a"]), team(&["a", "z"]), &[]),
            ("nameless", with(&[]), with(&[("g.vcf", group("", Kind, &["a"]))]), &[]),
            ("another of the name", team(&["a"]), with(&[("h.vcf", group("Team", Kind, &["a"]))]), &[]),
            ("list", with(&[]), with(&[("l.vlf", group("Team", Collections, &["b.vcf"]))]), &["b.vcf"]),
            ("found", book(&[("g.vcf", group("Team", Apple, &["a"]))], &[]), team(&["a"]), &["a.vcf"]),
        ] {
            assert_eq!(differing(&before, &now).iter().map(String::as_str).collect::<Vec<_>>(), expected, "{name}");
        }
    }

    #[test]
    fn a_revision_is_taken_apart_as_it_was_put_together() {
        let plain = Revision::from("e:C=1@U=g:x");
        assert_eq!(joined(plain.clone(), &BTreeSet::new()), plain);
        assert_eq!(apart(&plain), (plain.clone(), None));
        let one = joined(plain.clone(), &BTreeSet::from(["Team"]));
        let two = joined(plain.clone(), &BTreeSet::from(["Team", "Club"]));
        assert!(one != two && one != joined(plain.clone(), &BTreeSet::from(["TeamClub"])));
        let (own, said) = apart(&one);
        assert_eq!((own, said.map(str::to_owned)), (plain, hash(&BTreeSet::from(["Team"]))));
    }

    #[test]
    fn an_edit_of_members_keeps_their_spelling() {
        let who = |uid: &str, file: &str| Who { uid: Some(uid.into()), file: file.into(), ..Who::default() };
        let card = group("Team", GroupModel::Apple, &["A-ABPlugin", "B", "z"]);
        let now = card.edited(&[who("b", "b.vcf"), who("urn:uuid:C", "c.vcf")], &[who("a", "a.vcf")]);
        assert_eq!(now.members.iter().map(String::as_str).collect::<Vec<_>>(), ["B", "C", "z"]);
        let list = group("Team", GroupModel::Collections, &["a.vcf"]);
        assert_eq!(list.edited(&[who("b", "b.vcf")], &[who("a", "a.vcf")]).members, BTreeSet::from(["b.vcf".to_owned()]));
        // Who has no UID is in no card.
        assert_eq!(card.edited(&[Who::default()], &[]), card);
    }

    #[test]
    fn names_are_found_by_place_and_by_uid() {
        let book = book(
            &[("g.vcf", group("Team", GroupModel::Apple, &["A"])), ("l.vlf", group("List", GroupModel::Collections, &["a.vcf"]))],
            &[("a", &["a.vcf"])],
        );
        let index = Index::of(&book);
        assert_eq!(index.names("a.vcf", None), BTreeSet::from(["Team", "List"]));
        assert_eq!(index.names("moved.vcf", Some("urn:uuid:a")), BTreeSet::from(["Team"]));
        assert_eq!(index.names("x.vcf", Some("x")), BTreeSet::new());
        // Whoever has another UID by now is in no group of the one before.
        assert_eq!(index.names("a.vcf", Some("b")), BTreeSet::from(["List"]));
    }
}

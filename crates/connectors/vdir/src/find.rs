//! Finding items by mark, by uid, and by what they say.

use crate::{
    blocking::blocking,
    disk::{self, Problem},
    error::unreadable,
    files::{Files, Held},
    names,
    version::Version,
};
use async_trait::async_trait;
use pimkit_core::{CollectionId, Error, Key, Kind, Mark, Persistence, Result, Search, Stored, cursor::binding};
use pimkit_formats::{compose::plain_uid, resource::TextRecord};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Files whose uid is remembered: some 100 bytes each.
const REMEMBERED: usize = 300_000;

/// The uids of files by version, so that a second search reads only what changed. A hash stands for a uid: a hit is read
/// and looked at.
#[derive(Debug, Default)]
pub(crate) struct Uids(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    files: usize,
    folders: HashMap<(Kind, PathBuf), HashMap<String, Uid>>,
}

/// At which version a file had which uid; none when it holds no item of the kind, or one without uid.
type Uid = (Version, Option<u64>);

impl Uids {
    fn get(&self, kind: Kind, folder: &Path, name: &str, version: &Version) -> Option<Option<u64>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, uid) = known.folders.get(&(kind, folder.to_owned()))?.get(name)?;
        (at == version).then_some(*uid)
    }

    fn put(&self, kind: Kind, folder: &Path, name: &str, version: Version, uid: Option<u64>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.files >= REMEMBERED {
            *known = Known::default();
        }
        let files = known.folders.entry((kind, folder.to_owned())).or_default();
        if files.insert(name.to_owned(), (version, uid)).is_none() {
            known.files += 1;
        }
    }
}

fn hashed(uid: &str) -> u64 {
    binding(&[plain_uid(uid)])
}

/// Whether a text that cannot be read may hold a uid: its unfolded bytes do.
fn may_hold(text: &[u8], uid: &str) -> bool {
    let text = String::from_utf8_lossy(text).replace("\r\n ", "").replace("\n ", "").to_lowercase();
    text.contains(&plain_uid(uid))
}

/// One uid that is looked for.
struct Wanted {
    place: usize,
    uid: String,
    hash: u64,
}

impl<R: TextRecord> Files<R> {
    /// One answer per key; blocks.
    pub(crate) fn found(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<R>>>> {
        let folder = match self.shared.folder(collection) {
            Ok(folder) => folder,
            Err(e) => return keys.iter().map(|_| Err(e.clone().during("vdir.find"))).collect(),
        };
        let mut answers = Vec::with_capacity(keys.len());
        let mut wanted = Vec::new();
        for (place, key) in keys.iter().enumerate() {
            answers.push(match key {
                Key::Mark(mark) => self.by_mark(collection, &folder, mark),
                Key::Uid(uid) => {
                    wanted.push(Wanted { place, uid: uid.clone(), hash: hashed(uid) });
                    Ok(Vec::new())
                }
            });
        }
        if !wanted.is_empty() {
            self.by_uid(collection, &folder, &wanted, &mut answers);
        }
        answers.into_iter().map(|answer| answer.map_err(|e| e.during("vdir.find"))).collect()
    }

    fn by_mark(&self, collection: &CollectionId, folder: &Path, mark: &Mark) -> Result<Vec<Stored<R>>> {
        let mut found = Vec::new();
        for name in names::candidates(mark, R::EXTENSION) {
            match self.held(collection, folder, &name) {
                Held::Item(mut stored) => {
                    stored.mark = Some(mark.clone());
                    found.push(*stored);
                }
                Held::Missing | Held::Other(..) => {}
                Held::Unreadable(_, error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Reads every file whose uid is not known, one at a time.
    fn by_uid(&self, collection: &CollectionId, folder: &Path, wanted: &[Wanted], answers: &mut [Result<Vec<Stored<R>>>]) {
        let names = match self.shared.names(folder, R::EXTENSION) {
            Ok(names) => names,
            Err(e) => {
                for w in wanted {
                    put(answers, w.place, Err(e.clone()));
                }
                return;
            }
        };
        for name in names.iter().filter(|n| !n.damaged).map(|n| n.text.as_str()) {
            let path = folder.join(name);
            if let Ok(version) = self.shared.version(&path)
                && let Some(uid) = self.shared.uids.get(R::KIND, folder, name, &version)
                && !uid.is_some_and(|uid| wanted.iter().any(|w| w.hash == uid))
            {
                continue;
            }
            match disk::read(&path) {
                Ok(text) => match self.understood(collection, name, &path, &text) {
                    Held::Item(stored) => {
                        let uid = stored.record.uid().map(plain_uid);
                        let version = self.shared.version_of(&path, &text);
                        self.shared.uids.put(R::KIND, folder, name, version, uid.as_deref().map(hashed));
                        for w in wanted.iter().filter(|w| uid.as_deref() == Some(&plain_uid(&w.uid))) {
                            if let Some(Ok(found)) = answers.get_mut(w.place) {
                                found.push((*stored).clone());
                            }
                        }
                    }
                    Held::Other(version, _) => self.shared.uids.put(R::KIND, folder, name, version, None),
                    // "Not found" would let a deletion be believed, while the item may well be in there.
                    Held::Unreadable(..) => doubt(wanted, answers, name, |w| may_hold(&text.bytes, &w.uid)),
                    Held::Missing => {}
                },
                Err(Problem::Missing) => {}
                // Its content is not known; vdirsyncer and others name files by uid.
                Err(Problem::Unreadable(..)) => doubt(wanted, answers, name, |w| plain_uid(name).starts_with(&plain_uid(&w.uid))),
            }
        }
    }
}

fn put<T>(answers: &mut [T], place: usize, answer: T) {
    if let Some(slot) = answers.get_mut(place) {
        *slot = answer;
    }
}

/// A key that was not found elsewhere is not "not found" when a file that cannot be read may have it.
fn doubt<R>(wanted: &[Wanted], answers: &mut [Result<Vec<Stored<R>>>], name: &str, may: impl Fn(&Wanted) -> bool) {
    for w in wanted.iter().filter(|w| !plain_uid(&w.uid).is_empty() && may(w)) {
        if matches!(answers.get(w.place), Some(Ok(found)) if found.is_empty()) {
            let error: Error = unreadable("a file that cannot be read may be the item; repair or remove it").with("item", name);
            put(answers, w.place, Err(error.persistence(Persistence::Temporary)));
        }
    }
}

#[async_trait]
impl<R: TextRecord> Search<R> for Files<R> {
    /// Every file is read, in order of collections and names, until enough say the text in any field; case does not
    /// matter.
    async fn search(&self, text: &str, limit: u32) -> Result<Vec<Stored<R>>> {
        let (this, text) = (self.clone(), text.to_lowercase());
        blocking(move || this.saying(&text, limit as usize)).await?.map_err(|e| e.during("vdir.search"))
    }
}

impl<R: TextRecord> Files<R> {
    fn saying(&self, text: &str, limit: usize) -> Result<Vec<Stored<R>>> {
        let mut found = Vec::new();
        let collections = std::iter::once(names::ROOT.to_owned()).chain(self.shared.folders()?);
        for collection in collections.map(CollectionId::from) {
            let folder = self.shared.folder(&collection)?;
            for name in self.shared.names(&folder, R::EXTENSION)? {
                if found.len() >= limit {
                    return Ok(found);
                }
                if let Held::Item(stored) = self.held(&collection, &folder, &name.text)
                    && stored.record.fields().values().any(|value| says(value, text))
                {
                    found.push(*stored);
                }
            }
        }
        Ok(found)
    }
}

/// Whether any text in a value holds this one.
fn says(value: &pimkit_core::Value, text: &str) -> bool {
    use pimkit_core::Value;
    match value {
        Value::String(own) => own.to_lowercase().contains(text),
        Value::Array(list) => list.iter().any(|v| says(v, text)),
        Value::Object(map) => map.values().any(|v| says(v, text)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folded_uid_in_a_broken_text_is_seen() {
        assert!(may_hold(b"BEGIN:VCARD\r\nUID:abc\r\n def\r\n", "ABCdef"));
        assert!(!may_hold(b"BEGIN:VCARD\r\nUID:abc\r\n", "abd"));
    }
}

//! A folder of cards and calendars, put into a simulated account.

use crate::{
    failure::{Failure, Result},
    files::{self, Format},
};
use pimkit::{Contact, Event};
use pimkit_simulators::{CollectionKind, Dav, Personality};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// What came of a folder.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// Items that were put into the account.
    pub(crate) items: u64,
    /// What could not be loaded: the file, and why.
    pub(crate) left: Vec<String>,
}

/// Puts the files of a folder into the user's account. A sub-folder is a collection of its name, files beside it lie in one
/// that is named as the folder itself. A file with one item keeps its name.
///
/// # Errors
/// A usage failure when there is no such folder. A file that cannot be loaded does not stop the rest.
pub(crate) fn load(dav: &Dav, personality: &Personality, user: &str, dir: &Path) -> Result<Loaded> {
    let entries =
        visible(dir).map_err(|e| Failure::usage(format!("{}: cannot be loaded: {e}; name a folder with --load DIR", dir.display())))?;
    let mut loading =
        Loading { dav, user, apart: personality.collections.one_component, places: BTreeMap::new(), loaded: Loaded::default() };
    let own = dir.canonicalize().ok().and_then(|p| p.file_name().map(|n| n.to_string_lossy().into_owned()));
    for path in entries {
        if !path.is_dir() {
            loading.file(own.as_deref().unwrap_or("loaded"), &path);
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match visible(&path) {
            Ok(files) => files.iter().for_each(|file| loading.file(&name, file)),
            Err(error) => loading.leave(&path, error),
        }
    }
    Ok(loading.loaded)
}

/// What lies in a folder, by name, but for what is hidden.
fn visible(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(dir)?.map(|entry| entry.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')));
    paths.sort();
    Ok(paths)
}

/// What a collection takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Takes {
    Cards,
    /// These types of components.
    Components(&'static [&'static str]),
}

struct Loading<'a> {
    dav: &'a Dav,
    user: &'a str,
    /// A calendar takes one type of component.
    apart: bool,
    /// Collections by folder; none where the server has no such collections.
    places: BTreeMap<(String, Takes), Option<String>>,
    loaded: Loaded,
}

impl Loading<'_> {
    fn leave(&mut self, path: &Path, why: impl std::fmt::Display) {
        self.loaded.left.push(format!("{}: is not loaded: {why}", path.display()));
    }

    fn file(&mut self, folder: &str, path: &Path) {
        let extension = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        let format = match extension.as_deref() {
            _ if path.is_dir() => return self.leave(path, "a folder in a folder is no collection; move it up"),
            Some("vcf") => Format::Vcf,
            Some("ics") => Format::Ics,
            _ => return self.leave(path, "its name ends neither in .vcf nor in .ics"),
        };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => return self.leave(path, error),
        };
        let texts = match texts(path, format, &bytes) {
            Ok(texts) => texts,
            Err(why) => return self.leave(path, why),
        };
        let several = texts.len() > 1;
        for (number, text) in (1..).zip(texts) {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let extension = if format == Format::Vcf { "vcf" } else { "ics" };
            let name = if several { format!("{stem}-{number}.{extension}") } else { format!("{stem}.{extension}") };
            match text.and_then(|text| self.put(folder, &name, format, &text)) {
                Ok(()) => self.loaded.items += 1,
                Err(why) if several => self.leave(path, format_args!("record {number}: {why}")),
                Err(why) => self.leave(path, why),
            }
        }
    }

    fn put(&mut self, folder: &str, name: &str, format: Format, text: &str) -> Result<(), String> {
        let takes = match (format, self.apart) {
            (Format::Vcf, _) => Takes::Cards,
            (_, false) => Takes::Components(&["VEVENT", "VTODO", "VJOURNAL"]),
            (_, true) if text.contains("BEGIN:VTODO") => Takes::Components(&["VTODO"]),
            (_, true) => Takes::Components(&["VEVENT"]),
        };
        let (dav, user) = (self.dav, self.user);
        let place = self.places.entry((folder.to_owned(), takes)).or_insert_with(|| place(dav, user, folder, takes));
        let place = place.as_ref().ok_or_else(|| {
            let what = if takes == Takes::Cards { "address books" } else { "calendars" };
            format!("the server has no {what}; choose another one with --server")
        })?;
        // What a path of a server spells otherwise is spelt with its number.
        let name: String = name.chars().map(|c| if "/%?#\\".contains(c) { '-' } else { c }).collect();
        self.dav.put(&format!("{place}{name}"), text).map(drop).ok_or_else(|| "the server did not take it".to_owned())
    }
}

/// The collection of a folder: one that is there from the start, or a new one.
fn place(dav: &Dav, user: &str, name: &str, takes: Takes) -> Option<String> {
    let kind = if takes == Takes::Cards { CollectionKind::AddressBook } else { CollectionKind::Calendar };
    let fits = |components: &[String]| match takes {
        Takes::Cards => true,
        Takes::Components(wanted) => wanted.iter().take(2).all(|w| components.iter().any(|c| c == w)),
    };
    let there = dav.collections(user).into_iter().find(|c| {
        let named = c.displayname.as_deref() == Some(name) || c.path.trim_end_matches('/').rsplit('/').next() == Some(name);
        c.kind == kind && named && fits(&c.components)
    });
    there.map(|c| c.path).or_else(|| match takes {
        Takes::Cards => dav.make_addressbook(user, name),
        Takes::Components(components) => dav.make_calendar(user, name, components),
    })
}

/// Each item of a file as a text of its own; of each that is none, why.
fn texts(path: &Path, format: Format, bytes: &[u8]) -> Result<Vec<Result<String, String>>, String> {
    fn taken<R>(entries: Vec<files::Entry<R>>) -> Vec<Result<String, String>> {
        let text = |entry: files::Entry<R>| {
            entry.record?;
            String::from_utf8(entry.text.unwrap_or_default()).map_err(|_| "it is no UTF-8; save it as UTF-8".to_owned())
        };
        entries.into_iter().map(text).collect()
    }
    let told = |failure: Failure| failure.to_string().replace(&format!("{}: ", path.display()), "");
    let texts = if format == Format::Vcf {
        taken(files::entries::<Contact>(path, format, bytes).map_err(told)?)
    } else {
        // Tasks and journals are of another kind, and taken all the same.
        taken(files::entries::<Event>(path, format, bytes).map_err(told)?)
    };
    if texts.is_empty() { Err("nothing is in it".to_owned()) } else { Ok(texts) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulated::USER;

    const CARD: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a\r\nFN:Ada\r\nN:;Ada;;;\r\nEND:VCARD\r\n";
    const EVENT: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:e\r\nDTSTAMP:20240101T000000Z\r\n\
        DTSTART:20240101T100000Z\r\nSUMMARY:x\r\nEND:VEVENT\r\nBEGIN:VTODO\r\nUID:t\r\nDTSTAMP:20240101T000000Z\r\nSUMMARY:y\r\nEND:VTODO\r\n\
        END:VCALENDAR\r\n";

    fn loaded(server: &str, files: &[(&str, &[u8])]) -> (Dav, Loaded) {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let personality = Personality::named(server).unwrap();
        let dav = Dav::builder(personality.clone()).user(USER, "x").build();
        let loaded = load(&dav, &personality, USER, dir.path()).unwrap();
        (dav, loaded)
    }

    #[test]
    fn sub_folders_are_collections_and_a_file_with_one_item_keeps_its_name() {
        let both = format!("{CARD}{}", CARD.replace("UID:a", "UID:b"));
        let files: &[(&str, &[u8])] =
            &[("Friends/ada.vcf", CARD.as_bytes()), ("Work/all.vcf", both.as_bytes()), ("Work/cal.ics", EVENT.as_bytes())];
        let (dav, loaded) = loaded("radicale", files);
        assert_eq!((loaded.items, loaded.left.len()), (5, 0), "{loaded:?}");
        assert!(dav.get("/alice/friends/ada.vcf").is_some());
        let named = |kind, name: &str| {
            dav.collections(USER).into_iter().find(|c| c.kind == kind && c.displayname.as_deref() == Some(name)).map(|c| c.items)
        };
        assert_eq!(named(CollectionKind::AddressBook, "Work"), Some(2));
        assert_eq!(named(CollectionKind::Calendar, "Work"), Some(2), "the two kinds of one folder lie in two collections");
    }

    #[test]
    fn a_calendar_of_one_component_each_is_two_where_the_server_wants_it() {
        let (dav, loaded) = loaded("icloud", &[("Work/cal.ics", EVENT.as_bytes())]);
        assert_eq!(loaded.left, [""; 0]);
        assert_eq!(dav.collections(USER).iter().filter(|c| c.items == 1).count(), 2, "{:?}", dav.collections(USER));
    }

    #[test]
    fn what_cannot_be_loaded_is_named_and_the_rest_is_loaded() {
        let files: &[(&str, &[u8])] = &[
            ("Friends/ada.vcf", CARD.as_bytes()),
            ("Friends/broken.vcf", b"no card"),
            ("Friends/bytes.vcf", b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:c\r\nFN:\xff\xfe\r\nEND:VCARD\r\n"),
            ("Friends/deep/ada.vcf", CARD.as_bytes()),
            ("Friends/.hidden.vcf", b"no card"),
            ("notes.txt", b"x"),
            ("empty.ics", b""),
        ];
        let (_, loaded) = loaded("radicale", files);
        assert_eq!(loaded.items, 1, "{loaded:?}");
        for name in ["broken.vcf", "bytes.vcf", "deep", "notes.txt", "empty.ics"] {
            assert!(loaded.left.iter().any(|l| l.contains(name) && !l.contains('\n')), "{name}: {loaded:?}");
        }
        assert_eq!(loaded.left.len(), 5, "{loaded:?}");
    }

    #[test]
    fn a_server_without_calendars_says_so() {
        let (_, loaded) = loaded("google-contacts", &[("Work/cal.ics", EVENT.as_bytes()), ("Work/a.vcf", CARD.as_bytes())]);
        assert!(loaded.items == 1 && loaded.left.iter().all(|l| l.contains("no calendars")), "{loaded:?}");
    }
}

//! Ids, file names and marks.
//!
//! An id from the state is text that anybody may have written: it becomes a path only here, and only when it is one
//! plain file name, or a plain folder name and a plain file name.

use crate::error::foreign_id;
use pimkit_core::{CollectionId, ItemId, Mark, Result};
use pimkit_formats::marked;
use std::path::{Path, PathBuf};

/// The id of the collection of items that lie directly in the root. No sub-folder can have this name.
pub(crate) const ROOT: &str = "/";

/// Longest file name that every file system takes, in bytes.
const LONGEST: usize = 255;

/// What escapes a byte of a mark in a file name.
const ESCAPE: char = '%';

/// Whether the text is one plain name: no separator, no NUL, no `.` or `..`, not hidden.
fn plain(name: &str) -> bool {
    !name.is_empty() && name.len() <= LONGEST && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

/// Whether a directory entry is looked at: hidden files, and what editors and other programs leave beside the files that
/// they change, are not.
pub(crate) fn counts(name: &str) -> bool {
    !(name.starts_with('.') || name.starts_with("~$") || name.starts_with('#') || name.ends_with('~') || name.ends_with('#'))
}

/// Whether a file of this name holds an item of this extension. Case does not matter.
pub(crate) fn has_extension(name: &str, extension: &str) -> bool {
    counts(name) && name.rsplit_once('.').is_some_and(|(stem, end)| !stem.is_empty() && end.eq_ignore_ascii_case(extension))
}

/// The folder of a collection.
pub(crate) fn folder(root: &Path, id: &CollectionId) -> Result<PathBuf> {
    if id.as_str() == ROOT {
        return Ok(root.to_owned());
    }
    if plain(id.as_str()) && counts(id.as_str()) { Ok(root.join(id.as_str())) } else { Err(foreign_id("collection", id.as_str())) }
}

/// The id of a file. It is unique in the account, so it names its folder.
pub(crate) fn item_id(collection: &CollectionId, name: &str) -> ItemId {
    if collection.as_str() == ROOT { ItemId::from(name) } else { ItemId::from(format!("{collection}/{name}")) }
}

/// The file name in an item's id; `None` for an id that is harmless and of no file that this collection can have.
///
/// # Errors
/// `InvalidData` for one that would lead elsewhere.
pub(crate) fn file_name<'a>(collection: &CollectionId, id: &'a ItemId, extension: &str) -> Result<Option<&'a str>> {
    if !id.as_str().split('/').all(plain) {
        return Err(foreign_id("item", id.as_str()));
    }
    let name = if collection.as_str() == ROOT {
        Some(id.as_str())
    } else {
        id.as_str().strip_prefix(collection.as_str()).and_then(|rest| rest.strip_prefix('/'))
    };
    Ok(name.filter(|n| plain(n) && has_extension(n, extension)))
}

/// What a mark is called on the disk, without extension.
pub(crate) fn stem(mark: &Mark) -> String {
    marked::stem(mark, ESCAPE)
}

/// The file names that a mark may have: the plain one, and the one for when another file has it in other case.
pub(crate) fn candidates(mark: &Mark, extension: &str) -> [String; 2] {
    let stem = stem(mark);
    [format!("{stem}.{extension}"), format!("{}.{extension}", marked::apart(&stem, mark.as_str()))]
}

/// The name that a file gets where its own is taken. A mark in it stays readable.
pub(crate) fn elsewhere(name: &str, from: &ItemId) -> String {
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{}.{extension}", marked::apart(stem.split('~').next().unwrap_or(stem), from.as_str())),
        None => marked::apart(name, from.as_str()),
    }
}

/// The mark that a file of this name was made with; none when the name is not one that a mark gets.
pub(crate) fn mark(name: &str) -> Option<Mark> {
    marked::mark(name.rsplit_once('.')?.0, ESCAPE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_leads_out_of_the_folder() {
        let root = Path::new("/data");
        for bad in ["", ".", "..", "../x", "x/..", "a/b", "/etc", "//", "a\\b", "x\0", ".hidden", "#x#", &"x".repeat(256)] {
            assert!(folder(root, &CollectionId::from(bad)).is_err(), "{bad:?}");
        }
        assert_eq!(folder(root, &CollectionId::from("/")).unwrap(), root);
        assert_eq!(folder(root, &CollectionId::from("a b")).unwrap(), Path::new("/data/a b"));
        let friends = CollectionId::from("friends");
        for bad in ["", "friends/", "friends/../x.vcf", "friends//x.vcf", "friends/.x.vcf", "../x.vcf", "/x.vcf", "friends/x\\y.vcf"] {
            assert!(file_name(&friends, &ItemId::from(bad), "vcf").is_err(), "{bad:?}");
        }
        for other in ["x.vcf", "friends", "friends/x.ics", "friends/deep/x.vcf", "work/x.vcf", "0123"] {
            assert_eq!(file_name(&friends, &ItemId::from(other), "vcf").unwrap(), None, "{other:?}");
        }
        assert_eq!(file_name(&friends, &item_id(&friends, "ä b.VCF"), "vcf").unwrap(), Some("ä b.VCF"));
        let top = CollectionId::from(ROOT);
        assert_eq!(file_name(&top, &ItemId::from("friends/x.vcf"), "vcf").unwrap(), None);
        assert_eq!(file_name(&top, &item_id(&top, "x.vcf"), "vcf").unwrap(), Some("x.vcf"));
    }

    #[test]
    fn a_refused_id_is_shown_in_one_line_and_short() {
        let error = folder(Path::new("/data"), &CollectionId::from(format!("../\u{1b}[31m\n{}", "x".repeat(500)))).unwrap_err().to_string();
        assert!(!error.contains('\n') && !error.contains('\u{1b}') && error.len() < 250, "{error}");
    }

    #[test]
    fn a_mark_comes_back_from_its_file_name() {
        for text in ["pk-00000000000000aa-00000000000000bb-0", "people/17/0", "ä ~%.#", "..", "", "UPPER"] {
            let mark = Mark::from(text);
            for name in candidates(&mark, "vcf") {
                assert!(plain(&name) && has_extension(&name, "vcf"), "{name}");
                assert_eq!(super::mark(&name), Some(mark.clone()), "{name}");
                assert_eq!(super::mark(&elsewhere(&name, &ItemId::from("a/x.vcf"))), Some(mark.clone()), "{name}");
            }
        }
    }

    #[test]
    fn long_marks_stay_apart_and_short_enough() {
        let long = |end: &str| Mark::from(format!("{}{end}", "ä/".repeat(400)));
        let (a, b) = (candidates(&long("1"), "vcf"), candidates(&long("2"), "vcf"));
        assert!(a.iter().chain(&b).all(|n| n.len() <= LONGEST));
        assert_ne!(a, b);
        assert_eq!(mark(&a[0]), None);
    }

    #[test]
    fn a_name_that_we_did_not_give_has_no_mark() {
        for name in ["ada.vcf", "20260101T000000Z-1@example.org.ics", "pk_%zz.vcf", "pk-a%41.vcf", "pk-ä.vcf", "pk_%4", "pk-x"] {
            assert_eq!(mark(name), None, "{name}");
        }
    }

    #[test]
    fn what_other_programs_leave_behind_is_no_item() {
        for name in [".x.vcf", "x.vcf~", "#x.vcf#", "~$x.vcf", ".#x.vcf", "x.vcf.tmp", "x.vcf.lock", "x.vcf.swp", "vcf", ".vcf", "x.vcf#"] {
            assert!(!has_extension(name, "vcf"), "{name}");
        }
        assert!(has_extension("x.VcF", "vcf"));
    }
}

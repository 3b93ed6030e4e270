//! The revision of a file: what tells, without reading it, that it was not edited.
//!
//! A revision is the time of the last change (nanoseconds), the size and the inode. Two edits within one tick of the
//! file system's clock that leave the size alone would look the same; so, as git does with its index ("racy git"), a
//! file whose last change is less than [`SETTLED`] before the look has a hash of its content in its revision as well.
//! When it is looked at later, the hash is left out: the revision is another one, and the file is read once more.
//!
//! The files that we write ourselves get a time of change one microsecond before the one that the file system gave
//! them. Whatever is written into them afterwards has the file system's time or a later one, so their revision is good
//! at once and stays.

use jiff::Timestamp;
use pimkit_core::{Revision, cursor::binding};
use std::{fs::Metadata, time::SystemTime};

/// How long after its last change a file is told by its time alone: more than the coarsest clock, FAT's two seconds.
pub(crate) const SETTLED: i128 = 3_000_000_000;

/// What the file system says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Time of the last change: nanoseconds since 1970.
    pub(crate) changed: i128,
    /// In bytes.
    pub(crate) size: u64,
    /// Where the file system has inodes: a file that took another's place has another.
    pub(crate) inode: u64,
}

impl Stamp {
    pub(crate) fn of(meta: &Metadata) -> Self {
        Self { changed: meta.modified().map_or(0, nanoseconds), size: meta.len(), inode: inode(meta) }
    }

    /// Whether the file may yet be edited without its stamp showing it.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        self.changed > now.as_nanosecond() - SETTLED
    }

    pub(crate) fn modified(&self) -> Option<Timestamp> {
        Timestamp::from_nanosecond(self.changed).ok()
    }
}

/// Nanoseconds since 1970; negative before.
fn nanoseconds(time: SystemTime) -> i128 {
    let whole = |d: std::time::Duration| i128::try_from(d.as_nanos()).unwrap_or(i128::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => whole(since),
        Err(before) => -whole(before.duration()),
    }
}

#[cfg(unix)]
fn inode(meta: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(meta)
}
#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

/// A revision in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) stamp: Stamp,
    /// Of the content, when the stamp alone may not tell.
    pub(crate) hash: Option<u64>,
}

/// What tells contents apart.
pub(crate) fn hash(content: &[u8]) -> u64 {
    binding(&[content])
}

impl Version {
    pub(crate) fn revision(&self) -> Revision {
        let Stamp { changed, size, inode } = self.stamp;
        let hash = self.hash.map(|h| format!("-{h:016x}")).unwrap_or_default();
        Revision::from(format!("{changed}-{size}-{inode}{hash}"))
    }

    /// Reads a revision back; `None` when it is not one of this connector.
    pub(crate) fn parse(revision: &Revision) -> Option<Self> {
        let text = revision.as_str();
        // A time before 1970 starts with a minus of its own.
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let mut parts = digits.split('-');
        let stamp = Stamp {
            changed: sign * parts.next()?.parse::<i128>().ok()?,
            size: parts.next()?.parse().ok()?,
            inode: parts.next()?.parse().ok()?,
        };
        let hash = match parts.next() {
            Some(hash) => Some(u64::from_str_radix(hash, 16).ok()?),
            None => None,
        };
        parts.next().is_none().then_some(Self { stamp, hash })
    }

    /// Whether a file with this stamp and content is still the one that the revision speaks of.
    pub(crate) fn is_still(&self, stamp: Stamp, content: &[u8]) -> bool {
        self.stamp == stamp && self.hash.is_none_or(|known| known == hash(content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_reads_back() {
        for changed in [0, -5, 1_800_000_000_123_456_789] {
            for hash in [None, Some(7)] {
                let version = Version { stamp: Stamp { changed, size: 3, inode: 9 }, hash };
                assert_eq!(Version::parse(&version.revision()), Some(version));
            }
        }
        for foreign in ["", "-", "1-2", "1-2-3-zz", "1-2-3-4-5", "\"etag\""] {
            assert_eq!(Version::parse(&Revision::from(foreign)), None, "{foreign}");
        }
    }

    #[test]
    fn a_hash_tells_what_the_stamp_cannot() {
        let stamp = Stamp { changed: 1, size: 1, inode: 1 };
        let fresh = Version { stamp, hash: Some(hash(b"a")) };
        assert!(fresh.is_still(stamp, b"a"));
        assert!(!fresh.is_still(stamp, b"b"));
        assert!(!fresh.is_still(Stamp { changed: 2, ..stamp }, b"a"));
    }

    #[test]
    fn a_file_is_fresh_until_three_seconds_have_passed() {
        let stamp = Stamp { changed: 10_000_000_000, size: 1, inode: 1 };
        let at = |s| Timestamp::from_second(s).unwrap();
        assert!(stamp.is_fresh(at(5)) && stamp.is_fresh(at(10)) && stamp.is_fresh(at(12)));
        assert!(!stamp.is_fresh(at(13)));
    }
}

//! Our own hidden files: what they are called, and which of them a killed process left behind.
//!
//! A draft (`.pimkit-….tmp`) is locked by its maker until it is in place, so one that nobody has locked is nobody's. What
//! an exchange takes out of a folder's sight may be somebody's edit; it gets a name of another pattern (`.pimkit-….old`)
//! that says which contents may go. Any other content stays until its owner takes it.

use crate::{disk, version::hash};
use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

/// What the names of our files start with; hidden, so that no program takes them for items.
const OURS: &str = ".pimkit-";
const DRAFT: &str = ".tmp";
const DISPLACED: &str = ".old";

/// How old a leftover must be that cannot be locked (a folder, a file system without locks): no write takes as long.
const LONGEST_WRITE: Duration = Duration::from_secs(3600);

/// Whether this is the name of a hidden file of ours.
pub(crate) fn is_ours(name: &str) -> bool {
    name.starts_with(OURS) && (name.ends_with(DRAFT) || name.ends_with(DISPLACED))
}

/// Whether this is the name of a draft: nothing under it is anybody's edit.
pub(crate) fn is_draft(name: &str) -> bool {
    name.starts_with(OURS) && name.ends_with(DRAFT)
}

/// The process's number and a count: nobody else makes this name.
fn start() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{OURS}{:x}-{:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A path in the folder for a draft, or for a folder that is deleted.
pub(crate) fn draft(folder: &Path) -> PathBuf {
    folder.join(start() + DRAFT)
}

/// A path in the folder for a file that is taken out of sight. A content with one of these hashes may go from there
/// without a loss.
pub(crate) fn displaced(folder: &Path, harmless: &[u64]) -> PathBuf {
    let hashes: String = harmless.iter().map(|hash| format!("-{hash:016x}")).collect();
    folder.join(start() + &hashes + DISPLACED)
}

/// Whether a content may go from under this name without a loss.
fn is_harmless(name: &str, content: &[u8]) -> bool {
    let content = format!("{:016x}", hash(content));
    let hashes = name.strip_prefix(OURS).and_then(|rest| rest.strip_suffix(DISPLACED));
    hashes.is_some_and(|rest| rest.split('-').skip(2).any(|hash| hash == content))
}

/// Removes what a process that is gone left under this path. What is in use stays, and what may be somebody's edit. A
/// leftover that cannot be removed harms nobody: it is hidden and tried again.
///
/// `may_go` tells whether a folder holds nothing but what was to be deleted.
pub(crate) fn sweep(path: &Path, now: SystemTime, may_go: impl Fn(&Path) -> bool) {
    let Some(name) = path.file_name().and_then(|n| n.to_str()).filter(|n| is_ours(n)) else { return };
    let Ok(meta) = fs::symlink_metadata(path) else { return };
    let is_old = || touched(&meta).is_some_and(|at| now.duration_since(at).is_ok_and(|age| age >= LONGEST_WRITE));
    if meta.is_dir() {
        if is_old() && may_go(path) {
            let _ = fs::remove_dir_all(path);
        }
        return;
    }
    if !meta.is_file() {
        return;
    }
    // The lock is held until the file is gone: its maker, should it be about to lock it, sees that it is.
    let _lock = match File::options().read(true).write(true).open(path) {
        Ok(file) => match file.try_lock() {
            Ok(()) => Some(file),
            Err(TryLockError::WouldBlock) => return,
            Err(TryLockError::Error(_)) if is_old() => None,
            Err(TryLockError::Error(_)) => return,
        },
        Err(_) if is_old() => None,
        Err(_) => return,
    };
    if name.ends_with(DRAFT) || disk::read(path).is_ok_and(|text| is_harmless(name, &text.bytes)) {
        let _ = fs::remove_file(path);
    }
}

/// When a file was last written, renamed or otherwise touched.
fn touched(meta: &fs::Metadata) -> Option<SystemTime> {
    let written = meta.modified().ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(meta.ctime()).unwrap_or_default());
        Some(written.max(changed))
    }
    #[cfg(not(unix))]
    Some(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_displaced_goes_only_when_its_name_says_that_its_content_may() {
        let dir = tempfile::tempdir().unwrap();
        let path = displaced(dir.path(), &[hash(b"replaced"), hash(b"draft")]);
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(is_ours(name));
        assert!(is_harmless(name, b"replaced") && is_harmless(name, b"draft") && !is_harmless(name, b"an edit"));
        for (content, stays) in [("replaced", false), ("draft", false), ("an edit", true)] {
            fs::write(&path, content).unwrap();
            sweep(&path, SystemTime::now() + 2 * LONGEST_WRITE, |_| true);
            assert_eq!(path.exists(), stays, "{content}");
        }
    }

    #[test]
    fn a_draft_stays_while_its_maker_has_it_and_goes_with_the_maker() {
        let dir = tempfile::tempdir().unwrap();
        let (draft, _) = disk::Draft::write(dir.path(), b"half", None).unwrap();
        let path = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
        sweep(&path, SystemTime::now() + 2 * LONGEST_WRITE, |_| true);
        assert!(path.exists(), "in use, however old");
        // As after a kill: nothing of the maker runs, and the system drops its locks.
        let copy = super::draft(dir.path());
        fs::copy(&path, &copy).unwrap();
        sweep(&copy, SystemTime::now(), |_| true);
        assert!(!copy.exists(), "however young");
        drop(draft);
        let foreign = dir.path().join(".other.tmp");
        fs::write(&foreign, "").unwrap();
        sweep(&foreign, SystemTime::now() + 2 * LONGEST_WRITE, |_| true);
        assert!(foreign.exists());
    }
}

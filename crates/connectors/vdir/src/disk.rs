//! Reading files whole, and putting files in place without a moment in which half of one can be seen.

use crate::{
    error::{disk, unreadable},
    leftover,
    version::{Stamp, hash},
};
use pimkit_core::{Error, Persistence};
use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// The largest file that is read, in bytes: the limit of the formats.
pub(crate) const LARGEST: u64 = 64 << 20;

/// A file's content, and what the file system said while it was read.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) bytes: Vec<u8>,
    pub(crate) stamp: Stamp,
    pub(crate) meta: Metadata,
}

/// Why a file has no content for us.
#[derive(Debug)]
pub(crate) enum Problem {
    /// There is no such file.
    Missing,
    /// There is one, and it cannot be read.
    Unreadable(Box<Unread>),
}

/// A file that cannot be read.
#[derive(Debug)]
pub(crate) struct Unread {
    /// What the file system says of it, when it says it.
    pub(crate) stamp: Option<Stamp>,
    /// Why it cannot be read.
    pub(crate) error: Error,
}

impl Problem {
    fn unreadable(stamp: Option<Stamp>, error: Error) -> Self {
        Self::Unreadable(Box::new(Unread { stamp, error }))
    }
}

/// What the file system says of a path, without following it when it is a symbolic link.
pub(crate) fn look(path: &Path) -> Result<Metadata, Problem> {
    let meta = fs::symlink_metadata(path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => Problem::Missing,
        _ => Problem::unreadable(None, disk("the file cannot be looked at; check the permissions of its folder", e)),
    })?;
    regular(&meta)?;
    Ok(meta)
}

fn regular(meta: &Metadata) -> Result<(), Problem> {
    if meta.is_symlink() {
        Err(Problem::unreadable(None, unreadable("the file is a symbolic link, and those are not followed; put the file itself here")))
    } else if !meta.is_file() {
        Err(Problem::unreadable(None, unreadable("this is not a regular file; take it out of the folder")))
    } else {
        Ok(())
    }
}

/// Opens a file for reading, without following a symbolic link and without waiting at a pipe.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, i32::try_from(flags.bits()).unwrap_or(0));
    }
    options.open(path)
}

/// Reads a whole file. What comes back stood there at one time: a file that is written to meanwhile is read again.
pub(crate) fn read(path: &Path) -> Result<Text, Problem> {
    for _ in 0..3 {
        // Looked at first, so that a pipe or device is never opened but in a race.
        let before = look(path)?;
        if before.len() > LARGEST {
            return Err(too_large(&before));
        }
        let cannot = |e| Problem::unreadable(Some(Stamp::of(&before)), disk("the file cannot be read; check its permissions", e));
        let mut file = match open(path) {
            Ok(file) => file,
            // Gone since, or turned into a link: look again.
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(cannot(e)),
        };
        let opened = file.metadata().map_err(cannot)?;
        regular(&opened)?;
        let mut bytes = Vec::with_capacity(usize::try_from(opened.len().min(LARGEST)).unwrap_or_default());
        (&mut file).take(LARGEST + 1).read_to_end(&mut bytes).map_err(cannot)?;
        if bytes.len() as u64 > LARGEST {
            return Err(too_large(&opened));
        }
        let after = file.metadata().map_err(cannot)?;
        let stamp = Stamp::of(&opened);
        if stamp == Stamp::of(&after) && stamp.size == bytes.len() as u64 {
            return Ok(Text { bytes, stamp, meta: opened });
        }
    }
    match look(path) {
        Err(problem) => Err(problem),
        Ok(_) => Err(Problem::unreadable(
            None,
            unreadable("the file changes while it is read; it is read again in the next run").persistence(Persistence::Temporary),
        )),
    }
}

fn too_large(meta: &Metadata) -> Problem {
    let error = unreadable("the file is too large to be one item; import it, so that each item gets a file of its own");
    Problem::unreadable(Some(Stamp::of(meta)), error.with("bytes", meta.len()).with("limit", LARGEST))
}

/// A written file under a temporary name, taken away again unless it is put in place.
#[derive(Debug)]
pub(crate) struct Draft {
    path: PathBuf,
    /// Locked while the draft is ours; see [`leftover`].
    lock: Option<File>,
    hash: u64,
}

/// What the file system says of a written draft.
#[derive(Debug)]
pub(crate) struct Drafted {
    pub(crate) meta: Metadata,
    pub(crate) stamp: Stamp,
    /// The stamp tells every later edit, however soon it comes.
    pub(crate) settled: bool,
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Put in place, or of no use: what cannot be removed is swept later.
        let _ = fs::remove_file(&self.path);
    }
}

impl Draft {
    /// Writes the bytes durably under a temporary name in the folder. With `like`, the file gets that one's permissions
    /// and, where we may give it, its owner; nobody else can read it before.
    pub(crate) fn write(folder: &Path, bytes: &[u8], like: Option<&Metadata>) -> io::Result<(Self, Drafted)> {
        let (path, mut file) = create_temporary(folder, like.is_some())?;
        let mut draft = Self { path, lock: None, hash: hash(bytes) };
        file.write_all(bytes)?;
        if let Some(like) = like {
            keep_owner(&file, like);
            file.set_permissions(like.permissions())?;
        }
        // See `version`: any later write has a later time than this.
        let given = file.metadata()?.modified()?;
        let settled =
            given.checked_sub(Duration::from_micros(1)).is_some_and(|earlier| file.set_modified(earlier).is_ok() && kept(&file, earlier));
        file.sync_all()?;
        let meta = file.metadata()?;
        if cfg!(unix) {
            draft.lock = Some(file);
        }
        Ok((draft, Drafted { stamp: Stamp::of(&meta), meta, settled }))
    }

    /// Puts the file in place under a name that nobody has; `AlreadyExists` when somebody has it.
    pub(crate) fn place(self, path: &Path) -> io::Result<()> {
        rename_new(&self.path, path)
    }

    /// Puts the file in the place of whatever stands there.
    pub(crate) fn overwrite(self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)
    }
}

/// A file of another owner stays theirs when the system lets us; otherwise it becomes ours, as with any editor.
fn keep_owner(file: &File, like: &Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let _ = fchown(file, Some(like.uid()), Some(like.gid()));
    }
    #[cfg(not(unix))]
    let _ = (file, like);
}

/// Whether the file system keeps times finely enough to have taken this one.
fn kept(file: &File, time: SystemTime) -> bool {
    file.metadata().and_then(|m| m.modified()).is_ok_and(|t| t == time)
}

fn create_temporary(folder: &Path, private: bool) -> io::Result<(PathBuf, File)> {
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for _ in 0..64 {
        let path = leftover::draft(folder);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if private {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        #[cfg(not(unix))]
        let _ = private;
        match options.open(&path) {
            Ok(file) => {
                // Where there are no locks, leftovers are told by their age.
                let _ = file.lock();
                if !is_unlinked(&file) {
                    return Ok((path, file));
                }
                // Swept between its making and the lock.
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => last = e,
            Err(e) => return Err(e),
        }
    }
    Err(last)
}

/// Whether the file has no name any more.
fn is_unlinked(file: &File) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        file.metadata().is_ok_and(|meta| meta.nlink() == 0)
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        false
    }
}

/// Whether the system or file system has no such operation.
fn lacks(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let errno = error.raw_os_error();
        let missing = [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP, Errno::NOTSUP, Errno::PERM, Errno::MLINK, Errno::NOTTY];
        if missing.iter().any(|e| errno == Some(e.raw_os_error())) {
            return true;
        }
    }
    error.kind() == io::ErrorKind::Unsupported
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_with(from: &Path, to: &Path, exchange: bool) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    let flags = if exchange { RenameFlags::EXCHANGE } else { RenameFlags::NOREPLACE };
    renameat_with(CWD, from, CWD, to, flags).map_err(io::Error::from)
}
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_with(_: &Path, _: &Path, _: bool) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Gives a file another name, and never overwrites: `AlreadyExists` when the name is taken.
pub(crate) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match rename_with(from, to, false) {
        Err(e) if lacks(&e) => {}
        done => return done,
    }
    match fs::hard_link(from, to) {
        Ok(()) => return fs::remove_file(from),
        Err(e) if lacks(&e) => {}
        Err(e) => return Err(e),
    }
    // No way to do both at once (FAT): the name is taken first, with an empty file. A crash here leaves that file; a
    // repeated create takes its place, see `writing`.
    OpenOptions::new().write(true).create_new(true).open(to)?;
    fs::rename(from, to).inspect_err(|_| {
        let _ = fs::remove_file(to);
    })
}

/// What became of a replacement.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Replaced {
    /// Done.
    Done,
    /// What stood there was not what was expected; it stands there again.
    Changed,
}

/// Whether what lies under this path is the expected content. What is not there any more was swept by another process,
/// which takes nothing else from under the name of a displaced file.
fn is_expected(path: &Path, expected: &[u8]) -> bool {
    match read(path) {
        Ok(text) => text.bytes == expected,
        Err(problem) => matches!(problem, Problem::Missing),
    }
}

/// Puts the draft in the place of a file whose content must be `expected`.
///
/// Where the system can exchange two files in one step, what was replaced is looked at afterwards, and put back when it
/// is not what was expected: no edit slips in between. Elsewhere it is looked at right before.
pub(crate) fn replace(mut draft: Draft, path: &Path, expected: &[u8]) -> io::Result<Replaced> {
    if !read(path).is_ok_and(|text| text.bytes == expected) {
        return Ok(Replaced::Changed);
    }
    let Some(folder) = path.parent() else { return Err(io::ErrorKind::InvalidInput.into()) };
    // What the exchange brings out may be an edit: under this name nobody sweeps it.
    let aside = leftover::displaced(folder, &[hash(expected), draft.hash]);
    fs::rename(&draft.path, &aside)?;
    draft.path = aside;
    match rename_with(&draft.path, path, true) {
        Ok(()) => {
            if is_expected(&draft.path, expected) {
                return Ok(Replaced::Done);
            }
            if let Err(e) = rename_with(&draft.path, path, true) {
                // What lies under the hidden name is somebody's edit: it must not go with the draft.
                std::mem::forget(draft);
                return Err(e);
            }
            Ok(Replaced::Changed)
        }
        Err(e) if lacks(&e) => {
            fs::rename(&draft.path, path)?;
            Ok(Replaced::Done)
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Replaced::Changed),
        Err(e) => Err(e),
    }
}

/// Removes a file whose content must be `expected`: it is taken aside first, looked at, and put back when it is not.
pub(crate) fn remove(path: &Path, expected: &[u8]) -> io::Result<Replaced> {
    let Some(folder) = path.parent() else { return Err(io::ErrorKind::InvalidInput.into()) };
    let aside = leftover::displaced(folder, &[hash(expected)]);
    match rename_new(path, &aside) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Replaced::Changed),
        Err(e) => return Err(e),
    }
    if is_expected(&aside, expected) {
        return match fs::remove_file(&aside) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(Replaced::Done),
        };
    }
    rename_new(&aside, path)?;
    Ok(Replaced::Changed)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        match File::open(folder).and_then(|f| f.sync_all()) {
            // Some network file systems do not sync folders.
            Err(e) if lacks(&e) => Ok(()),
            done => done,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        Ok(())
    }
}

/// Whether files can be made in the folder.
pub(crate) fn is_writable(folder: &Path) -> bool {
    #[cfg(unix)]
    {
        use rustix::fs::{Access, access};
        access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
    }
    #[cfg(not(unix))]
    {
        fs::metadata(folder).is_ok_and(|m| !m.permissions().readonly())
    }
}

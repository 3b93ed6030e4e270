//! Who holds a component: a lock of the operating system, and a guard within the process.

use pimkit_core::{ComponentId, Digest, Error, ErrorKind, Result};
use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The lock files that this process holds. Some network file systems grant a process its own lock again.
static HELD: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// How often the number of a holder that has only just locked its file is looked for, before it is told without one.
const LOOKS: usize = 1_000;

/// Held until dropped; the operating system lets go when the process ends.
#[derive(Debug)]
pub(crate) struct Hold {
    // Before the entry: whoever finds no entry must not find the lock.
    file: File,
    _entry: Entry,
}

impl Drop for Hold {
    fn drop(&mut self) {
        // Else the next holder would be taken for this process until it has written its own number.
        let _ = self.file.set_len(0);
    }
}

#[derive(Debug)]
struct Entry(PathBuf);

impl Drop for Entry {
    fn drop(&mut self) {
        held().remove(&self.0);
    }
}

fn held() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    // Insert and remove leave the set whole, whatever panicked meanwhile.
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the lock of a component lies. Its id may be anything, so that its hash is the name.
fn lock_path(database: &Path, component: &ComponentId) -> PathBuf {
    let hash: String = Digest::of(component.as_str().as_bytes()).to_string().chars().take(16).collect();
    let mut name = database.as_os_str().to_owned();
    name.push(format!(".{hash}.lock"));
    PathBuf::from(name)
}

/// Takes the component, or says who has it.
pub(crate) fn hold(database: &Path, component: &ComponentId) -> Result<Hold> {
    let path = lock_path(database, component);
    if !held().insert(path.clone()) {
        return Err(taken(component, Some(std::process::id())));
    }
    let entry = Entry(path.clone());
    let failed = |e: std::io::Error| {
        Error::new(ErrorKind::Storage, "the lock file beside the state file cannot be used; make its folder writable")
            .with("file", path.display())
            .caused_by(e)
    };
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(taken(component, holder(&mut file))),
        Err(TryLockError::Error(e)) => {
            let error = Error::new(ErrorKind::Storage, "this file system cannot lock files; put the state file on a local disk");
            return Err(error.with("file", path.display()).caused_by(e));
        }
    }
    // For the message of the next who asks; the lock holds without it.
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(format!("{}\n", std::process::id()).as_bytes()));
    Ok(Hold { file, _entry: entry })
}

/// The process that wrote its number into the file, if it does so in a moment; not every system lets a locked file be read.
fn holder(file: &mut File) -> Option<u32> {
    for _ in 0..LOOKS {
        let mut text = String::new();
        file.rewind().ok()?;
        file.take(32).read_to_string(&mut text).ok()?;
        // Without its end the number may be half of one.
        if let Some(number) = text.strip_suffix('\n') {
            return number.parse().ok();
        }
        std::thread::yield_now();
    }
    None
}

fn taken(component: &ComponentId, process: Option<u32>) -> Error {
    let error =
        Error::new(ErrorKind::LeaseLost, "another run holds the component; wait until it ends, or stop it").with("component", component);
    match process {
        Some(id) => error.with("process", id),
        None => error,
    }
}

//! Making, renaming and deleting collections.

use crate::{
    blocking::blocking,
    connector::{DISPLAYNAME, EXTENSIONS},
    disk::{self, Draft},
    error,
    files::Files,
    folder::read_only,
    leftover, names,
};
use async_trait::async_trait;
use pimkit_core::{
    Collection, CollectionId, Error, ErrorKind, Folders, Mark, Outcome, Persistence, Result, Revision, Stored, WriteOptions,
};
use pimkit_formats::resource::TextRecord;
use std::{fs, io, path::Path};

/// Longest display name, in bytes: what is read back at most.
const LONGEST: usize = 1024;

type Done = Result<Outcome<Collection>>;

/// # Behavior
/// - A new folder is named after the mark, so that the same create finds the first one; its name for people stands in
///   the file `displayname`, as vdirsyncer keeps it.
/// - Renaming writes `displayname`; folder and id stay.
/// - A folder is deleted only when all in it are items of this repository's extension, `displayname` and `color`: another
///   program's files are not ours to delete. It is taken out of sight in one step before anything in it is removed. Write
///   protection of single files in it does not count.
#[async_trait]
impl<R: TextRecord> Folders for Files<R> {
    async fn create(&self, mark: &Mark, name: &str, _: &WriteOptions) -> Outcome<Collection> {
        let (this, mark, name) = (self.clone(), mark.clone(), name.to_owned());
        answer(blocking(move || this.make(&mark, &name)).await)
    }

    async fn rename(&self, id: &CollectionId, name: &str, _: &WriteOptions) -> Outcome<Collection> {
        let (this, id, name) = (self.clone(), id.clone(), name.to_owned());
        answer(blocking(move || this.rename_folder(&id, &name)).await)
    }

    async fn delete(&self, id: &CollectionId, _: &WriteOptions) -> Outcome<Collection> {
        let (this, id) = (self.clone(), id.clone());
        answer(blocking(move || this.delete_folder(&id)).await)
    }
}

fn answer(done: Result<Done>) -> Outcome<Collection> {
    match done {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(e)) => Outcome::Refused(e.during("vdir.folders")),
        Err(e) => Outcome::Unknown(e.during("vdir.folders")),
    }
}

fn cannot(e: io::Error) -> Error {
    error::disk("the folder cannot be written; check its permissions and the disk's free space", e)
}

/// A name for people on one line.
fn label(name: &str) -> Result<&str> {
    let name = name.trim();
    if name.is_empty() || name.len() > LONGEST || name.contains(char::is_control) {
        return Err(Error::new(ErrorKind::InvalidData, "a collection needs a name of 1 to 1024 bytes on one line"));
    }
    Ok(name)
}

impl<R: TextRecord> Files<R> {
    fn told(&self, id: &CollectionId, folder: &Path) -> Outcome<Collection> {
        let collection = self.collection(id, folder);
        // A folder has no version: its name is all there is.
        let revision = Revision::from(collection.name.clone());
        let now = Stored::new(id.as_str(), id, revision.clone(), collection);
        Outcome::Written { id: id.as_str().into(), revision: Some(revision), now: Some(Box::new(now)), left_out: Vec::new() }
    }

    fn make(&self, mark: &Mark, name: &str) -> Done {
        let name = label(name)?;
        let root = self.shared.folder(&CollectionId::from(names::ROOT))?;
        if !disk::is_writable(&root) {
            return Err(read_only());
        }
        let id = CollectionId::from(names::stem(mark));
        let folder = names::folder(&root, &id)?;
        match fs::create_dir(&folder) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                // The first one, unless somebody put something else there.
                let folder = self.shared.folder(&id)?;
                if self.shared.beside(&folder, DISPLAYNAME).is_some() {
                    return Ok(self.told(&id, &folder));
                }
            }
            Err(e) => return Err(cannot(e)),
        }
        self.label_folder(&folder, name)?;
        disk::sync_folder(&root).map_err(cannot)?;
        Ok(self.told(&id, &folder))
    }

    fn rename_folder(&self, id: &CollectionId, name: &str) -> Done {
        let name = label(name)?;
        let folder = self.shared.folder(id)?;
        if !disk::is_writable(&folder) {
            return Err(read_only());
        }
        self.label_folder(&folder, name)?;
        Ok(self.told(id, &folder))
    }

    /// Writes `displayname` whole: a reader sees the old name or the new one.
    fn label_folder(&self, folder: &Path, name: &str) -> Result<()> {
        let path = folder.join(DISPLAYNAME);
        let old = fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file);
        let (draft, _) = Draft::write(folder, name.as_bytes(), old.as_ref()).map_err(cannot)?;
        draft.overwrite(&path).map_err(cannot)?;
        disk::sync_folder(folder).map_err(cannot)
    }

    fn delete_folder(&self, id: &CollectionId) -> Done {
        if id.as_str() == names::ROOT {
            let error =
                Error::new(ErrorKind::Unavailable, "the folder that was opened is never deleted; delete its items, or itself by hand");
            return Err(error.persistence(Persistence::Permanent));
        }
        let folder = self.shared.folder(id)?;
        let root = self.shared.folder(&CollectionId::from(names::ROOT))?;
        if !disk::is_writable(&root) || !disk::is_writable(&folder) {
            return Err(read_only());
        }
        self.shared.sweep(&root, R::EXTENSION);
        self.only_items(&folder)?;
        let aside = leftover::draft(&root);
        fs::rename(&folder, &aside).map_err(cannot)?;
        disk::sync_folder(&root).map_err(cannot)?;
        // A file that came in meanwhile came with it: look again, and give all back.
        if let Err(e) = self.only_items(&aside) {
            fs::rename(&aside, &folder).map_err(cannot)?;
            return Err(e);
        }
        // Out of sight is deleted; what cannot be removed at once is swept later.
        let _ = fs::remove_dir_all(&aside);
        Ok(Outcome::written(id.as_str(), None))
    }

    /// Refuses a folder that holds anything but items of this extension and what stands beside them.
    fn only_items(&self, folder: &Path) -> Result<()> {
        let foreign = self.shared.strangers(folder, R::EXTENSION)?;
        if foreign == 0 {
            return Ok(());
        }
        let error = Error::new(ErrorKind::InvalidData, "the folder holds files that are no items of this kind; move these away first");
        Err(error.with("files", foreign).with("items are", EXTENSIONS.join(", ")))
    }
}

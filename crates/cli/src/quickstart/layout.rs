//! The folder of a quickstart: sample files in the styles of several programs, and a configuration.

use super::server::{PASSWORD_FILE, write_private};
use crate::{
    failure::{Failure, Result},
    simulated::{PASSWORD, USER},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The configuration's name in the folder.
pub(crate) const CONFIG: &str = "pimkit.toml";

/// The first line of the configuration: by it the folder is known as one of ours.
const MARK: &str = "# A quickstart of pimkit";

const TEXT: &str = include_str!("pimkit.toml");

/// A sample file: where it lies, and what it says.
type Sample = (&'static str, &'static str);

macro_rules! samples {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../samples/", $path)))),*]
    };
}

/// The sample files.
pub(crate) const SAMPLES: &[Sample] = samples![
    "contacts/friends/nora-berger.vcf",
    "contacts/friends/samir-haddad.vcf",
    "contacts/friends/ines-duarte.vcf",
    "contacts/work/harald-vik.vcf",
    "contacts/work/petra-koenig.vcf",
    "contacts/work/muehlbach-druck.vcf",
    "calendars/home/choir-weekend.ics",
    "calendars/home/water-plants.ics",
    "calendars/home/tax-return.ics",
    "calendars/work/team-lunch.ics",
    "calendars/work/quarterly-review.ics",
    "calendars/work/design-call.ics",
];

/// The sample files of the server.
const SERVER: &[Sample] = samples![
    "server/Team/lena-fischer.vcf",
    "server/Team/petra-koenig.vcf",
    "server/Team/tomas-novak.vcf",
    "server/Projects/site-meeting.ics",
    "server/Projects/trade-fair.ics",
];

/// Makes the folder, with a configuration for a server at this address. What an earlier quickstart left in it is put aside,
/// never overwritten; the answer says where.
///
/// # Errors
/// A usage failure when the folder holds something else; nothing was changed.
pub(crate) fn lay_out(dir: &Path, url: &str) -> Result<Option<PathBuf>> {
    let refuse = |what: &str| Err(Failure::usage(format!("{}: {what}; name another folder with --dir DIR", dir.display())));
    if dir.exists() && !dir.is_dir() {
        return refuse("is no folder");
    }
    let there = match fs::read_dir(dir) {
        Ok(entries) => entries.collect::<io::Result<Vec<_>>>().map_err(|e| failed(dir, &e))?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(e) => return Err(failed(dir, &e)),
    };
    let mut aside = None;
    if !there.is_empty() {
        let ours = fs::read_to_string(dir.join(CONFIG)).is_ok_and(|text| text.starts_with(MARK));
        if !ours {
            return refuse("is not empty, and not from an earlier quickstart");
        }
        aside = Some(put_aside(dir, &there)?);
    }
    for (path, text) in SAMPLES.iter().chain(SERVER) {
        // Cards and calendars end their lines with CR LF (RFC 6350 section 3.2, RFC 5545 section 3.1).
        write(&dir.join(path), &text.replace("\r\n", "\n").replace('\n', "\r\n"))?;
    }
    let secret = dir.join(PASSWORD_FILE);
    write_private(&secret, &format!("{PASSWORD}\n")).map_err(|e| failed(&secret, &e))?;
    write(&dir.join(CONFIG), &TEXT.replace("{url}", url).replace("{user}", USER).replace("{password_file}", PASSWORD_FILE))?;
    Ok(aside)
}

fn put_aside(dir: &Path, there: &[fs::DirEntry]) -> Result<PathBuf> {
    let is_aside = |name: &str| name.starts_with("earlier-");
    let taken = |n: &u32| !dir.join(format!("earlier-{n}")).exists();
    let aside = dir.join(format!("earlier-{}", (1..).find(taken).unwrap_or(u32::MAX)));
    fs::create_dir(&aside).map_err(|e| failed(&aside, &e))?;
    for entry in there.iter().filter(|e| !is_aside(&e.file_name().to_string_lossy())) {
        fs::rename(entry.path(), aside.join(entry.file_name())).map_err(|e| failed(&entry.path(), &e))?;
    }
    Ok(aside)
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| failed(folder, &e))?;
    }
    fs::write(path, text).map_err(|e| failed(path, &e))
}

/// A file or folder of the quickstart that could not be made or read.
pub(super) fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::machine(format!("{}: {error}; see its permissions, or name another folder with --dir DIR", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://127.0.0.1:1/";

    #[test]
    fn a_foreign_folder_is_refused_and_left_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("thesis.txt"), "x").unwrap();
        let failure = lay_out(dir.path(), URL).unwrap_err();
        assert!(failure.to_string().contains("--dir"), "{failure}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_an_earlier_quickstart_left_is_put_aside_with_every_edit() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(lay_out(dir.path(), URL).unwrap(), None);
        fs::write(dir.path().join("contacts/friends/mine.vcf"), "mine").unwrap();
        for n in 1..3 {
            let aside = lay_out(dir.path(), URL).unwrap().unwrap();
            assert_eq!(aside, dir.path().join(format!("earlier-{n}")));
            assert!(aside.join(CONFIG).exists());
        }
        assert_eq!(fs::read(dir.path().join("earlier-1/contacts/friends/mine.vcf")).unwrap(), b"mine");
        assert!(!dir.path().join("contacts/friends/mine.vcf").exists());
    }

    #[test]
    fn the_configuration_is_good_and_names_the_folders() {
        let dir = tempfile::tempdir().unwrap();
        lay_out(dir.path(), URL).unwrap();
        let config = crate::config::Config::load(&dir.path().join(CONFIG)).unwrap();
        assert_eq!(config.syncs.len(), 5);
        assert!(TEXT.starts_with(MARK));
        assert_eq!(config.account("server").unwrap().settings["url"], URL);
    }

    #[test]
    #[cfg(unix)]
    fn the_password_is_read_by_its_owner_alone_and_stands_in_no_other_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        lay_out(dir.path(), URL).unwrap();
        let mode = fs::metadata(dir.path().join(PASSWORD_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!fs::read_to_string(dir.path().join(CONFIG)).unwrap().contains(PASSWORD));
    }
}

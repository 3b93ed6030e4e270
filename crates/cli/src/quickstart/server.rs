//! The server of a quickstart: simulated, on loopback, gone when the program ends; what it holds then stays in a folder.

use super::layout;
use crate::{
    failure::{Failure, Result},
    simulated::{self, PASSWORD, SERVER, USER},
};
use pimkit_simulators::{CollectionKind, Dav, Personality, Serving};
use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

/// Where in the quickstart's folder the server's things are.
pub(crate) const FOLDER: &str = "server";

/// The file in the quickstart's folder that holds the server's password. The configuration says only where it is.
pub(crate) const PASSWORD_FILE: &str = "server-password";

/// A server that is being served.
pub(crate) struct Server {
    dav: Dav,
    personality: Personality,
    serving: Serving,
}

impl Server {
    /// An empty one on a free port.
    pub(crate) async fn start() -> Result<Self> {
        let missing = || Failure::machine(format!("there is no simulated server \"{SERVER}\"; report this as a bug"));
        let personality = Personality::named(SERVER).ok_or_else(missing)?;
        let dav = Dav::builder(personality.clone()).user(USER, PASSWORD).build();
        let serving = simulated::serve(&dav, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        Ok(Self { dav, personality, serving })
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        self.serving.base_url()
    }

    /// Puts the samples into it that were laid out for it; how many.
    pub(crate) fn fill(&self, dir: &Path) -> Result<u64> {
        let loaded = simulated::load(&self.dav, &self.personality, USER, &dir.join(FOLDER))?;
        match loaded.left.first() {
            Some(line) => Err(Failure::machine(format!("{line}; report this as a bug"))),
            None => Ok(loaded.items),
        }
    }

    /// Writes what it holds into its folder, from which `pimkit simulate --load` takes it again under the same paths.
    pub(crate) fn keep(&self, dir: &Path) -> Result<()> {
        for collection in self.dav.collections(USER) {
            let slug = collection.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
            let folder = dir.join(FOLDER).join(collection.displayname.unwrap_or(slug));
            fs::create_dir_all(&folder).map_err(|e| layout::failed(&folder, &e))?;
            let extension = if collection.kind == CollectionKind::AddressBook { "vcf" } else { "ics" };
            for path in self.dav.list(&collection.path) {
                let (Some((_, body)), Some(name)) = (self.dav.get(&path), path.rsplit('/').next()) else { continue };
                let file = folder.join(name);
                if !name.ends_with(&format!(".{extension}")) {
                    return Err(layout::failed(&file, &io::Error::other(format!("its name does not end in .{extension}"))));
                }
                fs::write(&file, body).map_err(|e| layout::failed(&file, &e))?;
            }
        }
        Ok(())
    }

    /// How it is started again.
    pub(crate) fn again(&self, dir: &Path) -> String {
        format!("pimkit simulate --listen {} --load {}", self.serving.address(), dir.join(FOLDER).display())
    }

    /// Ends it.
    pub(crate) async fn stop(self) {
        self.serving.stop().await;
    }
}

/// Writes a file that only its owner reads.
pub(super) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

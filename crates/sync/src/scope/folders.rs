//! Which far collections may be chosen at all.

use crate::{policy::Folders, run::Run};
use pimkit_core::{Collection, Error, ErrorKind, Record, Result, Sharing, Side};

fn word(sharing: Sharing) -> &'static str {
    match sharing {
        Sharing::Private => "private",
        Sharing::Shared => "shared",
        Sharing::Public => "public",
    }
}

impl<R: Record> Run<R> {
    /// Of the collections that a sync would read those that it may: under `folders = private` only the account's own.
    ///
    /// # Errors
    /// `PermissionDenied` for one that was `named` and is shared or public.
    pub(crate) fn only_private(&mut self, side: Side, chosen: Vec<Collection>, named: bool) -> Result<Vec<Collection>> {
        if side == Side::Left || self.setup.policy.folders != Folders::Private {
            return Ok(chosen);
        }
        let (private, others): (Vec<_>, Vec<_>) = chosen.into_iter().partition(|c| c.sharing == Sharing::Private);
        for other in others {
            let refused = format!("the collection {} is {}, and only private ones are synced", other.name, word(other.sharing));
            if named {
                let error = Error::new(ErrorKind::PermissionDenied, "only private collections are synced; choose one of the account's own");
                return Err(error.with("collection", &other.name).with("it is", word(other.sharing)));
            }
            if !self.report.remarks.contains(&refused) {
                self.report.remarks.push(refused);
            }
        }
        Ok(private)
    }
}

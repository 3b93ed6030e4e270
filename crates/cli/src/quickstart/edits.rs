//! Edits on both sides, as a user's programs would make them.

use super::layout;
use crate::{
    failure::{Failure, Result},
    reading,
};
use pimkit::{Connector, Contact, Event, Fields, Key, Outcome, Record, Value, Write, WriteOptions};
use serde::Serialize;
use serde_json::json;
use std::path::Path;

/// One edit, for the report.
#[derive(Debug, Serialize)]
pub(crate) struct Edit {
    /// `app` or `folder`.
    pub(crate) place: &'static str,
    /// The record, by name.
    pub(crate) record: &'static str,
    pub(crate) field: &'static str,
    pub(crate) to: &'static str,
}

const NORA: &str = "5B0D1C5E-6C3B-4C0A-9F0E-3C2D3A1B7F01";
const LUNCH: &str = "7A5D0F2C-4E0B-4F7C-8B61-2C9E5D3F1A44";

/// In the folder: the card gets another title.
pub(crate) fn far(dir: &Path) -> Result<Edit> {
    let to = "Lead architect";
    replace(dir, "contacts/friends/nora-berger.vcf", "TITLE:Architect", "TITLE:Lead architect")?;
    Ok(Edit { place: "folder", record: "Nora Maria Berger", field: "titles", to })
}

/// In the app: the same contact gets another note.
pub(crate) async fn hub(account: &str, store: &dyn Connector) -> Result<Edit> {
    let to = "Wants the drawings by May.";
    change::<Contact>(account, store, NORA, "notes", json!([to])).await?;
    Ok(Edit { place: "app", record: "Nora Maria Berger", field: "notes", to })
}

/// On both sides: one field of one event.
pub(crate) async fn both(dir: &Path, account: &str, store: &dyn Connector) -> Result<[Edit; 2]> {
    let (app, folder) = ("Team lunch (guests welcome)", "Team lunch at Luigi's");
    change::<Event>(account, store, LUNCH, "title", json!(app)).await?;
    replace(dir, "calendars/work/team-lunch.ics", "SUMMARY:Team lunch\r\n", "SUMMARY:Team lunch at Luigi's\r\n")?;
    Ok([
        Edit { place: "app", record: "Team lunch", field: "title", to: app },
        Edit { place: "folder", record: "Team lunch", field: "title", to: folder },
    ])
}

fn replace(dir: &Path, file: &str, from: &str, to: &str) -> Result<()> {
    let path = dir.join(file);
    let text = std::fs::read_to_string(&path).map_err(|e| layout::failed(&path, &e))?;
    if !text.contains(from) {
        return Err(Failure::machine(format!("{}: has changed meanwhile; run the quickstart again", path.display())));
    }
    std::fs::write(&path, text.replacen(from, to, 1)).map_err(|e| layout::failed(&path, &e))
}

async fn change<R: Record>(account: &str, store: &dyn Connector, uid: &str, field: &str, to: Value) -> Result<()> {
    let repository = reading::repository::<R>(account, store)?;
    for collection in reading::collections(account, repository.as_ref(), None).await? {
        for found in repository.find(&collection.id, &[Key::Uid(uid.to_owned())]).await {
            let Some(stored) = found?.into_iter().next() else { continue };
            let target = stored.record.with(&Fields::from([(field.into(), to)]))?;
            let write = Write::Update {
                id: stored.id,
                revision: stored.revision,
                base: Box::new(stored.record),
                target: Box::new(target),
                mark: None,
            };
            return match repository.write(&collection.id, vec![write], &WriteOptions::default()).await.into_iter().next() {
                Some(Outcome::Written { .. }) => Ok(()),
                Some(Outcome::Refused(error) | Outcome::Unknown(error)) => Err(error.into()),
                Some(Outcome::Conflict { .. }) | None => Err(missing(R::KIND)),
            };
        }
    }
    Err(missing(R::KIND))
}

fn missing(kind: pimkit::Kind) -> Failure {
    Failure::machine(format!("one of the sample {} did not arrive in the app store; report this as a bug", kind.plural()))
}

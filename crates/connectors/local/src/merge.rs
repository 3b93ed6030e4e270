//! Merging duplicates, and turning a lead into a contact.

use crate::{
    crm,
    error::{Res, denied, invalid, not_there},
    row::{self, New, Raw},
    store::{Local, next_seq},
};
use pimkit_core::{Action, AppEvent, Contact, Error, ErrorKind, Fields, ItemId, Kind, Record, Removal, Result, Stored, Value};
use rusqlite::{Transaction, params};
use std::collections::BTreeSet;

/// What the winner lacked, from a loser: fields that it does not have, and elements of sets.
/// Fields of one group go together, and only where the winner has none of them.
fn filled(winner: &Contact, loser: &Contact) -> Fields {
    let (has, other) = (winner.fields(), loser.fields());
    let catalogue = Contact::catalogue();
    let mut fill = Fields::new();
    for (field, value) in other {
        let Some(def) = catalogue.field(field.as_str()) else { continue };
        // What a record is and how it is named belong to the record that stays.
        if def.path == "kind" || def.identity && winner.uid.is_some() {
            continue;
        }
        let group_taken = def.group.is_some_and(|group| catalogue.group(group).any(|d| has.contains_key(d.path)));
        match has.get(&field) {
            None if !group_taken => {
                fill.insert(field, value);
            }
            Some(Value::Array(held)) => {
                if let Some(united) = united(def.element, held, &value) {
                    fill.insert(field, united);
                }
            }
            _ => {}
        }
    }
    fill
}

fn united(element: Option<fn(&Value) -> String>, held: &[Value], more: &Value) -> Option<Value> {
    let (element, more) = (element?, more.as_array()?);
    let names: BTreeSet<String> = held.iter().map(element).collect();
    let fresh: Vec<Value> = more.iter().filter(|v| !names.contains(&element(v))).cloned().collect();
    if fresh.is_empty() { None } else { Some(held.iter().cloned().chain(fresh).collect()) }
}

fn log(tx: &Transaction<'_>, event: &AppEvent) -> Res<()> {
    let text = serde_json::to_string(event)
        .map_err(|e| Error::new(ErrorKind::Unexpected, "an app event cannot be written as JSON").caused_by(e))?;
    tx.execute("INSERT INTO app_event (seq, event) VALUES (?1, ?2)", params![next_seq(tx)?, text])?;
    Ok(())
}

impl Local {
    /// Merges duplicates: the winner stays, with what it lacked from the losers, their deals and
    /// activities; the losers are gone. The event is kept for [`App::events`](pimkit_core::App::events).
    ///
    /// # Errors
    /// `InvalidData` when a record is not there or named twice, `PermissionDenied` when the user may
    /// not change the winner and delete the losers. Nothing is changed then.
    pub async fn merge(&self, winner: &ItemId, losers: &[ItemId]) -> Result<Stored<Contact>> {
        self.db.write("local.merge", |tx| {
            let rights = self.rights(tx)?;
            let names: BTreeSet<&ItemId> = losers.iter().chain([winner]).collect();
            if losers.is_empty() || names.len() != losers.len() + 1 {
                return Err(invalid("a merge takes one winner and other records, each once").into());
            }
            let kept = row::visible(tx, &rights, Kind::Contact, winner)?;
            if !kept.may(&rights, Action::Edit) {
                return Err(denied("the user may not change the record that stays"));
            }
            let mut record: Contact = kept.record()?;
            for loser in losers {
                let raw = row::visible(tx, &rights, Kind::Contact, loser)?;
                if !raw.may(&rights, Action::Delete) {
                    return Err(denied("the user may not delete a record that would go"));
                }
                record = record.with(&filled(&record, &raw.record()?))?;
                crm::hand_over(tx, raw.id, kept.id)?;
                // The winner's photo may be the loser's: named by the winner before the loser goes.
                row::replace(tx, kept.id, &record, self.db.now())?;
                row::purge(tx, &raw, Removal::Deleted)?;
            }
            log(tx, &AppEvent::Merged { kind: Kind::Contact, winner: winner.clone(), losers: losers.to_vec() })?;
            Ok(row::visible(tx, &rights, Kind::Contact, winner)?.stored(&rights)?)
        })
    }

    /// Makes a contact of a lead, with its photo, deals and activities. The lead is gone; the event is kept.
    ///
    /// # Errors
    /// `InvalidData` when this is not a lead, `PermissionDenied` when the user may not change it.
    pub async fn convert(&self, lead: &ItemId) -> Result<Stored<Contact>> {
        self.db.write("local.convert", |tx| {
            let rights = self.rights(tx)?;
            let raw: Raw = row::visible(tx, &rights, Kind::Contact, lead)?;
            if raw.collection != "leads" {
                return Err(invalid("only a lead can be converted; this record is none").with("collection", &raw.collection).into());
            }
            if !raw.may(&rights, Action::Edit) || !rights.allowed(Kind::Contact, Action::Create) {
                return Err(denied("the user may not convert this lead; ask its owner or an admin"));
            }
            let record: Contact = raw.record()?;
            let new = New {
                collection: "contacts",
                record: &record,
                mark: raw.mark.as_deref(),
                owner: raw.owner.as_deref(),
                provenance: raw.provenance,
                now: self.db.now(),
            };
            let id = row::insert(tx, &new)?;
            crm::hand_over(tx, raw.id, id)?;
            row::hand_marks(tx, raw.id, id)?;
            row::purge(tx, &raw, Removal::Left)?;
            let to = row::get(tx, Kind::Contact, id)?.ok_or_else(|| not_there(lead))?.item();
            log(tx, &AppEvent::Converted { kind: Kind::Contact, from: lead.clone(), to: to.clone() })?;
            Ok(row::visible(tx, &rights, Kind::Contact, &to)?.stored(&rights)?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_core::EmailAddress;

    fn email(address: &str) -> EmailAddress {
        EmailAddress { address: address.into(), ..Default::default() }
    }

    #[test]
    fn a_winner_gets_what_it_lacks_and_keeps_what_it_has() {
        let winner = Contact::build(|c| {
            c.name.given = Some("Ada".into());
            c.emails = vec![email("ada@example.org")];
            c.notes = vec!["mine".into()];
        });
        let loser = Contact::build(|c| {
            c.uid = Some("u".into());
            c.name.full = Some("A. Lovelace".into());
            c.emails = vec![email("ADA@example.org"), email("ada@work.example")];
            c.nicknames = vec!["Countess".into()];
            c.custom = [("Shoe".to_owned(), Value::from(38))].into();
        });
        let merged = winner.with(&filled(&winner, &loser)).unwrap();
        assert_eq!(merged.name, winner.name, "the parts of a name are never mixed");
        assert_eq!(merged.emails, [email("ada@example.org"), email("ada@work.example")]);
        assert_eq!((merged.uid.as_deref(), merged.nicknames.len(), merged.notes.len()), (Some("u"), 1, 1));
        assert_eq!(merged.custom.get("Shoe"), Some(&Value::from(38)));
    }
}

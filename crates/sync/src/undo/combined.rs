//! Several deeds of one run on one pair, as the one deed that they come to.

use pimkit_core::{FieldChange, Fields, JournalRow, Record, Result, Value};

/// The one row; none where nothing is left to take back.
pub(super) fn combined<R: Record>(rows: Vec<JournalRow>) -> Result<Option<JournalRow>> {
    let mut rows = rows.into_iter();
    let Some(mut all) = rows.next() else { return Ok(None) };
    for row in rows {
        all = match (all.action.as_str(), row.action.as_str()) {
            // Made and gone again in one run.
            ("created", "deleted") => return Ok(None),
            // What was deleted is to be as it was before it was changed.
            (_, "deleted") => {
                let before = row.before.as_deref().map(|bytes| before_changes::<R>(bytes, &all, &row)).transpose()?;
                JournalRow { before, ..row }
            }
            ("created", _) => JournalRow { changes: follow(all.changes, &row.changes), item: row.item, hub_item: row.hub_item, ..all },
            _ => JournalRow { changes: follow(all.changes, &row.changes), body: all.body, ..row },
        };
    }
    Ok(Some(all))
}

/// From the first value to the last, field by field.
fn follow(mut first: Vec<FieldChange>, then: &[FieldChange]) -> Vec<FieldChange> {
    for change in then {
        match first.iter_mut().find(|c| c.side == change.side && c.field == change.field) {
            Some(known) => known.to.clone_from(&change.to),
            None => first.push(change.clone()),
        }
    }
    first
}

fn before_changes<R: Record>(bytes: &[u8], earlier: &JournalRow, deleted: &JournalRow) -> Result<Vec<u8>> {
    let record: R = pimkit_core::decode_record(bytes)?;
    let here = earlier.changes.iter().filter(|c| Some(c.side) == deleted.side);
    let fields: Fields = here.map(|c| (c.field.clone(), c.from.clone().unwrap_or(Value::Null))).collect();
    pimkit_core::encode_record(&record.with(&fields)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_core::{Contact, Kind, Side};
    use serde_json::json;

    fn row(action: &str, changes: &[(&str, Value, Value)], before: Option<&str>) -> JournalRow {
        let some = |v: &Value| Some(v.clone()).filter(|v| !v.is_null());
        JournalRow {
            seq: 1,
            run: 7,
            sync: "s".into(),
            at: jiff::Timestamp::UNIX_EPOCH,
            kind: Kind::Contact,
            link: Some("l".to_owned()),
            hub_item: Some("h".into()),
            account: "far".into(),
            item: None,
            action: action.to_owned(),
            side: Some(Side::Left),
            policy: None,
            why: String::new(),
            changes: changes
                .iter()
                .map(|(f, from, to)| FieldChange { side: Side::Left, field: (*f).into(), from: some(from), to: some(to) })
                .collect(),
            lost: Vec::new(),
            before: before.map(|name| pimkit_core::encode_record(&Contact::build(|c| c.name.full = Some(name.to_owned()))).unwrap()),
            body: Value::Null,
        }
    }

    #[test]
    fn what_was_done_twice_goes_back_to_the_first_value() {
        let one = row("updated", &[("name.full", json!("a"), json!("b"))], None);
        let two = row("updated", &[("name.full", json!("b"), json!("c")), ("birthday", Value::Null, json!("x"))], None);
        let all = combined::<Contact>(vec![one.clone(), two]).unwrap().unwrap();
        let said: Vec<_> = all.changes.iter().map(|c| (c.field.as_str(), c.from.clone(), c.to.clone())).collect();
        assert_eq!(said, [("name.full", Some(json!("a")), Some(json!("c"))), ("birthday", None, Some(json!("x")))]);
        let gone = combined::<Contact>(vec![one, row("deleted", &[], Some("b"))]).unwrap().unwrap();
        let before: Contact = pimkit_core::decode_record(&gone.before.unwrap()).unwrap();
        assert_eq!((gone.action.as_str(), before.name.full.as_deref()), ("deleted", Some("a")));
        assert_eq!(combined::<Contact>(vec![row("created", &[], None), row("deleted", &[], Some("a"))]).unwrap(), None);
    }
}

//! What is kept beside a record so that it is found: names, addresses, keywords, blobs.

use crate::error::Res;
use pimkit_core::{Fields, Kind, Record, Value};
use rusqlite::{Transaction, params};
use std::collections::BTreeSet;

#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) name: Option<String>,
    pub(crate) search: String,
    emails: BTreeSet<String>,
    keywords: BTreeSet<String>,
    pub(crate) digests: BTreeSet<String>,
}

fn texts<'a>(fields: &'a Fields, field: &str, key: &str) -> impl Iterator<Item = &'a str> {
    let values: &[Value] = match fields.get(field) {
        Some(Value::Array(list)) => list,
        Some(value) => std::slice::from_ref(value),
        None => &[],
    };
    let key = key.to_owned();
    values.iter().filter_map(move |v| if key.is_empty() { v.as_str() } else { v.get(&key).and_then(Value::as_str) })
}

impl Index {
    pub(crate) fn of<R: Record>(record: &R) -> Self {
        let fields = record.fields();
        let text = |field: &str| fields.get(field).and_then(Value::as_str).map(str::to_owned);
        let parts = ["name.title", "name.given", "name.given2", "name.surname", "name.surname2"];
        let joined = parts.iter().filter_map(|p| text(p)).collect::<Vec<_>>().join(" ");
        let name = text("name.full")
            .or_else(|| text("title").filter(|_| R::KIND != Kind::User))
            .or_else(|| text("subject"))
            .or_else(|| Some(joined).filter(|j| !j.is_empty()))
            .or_else(|| texts(&fields, "organizations", "name").next().map(str::to_owned));
        let addresses = [("emails", "address"), ("from", "address"), ("to", "address"), ("cc", "address")];
        let emails: BTreeSet<String> = addresses.iter().flat_map(|(f, k)| texts(&fields, f, k)).map(|a| a.trim().to_lowercase()).collect();
        let mut words: Vec<String> = name.iter().cloned().chain(emails.iter().cloned()).collect();
        for (field, key) in [("nicknames", ""), ("organizations", "name"), ("titles", "name"), ("name.full", ""), ("title", "")] {
            words.extend(texts(&fields, field, key).map(str::to_owned));
        }
        words.extend(parts.iter().filter_map(|p| text(p)));
        Self {
            name,
            // A line break between words, so that no hit spans two of them.
            search: words.join("\n").to_lowercase(),
            emails,
            keywords: texts(&fields, "keywords", "").map(str::to_owned).collect(),
            digests: record.blobs().iter().filter_map(|b| b.digest).map(|d| d.to_string()).collect(),
        }
    }

    /// Puts the rows beside the item in place of those that were there.
    pub(crate) fn save(&self, tx: &Transaction<'_>, kind: Kind, item: i64) -> Res<()> {
        for table in ["email", "item_keyword", "item_blob"] {
            tx.prepare_cached(&format!("DELETE FROM {table} WHERE item = ?1"))?.execute([item])?;
        }
        for address in &self.emails {
            tx.prepare_cached("INSERT INTO email (item, address) VALUES (?1, ?2)")?.execute(params![item, address])?;
        }
        for keyword in &self.keywords {
            tx.prepare_cached("INSERT INTO item_keyword (item, keyword) VALUES (?1, ?2)")?.execute(params![item, keyword])?;
            tx.prepare_cached("INSERT OR IGNORE INTO category (kind, name) VALUES (?1, ?2)")?.execute(params![kind.plural(), keyword])?;
        }
        for digest in &self.digests {
            tx.prepare_cached("INSERT INTO item_blob (item, digest) VALUES (?1, ?2)")?.execute(params![item, digest])?;
        }
        Ok(())
    }
}

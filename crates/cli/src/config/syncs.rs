//! `[[syncs]]`: which accounts, which kind, under which policies.

use super::{AccountConfig, there_are, tree::Table};
use crate::{failure::Result, kinds::all_fields};
use pimkit::{
    Kind,
    sync::{FieldMap, FieldPair, Policy},
};
use std::collections::BTreeMap;

/// One sync of the configuration.
#[derive(Clone, Debug)]
pub(crate) struct SyncConfig {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// The hub's account.
    pub(crate) left: String,
    /// The far account.
    pub(crate) right: String,
    /// Of the far side; all when empty.
    pub(crate) collections: Vec<String>,
    /// Of the hub; all when empty.
    pub(crate) left_collections: Vec<String>,
    /// Where the configuration names the collections of the hub, and of the far side.
    pub(crate) collections_at: [String; 2],
    pub(crate) policy: Policy,
    pub(crate) fields: Vec<FieldPair>,
    /// Where the configuration speaks of it: `pimkit.toml:9`.
    pub(crate) place: String,
}

/// The keys that are no policies.
const KEYS: &[&str] = &["name", "kind", "left", "right", "collections", "left_collections", "fields", "profile"];
impl SyncConfig {
    pub(super) fn read(table: &Table<'_>, accounts: &BTreeMap<String, AccountConfig>) -> Result<Self> {
        let mut policy = match table.text("profile")? {
            Some(name) => Policy::profile(name).map_err(|e| table.refuse("profile", e))?,
            None => Policy::default(),
        };
        let values = table.json(KEYS);
        for key in table.keys().into_iter().filter(|key| !KEYS.contains(key)) {
            if !Policy::keys().contains(&key) {
                let known = [KEYS, &Policy::keys()].concat().join(", ");
                return Err(table.refuse(key, format!("unknown key \"{key}\" in [[syncs]]; there are: {known}")));
            }
            let value = values.get(key).cloned().unwrap_or_default();
            policy.set_value(key, value).map_err(|e| table.refuse(key, e))?;
        }
        let name = table.required_text("name", "name = \"people\", or another name of its own")?;
        let word = table.required_text("kind", "kind = \"contacts\", \"events\" or \"tasks\"")?;
        let kind = Kind::parse(word)
            .ok_or_else(|| table.refuse("kind", format!("there is no kind \"{word}\"; there are: contacts, events, tasks")))?;
        policy.check(kind, true).map_err(|e| {
            let told = e.to_string();
            let about = table.keys().into_iter().find(|key| !KEYS.contains(key) && told.contains(*key));
            let profile = table.keys().contains(&"profile").then_some("profile");
            table.refuse(about.or(profile).unwrap_or("name"), e)
        })?;
        let account = |side: &str| -> Result<&AccountConfig> {
            let name = table.required_text(side, "the name of an account")?;
            let account = accounts.get(name).ok_or_else(|| {
                let names = there_are(accounts.keys(), "[accounts.NAME]");
                table.refuse(side, format!("there is no account \"{name}\"; {names}"))
            })?;
            if !account.connector.has(kind) {
                let (connector, kind) = (account.connector.name, kind.plural());
                return Err(
                    table.refuse(side, format!("account \"{name}\": the connector \"{connector}\" has no {kind}; choose another kind"))
                );
            }
            Ok(account)
        };
        let (left, right) = (account("left")?, account("right")?);
        if left.name == right.name || left.overlaps(right) {
            let line = format!("sync \"{name}\" has the same account on both sides; name two different ones");
            return Err(table.refuse("right", line));
        }
        let mut fields = Vec::new();
        for pair in table.tables("fields")? {
            pair.only(&["left", "right"])?;
            let left = pair.required_text("left", "left = \"notes\", or another field")?;
            let right =
                pair.text("right")?.ok_or_else(|| pair.missing("right", "right = \"notes\", or right = \"\" to leave the left one out"))?;
            fields.push(FieldPair { left: left.into(), right: right.into() });
            // Against everything a kind has: what the two sides lack of it is known when they are open.
            let every = all_fields(kind);
            FieldMap::new(kind, &every, &every, &fields).map_err(|e| pair.refuse("left", e))?;
        }
        Ok(Self {
            name: name.to_owned(),
            kind,
            left: left.name.clone(),
            right: right.name.clone(),
            collections: table.texts("collections")?,
            left_collections: table.texts("left_collections")?,
            collections_at: [table.place_of("left_collections"), table.place_of("collections")],
            policy,
            fields,
            place: table.place_in_file(),
        })
    }
}

//! What changed in the directory (<https://learn.microsoft.com/graph/api/user-delta>). Tokens live for seven days.

use super::{OF, only_of_one, shown};
use crate::graph::answer::{Result, Says, refuse};
use crate::graph::ask::Ask;
use crate::graph::delta::{Round, refuse_options, removed};
use crate::graph::odata::{Filter, View};
use crate::graph::store::Gone;
use crate::graph::world::World;
use serde_json::Value;
use std::collections::BTreeMap;

/// Users that a round may be about.
const FILTERED: usize = 50;

/// What to tell of a user: its id, its key while it is there, and whether it can come back.
struct Told {
    id: String,
    key: Option<String>,
    restorable: bool,
}

pub(super) fn delta(world: &World, ask: &Ask) -> Result {
    refuse_options(ask, &["top", "expand", "orderby", "search", "skip", "count"])?;
    let directory = &world.store.directory;
    let round = Round::read(world, ask, "users", directory.seq, &directory.undone)?;
    round.not_older_than(world, ask, 7 * 86_400)?;
    let asked = round.asked(ask);
    let view = View::read(&asked, OF)?;
    only_of_one(&view)?;
    let filter = asked.option("filter").map(|text| Filter::read(text, OF)).transpose()?;
    let wanted = filter.as_ref().map(|filter| filter.equals("id"));
    if wanted.as_ref().is_some_and(|ids| ids.is_empty() || ids.len() > FILTERED) {
        return refuse(400, "Request_UnsupportedQuery", format!("Change tracking takes a filter by id alone, {FILTERED} of them at most."));
    }
    let about = |id: &str| wanted.as_ref().is_none_or(|ids| ids.iter().any(|other| other.eq_ignore_ascii_case(id)));
    let places: Vec<(u64, Told)> = match round.token.since {
        None => {
            let mut all: Vec<(u64, Told)> = directory
                .users
                .iter()
                .filter(|(_, user)| about(&user.id))
                .map(|(key, user)| (user.seq, Told { id: user.id.clone(), key: Some(key.clone()), restorable: false }))
                .collect();
            all.sort_by_key(|(seq, _)| *seq);
            all
        }
        Some(since) => {
            let mut last = BTreeMap::new();
            let tracked = |names: &[String]| {
                names.is_empty() || view.select.as_ref().is_none_or(|select| names.iter().any(|name| select.contains(name)))
            };
            for happened in directory.log.iter().filter(|one| one.seq > since && one.seq <= round.token.until) {
                if about(&happened.id) && tracked(&happened.names) {
                    last.insert(&happened.id, happened);
                }
            }
            let mut all: Vec<(u64, Told)> = last
                .into_values()
                .map(|one| (one.seq, Told { id: one.id.clone(), key: one.key.clone(), restorable: one.restorable }))
                .collect();
            all.sort_by_key(|(seq, _)| *seq);
            all
        }
    };
    let rows = |told: &Told| match told.key.as_ref().and_then(|key| directory.users.get(key)) {
        Some(user) => vec![Value::Object(shown(user, &view))],
        None => vec![removed(told.id.clone(), if told.restorable { Gone::Changed } else { Gone::Deleted })],
    };
    let context = Value::from(format!("{}/$metadata#users", ask.root));
    Ok(round.page(world, ask, Says::Many(OF), context, places, &rows))
}

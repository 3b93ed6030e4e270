//! Fields that an override names although the series says the same.
//!
//! An override of a record names some fields and inherits the others (RFC 8984 section 4.3.5): it may name one at the value
//! that the series has, and then keeps it when the series' changes. A component of RFC 5545 says all of its fields, so reading
//! takes those for named that differ from the series. The property X-PIMKITNAMED of the override lists what is named and does
//! not differ, as a list of texts: `X-PIMKITNAMED:locations,title`. A name in it that differs, or is no field, says nothing.

use std::collections::BTreeSet;

use pimkit_core::{Field, Fields, Override, Overrides, RecurrenceId, Value, diff};

use super::Context;
use super::item::Item;
use crate::text::{Component, ContentLine};

/// The property. No hyphen follows our name: it is no field of the user's own making.
const NAMED: &str = "X-PIMKITNAMED";

/// Fields that an override can name: not those of the series as a whole.
fn can_be_named<R: Item>(field: &Field) -> bool {
    let of_the_series = ["uid", "recurrenceRules", "excludedRecurrenceRules", "recurrenceOverrides"];
    R::catalogue().field(field.as_str()).is_some() && !of_the_series.contains(&field.as_str())
}

fn listed<R: Item>(c: &Component, context: &Context) -> BTreeSet<Field> {
    let names = c.contents(NAMED).flat_map(|line| line.list(context.dialect));
    names.map(Field::from).filter(can_be_named::<R>).collect()
}

/// Adds to what an override was read to change the fields that its component lists.
pub(super) fn read<R: Item>(c: &Component, master: &R, id: RecurrenceId, patch: &mut Fields, context: &Context) {
    let names = listed::<R>(c, context);
    if names.is_empty() {
        return;
    }
    let expected = master.occurrence(id);
    for field in names {
        let value = expected.get(field.as_str()).unwrap_or(Value::Null);
        patch.entry(field).or_insert(value);
    }
}

/// Makes a component list what its override names without a difference.
pub(super) fn patch<R: Item>(c: &mut Component, master: &R, id: RecurrenceId, overrides: &Overrides, context: &Context) {
    let nothing = Fields::new();
    let named = match overrides.get(&id) {
        Some(Override::Changed(patch)) => patch,
        _ => &nothing,
    };
    let expected = master.occurrence(id);
    let Ok(full) = expected.with(named) else { return };
    let differing: BTreeSet<Field> = diff(&expected, &full).into_iter().map(|d| d.field).collect();
    let wanted: BTreeSet<&Field> = named.keys().filter(|field| can_be_named::<R>(field) && !differing.contains(*field)).collect();
    let listed = listed::<R>(c, context);
    if listed.iter().filter(|field| !differing.contains(*field)).collect::<BTreeSet<_>>() == wanted {
        return;
    }
    c.remove(NAMED);
    if !wanted.is_empty() {
        let names: Vec<&str> = wanted.into_iter().map(Field::as_str).collect();
        let mut line = ContentLine::new(NAMED, "");
        line.set_list(&names, context.dialect);
        c.add(line);
    }
}

//! A series as one record, and as master plus exceptions: both ways.
//!
//! Providers keep a series as a master and separate exceptions; a [`Record`] keeps it as one, with
//! [`Overrides`] that name only what differs (RFC 8984 section 4.3.5).

use crate::{
    Error, ErrorKind, Event, Field, Fields, Override, Overrides, Record, RecurrenceId, RecurrenceRule, Result, Task, Value, When, diff,
};
use jiff::{SignedDuration, civil};

/// A kind that can repeat.
pub trait Series: Record {
    /// When the series starts.
    fn start(&self) -> Option<&When>;
    /// The rules by which it repeats.
    fn rules(&self) -> &[RecurrenceRule];
    /// Its overrides.
    fn overrides(&self) -> &Overrides;
    /// The record with these overrides.
    #[must_use]
    fn with_overrides(self, overrides: Overrides) -> Self;
    /// The occurrence that the rules put at `id`: start and end moved there, no rules, no overrides.
    fn occurrence(&self, id: RecurrenceId) -> Self;
    /// True when it repeats, or has single added dates.
    fn repeats(&self) -> bool {
        !self.rules().is_empty() || !self.overrides().is_empty()
    }
}

/// The same case of time, as much later on the wall as `to` is after `from`.
fn moved(time: &When, from: civil::DateTime, to: civil::DateTime) -> Option<When> {
    let by = to.duration_since(from);
    time.wall().checked_add(by).ok().map(|wall| time.with_wall(wall))
}

impl Series for Event {
    fn start(&self) -> Option<&When> {
        self.start.as_ref()
    }
    fn rules(&self) -> &[RecurrenceRule] {
        &self.recurrence_rules
    }
    fn overrides(&self) -> &Overrides {
        &self.recurrence_overrides
    }
    fn with_overrides(mut self, overrides: Overrides) -> Self {
        self.recurrence_overrides = overrides;
        self
    }
    fn occurrence(&self, id: RecurrenceId) -> Self {
        let mut one = self.clone();
        one.recurrence_rules.clear();
        one.excluded_recurrence_rules.clear();
        one.recurrence_overrides.clear();
        if let Some(start) = &self.start {
            one.start = Some(start.with_wall(id.0));
            one.end = self.end.as_ref().and_then(|end| moved(end, start.wall(), id.0));
        }
        one
    }
}

impl Series for Task {
    /// A task without a start repeats from its due time.
    fn start(&self) -> Option<&When> {
        self.start.as_ref().or(self.due.as_ref())
    }
    fn rules(&self) -> &[RecurrenceRule] {
        &self.recurrence_rules
    }
    fn overrides(&self) -> &Overrides {
        &self.recurrence_overrides
    }
    fn with_overrides(mut self, overrides: Overrides) -> Self {
        self.recurrence_overrides = overrides;
        self
    }
    fn occurrence(&self, id: RecurrenceId) -> Self {
        let mut one = self.clone();
        one.recurrence_rules.clear();
        one.excluded_recurrence_rules.clear();
        one.recurrence_overrides.clear();
        if let Some(anchor) = Series::start(self).map(When::wall) {
            one.start = self.start.as_ref().and_then(|t| moved(t, anchor, id.0));
            one.due = self.due.as_ref().and_then(|t| moved(t, anchor, id.0));
        }
        one
    }
}

/// Fields that belong to the series as a whole: never part of an override.
fn of_the_series(field: &Field) -> bool {
    matches!(field.as_str(), "uid" | "recurrenceRules" | "excludedRecurrenceRules" | "recurrenceOverrides")
}

/// One exception of a series, as providers keep it.
#[derive(Clone, Debug, PartialEq)]
pub struct Exception<R> {
    /// Where the rules put the occurrence.
    pub id: RecurrenceId,
    /// What the occurrence is like in full; absent when it does not take place.
    pub record: Option<R>,
}

/// Makes one record of a master and its exceptions. Overrides that the master has already stay
/// unless an exception names the same occurrence.
///
/// # Errors
/// `InvalidData` when the master has no start: nothing can be an exception of it.
pub fn assemble<R: Series>(master: R, exceptions: impl IntoIterator<Item = Exception<R>>) -> Result<R> {
    let mut overrides = master.overrides().clone();
    for exception in exceptions {
        if master.start().is_none() {
            return Err(Error::new(ErrorKind::InvalidData, "a series without a start has exceptions; give it a start")
                .with("kind", R::KIND.plural()));
        }
        let what = match exception.record {
            None => Override::Excluded,
            Some(record) => {
                let expected = master.occurrence(exception.id);
                let patch: Fields = diff(&expected, &record)
                    .into_iter()
                    .filter(|d| !of_the_series(&d.field))
                    .map(|d| (d.field, d.to.unwrap_or(Value::Null)))
                    .collect();
                Override::Changed(patch)
            }
        };
        overrides.insert(exception.id, what);
    }
    Ok(master.with_overrides(overrides))
}

/// Takes a record apart into the master, without overrides, and its exceptions in full.
///
/// # Errors
/// `InvalidData` when an override names a field that the kind has not, or a value of another shape.
pub fn split<R: Series>(record: &R) -> Result<(R, Vec<Exception<R>>)> {
    let mut exceptions = Vec::with_capacity(record.overrides().len());
    for (id, what) in record.overrides() {
        let one = match what {
            Override::Excluded => None,
            Override::Changed(patch) => Some(record.occurrence(*id).with(patch)?),
        };
        exceptions.push(Exception { id: *id, record: one });
    }
    Ok((record.clone().with_overrides(Overrides::new()), exceptions))
}

/// The overrides, their keys as much later as the series was moved: what is to become of them when
/// one side shifts a series (start `from` to `to`).
#[must_use]
pub fn shifted(overrides: &Overrides, from: &When, to: &When) -> Overrides {
    let by: SignedDuration = to.wall().duration_since(from.wall());
    overrides.iter().filter_map(|(id, what)| id.0.checked_add(by).ok().map(|at| (RecurrenceId(at), what.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Frequency, RecurrenceRule, Until};
    use jiff::civil::{date, datetime};

    fn weekly() -> Event {
        Event::build(|e| {
            e.uid = Some("u".into());
            e.title = Some("Jour fixe".into());
            e.description = Some("as ever".into());
            e.start = Some(When::zoned(datetime(2026, 3, 2, 9, 0, 0, 0), "Europe/Vienna"));
            e.end = Some(When::zoned(datetime(2026, 3, 2, 10, 0, 0, 0), "Europe/Vienna"));
            e.recurrence_rules = vec![RecurrenceRule { frequency: Frequency::Weekly, ..RecurrenceRule::default() }];
        })
    }

    #[test]
    fn an_exception_becomes_only_what_differs_and_comes_back_whole() {
        let master = weekly();
        let second = RecurrenceId(datetime(2026, 3, 9, 9, 0, 0, 0));
        let third = RecurrenceId(datetime(2026, 3, 16, 9, 0, 0, 0));
        let mut moved = master.occurrence(second);
        moved.start = Some(When::zoned(datetime(2026, 3, 9, 11, 0, 0, 0), "Europe/Vienna"));
        moved.end = Some(When::zoned(datetime(2026, 3, 9, 12, 0, 0, 0), "Europe/Vienna"));
        moved.description = None;
        let exceptions = vec![Exception { id: second, record: Some(moved) }, Exception { id: third, record: None }];

        let series = assemble(master.clone(), exceptions.clone()).unwrap();
        let Override::Changed(patch) = &series.recurrence_overrides[&second] else { panic!("changed") };
        assert_eq!(patch.keys().map(Field::as_str).collect::<Vec<_>>(), ["description", "end", "start"]);
        assert_eq!(patch["description"], Value::Null);
        assert_eq!(series.recurrence_overrides[&third], Override::Excluded);

        assert_eq!(split(&series).unwrap(), (master, exceptions));
    }

    #[test]
    fn an_exception_that_is_as_the_rules_make_it_is_an_empty_override() {
        let master = weekly();
        let id = RecurrenceId(datetime(2026, 3, 9, 9, 0, 0, 0));
        let series = assemble(master.clone(), [Exception { id, record: Some(master.occurrence(id)) }]).unwrap();
        assert_eq!(series.recurrence_overrides[&id], Override::added());
    }

    #[test]
    fn overrides_are_compared_as_their_fields_are() {
        let with = |patch: serde_json::Value| {
            let fields: Fields = serde_json::from_value(patch).unwrap();
            let id = RecurrenceId(datetime(2026, 3, 9, 9, 0, 0, 0));
            weekly().with_overrides(Overrides::from([(id, Override::Changed(fields))]))
        };
        let one = with(serde_json::json!({"keywords": ["a", "b"], "title": null}));
        assert!(diff(&one, &with(serde_json::json!({"keywords": ["b", "a"], "title": null}))).is_empty(), "order is no difference");
        assert_eq!(diff(&one, &with(serde_json::json!({"keywords": ["a", "b"]}))).len(), 1, "no title is not the series' title");
        assert_eq!(diff(&one, &with(serde_json::json!({"keywords": ["a"], "title": null}))).len(), 1);
    }

    #[test]
    fn overrides_move_with_their_series() {
        let mut series = weekly();
        series.recurrence_overrides.insert(RecurrenceId(datetime(2026, 3, 9, 9, 0, 0, 0)), Override::Excluded);
        let later = When::zoned(datetime(2026, 3, 2, 9, 30, 0, 0), "Europe/Vienna");
        let keys: Vec<_> = shifted(&series.recurrence_overrides, series.start.as_ref().unwrap(), &later).into_keys().collect();
        assert_eq!(keys, [RecurrenceId(datetime(2026, 3, 9, 9, 30, 0, 0))]);
    }

    #[test]
    fn a_rule_that_ends_on_a_day_stays_so_in_json() {
        for until in [Until::On(date(2026, 3, 9)), Until::At(datetime(2026, 3, 9, 0, 0, 0, 0))] {
            let json = serde_json::to_string(&until).unwrap();
            assert_eq!(serde_json::from_str::<Until>(&json).unwrap(), until, "{json}");
        }
    }

    #[test]
    fn a_series_with_overrides_survives_json() {
        let mut series = weekly();
        series.recurrence_overrides.insert(RecurrenceId(datetime(2026, 3, 9, 9, 0, 0, 0)), Override::Excluded);
        series.recurrence_overrides.insert(RecurrenceId(datetime(2026, 3, 16, 9, 0, 0, 0)), Override::added());
        let bytes = crate::encode_record(&series).unwrap();
        assert_eq!(crate::decode_record::<Event>(&bytes).unwrap(), series);
    }
}

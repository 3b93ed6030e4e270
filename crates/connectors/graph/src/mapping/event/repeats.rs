//! How an event repeats ([`patternedRecurrence`](https://learn.microsoft.com/graph/api/resources/patternedrecurrence)).
//!
//! Properties that the type of a pattern does not use come back as zeros and `first`, and are passed over; on write even they are
//! checked, so that only what the type needs is sent.

use crate::mapping::Item;
use jiff::civil::Date;
use pimkit_core::{Day, Error, ErrorKind, Event, RecurrenceRule, Result};
use pimkit_exchange::recurrence::{self, End, Index, Pattern, Recurrence, day_word, days_of_word};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

fn odd(property: &'static str) -> Error {
    let says = "the recurrence of the event is none that is known; look at it in Outlook";
    Error::new(ErrorKind::InvalidData, says).with("property", property)
}

/// The rule of a resource; none when it does not repeat.
///
/// # Errors
/// `InvalidData` for a pattern or range that is not known: the item is there, and cannot be read.
pub(crate) fn read(item: &Item<'_>) -> Result<Option<RecurrenceRule>> {
    let Some(outer) = item.item("recurrence")? else { return Ok(None) };
    let (pattern, range) = match (outer.item("pattern")?, outer.item("range")?) {
        (Some(pattern), Some(range)) => (pattern, range),
        (None, None) => return Ok(None),
        // A series read as a single item would lose its dates.
        (None, Some(_)) => return Err(odd("pattern")),
        (Some(_), None) => return Err(odd("range")),
    };
    let date = |name: &'static str| -> Result<Date> { range.text(name)?.and_then(|text| text.parse().ok()).ok_or_else(|| odd(name)) };
    let end = match range.text("type")?.unwrap_or_default() {
        "noEnd" => End::Never,
        "endDate" => End::On(date("endDate")?),
        "numbered" => End::After(number(&range, "numberOfOccurrences")?),
        _ => return Err(odd("range")),
    };
    Ok(Some(recurrence::rule(&Recurrence { pattern: pattern_of(&pattern)?, start: date("startDate")?, end })))
}

fn number<N: TryFrom<i64>>(item: &Item<'_>, name: &'static str) -> Result<N> {
    item.whole_number(name)?.filter(|n| *n > 0).and_then(|n| N::try_from(n).ok()).ok_or_else(|| odd(name))
}

fn pattern_of(pattern: &Item<'_>) -> Result<Pattern> {
    let interval = || match pattern.whole_number("interval")? {
        None | Some(0) => Ok(1),
        Some(_) => number(pattern, "interval"),
    };
    let days = || -> Result<BTreeSet<Day>> {
        let mut all = BTreeSet::new();
        for word in pattern.texts("daysOfWeek")? {
            all.extend(days_of_word(word).ok_or_else(|| odd("daysOfWeek"))?);
        }
        if all.is_empty() { Err(odd("daysOfWeek")) } else { Ok(all) }
    };
    let index = || pattern.text("index")?.map_or(Some(Index::First), Index::of_word).ok_or_else(|| odd("index"));
    let day_of_month = || number::<i8>(pattern, "dayOfMonth").and_then(|day| if day <= 31 { Ok(day) } else { Err(odd("dayOfMonth")) });
    let month = || number::<i8>(pattern, "month").and_then(|month| if month <= 12 { Ok(month) } else { Err(odd("month")) });
    Ok(match pattern.text("type")?.unwrap_or_default() {
        "daily" => Pattern::Daily { interval: interval()? },
        "weekly" => {
            // Sunday, where it does not say (documented).
            let first = pattern.text("firstDayOfWeek")?.and_then(days_of_word).and_then(|days| days.first().copied());
            Pattern::Weekly { interval: interval()?, days: days()?, first_day_of_week: first.unwrap_or(Day::Su) }
        }
        "absoluteMonthly" => Pattern::AbsoluteMonthly { interval: interval()?, day_of_month: day_of_month()? },
        "relativeMonthly" => Pattern::RelativeMonthly { interval: interval()?, days: days()?, index: index()? },
        "absoluteYearly" => Pattern::AbsoluteYearly { interval: interval()?, day_of_month: day_of_month()?, month: month()? },
        "relativeYearly" => Pattern::RelativeYearly { interval: interval()?, days: days()?, index: index()?, month: month()? },
        _ => return Err(odd("pattern")),
    })
}

/// What an event's rules are to Graph; null when it does not repeat. `zone` is the name of the zone of its start.
///
/// # Errors
/// `InvalidData` when Exchange cannot hold them, with the reason.
pub(crate) fn write(event: &Event, zone: Option<&str>) -> Result<Value> {
    let Some(start) = &event.start else { return Ok(Value::Null) };
    let refused = |refusal: recurrence::Refusal| Error::new(ErrorKind::InvalidData, refusal.to_string());
    let found = recurrence::recurrence(&event.recurrence_rules, &event.excluded_recurrence_rules, start).map_err(refused)?;
    let Some(Recurrence { pattern, start, end }) = found else { return Ok(Value::Null) };
    let mut range = Map::new();
    range.insert("startDate".to_owned(), start.to_string().into());
    let mut put = |name: &str, value: Value| range.insert(name.to_owned(), value);
    match end {
        End::Never => put("type", "noEnd".into()),
        End::On(date) => {
            put("type", "endDate".into());
            put("endDate", date.to_string().into())
        }
        End::After(count) => {
            put("type", "numbered".into());
            put("numberOfOccurrences", count.into())
        }
    };
    if let Some(zone) = zone {
        put("recurrenceTimeZone", zone.into());
    }
    Ok(json!({ "pattern": pattern_json(&pattern), "range": range }))
}

fn pattern_json(pattern: &Pattern) -> Value {
    let words = |days: &BTreeSet<Day>| days.iter().map(|day| day_word(*day)).collect::<Vec<_>>();
    match pattern {
        Pattern::Daily { interval } => json!({ "type": "daily", "interval": interval }),
        Pattern::Weekly { interval, days, first_day_of_week } => {
            json!({ "type": "weekly", "interval": interval, "daysOfWeek": words(days), "firstDayOfWeek": day_word(*first_day_of_week) })
        }
        Pattern::AbsoluteMonthly { interval, day_of_month } => {
            json!({ "type": "absoluteMonthly", "interval": interval, "dayOfMonth": day_of_month })
        }
        Pattern::RelativeMonthly { interval, days, index } => {
            json!({ "type": "relativeMonthly", "interval": interval, "daysOfWeek": words(days), "index": index.word() })
        }
        Pattern::AbsoluteYearly { interval, day_of_month, month } => {
            json!({ "type": "absoluteYearly", "interval": interval, "dayOfMonth": day_of_month, "month": month })
        }
        Pattern::RelativeYearly { interval, days, index, month } => {
            json!({ "type": "relativeYearly", "interval": interval, "daysOfWeek": words(days), "index": index.word(), "month": month })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_core::{Record as _, When};

    fn event(start: &str, value: &Value) -> Event {
        let outer = json!({ "recurrence": value });
        let rule = read(&Item::new(&outer).unwrap()).unwrap();
        Event::build(|e| {
            e.start = Some(When::zoned(start.parse().unwrap(), "Europe/Vienna"));
            e.recurrence_rules = rule.into_iter().collect();
        })
    }

    #[test]
    fn every_pattern_and_range_is_read_and_written_as_it_was() {
        let range = |kind: &str, start: &str| {
            let mut range = json!({ "type": kind, "startDate": start, "recurrenceTimeZone": "W. Europe Standard Time" });
            match kind {
                "endDate" => range["endDate"] = "2032-12-31".into(),
                "numbered" => range["numberOfOccurrences"] = 7.into(),
                _ => {}
            }
            range
        };
        for (start, pattern) in [
            ("2026-10-19", json!({"type": "daily", "interval": 3})),
            ("2026-10-19", json!({"type": "weekly", "interval": 2, "daysOfWeek": ["monday", "sunday"], "firstDayOfWeek": "sunday"})),
            ("2026-10-15", json!({"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 15})),
            ("2026-10-31", json!({"type": "absoluteMonthly", "interval": 2, "dayOfMonth": 31})),
            ("2026-10-30", json!({"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 30})),
            ("2026-10-25", json!({"type": "relativeMonthly", "interval": 1, "daysOfWeek": ["sunday"], "index": "last"})),
            (
                "2026-10-01",
                json!({"type": "relativeMonthly", "interval": 3, "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"], "index": "first"}),
            ),
            ("2026-12-10", json!({"type": "absoluteYearly", "interval": 1, "dayOfMonth": 10, "month": 12})),
            ("2028-02-29", json!({"type": "absoluteYearly", "interval": 2, "dayOfMonth": 29, "month": 2})),
            ("2026-10-14", json!({"type": "relativeYearly", "interval": 1, "daysOfWeek": ["wednesday"], "index": "second", "month": 10})),
        ] {
            for kind in ["noEnd", "endDate", "numbered"] {
                let value = json!({ "pattern": pattern, "range": range(kind, start) });
                let event = event(&format!("{start}T09:00"), &value);
                assert_eq!(write(&event, Some("W. Europe Standard Time")).unwrap(), value);
            }
        }
    }

    #[test]
    fn what_a_type_does_not_use_is_passed_over() {
        let pattern = json!({"type": "daily", "interval": 1, "month": 0, "dayOfMonth": 0, "daysOfWeek": [], "firstDayOfWeek": "sunday", "index": "first"});
        let range = json!({"type": "noEnd", "startDate": "2026-10-19", "endDate": "0001-01-01", "recurrenceTimeZone": "", "numberOfOccurrences": 0});
        let event = event("2026-10-19T09:00", &json!({"pattern": pattern, "range": range}));
        assert_eq!(event.recurrence_rules, [RecurrenceRule::default()]);
    }

    #[test]
    fn what_is_not_known_is_an_error_and_nothing_is_no_rule() {
        let range = json!({"type": "noEnd", "startDate": "2026-10-19"});
        for odd in [
            json!({"pattern": {"type": "hebrewMonthly", "interval": 1}, "range": range}),
            json!({"pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["someday"]}, "range": range}),
            json!({"pattern": {"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 0}, "range": range}),
            json!({"pattern": {"type": "absoluteYearly", "interval": 1, "dayOfMonth": 1, "month": 13}, "range": range}),
            json!({"pattern": {"type": "daily", "interval": 1}, "range": {"type": "endDate", "startDate": "2026-10-19"}}),
            json!({"pattern": {"type": "daily", "interval": 1}, "range": {"type": "unknownFutureValue", "startDate": "2026-10-19"}}),
            json!({"pattern": {"type": "daily", "interval": 1}, "range": null}),
            json!({"pattern": null, "range": {"type": "noEnd", "startDate": "2026-10-19"}}),
        ] {
            let outer = json!({ "recurrence": odd });
            assert_eq!(read(&Item::new(&outer).unwrap()).unwrap_err().kind(), ErrorKind::InvalidData, "{outer}");
        }
        for none in [json!({}), json!({"recurrence": null}), json!({"recurrence": {"pattern": null, "range": null}})] {
            assert_eq!(read(&Item::new(&none).unwrap()).unwrap(), None);
        }
    }

    #[test]
    fn a_rule_that_exchange_cannot_hold_is_refused_with_its_reason() {
        let mut event = event("2026-10-31T09:00", &Value::Null);
        event.recurrence_rules = vec![RecurrenceRule { frequency: pimkit_core::Frequency::Monthly, ..RecurrenceRule::default() }];
        let error = write(&event, None).unwrap_err();
        assert!(error.kind() == ErrorKind::InvalidData && error.to_string().contains("last day of the month"), "{error}");
    }
}

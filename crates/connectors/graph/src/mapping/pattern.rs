//! `patternedRecurrence` in JSON (<https://learn.microsoft.com/graph/api/resources/patternedrecurrence>), of tasks and events alike.

use super::Item;
use pimkit_core::{Day, Error, ErrorKind, Result};
use pimkit_exchange::recurrence::{End, Index, Pattern, Recurrence, WEEK, day_of, day_word, days_of_word};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn odd() -> Error {
    Error::new(ErrorKind::InvalidData, "the item repeats in a way that is newer than this program; look at it in Outlook")
        .with("property", "recurrence")
}

/// The recurrence in a property's value; none when it is null.
///
/// # Errors
/// `InvalidData` for what is no recurrence that is known: a series read as a single item would lose its dates.
pub(crate) fn read(value: &Value) -> Result<Option<Recurrence>> {
    if value.is_null() {
        return Ok(None);
    }
    let whole = Item::new(value)?;
    let (Some(pattern), Some(range)) = (whole.item("pattern")?, whole.item("range")?) else { return Err(odd()) };
    let date = |name: &str| -> Result<Option<jiff::civil::Date>> {
        // A range without an end says the first day of all.
        let text = range.text(name)?.filter(|text| !text.starts_with("0001-"));
        text.map(|text| text.get(..10).unwrap_or(text).parse().map_err(|_| odd())).transpose()
    };
    let start = date("startDate")?.ok_or_else(odd)?;
    let end = match range.text("type")?.unwrap_or_default() {
        word if word.eq_ignore_ascii_case("noEnd") => End::Never,
        word if word.eq_ignore_ascii_case("endDate") => End::On(date("endDate")?.ok_or_else(odd)?),
        word if word.eq_ignore_ascii_case("numbered") => {
            End::After(number(value, "range", "numberOfOccurrences").filter(|n| *n > 0).ok_or_else(odd)?)
        }
        _ => return Err(odd()),
    };
    let interval = number(value, "pattern", "interval").filter(|n| *n > 0).unwrap_or(1);
    let day = || small(value, "dayOfMonth", 31);
    let month = || small(value, "month", 12);
    let days = || -> Result<BTreeSet<Day>> {
        let mut all = BTreeSet::new();
        for word in pattern.texts("daysOfWeek")? {
            all.extend(days_of_word(word).ok_or_else(odd)?);
        }
        if all.is_empty() { Err(odd()) } else { Ok(all) }
    };
    let index = || pattern.text("index")?.map_or(Ok(Index::First), |word| Index::of_word(word).ok_or_else(odd));
    let pattern = match pattern.text("type")?.unwrap_or_default().to_ascii_lowercase().as_str() {
        "daily" => Pattern::Daily { interval },
        "weekly" => {
            let first =
                pattern.text("firstDayOfWeek")?.and_then(|word| WEEK.into_iter().find(|day| day_word(*day).eq_ignore_ascii_case(word)));
            // No day named is the day of its start.
            let days = if pattern.texts("daysOfWeek")?.is_empty() { BTreeSet::from([day_of(start)]) } else { days()? };
            Pattern::Weekly { interval, days, first_day_of_week: first.unwrap_or(Day::Su) }
        }
        "absolutemonthly" => Pattern::AbsoluteMonthly { interval, day_of_month: day()? },
        "relativemonthly" => Pattern::RelativeMonthly { interval, days: days()?, index: index()? },
        "absoluteyearly" => Pattern::AbsoluteYearly { interval, day_of_month: day()?, month: month()? },
        "relativeyearly" => Pattern::RelativeYearly { interval, days: days()?, index: index()?, month: month()? },
        _ => return Err(odd()),
    };
    Ok(Some(Recurrence { pattern, start, end }))
}

fn number(value: &Value, part: &str, name: &str) -> Option<u32> {
    value.get(part)?.get(name)?.as_u64().and_then(|n| u32::try_from(n).ok())
}

fn small(value: &Value, name: &str, most: u32) -> Result<i8> {
    let number = number(value, "pattern", name).filter(|n| (1..=most).contains(n));
    number.and_then(|n| i8::try_from(n).ok()).ok_or_else(odd)
}

/// The value of the property. `zone` is the zone of its dates, by a name that the service takes.
pub(crate) fn write(recurrence: &Recurrence, zone: &str) -> Value {
    let words = |days: &BTreeSet<Day>| days.iter().map(|day| day_word(*day)).collect::<Vec<_>>();
    let pattern = match &recurrence.pattern {
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
    };
    let start = recurrence.start.to_string();
    let range = match recurrence.end {
        End::Never => json!({ "type": "noEnd", "startDate": start, "recurrenceTimeZone": zone }),
        End::On(date) => json!({ "type": "endDate", "startDate": start, "endDate": date.to_string(), "recurrenceTimeZone": zone }),
        End::After(count) => json!({ "type": "numbered", "startDate": start, "numberOfOccurrences": count, "recurrenceTimeZone": zone }),
    };
    json!({ "pattern": pattern, "range": range })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_and_range_comes_back_as_it_was_written() {
        let days = || BTreeSet::from([Day::Mo, Day::We]);
        let start = "2026-03-02".parse().unwrap();
        for pattern in [
            Pattern::Daily { interval: 3 },
            Pattern::Weekly { interval: 2, days: days(), first_day_of_week: Day::Su },
            Pattern::AbsoluteMonthly { interval: 1, day_of_month: 31 },
            Pattern::RelativeMonthly { interval: 1, days: days(), index: Index::Last },
            Pattern::AbsoluteYearly { interval: 1, day_of_month: 29, month: 2 },
            Pattern::RelativeYearly { interval: 2, days: days(), index: Index::Second, month: 11 },
        ] {
            for end in [End::Never, End::On("2027-01-31".parse().unwrap()), End::After(7)] {
                let recurrence = Recurrence { pattern: pattern.clone(), start, end };
                let written = write(&recurrence, "UTC");
                assert_eq!(read(&written).unwrap(), Some(recurrence), "{written}");
                // As the service answers: everything is there, and what does not matter is zero.
                let mut full = written.clone();
                for (part, name, empty) in [
                    ("pattern", "month", json!(0)),
                    ("pattern", "dayOfMonth", json!(0)),
                    ("pattern", "daysOfWeek", json!([])),
                    ("pattern", "firstDayOfWeek", json!("sunday")),
                    ("pattern", "index", json!("first")),
                    ("range", "endDate", json!("0001-01-01")),
                    ("range", "numberOfOccurrences", json!(0)),
                ] {
                    full[part].as_object_mut().unwrap().entry(name).or_insert(empty);
                }
                assert_eq!(read(&full).unwrap(), read(&written).unwrap(), "{full}");
            }
        }
    }

    #[test]
    fn what_is_newer_or_broken_is_said_and_never_read_as_a_single_item() {
        let range = json!({ "type": "noEnd", "startDate": "2026-03-02" });
        let daily = json!({ "type": "daily", "interval": 1 });
        assert_eq!(read(&Value::Null).unwrap(), None);
        for (pattern, range) in [
            (json!({ "type": "lunar", "interval": 1 }), range.clone()),
            (json!({ "type": "absoluteMonthly", "dayOfMonth": 0 }), range.clone()),
            (json!({ "type": "relativeMonthly", "daysOfWeek": ["someday"] }), range.clone()),
            (json!({ "type": "relativeMonthly", "daysOfWeek": [] }), range.clone()),
            (json!({ "type": "absoluteYearly", "dayOfMonth": 1, "month": 13 }), range.clone()),
            (daily.clone(), json!({ "type": "noEnd" })),
            (daily.clone(), json!({ "type": null, "startDate": "2026-03-02", "endDate": "2026-04-02" })),
            (daily.clone(), json!({ "type": "numbered", "startDate": "2026-03-02", "numberOfOccurrences": 0 })),
            (daily.clone(), json!({ "type": "endDate", "startDate": "2026-03-02" })),
            (daily, json!({ "type": "whenever", "startDate": "2026-03-02" })),
            (json!([]), range),
        ] {
            let value = json!({ "pattern": pattern, "range": range });
            assert_eq!(read(&value).unwrap_err().kind(), ErrorKind::InvalidData, "{value}");
        }
        let weekly = json!({ "pattern": { "type": "weekly", "interval": 1 }, "range": { "type": "noEnd", "startDate": "2026-03-02" } });
        let Some(Recurrence { pattern: Pattern::Weekly { days, .. }, .. }) = read(&weekly).unwrap() else { panic!("{weekly}") };
        assert_eq!(days, BTreeSet::from([Day::Mo]), "2 March 2026 is a Monday");
    }
}

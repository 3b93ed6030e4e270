//! Patterns of recurrence (<https://learn.microsoft.com/graph/api/resources/recurrencepattern>): checked, and expanded into days.

use crate::graph::answer::{Refusal, Result, refusal};
use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan as _};
use serde_json::{Value, json};

/// Periods that are looked at, at most.
const PERIODS: i64 = 20_000;
/// The last day that a series may have.
const LAST: Date = jiff::civil::date(4500, 9, 1);

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    kind: Kind,
    interval: i64,
    first_day: Weekday,
    pub(crate) start: Date,
    end: End,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Daily,
    Weekly(Vec<Weekday>),
    /// Day of the month; the last one where a month has fewer.
    Monthly(i8),
    /// Which of the days of these names.
    RelativeMonthly(Vec<Weekday>, Index),
    Yearly(i8, i8),
    RelativeYearly(Vec<Weekday>, Index, i8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Index {
    From(usize),
    Last,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Never,
    On(Date),
    After(usize),
}

fn invalid(what: &str) -> Box<Refusal> {
    refusal(400, "ErrorPropertyValidationFailure", format!("At least one property failed validation: {what}."))
}

fn weekday(name: &str) -> Option<Weekday> {
    Some(match name {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

impl Rule {
    /// Reads a `patternedRecurrence` for an event that starts on `start`.
    ///
    /// # Errors
    /// 400 for what its type needs and does not say, and for numbers out of range.
    pub(crate) fn read(recurrence: &Value, start: Date) -> Result<Self> {
        let pattern =
            recurrence.get("pattern").filter(|pattern| pattern.is_object()).ok_or_else(|| invalid("a recurrence needs a pattern"))?;
        let range = recurrence.get("range").filter(|range| range.is_object()).ok_or_else(|| invalid("a recurrence needs a range"))?;
        let number = |name: &str| pattern.get(name).and_then(Value::as_i64).unwrap_or_default();
        let interval = pattern.get("interval").and_then(Value::as_i64).unwrap_or(1);
        if !(1..=99).contains(&interval) {
            return Err(invalid("an interval is between 1 and 99"));
        }
        let small = |name: &str, most: i8| i8::try_from(number(name)).ok().filter(|number| (0..=most).contains(number));
        let (day, month) =
            (small("dayOfMonth", 31).ok_or_else(|| invalid("dayOfMonth"))?, small("month", 12).ok_or_else(|| invalid("month"))?);
        let days: Vec<Weekday> = pattern
            .get("daysOfWeek")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .filter_map(weekday)
            .collect();
        let index = match pattern.get("index").and_then(Value::as_str) {
            Some("last") => Index::Last,
            Some("second") => Index::From(1),
            Some("third") => Index::From(2),
            Some("fourth") => Index::From(3),
            _ => Index::From(0),
        };
        let needs = |there: bool, what: &str| if there { Ok(()) } else { Err(invalid(what)) };
        let kind = match pattern.get("type").and_then(Value::as_str) {
            Some("daily") => Kind::Daily,
            Some("weekly") => {
                needs(!days.is_empty(), "a weekly pattern needs daysOfWeek")?;
                Kind::Weekly(days)
            }
            Some("absoluteMonthly") => {
                needs(day > 0, "an absoluteMonthly pattern needs dayOfMonth")?;
                Kind::Monthly(day)
            }
            Some("relativeMonthly") => {
                needs(!days.is_empty(), "a relativeMonthly pattern needs daysOfWeek")?;
                Kind::RelativeMonthly(days, index)
            }
            Some("absoluteYearly") => {
                needs(day > 0 && month > 0, "an absoluteYearly pattern needs dayOfMonth and month")?;
                Kind::Yearly(month, day)
            }
            Some("relativeYearly") => {
                needs(!days.is_empty() && month > 0, "a relativeYearly pattern needs daysOfWeek and month")?;
                Kind::RelativeYearly(days, index, month)
            }
            _ => return Err(invalid("a pattern needs a type")),
        };
        let date =
            |name: &str| range.get(name).and_then(Value::as_str).and_then(|text| text.parse::<Date>().ok()).filter(|date| date.year() > 1);
        if date("startDate").is_some_and(|date| date != start) {
            return Err(invalid("startDate of the range is the day on which the event starts"));
        }
        let end = match range.get("type").and_then(Value::as_str) {
            Some("noEnd") => End::Never,
            Some("endDate") => {
                let end = date("endDate").filter(|end| *end >= start).ok_or_else(|| invalid("endDate is not before startDate"))?;
                if end > LAST {
                    return Err(refusal(400, "ErrorRecurrenceEndDateTooBig", "The end date of the recurrence is too far in the future."));
                }
                End::On(end)
            }
            Some("numbered") => {
                let count = range.get("numberOfOccurrences").and_then(Value::as_i64).unwrap_or_default();
                let count = usize::try_from(count).ok().filter(|count| (1..=999).contains(count));
                End::After(count.ok_or_else(|| invalid("numberOfOccurrences is between 1 and 999"))?)
            }
            _ => return Err(invalid("a range needs a type")),
        };
        let first_day = pattern.get("firstDayOfWeek").and_then(Value::as_str).and_then(weekday).unwrap_or(Weekday::Sunday);
        let mut rule = Self { kind, interval, first_day, start, end };
        // A start that the pattern does not have is moved to the first day that it has.
        rule.start = rule.clone().first().ok_or_else(|| invalid("the pattern has no day within the range"))?;
        Ok(rule)
    }

    fn first(self) -> Option<Date> {
        self.days().next()
    }

    /// The days of the rule, in order.
    pub(crate) fn days(&self) -> impl Iterator<Item = Date> + use<> {
        let rule = self.clone();
        let end = rule.end;
        let start = rule.start;
        let most = if let End::After(count) = end { count } else { usize::MAX };
        (0..PERIODS)
            .map_while(move |period| rule.period(period))
            .flatten()
            .filter(move |day| *day >= start)
            .take_while(move |day| !matches!(end, End::On(last) if *day > last))
            .take(most)
    }

    /// The days within the `n`th period from the start; None beyond what a calendar has.
    fn period(&self, n: i64) -> Option<Vec<Date>> {
        let step = n * self.interval;
        let month = |months: i64| self.start.first_of_month().checked_add(months.months()).ok();
        Some(match &self.kind {
            Kind::Daily => vec![self.start.checked_add(step.days()).ok()?],
            Kind::Weekly(days) => {
                let back = i64::from(self.start.weekday().since(self.first_day));
                let week = self.start.checked_sub(back.days()).ok()?.checked_add(Span::new().try_weeks(step).ok()?).ok()?;
                let all = (0..7_i64).filter_map(|at| week.checked_add(at.days()).ok());
                all.filter(|day| days.contains(&day.weekday())).collect()
            }
            Kind::Monthly(day) => vec![on(month(step)?, *day)],
            Kind::RelativeMonthly(days, index) => among(month(step)?, days, *index).into_iter().collect(),
            Kind::Yearly(of, day) => vec![on(self.year(step, *of)?, *day)],
            Kind::RelativeYearly(days, index, of) => among(self.year(step, *of)?, days, *index).into_iter().collect(),
        })
    }

    /// The first of a month, so many years after the start.
    fn year(&self, step: i64, month: i8) -> Option<Date> {
        let year = i16::try_from(i64::from(self.start.year()) + step).ok()?;
        Date::new(year, month, 1).ok()
    }

    /// As the service writes it, with all that a pattern can have.
    pub(crate) fn written(&self, recurrence: &Value, zone: &str) -> Value {
        let mut out = recurrence.clone();
        let defaults = [
            (
                "pattern",
                json!({"dayOfMonth": 0, "daysOfWeek": [], "firstDayOfWeek": "sunday", "index": "first", "interval": 1, "month": 0}),
            ),
            ("range", json!({"endDate": "0001-01-01", "numberOfOccurrences": 0, "recurrenceTimeZone": zone})),
        ];
        for (name, all) in defaults {
            let (Some(part), Some(all)) = (out.get_mut(name).and_then(Value::as_object_mut), all.as_object()) else { continue };
            for (name, value) in all {
                if part.get(name).is_none_or(Value::is_null) {
                    part.insert(name.clone(), value.clone());
                }
            }
        }
        if let Some(range) = out.get_mut("range").and_then(Value::as_object_mut) {
            range.insert("startDate".to_owned(), Value::from(self.start.to_string()));
        }
        out
    }
}

/// A day of a month, or its last.
fn on(month: Date, day: i8) -> Date {
    month.with().day(day.min(month.days_in_month())).build().unwrap_or(month)
}

fn among(month: Date, days: &[Weekday], index: Index) -> Option<Date> {
    let mut all = (1..=month.days_in_month()).map(|day| on(month, day)).filter(|day| days.contains(&day.weekday()));
    match index {
        Index::From(at) => all.nth(at),
        Index::Last => all.next_back(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(pattern: Value, range: Value, start: &str, most: usize) -> Vec<String> {
        let rule = Rule::read(&json!({"pattern": pattern, "range": range}), start.parse().unwrap()).unwrap();
        rule.days().take(most).map(|day| day.to_string()).collect()
    }

    #[test]
    fn every_pattern_is_expanded() {
        let forever = json!({"type": "noEnd", "startDate": "2026-01-05"});
        let weekdays = json!(["monday", "tuesday", "wednesday", "thursday", "friday"]);
        for (pattern, expected) in [
            (json!({"type": "daily", "interval": 3}), ["2026-01-05", "2026-01-08", "2026-01-11"]),
            (
                json!({"type": "weekly", "interval": 2, "daysOfWeek": ["monday", "sunday"], "firstDayOfWeek": "monday"}),
                ["2026-01-05", "2026-01-11", "2026-01-19"],
            ),
            (
                json!({"type": "weekly", "interval": 2, "daysOfWeek": ["monday", "sunday"], "firstDayOfWeek": "sunday"}),
                ["2026-01-05", "2026-01-18", "2026-01-19"],
            ),
            (json!({"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31}), ["2026-01-31", "2026-02-28", "2026-03-31"]),
            (
                json!({"type": "relativeMonthly", "interval": 1, "daysOfWeek": ["wednesday"], "index": "second"}),
                ["2026-01-14", "2026-02-11", "2026-03-11"],
            ),
            (
                json!({"type": "relativeMonthly", "interval": 1, "daysOfWeek": weekdays, "index": "last"}),
                ["2026-01-30", "2026-02-27", "2026-03-31"],
            ),
            (json!({"type": "absoluteYearly", "interval": 1, "dayOfMonth": 29, "month": 2}), ["2026-02-28", "2027-02-28", "2028-02-29"]),
            (
                json!({"type": "relativeYearly", "interval": 2, "daysOfWeek": ["sunday"], "index": "last", "month": 10}),
                ["2026-10-25", "2028-10-29", "2030-10-27"],
            ),
        ] {
            assert_eq!(days(pattern.clone(), forever.clone(), "2026-01-05", 3), expected, "{pattern}");
        }
    }

    #[test]
    fn ranges_end_on_a_day_and_after_a_number() {
        let daily = json!({"type": "daily", "interval": 1});
        assert_eq!(days(daily.clone(), json!({"type": "endDate", "endDate": "2026-01-07"}), "2026-01-05", 9).len(), 3);
        assert_eq!(days(daily.clone(), json!({"type": "numbered", "numberOfOccurrences": 2}), "2026-01-05", 9).len(), 2);
        assert_eq!(days(daily, json!({"type": "noEnd"}), "2026-01-05", 1000).len(), 1000);
    }

    #[test]
    fn what_a_pattern_needs_must_be_said() {
        let (forever, daily) = (json!({"type": "noEnd"}), json!({"type": "daily", "interval": 1}));
        for (pattern, range) in [
            (json!({"type": "weekly", "interval": 1}), &forever),
            (json!({"type": "absoluteMonthly", "interval": 1}), &forever),
            (json!({"type": "absoluteYearly", "interval": 1, "dayOfMonth": 1}), &forever),
            (json!({"type": "daily", "interval": 0}), &forever),
            (json!({"type": "daily", "interval": 100}), &forever),
            (json!({"type": "daily", "interval": 1, "dayOfMonth": 32}), &forever),
            (daily.clone(), &json!({"type": "endDate", "endDate": "2026-01-01"})),
            (daily.clone(), &json!({"type": "endDate", "endDate": "4501-01-01"})),
            (daily.clone(), &json!({"type": "numbered"})),
            (daily, &json!({"type": "noEnd", "startDate": "2026-01-06"})),
        ] {
            let read = Rule::read(&json!({"pattern": pattern, "range": range}), "2026-01-05".parse().unwrap());
            assert!(read.is_err(), "{pattern} {range}");
        }
    }
}

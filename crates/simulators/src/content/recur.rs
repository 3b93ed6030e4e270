//! Recurrence rules (RFC 5545 section 3.3.10), expanded on the wall's clock and bounded.

use super::time::Moment;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::{Span, Timestamp, ToSpan};

/// Instances looked at, at most: a rule without an end has one here.
const INSTANCES: usize = 20_000;
/// Periods looked at, at most.
const PERIODS: usize = 60_000;

/// A rule, as far as servers need to understand it.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    freq: Freq,
    interval: i64,
    count: Option<usize>,
    until: Option<Moment>,
    by_day: Vec<(i64, Weekday)>,
    by_month: Vec<i8>,
    by_month_day: Vec<i8>,
    by_set_pos: Vec<i64>,
    week_start: Weekday,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Freq {
    Seconds(i64),
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

impl Rule {
    /// The rule of a value; None if it is none that is understood.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let mut rule = Self {
            freq: Freq::Daily,
            interval: 1,
            count: None,
            until: None,
            by_day: Vec::new(),
            by_month: Vec::new(),
            by_month_day: Vec::new(),
            by_set_pos: Vec::new(),
            week_start: Weekday::Monday,
        };
        let mut has_freq = false;
        for part in value.split(';') {
            let (key, value) = part.split_once('=')?;
            match key.trim().to_uppercase().as_str() {
                "FREQ" => {
                    has_freq = true;
                    rule.freq = match value.to_uppercase().as_str() {
                        "SECONDLY" => Freq::Seconds(1),
                        "MINUTELY" => Freq::Seconds(60),
                        "HOURLY" => Freq::Seconds(3_600),
                        "DAILY" => Freq::Daily,
                        "WEEKLY" => Freq::Weekly,
                        "MONTHLY" => Freq::Monthly,
                        "YEARLY" => Freq::Yearly,
                        _ => return None,
                    };
                }
                "INTERVAL" => rule.interval = value.parse::<i64>().ok()?.clamp(1, 10_000),
                "COUNT" => rule.count = Some(value.parse().ok()?),
                "UNTIL" => rule.until = Some(Moment::parse(value, None)?),
                "WKST" => rule.week_start = weekday(value)?,
                "BYDAY" => rule.by_day = value.split(',').map(ordinal_day).collect::<Option<_>>()?,
                "BYMONTH" => rule.by_month = numbers(value)?,
                "BYMONTHDAY" => rule.by_month_day = numbers(value)?,
                "BYSETPOS" => rule.by_set_pos = numbers(value)?,
                _ => {}
            }
        }
        has_freq.then_some(rule)
    }

    /// Whether it goes on for ever.
    pub(crate) const fn endless(&self) -> bool {
        self.count.is_none() && self.until.is_none()
    }

    /// The instances from `start` on that begin before `before`; DTSTART is the first, whatever the rule says.
    pub(crate) fn instances(&self, start: &Moment, before: Timestamp) -> Vec<Moment> {
        let mut found: Vec<Moment> = vec![start.clone()];
        let until = self.until.as_ref().map(|until| {
            let end = if until.date_only && !start.date_only { until.wall.checked_add(1.day()).unwrap_or(until.wall) } else { until.wall };
            until.at(end).instant()
        });
        for period in 0..PERIODS {
            let Some(walls) = i64::try_from(period).ok().and_then(|n| self.period(start.wall, n)) else { break };
            for wall in walls.into_iter().filter(|wall| *wall > start.wall) {
                let next = start.at(wall);
                let instant = next.instant();
                let over = until.is_some_and(|until| instant > until) || self.count.is_some_and(|count| found.len() >= count);
                if over || instant >= before || found.len() >= INSTANCES {
                    return found;
                }
                found.push(next);
            }
            // Empty periods, such as Februaries without a 30th, must end too.
            if self
                .period_start(start.wall, i64::try_from(period).unwrap_or(i64::MAX))
                .is_none_or(|wall| start.at(wall).instant() >= before)
            {
                break;
            }
        }
        found
    }

    /// Any time of the `n`th period that is not after its first instance.
    fn period_start(&self, start: DateTime, n: i64) -> Option<DateTime> {
        let step = n.checked_mul(self.interval)?;
        let date = start.date();
        match self.freq {
            Freq::Seconds(unit) => start.checked_add(Span::new().try_seconds(step.checked_mul(unit)?).ok()?).ok(),
            Freq::Daily => start.checked_add(Span::new().try_days(step).ok()?).ok(),
            Freq::Weekly => {
                let back = i64::from(self.week_start.until(date.weekday()));
                let first = date.checked_sub(back.days()).ok()?;
                Some(first.checked_add(Span::new().try_weeks(step).ok()?).ok()?.to_datetime(start.time()))
            }
            Freq::Monthly => Some(date.first_of_month().checked_add(Span::new().try_months(step).ok()?).ok()?.to_datetime(start.time())),
            Freq::Yearly => Some(date.first_of_year().checked_add(Span::new().try_years(step).ok()?).ok()?.to_datetime(start.time())),
        }
    }

    fn period(&self, start: DateTime, n: i64) -> Option<Vec<DateTime>> {
        let first = self.period_start(start, n)?;
        let day = first.date();
        let days: Vec<Date> = match self.freq {
            Freq::Seconds(_) => {
                let fits = self.limits(day) && self.by_day_limits(day);
                return Some(if fits { vec![first] } else { Vec::new() });
            }
            Freq::Daily => vec![day].into_iter().filter(|day| self.limits(*day) && self.by_day_limits(*day)).collect(),
            Freq::Weekly => {
                let week = (0..7_i64).filter_map(|n| day.checked_add(n.days()).ok());
                let wanted = |day: &Date| {
                    if self.by_day.is_empty() { day.weekday() == start.date().weekday() } else { self.by_day_limits(*day) }
                };
                week.filter(|day| wanted(day) && self.limits(*day)).collect()
            }
            Freq::Monthly => self.in_month(day, start.date()),
            Freq::Yearly => self.in_year(day, start.date()),
        };
        let days = self.positions(days);
        Some(days.into_iter().map(|day| day.to_datetime(start.time())).collect())
    }

    fn in_month(&self, first: Date, start: Date) -> Vec<Date> {
        if !(self.by_month.is_empty() || self.by_month.contains(&first.month())) {
            return Vec::new();
        }
        let month: Vec<Date> = first.series(1.day()).take_while(|day| day.month() == first.month() && day.year() == first.year()).collect();
        self.picked(&month, start)
    }

    fn in_year(&self, first: Date, start: Date) -> Vec<Date> {
        if self.by_month.is_empty() && self.by_month_day.is_empty() && !self.by_day.is_empty() {
            let year: Vec<Date> = first.series(1.day()).take_while(|day| day.year() == first.year()).collect();
            return self.picked(&year, start);
        }
        let months: Vec<i8> = if !self.by_month.is_empty() {
            self.by_month.clone()
        } else if self.by_month_day.is_empty() {
            vec![start.month()]
        } else {
            (1..=12).collect()
        };
        let mut days: Vec<Date> = months
            .into_iter()
            .filter_map(|month| Date::new(first.year(), month, 1).ok())
            .flat_map(|first| {
                let month: Vec<Date> = first.series(1.day()).take_while(|day| day.month() == first.month()).collect();
                self.picked(&month, start)
            })
            .collect();
        days.sort_unstable();
        days
    }

    /// The days of a month or year that BYDAY and BYMONTHDAY leave, or the start's own day of the month.
    fn picked(&self, days: &[Date], start: Date) -> Vec<Date> {
        if self.by_day.is_empty() && self.by_month_day.is_empty() {
            return days.iter().copied().filter(|day| day.day() == start.day()).collect();
        }
        days.iter()
            .copied()
            .filter(|day| {
                let by_day = self.by_day.is_empty()
                    || self.by_day.iter().any(|(n, weekday)| {
                        if day.weekday() != *weekday {
                            return false;
                        }
                        let same: Vec<&Date> = days.iter().filter(|other| other.weekday() == *weekday).collect();
                        nth(&same, *n).is_none_or(|at| at.is_some_and(|at| **at == *day))
                    });
                by_day && self.month_day_fits(*day)
            })
            .collect()
    }

    fn positions(&self, days: Vec<Date>) -> Vec<Date> {
        if self.by_set_pos.is_empty() {
            return days;
        }
        let mut picked: Vec<Date> = self.by_set_pos.iter().filter_map(|n| nth(&days, *n).flatten().copied()).collect();
        picked.sort_unstable();
        picked.dedup();
        picked
    }

    fn month_day_fits(&self, day: Date) -> bool {
        let back = day.day() - day.days_in_month() - 1;
        self.by_month_day.is_empty() || self.by_month_day.iter().any(|wanted| *wanted == day.day() || *wanted == back)
    }

    fn limits(&self, day: Date) -> bool {
        (self.by_month.is_empty() || self.by_month.contains(&day.month())) && self.month_day_fits(day)
    }

    fn by_day_limits(&self, day: Date) -> bool {
        self.by_day.is_empty() || self.by_day.iter().any(|(_, weekday)| *weekday == day.weekday())
    }
}

/// The `n`th of a list, from 1, or from its end if negative; None for 0, which means all.
fn nth<T>(list: &[T], n: i64) -> Option<Option<&T>> {
    let size = i64::try_from(list.len()).unwrap_or(i64::MAX);
    let index = if n > 0 { n - 1 } else { size + n };
    (n != 0).then(|| usize::try_from(index).ok().and_then(|index| list.get(index)))
}

fn numbers<T: std::str::FromStr>(value: &str) -> Option<Vec<T>> {
    value.split(',').map(|number| number.trim().trim_start_matches('+').parse().ok()).collect()
}

fn ordinal_day(text: &str) -> Option<(i64, Weekday)> {
    let text = text.trim();
    let at = text.len().checked_sub(2)?;
    let (number, day) = (text.get(..at)?, text.get(at..)?);
    let n = if number.is_empty() { 0 } else { number.trim_start_matches('+').parse().ok()? };
    Some((n, weekday(day)?))
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text.trim().to_uppercase().as_str() {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walls(start: &str, rule: &str) -> Vec<String> {
        let start = Moment::parse(start, None).unwrap();
        let before: Timestamp = "2036-01-01T00:00:00Z".parse().unwrap();
        Rule::parse(rule).unwrap().instances(&start, before).iter().map(|m| m.wall.date().to_string()).collect()
    }

    #[test]
    fn rules_of_rfc_5545_give_the_days_that_it_lists() {
        let table: &[(&str, &str, &[&str])] = &[
            ("19970902T090000", "FREQ=DAILY;COUNT=3", &["1997-09-02", "1997-09-03", "1997-09-04"]),
            (
                "19970902T090000",
                "FREQ=WEEKLY;INTERVAL=2;COUNT=4;WKST=SU;BYDAY=TU,TH",
                &["1997-09-02", "1997-09-04", "1997-09-16", "1997-09-18"],
            ),
            ("19970905T090000", "FREQ=MONTHLY;COUNT=3;BYDAY=1FR", &["1997-09-05", "1997-10-03", "1997-11-07"]),
            ("19970922T090000", "FREQ=MONTHLY;COUNT=3;BYDAY=-2MO", &["1997-09-22", "1997-10-20", "1997-11-17"]),
            ("19970928T090000", "FREQ=MONTHLY;BYMONTHDAY=-3;COUNT=3", &["1997-09-28", "1997-10-29", "1997-11-28"]),
            ("19970610T090000", "FREQ=YEARLY;COUNT=4;BYMONTH=6,7", &["1997-06-10", "1997-07-10", "1998-06-10", "1998-07-10"]),
            ("19970519T090000", "FREQ=YEARLY;BYDAY=20MO;COUNT=2", &["1997-05-19", "1998-05-18"]),
            ("19970904T090000", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", &["1997-09-04", "1997-10-07", "1997-11-06"]),
            (
                "20070115T090000",
                "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5",
                &["2007-01-15", "2007-01-30", "2007-02-15", "2007-03-15", "2007-03-30"],
            ),
            ("20260102", "FREQ=WEEKLY;UNTIL=20260116", &["2026-01-02", "2026-01-09", "2026-01-16"]),
        ];
        for (start, rule, expected) in table {
            assert_eq!(walls(start, rule), *expected, "{rule}");
        }
    }

    #[test]
    fn a_rule_that_never_fits_comes_to_an_end() {
        assert_eq!(walls("20260130T000000", "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30"), ["2026-01-30"]);
    }
}

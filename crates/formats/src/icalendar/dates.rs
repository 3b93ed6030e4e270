//! EXDATE and RDATE of the master.

use std::collections::BTreeSet;

use pimkit_core::{Fields, Override, RecurrenceId, When, diff_fields};

use super::item::{Item, Pen};
use super::series::{self, DateValue};
use super::time;
use crate::FormatError;
use crate::recurrence::{makes, write_wall};
use crate::text::{Component, ContentLine};

/// What becomes of one value of a line.
enum Fate {
    Stays,
    Goes,
    Becomes(String),
}

/// The dates of a series that are patched.
pub(super) struct Dates<'a, R> {
    pub(super) base: &'a R,
    pub(super) target: &'a R,
    pub(super) target_master: &'a R,
    pub(super) old_start: Option<&'a When>,
    pub(super) start: &'a When,
    /// The occurrences that have a component of their own, which says what they are like.
    pub(super) claimed: &'a BTreeSet<RecurrenceId>,
    pub(super) pen: &'a Pen<'a>,
}

impl<R: Item> Dates<'_, R> {
    /// Gives each value its fate, from what it named before and what it names with the start as it is; the lines without a
    /// change keep their bytes.
    fn judge(
        &self,
        c: &mut Component,
        name: &str,
        mut fate: impl FnMut(&ContentLine, RecurrenceId, RecurrenceId, &DateValue) -> Fate,
    ) -> bool {
        let mut changed = false;
        let mut emptied = Vec::new();
        for (at, line) in c.lines_mut().filter(|line| line.is(name)).enumerate() {
            let Some(mut content) = line.content() else { continue };
            let values = series::date_values(&content, self.start, self.pen.context);
            let before = series::date_values(&content, self.old_start.unwrap_or(self.start), self.pen.context);
            let mut kept = Vec::new();
            let mut differs = false;
            for (value, before) in values.into_iter().zip(&before) {
                // What is no date stays as it is.
                let fate = match (before.id, value.id) {
                    (Some(before), Some(now)) => fate(&content, before, now, &value),
                    _ => Fate::Stays,
                };
                differs |= !matches!(fate, Fate::Stays);
                match fate {
                    Fate::Stays => kept.push(value.text),
                    Fate::Goes => {}
                    Fate::Becomes(text) => kept.push(text),
                }
            }
            if !differs {
                continue;
            }
            changed = true;
            if kept.is_empty() {
                emptied.push(at);
            } else {
                content.set_value(&kept.join(","));
                line.set_content(content);
            }
        }
        let mut at = 0;
        c.remove_where(|line| {
            let is = line.is(name);
            let remove = is && emptied.contains(&at);
            at += usize::from(is);
            remove
        });
        changed
    }

    /// Neither side of the change speaks of it.
    fn is_unknown(&self, before: RecurrenceId, now: RecurrenceId) -> bool {
        !self.base.overrides().contains_key(&before) && !self.target.overrides().contains_key(&now)
    }

    fn add(&self, c: &mut Component, name: &str, id: RecurrenceId) -> Result<(), FormatError> {
        // A line each: every reader takes that, and not every reader a list.
        let mut line = ContentLine::new(name, "");
        self.pen.context.zones.set_time(&mut line, &self.start.with_wall(id.0))?;
        c.add(line);
        Ok(())
    }

    /// Does the value alone say what the occurrence is to be like?
    fn says(&self, value: &DateValue, wanted: &Fields) -> bool {
        series::added(self.target_master, value).is_some_and(|(_, own)| match own {
            Override::Changed(own) => own.keys().eq(wanted.keys()) && diff_fields::<R>(&own, wanted).is_empty(),
            Override::Excluded => false,
        })
    }

    /// A PERIOD with the end that is wanted, if that is all it takes to say what is wanted.
    fn with_end(&self, line: &ContentLine, value: &DateValue, wanted: &Fields) -> Option<String> {
        let (begins, _) = value.text.split_once('/')?;
        let from = value.from.as_ref().filter(|from| !from.is_all_day())?;
        let full = self.target_master.occurrence(value.id?).with(wanted).ok()?;
        let end: When = serde_json::from_value(full.get("end")?).ok()?;
        // In the zone of its beginning, as a PERIOD has one TZID (RFC 5545 section 3.8.5.2).
        let utc = if begins.trim().ends_with(['Z', 'z']) { "Z" } else { "" };
        let text = format!("{begins}/{}{utc}", write_wall(time::on_wall(&end, from)));
        let mut alone = line.clone();
        alone.set_value(&text);
        let again = series::date_values(&alone, self.start, self.pen.context);
        again.first().is_some_and(|again| self.says(again, wanted)).then_some(text)
    }

    /// The fate of an RDATE of an occurrence that is changed and has no component; whether the value alone says it then.
    fn fate(&self, line: &ContentLine, value: &DateValue, wanted: &Fields) -> (Fate, bool) {
        if self.says(value, wanted) {
            return (Fate::Stays, true);
        }
        match self.with_end(line, value, wanted) {
            Some(text) => (Fate::Becomes(text), true),
            // A plain date says it.
            None if wanted.is_empty() => (Fate::Goes, false),
            // A component says what it is like; the date says that it is.
            None => (Fate::Stays, false),
        }
    }

    /// Makes each PERIOD fit the master, whose end or rules changed under overrides that did not: an occurrence that ends with
    /// its series does so afterwards, one with an end of its own keeps it. The occurrences of the second answer need a
    /// component to say what they are like.
    pub(super) fn patch_periods(&self, c: &mut Component) -> Result<(bool, BTreeSet<RecurrenceId>), FormatError> {
        let mut unfit = BTreeSet::new();
        let mut plain = BTreeSet::new();
        let changed = self.judge(c, "RDATE", |line, _, now, value| {
            let wanted = match self.target.overrides().get(&now) {
                Some(Override::Changed(wanted)) if value.end.is_some() && !self.claimed.contains(&now) => wanted,
                _ => return Fate::Stays,
            };
            let (fate, alone) = self.fate(line, value, wanted);
            match &fate {
                Fate::Goes => plain.insert(now),
                _ if !alone => unfit.insert(now),
                _ => false,
            };
            fate
        });
        for id in plain {
            self.add(c, "RDATE", id)?;
        }
        Ok((changed, unfit))
    }

    pub(super) fn patch_excluded(&self, c: &mut Component) -> Result<bool, FormatError> {
        let mut there = BTreeSet::new();
        let mut changed = self.judge(c, "EXDATE", |_, before, now, _| {
            let stays = self.target.overrides().get(&now) == Some(&Override::Excluded);
            if stays {
                there.insert(now);
            }
            if stays || self.is_unknown(before, now) { Fate::Stays } else { Fate::Goes }
        });
        for (id, what) in self.target.overrides() {
            if *what == Override::Excluded && !there.contains(id) {
                self.add(c, "EXDATE", *id)?;
                changed = true;
            }
        }
        Ok(changed)
    }

    /// `satisfied` gets the occurrences that need no component of their own.
    pub(super) fn patch_added(&self, c: &mut Component, satisfied: &mut BTreeSet<RecurrenceId>) -> Result<bool, FormatError> {
        let mut there = BTreeSet::new();
        let mut changed = self.judge(c, "RDATE", |line, before, now, value| {
            let wanted = match self.target.overrides().get(&now) {
                None if self.is_unknown(before, now) => return Fate::Stays,
                None | Some(Override::Excluded) => return Fate::Goes,
                Some(Override::Changed(wanted)) => wanted,
            };
            let (fate, alone) = if self.claimed.contains(&now) { (Fate::Stays, false) } else { self.fate(line, value, wanted) };
            if alone {
                satisfied.insert(now);
            }
            if !matches!(fate, Fate::Goes) {
                there.insert(now);
            }
            fate
        });
        for (id, what) in self.target.overrides() {
            let Override::Changed(patch) = what else { continue };
            let is_plain = patch.is_empty();
            let claims = self.claimed.contains(id);
            let was_there = self.base.overrides().get(id).is_some_and(|was| *was != Override::Excluded) && claims;
            if there.contains(id) || was_there {
                continue;
            }
            // An override must name an occurrence that is there (RFC 5545 section 3.8.4.4).
            if (is_plain && !claims) || makes(self.target_master, *id) == Some(false) {
                self.add(c, "RDATE", *id)?;
                changed = true;
            }
            if is_plain {
                satisfied.insert(*id);
            }
        }
        Ok(changed)
    }
}

//! Changing a resource so that only the lines of changed fields are touched.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use pimkit_core::series::{Exception, split};
use pimkit_core::{Override, RecurrenceId, When, diff};

use super::item::{Item, Pen};
use super::lines::put_value;
use super::series::{self, Parts};
use crate::FormatError;
use crate::recurrence::{makes, write_utc};
use crate::text::{Component, ContentLine, LineEnd, Node};

fn unwritable(field: &str, reason: &'static str) -> FormatError {
    FormatError::Unwritable { field: field.to_owned(), reason }
}

/// A record taken apart: its master, and what its occurrences are like in full (`None`: excluded).
type Taken<R> = (R, BTreeMap<RecurrenceId, Option<R>>);

fn take_apart<R: Item>(record: &R) -> Result<Taken<R>, FormatError> {
    let (master, exceptions) =
        split(record).map_err(|_| unwritable("recurrenceOverrides", "an override has a value of another shape; read the item again"))?;
    Ok((master, exceptions.into_iter().map(|Exception { id, record }| (id, record)).collect()))
}

fn bytes(c: &Component) -> Vec<u8> {
    c.to_bytes(LineEnd::CrLf)
}

/// Patches the components of a calendar. `now` stamps what changes; without it nothing is stamped (a resource in the making).
pub(super) fn apply<R: Item>(
    calendar: &mut Component,
    parts: &Parts,
    base: &R,
    target: &R,
    pen: &Pen<'_>,
    now: Option<Timestamp>,
) -> Result<(), FormatError> {
    let (base_master, base_full) = take_apart(base)?;
    let (target_master, target_full) = take_apart(target)?;
    let (old_start, new_start) = (base.start().cloned(), target.start().cloned());
    if new_start.is_none() && !target_full.is_empty() {
        return Err(unwritable("recurrenceOverrides", "a series without a start has no occurrences; give it a start"));
    }
    let rescheduled = R::is_rescheduled(&base_master, &target_master);
    if parts.is_orphan {
        refuse_for_orphan(base, target)?;
    }

    // Which component becomes which occurrence: a series that moved takes its overrides along.
    let moved = |id: RecurrenceId| match (&old_start, &new_start) {
        (Some(from), Some(to)) => id.0.checked_add(to.wall().duration_since(from.wall())).ok().map(RecurrenceId),
        _ => None,
    };
    let is_changed = |id: &RecurrenceId| target_full.get(id).is_some_and(Option::is_some);
    let mut claimed: BTreeSet<RecurrenceId> = parts.overrides.iter().map(|(id, _)| *id).filter(|id| is_changed(id)).collect();
    let mut becomes: Vec<(usize, RecurrenceId, Option<RecurrenceId>)> = Vec::new();
    for (id, at) in &parts.overrides {
        let new = if is_changed(id) { Some(*id) } else { moved(*id).filter(|new| is_changed(new) && claimed.insert(*new)) };
        becomes.push((*at, *id, new));
    }

    let mut gone: Vec<usize> = Vec::new();
    for (at, id, new) in &becomes {
        let Some(component) = calendar.nodes_mut().get_mut(*at).and_then(Node::as_component_mut) else { continue };
        let Some((new, full)) = new.and_then(|new| target_full.get(&new)?.as_ref().map(|full| (new, full))) else {
            // One that is excluded, and has a component all the same, keeps it while it stays excluded.
            if base.overrides().get(id) != target.overrides().get(id) {
                gone.push(*at);
            }
            continue;
        };
        let known = match base_full.get(id) {
            Some(Some(known)) => known.clone(),
            _ => series::read_override(component, *id, &base_master, pen.context)?,
        };
        let before = bytes(component);
        if !diff(&known, full).is_empty() {
            R::patch_component(component, &known, full, pen)?;
        }
        if let Some(start) = &new_start
            && series::id_of(component, start, pen.context) != Some(new)
        {
            put_id(component, start, new, pen)?;
        }
        if let Some(now) = now.filter(|_| bytes(component) != before) {
            stamp(component, now, R::is_rescheduled(&known, full));
        }
    }
    // Older versions of what goes, go too.
    let outdated = parts.outdated.iter().filter_map(|(id, at)| Some((id.as_ref()?, *at)));
    gone.extend(outdated.filter(|(id, _)| base_full.contains_key(id) && !target_full.contains_key(id)).map(|(_, at)| at));

    let Some(master) = calendar.nodes_mut().get_mut(parts.master).and_then(Node::as_component_mut) else {
        return Err(FormatError::Nothing { component: R::COMPONENT });
    };
    let before = bytes(master);
    R::patch_component(master, &base_master, &target_master, pen)?;
    let mut satisfied = claimed.clone();
    let mut dates_differ = false;
    let same_series = old_start == new_start && base.overrides() == target.overrides();
    if let Some(start) = new_start.as_ref().filter(|_| !parts.is_orphan && !same_series) {
        let dates = Dates { base, target, target_master: &target_master, old_start: old_start.as_ref(), start, pen };
        dates_differ = dates.patch_excluded(master)? | dates.patch_added(master, &mut satisfied, &claimed)?;
    } else if same_series && !parts.is_orphan {
        // What stands in RDATE lines stays there.
        satisfied.extend(base.overrides().keys().copied());
    }
    if let Some(now) = now.filter(|_| bytes(master) != before) {
        stamp(master, now, rescheduled || dates_differ);
    }

    let mut fresh = Vec::new();
    for (id, full) in &target_full {
        let (Some(full), Some(start)) = (full, &new_start) else { continue };
        if satisfied.contains(id) || (parts.is_orphan && base_full.contains_key(id) && same_series) {
            continue;
        }
        fresh.push(derive(master, &target_master, *id, full, start, pen, now)?);
    }
    gone.sort_unstable();
    let nodes = calendar.nodes_mut();
    let last = nodes.iter().rposition(|node| node.as_component().is_some_and(|c| c.is(R::COMPONENT)));
    let after = last.map_or(nodes.len(), |last| last + 1);
    for component in fresh.into_iter().rev() {
        nodes.insert(after, Node::Component(component));
    }
    for at in gone.into_iter().rev() {
        nodes.remove(at);
    }
    let times = target_full.values().flatten().flat_map(Item::times);
    let ids: Vec<When> = new_start.iter().flat_map(|start| target_full.keys().map(|id| start.with_wall(id.0))).collect();
    pen.context.zones.complete(calendar, target_master.times().into_iter().chain(times).chain(ids.iter()));
    Ok(())
}

/// One occurrence of somebody else's series: what belongs to the series cannot be said in it.
fn refuse_for_orphan<R: Item>(base: &R, target: &R) -> Result<(), FormatError> {
    let reason = "the resource holds single occurrences of a series and not the series; change the series where it is kept";
    if base.rules() != target.rules() || base.get("excludedRecurrenceRules") != target.get("excludedRecurrenceRules") {
        return Err(unwritable("recurrenceRules", reason));
    }
    let excludes = |(id, what): (&RecurrenceId, &Override)| *what == Override::Excluded && base.overrides().get(id) != Some(what);
    if target.overrides().iter().any(excludes) {
        return Err(unwritable("recurrenceOverrides", reason));
    }
    Ok(())
}

/// EXDATE and RDATE of the master.
struct Dates<'a, R> {
    base: &'a R,
    target: &'a R,
    target_master: &'a R,
    old_start: Option<&'a When>,
    start: &'a When,
    pen: &'a Pen<'a>,
}

impl<R: Item> Dates<'_, R> {
    /// Keeps the values that `keep` says yes to, given what they named before and what they name with the start as it is; the
    /// lines without a change keep their bytes.
    fn retain(&self, c: &mut Component, name: &str, mut keep: impl FnMut(RecurrenceId, &series::DateValue) -> bool) -> bool {
        let mut changed = false;
        let mut emptied = Vec::new();
        for (at, line) in c.lines_mut().filter(|line| line.is(name)).enumerate() {
            let Some(mut content) = line.content() else { continue };
            let values = series::date_values(&content, self.start, self.pen.context);
            let before = series::date_values(&content, self.old_start.unwrap_or(self.start), self.pen.context);
            let kept: Vec<&str> = values
                .iter()
                .zip(&before)
                .filter(|(value, before)| before.id.is_none_or(|before| keep(before, value)))
                .map(|(value, _)| value.text.as_str())
                .collect();
            if kept.len() == values.len() {
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

    fn patch_excluded(&self, c: &mut Component) -> Result<bool, FormatError> {
        let mut there = BTreeSet::new();
        let mut changed = self.retain(c, "EXDATE", |before, value| {
            let Some(now) = value.id else { return true };
            let stays = self.target.overrides().get(&now) == Some(&Override::Excluded);
            if stays {
                there.insert(now);
            }
            stays || self.is_unknown(before, now)
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
    fn patch_added(
        &self,
        c: &mut Component,
        satisfied: &mut BTreeSet<RecurrenceId>,
        claimed: &BTreeSet<RecurrenceId>,
    ) -> Result<bool, FormatError> {
        let mut there = BTreeSet::new();
        let mut changed = self.retain(c, "RDATE", |before, value| {
            let Some(now) = value.id else { return true };
            let own = series::added(self.target_master, value).map(|(_, own)| own);
            let stays = match self.target.overrides().get(&now) {
                None => return self.is_unknown(before, now),
                Some(Override::Excluded) => false,
                Some(wanted) if Some(wanted) == own.as_ref() => {
                    satisfied.insert(now);
                    true
                }
                // A component says what it is like; only a period that it no longer has must go, when nothing else does.
                Some(wanted) => *wanted != Override::added() || claimed.contains(&now),
            };
            if stays {
                there.insert(now);
            }
            stays
        });
        for (id, what) in self.target.overrides() {
            let Override::Changed(patch) = what else { continue };
            let is_plain = patch.is_empty();
            let was_there = self.base.overrides().get(id).is_some_and(|was| *was != Override::Excluded) && claimed.contains(id);
            if there.contains(id) || was_there {
                continue;
            }
            let claims = claimed.contains(id);
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

fn put_id(c: &mut Component, start: &When, id: RecurrenceId, pen: &Pen<'_>) -> Result<(), FormatError> {
    let mut line = c.content("RECURRENCE-ID").unwrap_or_else(|| ContentLine::new("RECURRENCE-ID", ""));
    pen.context.zones.set_time(&mut line, &start.with_wall(id.0))?;
    if c.line("RECURRENCE-ID").is_some() {
        c.set("RECURRENCE-ID", line);
    } else {
        let at = c.nodes().iter().position(|node| node.as_line().is_some_and(|l| l.is("UID"))).map_or(0, |uid| uid + 1);
        c.insert(at, line);
    }
    Ok(())
}

/// A component for one occurrence: the master's lines, those that differ written anew.
fn derive<R: Item>(
    master: &Component,
    record: &R,
    id: RecurrenceId,
    full: &R,
    start: &When,
    pen: &Pen<'_>,
    now: Option<Timestamp>,
) -> Result<Component, FormatError> {
    let mut c = master.clone();
    for name in ["RRULE", "RDATE", "EXDATE", "EXRULE"] {
        c.remove(name);
    }
    for alarm in c.components_mut().filter(|alarm| alarm.is("VALARM")) {
        // Its own alarms: a UID stands once (RFC 9074 section 4), and nobody has dismissed them.
        for name in ["UID", "X-WR-ALARMUID", "ACKNOWLEDGED"] {
            alarm.remove(name);
        }
    }
    put_id(&mut c, start, id, pen)?;
    // The clone says the times of the series' start.
    let like_master = record.occurrence(RecurrenceId::of(start));
    R::patch_component(&mut c, &like_master, full, pen)?;
    if let Some(now) = now {
        stamp(&mut c, now, false);
    }
    Ok(c)
}

/// DTSTAMP and LAST-MODIFIED of a component that changed; SEQUENCE grows when it was rescheduled (RFC 5545 section 3.8.7).
fn stamp(c: &mut Component, now: Timestamp, rescheduled: bool) {
    put_value(c, "DTSTAMP", Some(&write_utc(now)));
    put_value(c, "LAST-MODIFIED", Some(&write_utc(now)));
    if rescheduled {
        let sequence: u32 = c.content("SEQUENCE").and_then(|line| line.value().trim().parse().ok()).unwrap_or_default();
        put_value(c, "SEQUENCE", Some(&sequence.saturating_add(1).to_string()));
    }
}

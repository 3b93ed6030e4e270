//! Changing a resource so that only the lines of changed fields are touched.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use pimkit_core::series::{Exception, split};
use pimkit_core::{Override, RecurrenceId, When, diff};

use super::dates::Dates;
use super::item::{Item, Pen};
use super::lines::put_value;
use super::named;
use super::series::{self, Parts};
use crate::FormatError;
use crate::recurrence::write_utc;
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
        named::patch(component, &target_master, new, target.overrides(), pen.context);
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
    if let Some(start) = new_start.as_ref().filter(|_| !parts.is_orphan) {
        let dates = Dates { base, target, target_master: &target_master, old_start: old_start.as_ref(), start, claimed: &claimed, pen };
        if same_series {
            let (changed, unfit) = dates.patch_periods(master)?;
            dates_differ = changed;
            satisfied.extend(base.overrides().keys().filter(|id| !unfit.contains(id)));
        } else {
            dates_differ = dates.patch_excluded(master)? | dates.patch_added(master, &mut satisfied)?;
        }
    }
    let master_differs = bytes(master) != before;
    if let Some(now) = now.filter(|_| master_differs) {
        stamp(master, now, rescheduled || dates_differ);
    }

    let mut fresh = Vec::new();
    for (id, full) in &target_full {
        let (Some(full), Some(start)) = (full, &new_start) else { continue };
        if satisfied.contains(id) || (parts.is_orphan && base_full.contains_key(id) && same_series) {
            continue;
        }
        let mut component = derive(master, &target_master, *id, full, start, pen, now)?;
        named::patch(&mut component, &target_master, *id, target.overrides(), pen.context);
        fresh.push(component);
    }
    if master_differs {
        // A copy of the master as it was would be another record beside it.
        gone.extend(parts.outdated.iter().filter(|(id, _)| id.is_none()).map(|(_, at)| at));
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

//! When is an item believed deleted, and what follows from it.
//!
//! Absence is a suspicion. It is believed after the round observed every collection that the sync
//! reads, no other item carries the item's uid or mark, a fetch by id says Gone, and the account's
//! other collections were searched for it. Found there is scope exit; not searchable is hold.

use crate::{
    detach::taken_away,
    fresh::set_end,
    keys,
    map::Pass,
    plan::{Linked, missing},
    planted::{Break, planted},
    policy::{Deletes, HubDelete},
    project::{degraded, value},
    run::Run,
    scope,
    step::{Action, End, SideWrite, Step},
    stranger::same_thing,
    undecided::{DECIDE, was_deleted},
};
use pimkit_core::{
    CollectionId, Delete, ErrorKind, Fetched, Fields, ItemId, Key, LinkRole, LinkRow, LinkState, Presence, Record, Result, SeenRow, Side,
    StateChange, Value,
};
use std::collections::{BTreeMap, BTreeSet};

/// Items that are given to a link already.
type Taken = BTreeSet<(CollectionId, ItemId)>;

/// What looking into a missing item found.
enum Finding {
    /// It is gone.
    Deleted(String),
    /// It is there after all, as this.
    There(Box<SeenRow>),
    /// It moved, or came back under another id: this is it.
    Elsewhere(Box<SeenRow>),
    /// It is somewhere that this sync does not read.
    Outside(String),
    /// It cannot be told this time.
    Unclear(String),
}

impl<R: Record> Run<R> {
    /// Looks into links of which an end is missing.
    pub(crate) async fn plan_suspects(&mut self, suspects: Vec<Linked>) -> Result<()> {
        if suspects.is_empty() {
            return Ok(());
        }
        let mut left = self.look_into(Side::Left, &suspects).await?;
        let mut right = self.look_into(Side::Right, &suspects).await?;
        for (n, mut linked) in suspects.into_iter().enumerate() {
            let findings = [(Side::Left, left.remove(&n)), (Side::Right, right.remove(&n))];
            let mut deleted: Vec<(Side, String)> = Vec::new();
            let mut unclear = None;
            for (side, finding) in findings {
                match finding {
                    None => {}
                    Some(Finding::Deleted(evidence)) => deleted.push((side, evidence)),
                    Some(Finding::There(row)) => linked.set(side, *row),
                    Some(Finding::Elsewhere(row)) => {
                        self.repointed.insert(linked.link.id.clone());
                        set_end(&mut linked.link, side, &row);
                        linked.link.version += 1;
                        self.commit(vec![StateChange::Link(Box::new(linked.link.clone()))]).await?;
                        linked.set(side, *row);
                    }
                    Some(Finding::Outside(why)) => unclear = Some((LinkState::OutOfScope, why)),
                    Some(Finding::Unclear(why)) => unclear = Some((LinkState::Held, why)),
                }
            }
            match (unclear, deleted.as_slice()) {
                (Some(_), _) if linked.link.state == LinkState::Shadowed => self.wait(linked.link, None).await?,
                (Some((LinkState::OutOfScope, why)), _) => self.out_of_scope(linked.link, why).await?,
                (Some((state, why)), _) => {
                    self.report.held += 1;
                    self.note(format!("an item is missing and it cannot be told whether it was deleted: {why}"));
                    let state = if linked.link.state == LinkState::Suppressed { LinkState::Suppressed } else { state };
                    self.wait(linked.link, Some((state, why))).await?;
                }
                (None, []) => self.plan_merge(linked, None).await?,
                (None, [(Side::Right, _)]) if linked.link.state == LinkState::Shadowed => {
                    let reason = "its record went to another one, and its own user deleted it".to_owned();
                    let step = self.plain_step(&linked, Action::Forget, reason);
                    self.push(step).await?;
                }
                (None, [(side, evidence)]) => {
                    if let Some(why) = taken_away(&linked, *side) {
                        self.out_of_scope(linked.link, why).await?;
                    } else if linked.link.state != LinkState::Suppressed {
                        self.plan_deleted(*side, linked, evidence.clone()).await?;
                    }
                }
                (None, [..]) => {
                    let step = self.plain_step(&linked, Action::Forget, "both items are gone".to_owned());
                    self.push(step).await?;
                }
            }
        }
        Ok(())
    }

    /// The link of what is left alone, where an end of it moved or came back under another id. Without its link that item
    /// would be new, and would be made once more on the other side.
    pub(crate) async fn follow_moved(&mut self, mut linked: Linked) -> Result<LinkRow> {
        for side in [Side::Left, Side::Right] {
            if !missing(linked.end(side)) {
                continue;
            }
            let finding = self.look_into(side, std::slice::from_ref(&linked)).await?.remove(&0);
            if let Some(Finding::Elsewhere(row)) = finding {
                self.repointed.insert(linked.link.id.clone());
                set_end(&mut linked.link, side, &row);
                linked.link.version += 1;
                self.commit(vec![StateChange::Link(Box::new(linked.link.clone()))]).await?;
                linked.set(side, *row);
            }
        }
        Ok(linked.link)
    }

    /// Adds a note once.
    pub(crate) fn note(&mut self, note: String) {
        if !self.report.notes.contains(&note) {
            self.report.notes.push(note);
        }
    }

    /// What became of the missing ends of a side, by place among the suspects.
    async fn look_into(&mut self, side: Side, suspects: &[Linked]) -> Result<BTreeMap<usize, Finding>> {
        let mut found = BTreeMap::new();
        let mut taken = Taken::new();
        let mut by_collection: BTreeMap<CollectionId, Vec<(usize, SeenRow)>> = BTreeMap::new();
        for (n, linked) in suspects.iter().enumerate() {
            match linked.end(side) {
                Some(row) if row.presence == Presence::Gone => {
                    // It may have come back under another id since.
                    let finding = match self.carrier(side, linked, row, &taken).await? {
                        Some(other) => {
                            taken.insert((other.collection.clone(), other.item.clone()));
                            Finding::Elsewhere(Box::new(other))
                        }
                        None => Finding::Deleted("believed in an earlier run".to_owned()),
                    };
                    found.insert(n, finding);
                }
                Some(row) if matches!(row.presence, Presence::Missing { .. }) => {
                    by_collection.entry(row.collection.clone()).or_default().push((n, row.clone()));
                }
                _ => {}
            }
        }
        let unread =
            self.half(side).failed.iter().next().map(|(id, why)| format!("the {} collection {id} was not read: {why}", side.word()));
        for (collection, rows) in by_collection {
            let repository = self.half(side).repository.clone();
            let ids: Vec<ItemId> = rows.iter().map(|(_, row)| row.item.clone()).collect();
            let answers = repository.fetch(&collection, &ids).await;
            let mut gone: Vec<(usize, SeenRow)> = Vec::new();
            for ((n, row), answer) in rows.into_iter().zip(answers) {
                let believed = planted(Break::FetchBeforeDelete)
                    || (matches!(answer, Fetched::Unreadable { .. }) && planted(Break::UnreadableAsPresent));
                let finding = match if believed { Fetched::Gone } else { answer } {
                    Fetched::Gone => {
                        gone.push((n, row));
                        continue;
                    }
                    Fetched::Found(stored) => {
                        let row = self.observed(side, row.epoch, Some(&row), *stored).await?;
                        self.later([StateChange::Seen(Box::new(row.clone()))]);
                        Finding::There(Box::new(row))
                    }
                    Fetched::Hidden => Finding::Outside(format!("the {} item is hidden from this account", side.word())),
                    Fetched::OtherKind { .. } => Finding::Outside(format!("the {} item is of another kind", side.word())),
                    Fetched::Unreadable { error, .. } | Fetched::Failed(error) => Finding::Unclear(error.to_string()),
                };
                found.insert(n, finding);
            }
            let elsewhere = self.search_elsewhere(side, &gone).await?;
            for ((n, row), elsewhere) in gone.into_iter().zip(elsewhere) {
                let finding = if let Some(why) = &unread {
                    Finding::Unclear(why.clone())
                } else if let Some(linked) = suspects.get(n)
                    && let Some(other) = self.carrier(side, linked, &row, &taken).await?
                    && (elsewhere.is_none() || same_thing(R::KIND, &self.fields_of(&row)?, &self.fields_of(&other)?))
                {
                    // Where it is found outside too, one of another name that carries its uid is a copy.
                    taken.insert((other.collection.clone(), other.item.clone()));
                    Finding::Elsewhere(Box::new(other))
                } else {
                    elsewhere
                        .unwrap_or_else(|| Finding::Deleted("missing in a whole listing, and a fetch by its id says it is gone".to_owned()))
                };
                if matches!(finding, Finding::Deleted(_)) {
                    let mut row = row;
                    row.presence = Presence::Gone;
                    // Seen replaced by nothing: should it stand there again, it is as it was before.
                    row.superseded.push((row.revision.clone(), row.hash));
                    self.later([StateChange::Seen(Box::new(row))]);
                }
                found.insert(n, finding);
            }
        }
        Ok(found)
    }

    /// Another item that is the missing one under another id or in another collection: it carries its
    /// uid or mark, says the very same, or is the hub record of that id. It has no link but this one.
    async fn carrier(&self, side: Side, linked: &Linked, row: &SeenRow, taken: &Taken) -> Result<Option<SeenRow>> {
        let account = &self.half(side).account.id;
        for prefix in ["uid:", "mark:", "hash:", "id:"] {
            let named: Vec<String> = row.keys.iter().filter(|k| k.starts_with(prefix)).cloned().collect();
            for (collection, item) in self.unlinked(side, &named, 1, Some(&linked.link.id)).await?.into_values().flatten() {
                let here = collection == row.collection && item == row.item;
                if here || taken.contains(&(collection.clone(), item.clone())) || self.half(side).collection(&collection).is_none() {
                    continue;
                }
                let other = self.state().seen(account, R::KIND, &collection, &[item]).await?.into_iter().flatten().next();
                // A hub's ids are unique. Far ids may be file names: alone they say nothing in another collection.
                let by_id = prefix == "id:" && side == Side::Right;
                if let Some(other) = other.filter(|o| o.presence == Presence::Present)
                    && (!by_id || self.moved_under_its_id(row, &other)?)
                    && !self.is_renamed_copy(side, linked, row, &other).await?
                {
                    return Ok(Some(other));
                }
            }
        }
        Ok(None)
    }

    /// Whether a far item of another collection is a missing one that was moved there under its id, and edited since: it is
    /// called the same, and no uid speaks against it.
    fn moved_under_its_id(&self, row: &SeenRow, other: &SeenRow) -> Result<bool> {
        let (was, now) = (self.fields_of(row)?, self.fields_of(other)?);
        Ok(other.item == row.item && same_thing(R::KIND, &was, &now) && !keys::has_other_uid(&was, &now))
    }

    /// Whether what carries the uid or mark of a missing item is rather a copy of it that was given another name, made before
    /// the original was deleted. A move goes to another collection, and the app never gives a record another id. At a far side
    /// that does it is all the same whether the link follows the copy, as long as nobody edited the other end since and a
    /// deletion would take that one away: an edit of the original must not end up in somebody else's record.
    pub(crate) async fn is_renamed_copy(&self, side: Side, linked: &Linked, row: &SeenRow, other: &SeenRow) -> Result<bool> {
        if other.collection != row.collection || same_thing(R::KIND, &self.fields_of(row)?, &self.fields_of(other)?) {
            return Ok(false);
        }
        let rest = linked.end(side.other()).filter(|rest| rest.presence == Presence::Present);
        Ok(match rest {
            _ if side == Side::Left || self.keeps_ids(side, &row.collection) => true,
            Some(rest) => !self.may_follow(side) || self.edited(side.other(), linked, rest).await?,
            None => false,
        })
    }

    /// Whether items of a collection keep their ids through every edit.
    pub(crate) fn keeps_ids(&self, side: Side, collection: &CollectionId) -> bool {
        self.half(side).collection(collection).is_some_and(|c| c.capabilities.keeps_ids)
    }

    /// Whether a deletion on a side can reach the other one: where none does, what is there is to stay as it is.
    fn may_follow(&self, gone: Side) -> bool {
        let policy = &self.setup.policy;
        let kept = gone == Side::Right && policy.hub_delete == HubDelete::Never;
        policy.writes(gone.other()) && policy.deletes_on(gone.other()) != Deletes::Ignore && !kept
    }

    /// Searches the account's other collections for missing items: one answer per item, none where
    /// it is not there.
    async fn search_elsewhere(&self, side: Side, gone: &[(usize, SeenRow)]) -> Result<Vec<Option<Finding>>> {
        let half = self.half(side);
        let mut answers: Vec<Option<Finding>> = gone.iter().map(|_| None).collect();
        if gone.is_empty() {
            return Ok(answers);
        }
        let others: Vec<_> = half.all.iter().filter(|c| half.collection(&c.id).is_none()).collect();
        if others.is_empty() {
            return Ok(answers);
        }
        let mut keys: Vec<(usize, Key)> = Vec::new();
        // Where ids stay through a move, what was moved is found under its own.
        let mut by_id: Vec<(usize, ItemId)> = Vec::new();
        for (place, (_, row)) in gone.iter().enumerate() {
            let record = self.record_of(row)?;
            let before = keys.len();
            keys.extend(record.uid().filter(|u| !u.is_empty()).map(|u| (place, Key::Uid(u.to_owned()))));
            keys.extend(row.mark.clone().map(|m| (place, Key::Mark(m))));
            if keys.len() > before {
                continue;
            }
            if half.collection(&row.collection).is_some_and(|c| c.capabilities.moves_keep_ids) {
                by_id.push((place, row.item.clone()));
            } else {
                set(
                    &mut answers,
                    place,
                    Finding::Unclear("it has no uid or mark by which the other collections can be searched".to_owned()),
                );
            }
        }
        let asked: Vec<Key> = keys.iter().map(|(_, key)| key.clone()).collect();
        let ids: Vec<ItemId> = by_id.iter().map(|(_, id)| id.clone()).collect();
        for other in others {
            let outside =
                || Finding::Outside(format!("it is in the {} collection {}, which this sync does not read", side.word(), other.name));
            let there = if ids.is_empty() { Vec::new() } else { half.repository.fetch(&other.id, &ids).await };
            for ((place, _), answer) in by_id.iter().zip(there) {
                match answer {
                    Fetched::Gone | Fetched::OtherKind { .. } => {}
                    Fetched::Found(_) | Fetched::Hidden | Fetched::Unreadable { .. } => set(&mut answers, *place, outside()),
                    Fetched::Failed(error) => set(&mut answers, *place, Finding::Unclear(error.to_string())),
                }
            }
            let found = if asked.is_empty() { Vec::new() } else { half.repository.find(&other.id, &asked).await };
            for ((place, _), answer) in keys.iter().zip(found) {
                match answer {
                    Ok(items) if items.is_empty() => {}
                    Ok(_) => set(&mut answers, *place, outside()),
                    Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Unavailable) => {
                        set(
                            &mut answers,
                            *place,
                            Finding::Unclear(format!("the {} side cannot search its other collections", side.word())),
                        );
                    }
                    Err(error) => set(&mut answers, *place, Finding::Unclear(error.to_string())),
                }
            }
        }
        Ok(answers)
    }

    /// One end is gone: what becomes of the other.
    pub(crate) async fn plan_deleted(&mut self, gone: Side, linked: Linked, evidence: String) -> Result<()> {
        let rest = gone.other();
        let Some(row) = linked.end(rest).cloned() else {
            let step = self.plain_step(&linked, Action::Forget, "both items are gone".to_owned());
            return self.push(step).await;
        };
        if row.presence != Presence::Present {
            return self.wait(linked.link, None).await;
        }
        if linked.end(gone).is_some_and(|end| self.is_put_back(gone, &end.collection, &end.item)) && self.setup.policy.writes(gone) {
            return self.edit_beats_delete(gone, linked, &row, evidence).await;
        }
        let deletes = self.setup.policy.deletes_on(rest);
        if gone == Side::Right && linked.link.role == LinkRole::Copy {
            let why = "role = copy: an attendee took it out of the own calendar".to_owned();
            return self.suppress(gone, &linked, evidence, why).await;
        }
        if !self.setup.policy.writes(rest) {
            return self
                .suppress(gone, &linked, evidence, format!("direction = {}", crate::plan::word(&self.setup.policy.direction)))
                .await;
        }
        if deletes == Deletes::Ignore {
            return self.suppress(gone, &linked, evidence, "deletes = ignore".to_owned()).await;
        }
        if linked.link.state == LinkState::OutOfScope && (gone == Side::Left || !self.edited(rest, &linked, &row).await?) {
            // It was nobody's to carry over while it was outside, and is no more now; only an edit brings a far copy back.
            return self.suppress(gone, &linked, evidence, "scope: it was deleted while it was outside".to_owned()).await;
        }
        if gone == Side::Right
            && let Some(why) = self.detaches(&row).await?
        {
            let mut linked = linked;
            if self.edited(rest, &linked, &row).await? {
                linked.link.unseen = true;
                linked.link.version += 1;
                self.commit(vec![StateChange::Link(Box::new(linked.link.clone()))]).await?;
            }
            return self.suppress(gone, &linked, evidence, why.to_owned()).await;
        }
        if linked.link.decision == Some(rest) {
            return self.suppress(gone, &linked, evidence, format!("decided: the {} one stays", rest.word())).await;
        }
        let mut linked = linked;
        let open = rest == Side::Left && linked.link.decision.is_none() && !linked.link.unseen;
        if open && self.is_let_go_elsewhere(&row.item).await? && self.was_just_edited(&row).await? {
            // In what the other mailbox holds and this one may not: no user who deleted it has seen it.
            linked.link.unseen = true;
            linked.link.version += 1;
            self.commit(vec![StateChange::Link(Box::new(linked.link.clone()))]).await?;
        }
        let unseen = rest == Side::Left && (linked.link.unseen || self.is_unseen_elsewhere(&row.item).await?);
        let edited = linked.link.decision.is_none() && (unseen || self.edited(rest, &linked, &row).await?);
        if edited {
            return self.edit_beats_delete(gone, linked, &row, evidence).await;
        }
        let deletable = self.is_deletable(rest, &row.item).await? && self.may_delete_any(rest).await?;
        if !deletable || !self.may_write(rest, &row) {
            self.report.held += 1;
            let why = format!("{}, and the {} one may not be", was_deleted(gone), rest.word());
            return self.wait(linked.link, Some((LinkState::Held, why))).await;
        }
        if !self.is_conditional(rest, &row.collection) || hides_new(rest, &linked, &row) {
            match self.now_there(rest, &row).await? {
                Some(now) if hides_new(rest, &linked, &now) && linked.link.decision != Some(gone) => {
                    self.report.held += 1;
                    let why = format!("{}, and the {} one does not tell all that it holds: {DECIDE}", was_deleted(gone), rest.word());
                    return self.wait(linked.link, Some((LinkState::Held, why))).await;
                }
                Some(now) if now.hash == row.hash => {}
                Some(now) => {
                    // It is deleted in the next run, if what changed is none of ours.
                    let mut linked = linked;
                    linked.set(rest, now.clone());
                    if linked.link.decision.is_none() && self.edited(rest, &linked, &now).await? {
                        return self.edit_beats_delete(gone, linked, &now, evidence).await;
                    }
                    return self.wait(linked.link, None).await;
                }
                None => return self.wait(linked.link, None).await,
            }
        }
        let has_trash = self.half(rest).collection(&row.collection).is_some_and(|c| c.capabilities.trash);
        let (mode, held) = match deletes {
            Deletes::Delete => (Delete::Permanent, None),
            Deletes::Ask => (if has_trash { Delete::Trash } else { Delete::Permanent }, Some("ask".to_owned())),
            Deletes::Trash | Deletes::Ignore if has_trash => (Delete::Trash, None),
            Deletes::Trash | Deletes::Ignore => {
                self.report.held += 1;
                let why = format!("{}; the {} side has no trash: set deletes = \"delete\" or \"ignore\"", was_deleted(gone), rest.word());
                self.note(why.clone());
                return self.wait(linked.link, Some((LinkState::Held, why))).await;
            }
        };
        let mut step = self.plain_step(&linked, Action::Delete(rest), format!("deleted on the {}", gone.word()));
        let end = if rest == Side::Left { &mut step.hub } else { &mut step.far };
        end.write = Some(SideWrite::Delete(mode));
        step.policy = Some(format!("deletes = {}", crate::plan::word(&deletes)));
        step.evidence = Some(evidence);
        step.held = held;
        self.push(step).await
    }

    async fn suppress(&mut self, gone: Side, linked: &Linked, evidence: String, policy: String) -> Result<()> {
        let mut step =
            self.plain_step(linked, Action::Suppress(gone.other()), format!("deleted on the {}; the other is left alone", gone.word()));
        step.policy = Some(policy);
        step.evidence = Some(evidence);
        self.push(step).await
    }

    /// Whether the end that is left was changed since both were agreed.
    async fn edited(&self, rest: Side, linked: &Linked, row: &SeenRow) -> Result<bool> {
        let Some(base) = &linked.base else { return Ok(true) };
        let Some(whole) = self.map(&linked.link.hub_collection, &linked.link.collection) else { return Ok(true) };
        // What is the engine's own among the keywords is no edit, and neither is what the other side never follows.
        let fields = self.without_tags(rest, linked, &self.fields_of(row)?);
        let agreed = self.without_tags(rest, linked, if rest == Side::Left { &base.hub } else { &base.far });
        let unread = self.unread_of(rest, row);
        let terms = self.terms_of_edit(linked, &fields).await?;
        let (fields, agreed) = (terms.view(rest, &whole, &fields), terms.view(rest, &whole, &agreed));
        // What the deleted one said too is no edit, though nobody had taken down that both say it.
        let deleted = match linked.end(rest.other()) {
            Some(row) => self.fields_of(row)?,
            None => Fields::new(),
        };
        Ok(terms.map(&whole).pairs(&[&fields, &agreed]).iter().filter(|pair| pair.pass != Pass::Never).any(|pair| {
            let (field, def, other) = match rest {
                Side::Left => (&pair.left, pair.def, &pair.right),
                Side::Right => (&pair.right, pair.far_def, &pair.left),
            };
            let (before, now) = (value(&agreed, field), value(&fields, field));
            let ours = rest == Side::Right && base.sent.contains(field) && degraded(def, before, now);
            let said = now.is_some() && def.same(value(&deleted, other), now);
            !def.identity && !ours && !said && !unread.contains(field) && !def.same(before, now)
        }))
    }

    /// The deleted one is made again, so that the edit is not lost; but never a meeting.
    async fn edit_beats_delete(&mut self, gone: Side, linked: Linked, row: &SeenRow, evidence: String) -> Result<()> {
        if gone == Side::Left && self.is_to_be_made_again(linked.link.hub_item.as_ref())? {
            return self.wait(linked.link, None).await;
        }
        let fields = self.fields_of(row)?;
        let meeting = matches!(fields.get("participants"), Some(Value::Array(list)) if !list.is_empty());
        if meeting || !self.half(gone).collections.iter().any(scope::writable) {
            self.report.held += 1;
            let why = format!("{} and the {} one edited: {DECIDE}", was_deleted(gone), gone.other().word());
            return self.wait(linked.link, Some((LinkState::Held, why))).await;
        }
        let mut link = linked.link.clone();
        link.generation = (link.generation + 1).max(u32::try_from(self.run).unwrap_or(u32::MAX));
        let generation = link.generation;
        let reason = format!("deleted on the {} ({evidence}), but edited", gone.word());
        self.plan_create(gone, row, Some(&linked.link), generation, reason, Some((&evidence, linked.base.as_ref()))).await
    }

    /// A step that writes nothing, for a link.
    pub(crate) fn plain_step(&self, linked: &Linked, action: Action, reason: String) -> Step {
        let end = |side: Side| {
            let (collection, item) = match side {
                Side::Left => (linked.link.hub_collection.clone(), linked.link.hub_item.clone()),
                Side::Right => (linked.link.collection.clone(), linked.link.item.clone()),
            };
            End { collection, item, revision: linked.end(side).and_then(|r| r.revision.clone()), write: None }
        };
        let link = (linked.link.id.clone(), linked.link.version);
        Step::new(R::KIND, action, Some(link), end(Side::Left), end(Side::Right), reason)
    }

    /// The hashes under which a link is remembered once an end is gone.
    pub(crate) fn tombstone_keys(&self, linked: &Linked) -> Vec<String> {
        let mut named: Vec<String> = [Side::Left, Side::Right]
            .into_iter()
            .filter_map(|side| linked.end(side))
            .flat_map(|row| row.keys.iter().filter(|k| k.starts_with("uid:") || k.starts_with("mark:")).cloned())
            .collect();
        named.sort();
        named.dedup();
        keys::hashed(&named)
    }
}

/// Whether an item keeps back fields that it never told, or may have changed since it told them: nobody can say what is lost
/// with it.
fn hides_new(side: Side, linked: &Linked, row: &SeenRow) -> bool {
    let told = linked.base.as_ref().map(|base| if side == Side::Left { &base.hub } else { &base.far });
    let agreed = if side == Side::Left { &linked.link.hub_revision } else { &linked.link.revision };
    let changed = row.revision != *agreed;
    !planted(Break::UnreadAsUnknown) && row.unread.iter().any(|field| changed || told.is_none_or(|fields| !fields.contains_key(field)))
}

fn set(answers: &mut [Option<Finding>], place: usize, finding: Finding) {
    if let Some(slot) = answers.get_mut(place) {
        *slot = Some(finding);
    }
}

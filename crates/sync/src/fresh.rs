//! Items that have no link yet: their other end is found, or made.

use crate::{
    keys,
    map::Pass,
    matching::{Doubt, Found, Given},
    merge::limited,
    plan::Linked,
    policy::Duplicates,
    project::{lift, project},
    report::Ambiguity,
    run::Run,
    scope::{self, Scoped},
    step::{Action, Agreed, End, SideWrite, Step},
    stranger::same_thing,
};
use pimkit_core::{
    BaseRow, CollectionId, Fields, ItemId, JournalRow, LinkRole, LinkRow, LinkState, Mark, Presence, Record, Result, SeenRow, Side,
    StateChange,
};
use std::collections::BTreeSet;

/// How many ambiguities a report tells with all that speaks for them.
const TOLD: usize = 100;

impl<R: Record> Run<R> {
    /// Items without a link: their other end is found, or made.
    ///
    /// Nothing is matched with or made on a side that was not read to its end: what was not read
    /// may be the very item. Such items stay to be worked off, see [`close`](Self::close).
    pub(crate) async fn plan_fresh(&mut self, side: Side, rows: Vec<SeenRow>) -> Result<()> {
        if self.half(side.other()).is_incomplete() {
            return Ok(());
        }
        let mut given = Given::default();
        let buried = self.buried(&rows).await?;
        let near = self.near(side.other(), &rows).await?;
        let theirs: Vec<ItemId> = near.values().flatten().map(|(_, item)| item.clone()).collect();
        if side == Side::Right && self.setup.policy.asks_the_app() {
            self.ask(theirs.iter()).await?;
        }
        for row in rows {
            if self.half(side).failed.contains_key(&row.collection) {
                continue;
            }
            if self.is_of_open_create(side, &row) {
                self.keep_dirty(row);
                continue;
            }
            if side == Side::Left && self.follow_replaced(&row).await? {
                continue;
            }
            if side == Side::Left && self.is_made_again(&row)? {
                // It stands for a record that a link may lead to; which one is known when the other sync has taken it down.
                self.keep_dirty(row);
                continue;
            }
            if self.rejoin(side, &row).await? || self.is_back_from_before(side, &row).await? {
                continue;
            }
            if self.join_sibling(side, &row).await? {
                continue;
            }
            if self.is_of_a_missing_collection(side, &row).await? {
                // It may be what stood there: it waits until that is known.
                self.keep_dirty(row);
                continue;
            }
            if side == Side::Right && self.is_of_the_past(&row).await? {
                continue;
            }
            if side == Side::Right && self.may_have_moved(&row).await? {
                self.keep_dirty(row);
                continue;
            }
            self.meet(side, &row);
            let fields = self.fields_of(&row)?;
            let is_buried = !buried.is_empty() && keys::hashed(&named(&row)).iter().any(|key| buried.contains(key));
            if is_buried && self.reappeared(side, &row).await? {
                continue;
            }
            match self.find_match(side, &row, &fields, &near, &given).await? {
                // What the acting user does not see is, for that user, not there; unless it says itself that it is this one.
                Found::One(other, by) if side == Side::Right && !by.is_proof() && !self.sees(&other).await? => {
                    self.plan_new(side, row, &fields, &mut given).await?;
                }
                Found::One(other, _) if side == Side::Left && !self.may_join(&other)? => {
                    let text = "the item that fits it is not in the category that is synced, and cannot be put into it";
                    self.note(format!("{text}: {}", other.item));
                }
                Found::One(other, by) => {
                    given.own.insert((row.collection.clone(), row.item.clone()));
                    given.other.insert((other.collection.clone(), other.item.clone()));
                    self.meet(side.other(), &other);
                    let why = by.words();
                    let (hub, far) = match side {
                        Side::Left => (row, *other),
                        Side::Right => (*other, row),
                    };
                    let link = self.new_link(side, Some(&hub), Some(&far), 1);
                    self.later([StateChange::Link(Box::new(link.clone()))]);
                    self.plan_merge(Linked { link, base: None, hub: Some(hub), far: Some(far) }, Some(format!("recognised by {why}")))
                        .await?;
                }
                Found::Several(doubt) => self.put_aside(side, row, &doubt),
                Found::None => self.plan_new(side, row, &fields, &mut given).await?,
                Found::Later => {
                    let text = "it has the uid of an item of another name, and waits until the items that cannot be read are mended";
                    self.note(format!("{text}: {}", row.item));
                    self.keep_dirty(row);
                }
            }
        }
        Ok(())
    }

    /// An item that cannot be told apart waits for somebody, and is told with what speaks for each.
    fn put_aside(&mut self, side: Side, row: SeenRow, doubt: &Doubt) {
        if self.report.ambiguous.len() < TOLD {
            let candidates = doubt.candidates.clone();
            self.report.ambiguous.push(Ambiguity { id: row.item.to_string(), side, candidates });
        }
        self.wait_unlinked(side, row, "ambiguous", "ambiguous = ask", &doubt.to_string());
    }

    /// Looks at an item without a link again in the next run. It is told in every run, and written down once.
    fn wait_unlinked(&mut self, side: Side, row: SeenRow, action: &str, policy: &str, text: &str) {
        if !self.is_left_over(side, &row, text) {
            let item = Some(row.item.clone());
            let (hub_item, item) = if side == Side::Left { (item, None) } else { (None, item) };
            let policy = Some(policy.to_owned());
            let line = JournalRow { hub_item, item, side: Some(side), policy, ..self.journal_line(action, text.to_owned()) };
            self.later([StateChange::Journal(Box::new(line))]);
        }
        self.ask_about(side, &row.collection, &row.item, text);
        self.keep_dirty(row);
    }

    /// Makes the other end of an item that is new; unless it says what another item of its side says already, and
    /// such ones are to be looked at first.
    async fn plan_new(&mut self, side: Side, row: SeenRow, fields: &Fields, given: &mut Given) -> Result<()> {
        match if side == Side::Right { self.is_picked(&row)? } else { Scoped::Inside } {
            Scoped::Inside => {}
            Scoped::Outside(_) => {
                // Nobody wants its other end any more, whatever kept it from being made.
                self.release(side, &row.collection, &row.item);
                return Ok(());
            }
            Scoped::Unknown => {
                self.keep_dirty(row);
                return Ok(());
            }
        }
        if self.setup.policy.duplicates == Duplicates::Hold
            && let Some((twin, by)) = self.find_twin(side, &row, fields, given).await?
        {
            let text = format!(
                "it is a duplicate of {twin} of its own side by {}; take one of the two away, make them differ, or set duplicates = import",
                by.words()
            );
            self.wait_unlinked(side, row, "held", "duplicates = hold", &text);
            return Ok(());
        }
        if side == Side::Left && self.may_be_invited(&row, fields).await? {
            self.keep_dirty(row);
            return Ok(());
        }
        given.made.insert((row.collection.clone(), row.item.clone()));
        // A number that no earlier creation of this item had: its mark may lie in a trash.
        let generation = u32::try_from(self.run).unwrap_or(u32::MAX);
        self.plan_create(side.other(), &row, None, generation, "it is new".to_owned(), None).await
    }

    /// Whether a far item is in the category that is synced, or can be put into it.
    fn may_join(&self, far: &SeenRow) -> Result<bool> {
        Ok(self.far_scope(far)? == Scoped::Inside || self.may_tag(far))
    }

    /// Looks at an item without a link again in the next run.
    pub(crate) fn keep_dirty(&mut self, mut row: SeenRow) {
        row.changed = self.run + 1;
        self.later([StateChange::Seen(Box::new(row))]);
    }

    /// The keys of every tombstone that one of the items may be kept from coming back by.
    async fn buried(&self, rows: &[SeenRow]) -> Result<BTreeSet<String>> {
        let keys: Vec<String> = rows.iter().flat_map(named).collect();
        if keys.is_empty() {
            return Ok(BTreeSet::new());
        }
        let tombstones = self.state().tombstones(self.sync(), &keys::hashed(&keys)).await?;
        Ok(tombstones.into_iter().flat_map(|tombstone| tombstone.keys).collect())
    }

    /// An item that a suppressed link had under another id: the end that was left alone stays left
    /// alone under its other id; the one that was deleted, when it is back, is followed again.
    async fn reappeared(&mut self, side: Side, row: &SeenRow) -> Result<bool> {
        for tombstone in self.state().tombstones(self.sync(), &keys::hashed(&named(row))).await? {
            let Some(link) = self.state().link(&tombstone.link).await? else { continue };
            if link.state != LinkState::Suppressed || link.parked {
                continue;
            }
            let Some(mut linked) = self.load(vec![link]).await?.into_iter().next() else { continue };
            let is = |side: Side, wanted: fn(&Presence) -> bool| linked.end(side).is_some_and(|end| wanted(&end.presence));
            if !is(side, |p| matches!(p, Presence::Missing { .. } | Presence::Gone)) {
                continue;
            }
            let back = tombstone.side == side;
            if back && !is(side.other(), |p| *p == Presence::Present) {
                continue;
            }
            // A copy that was given another name is neither what was deleted nor what was left alone.
            if let Some(end) = linked.end(side) {
                let other = match back {
                    true => !same_thing(R::KIND, &self.fields_of(end)?, &self.fields_of(row)?),
                    false => self.is_renamed_copy(side, &linked, end, row).await?,
                };
                if other {
                    continue;
                }
            }
            set_end(&mut linked.link, side, row);
            linked.link.version += 1;
            linked.set(side, row.clone());
            self.commit(vec![StateChange::Link(Box::new(linked.link.clone()))]).await?;
            if back {
                self.plan_merge(linked, Some("what was deleted is back".to_owned())).await?;
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// A fresh id. Ids of one run follow each other, so that a store adds their rows at the end of
    /// its indexes and not all over them.
    fn link_id(&mut self) -> String {
        self.links += 1;
        format!("{:010x}-{:08x}", self.run, self.links)
    }

    /// A link that is not kept: a place to look at.
    pub(crate) fn link_of_nothing(&self) -> LinkRow {
        self.link_with(String::new(), Side::Left, None, None, 0)
    }

    pub(crate) fn new_link(&mut self, origin: Side, hub: Option<&SeenRow>, far: Option<&SeenRow>, generation: u32) -> LinkRow {
        let id = self.link_id();
        self.link_with(id, origin, hub, far, generation)
    }

    fn link_with(&self, id: String, origin: Side, hub: Option<&SeenRow>, far: Option<&SeenRow>, generation: u32) -> LinkRow {
        let mut link = LinkRow {
            id,
            sync: self.sync().clone(),
            kind: R::KIND,
            hub_account: self.hub.account.id.clone(),
            hub_collection: hub.map(|r| r.collection.clone()).unwrap_or_default(),
            hub_item: hub.map(|r| r.item.clone()),
            account: self.far.account.id.clone(),
            collection: far.map(|r| r.collection.clone()).unwrap_or_default(),
            item: far.map(|r| r.item.clone()),
            role: LinkRole::default(),
            origin,
            state: LinkState::Pending,
            generation,
            mark: None,
            hub_revision: None,
            revision: None,
            note: None,
            again: true,
            parked: false,
            unseen: false,
            decision: None,
            version: 1,
        };
        if let Some(mark) = far.and_then(|row| row.mark.as_ref()) {
            recognise(&mut link, mark);
        }
        if let Some(far) = far.and_then(|row| self.fields_of(row).ok()) {
            link.role = self.role(&link, &far);
        }
        link
    }

    /// Where a record that is made on a side goes.
    fn home(&self, on: Side, fields: &Fields) -> Option<CollectionId> {
        let half = self.half(on);
        let open = || half.collections.iter().filter(|c| scope::writable(c));
        if on == Side::Left {
            for home in &self.setup.homes {
                if fields.get(&home.field) == Some(&home.equals)
                    && let Some(found) = open().find(|c| c.id.as_str() == home.collection || c.name == home.collection)
                {
                    return Some(found.id.clone());
                }
            }
        }
        open().next().map(|c| c.id.clone())
    }

    /// Makes the other end of an item; `remade` says, of one that was there before, how it is known
    /// to be deleted and what was agreed with it.
    #[allow(clippy::too_many_arguments)]
    pub(crate) async fn plan_create(
        &mut self,
        on: Side,
        row: &SeenRow,
        link: Option<&LinkRow>,
        generation: u32,
        reason: String,
        remade: Option<(&str, Option<&BaseRow>)>,
    ) -> Result<()> {
        let evidence = remade.map(|(evidence, _)| evidence.to_owned());
        let base = remade.and_then(|(_, base)| base);
        if !self.setup.policy.writes(on) {
            return Ok(());
        }
        // It belongs into the collection that was chosen first, and into no other while that is gone.
        if link.is_none() && self.half(on).first_is_gone {
            return Ok(());
        }
        let fields = self.fields_of(row)?;
        let kept = link.map(|l| if on == Side::Left { l.hub_collection.clone() } else { l.collection.clone() });
        let home = kept.filter(|c| self.half(on).collection(c).is_some_and(scope::writable)).or_else(|| self.home(on, &fields));
        let Some(home) = home else {
            let text = "the other side has no collection that may be written; choose one in the config";
            self.left_over(on.other(), &row.collection, &row.item, text);
            if link.is_none() {
                self.keep_dirty(row.clone());
            }
            return Ok(());
        };
        let (hub_home, far_home) = match on {
            Side::Left => (home.clone(), row.collection.clone()),
            Side::Right => (row.collection.clone(), home.clone()),
        };
        let Some(whole) = self.map(&hub_home, &far_home) else { return Ok(()) };
        let terms = self.terms_of_new(on, &fields, link);
        let map = terms.map(&whole);
        let shown = terms.view(on.other(), &whole, &fields);
        let empty = Fields::new();
        let (before, agreed_there) = match (base, on) {
            (Some(base), Side::Left) => (&base.hub, &base.far),
            (Some(base), Side::Right) => (&base.far, &base.hub),
            (None, _) => (&empty, &empty),
        };
        let mut record = Fields::new();
        let mut agreed = Vec::new();
        let unread = self.unread_of(on.other(), row);
        for pair in map.pairs(&[&shown]) {
            let (from, to, def, support) = match on {
                Side::Left => (&pair.right, &pair.left, pair.def, &pair.hub),
                Side::Right => (&pair.left, &pair.right, pair.far_def, &pair.far),
            };
            if unread.contains(from) {
                continue;
            }
            let value = fields.get(from).filter(|v| !v.is_null());
            let written = support.write && pair.pass != Pass::Never;
            let now = shown.get(from).filter(|v| !v.is_null());
            // What stood there before had more than the other side could hold of it.
            let whole = match (base, agreed_there.get(from), now) {
                (None, ..) => now.cloned(),
                (Some(_), None, None) => before.get(to).cloned(),
                // A hub that holds all of it says all of it: what the far side had was no more than its cut of that.
                (Some(_), _, now) if on == Side::Right && !limited(&pair.hub) => now.cloned(),
                (Some(_), agreed, now) => lift(def, before.get(to), agreed, now),
            };
            let made = if written { project(def, support, whole.as_ref(), before.get(to)) } else { None };
            if let Some(made) = &made {
                record.insert(to.clone(), made.clone());
            }
            if value.is_some() || made.is_some() {
                let (hub, far) = match on {
                    Side::Left => (made, value.cloned()),
                    Side::Right => (value.cloned(), made),
                };
                agreed.push(Agreed { left: pair.left.clone(), hub, right: pair.right.clone(), far });
            }
        }
        self.tag_new(on, &map, row, &fields, &mut record);
        let record = R::default().with(&record)?;
        let mint = if on == Side::Left { keys::mint_on_hub } else { keys::mint };
        let mark = mint(self.sync(), &row.item, generation);
        let source = End { collection: row.collection.clone(), item: Some(row.item.clone()), revision: row.revision.clone(), write: None };
        let write = SideWrite::Create { mark, generation, record: pimkit_core::encode_record(&record)? };
        let made = End { collection: home, item: None, revision: None, write: Some(write) };
        let (hub, far) = match on {
            Side::Left => (made, source),
            Side::Right => (source, made),
        };
        let replaces = link.and_then(|l| l.hub_item.clone()).filter(|_| on == Side::Left);
        let link = link.map(|l| (l.id.clone(), l.version));
        let step = Step {
            agreed,
            evidence,
            replaces,
            ..Step::new(R::KIND, Action::Create(on), link, hub, far, format!("{reason} on the {}", on.other().word()))
        };
        self.push(step).await
    }

    /// The far side's version of a conflict becomes a record of its own on the hub.
    pub(crate) async fn plan_copy(&mut self, linked: &Linked, far: &SeenRow, far_fields: &Fields) -> Result<()> {
        // The same conflict makes the same mark, so that a run cut off here does not copy twice.
        let of = ItemId::from(format!("copy:{}:{:016x}", linked.link.id, far.hash));
        let mark = keys::mint(self.sync(), &of, 1);
        let Some(hub) = &linked.hub else { return Ok(()) };
        let Some(whole) = self.map(&hub.collection, &far.collection) else { return Ok(()) };
        let terms = self.terms_of_new(Side::Left, far_fields, None);
        let mut record = Fields::new();
        for pair in terms.map(&whole).pairs(&[far_fields]) {
            if pair.hub.write
                && !pair.def.identity
                && !far.unread.contains(&pair.right)
                && let Some(value) = project(pair.def, &pair.hub, far_fields.get(&pair.right), None)
            {
                record.insert(pair.left.clone(), value);
            }
        }
        let record = R::default().with(&record)?;
        let same = [keys::mark_key(&mark), keys::hash_key(keys::hash(&record.fields()))];
        let account = self.hub.account.id.clone();
        for (collection, item) in self.state().seen_by_keys(&account, R::KIND, &same, 4).await?.into_iter().flatten() {
            let there = self.state().seen(&account, R::KIND, &collection, &[item]).await?.into_iter().flatten().next();
            if there.is_some_and(|row| row.presence == Presence::Present) {
                return Ok(());
            }
        }
        let write = SideWrite::Create { mark, generation: 1, record: pimkit_core::encode_record(&record)? };
        let made = End { collection: hub.collection.clone(), item: None, revision: None, write: Some(write) };
        // The far item is named for its bytes, and so that a conflict whose copy fails is not settled.
        let of = End { collection: far.collection.clone(), item: Some(far.item.clone()), revision: far.revision.clone(), write: None };
        let reason = "both sides changed one field: the right one's version becomes a record of its own".to_owned();
        let step = Step {
            policy: Some("conflicts = keep_both".to_owned()),
            reread: false,
            ..Step::new(R::KIND, Action::Create(Side::Left), None, made, of, reason)
        };
        self.push(step).await
    }
}

/// The keys that name an item, whatever it says.
pub(crate) fn named(row: &SeenRow) -> Vec<String> {
    row.keys.iter().filter(|key| key.starts_with("uid:") || key.starts_with("mark:")).cloned().collect()
}

/// A far item that carries the mark of the link's own hub record was made from it, whoever found the two.
pub(crate) fn recognise(link: &mut LinkRow, mark: &Mark) {
    let Some(parts) = keys::parts(mark).filter(|parts| keys::is_of(parts, &link.sync)) else { return };
    if link.hub_item.as_ref().is_some_and(|item| keys::names(&parts, item)) {
        link.origin = Side::Left;
        link.generation = link.generation.max(parts.generation);
        link.mark = Some(mark.clone());
    }
}

/// Gives a link another end.
pub(crate) fn set_end(link: &mut LinkRow, side: Side, row: &SeenRow) {
    match side {
        Side::Left => {
            link.hub_collection = row.collection.clone();
            link.hub_item = Some(row.item.clone());
        }
        Side::Right => {
            link.collection = row.collection.clone();
            link.item = Some(row.item.clone());
        }
    }
}

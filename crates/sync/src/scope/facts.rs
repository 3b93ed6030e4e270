//! What the app knows of a hub record, asked page by page, and what that means for its scope.

use super::Scoped;
use crate::{
    policy::{Imported, Policy, Scope},
    run::Run,
};
use pimkit_core::{Facts, ItemId, Provenance, Record, Result, SeenRow, Side};
use std::collections::{BTreeMap, BTreeSet};

/// What the app said of records, for the page at work; none of a record that is not there for it.
pub(crate) type Known = BTreeMap<ItemId, Option<Facts>>;

/// How the note of a link begins whose record the app keeps out of the scope.
pub(super) const BY_APP: &str = "the left item is out of scope by what the app says: ";

impl<R: Record> Run<R> {
    /// Asks the app what it knows of records and was not asked on this page: one call. Nothing where there is no app.
    pub(crate) async fn ask(&mut self, items: impl Iterator<Item = &ItemId>) -> Result<()> {
        let Some(app) = self.setup.app.clone() else { return Ok(()) };
        let new: BTreeSet<ItemId> = items.filter(|item| !self.facts.contains_key(*item)).cloned().collect();
        if new.is_empty() {
            return Ok(());
        }
        let ids: Vec<ItemId> = new.into_iter().collect();
        let answers = app.facts(R::KIND, &ids).await?;
        // One answer per id: of those that are missing nothing is known.
        self.facts.extend(ids.into_iter().zip(answers.into_iter().chain(std::iter::repeat(None))));
        Ok(())
    }

    /// Forgets what the app said, when another page begins: facts are as they are now.
    pub(crate) fn forget_facts(&mut self) {
        self.facts.clear();
    }

    /// Whether a hub record that is there is in scope, by what the app says of it.
    pub(crate) async fn hub_scope(&mut self, row: &SeenRow) -> Result<Scoped> {
        if !self.setup.policy.asks_the_app() {
            return Ok(Scoped::Inside);
        }
        self.ask(std::iter::once(&row.item)).await?;
        let user = self.setup.app.as_ref().and_then(|app| app.user());
        Ok(match self.facts.get(&row.item) {
            Some(Some(facts)) => match why_outside(&self.setup.policy, facts, user.as_deref()) {
                Some(why) => Scoped::Outside(format!("{BY_APP}{why}")),
                None => Scoped::Inside,
            },
            _ => Scoped::Unknown,
        })
    }

    /// Whether the acting user sees a hub record. Of one that the app does not know: not.
    pub(crate) async fn sees(&mut self, row: &SeenRow) -> Result<bool> {
        if self.setup.policy.scope == Scope::All {
            return Ok(true);
        }
        self.ask(std::iter::once(&row.item)).await?;
        Ok(self.facts.get(&row.item).and_then(Option::as_ref).is_some_and(|facts| facts.visible))
    }

    /// Whether the app lets its acting user change an item of this side, as far as it was asked.
    pub(crate) fn is_editable(&self, side: Side, item: &ItemId) -> bool {
        side == Side::Right || self.facts.get(item).and_then(Option::as_ref).is_none_or(|facts| facts.editable)
    }

    /// Whether the app lets its acting user delete an item of this side.
    pub(crate) async fn is_deletable(&mut self, side: Side, item: &ItemId) -> Result<bool> {
        if side == Side::Right {
            return Ok(true);
        }
        self.ask(std::iter::once(item)).await?;
        Ok(self.facts.get(item).and_then(Option::as_ref).is_none_or(|facts| facts.deletable))
    }
}

/// Why a record is not in scope, in one line; absent when it is.
fn why_outside(policy: &Policy, facts: &Facts, user: Option<&str>) -> Option<String> {
    match policy.scope {
        Scope::Visible | Scope::Owned if !facts.visible => return Some("the acting user may not see it".to_owned()),
        Scope::Owned if facts.owner.as_deref() != user => return Some("the acting user does not own it".to_owned()),
        _ => {}
    }
    if let Some(view) = policy.view.as_ref().filter(|view| !facts.views.contains(view)) {
        return Some(format!("it is not in the view {view}"));
    }
    match (policy.imported, facts.provenance) {
        (Imported::Exclude, Provenance::Imported | Provenance::MassUpdated) => Some("it was imported".to_owned()),
        (Imported::ExcludeUntilChanged, Provenance::Imported) => Some("it was imported and not changed since".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_outside_by_the_first_policy_that_it_does_not_meet() {
        let set = |pairs: &[(&str, &str)]| {
            let mut policy = Policy::default();
            for (key, word) in pairs {
                policy.set(key, word).unwrap();
            }
            policy
        };
        let own = || Facts::own(Some("ada".into()));
        let with = |change: fn(&mut Facts)| {
            let mut facts = own();
            change(&mut facts);
            facts
        };
        let hidden = with(|f| f.visible = false);
        let others = with(|f| f.owner = Some("bob".into()));
        let nobodys = with(|f| f.owner = None);
        let imported = with(|f| f.provenance = Provenance::Imported);
        let mass = with(|f| f.provenance = Provenance::MassUpdated);
        let listed = with(|f| f.views = vec!["Mine".into()]);
        let owned = set(&[("scope", "owned")]);
        let visible = set(&[("scope", "visible")]);
        let exclude = set(&[("imported", "exclude")]);
        let until = set(&[("imported", "exclude_until_changed")]);
        let view = Policy { view: Some("Mine".into()), ..Policy::default() };
        for (policy, facts, inside) in [
            (&Policy::default(), &hidden, true),
            (&visible, &hidden, false),
            (&visible, &others, true),
            (&owned, &own(), true),
            (&owned, &others, false),
            (&owned, &nobodys, false),
            (&owned, &hidden, false),
            (&exclude, &imported, false),
            (&exclude, &mass, false),
            (&until, &imported, false),
            (&until, &mass, true),
            (&view, &own(), false),
            (&view, &listed, true),
        ] {
            assert_eq!(why_outside(policy, facts, Some("ada")).is_none(), inside, "{policy:?} {facts:?}");
        }
        assert_eq!(why_outside(&owned, &nobodys, None), None, "nobody's record is that of a user who is nobody in particular");
    }
}

//! Which hub field stands for which far field. A map is data: made from the two sides' fields,
//! edited by the user, checked against both sides when it is loaded.

use crate::loser::is_for_losers;
use pimkit_core::{Catalogue, Error, ErrorKind, Field, FieldDef, FieldSupport, Fields, Kind, Result};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc};

/// One hub field and the far field that follows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldPair {
    /// The hub's field.
    pub left: Field,
    /// The far side's field; empty: the hub's field follows nothing.
    #[serde(default)]
    pub right: Field,
}

/// Whether the two fields of a pair follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pass {
    /// As what each side holds allows.
    #[default]
    Open,
    /// The hub follows, whatever it has itself.
    Answer,
    /// The hub follows. What is changed there waits, for this reason.
    Held(&'static str),
    /// Each side goes its own way.
    Never,
}

/// A pair with what each side holds of it.
#[derive(Clone, Debug)]
pub(crate) struct Pairing {
    pub(crate) left: Field,
    pub(crate) right: Field,
    pub(crate) hub: FieldSupport,
    pub(crate) far: FieldSupport,
    pub(crate) def: &'static FieldDef,
    pub(crate) far_def: &'static FieldDef,
    pub(crate) pass: Pass,
}

/// The pairs of one sync, checked against both sides.
#[derive(Clone, Debug)]
pub struct FieldMap {
    catalogue: &'static Catalogue,
    /// Shared with every merge that goes by them: a map is the same for all items of two collections.
    pairs: Vec<Arc<Pairing>>,
    hub_custom: Option<FieldSupport>,
    far_custom: Option<FieldSupport>,
    custom_pass: Pass,
    /// Custom fields that a pair of the user's names already.
    named: Vec<Field>,
}

impl FieldMap {
    /// The default map of two sides, with the user's pairs in place of the default ones.
    ///
    /// The default pairs each field with the field of the same name that both sides read; custom
    /// fields too, where both sides hold custom fields.
    ///
    /// # Errors
    /// `Config` when a pair names a field that its side has not, two fields of different shapes,
    /// or one field twice.
    pub fn new(kind: Kind, hub: &[FieldSupport], far: &[FieldSupport], own: &[FieldPair]) -> Result<Self> {
        let catalogue = kind.catalogue();
        let any = |list: &[FieldSupport]| list.iter().find(|f| f.field.as_str() == FieldSupport::ANY_CUSTOM).cloned();
        let (hub_custom, far_custom) = (any(hub), any(far));
        let find = |list: &[FieldSupport], custom: &Option<FieldSupport>, field: &Field| {
            list.iter().find(|f| f.field == *field).cloned().or_else(|| {
                field.as_str().starts_with("custom.").then(|| custom.clone().map(|c| FieldSupport { field: field.clone(), ..c })).flatten()
            })
        };
        let mut map = Self {
            catalogue,
            pairs: Vec::new(),
            hub_custom: hub_custom.clone(),
            far_custom: far_custom.clone(),
            custom_pass: Pass::Open,
            named: Vec::new(),
        };
        for pair in own {
            let refuse =
                |what: &str, field: &Field| Error::new(ErrorKind::Config, what.to_owned()).with("kind", kind.plural()).with("field", field);
            if map.named.contains(&pair.left) || map.pairs.iter().any(|p| p.right == pair.right) {
                return Err(refuse("a field is mapped twice; name it once in the map", &pair.left));
            }
            let Some(def) = catalogue.field(pair.left.as_str()) else {
                return Err(refuse("the map names a field that does not exist; `pimkit fields` lists those that do", &pair.left));
            };
            map.named.push(pair.left.clone());
            if pair.right.as_str().is_empty() {
                continue;
            }
            let Some(far_def) = catalogue.field(pair.right.as_str()) else {
                return Err(refuse("the map names a field that does not exist; `pimkit fields` lists those that do", &pair.right));
            };
            let hub = find(hub, &hub_custom, &pair.left)
                .ok_or_else(|| refuse("the left side has no such field; `pimkit fields` lists those it has", &pair.left))?;
            let far = find(far, &far_custom, &pair.right)
                .ok_or_else(|| refuse("the right side has no such field; `pimkit fields` lists those it has", &pair.right))?;
            if !def.shape.fits(far_def.shape) {
                return Err(refuse("two fields of different shapes cannot follow each other; choose another", &pair.left)
                    .with("right", &pair.right));
            }
            let (left, right) = (pair.left.clone(), pair.right.clone());
            map.pairs.push(Arc::new(Pairing { left, right, hub, far, def, far_def, pass: Pass::Open }));
        }
        for support in hub.iter().filter(|f| f.read && f.field.as_str() != FieldSupport::ANY_CUSTOM) {
            map.pair_by_name(support.field.clone(), support.clone(), find(far, &far_custom, &support.field));
        }
        for support in far.iter().filter(|f| f.read && f.field.as_str().starts_with("custom.")) {
            if let Some(hub) = find(hub, &hub_custom, &support.field) {
                map.pair_by_name(support.field.clone(), hub, Some(support.clone()));
            }
        }
        Ok(map)
    }

    fn pair_by_name(&mut self, field: Field, hub: FieldSupport, far: Option<FieldSupport>) {
        let Some(far) = far.filter(|f| f.read && hub.read) else { return };
        let taken = is_for_losers(&field) || self.named.contains(&field) || self.pairs.iter().any(|p| p.left == field || p.right == field);
        let Some(def) = self.catalogue.field(field.as_str()) else { return };
        if !taken {
            self.pairs.push(Arc::new(Pairing { left: field.clone(), right: field, hub, far, def, far_def: def, pass: Pass::Open }));
        }
    }

    /// The pairs that can matter to these values: the fixed ones, and the custom fields that one of
    /// the two sides has.
    pub(crate) fn pairs(&self, values: &[&Fields]) -> Vec<Arc<Pairing>> {
        let mut pairs = self.pairs.clone();
        if let (Some(hub), Some(far)) = (&self.hub_custom, &self.far_custom) {
            let mut names: BTreeSet<&Field> = BTreeSet::new();
            for fields in values {
                names.extend(fields.keys().filter(|f| f.as_str().starts_with("custom.") && !is_for_losers(f)));
            }
            for name in names {
                let taken = self.named.contains(name) || pairs.iter().any(|p| p.left == *name || p.right == *name);
                if let (false, Some(def)) = (taken, self.catalogue.field(name.as_str())) {
                    let named = |s: &FieldSupport| FieldSupport { field: name.clone(), ..s.clone() };
                    pairs.push(Arc::new(Pairing {
                        left: name.clone(),
                        right: name.clone(),
                        hub: named(hub),
                        far: named(far),
                        def,
                        far_def: def,
                        pass: self.custom_pass,
                    }));
                }
            }
        }
        pairs
    }

    /// Changes every pair, the one that stands for custom fields of any name too; false takes it out.
    pub(crate) fn change(&mut self, mut change: impl FnMut(&mut Pairing) -> bool) {
        self.pairs.retain_mut(|pair| change(Arc::make_mut(pair)));
        let any = Field::from(FieldSupport::ANY_CUSTOM);
        if let (Some(hub), Some(far), Some(def)) = (&self.hub_custom, &self.far_custom, self.catalogue.field("custom.any")) {
            let (hub, far) = (hub.clone(), far.clone());
            let mut pair = Pairing { left: any.clone(), right: any, hub, far, def, far_def: def, pass: self.custom_pass };
            let kept = change(&mut pair);
            self.custom_pass = pair.pass;
            self.hub_custom = kept.then_some(pair.hub);
            self.far_custom = kept.then_some(pair.far);
        }
    }

    /// The hub's field that goes with this far field.
    pub(crate) fn left_of(&self, right: &str) -> Option<Field> {
        self.pairs.iter().find(|pair| pair.right.as_str() == right).map(|pair| pair.left.clone())
    }

    /// The pairs, for people and programs.
    #[must_use]
    pub fn listed(&self) -> Vec<FieldPair> {
        self.pairs.iter().map(|p| FieldPair { left: p.left.clone(), right: p.right.clone() }).collect()
    }

    /// A number that changes when the map changes.
    pub(crate) fn fingerprint(&self) -> u64 {
        // Every run does it: a short text, and no JSON.
        let mut text = String::with_capacity(64 * (self.pairs.len() + 1));
        for pair in &self.pairs {
            for (field, support) in [(&pair.left, &pair.hub), (&pair.right, &pair.far)] {
                text.push_str(field.as_str());
                text.push('\t');
                support.say(&mut text);
            }
        }
        for custom in [&self.hub_custom, &self.far_custom] {
            text.push('\n');
            custom.iter().for_each(|support| support.say(&mut text));
        }
        pimkit_core::cursor::binding(&[text])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_core::Contact;

    fn pair(left: &str, right: &str) -> FieldPair {
        FieldPair { left: left.into(), right: right.into() }
    }

    #[test]
    fn the_default_map_pairs_what_both_sides_read() {
        let hub = FieldSupport::all::<Contact>();
        let far = vec![FieldSupport::full("emails"), FieldSupport { read: false, ..FieldSupport::full("photo") }];
        let map = FieldMap::new(Kind::Contact, &hub, &far, &[]).unwrap();
        assert_eq!(map.listed(), [pair("emails", "emails")]);
    }

    #[test]
    fn a_users_pair_takes_the_place_of_the_default_one_and_an_empty_right_side_takes_it_out() {
        let hub = FieldSupport::all::<Contact>();
        let map = FieldMap::new(Kind::Contact, &hub, &hub, &[pair("custom.region", "custom.Area"), pair("notes", "")]).unwrap();
        let listed = map.listed();
        assert!(listed.contains(&pair("custom.region", "custom.Area")));
        assert!(!listed.iter().any(|p| p.left.as_str() == "notes"));
    }

    #[test]
    fn a_wrong_map_is_refused_with_the_field_that_is_wrong() {
        let hub = FieldSupport::all::<Contact>();
        let far = vec![FieldSupport::full("emails")];
        for (own, says) in [
            (vec![pair("nose", "emails")], "does not exist"),
            (vec![pair("notes", "phones")], "right side has no such field"),
            (vec![pair("photo", "emails")], "different shapes"),
            (vec![pair("emails", "emails"), pair("emails", "notes")], "mapped twice"),
        ] {
            let error = FieldMap::new(Kind::Contact, &hub, &far, &own).unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
        }
    }
}

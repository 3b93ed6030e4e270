//! In which fields two records differ.

use crate::{Field, Fields, Record, Value};

/// One field in which two records differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The field.
    pub field: Field,
    /// Its value in the first record; absent when not there.
    pub from: Option<Value>,
    /// Its value in the second record; absent when not there.
    pub to: Option<Value>,
}

/// Every field in which the records differ, in the order of their paths.
#[must_use]
pub fn diff<R: Record>(from: &R, to: &R) -> Vec<Difference> {
    if from == to {
        return Vec::new();
    }
    diff_fields::<R>(&from.fields(), &to.fields())
}

/// Every field in which two sets of fields differ, as kind `R` compares them.
#[must_use]
pub fn diff_fields<R: Record>(from: &Fields, to: &Fields) -> Vec<Difference> {
    let mut paths: Vec<&Field> = from.keys().chain(to.keys().filter(|k| !from.contains_key(*k))).collect();
    paths.sort();
    paths
        .into_iter()
        .filter_map(|field| {
            let (a, b) = (from.get(field), to.get(field));
            let same = match R::catalogue().field(field.as_str()) {
                Some(def) => def.same(a, b),
                None => a == b,
            };
            (!same).then(|| Difference { field: field.clone(), from: a.cloned(), to: b.cloned() })
        })
        .collect()
}

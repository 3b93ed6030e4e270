//! What becomes of a step when somebody says no to it.
//!
//! | guard | what a rejection does |
//! |---|---|
//! | a collection emptied, deletions under `ask`, too many deletions | the end that is left stays, and is left alone for good |
//! | too many creations, two sides that match nothing | the item stays on its side alone, and is left alone for good |
//! | too many changes | both sides keep what they have; later edits count again |
//! | a field cleared everywhere | the field stays as it is on both sides; what else the step writes is written |
//! | a side rolled back | what the other side has is written to it again (planned so, see [`rolled_back`](super::rolled_back)) |

use super::tally::Sort;
use crate::step::{Action, SideWrite, Step};
use pimkit_core::{Field, Side, Value};

/// The step in the place of one that was rejected for this sort of write; `only` is the field that is to stay, where it is one.
pub(super) fn refused(mut step: Step, sort: &Sort, id: &str) -> Step {
    step.held = None;
    step.policy = Some(format!("rejected {id}"));
    step.approved = Some(id.to_owned());
    match (step.action, sort) {
        (Action::Delete(rest) | Action::Suppress(rest), _) => alone(step, rest),
        (Action::Create(on), _) => alone(step, on.other()),
        (Action::Update, Sort::Cleared(field)) => keep(step, |_, f| f == field),
        (Action::Update, _) => keep(step, |_, _| true),
        _ => step,
    }
}

/// The item on this side is left alone for good.
fn alone(mut step: Step, rest: Side) -> Step {
    step.action = Action::Suppress(rest);
    step.reason = format!("{}; somebody said no, and the {} item is left alone", step.reason, rest.word());
    (step.hub.write, step.far.write) = (None, None);
    step.agreed.clear();
    step
}

/// These fields stay as they are on both sides, and count as agreed.
fn keep(mut step: Step, stays: impl Fn(Side, &Field) -> bool) -> Step {
    let mut kept: Vec<(Side, Field, Option<Value>)> = Vec::new();
    for (side, end) in [(Side::Left, &mut step.hub), (Side::Right, &mut step.far)] {
        let Some(SideWrite::Fields { fields, from }) = &mut end.write else { continue };
        let gone: Vec<Field> = fields.keys().filter(|field| stays(side, field)).cloned().collect();
        for field in gone {
            fields.remove(&field);
            let was = from.remove(&field).filter(|value| !value.is_null());
            kept.push((side, field, was));
        }
        if fields.is_empty() {
            end.write = None;
        }
    }
    for agreed in &mut step.agreed {
        for (side, field, was) in &kept {
            match side {
                Side::Left if agreed.left == *field => agreed.hub.clone_from(was),
                Side::Right if agreed.right == *field => agreed.far.clone_from(was),
                _ => {}
            }
        }
    }
    step.lost.retain(|lost| !kept.iter().any(|(side, field, _)| *side == lost.side && *field == lost.field));
    if step.hub.write.is_none() && step.far.write.is_none() {
        step.action = Action::Agree;
    }
    step.reason = format!("{}; somebody said no, and both sides keep what they have", step.reason);
    step
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::{Agreed, End};
    use pimkit_core::{Delete, Fields, Kind, Mark};
    use serde_json::json;

    fn end(item: &str, write: Option<SideWrite>) -> End {
        End { collection: "c".into(), item: Some(item.into()), revision: None, write }
    }

    fn step(action: Action, hub: Option<SideWrite>, far: Option<SideWrite>) -> Step {
        Step::new(Kind::Contact, action, Some(("l".to_owned(), 1)), end("h", hub), end("f", far), "because".to_owned())
    }

    fn fields(value: Value) -> Fields {
        serde_json::from_value(value).unwrap()
    }

    fn write(fields_: Value, from: Value) -> Option<SideWrite> {
        Some(SideWrite::Fields { fields: fields(fields_), from: fields(from) })
    }

    #[test]
    fn what_was_to_be_deleted_or_made_is_left_alone() {
        let create = || Some(SideWrite::Create { mark: Mark::from("m"), generation: 1, record: Vec::new() });
        for (step, rest) in [
            (step(Action::Delete(Side::Left), Some(SideWrite::Delete(Delete::Trash)), None), Side::Left),
            (step(Action::Create(Side::Right), None, create()), Side::Left),
            (step(Action::Suppress(Side::Right), None, None), Side::Right),
        ] {
            let said = refused(step, &Sort::Deletes, "x-1");
            assert_eq!(said.action, Action::Suppress(rest));
            assert!(said.hub.write.is_none() && said.far.write.is_none() && said.agreed.is_empty());
            assert_eq!((said.approved.as_deref(), said.policy.as_deref()), (Some("x-1"), Some("rejected x-1")));
        }
    }

    #[test]
    fn both_sides_keep_a_field_that_was_not_to_change_and_the_rest_is_written() {
        let agreed = |left: &str, hub: Value, far: Value| {
            let some = |v: Value| Some(v).filter(|v| !v.is_null());
            Agreed { left: left.into(), hub: some(hub), right: left.into(), far: some(far) }
        };
        let mut update = step(Action::Update, write(json!({"notes": null, "title": "t"}), json!({"notes": ["n"], "title": "s"})), None);
        update.agreed = vec![agreed("notes", Value::Null, Value::Null), agreed("title", json!("t"), json!("t"))];
        let said = refused(update.clone(), &Sort::Cleared("notes".into()), "x");
        assert_eq!(said.action, Action::Update);
        assert_eq!(said.hub.write, write(json!({"title": "t"}), json!({"title": "s"})));
        assert_eq!(said.agreed, [agreed("notes", json!(["n"]), Value::Null), agreed("title", json!("t"), json!("t"))]);
        let said = refused(update, &Sort::Updates, "x");
        assert_eq!((said.action, said.hub.write), (Action::Agree, None));
        assert_eq!(said.agreed[1], agreed("title", json!("s"), json!("t")));
    }
}

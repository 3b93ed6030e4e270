//! A sync at rest that meets trouble, and is as it was before.

use super::{ALICE, Kit, Thing};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

/// Of each side's making.
pub const EACH: usize = 3;

/// A sync at rest: six items on both sides.
pub fn at_rest<R: Thing>() -> Kit {
    let mut kit = Kit::default();
    fill::<R>(&mut kit);
    kit
}

pub fn fill<R: Thing>(kit: &mut Kit) {
    for n in 0..EACH {
        kit.make(R::nth(n));
        kit.put(&R::path(kit), &R::rich(n));
    }
    kit.settle::<R>();
    kit.strict = false;
    kit.simulator.reset_requests();
}

/// What the app has, item by item.
pub fn known<R: Thing>(kit: &Kit) -> BTreeMap<String, Value> {
    // The order of addresses, numbers and their like says nothing.
    fn sorted(value: &mut Value) {
        match value {
            Value::Array(all) => all.sort_by_key(Value::to_string),
            Value::Object(object) => object.values_mut().for_each(sorted),
            _ => {}
        }
    }
    let fields = |record: &R| {
        let mut fields = serde_json::to_value(record.fields()).unwrap();
        sorted(&mut fields);
        fields
    };
    kit.here::<R>().into_iter().map(|(name, stored)| (name, fields(&stored.record))).collect()
}

/// Every item that is there changes its version, so that it is read again.
pub fn touched<R: Thing>(kit: &Kit) {
    for item in kit.simulator.list(ALICE, &R::path(kit)) {
        assert!(kit.simulator.touch(ALICE, item["id"].as_str().unwrap()));
    }
}

/// A run, whatever comes of it: nothing is deleted, and nothing is written to the mailbox. What it says.
pub fn harmless<R: Thing>(kit: &Kit, what: &str) -> String {
    let before = kit.simulator.list(ALICE, &R::path(kit)).len();
    let said = match kit.try_run::<R>() {
        Ok(report) => {
            let sync = &report.sync;
            assert_eq!((sync.deleted.left, sync.deleted.right), (0, 0), "{what}: {sync:?}");
            assert_eq!((sync.created.right, sync.updated.right), (0, 0), "{what}: {sync:?}");
            format!("{} {:?} {:?} {:?}", sync.verdict().exit_code(), sync.failed, sync.notes, sync.quarantined)
        }
        Err(error) => {
            assert!(!error.to_string().contains('\n'), "{what}: {error}");
            format!("1 {error}")
        }
    };
    assert_eq!(kit.simulator.list(ALICE, &R::path(kit)).len(), before, "{what}: the mailbox; {said}");
    assert_eq!(kit.here::<R>().len(), 2 * EACH, "{what}: the app; {said}");
    said
}

/// All is as it was before, and there is nothing to do.
pub fn healed<R: Thing>(kit: &Kit, before: &BTreeMap<String, Value>, what: &str) {
    kit.free();
    // What failed is asked for again after a while.
    kit.clock.advance(Duration::from_secs(24 * 3600));
    touched::<R>(kit);
    kit.run::<R>();
    kit.run::<R>();
    kit.rests::<R>(what);
    assert_eq!(&known::<R>(kit), before, "{what}");
    kit.silent(what);
    kit.stayed_home(what);
}

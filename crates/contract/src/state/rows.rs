//! Rows to store: every field filled, so that one that a store forgets is noticed.

use jiff::Timestamp;
use pimkit_core::{
    Access, AccountId, AccountRow, ApprovalRow, BaseRow, CollectionId, Field, FieldChange, Fields, IntentKind, IntentRow, ItemId,
    JournalRow, Kind, LinkRole, LinkRow, LinkState, Presence, ProgressRow, QuarantineRow, Removal, RunRow, SeenRow, Side, Stamp, StampRow,
    StateChange, StepRow, StreamKey, StreamRow, SyncId, SyncRow, SyncState, TombstoneRow, Value,
};
use std::collections::BTreeMap;

/// Ids that a careless store mixes up, cuts, folds or takes for something else.
pub(super) const ODD: &[&str] = &[
    "",
    " ",
    "  ",
    "a",
    "A",
    "a ",
    "a\0",
    "a\0b",
    "0",
    "00",
    "1",
    "1.0",
    "1e3",
    "9223372036854775808",
    "null",
    "true",
    "%",
    "_",
    "*",
    "?",
    "'",
    "''",
    "\"",
    "\\",
    "/",
    "../x",
    "a/b",
    "{\"a\":[1]}",
    "'; DROP TABLE link; --",
    "\n",
    "\r\n",
    "\t",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "ä",
    "a\u{308}",
    "Ä",
    "ß",
    "ss",
    "ı",
    "İ",
    "日本語",
    "\u{202e}rtl",
    "\u{2028}",
    "\u{feff}bom",
    "\u{fffd}",
    "\u{ffff}",
    "👩‍👩‍👧",
    "\u{10ffff}",
];

/// A moment, told apart by its number, with nanoseconds.
pub(super) fn moment(n: u32) -> Timestamp {
    Timestamp::constant(1_795_000_000, 123_456_789) + jiff::SignedDuration::from_secs(i64::from(n))
}

/// JSON of every sort.
pub(super) fn value() -> Value {
    serde_json::json!({
        "text": ODD, "none": null, "flag": true, "small": 0.1, "great": 1e300, "negative": -7, "unsigned": u64::MAX,
        "nested": {"": [[], {}, [null]]},
    })
}

/// Bytes of every sort.
pub(super) fn bytes(n: u8) -> Vec<u8> {
    (0..=u8::MAX).map(|b| b.wrapping_add(n)).collect()
}

pub(super) fn sync(id: &str) -> SyncId {
    SyncId::from(id)
}

pub(super) fn account_id(id: &str) -> AccountId {
    AccountId::from(id)
}

pub(super) fn collection(id: &str) -> CollectionId {
    CollectionId::from(id)
}

pub(super) fn item(id: &str) -> ItemId {
    ItemId::from(id)
}

pub(super) fn items(ids: &[&str]) -> Vec<ItemId> {
    ids.iter().map(|id| item(id)).collect()
}

pub(super) fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn fields(names: &[&str]) -> Fields {
    names.iter().map(|name| (Field::from(*name), value())).collect()
}

pub(super) fn account(id: &str) -> AccountRow {
    AccountRow { id: id.into(), skew: -3, endpoints: Some(value()), app_cursor: Some("app:7".into()) }
}

pub(super) fn stream_key(account: &str, kind: Kind, collection: &str, options: u64) -> StreamKey {
    StreamKey { account: account.into(), kind, collection: collection.into(), options }
}

pub(super) fn stream(key: StreamKey) -> StreamRow {
    StreamRow { key, cursor: Some("c\u{e9}\n".into()), page: Some("".into()), epoch: 4, listed: 3 }
}

pub(super) fn seen(account: &str, kind: Kind, collection: &str, item: &str) -> SeenRow {
    SeenRow {
        account: account.into(),
        kind,
        collection: collection.into(),
        item: item.into(),
        revision: Some("\"e-1\"".into()),
        hash: u64::MAX - 1,
        record: Some(bytes(1)),
        unread: vec!["photo".into(), "".into()],
        access: Access::Read,
        mark: Some("mark".into()),
        modified: Some(moment(1)),
        epoch: 1,
        presence: Presence::Missing { reason: Removal::Left },
        changed: 1,
        unchanged_at: Some(moment(2)),
        changed_at: moment(3),
        superseded: vec![(None, 0), (Some("old".into()), u64::MAX)],
        deleted_by: Some("user".into()),
        keys: Vec::new(),
    }
}

/// A live link `id` between a hub record and a far item of the account `far`.
pub(super) fn link(id: &str, sync: &str, hub_item: Option<&str>, collection: &str, far_item: Option<&str>) -> LinkRow {
    LinkRow {
        id: id.into(),
        sync: sync.into(),
        kind: Kind::Contact,
        hub_account: "hub".into(),
        hub_collection: "records".into(),
        hub_item: hub_item.map(ItemId::from),
        account: "far".into(),
        collection: collection.into(),
        item: far_item.map(ItemId::from),
        role: LinkRole::Copy,
        origin: Side::Right,
        state: LinkState::Live,
        generation: u32::MAX,
        mark: Some("m".into()),
        hub_revision: Some("h1".into()),
        revision: Some("f1".into()),
        note: Some("why\nso".into()),
        again: false,
        parked: true,
        unseen: true,
        decision: Some(Side::Right),
        version: 9,
    }
}

pub(super) fn base(link: &str) -> BaseRow {
    let flips = BTreeMap::from([(Field::from("notes"), 2)]);
    BaseRow { link: link.into(), hub: fields(&["name", "emails"]), far: fields(&["name", ""]), sent: vec!["name".into()], flips }
}

pub(super) fn stamps(account: &str, kind: Kind, item: &str) -> StampRow {
    let stamp = Stamp { after: Some(moment(1)), until: moment(2), origin: "far".into() };
    StampRow { account: account.into(), kind, item: item.into(), stamps: BTreeMap::from([("name".into(), stamp)]) }
}

pub(super) fn intent(id: &str, sync: &str, n: u32) -> IntentRow {
    IntentRow {
        id: id.into(),
        run: 5,
        step: u64::from(n),
        sync: sync.into(),
        side: Side::Right,
        account: "far".into(),
        kind: Kind::Task,
        collection: "list".into(),
        link: Some("l1".into()),
        write: IntentKind::Container,
        item: Some("t".into()),
        mark: Some("m".into()),
        before: Some(bytes(2)),
        target: Some(bytes(3)),
        revision: Some("r".into()),
        at: moment(n),
        settles: moment(n + 60),
        body: value().into(),
    }
}

pub(super) fn step(run: u64, step: u64, sync: &str) -> StepRow {
    StepRow { run, step, sync: sync.into(), body: value().into(), done: None }
}

pub(super) fn standing(sync: &str) -> SyncRow {
    SyncRow { sync: sync.into(), state: SyncState::Paused, since: moment(4), why: Some("on\nholiday".into()), body: value() }
}

pub(super) fn run(run: u64, sync: &str) -> RunRow {
    RunRow { run, sync: sync.into(), started: moment(1), finished: Some(moment(2)), outcome: "partial".into(), report: value().into() }
}

pub(super) fn progress(sync: &str, stream: StreamKey) -> ProgressRow {
    ProgressRow { sync: sync.into(), stream, run: 6, under: u64::MAX }
}

pub(super) fn tombstone(sync: &str, link: &str, keys: &[&str]) -> TombstoneRow {
    TombstoneRow {
        sync: sync.into(),
        link: link.into(),
        kind: Kind::Event,
        hub_item: Some(format!("hub of {link}").into()),
        account: "far".into(),
        collection: "calendar".into(),
        item: Some(format!("far of {link}").into()),
        side: Side::Left,
        keys: texts(keys),
        evidence: "named by a whole listing".into(),
        at: moment(4),
    }
}

pub(super) fn journal(run: u64, sync: &str, hub_item: Option<&str>, far_item: Option<&str>) -> JournalRow {
    let change = |side, from, to| FieldChange { side, field: "name".into(), from, to };
    JournalRow {
        seq: 0,
        run,
        sync: sync.into(),
        at: moment(5),
        kind: Kind::Message,
        link: Some("l1".into()),
        hub_item: hub_item.map(ItemId::from),
        account: "far".into(),
        item: far_item.map(ItemId::from),
        action: "conflict".into(),
        side: Some(Side::Left),
        policy: Some("newest".into()),
        why: "both sides changed it".into(),
        changes: vec![change(Side::Left, Some(value()), None)],
        lost: vec![change(Side::Right, None, Some(value()))],
        before: Some(bytes(4)),
        body: value(),
    }
}

pub(super) fn approval(id: &str, sync: &str) -> ApprovalRow {
    ApprovalRow {
        id: id.into(),
        sync: sync.into(),
        run: 8,
        guard: "emptied".into(),
        scope: "right people".into(),
        shown: "200 of 200 would go".into(),
        items: texts(ODD),
        ceilings: BTreeMap::from([("deletes".to_owned(), 200)]),
        granted: Some(moment(6)),
        rejected: Some(moment(7)),
        used: None,
    }
}

pub(super) fn quarantine(sync: &str, side: Side, item: &str) -> QuarantineRow {
    QuarantineRow {
        sync: sync.into(),
        side,
        account: "far".into(),
        kind: Kind::User,
        collection: "people".into(),
        item: item.into(),
        error: "invalid_data: no name".into(),
        since: moment(7),
        tries: 3,
        next: moment(8),
        asks: true,
    }
}

/// One change that puts a row into each table, in no table twice.
pub(super) fn one_of_each() -> Vec<StateChange> {
    let key = stream_key("far", Kind::Contact, "people", u64::MAX);
    let sighting = SeenRow { keys: texts(&["k1", "k2"]), ..seen("far", Kind::Contact, "people", "c1") };
    vec![
        StateChange::Account(account("far")),
        StateChange::Stream(stream(key.clone())),
        StateChange::Seen(Box::new(sighting)),
        StateChange::Link(Box::new(link("l1", "s", Some("h1"), "people", Some("c1")))),
        StateChange::Base(Box::new(base("l1"))),
        StateChange::Stamps(stamps("hub", Kind::Contact, "h1")),
        StateChange::Intent(Box::new(intent("i1", "s", 1))),
        StateChange::Step(Box::new(step(7, 1, "s"))),
        StateChange::Sync(Box::new(standing("s"))),
        StateChange::Run(run(7, "s")),
        StateChange::Progress(progress("s", key)),
        StateChange::Tombstone(Box::new(tombstone("s", "l0", &["t1"]))),
        StateChange::Journal(Box::new(journal(7, "s", Some("h1"), Some("c1")))),
        StateChange::Approval(Box::new(approval("a1", "s"))),
        StateChange::Quarantine(Box::new(quarantine("s", Side::Right, "bad"))),
    ]
}

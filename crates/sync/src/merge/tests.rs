//! Tables of merges, and laws that hold for every combination.

#![allow(clippy::type_complexity, reason = "the rows of a table")]

use super::*;
use pimkit_core::{Contact, Event, FieldSupport, Kind, Precision, Task};
use serde_json::json;

const TIME: &str = "2026-03-02T08:00:00Z";

fn fields(pairs: Value) -> Fields {
    serde_json::from_value(pairs).unwrap()
}

fn all(kind: Kind) -> Vec<FieldSupport> {
    match kind {
        Kind::Contact => FieldSupport::all::<Contact>(),
        Kind::Event => FieldSupport::all::<Event>(),
        _ => FieldSupport::all::<Task>(),
    }
}

fn policy(words: &[(&str, &str)]) -> Policy {
    let mut policy = Policy::default();
    for (key, word) in words {
        policy.set(key, word).unwrap();
    }
    policy
}

/// One merge, with everything about it that a case may change.
#[derive(Clone)]
struct Play {
    kind: Kind,
    policy: Policy,
    /// What the far side holds of a field, in place of all of it.
    far_holds: Vec<FieldSupport>,
    base: Option<BaseRow>,
    hub: Fields,
    far: Fields,
    reread: bool,
    unread: [Vec<Field>; 2],
    writable: [bool; 2],
    /// The far side was changed after the hub.
    far_is_later: bool,
}

impl Play {
    /// Both sides agreed on `base`; null: they never met.
    fn new(kind: Kind, base: Value, hub: Value, far: Value) -> Self {
        let base = (!base.is_null()).then(|| BaseRow { hub: fields(base.clone()), far: fields(base), ..BaseRow::default() });
        Self {
            kind,
            policy: Policy::default(),
            far_holds: Vec::new(),
            base,
            hub: fields(hub),
            far: fields(far),
            reread: false,
            unread: [Vec::new(), Vec::new()],
            writable: [true, true],
            far_is_later: false,
        }
    }

    fn run(&self) -> Merged {
        let mut far = all(self.kind);
        far.retain(|f| !self.far_holds.iter().any(|own| own.field == f.field));
        far.extend(self.far_holds.clone());
        let map = FieldMap::new(self.kind, &all(self.kind), &far, &[]).unwrap();
        let at: Timestamp = TIME.parse().unwrap();
        let later = at + jiff::SignedDuration::from_mins(5);
        let (hub_at, far_at) = if self.far_is_later { (at, later) } else { (later, at) };
        let times = |until| Times { rest: Interval { after: Some(until), until }, fields: BTreeMap::new() };
        let times = [times(hub_at), times(far_at)];
        let half = |fields, n: usize| Half { fields, unread: &self.unread[n], times: &times[n], writable: self.writable[n], leads: false };
        merge(&map, &self.policy, self.base.as_ref(), self.reread, half(&self.hub, 0), half(&self.far, 1))
    }

    /// The same pair after the merge was written and recorded.
    fn after(&self, merged: &Merged) -> Self {
        let mut next = self.clone();
        let set = |fields: &mut Fields, field: &Field, value: Option<&Value>| match value.filter(|v| !v.is_null()) {
            Some(value) => drop(fields.insert(field.clone(), value.clone())),
            None => drop(fields.remove(field)),
        };
        merged.hub.iter().for_each(|(field, value)| set(&mut next.hub, field, Some(value)));
        merged.far.iter().for_each(|(field, value)| set(&mut next.far, field, Some(value)));
        let base = next.base.get_or_insert_with(BaseRow::default);
        for agreed in &merged.agreed {
            set(&mut base.hub, &agreed.left, agreed.hub.as_ref());
            set(&mut base.far, &agreed.right, agreed.far.as_ref());
        }
        next
    }
}

fn limited(field: &str, set: impl FnOnce(&mut FieldSupport)) -> FieldSupport {
    let mut support = FieldSupport::full(field);
    set(&mut support);
    support
}

/// What a case expects: what is written to hub and far side, what is lost, how many conflicts.
struct Expected {
    hub: Value,
    far: Value,
    lost: Vec<Value>,
    conflicts: u64,
}

fn expect(name: &str, play: &Play, expected: &Expected) {
    let merged = play.run();
    assert_eq!(merged.hub, fields(expected.hub.clone()), "{name}: written to the hub");
    assert_eq!(merged.far, fields(expected.far.clone()), "{name}: written to the far side");
    let lost: Vec<Value> = merged.lost.iter().map(|l| l.to.clone().unwrap_or(Value::Null)).collect();
    assert_eq!(lost, expected.lost, "{name}: lost");
    assert_eq!(merged.conflicts, expected.conflicts, "{name}: conflicts");
    let again = play.after(&merged).run();
    assert!(again.hub.is_empty() && again.far.is_empty(), "{name}: not at rest: {again:?}");
}

#[test]
fn one_value_goes_where_it_was_not_changed_and_a_conflict_as_the_policy_says() {
    let name = |n: &str| if n.is_empty() { json!({}) } else { json!({ "name.full": n }) };
    let write = |n: Option<&str>| match n {
        None => json!({}),
        Some("") => json!({ "name.full": null }),
        Some(n) => json!({ "name.full": n }),
    };
    // (base, hub, far, policy, far is later) -> (to the hub, to the far side, lost, conflicts); an empty name is none.
    #[rustfmt::skip]
    let cases: &[(&str, &str, &str, &str, bool, Option<&str>, Option<&str>, &[&str], u64)] = &[
        ("A", "A", "A", "newest", false, None,      None,      &[],    0),
        ("A", "B", "A", "newest", false, None,      Some("B"), &[],    0),
        ("A", "A", "B", "newest", false, Some("B"), None,      &[],    0),
        ("A", "B", "B", "newest", false, None,      None,      &[],    0),
        ("A", "",  "A", "newest", false, None,      Some(""),  &[],    0),
        ("A", "A", "",  "newest", false, Some(""),  None,      &[],    0),
        ("A", "",  "",  "newest", false, None,      None,      &[],    0),
        ("",  "B", "",  "newest", false, None,      Some("B"), &[],    0),
        ("",  "",  "B", "newest", false, Some("B"), None,      &[],    0),
        ("A", "B", "C", "newest", false, None,      Some("B"), &["C"], 1),
        ("A", "B", "C", "newest", true,  Some("C"), None,      &["B"], 1),
        ("A", "B", "C", "left",   true,  None,      Some("B"), &["C"], 1),
        ("A", "B", "C", "right",  false, Some("C"), None,      &["B"], 1),
        ("A", "B", "",  "left",   true,  None,      Some("B"), &[""],  1),
        ("A", "B", "",  "right",  true,  Some(""),  None,      &["B"], 1),
        ("A", "",  "C", "left",   true,  None,      Some(""),  &["C"], 1),
        ("A", "B", "C", "keep_both", true, None,    Some("B"), &["C"], 1),
        ("A", "B", "C", "ask",    true,  None,      None,      &[],    1),
    ];
    for (base, hub, far, word, far_is_later, to_hub, to_far, lost, conflicts) in cases {
        let mut play = Play::new(Kind::Contact, name(base), name(hub), name(far));
        play.policy = policy(&[("conflicts", word)]);
        play.far_is_later = *far_is_later;
        let lost = lost.iter().map(|l| if l.is_empty() { Value::Null } else { json!(l) }).collect();
        let expected = Expected { hub: write(*to_hub), far: write(*to_far), lost, conflicts: *conflicts };
        expect(&format!("{base}: {hub} / {far}, {word}"), &play, &expected);
        let merged = play.run();
        assert_eq!(merged.keep_both, *word == "keep_both", "{base}: {hub} / {far}, {word}");
        assert_eq!(merged.waiting.is_empty(), *word != "ask", "{base}: {hub} / {far}, {word}");
    }
}

#[test]
fn a_group_comes_from_one_side() {
    let base = json!({"name.given": "Ada", "name.surname": "Byron", "nicknames": ["A"]});
    let hub = json!({"name.given": "Augusta", "name.surname": "Byron", "nicknames": ["A"]});
    let far = json!({"name.given": "Ada", "name.surname": "Lovelace", "nicknames": ["A", "L"]});
    for (words, to_hub, to_far, lost, conflicts) in [
        (
            &[("conflicts", "left")][..],
            json!({"nicknames": ["A", "L"]}),
            json!({"name.given": "Augusta", "name.surname": "Byron"}),
            "Lovelace",
            1,
        ),
        (
            &[("conflicts", "right")],
            json!({"name.given": "Ada", "name.surname": "Lovelace", "nicknames": ["A", "L"]}),
            json!({}),
            "Augusta",
            1,
        ),
        (&[("direction", "to_right")], json!({}), json!({"name.given": "Augusta", "name.surname": "Byron"}), "Lovelace", 1),
        (
            &[("direction", "to_left")],
            json!({"name.given": "Ada", "name.surname": "Lovelace", "nicknames": ["A", "L"]}),
            json!({}),
            "Augusta",
            1,
        ),
    ] {
        let mut play = Play::new(Kind::Contact, base.clone(), hub.clone(), far.clone());
        play.policy = policy(words);
        expect(&format!("{words:?}"), &play, &Expected { hub: to_hub, far: to_far, lost: vec![json!(lost)], conflicts });
    }
}

#[test]
fn entries_of_a_list_come_and_go_one_by_one() {
    let mails = |list: &[&str]| {
        let list: Vec<Value> = list
            .iter()
            .map(|m| match m.split_once('=') {
                Some((address, label)) => json!({"address": address, "label": label}),
                None => json!({ "address": m }),
            })
            .collect();
        if list.is_empty() { json!({}) } else { json!({ "emails": list }) }
    };
    let write = |list: Option<&[&str]>| match list {
        None => json!({}),
        Some([]) => json!({ "emails": null }),
        Some(list) => mails(list),
    };
    #[rustfmt::skip]
    let cases: &[(&[&str], &[&str], &[&str], Option<&[&str]>, Option<&[&str]>, u64)] = &[
        // Added on both sides, removed on one.
        (&["a"],      &["a", "b"], &["a", "c"],   Some(&["a", "b", "c"]), Some(&["a", "b", "c"]), 0),
        (&["a", "b"], &["a"],      &["a", "b", "c"], Some(&["a", "c"]),   Some(&["a", "c"]),      0),
        (&["a", "b"], &["b"],      &["a"],        Some(&[]),              Some(&[]),              0),
        // The order is no difference.
        (&["a", "b"], &["b", "a"], &["a", "b"],   None,                   None,                   0),
        // Edited on one side, removed on the other: the edit stays.
        (&["a=x"],    &["a=y"],    &[],           None,                   Some(&["a=y"]),         0),
        (&["a=x"],    &[],         &["a=y"],      Some(&["a=y"]),         None,                   0),
        // One entry edited on both sides.
        (&["a=x", "b"], &["a=y", "b"], &["a=z", "b", "c"], Some(&["a=y", "b", "c"]), Some(&["a=y", "b", "c"]), 1),
        // The first meeting takes all of both.
        (&[],         &["a", "b"], &["b", "c"],   Some(&["a", "b", "c"]), Some(&["a", "b", "c"]), 0),
    ];
    for (base, hub, far, to_hub, to_far, conflicts) in cases {
        let mut play = Play::new(Kind::Contact, mails(base), mails(hub), mails(far));
        play.policy = policy(&[("conflicts", "left")]);
        let lost = if *conflicts > 0 { vec![json!({"address": "a", "label": "z"})] } else { Vec::new() };
        let expected = Expected { hub: write(*to_hub), far: write(*to_far), lost, conflicts: *conflicts };
        expect(&format!("{base:?}: {hub:?} / {far:?}"), &play, &expected);
    }
}

#[test]
fn what_a_side_cannot_hold_stays_on_the_other() {
    let two = limited("emails", |s| s.many = Some(2));
    let cut = limited("description", |s| s.max_len = Some(5));
    let day = limited("due", |s| s.precision = Some(Precision::Day));
    let mail = |list: &str| json!({"emails": list.chars().map(|c| json!({"address": c.to_string()})).collect::<Vec<_>>()});
    let due = |at: &str| json!({"due": {"at": at, "zone": {"id": "Europe/Vienna"}}});
    let on = |day: &str| json!({"due": {"on": day}});
    let text = |t: &str| json!({ "description": t });
    let short = limited("notes", |s| s.max_len = Some(5));
    let notes = |list: &[&str]| json!({ "notes": list });
    // (kind, what the far side holds, base of the hub, base of the far side, hub, far, to the hub, to the far side)
    let cases = [
        // An entry that the far side cannot hold comes, goes, and is no difference.
        (Kind::Contact, &two, mail("abc"), mail("ab"), mail("abc"), mail("ab"), json!({}), json!({})),
        (Kind::Contact, &two, mail("abc"), mail("ab"), mail("abcd"), mail("ab"), json!({}), json!({})),
        (Kind::Contact, &two, mail("abc"), mail("ab"), mail("bc"), mail("ab"), json!({}), mail("bc")),
        (Kind::Contact, &two, mail("abc"), mail("ab"), mail("abc"), mail("ax"), mail("axc"), json!({})),
        // What was taken out makes room for what did not fit.
        (Kind::Contact, &two, mail("abc"), mail("ab"), mail("abc"), mail("a"), mail("ac"), mail("ac")),
        (Kind::Contact, &two, mail("abcd"), mail("ab"), mail("abcd"), json!({}), mail("cd"), mail("cd")),
        // The tail of a cut text.
        (Kind::Task, &cut, text("abcdefgh"), text("abcde"), text("abcdefgX"), text("abcde"), json!({}), json!({})),
        (Kind::Task, &cut, text("abcdefgh"), text("abcde"), text("abcdefgh"), text("Xbcde"), text("Xbcdefgh"), json!({})),
        (Kind::Task, &cut, text("abcdefgh"), text("abcde"), text("Xbcdefgh"), text("abcde"), json!({}), text("Xbcde")),
        // An entry that is cut is one with the whole one, also where both sides changed something of the list.
        (
            Kind::Contact,
            &short,
            notes(&["abcdefgh"]),
            notes(&["abcde"]),
            notes(&["abcdefgh", "x"]),
            notes(&["y"]),
            notes(&["x", "y"]),
            notes(&["x", "y"]),
        ),
        (
            Kind::Contact,
            &short,
            notes(&["abcdefgh"]),
            notes(&["abcde"]),
            notes(&["abcdefgh", "x"]),
            notes(&["abcde", "y"]),
            notes(&["abcdefgh", "x", "y"]),
            notes(&["abcde", "x", "y"]),
        ),
        (
            Kind::Contact,
            &short,
            notes(&["abcdefgh"]),
            notes(&["abcde"]),
            notes(&["x"]),
            notes(&["abcde", "y"]),
            notes(&["x", "y"]),
            notes(&["x", "y"]),
        ),
        // And where nobody has agreed on it yet.
        (Kind::Contact, &short, json!({}), json!({}), notes(&["abcdefgh"]), notes(&["abcde", "y"]), notes(&["abcdefgh", "y"]), json!({})),
        // The time of a day.
        (
            Kind::Task,
            &day,
            due("2026-03-02T17:30:00"),
            on("2026-03-02"),
            due("2026-03-02T18:00:00"),
            on("2026-03-02"),
            json!({}),
            json!({}),
        ),
        (
            Kind::Task,
            &day,
            due("2026-03-02T17:30:00"),
            on("2026-03-02"),
            due("2026-03-02T17:30:00"),
            on("2026-03-05"),
            due("2026-03-05T17:30:00"),
            json!({}),
        ),
    ];
    for (kind, holds, hub0, far0, hub, far, to_hub, to_far) in cases {
        let name = format!("{hub0} | {far0}: {hub} / {far}");
        let mut play = Play::new(kind, hub0, hub, far);
        play.base.as_mut().unwrap().far = fields(far0);
        play.far_holds = vec![holds.clone()];
        expect(&name, &play, &Expected { hub: to_hub, far: to_far, lost: Vec::new(), conflicts: 0 });
    }
}

#[test]
fn what_could_not_be_read_is_neither_written_nor_taken_for_empty_and_its_group_waits() {
    let base = json!({"name.given": "Ada", "name.surname": "Byron", "nicknames": ["A"]});
    // (unread on the hub, unread on the far side, hub, far, to the hub, to the far side, waits)
    let cases = [
        (vec![], vec!["nicknames"], json!({"name.given": "Ada", "name.surname": "Byron", "nicknames": ["B"]}), json!({}), true),
        (vec![], vec!["nicknames"], base.clone(), json!({}), false),
        (vec![], vec!["name.surname"], json!({"name.given": "X", "name.surname": "Byron", "nicknames": ["A"]}), json!({}), true),
        (vec!["nicknames"], vec![], json!({"name.given": "X", "name.surname": "Byron"}), json!({"name.given": "X"}), false),
    ];
    for (hub_unread, far_unread, hub, to_far, waits) in cases {
        let mut far = base.clone();
        for field in &far_unread {
            far.as_object_mut().unwrap().remove(*field);
        }
        let mut play = Play::new(Kind::Contact, base.clone(), hub, far);
        play.unread = [hub_unread, far_unread].map(|list| list.into_iter().map(Field::from).collect());
        let name = format!("{:?}", play.unread);
        expect(&name, &play, &Expected { hub: json!({}), far: to_far, lost: Vec::new(), conflicts: 0 });
        assert_eq!(!play.run().waiting.is_empty(), waits, "{name}");
    }
}

#[test]
fn what_came_back_other_than_it_was_sent_is_an_edit_unless_the_server_made_it_of_it_or_keeps_doing_so() {
    let note = |t: &str| if t.is_empty() { json!({}) } else { json!({ "name.full": t }) };
    // (sent, came back, flips before, to the hub, flips counted, given up)
    for (sent, came, flips, to_hub, counted, given_up) in [
        ("Call  Bob", "call bob", 0, None, false, false),
        ("Bob", "Rob", 0, Some("Rob"), true, false),
        ("Bob", "Rob", 1, None, false, true),
        ("Bob", "", 0, Some(""), true, false),
    ] {
        let mut play = Play::new(Kind::Contact, note(sent), note(sent), note(came));
        play.reread = true;
        let base = play.base.as_mut().unwrap();
        base.sent = vec![Field::from("name.full")];
        if flips > 0 {
            base.flips.insert(flip(&Field::from("name.full"), Some(&json!(sent)), Some(&json!(came))), flips);
        }
        let merged = play.run();
        let written = merged.hub.get(&Field::from("name.full")).map(|v| v.as_str().unwrap_or_default().to_owned());
        assert_eq!(written.as_deref(), to_hub, "{sent} -> {came}");
        assert_eq!((!merged.flipped.is_empty(), !merged.given_up.is_empty()), (counted, given_up), "{sent} -> {came}");
        assert!(merged.far.is_empty(), "{sent} -> {came}");
    }
}

#[test]
fn overrides_follow_their_series() {
    let series = |start: &str, overrides: Value| {
        json!({
            "title": "Jour fixe",
            "start": {"at": start, "zone": {"id": "Europe/Vienna"}},
            "recurrenceRules": [{"frequency": "weekly"}],
            "recurrenceOverrides": overrides,
        })
    };
    let (nine, half, ten) = ("2026-03-02T09:00:00", "2026-03-02T09:30:00", "2026-03-02T10:00:00");
    let base = series(nine, json!({"2026-03-09T09:00:00": "excluded"}));
    let moved = |start: &str, at: &str| series(start, json!({format!("2026-03-09T{at}"): "excluded"}));
    let added = series(nine, json!({"2026-03-09T09:00:00": "excluded", "2026-03-16T09:00:00": "excluded"}));
    // One side moves the series, the other adds an exception: it moves along.
    let play = Play::new(Kind::Event, base.clone(), moved(half, "09:30:00"), added);
    let both = json!({"2026-03-09T09:30:00": "excluded", "2026-03-16T09:30:00": "excluded"});
    let expected = Expected {
        hub: json!({ "recurrenceOverrides": both }),
        far: json!({"recurrenceOverrides": both, "start": {"at": half, "zone": {"id": "Europe/Vienna"}}}),
        lost: Vec::new(),
        conflicts: 0,
    };
    expect("moved and added", &play, &expected);
    // Both move it: the overrides of the one that wins, and no others.
    for (winner, start, at) in [("left", half, "09:30:00"), ("right", ten, "10:00:00")] {
        let mut play = Play::new(Kind::Event, base.clone(), moved(half, "09:30:00"), moved(ten, "10:00:00"));
        play.policy = policy(&[("conflicts", winner)]);
        let merged = play.run();
        let next = play.after(&merged);
        for side in [&next.hub, &next.far] {
            assert_eq!(side, &fields(moved(start, at)), "{winner}");
        }
        assert_eq!((merged.conflicts, merged.lost.len()), (1, 2), "{winner}");
    }
}

/// Every combination of what was agreed and what both sides say, under every policy: the laws.
#[test]
fn in_every_combination_nothing_is_lost_unseen_the_merge_comes_to_rest_and_one_way_is_one_way() {
    let text = |t: &str| json!(t);
    let mails = |list: &str| Value::Array(list.chars().map(|c| json!({"address": c.to_string()})).collect());
    let due = |day: &str| json!({"at": format!("2026-03-0{day}T17:00:00"), "zone": {"id": "Europe/Vienna"}});
    let worlds: Vec<(Kind, &str, Vec<Value>, Option<FieldSupport>)> = vec![
        (Kind::Contact, "name.full", vec![text("A"), text("B"), text("C")], None),
        (
            Kind::Task,
            "description",
            vec![text("abcdef"), text("abcdXY"), text("Qb")],
            Some(limited("description", |s| s.max_len = Some(3))),
        ),
        (Kind::Contact, "emails", vec![mails("ab"), mails("bc"), mails("a"), mails("xyz")], None),
        (Kind::Contact, "emails", vec![mails("ab"), mails("bc"), mails("a"), mails("xyz")], Some(limited("emails", |s| s.many = Some(1)))),
        (Kind::Task, "due", vec![due("1"), due("2"), due("3")], Some(limited("due", |s| s.precision = Some(Precision::Day)))),
        (Kind::Contact, "name.full", vec![text("A"), text("B")], Some(limited("name.full", |s| s.write = false))),
    ];
    let mut played = 0;
    for (kind, field, values, holds) in &worlds {
        let def = kind.catalogue().field(field).unwrap();
        let support = holds.clone().unwrap_or_else(|| FieldSupport::full(*field));
        let mut choices: Vec<Option<Value>> = values.iter().cloned().map(Some).collect();
        choices.push(None);
        let one = |value: &Option<Value>| value.clone().map_or_else(|| json!({}), |v| json!({ *field: v }));
        for base in choices.iter().map(Some).chain([None]) {
            for hub in &choices {
                for far in &choices {
                    for conflicts in ["newest", "left", "right", "keep_both", "ask"] {
                        for direction in ["two_way", "to_left", "to_right"] {
                            for granularity in ["field", "record"] {
                                let held = project(def, &support, far.as_ref(), None);
                                let mut play = Play::new(*kind, Value::Null, one(hub), one(&held));
                                play.base = base.map(|base| BaseRow {
                                    hub: fields(one(base)),
                                    far: fields(one(&project(def, &support, base.as_ref(), None))),
                                    ..BaseRow::default()
                                });
                                play.far_holds = holds.clone().into_iter().collect();
                                play.policy = policy(&[("conflicts", conflicts), ("direction", direction), ("granularity", granularity)]);
                                let name = format!("{field}: {base:?}: {hub:?} / {held:?}, {conflicts} {direction} {granularity}");
                                let merged = play.run();
                                assert!(direction != "to_right" || merged.hub.is_empty(), "{name}: the hub is written");
                                assert!(direction != "to_left" || merged.far.is_empty(), "{name}: the far side is written");
                                assert!(support.write || merged.far.is_empty(), "{name}: what cannot be written is written");
                                let next = play.after(&merged);
                                let again = next.run();
                                assert!(again.hub.is_empty() && again.far.is_empty(), "{name}: not at rest: {merged:?} then {again:?}");
                                // Whatever a side said and does not say any more is on the other side, was
                                // agreed before, or is kept as lost.
                                let said = |fields: &Fields| parts(fields.get(&Field::from(*field)));
                                let known: Vec<String> = [said(&next.hub), said(&next.far)]
                                    .concat()
                                    .into_iter()
                                    .chain(play.base.iter().flat_map(|b| [said(&b.hub), said(&b.far)].concat()))
                                    .chain(merged.lost.iter().flat_map(|l| parts(l.to.as_ref())))
                                    .collect();
                                for part in [said(&play.hub), said(&play.far)].concat() {
                                    assert!(known.iter().any(|k| k.contains(&part)), "{name}: {part} is lost: {merged:?}");
                                }
                                played += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(played > 5000, "{played}");
}

/// The parts of a value that must not be lost.
fn parts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(list)) => list.iter().map(ToString::to_string).collect(),
        Some(Value::Object(time)) if time.contains_key("on") => vec![time["on"].as_str().unwrap().to_owned()],
        Some(Value::String(text)) => vec![text.clone()],
        Some(other) => vec![other.to_string()],
        None => Vec::new(),
    }
}

//! One case per field of the catalogue: kept as sent, changed, cleared. And what is over a field's limits.

use super::{
    Case,
    context::{Context, Got, SampleBytes, Verdict, ensure, fail, skip, words},
};
use crate::world::Kept;
use pimkit_core::{Attachment, ErrorKind, Field, FieldSupport, Fields, Outcome, Precision, Record, Shape, Value, When, Write};

/// Fields that only make sense beside others.
const BESIDE: &[(&str, &[&str])] = &[
    ("recurrenceOverrides", &["recurrenceRules"]),
    ("excludedRecurrenceRules", &["recurrenceRules"]),
    ("recurrenceRules", &["start"]),
    ("participants", &["organizer"]),
    ("organizer", &["participants"]),
    ("percentComplete", &["progress"]),
    ("completed", &["progress", "percentComplete"]),
    ("alerts", &["start"]),
    ("members", &["kind"]),
];

pub(super) fn cases<R: Kept>() -> Vec<Case<R>> {
    let mut cases: Vec<Case<R>> = R::catalogue()
        .fields()
        .iter()
        .map(|def| {
            let path = def.path;
            Case::new(format!("field_{path}"), move |c| Box::pin(field(c, path)))
        })
        .collect();
    cases.push(Case::new("field_custom", |c| Box::pin(custom(c))));
    cases.push(Case::new("what_is_over_a_limit_is_left_out", |c| Box::pin(limits(c))));
    cases.push(Case::new("fields_are_of_the_catalogue", |c| Box::pin(known(c))));
    cases
}

/// The full sample; where the side keeps bytes, its blobs have some.
pub(super) fn full<R: Kept>(c: &Context<'_, R>, n: u64) -> R {
    let mut full = R::full(n);
    if c.items.blobs().is_some() {
        full.blobs_mut().into_iter().for_each(|blob| *blob = SampleBytes::reference(n));
    }
    full
}

/// The value of a field in two samples; the second is an edit of the first.
fn values<R: Kept>(c: &Context<'_, R>, path: &str) -> Got<(Value, Value)> {
    let (Some(first), Some(second)) = (full(c, 1).get(path), full(c, 2).get(path)) else { return fail("the samples lack the field") };
    let second = match (path, &first) {
        // The keys of overrides go with their series.
        ("recurrenceOverrides", Value::Object(map)) => {
            let mut edited = map.clone();
            for (_, value) in edited.iter_mut().take(1) {
                *value = serde_json::json!({ "changed": { "title": "Renamed" } });
            }
            Value::Object(edited)
        }
        ("start" | "end" | "due", _) => later(&first)?,
        _ => second,
    };
    Ok((first, second))
}

/// The same time five minutes later.
fn later(value: &Value) -> Got<Value> {
    let Ok(time) = serde_json::from_value::<When>(value.clone()) else { return fail("a sample's time is none") };
    let wall = time.wall().checked_add(jiff::Span::new().minutes(5)).unwrap_or_else(|_| time.wall());
    match serde_json::to_value(time.with_wall(wall)) {
        Ok(value) => Ok(value),
        Err(_) => fail("a time cannot be written"),
    }
}

async fn field<R: Kept>(c: &Context<'_, R>, path: &'static str) -> Verdict {
    c.writes()?;
    let Some(support) = c.support(path) else { return skip("the side does not hold the field") };
    if !support.read || !support.write {
        return skip("the side does not both read and write the field");
    }
    let (first, second) = values(c, path)?;
    let field = Field::from(path);
    let beside = BESIDE.iter().find(|(name, _)| *name == path).map(|(_, with)| *with).unwrap_or_default();
    let mut fields = R::least(1).fields();
    let whole = full(c, 1);
    fields.extend(beside.iter().filter_map(|f| Some((Field::from(*f), whole.get(f)?))));
    fields.insert(field.clone(), first);
    let sent = c.fit(&R::default().with(&fields)?)?;
    ensure!(sent.get(path).is_some(), "the side holds the field, and `prepare` takes it out");
    let made = c.create(&sent).await?;
    check(c, &sent, &made.record, &field, "after the create")?;
    if R::catalogue().field(path).is_some_and(|def| def.identity) {
        return Ok(());
    }
    fields.insert(field.clone(), second);
    let target = made.record.with(&Fields::from([(field.clone(), of(&c.fit(&R::default().with(&fields)?)?, path))]))?;
    let edited = c.update(&made, &target).await?;
    check(c, &target, &edited.record, &field, "after the update")?;
    if c.ask.required(R::KIND, path) {
        return Ok(());
    }
    let target = edited.record.with(&Fields::from([(field.clone(), Value::Null)]))?;
    let cleared = c.update(&edited, &target).await?;
    ensure!(cleared.record.get(path).is_none(), "cleared, the field comes back with a value");
    let others = c.differing(&target, &cleared.record)?;
    ensure!(others.is_empty(), "clearing the field changed {}", names(&others));
    Ok(())
}

fn of<R: Record>(record: &R, path: &str) -> Value {
    record.get(path).unwrap_or(Value::Null)
}

fn names(fields: &[Field]) -> String {
    fields.iter().map(Field::as_str).collect::<Vec<_>>().join(", ")
}

fn check<R: Kept>(c: &Context<'_, R>, sent: &R, got: &R, field: &Field, when: &str) -> Verdict {
    let differing = c.differing(sent, got)?;
    ensure!(!differing.contains(field), "{when} the field came back as {}, sent was {}", of(got, field.as_str()), of(sent, field.as_str()));
    ensure!(differing.is_empty(), "{when} of this field, other fields came back changed: {}", names(&differing));
    Ok(())
}

async fn custom<R: Kept>(c: &Context<'_, R>) -> Verdict {
    c.writes()?;
    let (field, again) = match c.items.ensure_field(c.id(), "Region").await {
        Ok(field) => (field, c.items.ensure_field(c.id(), "Region").await?),
        Err(error) if super::context::says_missing(&error) => {
            if c.support("custom.Region").is_none() {
                return skip("the side has no custom fields");
            }
            // A side that holds any name has nothing to make.
            let any = Field::from("custom.Region");
            (any.clone(), any)
        }
        Err(error) => return Err(error.into()),
    };
    ensure!(field == again, "making a field twice makes two");
    ensure!(field.as_str().starts_with("custom."), "a made field is none of the custom ones");
    let fields = c.items.fields(c.id()).await?;
    let offered = fields.iter().any(|f| f.field == field || f.field.as_str() == FieldSupport::ANY_CUSTOM);
    ensure!(offered, "a made field is not among the fields");
    for (n, value) in [(1, Value::from("North, by \"North\"\nWest")), (2, Value::from("South"))] {
        // Each an item of its own: what a side knew under a uid it may not take again (Nextcloud's trash).
        let record = c.fit(&R::least(n))?.with(&Fields::from([(field.clone(), value.clone())]))?;
        let outcome = c.write(Write::Create { mark: c.mark(), record: record.clone() }).await?;
        let stored = c.stored(outcome).await?;
        check(c, &record, &stored.record, &field, "after the create")?;
        let cleared = c.update(&stored, &stored.record.with(&Fields::from([(field.clone(), Value::Null)]))?).await?;
        ensure!(cleared.record.get(field.as_str()).is_none(), "cleared, the field comes back with a value");
        let gone = Write::Delete { id: cleared.id, revision: cleared.revision, mode: pimkit_core::Delete::Permanent };
        c.write(gone).await?;
    }
    Ok(())
}

async fn known<R: Kept>(c: &Context<'_, R>) -> Verdict {
    let mut seen = std::collections::BTreeSet::new();
    for support in &c.fields {
        let path = support.field.as_str();
        let Some(def) =
            R::catalogue().field(path).or((path == FieldSupport::ANY_CUSTOM).then(|| R::catalogue().field("custom.x")).flatten())
        else {
            return fail(format!("{path} is no field of the kind"));
        };
        ensure!(seen.insert(path), "{path} is named twice");
        ensure!(support.many.is_none() || def.shape.is_many(), "{path} has one value, and a limit on their number");
        ensure!(support.precision.is_none() || def.shape == Shape::Time, "{path} is no time, and has a precision");
    }
    Ok(())
}

async fn limits<R: Kept>(c: &Context<'_, R>) -> Verdict {
    c.writes()?;
    let limited: Vec<FieldSupport> = c
        .fields
        .iter()
        .filter(|f| f.read && f.write)
        .filter(|f| f.many.is_some() || f.max_len.is_some() || f.precision.is_some())
        .cloned()
        .collect();
    if limited.is_empty() {
        return skip("no field has a limit");
    }
    for (n, support) in limited.iter().enumerate() {
        over(c, support, n as u64).await?;
    }
    Ok(())
}

/// A value that the field cannot hold whole.
fn too_much<R: Kept>(support: &FieldSupport, value: &Value) -> Option<Value> {
    if let (Some(most), Value::Array(list)) = (support.many, value) {
        let one = list.first()?;
        let more = (0..u64::from(most) + 2).map(|n| match one {
            Value::Object(map) => {
                let mut map = map.clone();
                for key in ["address", "number", "uri", "name", "to", "street"] {
                    if let Some(Value::String(text)) = map.get_mut(key) {
                        *text = if key == "number" { format!("+1 202 555 {:04}", 1000 + n) } else { format!("{n}{text}") };
                    }
                }
                Value::Object(map)
            }
            Value::String(text) => Value::from(format!("{n}{text}")),
            other => other.clone(),
        });
        return Some(Value::Array(more.collect()));
    }
    if let Some(most) = support.max_len {
        return Some(Context::<R>::text_value(support.field.as_str(), &"ä".repeat(most as usize + 7)));
    }
    matches!(support.precision, Some(Precision::Day | Precision::Minute))
        .then(|| serde_json::to_value(When::zoned(jiff::civil::date(2026, 6, 1).at(10, 11, 12, 0), "Europe/Vienna")).ok())
        .flatten()
}

async fn over<R: Kept>(c: &Context<'_, R>, support: &FieldSupport, n: u64) -> Verdict {
    let path = support.field.as_str();
    let Some(value) = R::full(n).get(path).and_then(|v| too_much::<R>(support, &v)) else { return Ok(()) };
    let mut sent = c.fit(&R::least(n))?;
    sent = sent.with(&Fields::from([(support.field.clone(), value.clone())]))?;
    let (id, left_out) = match c.write(Write::Create { mark: c.mark(), record: sent }).await? {
        Outcome::Written { id, left_out, .. } => (id, left_out),
        Outcome::Refused(error) if error.kind() == ErrorKind::InvalidData => return Ok(()),
        other => return fail(format!("{path} over its limit is {}", words(&other))),
    };
    let got = of(&c.read(&id).await?.record, path);
    if left_out.iter().any(|(field, _)| *field == support.field) {
        ensure!(got.is_null(), "{path} is said to be left out, and is there");
        return Ok(());
    }
    match (&got, &value) {
        (Value::Array(got), Value::Array(sent)) if support.many.is_some() => {
            let most = support.many.unwrap_or(u32::MAX) as usize;
            ensure!(got.len() <= most && !got.is_empty(), "{path} holds {} values, {most} are said", got.len());
            ensure!(got.len() <= sent.len(), "{path} holds values that were not sent");
        }
        (got, _) if support.max_len.is_some() => {
            let most = support.max_len.unwrap_or(u32::MAX) as usize;
            let texts: Vec<&str> = match got {
                Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
                other => other.as_str().into_iter().collect(),
            };
            ensure!(!texts.is_empty(), "{path} is empty, and not said to be left out");
            for text in texts {
                ensure!(text.chars().count() <= most, "{path} holds {} characters, {most} are said", text.chars().count());
                ensure!(text.chars().all(|letter| letter == 'ä'), "{path} is not the beginning of what was sent");
            }
        }
        (got, sent) => {
            let day = |value: &Value| serde_json::from_value::<When>(value.clone()).ok().map(|time| time.date());
            ensure!(day(got).is_some() && day(got) == day(sent), "{path} comes back with another day");
        }
    }
    Ok(())
}

/// An attachment's place in a record, for cases about bytes.
pub(super) fn with_bytes<R: Kept>(record: &R, n: u64) -> Got<Option<R>> {
    let reference = SampleBytes::reference(n);
    let value = if R::catalogue().field("photo").is_some() {
        ("photo", serde_json::to_value(reference))
    } else if R::catalogue().field("attachments").is_some() {
        ("attachments", serde_json::to_value([Attachment { blob: reference, name: Some(format!("picture {n}.jpg")) }]))
    } else {
        return Ok(None);
    };
    match value {
        (path, Ok(value)) => Ok(Some(record.with(&Fields::from([(Field::from(path), value)]))?)),
        _ => fail("a reference cannot be written"),
    }
}

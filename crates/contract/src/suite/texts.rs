//! Cases for odd content: texts of every sort, series, bytes.

use super::{
    Case,
    context::{Context, SampleBytes, Verdict, ensure, fail, skip, words},
    fields::with_bytes,
};
use crate::{samples, world::Kept};
use futures::StreamExt;
use pimkit_core::{BlobId, BlobRef, Digest, ErrorKind, Kind, Outcome, Record, Write};

pub(super) fn cases<R: Kept>() -> Vec<Case<R>> {
    vec![
        Case::new("odd_texts_come_back_as_they_were", |c| Box::pin(odd_texts(c))),
        Case::new("control_characters_are_kept_or_refused", |c| Box::pin(control_characters(c))),
        Case::new("a_series_with_overrides_comes_back", |c| Box::pin(series(c))),
        Case::new("bytes_stream_and_survive_an_unrelated_edit", |c| Box::pin(bytes(c))),
        Case::new("bytes_without_a_source_are_left_out", |c| Box::pin(no_source(c))),
    ]
}

/// Texts of one line, each with something that a format may trip over.
const LINES: &[&str] = &[
    "plain",
    "quotes \" and ' and `",
    "semicolon; comma, colon: slash / backslash \\ and \\n that is none",
    "<tag attribute=\"1\">&amp; &lt;",
    "percent %20 %s %n {brace} $dollar",
    "ünïcödé ß 東京 пример",
    "👩‍👩‍👧‍👦 🇦🇹 e\u{301}",
    "\u{202b}עברית ו-العربية\u{202c} mixed",
    "BEGIN:VCARD",
    "caret ^n ^' ^^ and equals =0D=0A",
];

/// Texts of several lines.
const NOTES: &[&str] = &["one\ntwo\n\nfour", "a line\nEND:VEVENT\nBEGIN:VALARM", "\ttab and  two spaces inside", " dots .\n.\n.. end"];

async fn odd_texts<R: Kept>(c: &Context<'_, R>) -> Verdict {
    c.writes()?;
    let mut texts: Vec<(&str, String)> = Vec::new();
    if let Some(name) = c.name_field() {
        texts.extend(LINES.iter().map(|text| (name, (*text).to_owned())));
    }
    if let Some(note) = c.note_field() {
        texts.extend(LINES.iter().chain(NOTES).map(|text| (note, (*text).to_owned())));
        // Ten kilobytes, with line breaks at odd places and letters of two and four bytes at the folds.
        texts.push((note, "äöü 0123456789 🙂 lorem ipsum\n".repeat(300).trim_end().to_owned()));
    }
    if texts.is_empty() {
        return skip("the side holds no text");
    }
    for (n, (path, text)) in texts.iter().enumerate() {
        let sent = c.fit(&Context::with_text(&R::least(n as u64), path, text)?)?;
        let made = c.create(&sent).await?;
        let differing = c.differing(&sent, &made.record)?;
        let shown: String = text.chars().take(40).collect();
        ensure!(differing.is_empty(), "{path}: {shown:?} came back otherwise, in {} fields", differing.len());
    }
    Ok(())
}

async fn control_characters<R: Kept>(c: &Context<'_, R>) -> Verdict {
    c.writes()?;
    let Some(path) = c.note_field().or(c.name_field()) else { return skip("the side holds no text") };
    for (n, text) in
        ["a\u{0}b", "bell\u{7}", "vertical\u{b}tab", "escape \u{1b}[31m", "next\u{85}line", "nothing \u{feff} wide"].iter().enumerate()
    {
        let sent = c.fit(&Context::with_text(&R::least(n as u64), path, text)?)?;
        match c.write(Write::Create { mark: c.mark(), record: sent.clone() }).await? {
            Outcome::Written { id, left_out, .. } => {
                let got = c.read(&id).await?;
                let refused = left_out.iter().any(|(field, _)| field.as_str() == path) && got.record.get(path).is_none();
                ensure!(refused || c.differing(&sent, &got.record)?.is_empty(), "{text:?} in {path} is neither kept nor refused");
            }
            Outcome::Refused(error) if error.kind() == ErrorKind::InvalidData => {}
            other => return fail(format!("{text:?} in {path} is {}", words(&other))),
        }
    }
    Ok(())
}

async fn series<R: Kept>(c: &Context<'_, R>) -> Verdict {
    c.writes()?;
    if R::catalogue().field("recurrenceOverrides").is_none() {
        return skip("nothing of this kind repeats");
    }
    if !c.can().exceptions {
        ensure!(!c.holds("recurrenceOverrides"), "exceptions are declared missing, and the field is held");
        return skip("series have no overrides here");
    }
    for n in [1, 4] {
        let fields = if R::KIND == Kind::Event { samples::series(n).fields() } else { samples::task_series(n).fields() };
        let sent = c.fit(&R::default().with(&fields)?)?;
        ensure!(sent.get("recurrenceOverrides").is_some(), "exceptions are declared, and the field is not held");
        let made = c.create(&sent).await?;
        let differing = c.differing(&sent, &made.record)?;
        ensure!(differing.is_empty(), "series {n} came back with other {differing:?}");
        let Some(name) = c.name_field() else { continue };
        // An edit of the series is none of its exceptions.
        let target = Context::with_text(&made.record, name, "Renamed series")?;
        let edited = c.update(&made, &target).await?;
        let differing = c.differing(&target, &edited.record)?;
        ensure!(differing.is_empty(), "renaming series {n} changed {differing:?}");
    }
    Ok(())
}

async fn bytes<R: Kept>(c: &Context<'_, R>) -> Verdict {
    c.writes()?;
    let capable = if R::KIND == Kind::Contact { c.can().photos } else { c.can().attachments };
    let Some(blobs) = c.items.blobs() else { return skip("the side opens no bytes") };
    if !capable {
        return skip("the side declares that it keeps no bytes of this kind");
    }
    let Some(sent) = with_bytes(&c.fit(&R::least(1))?, 4)? else { return skip("records of this kind have no bytes") };
    let made = c.create(&sent).await?;
    let open = async |stored: &pimkit_core::Stored<R>| -> Result<(BlobRef, Vec<u8>), super::Stop> {
        let Some(blob) = stored.record.blobs().into_iter().next().cloned() else { return fail("the record names no bytes") };
        let mut open = blobs.open(&stored.collection, &stored.id, &blob.id).await?;
        let mut all = Vec::new();
        while let Some(piece) = open.bytes.next().await {
            all.extend_from_slice(&piece?);
        }
        ensure!(open.size.is_none_or(|size| size == all.len() as u64), "a blob says {:?} bytes, and has {}", open.size, all.len());
        Ok((blob, all))
    };
    let right = SampleBytes::bytes(4);
    let (first, got) = open(&made).await?;
    ensure!(Digest::of(&got) == Digest::of(&right), "{} bytes came back of {}", got.len(), right.len());
    if let Some(name) = c.name_field() {
        let target = Context::with_text(&made.record, name, "Renamed")?;
        let edited = c.update(&made, &target).await?;
        let (_, got) = open(&edited).await?;
        ensure!(got == right, "an unrelated edit changed the bytes");
    }
    let now = c.there().await?;
    let Some(id) = now.first() else { return fail("the item is not listed") };
    let now = c.read(id).await?;
    let Some(other) = with_bytes(&now.record, 2)? else { return Ok(()) };
    let replaced = c.update(&now, &other).await?;
    let (second, got) = open(&replaced).await?;
    ensure!(got == SampleBytes::bytes(2), "replaced bytes came back otherwise");
    ensure!(first.id != second.id, "other bytes have the same id");
    let unknown = blobs.open(c.id(), &replaced.id, &BlobId::from("no-such-blob")).await;
    ensure!(unknown.is_err(), "an unknown blob opens");
    Ok(())
}

async fn no_source<R: Kept>(c: &Context<'_, R>) -> Verdict {
    c.writes()?;
    let path = if R::KIND == Kind::Contact { "photo" } else { "attachments" };
    if c.items.blobs().is_none() || !c.holds(path) {
        return skip("the side keeps no bytes");
    }
    let Some(sent) = with_bytes(&c.fit(&R::least(1))?, 3)? else { return skip("records of this kind have no bytes") };
    let create = Write::Create { mark: c.mark(), record: sent };
    match c.write_with(create, &pimkit_core::WriteOptions::default()).await? {
        Outcome::Written { id, left_out, .. } => {
            ensure!(left_out.iter().any(|(field, _)| field.as_str() == path), "bytes without a source are not said to be left out");
            ensure!(c.read(&id).await?.record.get(path).is_none(), "a record names bytes that never came");
        }
        Outcome::Refused(_) => {}
        other => return fail(format!("bytes without a source are {}", words(&other))),
    }
    Ok(())
}

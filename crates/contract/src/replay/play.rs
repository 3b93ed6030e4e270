//! What a scenario asks and takes down, and whether a play over a recording comes to the same.

use super::{Recording, Replay, told};
use pimkit_core::{
    Change, ChangeOptions, CollectionId, Cursor, Error, ErrorKind, Fetched, ItemId, Next, Outcome, Position, Record, Repository, Result,
    Stored, Write, WriteOptions, fixture::Expectation,
};
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

/// What a connector answered in the course of a scenario, in order; and the questions that every connector's scenarios ask.
#[derive(Debug, Default)]
pub struct Notes {
    base: String,
    notes: Mutex<Vec<Value>>,
}

impl Notes {
    /// None so far. `base` is where the service is reached: `https://host.example`. It is no part of any note.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), notes: Mutex::default() }
    }

    /// Takes down what was answered.
    pub fn note(&self, what: &str, value: Value) {
        let value = if self.base.is_empty() {
            value
        } else {
            let text = value.to_string().replace(&self.base, "");
            serde_json::from_str(&text).unwrap_or(value)
        };
        let note = [(what.to_owned(), value)].into_iter().collect();
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(Value::Object(note));
    }

    /// Asks for the collections.
    ///
    /// # Errors
    /// Those of the connector.
    pub async fn collections<R: Record>(&self, items: &dyn Repository<R>) -> Result<Vec<CollectionId>> {
        let all = items.collections().await?;
        self.note(&format!("collections of {}", R::KIND.plural()), told::value(&all));
        Ok(all.into_iter().map(|collection| collection.id).collect())
    }

    /// Plays one round, and reads what it lists.
    ///
    /// # Errors
    /// Those of the connector.
    pub async fn round<R: Record>(&self, items: &dyn Repository<R>, at: &CollectionId, since: Option<&Cursor>) -> Result<Cursor> {
        let (mut changes, mut token, mut ids) = (Vec::new(), None, Vec::new());
        let cursor = loop {
            let position = match (&token, since) {
                (Some(token), _) => Position::Page(token),
                (None, Some(cursor)) => Position::Since(cursor),
                (None, None) => Position::Start,
            };
            let page = items.changes(at, position, &ChangeOptions::default()).await?;
            for change in &page.changes {
                changes.push(told::change(change));
                if let Change::Listed { id, .. } = change {
                    ids.push(id.clone());
                }
            }
            match page.next {
                Next::More(next) => token = Some(next),
                Next::Done { cursor, complete } => {
                    self.note("changes", json!({ "lines": changes, "complete": complete }));
                    break cursor;
                }
            }
        };
        if !ids.is_empty() {
            self.fetch(items, at, &ids).await;
        }
        Ok(cursor)
    }

    /// Reads items.
    pub async fn fetch<R: Record>(&self, items: &dyn Repository<R>, at: &CollectionId, ids: &[ItemId]) {
        let fetched: Vec<Value> = items.fetch(at, ids).await.iter().map(told::fetched).collect();
        self.note("fetched", Value::from(fetched));
    }

    /// Reads one item that must be there.
    ///
    /// # Errors
    /// `Unexpected` when it cannot be read.
    pub async fn stored<R: Record>(&self, items: &dyn Repository<R>, at: &CollectionId, id: &ItemId) -> Result<Stored<R>> {
        match items.fetch(at, std::slice::from_ref(id)).await.pop() {
            Some(Fetched::Found(stored)) => {
                self.note("read", told::value(&stored));
                Ok(*stored)
            }
            _ => Err(Error::new(ErrorKind::Unexpected, "an item that was stored cannot be read")),
        }
    }

    /// Writes once.
    ///
    /// # Errors
    /// `Unexpected` when the write has no outcome.
    pub async fn write<R: Record>(
        &self,
        what: &str,
        items: &dyn Repository<R>,
        at: &CollectionId,
        write: Write<R>,
        options: &WriteOptions,
    ) -> Result<Outcome<R>> {
        let outcome = items.write(at, vec![write], options).await.pop();
        let outcome = outcome.ok_or_else(|| Error::new(ErrorKind::Unexpected, "a write has no outcome"))?;
        self.note(what, told::outcome(&outcome));
        Ok(outcome)
    }

    /// What was taken down, and with what the scenario ended.
    #[must_use]
    pub fn played(self, end: Result<()>) -> Played {
        Played { notes: self.notes.into_inner().unwrap_or_else(PoisonError::into_inner), end }
    }
}

/// What a play came to.
#[derive(Clone, Debug)]
pub struct Played {
    /// What the connector answered, in order.
    pub notes: Vec<Value>,
    /// With what it ended.
    pub end: Result<()>,
}

impl Played {
    /// As it is kept beside the traffic: `expected.json`.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(&self.notes).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The end, as `case.toml` says it.
    #[must_use]
    pub fn expectation(&self) -> Expectation {
        match &self.end {
            Ok(()) => Expectation::Ok,
            Err(error) => Expectation::Error { kind: error.kind().word().to_owned() },
        }
    }
}

/// What came of a play over a recording, and what does not agree with the recording, one line each.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// What it came to.
    pub played: Played,
    /// Requests and exchanges that do not fit, and another end than was expected.
    pub problems: Vec<String>,
}

impl Replayed {
    /// Looks at a play over a recording once it is over. `expect` is what the case says.
    #[must_use]
    pub fn of(replay: &Replay, expect: Option<&Expectation>, played: Played) -> Self {
        let mut problems = replay.problems();
        if expect != Some(&played.expectation()) {
            problems.push(match &played.end {
                Ok(()) => "it ends well, and was expected to fail".to_owned(),
                Err(error) => format!("it ends otherwise than expected: {error}"),
            });
        }
        Self { played, problems }
    }

    /// All problems, with what is otherwise than in the `expected.json` of a case's folder.
    ///
    /// # Errors
    /// `InvalidData` when the file is missing, or no list.
    pub fn against(self, folder: &Path) -> Result<Vec<String>> {
        let file = folder.join("expected.json");
        let unread = |message: &'static str| Error::new(ErrorKind::InvalidData, message).with("file", file.display());
        let bytes = fs::read(&file).map_err(|e| unread("what was expected cannot be read; record the case anew").caused_by(e))?;
        let expected: Vec<Value> =
            serde_json::from_slice(&bytes).map_err(|e| unread("what was expected is no list; record the case anew").caused_by(e))?;
        let Self { played: Played { notes, .. }, mut problems } = self;
        for (number, (expected, note)) in (1..).zip(expected.iter().zip(&notes)) {
            if expected != note {
                problems.push(format!("answer {number} is {note}, expected {expected}"));
            }
        }
        if expected.len() != notes.len() {
            problems.push(format!("{} answers, expected {}", notes.len(), expected.len()));
        }
        Ok(problems)
    }
}

impl Recording {
    /// What the case says that it must come to.
    #[must_use]
    pub fn expect(&self) -> Option<Expectation> {
        self.case.as_ref().map(|case| case.expect.clone())
    }
}

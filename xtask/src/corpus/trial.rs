//! One file, put to the laws.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use pimkit_core::{Contact, Event, Kind, Task};
use pimkit_formats::resource::{Authoring, FormatError, InlineBlobs, TextRecord};
use pimkit_formats::text::Document;
use pimkit_formats::{icalendar, vcard};

use super::edits::{self, Edit};
use super::lines;
use super::{Offender, Report};

thread_local! {
    /// Where the last panic happened.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs `work` with panics noted and not printed.
pub(super) fn quietly<T>(work: impl FnOnce() -> T) -> T {
    let before = panic::take_hook();
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(|| "an unknown place".to_owned(), |at| format!("{}:{}", at.file(), at.line()));
        PANIC.with(|last| *last.borrow_mut() = place);
    }));
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    panic::set_hook(before);
    match done {
        Ok(done) => done,
        Err(cause) => panic::resume_unwind(cause),
    }
}

/// One file on trial.
pub(super) struct Trial<'r> {
    file: String,
    report: &'r mut Report,
}

impl<'r> Trial<'r> {
    pub(super) fn new(file: &str, report: &'r mut Report) -> Self {
        Self { file: file.to_owned(), report }
    }

    fn breach(&mut self, law: &'static str, line: usize, reason: impl Into<String>) {
        self.report.offenders.push(Offender { law, file: self.file.clone(), line, reason: reason.into() });
    }

    /// Does the work; a panic is a breach, and names its place.
    pub(super) fn guarded<T>(&mut self, doing: &str, work: impl FnOnce() -> T) -> Option<T> {
        if let Ok(done) = panic::catch_unwind(AssertUnwindSafe(work)) {
            return Some(done);
        }
        let place = PANIC.with(|last| last.borrow().clone());
        self.breach("no panic", 0, format!("{doing} panicked at {place}"));
        None
    }

    pub(super) fn file(&mut self, path: &Path) {
        self.report.count("files");
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) => return self.breach("every file is readable", 0, e.to_string()),
        };
        let Some(parsed) = self.guarded("parsing", || Document::parse(bytes.clone()).map(|d| d.to_bytes())) else { return };
        match parsed {
            Ok(again) if again == bytes => self.report.count("files that come back byte for byte"),
            Ok(again) => {
                let line = lines::first_difference(&bytes, &again);
                self.breach("what parses comes back", line, "the text differs from here on");
            }
            Err(e) => {
                self.report.count("files that do not parse");
                Report::tally(&mut self.report.unread, &e.to_string());
                return;
            }
        }
        let split = self.guarded("splitting", || match (vcard::cards(&bytes), icalendar::split_calendar(&bytes)) {
            (Ok(cards), Ok(items)) => Ok([cards, items].concat()),
            (Ok(texts), Err(_)) | (Err(_), Ok(texts)) => Ok(texts),
            (Err(FormatError::Nothing { .. }), Err(e)) | (Err(e), Err(_)) => Err(e),
        });
        match split {
            Some(Ok(items)) if items.is_empty() => {
                Report::tally(&mut self.report.unread, "the calendar holds no event and no task");
            }
            Some(Ok(items)) => {
                // A file of one item is tried with its own bytes, as a folder would.
                let whole = items.len() == 1;
                for item in items {
                    self.item(if whole { &bytes } else { &item });
                }
            }
            Some(Err(e)) => Report::tally(&mut self.report.unread, &e.to_string()),
            None => {}
        }
    }

    fn item(&mut self, text: &[u8]) {
        self.report.count("items");
        let Some(kind) = self.guarded("reading", || kind(text)) else { return };
        match kind {
            Ok(Kind::Contact) => self.record::<Contact>(text),
            Ok(Kind::Event) => self.record::<Event>(text),
            Ok(Kind::Task) => self.record::<Task>(text),
            Ok(other) => Report::tally(&mut self.report.unread, &format!("of the {}", other.plural())),
            Err(e) => Report::tally(&mut self.report.unread, &e.to_string()),
        }
    }

    fn record<R: TextRecord>(&mut self, text: &[u8]) {
        let Some(Ok(record)) = self.guarded("reading", || R::read(text)) else { return };
        self.report.count(format!("{} read", R::KIND.plural()));
        // Later than any stamp in a file: of two components for one occurrence, the later counts.
        let options = Authoring::new(jiff::Timestamp::MAX, "-//pimkit//corpus//EN");
        let blobs = InlineBlobs::new();
        match self.guarded("patching nothing", || R::patch(text, &record, &record, &options, &blobs)) {
            Some(Ok(same)) if same == text => {}
            Some(Ok(other)) => {
                self.breach("no edit, no change", lines::first_difference(text, &other), "a patch of nothing changes the text")
            }
            Some(Err(e)) => self.breach("no edit, no change", 0, e.to_string()),
            None => {}
        }
        for edit in edits::of(&record) {
            self.edit(text, &record, &edit, &options, &blobs);
        }
    }

    fn edit<R: TextRecord>(&mut self, text: &[u8], record: &R, edit: &Edit<R>, options: &Authoring, blobs: &InlineBlobs) {
        let Edit { field, target } = edit;
        self.report.count(format!("edits of {}", R::KIND.plural()));
        let patched = match self.guarded(&format!("editing {field}"), || R::patch(text, record, target, options, blobs)) {
            Some(Ok(patched)) => patched,
            Some(Err(e)) => return Report::tally(&mut self.report.refused, &format!("{}: {field}: {e}", R::KIND.plural())),
            None => return,
        };
        let law = "an edit touches its own lines only";
        match self.guarded("comparing lines", || lines::touched(R::KIND, field, text, &patched)) {
            Some(Ok(None)) => {}
            Some(Ok(Some(touched))) => self.breach(law, touched.line, format!("an edit of {field} touches {}", touched.what)),
            Some(Err(e)) => self.breach(law, 0, format!("after an edit of {field} the text does not parse: {e}")),
            None => return,
        }
        let law = "an edit arrives";
        match self.guarded("reading again", || R::read(&patched)) {
            Some(Ok(again)) => {
                let lost = target.differing(&again);
                if !lost.is_empty() {
                    let names: Vec<&str> = lost.iter().map(|f| f.as_str()).collect();
                    self.breach(law, 0, format!("after an edit of {field} other than meant: {}", names.join(", ")));
                }
            }
            Some(Err(e)) => self.breach(law, 0, format!("after an edit of {field} the text does not read: {e}")),
            None => {}
        }
    }
}

/// What kind of record a text holds.
fn kind(text: &[u8]) -> Result<Kind, FormatError> {
    match Contact::read(text) {
        Ok(_) => Ok(Kind::Contact),
        Err(FormatError::OtherKind { .. } | FormatError::Nothing { .. }) => match Event::read(text) {
            Ok(_) => Ok(Kind::Event),
            Err(FormatError::OtherKind { found: Kind::Task }) => Task::read(text).map(|_| Kind::Task),
            Err(e) => Err(e),
        },
        Err(e) => Err(e),
    }
}

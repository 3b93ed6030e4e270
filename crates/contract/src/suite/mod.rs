//! The behaviour suite: what every connector must do, as a list of named cases.
//!
//! A case that a connector cannot be asked is skipped, and the skip is counted and printed; what a
//! connector declares to be missing is tested to answer so. To run it in a crate of one's own,
//! implement [`Harness`] and [`Stage`], and in `tests/contract.rs`:
//!
//! ```
//! use pimkit_contract::{Worst, WorstOptions, FakeClock, suite::{self, Floor, Harness, Stage}};
//! use pimkit_core::{Connector, Kind};
//! use std::sync::Arc;
//!
//! struct Mine;
//! struct Account(Worst);
//!
//! impl Stage for Account {
//!     fn connector(&self) -> Arc<dyn Connector> {
//!         Arc::new(self.0.clone())
//!     }
//! }
//!
//! #[async_trait::async_trait]
//! impl Harness for Mine {
//!     fn name(&self) -> String {
//!         "mine".to_owned()
//!     }
//!     fn floor(&self) -> Floor {
//!         Floor::default().kind(Kind::Task, |c| c.write = true)
//!     }
//!     async fn fresh(&self) -> Box<dyn Stage> {
//!         Box::new(Account(Worst::new(WorstOptions::kind(), &FakeClock::default())))
//!     }
//! }
//!
//! # futures::executor::block_on(async {
//! suite::run(&Mine).await;
//! # });
//! ```

mod connector;
mod context;
mod fields;
mod reading;
mod roles;
mod shown;
mod texts;
mod writing;

use crate::world::Kept;
use async_trait::async_trait;
use context::{Context, Stop};
use futures::future::BoxFuture;
use pimkit_core::{Capabilities, CollectionId, Connector, Contact, Event, Fields, Kind, Message, Record, Role, Stored, Task, User};
use std::{fmt, sync::Arc};

/// What a connector must declare to be worth its name: set with its issue, so that a capability
/// cannot go missing by being declared missing.
#[derive(Clone, Debug, Default)]
pub struct Floor {
    pub(crate) kinds: Vec<(Kind, Capabilities)>,
    pub(crate) roles: Vec<Role>,
}

impl Floor {
    /// The same, and this kind must be there with these capabilities.
    #[must_use]
    pub fn kind(mut self, kind: Kind, set: impl FnOnce(&mut Capabilities)) -> Self {
        self.kinds.push((kind, Capabilities::none().with(set)));
        self
    }

    /// The same, and this role must be declared.
    #[must_use]
    pub fn role(mut self, role: Role) -> Self {
        self.roles.push(role);
        self
    }
}

/// How the provider's own user gets at items: through the provider's front door, not through the
/// connector. Each answers false when it cannot be done; the case is then skipped.
#[async_trait]
pub trait BackDoor<R: Record>: Send + Sync {
    /// Makes the item say what `record` says.
    async fn edit(&self, item: &Stored<R>, record: &R) -> bool;
    /// Deletes the item for good.
    async fn delete(&self, item: &Stored<R>) -> bool;
    /// Damages the item so that it cannot be read.
    async fn damage(&self, item: &Stored<R>) -> bool;
}

/// How records come, change and go at a side that only shows them: mail that arrives, users whom an administrator manages.
#[async_trait]
pub trait Source<R: Record>: Send + Sync {
    /// The `n`th record comes into the account: where it is, always the same place.
    async fn make(&self, n: u32) -> CollectionId;
    /// Whether a record that was read is the `n`th, by all that was said of it.
    fn is(&self, n: u32, record: &R) -> bool;
    /// The record says something else from now on; false where that cannot be done.
    async fn change(&self, item: &Stored<R>) -> bool;
    /// The record goes; false where that cannot be done.
    async fn take(&self, item: &Stored<R>) -> bool;
}

/// One account, made for one case.
#[async_trait]
pub trait Stage: Send + Sync {
    /// The connector to it.
    fn connector(&self) -> Arc<dyn Connector>;
    /// A second collection of this kind, made if need be. Without one, the suite makes one with the
    /// `Folders` role, or skips.
    async fn second_collection(&self, kind: Kind) -> Option<CollectionId> {
        let _ = kind;
        None
    }
    /// The back door to contacts.
    fn contact_door(&self) -> Option<&dyn BackDoor<Contact>> {
        None
    }
    /// The back door to events.
    fn event_door(&self) -> Option<&dyn BackDoor<Event>> {
        None
    }
    /// The back door to tasks.
    fn task_door(&self) -> Option<&dyn BackDoor<Task>> {
        None
    }
    /// Where messages come from. Without, their cases are skipped.
    fn message_source(&self) -> Option<&dyn Source<Message>> {
        None
    }
    /// Where users come from. Without, their cases are skipped.
    fn user_source(&self) -> Option<&dyn Source<User>> {
        None
    }
    /// How many mails the provider has sent; absent when that cannot be seen.
    fn mails(&self) -> Option<usize> {
        None
    }
    /// Lets the time pass after which a write shows everywhere: `settles_after`, and the lag of listings.
    async fn settle(&self) {}
}

/// A connector under test, and what the suite must know of it.
#[async_trait]
pub trait Harness: Send + Sync {
    /// The name under which the suite reports.
    fn name(&self) -> String;
    /// What it must declare.
    fn floor(&self) -> Floor;
    /// A fresh account for one case: its collections there, and nothing in them.
    async fn fresh(&self) -> Box<dyn Stage>;
    /// What a sample must be like so that this side takes it, beside what its `fields()` say.
    fn prepare(&self, kind: Kind, fields: Fields) -> Fields {
        let _ = kind;
        fields
    }
    /// How this side spells what it was given, where it rewrites it; both spellings are right.
    fn spelt(&self, kind: Kind, fields: Fields) -> Fields {
        let _ = kind;
        fields
    }
    /// Fields that an item cannot be without here: they are not cleared.
    fn required(&self, kind: Kind, field: &str) -> bool {
        matches!((kind, field), (Kind::Event, "start") | (Kind::Contact, "name.full") | (Kind::Task, "title"))
    }
    /// Which kinds the accounts have. The cases of the others are left out, and counted.
    fn kinds(&self) -> Vec<Kind> {
        Kind::ALL.to_vec()
    }
    /// How many rounds late a change may be listed.
    fn late_rounds(&self) -> u32 {
        0
    }
    /// Whether the provider mails guests at all when it is told to: the negative control must then mail.
    fn mails_guests(&self) -> bool {
        false
    }
}

/// What a case does.
type Run<R> = dyn for<'a> Fn(&'a Context<'a, R>) -> BoxFuture<'a, Result<(), Stop>> + Send + Sync;

/// One case for one kind.
struct Case<R: Kept> {
    name: String,
    run: Box<Run<R>>,
}

impl<R: Kept> Case<R> {
    fn new<F>(name: impl Into<String>, run: F) -> Self
    where
        F: for<'a> Fn(&'a Context<'a, R>) -> BoxFuture<'a, Result<(), Stop>> + Send + Sync + 'static,
    {
        Self { name: name.into(), run: Box::new(run) }
    }
}

/// What came of a run of the suite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Cases that passed, by their names.
    pub passed: Vec<String>,
    /// Cases that could not be asked, and why.
    pub skipped: Vec<(String, String)>,
    /// Cases that failed, and why.
    pub failed: Vec<(String, String)>,
}

impl Report {
    fn add(&mut self, name: String, verdict: Result<(), Stop>) {
        match verdict {
            Ok(()) => self.passed.push(name),
            Err(Stop::Skip(why)) => self.skipped.push((name, why)),
            Err(Stop::Fail(why)) => self.failed.push((name, why)),
        }
    }

    /// How many cases there were.
    #[must_use]
    pub fn cases(&self) -> usize {
        self.passed.len() + self.skipped.len() + self.failed.len()
    }
}

/// A line per skip, `skip <kind>::<case>: <reason>`, a line per failure, and a line with the counts.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, why) in &self.skipped {
            writeln!(f, "skip {name}: {why}")?;
        }
        for (name, why) in &self.failed {
            writeln!(f, "FAILED {name}: {why}")?;
        }
        write!(f, "{} cases: {} passed, {} skipped", self.cases(), self.passed.len(), self.skipped.len())?;
        if self.failed.is_empty() { Ok(()) } else { write!(f, ", {} failed", self.failed.len()) }
    }
}

/// Runs every case, prints the report, and panics with the names of the cases that failed.
///
/// # Panics
/// When a case fails, or when no case could be asked at all.
#[allow(clippy::print_stdout, reason = "the report of a test belongs where tests write")]
pub async fn run<H: Harness + ?Sized>(harness: &H) -> Report {
    let report = observe(harness).await;
    println!("behaviour suite over {}\n{report}", harness.name());
    let failed: Vec<String> = report.failed.iter().map(|(name, why)| format!("{name}: {why}")).collect();
    assert!(failed.is_empty(), "{}:\n  {}", harness.name(), failed.join("\n  "));
    assert!(!report.passed.is_empty(), "{}: no case could be asked", harness.name());
    report
}

/// Runs every case and says what came of it.
pub async fn observe<H: Harness + ?Sized>(harness: &H) -> Report {
    let mut report = Report::default();
    connector::cases(&Shim(harness), &mut report).await;
    kind_cases::<Contact, H>(harness, &mut report).await;
    kind_cases::<Event, H>(harness, &mut report).await;
    kind_cases::<Task, H>(harness, &mut report).await;
    shown::cases::<Message>(&Shim(harness), |stage| stage.message_source(), &mut report).await;
    shown::cases::<User>(&Shim(harness), |stage| stage.user_source(), &mut report).await;
    report
}

async fn kind_cases<R: Kept, H: Harness + ?Sized>(harness: &H, report: &mut Report) {
    let there = R::repository(&*harness.fresh().await.connector()).is_some();
    if there && !harness.kinds().contains(&R::KIND) {
        report.skipped.push((format!("{}::*", R::KIND.plural()), "the account has none of this kind".to_owned()));
        return;
    }
    if !there {
        report.skipped.push((format!("{}::*", R::KIND.plural()), "the connector has no such kind".to_owned()));
        return;
    }
    let mut cases: Vec<Case<R>> = reading::cases();
    cases.extend(writing::cases());
    cases.extend(roles::cases());
    cases.extend(texts::cases());
    cases.extend(fields::cases());
    for case in cases {
        let stage = harness.fresh().await;
        let shim = Shim(harness);
        let verdict = match Context::<R>::new(&shim, &*stage).await {
            Ok(context) => (case.run)(&context).await,
            Err(stop) => Err(stop),
        };
        report.add(format!("{}::{}", R::KIND.plural(), case.name), verdict);
    }
}

/// What the cases ask of a harness, whatever its type.
trait Ask: Send + Sync {
    fn prepare(&self, kind: Kind, fields: Fields) -> Fields;
    fn spelt(&self, kind: Kind, fields: Fields) -> Fields;
    fn required(&self, kind: Kind, field: &str) -> bool;
    fn late_rounds(&self) -> u32;
    fn mails_guests(&self) -> bool;
    fn floor(&self) -> Floor;
    fn fresh(&self) -> BoxFuture<'_, Box<dyn Stage>>;
}

struct Shim<'h, H: ?Sized>(&'h H);

impl<H: Harness + ?Sized> Ask for Shim<'_, H> {
    fn prepare(&self, kind: Kind, fields: Fields) -> Fields {
        self.0.prepare(kind, fields)
    }
    fn spelt(&self, kind: Kind, fields: Fields) -> Fields {
        self.0.spelt(kind, fields)
    }
    fn required(&self, kind: Kind, field: &str) -> bool {
        self.0.required(kind, field)
    }
    fn late_rounds(&self) -> u32 {
        self.0.late_rounds()
    }
    fn mails_guests(&self) -> bool {
        self.0.mails_guests()
    }
    fn floor(&self) -> Floor {
        self.0.floor()
    }
    fn fresh(&self) -> BoxFuture<'_, Box<dyn Stage>> {
        self.0.fresh()
    }
}

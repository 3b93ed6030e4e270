//! The two-way sync engine of pimkit.
//!
//! It reconciles a **hub** (the app's records, the left side) with a **far** side (a mailbox, a
//! calendar, a folder): field by field, against the values last agreed, with every write noted
//! before it leaves. A run goes through stages, each a module of its own:
//!
//! **recover** (what became of writes whose answer was lost) -> **observe** (what is there) ->
//! **scope** (what may be synced) -> **matching** (which items are one thing) -> **merge** (who
//! changed what) -> **plan** (steps, each with its reason) -> **guard** (what must wait) ->
//! **apply** -> **record**.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use pimkit_core::{Connector, Contact, State, Result};
//! # use pimkit_sync::{Engine, Policy};
//! # async fn example(state: Arc<dyn State>, crm: Arc<dyn Connector>, folder: Arc<dyn Connector>) -> Result<()> {
//! let engine = Engine::new(state);
//! let people = engine.pair::<Contact>("people", crm, folder).policy(Policy::default()).build()?;
//! let plan = people.plan().await?; // a dry run: its steps lie in the state
//! let report = people.apply(plan).await?; // or `people.run()` for both
//! println!("{} written", report.sync.writes());
//! # Ok(())
//! # }
//! ```

mod adopt;
mod any;
mod app_events;
mod apply;
mod blobs;
mod caps;
mod categories;
mod choice;
mod clock;
mod container;
mod copied;
mod deletion;
mod detach;
mod ending;
mod engine;
mod forest;
mod fresh;
mod ground;
mod guard;
mod guests;
mod joined;
mod journal;
mod keys;
mod late;
mod loser;
mod map;
mod matching;
mod merge;
mod moved;
mod observe;
mod offered;
mod pair;
mod plan;
mod planted;
mod policy;
mod prepare;
mod project;
mod quarantine;
mod record;
mod recover;
mod report;
mod resting;
mod retention;
mod run;
mod scope;
mod score;
mod siblings;
mod sighting;
mod stamp;
mod standing;
mod step;
mod stranger;
mod tags;
mod teardown;
mod terms;
mod told;
mod unconditional;
mod undecided;
mod undo;
mod why;

pub use adopt::{Adopted, Adoption};
pub use any::AnyPair;
pub use clock::{RandomChance, SystemClock};
pub use ending::{Consent, Going};
pub use engine::{Engine, PairBuilder};
pub use guard::{ShownItem, Tally};
pub use map::{FieldMap, FieldPair};
pub use offered::Offered;
pub use pair::{Pair, Plan};
pub use policy::{
    AXES, Ambiguous, Attendees, Axis, ByKind, Caps, Condition, Conflicts, Container, Deletes, Direction, Drift, Duplicates, Enabling,
    Folders, Granularity, Guards, HubDelete, Imported, Invited, Limit, Loser, ManagedCategory, MatchKey, Notices, Order, PROFILES, Policy,
    Recurrence, Removed, Renamed, Scope, Teardown,
};
pub use report::{Ambiguity, Candidate, Hold, LeftOver, PerSide, Progress, Report, SyncReport, Unwatched, Verdict, Watch};
pub use scope::NotPrivate;
pub use score::Score;
pub use step::{Action, Agreed, End, PlannedStep, SideWrite, Step};
pub use undecided::{Undecided, Unlinked, Waiting, conflicts, held, unlinked};
pub use undo::{Parked, Undone};
pub use why::{Told, why};

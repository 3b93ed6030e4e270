//! Syncs of any kind in one list.

use crate::{
    ending::Consent,
    pair::{Pair, Plan},
    report::Report,
};
use async_trait::async_trait;
use pimkit_core::{Contact, Event, Result, Task};

/// A sync of whatever kind, for hosts that keep several in one list.
#[async_trait]
pub trait AnyPair: Send + Sync {
    /// As [`Pair::plan`].
    async fn plan(&self) -> Result<Plan>;
    /// As [`Pair::apply`].
    async fn apply(&self, plan: Plan) -> Result<Report>;
    /// As [`Pair::run`].
    async fn run(&self) -> Result<Report>;
    /// As [`Pair::disable`].
    async fn disable(&self, consent: Consent, why: Option<&str>) -> Result<Report>;
    /// As [`Pair::enable`].
    async fn enable(&self) -> Result<()>;
}

// One by one, so that the engine is compiled here for each kind, and not once more in every crate that uses it.
macro_rules! any {
    ($($record:ty),*) => {$(
        #[async_trait]
        impl AnyPair for Pair<$record> {
            async fn plan(&self) -> Result<Plan> {
                Self::plan(self).await
            }
            async fn apply(&self, plan: Plan) -> Result<Report> {
                Self::apply(self, plan).await
            }
            async fn run(&self) -> Result<Report> {
                Self::run(self).await
            }
            async fn disable(&self, consent: Consent, why: Option<&str>) -> Result<Report> {
                Self::disable(self, consent, why).await
            }
            async fn enable(&self) -> Result<()> {
                Self::enable(self).await
            }
        }
    )*};
}

any!(Contact, Event, Task);

//! Accounts for tests: over a wire on which nobody answers, until there is a stand-in for the service.
#![allow(unreachable_pub, reason = "each test file takes what it needs")]

use async_trait::async_trait;
use pimkit_contract::{
    FakeClock, SeededChance,
    suite::{Floor, Harness, Stage},
};
use pimkit_core::{Connector, Error, ErrorKind, Kind};
use pimkit_http::{Failure, InProcess};
use pimkit_skeleton::{Config, Skeleton};
use std::sync::Arc;

/// An account at an address that leads nowhere.
pub fn account() -> Skeleton {
    let nobody = || Failure::not_sent(Error::new(ErrorKind::Transport, "there is no stand-in for the service yet"));
    let wire = Arc::new(InProcess::new(move |_| async move { Err(nobody()) }));
    let config = Config::new("https://skeleton.example/").account("suite");
    Skeleton::builder(config, wire, Arc::new(FakeClock::default()), Arc::new(SeededChance::new(1))).open().unwrap()
}

struct Account(Skeleton);

impl Stage for Account {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(self.0.clone())
    }
}

/// The suite over such accounts.
pub struct Nothing;

#[async_trait]
impl Harness for Nothing {
    fn name(&self) -> String {
        "skeleton, which has nothing yet".to_owned()
    }
    fn floor(&self) -> Floor {
        Floor::default()
    }
    fn kinds(&self) -> Vec<Kind> {
        Vec::new()
    }
    async fn fresh(&self) -> Box<dyn Stage> {
        Box::new(Account(account()))
    }
}

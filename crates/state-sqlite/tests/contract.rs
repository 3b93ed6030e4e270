//! The SQLite state passes the suite of state stores, on both kinds of runtime and on none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use async_trait::async_trait;
use pimkit_contract::state::{self, Place, StateFactory};
use pimkit_core::{Result, State};
use pimkit_state_sqlite::SqliteState;
use std::sync::Arc;
use tempfile::TempDir;

struct Files;
struct Folder(TempDir);

#[async_trait]
impl StateFactory for Files {
    async fn place(&self) -> Result<Box<dyn Place>> {
        Ok(Box::new(Folder(tempfile::tempdir().unwrap())))
    }
}

#[async_trait]
impl Place for Folder {
    async fn open(&mut self) -> Result<Arc<dyn State>> {
        Ok(Arc::new(SqliteState::open(self.0.path().join("sync.db"))?))
    }
}

#[tokio::test]
async fn the_sqlite_state_passes_the_suite_on_one_thread() {
    assert_eq!(state::run(&Files).await, state::suite().len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sqlite_state_passes_the_suite_on_many_threads() {
    tokio::spawn(async { state::run(&Files).await }).await.unwrap();
}

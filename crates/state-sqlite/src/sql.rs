//! The one way to a statement, so that a test can look at every plan that SQLite makes.

use crate::fault::Fault;
use rusqlite::{CachedStatement, Connection};

/// A statement of this connection, prepared once.
pub(crate) fn prepare<'c>(conn: &'c Connection, sql: &str) -> Result<CachedStatement<'c>, Fault> {
    #[cfg(test)]
    plans::note(conn, sql)?;
    Ok(conn.prepare_cached(sql)?)
}

#[cfg(test)]
mod plans {
    use super::*;
    use crate::SqliteState;
    use async_trait::async_trait;
    use futures::FutureExt;
    use pimkit_contract::state::{self, Place, StateFactory};
    use pimkit_core::{Result as CoreResult, State};
    use std::{
        collections::BTreeMap,
        sync::{Arc, Mutex},
    };
    use tempfile::TempDir;

    /// Every statement that a test of this crate prepared, with the steps of its plan.
    static PLANS: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());

    pub(super) fn note(conn: &Connection, sql: &str) -> Result<(), Fault> {
        let mut plans = PLANS.lock().unwrap();
        if !plans.contains_key(sql) {
            let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            let mut rows = statement.raw_query();
            let mut steps = Vec::new();
            while let Some(row) = rows.next()? {
                steps.push(row.get(3)?);
            }
            plans.insert(sql.to_owned(), steps);
        }
        Ok(())
    }

    struct Files;
    struct Folder(TempDir);

    #[async_trait]
    impl StateFactory for Files {
        async fn place(&self) -> CoreResult<Box<dyn Place>> {
            Ok(Box::new(Folder(tempfile::tempdir().unwrap())))
        }
    }

    #[async_trait]
    impl Place for Folder {
        async fn open(&mut self) -> CoreResult<Arc<dyn State>> {
            Ok(Arc::new(SqliteState::open(self.0.path().join("sync.db"))?))
        }
    }

    #[test]
    fn without_a_runtime_the_suite_passes_in_place_and_every_statement_is_answered_from_an_index() {
        // Not on tokio, so that nothing may wait: the work is done in place.
        let cases = state::run(&Files).now_or_never().expect("the state waited without a runtime");
        assert_eq!(cases, state::suite().len());
        let plans = PLANS.lock().unwrap();
        assert!(plans.len() > 60, "only {} statements were looked at", plans.len());
        for (sql, plan) in &*plans {
            for step in plan {
                // One step along an index is what `LIMIT 1` without a condition is.
                let walks = step.contains("SCAN") && !(sql.ends_with("ORDER BY sync LIMIT 1") && step.contains("COVERING INDEX"));
                assert!(!walks, "reads a whole table: {sql}: {plan:?}");
                // The places of one key are few; all else comes in the order of an index.
                let sorts = step.contains("TEMP B-TREE") && !sql.contains("FROM seen_key");
                assert!(!sorts, "sorts: {sql}: {plan:?}");
            }
        }
    }
}

//! What became of the syncs of one run of the program.

use crate::{
    config::SyncConfig,
    failure::{Exit, Failure},
};
use jiff::Timestamp;
use pimkit::{
    CollectionId, ItemId,
    sync::{PerSide, SyncReport},
};
use serde::Serialize;
use serde_json::{Value, json};

/// What became of one sync.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The run's number, when it got that far.
    pub(crate) run: Option<u64>,
    /// What was done.
    pub(crate) report: SyncReport,
}

impl Ended {
    pub(crate) fn exit(&self) -> Exit {
        self.report.verdict().into()
    }

    /// How it ended, in a word.
    pub(crate) fn word(&self) -> &'static str {
        match self.exit() {
            Exit::Done => "done",
            Exit::LeftOver => "left over",
            Exit::Held => "held",
            Exit::Failed | Exit::Usage => "failed",
        }
    }
}

/// What became of one run of the program.
#[derive(Debug)]
pub(crate) struct RunOutcome {
    pub(crate) started: Timestamp,
    pub(crate) finished: Timestamp,
    pub(crate) syncs: Vec<Ended>,
    /// What was asked of each side.
    pub(crate) requests: PerSide,
}

impl RunOutcome {
    pub(crate) fn exit(&self) -> Exit {
        self.syncs.iter().fold(Exit::Done, |exit, ended| exit.worse(ended.exit()))
    }

    /// Items written, on either side.
    pub(crate) fn writes(&self) -> u64 {
        self.syncs.iter().map(|e| e.report.writes()).sum()
    }

    /// The object for programs.
    pub(crate) fn json(&self) -> Value {
        let syncs: Vec<Value> = self
            .syncs
            .iter()
            .map(|ended| {
                let mut value = serde_json::to_value(&ended.report).unwrap_or(Value::Null);
                if let Value::Object(map) = &mut value {
                    map.insert("run".to_owned(), json!(ended.run));
                    map.insert("exit".to_owned(), json!(ended.exit().code()));
                }
                value
            })
            .collect();
        json!({
            "run": self.syncs.iter().filter_map(|e| e.run).max(),
            "started": self.started,
            "finished": self.finished,
            "syncs": syncs,
            "requests": self.requests,
        })
    }
}

/// A far copy that the end of a sync takes away.
#[derive(Debug, Serialize)]
pub(crate) struct Goes {
    /// The hub's record of it.
    pub(crate) left: Option<ItemId>,
    pub(crate) right_collection: CollectionId,
    pub(crate) right: ItemId,
    pub(crate) name: String,
}

/// The report of a sync that could not go on.
pub(crate) fn failed(sync: &SyncConfig, failure: &Failure) -> SyncReport {
    let mut report = SyncReport::new(&sync.name, sync.kind, &sync.left, &sync.right);
    report.failed = Some(failure.to_string());
    report
}

//! What a sync costs at Microsoft Graph, counted at the stand-in.

use serde::{Deserialize, Serialize};

use super::{aligned, each_size};
use crate::workspace::Workspace;

/// How many contacts.
const COUNT: u64 = 5_000;

/// What a run took.
#[derive(Debug, Serialize, Deserialize)]
struct Taken {
    run: String,
    requests: u64,
    calls: u64,
    refused: u64,
    hub: u64,
    mailbox: u64,
    waited: f64,
    wall: f64,
}

/// The output of the example `graph_costs`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Costs {
    count: u64,
    page: u32,
    runs: Vec<Taken>,
}

/// Runs the example once.
pub(super) fn measure(workspace: &Workspace) -> Result<Costs, String> {
    each_size(workspace, "graph_costs", &[COUNT])?.pop().ok_or_else(|| "bench: graph_costs measured nothing".to_owned())
}

/// A row for each run.
pub(super) fn table(costs: &Costs) -> String {
    let head = ["run", "requests", "calls", "refused (429)", "to the hub", "to the mailbox", "waited s", "wall s"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for taken in &costs.runs {
        let counts = [taken.requests, taken.calls, taken.refused, taken.hub, taken.mailbox].map(|count| count.to_string());
        let times = [taken.waited, taken.wall].map(|seconds| format!("{seconds:.1}"));
        rows.push([taken.run.clone()].into_iter().chain(counts).chain(times).collect());
    }
    format!("{} contacts, pages of {}\n{}", costs.count, costs.page, aligned(&rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_row_for_each_run() {
        let taken = Taken {
            run: "first pull".to_owned(),
            requests: 257,
            calls: 5_010,
            refused: 0,
            hub: 5_000,
            mailbox: 0,
            waited: 0.0,
            wall: 1.25,
        };
        assert_eq!(
            table(&Costs { count: 5_000, page: 1_000, runs: vec![taken] }),
            "5000 contacts, pages of 1000
run         requests  calls  refused (429)  to the hub  to the mailbox  waited s  wall s
first pull       257   5010              0        5000               0       0.0     1.2
"
        );
    }
}

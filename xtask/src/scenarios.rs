//! What the connectors' own tests play over recordings: a recording is made by the same code.

#[path = "../../crates/connectors/dav/tests/scenarios/mod.rs"]
pub(crate) mod dav;
#[path = "../../crates/connectors/graph/tests/scenarios/mod.rs"]
pub(crate) mod graph;

//! Recorded traffic, played again. There is none yet: the scenarios of the other connectors show how it is made
//! (`crates/connectors/dav/tests/scenarios`, `crates/connectors/graph/tests/scenarios`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::{fs, path::Path};

#[test]
fn no_case_is_there_that_nobody_plays() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fixtures/skeleton");
    let cases = fs::read_dir(&folder).map_or(0, Iterator::count);
    println!("fixtures/skeleton: {cases} cases");
    assert_eq!(cases, 0, "play the cases of fixtures/skeleton here");
}

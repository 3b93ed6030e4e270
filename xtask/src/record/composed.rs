//! Cases of Microsoft Graph whose answers were put together after its reference.

use std::fs;
use std::path::Path;

use pimkit_contract::replay::Recording;
use pimkit_core::fixture::{Case, Exchange, Provenance};
use pimkit_http::Sanitiser;

use super::keep;
use crate::scenarios::graph::over;

/// Plays a case over the answers that its folder holds, and takes down what the connector asks for each of them. The answers stay.
pub(super) async fn case(case: &str, shows: &str, fixtures: &Path) -> Result<(), String> {
    let folder = fixtures.join(case);
    let recording = Recording::read(&folder).map_err(|e| e.to_string())?;
    let said = recording.case.clone().ok_or("the folder says nothing of the case")?;
    if !matches!(said.provenance, Provenance::Composed { .. }) {
        return Err("the case was not composed; it is recorded where it is from".to_owned());
    }
    let answers = answers(&folder)?;
    let (recorder, played) = over::compose(case, recording).await.map_err(|e| e.to_string())?;
    let said = Case { shows: shows.to_owned(), expect: played.expectation(), ..said };
    let write = |new: &Path| {
        recorder.write(new, &said, &Sanitiser::new()).map_err(|e| e.to_string())?;
        put_back(new, &answers)
    };
    keep(fixtures, case, write, async |new: &Path| over::replay(case, new).await, Some(played.text())).await?;
    println!("composed fixtures/graph/{case}: {} exchanges", answers.len());
    Ok(())
}

fn read(folder: &Path) -> Result<Vec<Exchange>, String> {
    let file = folder.join("traffic.json");
    let bytes = fs::read(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    serde_json::from_slice(&bytes).map_err(|e| format!("{}: {e}", file.display()))
}

/// Headers of each answer: a recorder keeps fewer.
fn answers(folder: &Path) -> Result<Vec<Vec<(String, String)>>, String> {
    Ok(read(folder)?.into_iter().map(|exchange| exchange.response.headers).collect())
}

fn put_back(folder: &Path, answers: &[Vec<(String, String)>]) -> Result<(), String> {
    let mut exchanges = read(folder)?;
    for (exchange, headers) in exchanges.iter_mut().zip(answers) {
        exchange.response.headers.clone_from(headers);
    }
    let mut text = serde_json::to_vec_pretty(&exchanges).map_err(|e| e.to_string())?;
    text.push(b'\n');
    fs::write(folder.join("traffic.json"), text).map_err(|e| format!("{}: {e}", folder.display()))
}

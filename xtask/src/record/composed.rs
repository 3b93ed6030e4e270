//! Cases of Microsoft Graph whose answers were put together after its reference.

use std::fs;
use std::path::Path;

use pimkit_contract::replay::{Recording, Taken};
use pimkit_core::ErrorKind;
use pimkit_core::fixture::{Case, Exchange, Message, Provenance};
use pimkit_http::Sanitiser;

use super::keep;
use crate::scenarios::graph::over;

/// Plays a case over the answers that its folder holds, and takes down what the connector asks for each of them. The answers stay.
pub(super) async fn case(case: &str, shows: &str, fixtures: &Path) -> Result<(), String> {
    let folder = fixtures.join(case);
    let said: Case = toml::from_slice(&file(&folder.join("case.toml"))?).map_err(|e| format!("case.toml: {}", e.message()))?;
    if !matches!(said.provenance, Provenance::Composed { .. }) {
        return Err("the case was not composed; it is recorded where it is from".to_owned());
    }
    let answers: Vec<Message> = exchanges(&folder)?.into_iter().map(|exchange| exchange.response).collect();
    let taken: Vec<Taken> = answers.iter().map(|answer| taken(&folder, answer)).collect::<Result<_, _>>()?;
    let (recorder, played) = over::compose(case, Recording::of(taken)).await.map_err(|e| e.to_string())?;
    if let Err(error) = &played.end
        && error.kind() == ErrorKind::Unexpected
    {
        // What a scenario itself found odd is no answer of the connector's.
        return Err(format!("the scenario failed: {error}"));
    }
    let said = Case { shows: shows.to_owned(), expect: played.expectation(), ..said };
    let write = |new: &Path| {
        recorder.write(new, &said, &Sanitiser::new()).map_err(|e| e.to_string())?;
        put_back(new, &answers)
    };
    keep(fixtures, case, write, async |new: &Path| over::replay(case, new).await, Some(played.text())).await?;
    println!("composed fixtures/graph/{case}: {} exchanges", answers.len());
    Ok(())
}

fn file(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn exchanges(folder: &Path) -> Result<Vec<Exchange>, String> {
    let path = folder.join("traffic.json");
    serde_json::from_slice(&file(&path)?).map_err(|e| format!("{}: {e}", path.display()))
}

/// An answer with its body; what was asked for it is of no matter.
fn taken(folder: &Path, answer: &Message) -> Result<Taken, String> {
    let status = answer.status.ok_or("traffic.json: an answer has no status")?;
    let received = answer.body.as_ref().map(|name| file(&folder.join(name))).transpose()?.unwrap_or_default();
    Ok(Taken { status, answered: answer.headers.clone(), received, ..Taken::default() })
}

/// A recorder keeps fewer headers than an answer was written with.
fn put_back(folder: &Path, answers: &[Message]) -> Result<(), String> {
    let mut exchanges = exchanges(folder)?;
    for (exchange, answer) in exchanges.iter_mut().zip(answers) {
        exchange.response.headers.clone_from(&answer.headers);
    }
    let mut text = serde_json::to_vec_pretty(&exchanges).map_err(|e| e.to_string())?;
    text.push(b'\n');
    fs::write(folder.join("traffic.json"), text).map_err(|e| format!("{}: {e}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str =
        "format = 1\nshows = \"?\"\nexpect = \"ok\"\n[provenance.composed]\nfrom = \"https://learn.microsoft.com/graph/errors\"\n";
    const REFUSED: &str = r#"{"error": {"code": "Authorization_RequestDenied", "message": "No."}}"#;

    /// A case of `consent-missing` with so many answers, and what came of it.
    fn composed(said: &str, answers: usize) -> (Result<(), String>, tempfile::TempDir) {
        let fixtures = tempfile::tempdir().unwrap();
        let folder = fixtures.path().join("consent-missing");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("case.toml"), said).unwrap();
        fs::write(folder.join("a.json"), REFUSED).unwrap();
        let answer = r#"{"request": {}, "response": {"status": 403, "headers": [["content-type", "application/json"], ["x-kept", "1"]], "body": "a.json"}}"#;
        fs::write(folder.join("traffic.json"), format!("[{}]", vec![answer; answers].join(","))).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        (runtime.block_on(case("consent-missing", "Shown.", fixtures.path())), fixtures)
    }

    #[test]
    fn what_is_asked_is_taken_down_and_the_answers_stay() {
        let (done, fixtures) = composed(SAID, 1);
        done.unwrap();
        let folder = fixtures.path().join("consent-missing");
        let case: Case = toml::from_slice(&file(&folder.join("case.toml")).unwrap()).unwrap();
        assert_eq!(
            (case.shows.as_str(), case.expect.clone()),
            ("Shown.", pimkit_core::fixture::Expectation::Error { kind: "permission_denied".to_owned() })
        );
        let exchanges = exchanges(&folder).unwrap();
        assert!(exchanges[0].request.target.as_ref().unwrap().starts_with("/v1.0/users/delta?$select=id,"), "{exchanges:?}");
        assert_eq!(exchanges[0].response.headers[1], ("x-kept".to_owned(), "1".to_owned()));
        assert_eq!(file(&folder.join("001-response.json")).unwrap(), REFUSED.as_bytes());
        assert!(String::from_utf8(file(&folder.join("expected.json")).unwrap()).unwrap().contains("consent_missing"));
    }

    #[test]
    fn too_few_and_too_many_answers_and_recordings_of_servers_are_refused_and_stay_as_they_were() {
        let recorded = SAID.replace("composed]\nfrom", "recorded]\non = \"2026-03-02\"\nfrom");
        for (said, answers, expected) in
            [(SAID, 0, "more is asked"), (SAID, 2, "more answers than are asked"), (&recorded, 1, "not composed")]
        {
            let (done, fixtures) = composed(said, answers);
            let why = done.unwrap_err();
            assert!(why.contains(expected), "{why}");
            assert_eq!(fs::read_to_string(fixtures.path().join("consent-missing/case.toml")).unwrap(), said);
            assert_eq!(fs::read_dir(fixtures.path()).unwrap().count(), 1);
        }
    }
}

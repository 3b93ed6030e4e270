//! What spans and logs say, and what they never say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod common;

use common::{answer, heard::Heard, laid, request, url};
use futures::executor::block_on;
use pimkit_core::{Error, ErrorKind};
use pimkit_http::{Basic, Failure, Secret};
use std::sync::Arc;

#[test]
fn logs_say_what_the_list_allows_and_no_secret() {
    let heard = Heard::default();
    tracing::subscriber::with_default(heard.clone(), || {
        let (_, _, builder) = laid(|request| async move {
            match (request.attempt, request.url.path()) {
                (1, "/users/alice") => Ok(answer(302).header("location", "https://a.example.org/moved/alice?token=hunter2")),
                (1, _) => Ok(answer(503).header("set-cookie", "s=hunter2").body("hunter2")),
                (2, _) => Err(Failure::unknown(Error::new(ErrorKind::Transport, "hunter2").with("path", "hunter2"))),
                _ => Ok(answer(207).header("etag", "hunter2").body("hunter2 alice")),
            }
        });
        let auth = Arc::new(Basic::new("alice", &Secret::new("hunter2")).unwrap());
        let road = builder.auth(auth).home(url("https://a.example.org/alice")).build().unwrap();
        let asked = request("PROPFIND", "https://a.example.org/users/alice?q=hunter2").header("x-a", "hunter2").unwrap().body("hunter2");
        block_on(road.send(asked)).unwrap();
        block_on(road.send(request("GET", "https://a.example.org/x/hunter2").template("/x/{id}"))).unwrap();
    });
    let text = heard.text();
    for secret in ["hunter2", "alice", "aW5lc", "YWxpY2U", "example.org", "token", "Basic"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    for expected in [
        "operation=\"test.ask\"",
        "method=\"PROPFIND\"",
        "sent=7",
        "received=13",
        "host=\"own\"",
        "path=\"#",
        "path=\"/x/{id}\"",
        "status=302",
        "status=503",
        "status=207",
        "attempt=2",
        "kind=\"transport\"",
        "effect=\"unknown\"",
        "took_ms=0",
    ] {
        assert!(text.contains(expected), "{expected} not in {text}");
    }
}

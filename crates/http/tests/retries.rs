//! When a request is sent again, how long it waits, and what its failure says of what was done.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod common;

use common::{answer, laid, request, scripted, url};
use futures::executor::block_on;
use pimkit_core::{Error, ErrorKind, Persistence};
use pimkit_http::{Basic, Body, Classifier, Effect, Failure, Incoming, Limits, Retry, RetryPolicy, Secret, Seen, Verdict};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

fn broken() -> Failure {
    Failure::unknown(Error::new(ErrorKind::Transport, "the connection broke"))
}

fn unreachable() -> Failure {
    Failure::not_sent(Error::new(ErrorKind::Transport, "no connection"))
}

#[test]
fn what_is_sent_again_depends_on_what_the_try_may_have_done() {
    type First = fn() -> Result<Incoming, Failure>;
    let outcomes: &[(&str, First, bool, Effect)] = &[
        ("no connection", || Err(unreachable()), true, Effect::NotSent),
        ("slow down", || Ok(answer(429)), true, Effect::Refused),
        ("broken", || Err(broken()), false, Effect::Unknown),
        ("500", || Ok(answer(500)), false, Effect::Unknown),
        ("503", || Ok(answer(503).header("retry-after", "1")), false, Effect::Unknown),
        ("cut off", || Ok(answer(201).header("content-length", "9").body("short")), false, Effect::Unknown),
    ];
    for (what, first, writes_again, effect) in outcomes {
        for idempotent in [true, false] {
            let (wire, _, builder) = scripted(vec![first(), Ok(answer(204))]);
            let sent = block_on(builder.build().unwrap().send(request("PUT", "https://a.example.org/1").idempotent(idempotent)));
            if idempotent || *writes_again {
                let answer = sent.unwrap();
                assert_eq!((answer.attempts, wire.count()), (2, 2), "{what}");
                assert_eq!(answer.maybe_done_before, *effect == Effect::Unknown, "{what}");
            } else {
                let failure = sent.unwrap_err();
                assert_eq!((failure.effect(), wire.count()), (*effect, 1), "{what}");
                assert!(failure.to_string().contains("not known whether this was done"), "{failure}");
            }
        }
    }
}

#[test]
fn a_failure_says_unknown_when_any_try_may_have_been_done() {
    let (_, _, builder) = scripted(vec![Err(broken()), Err(unreachable())]);
    let road = builder.policy(RetryPolicy::default().attempts(2)).build().unwrap();
    let failure = block_on(road.send(request("PUT", "https://a.example.org/1").idempotent(true))).unwrap_err();
    assert_eq!(failure.effect(), Effect::Unknown);
    let (_, _, builder) = scripted(vec![Err(unreachable()), Err(unreachable())]);
    let road = builder.policy(RetryPolicy::default().attempts(2)).build().unwrap();
    let failure = block_on(road.send(request("PUT", "https://a.example.org/1"))).unwrap_err();
    assert_eq!(failure.effect(), Effect::NotSent);
}

#[test]
fn tries_are_bounded_and_the_last_error_still_says_that_later_may_work() {
    let (wire, hands, builder) = laid(|_| async { Ok(answer(503)) });
    let failure = block_on(builder.build().unwrap().send(request("GET", "https://a.example.org/"))).unwrap_err();
    assert_eq!((wire.count(), failure.error().kind()), (5, ErrorKind::Unavailable));
    assert!(failure.error().is_temporary());
    let slept = hands.slept();
    assert_eq!(slept.len(), 4);
    for (n, wait) in slept.iter().enumerate() {
        let full = Duration::from_millis(500 << n);
        assert!(*wait >= full / 2 && *wait < full, "{slept:?}");
    }
    assert_eq!(wire.requests().iter().map(|request| request.attempt).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
}

#[test]
fn a_wait_that_the_provider_names_is_kept_by_the_whole_account() {
    let (wire, hands, builder) = scripted(vec![Ok(answer(429).header("retry-after", "40")), Ok(answer(200)), Ok(answer(200))]);
    let road = builder.build().unwrap();
    block_on(road.send(request("GET", "https://a.example.org/1"))).unwrap();
    assert_eq!(hands.slept().iter().sum::<Duration>(), Duration::from_secs(40));

    // Another request, asked while the account rests.
    let (_, hands, builder) = scripted(vec![Ok(answer(429).header("retry-after", "40")), Ok(answer(200))]);
    let road = builder.policy(RetryPolicy::default().attempts(1)).build().unwrap();
    assert!(block_on(road.send(request("GET", "https://a.example.org/1"))).is_err());
    assert!(hands.slept().is_empty());
    block_on(road.send(request("GET", "https://a.example.org/2"))).unwrap();
    assert_eq!(hands.slept(), [Duration::from_secs(40)]);
    drop(wire);
}

#[test]
fn a_wait_longer_than_the_request_may_take_is_not_begun_and_its_error_says_when_to_come_back() {
    let (wire, hands, builder) = scripted(vec![Ok(answer(429).header("retry-after", "3600"))]);
    let road = builder.build().unwrap();
    let failure = block_on(road.send(request("GET", "https://a.example.org/"))).unwrap_err();
    assert_eq!((failure.error().kind(), failure.error().wait()), (ErrorKind::RateLimited, Some(Duration::from_secs(3600))));
    assert!(failure.error().is_temporary() && hands.slept().is_empty());
    // Whoever asks next is told the same, and nothing is sent.
    let failure = block_on(road.send(request("GET", "https://a.example.org/").deadline(Duration::from_secs(60)))).unwrap_err();
    assert_eq!((failure.effect(), failure.error().kind(), wire.count()), (Effect::NotSent, ErrorKind::RateLimited, 1));
    assert_eq!(failure.error().wait(), Some(Duration::from_secs(3600)));
}

#[test]
fn what_a_stranger_asks_to_wait_is_not_waited_by_the_account() {
    let slow = || Ok(answer(429).header("retry-after", "40"));
    let moved = || Ok(answer(302).header("location", "https://photos.example.com/"));
    let reads = [
        ("the account's own", false, vec![slow()]),
        ("a stranger's", false, vec![slow()]),
        ("a stranger's, by a redirect", false, vec![moved(), slow()]),
        ("another owner's, asked without credentials", true, vec![slow()]),
    ];
    for (what, anonymous, mut answers) in reads {
        answers.push(Ok(answer(200)));
        let redirected = answers.len() > 2;
        let (_, hands, builder) = scripted(answers);
        let home = "https://a.example.org/";
        let road = builder.auth(Arc::new(Basic::new("ines", &Secret::new("pw")).unwrap())).home(url(home));
        let road = road.policy(RetryPolicy::default().attempts(1)).build().unwrap();
        let own = what == "the account's own";
        let asked = request("GET", if own || redirected { home } else { "https://photos.example.com/" });
        let failure = block_on(road.send(if anonymous { asked.anonymous() } else { asked })).unwrap_err();
        assert_eq!(failure.error().wait(), Some(Duration::from_secs(40)), "{what}");
        block_on(road.send(request("GET", home))).unwrap();
        assert_eq!(hands.slept().len(), usize::from(own), "{what}");
    }
}

#[test]
fn a_wait_beyond_reason_is_told_as_the_longest_that_is_waited() {
    let (_, _, builder) = scripted(vec![Ok(answer(429).header("retry-after", "99999999"))]);
    let road = builder.policy(RetryPolicy::default().attempts(1)).build().unwrap();
    let failure = block_on(road.send(request("GET", "https://a.example.org/"))).unwrap_err();
    assert_eq!(failure.error().wait(), Some(RetryPolicy::default().longest_wish));
}

#[test]
fn the_body_of_a_bad_answer_to_an_opened_request_is_held_to_the_limit_of_the_road() {
    let road = |status| {
        let (_, _, builder) = laid(move |_| async move { Ok(answer(status).body("0123456789")) });
        builder.limits(Limits::default().body(5)).build().unwrap()
    };
    let open = |status, limit| block_on(road(status).open(request("GET", "https://a.example.org/").body_limit(limit)));
    assert_eq!(&block_on(open(200, 99).unwrap().body.collect(99)).unwrap()[..], b"0123456789");
    assert_eq!(open(404, 99).unwrap_err().error().kind(), ErrorKind::InvalidData);
    assert_eq!(open(404, 3).unwrap_err().error().kind(), ErrorKind::InvalidData);
}

#[test]
fn a_deadline_bounds_all_tries_together_and_each_exchange() {
    let (wire, _, builder) = laid(|_| async { Ok(answer(503)) });
    let road = builder.policy(RetryPolicy::default().attempts(100)).build().unwrap();
    assert!(block_on(road.send(request("GET", "https://a.example.org/").deadline(Duration::from_secs(3)))).is_err());
    let requests = wire.requests();
    assert!(requests.len() < 6, "{}", requests.len());
    let times: Vec<Duration> = requests.iter().map(|request| request.time.unwrap()).collect();
    assert_eq!(times[0], Duration::from_secs(3));
    assert!(times.windows(2).all(|pair| pair[1] < pair[0]), "{times:?}");

    let (wire, _, builder) = scripted(vec![]);
    let failure = block_on(builder.build().unwrap().send(request("GET", "https://a.example.org/").deadline(Duration::ZERO))).unwrap_err();
    assert_eq!((failure.effect(), wire.count()), (Effect::NotSent, 0));
}

#[test]
fn a_permanent_failure_of_the_wire_is_not_tried_again() {
    let refused = Error::new(ErrorKind::Transport, "the certificate is not trusted").persistence(Persistence::Permanent);
    let (wire, _, builder) = scripted(vec![Err(Failure::not_sent(refused))]);
    assert!(block_on(builder.build().unwrap().send(request("GET", "https://a.example.org/"))).is_err());
    assert_eq!(wire.count(), 1);
}

#[test]
fn answers_that_only_the_caller_understands_are_the_callers() {
    for status in [200, 207, 304, 400, 404, 409, 410, 412, 423] {
        let (_, _, builder) = scripted(vec![Ok(answer(status).body("text"))]);
        let answer = block_on(builder.build().unwrap().send(request("GET", "https://a.example.org/"))).unwrap();
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (status, &b"text"[..]));
    }
}

/// Reads a provider's own words in the body.
#[derive(Debug, Default)]
struct Words(Mutex<Vec<(u32, String)>>);

impl Classifier for Words {
    fn classify(&self, seen: &Seen<'_>) -> Verdict {
        self.0.lock().unwrap().push((seen.attempt, String::from_utf8_lossy(seen.body).into_owned()));
        let error = |kind| Error::new(kind, "the provider said so");
        match seen.body {
            b"quota" => {
                Verdict::Retry(Retry { after: Some(Duration::from_secs(9)), effect: Effect::Refused, error: error(ErrorKind::RateLimited) })
            }
            b"no" => Verdict::Fail(error(ErrorKind::PermissionDenied)),
            _ => Verdict::Done,
        }
    }
}

#[test]
fn a_callers_classifier_reads_the_body_and_has_the_last_word() {
    let (_, hands, builder) = scripted(vec![Ok(answer(403).body("quota")), Ok(answer(500).body("fine"))]);
    let words = Arc::new(Words::default());
    let road = builder.classifier(words.clone()).build().unwrap();
    let sent = block_on(road.send(request("POST", "https://a.example.org/"))).unwrap();
    assert_eq!(sent.status, 500);
    assert_eq!(*words.0.lock().unwrap(), [(1, "quota".to_owned()), (2, "fine".to_owned())]);
    assert_eq!(hands.slept().iter().sum::<Duration>(), Duration::from_secs(9));

    let (_, _, builder) = scripted(vec![Ok(answer(200).body("no")), Ok(answer(500).body("no"))]);
    let road = builder.build().unwrap();
    for effect in [Effect::Refused, Effect::Unknown] {
        let failure = block_on(road.send(request("POST", "https://a.example.org/").judged_by(Arc::new(Words::default())))).unwrap_err();
        assert_eq!(failure.effect(), effect);
        assert_eq!(failure.error().kind(), ErrorKind::PermissionDenied);
    }
}

#[test]
fn a_short_answer_is_never_taken_for_a_whole_one() {
    let cut = || Ok(answer(207).header("content-length", "12").body("<multistat"));
    let (wire, _, builder) = laid(move |_| async move { cut() });
    let failure = block_on(builder.build().unwrap().send(request("REPORT", "https://a.example.org/"))).unwrap_err();
    assert_eq!((failure.error().kind(), wire.count()), (ErrorKind::Transport, 5), "it is tried again, then told");
    let (_, _, builder) = scripted(vec![cut(), Ok(answer(207).header("content-length", "12").body("<multistatus"))]);
    assert_eq!(&block_on(builder.build().unwrap().send(request("REPORT", "https://a.example.org/"))).unwrap().body[..], b"<multistatus");
}

#[test]
fn an_answer_beyond_its_limit_is_given_up_and_not_asked_for_again() {
    let (wire, _, builder) = laid(|_| async {
        let endless = futures::stream::repeat_with(|| Ok(bytes::Bytes::from_static(&[0; 1024])));
        Ok(Incoming::new(http::StatusCode::OK, http::HeaderMap::new(), Body::stream(endless)))
    });
    let road = builder.build().unwrap();
    let failure = block_on(road.send(request("GET", "https://a.example.org/").body_limit(10_000))).unwrap_err();
    assert_eq!((failure.error().kind(), wire.count()), (ErrorKind::InvalidData, 1));
    let mut opened = block_on(road.open(request("GET", "https://a.example.org/").body_limit(3_000))).unwrap();
    assert!(block_on(opened.body.chunk()).unwrap().is_some());
    assert_eq!(block_on(opened.body.collect(u64::MAX)).unwrap_err().error().kind(), ErrorKind::InvalidData);
}

#[test]
fn an_opened_answer_streams_and_a_bad_one_is_judged_whole() {
    let (_, _, builder) = scripted(vec![
        Ok(answer(503).body("later")),
        Ok(answer(200).header("content-length", "5").body("photo")),
        Ok(answer(404).body("gone")),
        Ok(answer(200).header("content-length", "6").body("photo")),
    ]);
    let road = builder.build().unwrap();
    let open = || block_on(road.open(request("GET", "https://a.example.org/1.jpg"))).unwrap();
    assert_eq!(&block_on(open().body.collect(9)).unwrap()[..], b"photo");
    let gone = open();
    assert_eq!(gone.status, 404);
    assert_eq!(&block_on(gone.body.collect(9)).unwrap()[..], b"gone");
    assert_eq!(block_on(open().body.collect(9)).unwrap_err().error().kind(), ErrorKind::Transport);
}

#[test]
fn nothing_that_a_failure_shows_names_a_path_a_query_or_a_body() {
    let (_, _, builder) = laid(|_| async { Ok(answer(403).header("x-secret", "hunter2").body("hunter2")) });
    let asked = request("GET", "https://a.example.org/hunter2?q=hunter2").header("x-a", "hunter2").unwrap().body("hunter2");
    let failure = block_on(builder.build().unwrap().send(asked)).unwrap_err();
    let text = format!("{failure} {failure:?} {:?}", failure.error());
    assert!(!text.contains("hunter2"), "{text}");
    assert!(!failure.to_string().contains('\n'));
}

#[test]
fn no_debug_of_a_message_shows_more_than_its_size() {
    let (wire, _, builder) = laid(|_| async { Ok(answer(200).header("x-secret", "hunter2").body("hunter2")) });
    let road = builder.build().unwrap();
    let asked = request("GET", "https://a.example.org/alice?q=hunter2").header("x-a", "hunter2").unwrap();
    let text = format!("{asked:?} {:?}", block_on(road.send(asked.clone())).unwrap());
    let text = format!("{text} {:?} {:?} {:?} {wire:?}", wire.requests(), block_on(road.open(asked)).unwrap(), answer(200).body("hunter2"));
    assert!(!text.contains("hunter2") && !text.contains("alice"), "{text}");
}

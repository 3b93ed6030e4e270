//! The pages of a listing: followed to their end, and no further.
//!
//! A service that names a page again, or one more for ever, would keep an account for good; what was read so far is then not taken for
//! all there is.

use crate::{
    calls::{Call, Reply, odata::Page},
    session::{Session, answered},
};
use pimkit_core::{Error, ErrorKind, Persistence, Result, cursor::binding};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// More pages than any listing has that is read in one go: a million rows of a hundred each.
const MOST: usize = 10_000;

/// More pages than a round of changes can have.
const MOST_OF_ROUND: u32 = 100_000;

/// Follows the pages of one listing.
pub(crate) struct Pages<'s> {
    session: &'s Session,
    operation: &'static str,
    prefer: &'s [String],
    /// What was followed, as hashes.
    seen: BTreeSet<u64>,
    most: usize,
}

impl<'s> Pages<'s> {
    /// Those of a listing that this call began.
    pub(crate) fn of(session: &'s Session, call: &'s Call) -> Self {
        Self { prefer: &call.prefer, ..Self::named(session, call.operation) }
    }

    /// Those of a listing that is called so in errors.
    pub(crate) fn named(session: &'s Session, operation: &'static str) -> Self {
        Self { session, operation, prefer: &[], seen: BTreeSet::new(), most: MOST }
    }

    /// The next page, at a link of the service's.
    ///
    /// # Errors
    /// `InvalidData` when the link was followed before, when there are too many, and for one to another host; what the answer says
    /// when it is no page.
    pub(crate) async fn at(&mut self, link: &str) -> Result<Page> {
        if !self.seen.insert(binding(&[link])) || self.seen.len() > self.most {
            return Err(circle().during(self.operation));
        }
        Page::read(answered(self.session.follow(self.operation, link, self.prefer).await?)?)
    }

    /// The rows of a first page and of all that follow.
    ///
    /// # Errors
    /// As [`at`](Self::at).
    pub(crate) async fn all(mut self, first: Page) -> Result<Vec<Value>> {
        let mut page = first;
        let mut rows = std::mem::take(&mut page.rows);
        while let Some(next) = page.next.take() {
            page = self.at(&next).await?;
            rows.append(&mut page.rows);
        }
        Ok(rows)
    }

    /// The same, of an answer that holds the first page.
    ///
    /// # Errors
    /// As [`at`](Self::at), and what the answer says that is no list.
    pub(crate) async fn all_of(self, reply: Reply) -> Result<Vec<Value>> {
        self.all(Page::read(answered(reply)?)?).await
    }
}

/// How far a round of changes has come, in what is kept from page to page: whether it goes in a circle, without a list of its links
/// (the way of R. P. Brent, "An improved Monte Carlo factorization algorithm", 1980, section 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trail {
    /// The hash of a link of before.
    at: u64,
    /// Pages since then.
    since: u32,
    /// After how many the next one is kept.
    until: u32,
    pages: u32,
}

impl Trail {
    /// One page further.
    ///
    /// # Errors
    /// `InvalidData` when the link is one of before, and after more pages than a mailbox can have.
    pub(crate) fn on(self, link: &str) -> Result<Self> {
        let here = binding(&[link]);
        if self.pages > 0 && here == self.at || self.pages >= MOST_OF_ROUND {
            return Err(circle());
        }
        let (since, pages) = (self.since + 1, self.pages + 1);
        if since >= self.until {
            return Ok(Self { at: here, since: 0, until: self.until.saturating_mul(2).max(1), pages });
        }
        Ok(Self { since, pages, ..self })
    }
}

fn circle() -> Error {
    Error::new(ErrorKind::InvalidData, "the pages of the service go in a circle; try again later").persistence(Persistence::Temporary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_in_a_circle_ends_whatever_its_length_and_another_goes_on() {
        for (before, circle) in [(0, 1), (0, 2), (1, 1), (1, 3), (7, 2), (3, 10), (100, 37)] {
            let link = |n: usize| format!("https://x/{}", if n < before { n } else { before + (n - before) % circle });
            let mut trail = Trail::default();
            let ended = (0..1000).position(|n| match trail.on(&link(n)) {
                Ok(next) => {
                    trail = next;
                    false
                }
                Err(error) => {
                    assert!(error.is_temporary() && error.kind() == ErrorKind::InvalidData);
                    true
                }
            });
            let ended = ended.expect("a circle is seen");
            assert!(ended >= before + circle && ended <= 4 * (before + circle), "{before} {circle}: {ended}");
        }
        let mut trail = Trail::default();
        for n in 0..MOST_OF_ROUND {
            trail = trail.on(&n.to_string()).unwrap();
        }
        assert!(trail.on("one more").is_err());
    }

    #[test]
    fn a_listing_without_end_is_followed_to_its_bound() {
        use crate::{Config, Graph};
        use futures::executor::block_on;
        use pimkit_contract::{FakeClock, SeededChance};
        use pimkit_http::{InProcess, Incoming};
        use std::sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        };
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let wire = InProcess::new(move |_| {
            let next = format!("https://graph.example.com/v1.0/me/x?$skip={}", count.fetch_add(1, Ordering::Relaxed));
            let body = serde_json::json!({"value": [{"id": "a"}], "@odata.nextLink": next}).to_string();
            async move { Ok(Incoming::status(200)?.header("content-type", "application/json").body(body)) }
        });
        let config = Config::new("https://graph.example.com/v1.0");
        let graph = Graph::builder(config, Arc::new(wire), Arc::new(FakeClock::default()), Arc::new(SeededChance::new(1))).open().unwrap();
        let pages = Pages { most: 5, ..Pages::named(&graph.session, "graph.test") };
        let first = Page { next: Some("https://graph.example.com/v1.0/me/x".to_owned()), ..Page::default() };
        let error = block_on(pages.all(first)).unwrap_err();
        assert!(error.is_temporary() && error.kind() == ErrorKind::InvalidData, "{error}");
        assert_eq!(asked.load(Ordering::Relaxed), 5);
    }

    #[test]
    fn what_is_kept_of_a_trail_is_its_all_and_none_is_a_new_one() {
        let trail = Trail::default().on("a").unwrap().on("b").unwrap();
        let text = serde_json::to_string(&trail).unwrap();
        assert_eq!(serde_json::from_str::<Trail>(&text).unwrap(), trail);
    }
}

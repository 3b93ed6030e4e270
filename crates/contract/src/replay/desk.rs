//! Which request gets which answer.

use super::{Recording, Taken};
use std::cmp::Reverse;

/// The status of what was not recorded: no client tries again after it.
const NOT_RECORDED: u16 = 400;

/// Questions that do not agree with the recording are kept up to this number: a client that goes on asking fills no memory.
const MOST_MISSES: usize = 100;

/// Longest piece of a line that is shown.
const SHOWN: usize = 100;

pub(super) struct Desk {
    exchanges: Vec<Taken>,
    given: Vec<bool>,
    strict: bool,
    plain: fn(&str) -> String,
    /// Requests that were not recorded.
    misses: Vec<Taken>,
    /// Other headers than were recorded.
    odd: Vec<String>,
}

impl Desk {
    pub(super) fn new(recording: Recording, strict: bool) -> Self {
        let Recording { exchanges, plain, .. } = recording;
        let given = vec![false; exchanges.len()];
        Self { exchanges, given, strict, plain, misses: Vec::new(), odd: Vec::new() }
    }

    pub(super) fn used(&self) -> (usize, usize) {
        (self.given.iter().filter(|given| **given).count(), self.given.len())
    }

    pub(super) fn answer(&mut self, asked: Taken) -> Taken {
        match self.place(&asked) {
            Some(place) => {
                if let Some(given) = self.given.get_mut(place) {
                    *given = true;
                }
                let answer = self.exchanges.get(place).cloned().unwrap_or_default();
                if self.strict {
                    self.odd.extend(other_headers(place, &answer, &asked));
                }
                answer
            }
            None => {
                // What others' programs did not ask is nothing that was recorded wrongly: say "not here", as servers do.
                let status = match (self.strict, asked.method.as_str()) {
                    (true, _) => NOT_RECORDED,
                    (false, "REPORT") => 405,
                    (false, _) => 404,
                };
                if self.misses.len() < MOST_MISSES {
                    self.misses.push(asked);
                }
                Taken { status, ..Taken::default() }
            }
        }
    }

    fn place(&self, asked: &Taken) -> Option<usize> {
        let fits = |one: &Taken| if self.strict { self.is_same(one, asked) } else { is_like(one, asked) };
        let all = || self.exchanges.iter().zip(&self.given).enumerate().filter(|(_, (one, _))| fits(one));
        let fresh = all().find(|(_, (_, given))| !**given);
        // Others' programs ask once what we ask twice.
        let again = || if self.strict { None } else { all().next_back() };
        fresh.or_else(again).map(|(place, _)| place)
    }

    fn is_same(&self, one: &Taken, asked: &Taken) -> bool {
        one.method == asked.method && one.target == asked.target && self.is_same_body(&one.sent, &asked.sent)
    }

    fn is_same_body(&self, one: &[u8], other: &[u8]) -> bool {
        one == other
            || match (std::str::from_utf8(one), std::str::from_utf8(other)) {
                (Ok(one), Ok(other)) => (self.plain)(one) == (self.plain)(other),
                _ => false,
            }
    }

    pub(super) fn problems(&self) -> Vec<String> {
        if !self.strict {
            return Vec::new();
        }
        let missing = self.misses.iter().map(|asked| {
            let nearest = self.exchanges.iter().enumerate().max_by_key(|(place, one)| (self.nearness(one, asked), Reverse(*place)));
            let near = nearest.map(|(place, one)| {
                let spent = self.is_same(one, asked);
                let why = if spent { "it was asked for before".to_owned() } else { self.difference(one, asked) };
                format!("; nearest is exchange {}, {} {}: {why}", place + 1, one.method, one.target)
            });
            format!("{} {} was asked and not recorded{}", asked.method, asked.target, near.unwrap_or_default())
        });
        let unasked = self.exchanges.iter().zip(&self.given).enumerate().filter(|(_, (_, given))| !**given).map(|(place, (one, _))| {
            let nearest = self.misses.iter().max_by_key(|asked| self.nearness(one, asked));
            let near = nearest.map(|asked| format!("; nearest is {} {}: {}", asked.method, asked.target, self.difference(one, asked)));
            format!("exchange {}, {} {}, was recorded and not asked for{}", place + 1, one.method, one.target, near.unwrap_or_default())
        });
        missing.chain(self.odd.iter().cloned()).chain(unasked).collect()
    }

    /// How much of a recorded request there is in another one.
    fn nearness(&self, one: &Taken, asked: &Taken) -> usize {
        let shared = one.target.bytes().zip(asked.target.bytes()).take_while(|(a, b)| a == b).count();
        let path = if one.target == asked.target { 10_000 } else { shared };
        let method = if one.method == asked.method { 5_000 } else { 0 };
        path + method + if self.is_same_body(&one.sent, &asked.sent) { 2_000 } else { 0 }
    }

    /// In what they differ.
    fn difference(&self, one: &Taken, asked: &Taken) -> String {
        let mut all = Vec::new();
        if one.method != asked.method {
            all.push("another method".to_owned());
        }
        if one.target != asked.target {
            all.push("another path or query".to_owned());
        }
        if !self.is_same_body(&one.sent, &asked.sent) {
            let (recorded, sent) = (String::from_utf8_lossy(&one.sent), String::from_utf8_lossy(&asked.sent));
            let (recorded, sent) = ((self.plain)(&recorded), (self.plain)(&sent));
            let (mut recorded, mut sent) = (recorded.lines(), sent.lines());
            let differing = (1..).map(|line: u32| (line, recorded.next(), sent.next())).find(|(_, a, b)| a != b || a.is_none());
            if let Some((line, recorded, sent)) = differing {
                all.push(format!("line {line} of the body is {}, recorded as {}", shown(sent), shown(recorded)));
            }
        }
        all.join(", ")
    }
}

fn shown(line: Option<&str>) -> String {
    line.map_or("missing".to_owned(), |line| format!("{:?}", line.chars().take(SHOWN).collect::<String>()))
}

/// What a recorded request carries and this one does not.
fn other_headers(place: usize, one: &Taken, asked: &Taken) -> Vec<String> {
    let value = |name: &str| asked.asked.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let differing = one.asked.iter().filter(|(name, recorded)| value(name) != Some(recorded.as_str()));
    let line = |(name, recorded): &(String, String)| {
        let is = shown(value(name));
        format!("exchange {}, {} {}: {name} is {is}, recorded as {recorded:?}", place + 1, one.method, one.target)
    };
    differing.map(line).collect()
}

/// Whether an answer to this would do for that, whoever asks.
fn is_like(one: &Taken, asked: &Taken) -> bool {
    let path = |taken: &Taken| taken.target.split('?').next().unwrap_or_default().trim_end_matches('/').to_owned();
    let depth = |taken: &Taken| taken.asked.iter().find(|(name, _)| name == "depth").map(|(_, value)| value.clone());
    let asks_alike = match asked.method.as_str() {
        "REPORT" => root(&one.sent) == root(&asked.sent),
        "PROPFIND" => depth(one).is_none() || depth(one) == depth(asked),
        _ => true,
    };
    one.method.eq_ignore_ascii_case(&asked.method) && path(one) == path(asked) && asks_alike
}

/// The local name of the first element.
fn root(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let tags = text.split('<').skip(1).map(|tag| tag.split([' ', '>', '/', '\r', '\n', '\t']).next().unwrap_or_default());
    let first = tags.into_iter().find(|tag| !tag.starts_with(['?', '!']) && !tag.is_empty()).unwrap_or_default();
    first.rsplit(':').next().unwrap_or_default().to_owned()
}

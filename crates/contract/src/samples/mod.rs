//! Records to try things on: the same number gives the same record, another number another.
//!
//! - [`contact`], [`company`], [`event`], [`task`]: as people keep them, with a handful of fields.
//! - [`full_contact`], [`full_event`], [`full_task`]: every field of the catalogue is there, a custom one too.
//! - [`meeting`], [`series`]: what mails people, and what repeats with exceptions.

mod calendar;
mod contact;

pub use calendar::{event, full_event, full_task, meeting, series, task, task_series};
pub use contact::{company, contact, full_contact};

use crate::clock::scramble;
use pimkit_core::{Contact, Event, Record, Task};

/// A kind of which there are samples, and of which the in-memory connectors keep records.
pub trait Sample: Record {
    /// A record as people keep it.
    fn sample(n: u64) -> Self;
    /// A record in which every field of the catalogue is there, and `custom.Region` too.
    fn full(n: u64) -> Self;
    /// The least that a provider takes: a name or title and, for an event, its times. It has a uid.
    fn least(n: u64) -> Self;
}

impl Sample for Contact {
    fn sample(n: u64) -> Self {
        contact(n)
    }
    fn full(n: u64) -> Self {
        full_contact(n)
    }
    fn least(n: u64) -> Self {
        let whole = contact(n);
        Self::build(|c| {
            c.uid = whole.uid;
            c.name = whole.name;
        })
    }
}

impl Sample for Event {
    fn sample(n: u64) -> Self {
        event(n)
    }
    fn full(n: u64) -> Self {
        full_event(n)
    }
    fn least(n: u64) -> Self {
        let whole = event(n);
        Self::build(|e| {
            e.uid = whole.uid;
            e.title = whole.title;
            e.start = whole.start;
            e.end = whole.end;
        })
    }
}

impl Sample for Task {
    fn sample(n: u64) -> Self {
        task(n)
    }
    fn full(n: u64) -> Self {
        full_task(n)
    }
    fn least(n: u64) -> Self {
        let whole = task(n);
        Self::build(|t| {
            t.uid = whole.uid;
            t.title = whole.title;
        })
    }
}

/// One of the words, chosen by the number: neighbours in one table are not neighbours in another.
fn pick<'a>(words: &[&'a str], n: u64, salt: u64) -> &'a str {
    let at = scramble(n.wrapping_mul(31).wrapping_add(salt)) % (words.len().max(1) as u64);
    words.get(at as usize).copied().unwrap_or_default()
}

/// `n` as a number below `below`, spread.
fn spread(n: u64, salt: u64, below: u64) -> u64 {
    scramble(n.wrapping_mul(37).wrapping_add(salt)) % below.max(1)
}

/// A uid in the form of RFC 9562, the same for the same kind and number.
fn uid(kind: &str, n: u64) -> String {
    let tag = kind.bytes().fold(0_u64, |hash, byte| scramble(hash ^ u64::from(byte)));
    let (a, b) = (scramble(n ^ tag), scramble(n.wrapping_add(tag) | 1));
    format!("{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xfff, b >> 52, n & 0xffff_ffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_full<R: Sample>() {
        for n in [0, 1, 7] {
            let full = R::full(n);
            for def in R::catalogue().fields() {
                assert!(full.get(def.path).is_some(), "{} has no {}", R::KIND.plural(), def.path);
            }
            assert!(full.get("custom.Region").is_some());
            assert_eq!(R::default().with(&full.fields()).unwrap().fields(), full.fields(), "{}", R::KIND.plural());
        }
        // Two full samples differ in every field, so that one can be an edit of the other.
        let (a, b) = (R::full(1), R::full(2));
        let differing = a.differing(&b);
        for def in R::catalogue().fields() {
            assert!(differing.iter().any(|f| f.as_str() == def.path), "{} {}", R::KIND.plural(), def.path);
        }
    }

    #[test]
    fn a_full_sample_has_every_field_of_its_catalogue() {
        is_full::<Contact>();
        is_full::<Event>();
        is_full::<Task>();
    }

    #[test]
    fn samples_of_other_numbers_are_other_records() {
        let mut uids: Vec<_> = (0..2000).filter_map(|n| contact(n).uid).collect();
        uids.sort();
        uids.dedup();
        assert_eq!(uids.len(), 2000);
        assert_eq!(contact(5), contact(5));
        assert_ne!(event(1).uid, task(1).uid);
    }
}

//! iCalendar (RFC 5545) and vCard (RFC 2426, 6350) as the simulated servers understand them.
//!
//! Written for this crate alone: what a connector reads with must not be what its counterpart reads with.

mod convert;
mod filter;
mod instances;
mod lines;
mod object;
mod recur;
mod rewrite;
mod time;

pub(crate) use convert::to_three;
pub(crate) use filter::{BadFilter, CardFilter, ComponentFilter, card_matches, component_matches, range};
pub(crate) use instances::expanded;
pub(crate) use lines::{Component, Line, parse, write};
pub(crate) use object::{Kinds, Problem, calendar_object, card, uid};
pub(crate) use rewrite::rewritten;

//! Microsoft Graph v1.0, as a stateful stand-in: mailboxes of an organisation behind bearer tokens.
//!
//! [`Graph`] is built with [`Graph::builder`]: users with a token each, a seed that ids are made from, a clock, a plan of faults, and
//! [`GraphRules`] for what the service does in more than one way. It is asked in-process ([`Graph::answer`],
//! [`Graph::answer_now`]), or over loopback ([`Graph::serve`], whose address [`GraphServing::base_url`] ends in `/v1.0`).
//! Afterwards it is asked what happened: [`Graph::outbox`], [`Graph::requests`], and [`Graph::violations`], which names whatever in a
//! request or an answer is not in the service's published metadata.
//!
//! ```
//! use pimkit_simulators::Graph;
//!
//! let graph = Graph::builder().seed(1).user("alice@example.com", "token").build();
//! let request = http::Request::post("http://localhost/v1.0/me/contacts")
//!     .header("authorization", "Bearer token")
//!     .header("content-type", "application/json")
//!     .body(bytes::Bytes::from(r#"{"givenName":"Bob"}"#))
//!     .unwrap();
//! assert_eq!(graph.answer_now(&request).unwrap().status(), 201);
//! assert!(graph.violations().is_empty());
//! ```
//!
//! What other clients and the service itself do to a mailbox are methods of [`Graph`] too: [`Graph::create`], [`Graph::change`],
//! [`Graph::delete`], [`Graph::move_item`] and their like take and give ids in the form that stays.
//!
//! # What it refuses
//!
//! Paths, options and properties that v1.0 does not have; values that are not of their type; ids that cannot be read; versions that
//! are not current; tokens that expired or are another collection's; more than it takes at a time. The words of refusals are ours,
//! their codes and statuses are the service's.

//!
//! # What it does not, and why
//!
//! - Signing in: tokens are given to the builder. Beta, batches of other services, `$metadata`, Teams, groups beyond their members,
//!   free-busy, permissions of calendars, rules of mail: no connector of ours asks for them, and they are no paths here.
//! - Mail is read, marked, moved and deleted; nothing is sent, drafted or replied to. A meeting's request comes into an attendee's
//!   calendar at once and into no inbox.
//! - `return=minimal` shortens no answer, and nothing is compressed. Filters and orders work over more properties than the service
//!   has an index for, but for messages.
//! - An occurrence that the organiser cancels vanishes from an attendee's calendar, which keeps it as cancelled at the service.

mod answer;
mod ask;
mod attachments;
mod backdoor;
mod batch;
mod build;
mod bytes;
mod calendars;
mod categories;
mod contacts;
mod delta;
mod directory;
mod events;
mod extended;
mod extensions;
mod ids;
mod mail;
mod odata;
mod people;
mod push;
mod route;
mod rules;
mod seen;
mod server;
mod serving;
mod settings;
mod shape;
mod show;
mod store;
mod text;
mod throttle;
mod todo;
mod under;
mod wire;
mod world;
mod zones;

pub use backdoor::GraphSnapshot;
pub use build::GraphBuilder;
pub use push::Courier;
pub use rules::{ContactRules, DeltaRules, EventRules, GraphLimits, GraphRules, PushRules, TaskRules, Trouble};
pub use seen::{GraphSeen, Violation};
pub use server::Graph;
pub use shape::{graph_enumerated, graph_nullable};
pub use wire::GraphServing;

use serde_json::{Map, Value};

/// Takes the service's own properties out of a body; what it says of them is ignored, and noted.
fn strip_own(call: &mut world::Call<'_>, body: &mut Map<String, Value>, own: &[&str]) {
    for name in own {
        if body.remove(*name).is_some() && !name.starts_with('@') {
            call.world.ignored.push((*name).to_owned());
        }
    }
}

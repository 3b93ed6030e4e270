//! Everything the service knows, and what every request needs of it.

use crate::faults::Faults;
use crate::graph::answer::{Refusal, Result, not_found, refusal, refuse};
use crate::graph::ask::Ask;
use crate::graph::attachments::Upload;
use crate::graph::directory::Directory;
use crate::graph::ids::{self, Form, Named};
use crate::graph::push::{Handshake, Notice, Subscription};
use crate::graph::rules::{GraphRules, Trouble};
use crate::graph::seen::{GraphSeen, Violation};
use crate::graph::store::{Item, Kind, Mailbox};
use crate::graph::throttle::Throttle;
use crate::outbox::Mail;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where the time comes from.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// All that is stored.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    /// By user principal name in lower case.
    pub(crate) mailboxes: BTreeMap<String, Mailbox>,
    pub(crate) directory: Directory,
    /// By id.
    pub(crate) subscriptions: BTreeMap<String, Subscription>,
    /// Tokens of an older epoch are expired.
    pub(crate) epoch: u64,
}

/// Who a token lets in.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    /// The user, in lower case, for whom a delegated token is; None for an application's.
    pub(crate) user: Option<String>,
    /// The application.
    pub(crate) app: String,
    /// What was consented to; None for all.
    pub(crate) scopes: Option<Vec<String>>,
}

/// A rule of the organisation's that a sign-in has to meet (<https://learn.microsoft.com/entra/identity-platform/claims-challenge>).
#[derive(Debug, Clone)]
pub(crate) struct Demand {
    /// A segment of the paths that it is about, in lower case.
    pub(crate) within: String,
    /// What a sign-in must bring along, as JSON.
    pub(crate) claims: String,
    /// The tokens of before.
    pub(crate) unmet: Vec<String>,
}

/// The service.
pub(crate) struct World {
    pub(crate) rules: GraphRules,
    pub(crate) seed: u64,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    /// What was stored before the last write, kept only if a fault may show it.
    pub(crate) before: Option<Store>,
    /// How many reads still see it.
    pub(crate) lagging: u64,
    pub(crate) grants: BTreeMap<String, Grant>,
    /// What is wanted of a sign-in beyond its token, where.
    pub(crate) demands: Vec<Demand>,
    pub(crate) faults: Faults,
    pub(crate) throttle: Throttle,
    /// Uploads under way, by the word in their address.
    pub(crate) uploads: BTreeMap<String, Upload>,
    pub(crate) outbox: Vec<Mail>,
    pub(crate) seen: Vec<GraphSeen>,
    pub(crate) violations: Vec<Violation>,
    /// Properties of the body under way that were ignored.
    pub(crate) ignored: Vec<String>,
    /// Addresses that must answer before their subscriptions count.
    pub(crate) handshakes: Vec<Handshake>,
    /// Notifications that are to be sent, besides those of changes.
    pub(crate) notices: Vec<Notice>,
    /// Requests so far, which request ids are made from.
    pub(crate) asked: u64,
}

/// A request under way, for one mailbox.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) ask: &'a Ask,
    /// Whose mailbox, in lower case.
    pub(crate) owner: String,
    /// Whether somebody else than the owner asks, who does not see what is private.
    pub(crate) guest: bool,
    pub(crate) now: Timestamp,
}

impl World {
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// A user's mailbox by principal name or id; None if there is no such user.
    pub(crate) fn user_named(&self, name: &str) -> Option<String> {
        let lower = name.to_lowercase();
        if self.store.directory.users.contains_key(&lower) {
            return Some(lower);
        }
        self.store.directory.users.iter().find(|(_, user)| user.id.eq_ignore_ascii_case(name)).map(|(key, _)| key.clone())
    }

    /// The secret of what is not in a mailbox.
    pub(crate) fn secret(&self) -> Vec<u8> {
        ids::secret(self.seed, "tenant")
    }
}

impl Call<'_> {
    pub(crate) fn rules(&self) -> &GraphRules {
        &self.world.rules
    }

    /// The mailbox.
    ///
    /// # Errors
    /// 404 where a user has none.
    pub(crate) fn mailbox(&self) -> Result<&Mailbox> {
        self.world.store.mailboxes.get(&self.owner).ok_or_else(no_mailbox)
    }

    pub(crate) fn mailbox_mut(&mut self) -> Result<&mut Mailbox> {
        self.world.store.mailboxes.get_mut(&self.owner).ok_or_else(no_mailbox)
    }

    /// What an id is of, in any of its forms; an occurrence comes as its master with its day.
    ///
    /// # Errors
    /// 400 for ids that cannot be read, 404 for what is not there or is of another kind.
    pub(crate) fn find(&self, id: &str, kind: Kind) -> Result<(&Item, Named)> {
        let mailbox = self.mailbox()?;
        let Ok(found) = mailbox.find(id) else { return refuse(400, "ErrorInvalidIdMalformed", "Id is malformed.") };
        let stays = self.world.rules.deleted_stay_readable;
        let found = found.filter(|(item, named)| item.kind == kind && (stays && named.form == Form::Immutable || !mailbox.in_bin(item)));
        found.ok_or_else(not_found)
    }

    /// The key of what an id is of.
    pub(crate) fn key(&self, id: &str, kind: Kind) -> Result<u64> {
        self.find(id, kind).map(|(item, _)| item.key)
    }

    /// The key of a folder: by its id, or by the name that stands for it.
    pub(crate) fn folder(&self, id: &str, kind: Kind) -> Result<u64> {
        let mailbox = self.mailbox()?;
        let known = mailbox.known.iter().find(|(name, _)| name.eq_ignore_ascii_case(id)).map(|(_, key)| *key);
        match known.filter(|key| mailbox.items.get(key).is_some_and(|item| item.kind == kind)) {
            Some(key) => Ok(key),
            None => self.key(id, kind),
        }
    }

    /// An item that is there for sure.
    pub(crate) fn item(&self, key: u64) -> Result<&Item> {
        self.mailbox()?.items.get(&key).ok_or_else(not_found)
    }

    pub(crate) fn item_mut(&mut self, key: u64) -> Result<&mut Item> {
        self.mailbox_mut()?.items.get_mut(&key).ok_or_else(not_found)
    }

    /// Whether `If-Match`, if there is one, names the version that is there.
    ///
    /// # Errors
    /// 412 if not.
    pub(crate) fn matches(&self, version: &str) -> Result<()> {
        match self.ask.header("if-match").map(str::trim) {
            None | Some("*") => Ok(()),
            Some(told) => {
                let told = told.trim_start_matches("W/").trim_matches('"');
                if told == version {
                    return Ok(());
                }
                refuse(
                    412,
                    "ErrorIrresolvableConflict",
                    "The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item.",
                )
            }
        }
    }

    /// [`Call::matches`] for an item.
    pub(crate) fn matches_item(&self, key: u64) -> Result<()> {
        let version = self.item(key)?.version;
        self.matches(&self.mailbox()?.change_key(key, version))
    }

    pub(crate) fn touch(&mut self, key: u64) -> Result<()> {
        let now = self.now;
        self.mailbox_mut()?.touch(key, now);
        Ok(())
    }

    /// The annotation that says what an answer is.
    pub(crate) fn context(&self, of: &str) -> Value {
        Value::from(format!("{}/$metadata#{of}", self.ask.root))
    }
}

fn no_mailbox() -> Box<Refusal> {
    refusal(404, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise.")
}

/// Why a mailbox in trouble refuses a request; None if it takes it.
pub(crate) fn troubled(trouble: Trouble, write: bool) -> Option<Box<Refusal>> {
    Some(match trouble {
        Trouble::NotHere => no_mailbox(),
        Trouble::Disabled => refusal(403, "ErrorAccountDisabled", "The account is disabled."),
        Trouble::Moving => refusal(503, "ErrorMailboxMoveInProgress", "Mailbox move in progress. Please try again later."),
        Trouble::Denied => refusal(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."),
        Trouble::Full if write => refusal(507, "ErrorQuotaExceeded", "The mailbox is full and the operation cannot be performed."),
        Trouble::Full => return None,
    })
}

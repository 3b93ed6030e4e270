//! What happens to a mailbox behind a client's back: other clients of the same user, administrators, backups.

mod more;

use crate::graph::Graph;
use crate::graph::answer::Answer;
use crate::graph::answer::Body;
use crate::graph::ask::Ask;
use crate::graph::ids;
use crate::graph::route;
use crate::graph::rules::Trouble;
use crate::graph::store::{Gone, Kind, Mailbox};
use crate::graph::world::{Demand, Grant, Store, World};
use serde_json::Value;

/// All that a service stores, at one moment.
#[derive(Clone)]
pub struct GraphSnapshot(Store);

impl std::fmt::Debug for GraphSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GraphSnapshot").field("mailboxes", &self.0.mailboxes.len()).finish()
    }
}

impl Graph {
    /// What another client of a mailbox does, with ids that stay: `path` is below the user, with a query if need be. Neither
    /// noted nor counted nor subject to faults. The answer's status, and its body if that is JSON.
    pub fn act(&self, owner: &str, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let headers = [("content-type", "application/json"), ("prefer", "IdType=\"ImmutableId\"")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let target = format!("/users/{}/{path}", crate::graph::ask::encode(owner, false));
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let ask = Ask::new(method, "http://localhost/v1.0".to_owned(), &target, headers, body);
        let grant = Grant { user: None, app: "another client".to_owned(), scopes: None };
        let mut world = self.world();
        let before = world.ignored.len();
        let answer = ask.and_then(|ask| route::answer(&mut world, &ask, &grant)).unwrap_or_else(|refusal| refusal.answer("", "", ""));
        world.ignored.truncate(before);
        let Answer { status, body, .. } = answer;
        (status, if let Body::Json(value) = body { value } else { Value::Null })
    }

    /// Makes an item in a collection, as `contacts` or `calendars/{id}/events`; its id, or None if that is refused.
    pub fn create(&self, owner: &str, collection: &str, body: &Value) -> Option<String> {
        let (status, answer) = self.act(owner, "POST", collection, Some(body));
        let id = answer.get("id").and_then(Value::as_str).map(str::to_owned);
        id.filter(|_| status == 201)
    }

    /// Changes an item, as `contacts/{id}`; false if that is refused.
    pub fn change(&self, owner: &str, item: &str, body: &Value) -> bool {
        self.act(owner, "PATCH", item, Some(body)).0 == 200
    }

    /// Deletes an item, as `contacts/{id}`; false if that is refused.
    pub fn delete(&self, owner: &str, item: &str) -> bool {
        self.act(owner, "DELETE", item, None).0 == 204
    }

    /// An item, as `contacts/{id}`; None if it is not there.
    #[must_use]
    pub fn get(&self, owner: &str, item: &str) -> Option<Value> {
        let (status, answer) = self.act(owner, "GET", item, None);
        (status == 200).then_some(answer)
    }

    /// All items of a collection, over all of its pages.
    #[must_use]
    pub fn list(&self, owner: &str, collection: &str) -> Vec<Value> {
        let mut out: Vec<Value> = Vec::new();
        let joint = if collection.contains('?') { '&' } else { '?' };
        loop {
            let (_, answer) = self.act(owner, "GET", &format!("{collection}{joint}$top=1000&$skip={}", out.len()), None);
            let rows = answer.get("value").and_then(Value::as_array).cloned().unwrap_or_default();
            let more = !rows.is_empty() && answer.get("@odata.nextLink").is_some();
            out.extend(rows);
            if !more {
                return out;
            }
        }
    }

    /// Drags an item into another folder, calendar or list: the id that does not stay is another one then. False if one is missing.
    pub fn move_item(&self, owner: &str, id: &str, to: &str) -> bool {
        let mut world = self.world();
        let Some(mailbox) = mailbox_mut(&mut world, owner) else { return false };
        let target = mailbox.known.get(to).copied().or_else(|| found(mailbox, to));
        let (Some(key), Some(target)) = (found(mailbox, id), target) else { return false };
        mailbox.relocate(key, target, Gone::Deleted);
        true
    }

    /// Takes an item out of Deleted Items, back into a folder. False if it is not there.
    pub fn restore_item(&self, owner: &str, id: &str, to: &str) -> bool {
        self.move_item(owner, id, to)
    }

    /// Gives a category of the list another name, as Outlook does for its user: its id stays. False if there is none of the name.
    pub fn rename_category(&self, owner: &str, from: &str, to: &str) -> bool {
        let mut world = self.world();
        let Some(mailbox) = mailbox_mut(&mut world, owner) else { return false };
        let found = mailbox.items.values_mut().find(|item| item.kind == Kind::Category && item.text("displayName") == from);
        found.map(|item| item.properties.insert("displayName".to_owned(), Value::from(to))).is_some()
    }

    /// The service works on an item: its version changes, and nothing else.
    pub fn touch(&self, owner: &str, id: &str) -> bool {
        let mut world = self.world();
        let now = world.now();
        let Some(mailbox) = mailbox_mut(&mut world, owner) else { return false };
        let Some(key) = found(mailbox, id) else { return false };
        mailbox.touch(key, now);
        true
    }

    /// Whether writing to a calendar is refused from now on; false if there is none.
    pub fn set_read_only(&self, owner: &str, calendar: &str, read_only: bool) -> bool {
        let mut world = self.world();
        let Some(mailbox) = mailbox_mut(&mut world, owner) else { return false };
        let key = mailbox.known.get(calendar).copied().or_else(|| found(mailbox, calendar));
        let Some(item) = key.and_then(|key| mailbox.items.get_mut(&key)).filter(|item| item.kind == Kind::Calendar) else { return false };
        item.properties.insert("canEdit".to_owned(), Value::Bool(!read_only));
        true
    }

    /// Why a mailbox cannot be used from now on, or that it can; false if there is none.
    pub fn set_trouble(&self, owner: &str, trouble: Option<Trouble>) -> bool {
        let mut world = self.world();
        mailbox_mut(&mut world, owner).map(|mailbox| mailbox.trouble = trouble).is_some()
    }

    /// Lets another user's delegated tokens at a mailbox, or no longer; false if there is none.
    pub fn share(&self, owner: &str, with: &str, shared: bool) -> bool {
        let mut world = self.world();
        let Some(mailbox) = mailbox_mut(&mut world, owner) else { return false };
        let with = with.to_lowercase();
        if shared {
            mailbox.shared_with.insert(with);
        } else {
            mailbox.shared_with.remove(&with);
        }
        true
    }

    /// A delegated token from now on, as [`GraphBuilder::grant`](crate::GraphBuilder::grant) has it.
    pub fn let_in(&self, token: &str, name: &str, scopes: Option<&[&str]>) {
        let scopes = scopes.map(|scopes| scopes.iter().map(|scope| (*scope).to_owned()).collect());
        let app = "00000000-0000-0000-0000-00000000a001".to_owned();
        self.world().grants.insert(token.to_owned(), Grant { user: Some(name.to_lowercase()), app, scopes });
    }

    /// From now on the organisation's rules want these claims of every sign-in that asks for paths with this segment (`contacts`,
    /// `$batch`): tokens that were given out before are refused there with 401 and a challenge. Those that are let in later bring them.
    pub fn demand(&self, within: &str, claims: &str) {
        let mut world = self.world();
        let unmet = world.grants.keys().cloned().collect();
        world.demands.push(Demand { within: within.to_lowercase(), claims: claims.to_owned(), unmet });
    }

    /// A token lets nobody in any more: it expired, or was revoked.
    pub fn revoke(&self, token: &str) {
        self.world().grants.remove(token);
    }

    /// All sync tokens that were given out are expired: 410.
    pub fn expire_tokens(&self) {
        self.world().store.epoch += 1;
    }

    /// What has changed is forgotten while tokens stay good: silently not told.
    pub fn prune_changes(&self) {
        for mailbox in self.world().store.mailboxes.values_mut() {
            mailbox.forgotten = mailbox.seq;
        }
    }

    /// All that is stored.
    #[must_use]
    pub fn snapshot(&self) -> GraphSnapshot {
        GraphSnapshot(self.world().store.clone())
    }

    /// Goes back to what was stored, as a restored backup does: tokens of what came after are expired. Mails and requests stay.
    pub fn restore(&self, snapshot: &GraphSnapshot) {
        let mut world = self.world();
        let mut store = snapshot.0.clone();
        store.epoch = world.store.epoch;
        for (owner, mailbox) in &mut store.mailboxes {
            let Some(now) = world.store.mailboxes.get(owner).filter(|now| now.seq > mailbox.seq) else { continue };
            mailbox.undone.clone_from(&now.undone);
            mailbox.undone.push((mailbox.seq, now.seq));
            mailbox.seq = now.seq;
        }
        let now = &world.store.directory;
        if now.seq > store.directory.seq {
            store.directory.undone.clone_from(&now.undone);
            store.directory.undone.push((store.directory.seq, now.seq));
            store.directory.seq = now.seq;
        }
        world.store = store;
    }
}

fn mailbox_mut<'a>(world: &'a mut World, owner: &str) -> Option<&'a mut Mailbox> {
    let key = world.user_named(owner)?;
    world.store.mailboxes.get_mut(&key)
}

/// The key of what an id is of.
fn found(mailbox: &Mailbox, id: &str) -> Option<u64> {
    match mailbox.find(id) {
        Ok(found) => found.map(|(item, _)| item.key),
        Err(_) => ids::read(id).map(|named| named.key),
    }
}

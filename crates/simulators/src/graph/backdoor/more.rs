//! Mail that comes, meetings of others, and the directory, as nobody's client changes them.

use super::{found, mailbox_mut};
use crate::graph::Graph;
use crate::graph::ask::Ask;
use crate::graph::attachments::{self, Owner};
use crate::graph::ids;
use crate::graph::shape;
use crate::graph::store::{Kind, Photo};
use crate::graph::world::Call;
use crate::graph::{build, push};
use serde_json::{Value, json};

impl Graph {
    /// Brings a message into a folder, by its id or a name as `inbox`: `message` is as on the type, with `attachments` if it has any.
    /// Its id that stays; None if it is no message, or there is no such folder.
    pub fn bring(&self, owner: &str, folder: &str, message: &Value) -> Option<String> {
        let mut world = self.world();
        let owner = world.user_named(owner)?;
        let ask = Ask::new("POST", "http://localhost/v1.0".to_owned(), "/", Vec::new(), Vec::new()).ok()?;
        let now = world.now();
        let mut call = Call { world: &mut world, ask: &ask, owner, guest: false, now };
        let mut body = shape::read(message, "message").ok()?;
        let files = body.remove("attachments").and_then(|files| files.as_array().cloned()).unwrap_or_default();
        let parent = call.folder(folder, Kind::MailFolder).ok()?;
        let of = Owner { kind: Kind::Message, key: 0, day: None };
        let mut parts = Vec::new();
        for file in &files {
            parts.push(attachments::made(&mut call, of, shape::read(file, "attachment").ok()?).ok()?);
        }
        for name in ["receivedDateTime", "sentDateTime"] {
            body.entry(name).or_insert(Value::from(now.to_string()));
        }
        let mailbox = call.mailbox_mut().ok()?;
        let key = mailbox.add(Kind::Message, parent, body, now);
        mailbox.items.get_mut(&key)?.parts = parts;
        let item = mailbox.items.get(&key)?;
        Some(mailbox.id_of(item, None, ids::Form::Immutable))
    }

    /// Brings a meeting of an organiser who is elsewhere into a calendar: `event` is as on the type, with an `organizer` and an
    /// `iCalUId`. Its id that stays; None if it is no event.
    pub fn invite(&self, owner: &str, event: &Value) -> Option<String> {
        let mut body = event.as_object()?.clone();
        let own = ["organizer", "iCalUId", "responseStatus", "attendees"];
        let theirs: Vec<(String, Value)> = own.iter().filter_map(|name| Some(((*name).to_owned(), body.remove(*name)?))).collect();
        let id = self.create(owner, "events", &Value::Object(body))?;
        let mut world = self.world();
        let mailbox = mailbox_mut(&mut world, owner)?;
        let item = found(mailbox, &id).and_then(|key| mailbox.items.get_mut(&key))?;
        item.properties.insert("isOrganizer".to_owned(), Value::Bool(false));
        item.properties.insert("responseStatus".to_owned(), json!({"response": "notResponded", "time": "0001-01-01T00:00:00Z"}));
        item.properties.extend(theirs);
        Some(id)
    }

    /// Sets the zone that an event tells it was made in, whatever that is: `tzone://Microsoft/Custom`. False if there is none.
    pub fn set_original_zone(&self, owner: &str, event: &str, name: &str) -> bool {
        let mut world = self.world();
        let now = world.now();
        let Some(mailbox) = mailbox_mut(&mut world, owner) else { return false };
        let Some(item) = found(mailbox, event).and_then(|key| mailbox.items.get_mut(&key)) else { return false };
        for property in ["originalStartTimeZone", "originalEndTimeZone"] {
            item.properties.insert(property.to_owned(), Value::from(name));
        }
        let key = item.key;
        mailbox.touch(key, now);
        true
    }

    /// Adds a user to the directory, or changes one: `properties` as on the type `user`, with a `userPrincipalName`. False without.
    pub fn set_user(&self, properties: &Value) -> bool {
        let mut world = self.world();
        let Some(properties) = properties.as_object() else { return false };
        let Some(name) = properties.get("userPrincipalName").and_then(Value::as_str) else { return false };
        let (key, seed) = (name.to_lowercase(), world.seed);
        let directory = &mut world.store.directory;
        let names = match directory.users.get_mut(&key) {
            Some(user) => {
                user.properties.extend(properties.clone());
                properties.keys().filter(|name| *name != "userPrincipalName").cloned().collect()
            }
            None => {
                directory.users.insert(key.clone(), build::made(seed, name, properties.clone()));
                Vec::new()
            }
        };
        directory.touch(&key, names);
        true
    }

    /// Takes a user out of the directory; one that is `restorable` can come back. False if there is none.
    pub fn remove_user(&self, name: &str, restorable: bool) -> bool {
        let mut world = self.world();
        let key = world.user_named(name);
        key.is_some_and(|key| world.store.directory.remove(&key, restorable))
    }

    /// Sets the photo of a user, by bytes and content type, or takes it away; nothing tells of it. False if there is no such user.
    pub fn set_user_photo(&self, name: &str, photo: Option<(&[u8], &str)>) -> bool {
        let mut world = self.world();
        let photo = photo.map(|(bytes, content_type)| Photo { bytes: bytes.to_vec(), content_type: content_type.to_owned() });
        let key = world.user_named(name);
        key.and_then(|key| world.store.directory.users.get_mut(&key)).map(|user| user.photo = photo).is_some()
    }

    /// Sets the manager of a user. False if one of them is not there.
    pub fn set_manager(&self, name: &str, manager: &str) -> bool {
        let mut world = self.world();
        let (Some(key), Some(manager)) = (world.user_named(name), world.user_named(manager)) else { return false };
        world.store.directory.users.get_mut(&key).map(|user| user.manager = Some(manager)).is_some()
    }

    /// Sets who is in a group, by its id; those who are not there are left out.
    pub fn set_group(&self, id: &str, members: &[&str]) {
        let mut world = self.world();
        let members = members.iter().filter_map(|name| world.user_named(name)).collect();
        world.store.directory.groups.insert(id.to_lowercase(), members);
    }

    /// Tells a subscriber about its subscription: `missed`, `reauthorizationRequired`, or `subscriptionRemoved`, which removes it. It
    /// is sent with [`Graph::push`]. False if there is no such subscription, or it named no address for this.
    pub fn tell_lifecycle(&self, subscription: &str, event: &str) -> bool {
        let mut world = self.world();
        let tenant = ids::guid(&world.secret(), "tenant");
        let Some(one) = world.store.subscriptions.get(subscription).cloned() else { return false };
        if event == "subscriptionRemoved" {
            world.store.subscriptions.remove(subscription);
        }
        let Some(url) = one.properties.get("lifecycleNotificationUrl").and_then(Value::as_str) else { return false };
        let notice = push::Notice { url: url.to_owned(), body: push::lifecycle(&one, event, &tenant) };
        world.notices.push(notice);
        true
    }
}

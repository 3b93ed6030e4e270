//! What has changed, as subscribers are told.

use super::{Subscription, Watched};
use crate::graph::ids::{self, Form};
use crate::graph::shape;
use crate::graph::store::{Kind, Mailbox, Row};
use crate::graph::world::World;
use serde_json::{Value, json};

/// A notification that is to be sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Notice {
    pub(crate) url: String,
    pub(crate) body: Value,
}

/// What has changed since the subscribers were told last.
pub(crate) fn due(world: &mut World) -> Vec<Notice> {
    let now = world.now();
    let tenant = ids::guid(&world.secret(), "tenant");
    let twice = world.rules.push.made_is_updated_too;
    let mut subscriptions = std::mem::take(&mut world.store.subscriptions);
    subscriptions.retain(|_, subscription| subscription.until > now);
    let mut out = Vec::new();
    for subscription in subscriptions.values_mut() {
        let wanted = subscription.properties.get("changeType").and_then(Value::as_str).unwrap_or_default().to_lowercase();
        let mut told = Vec::new();
        for (change, about) in changes(world, subscription) {
            told.push((change, about.clone()));
            if change == "created" && twice {
                told.push(("updated", about));
            }
        }
        let url = subscription.properties.get("notificationUrl").and_then(Value::as_str).unwrap_or_default();
        for (change, about) in told.into_iter().filter(|(change, _)| wanted.split(',').any(|one| one.trim() == *change)) {
            let body = json!({"value": [{
                "subscriptionId": subscription.id, "subscriptionExpirationDateTime": subscription.until.to_string(), "tenantId": tenant,
                "clientState": subscription.properties.get("clientState").cloned().unwrap_or(Value::Null),
                "changeType": change, "resource": about.get("@odata.id").cloned().unwrap_or(Value::Null), "resourceData": about,
            }]});
            let mut found = Vec::new();
            shape::check(&body, "changeNotificationCollection", "", &mut found);
            world.violations.extend(found.into_iter().map(|what| crate::graph::seen::Violation {
                in_answer: true,
                method: "POST".to_owned(),
                path: "notification".to_owned(),
                what,
            }));
            out.push(Notice { url: url.to_owned(), body });
        }
    }
    world.store.subscriptions = subscriptions;
    out
}

/// What has changed for one subscriber: how, and about what.
fn changes(world: &World, subscription: &mut Subscription) -> Vec<(&'static str, Value)> {
    let since = subscription.seen;
    match &subscription.watched {
        Watched::Items(owner, scope) => {
            let Some(mailbox) = world.store.mailboxes.get(owner) else { return Vec::new() };
            subscription.seen = mailbox.seq;
            let user = world.store.directory.users.get(owner).map(|user| user.id.clone()).unwrap_or_default();
            let rows = mailbox.changes(*scope, since, mailbox.seq, subscription.immutable, false);
            rows.into_iter().filter_map(|(_, row)| about(mailbox, &user, scope.kind, &row, since, subscription.immutable)).collect()
        }
        Watched::Users(one) => {
            let directory = &world.store.directory;
            subscription.seen = directory.seq;
            let new = directory.log.iter().filter(|happened| happened.seq > since && one.as_ref().is_none_or(|one| *one == happened.id));
            new.map(|happened| {
                let about =
                    json!({"@odata.type": "#Microsoft.Graph.User", "@odata.id": format!("Users/{}", happened.id), "id": happened.id});
                (if happened.key.is_some() { "updated" } else { "deleted" }, about)
            })
            .collect()
        }
    }
}

fn about(mailbox: &Mailbox, user: &str, kind: Kind, row: &Row, since: u64, immutable: bool) -> Option<(&'static str, Value)> {
    let form = if immutable { Form::Immutable } else { Form::Default };
    let (change, id, etag) = match row {
        Row::Gone(key, generation, _) => ("deleted", ids::write(&mailbox.secret, *key, None, *generation, form), None),
        Row::There(key) => {
            let item = mailbox.items.get(key).filter(|item| !mailbox.in_bin(item))?;
            let tag = format!("W/\"{}\"", mailbox.change_key(item.key, item.version));
            (if mailbox.came(*key, Some(since)) { "created" } else { "updated" }, mailbox.id_of(item, None, form), Some(tag))
        }
    };
    let (name, collection) = match kind {
        Kind::Event => ("Event", "Events"),
        Kind::Message => ("Message", "Messages"),
        Kind::Task => ("TodoTask", "Todo/Tasks"),
        _ => ("Contact", "Contacts"),
    };
    let mut about =
        json!({"@odata.type": format!("#Microsoft.Graph.{name}"), "@odata.id": format!("Users/{user}/{collection}/{id}"), "id": id});
    if let (Some(about), Some(tag)) = (about.as_object_mut(), etag) {
        about.insert("@odata.etag".to_owned(), Value::from(tag));
    }
    Some((change, about))
}

//! Cases for the connector as a whole.

use super::{
    Ask, Floor, Report,
    context::{Got, Stop, Verdict, ensure, fail},
};
use crate::world::Kept;
use pimkit_core::{Access, Capabilities, Connector, Contact, Create, Event, Kind, Layered, Message, ReadOnly, Record, Role, Task, User};
use std::sync::Arc;

/// Runs the cases.
pub(super) async fn cases(ask: &dyn Ask, report: &mut Report) {
    let name = |case: &str| format!("connector::{case}");
    report.add(name("the_account_is_the_same_each_time"), account(ask).await);
    report.add(name("info_names_the_kinds_that_are_there"), kinds(ask).await);
    report.add(name("the_floor_is_declared"), floor(ask).await);
    report.add(name("collections_hold_the_floor"), floor_is_held(ask).await);
    report.add(name("collections_can_do_no_more_than_info_says"), ceiling(ask).await);
    report.add(name("a_findable_create_can_be_searched_for"), findable(ask).await);
    report.add(name("futures_may_move_between_threads"), sendable(ask).await);
}

fn has(connector: &dyn Connector, kind: Kind) -> bool {
    match kind {
        Kind::Contact => Contact::repository(connector).is_some(),
        Kind::Event => Event::repository(connector).is_some(),
        Kind::Task => Task::repository(connector).is_some(),
        Kind::Message => Message::repository(connector).is_some(),
        Kind::User => User::repository(connector).is_some(),
    }
}

async fn account(ask: &dyn Ask) -> Verdict {
    let stage = ask.fresh().await;
    let (first, second) = (stage.connector().account().await?, stage.connector().account().await?);
    ensure!(first.id == second.id, "two calls name two accounts");
    ensure!(!first.id.as_str().is_empty(), "the account has no id");
    Ok(())
}

async fn kinds(ask: &dyn Ask) -> Verdict {
    let stage = ask.fresh().await;
    let connector = stage.connector();
    let info = connector.info();
    ensure!(!info.id.is_empty(), "the connector has no name");
    for kind in Kind::ALL {
        let (declared, there) = (info.kind(kind).is_some(), has(&*connector, kind));
        ensure!(!there || declared, "{} are there, and info does not say so", kind.plural());
    }
    let push = connector.push().is_some();
    ensure!(!push || info.roles.contains(&Role::Push), "push is there, and info does not say so");
    Ok(())
}

/// The capabilities that are true, by name.
fn names(capabilities: &Capabilities) -> Got<Vec<String>> {
    match serde_json::to_value(capabilities) {
        Ok(serde_json::Value::Object(map)) => {
            Ok(map.into_iter().filter(|(_, v)| v.as_bool() == Some(true)).map(|(name, _)| name).collect())
        }
        _ => fail("capabilities are no object"),
    }
}

fn rank(create: Create) -> u8 {
    match create {
        Create::ByContent => 0,
        Create::Findable { .. } => 1,
        Create::Repeatable => 2,
    }
}

fn at_least(what: &str, more: &Capabilities, less: &Capabilities) -> Verdict {
    let has = names(more)?;
    for name in names(less)? {
        ensure!(has.contains(&name), "{what}: `{name}` is not declared");
    }
    ensure!(rank(more.create) >= rank(less.create), "{what}: less is known of a lost create than promised");
    Ok(())
}

async fn floor(ask: &dyn Ask) -> Verdict {
    let info = ask.fresh().await.connector().info();
    let floor = ask.floor();
    ensure!(!floor.kinds.is_empty(), "the harness sets no floor");
    for (kind, least) in &floor.kinds {
        let Some(declared) = info.kind(*kind) else { return fail(format!("{} are not there", kind.plural())) };
        at_least(kind.plural(), &declared, least)?;
    }
    for role in &floor.roles {
        ensure!(info.roles.contains(role), "the role {role:?} is not declared");
    }
    Ok(())
}

/// What the connector can do at most says nothing of this account: each collection that may be written holds the floor itself.
async fn floor_of<R: Kept>(connector: &dyn Connector, floor: &Floor) -> Verdict {
    let Some((_, least)) = floor.kinds.iter().find(|(kind, _)| *kind == R::KIND) else { return Ok(()) };
    let Some(items) = R::repository(connector) else { return Ok(()) };
    for collection in items.collections().await?.into_iter().filter(|c| c.access == Access::Write) {
        at_least(&format!("a collection of {}", R::KIND.plural()), &collection.capabilities, least)?;
    }
    Ok(())
}

async fn floor_is_held(ask: &dyn Ask) -> Verdict {
    let stage = ask.fresh().await;
    let (connector, floor) = (stage.connector(), ask.floor());
    floor_of::<Contact>(&*connector, &floor).await?;
    floor_of::<Event>(&*connector, &floor).await?;
    floor_of::<Task>(&*connector, &floor).await
}

async fn ceiling_of<R: Kept>(connector: &dyn Connector) -> Verdict {
    let (Some(items), Some(most)) = (R::repository(connector), connector.info().kind(R::KIND)) else { return Ok(()) };
    for collection in items.collections().await? {
        at_least(R::KIND.plural(), &most, &collection.capabilities)?;
    }
    let roles = connector.info().roles;
    let there = [
        (Role::Folders, items.folders().is_some()),
        (Role::Categories, items.categories().is_some()),
        (Role::Blobs, items.blobs().is_some()),
        (Role::Search, items.search().is_some()),
    ];
    for (role, is_there) in there {
        ensure!(!is_there || roles.contains(&role), "{}: {role:?} is there, and info does not say so", R::KIND.plural());
    }
    Ok(())
}

async fn ceiling(ask: &dyn Ask) -> Verdict {
    let stage = ask.fresh().await;
    let connector = stage.connector();
    ceiling_of::<Contact>(&*connector).await?;
    ceiling_of::<Event>(&*connector).await?;
    ceiling_of::<Task>(&*connector).await?;
    let layered = Layered::new(Arc::clone(&connector), ReadOnly);
    ensure!(layered.info().id == connector.info().id, "a layer changes the connector's name");
    Ok(())
}

/// A lost create is looked for where that is promised: without `find` it would be held for ever.
async fn findable_in<R: Kept>(connector: &dyn Connector) -> Verdict {
    let Some(items) = R::repository(connector) else { return Ok(()) };
    for collection in items.collections().await? {
        let can = &collection.capabilities;
        let promised = matches!(can.create, Create::Findable { .. });
        ensure!(!promised || can.find, "{}: a create is declared findable, and `find` is not declared", R::KIND.plural());
    }
    Ok(())
}

async fn findable(ask: &dyn Ask) -> Verdict {
    let stage = ask.fresh().await;
    let connector = stage.connector();
    findable_in::<Contact>(&*connector).await?;
    findable_in::<Event>(&*connector).await?;
    findable_in::<Task>(&*connector).await
}

/// That this compiles is the case: a future that is not `Send` could not be given to `elsewhere`.
async fn sendable(ask: &dyn Ask) -> Verdict {
    fn elsewhere<T: Send>(future: impl Future<Output = T> + Send + 'static) -> impl Future<Output = T> + Send + 'static {
        future
    }
    let stage = ask.fresh().await;
    let connector = stage.connector();
    let account = elsewhere(async move { connector.account().await }).await;
    account.map(|_| ()).map_err(Stop::from)
}

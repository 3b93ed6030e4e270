//! The app beside its records: facts, merges, rights, views, notices.

use crate::{
    crm,
    error::{Res, invalid},
    rights::Rights,
    row::{self, Raw},
    store::{Local, Place},
    view::{self, SavedView},
};
use async_trait::async_trait;
use jiff::Timestamp;
use pimkit_core::{
    Access, AccountId, Action, App, AppEvent, Contact, Cursor, Event, Facts, Fields, ItemId, Kind, Message, Notice, Record, Result, Task,
    User, Value, View, cursor,
};
use rusqlite::{Transaction, params};

const TOKEN: &str = "local-events/2";

fn fields(raw: &Raw) -> Result<Fields> {
    Ok(match raw.kind {
        Kind::Contact => raw.record::<Contact>()?.fields(),
        Kind::Event => raw.record::<Event>()?.fields(),
        Kind::Task => raw.record::<Task>()?.fields(),
        Kind::Message => raw.record::<Message>()?.fields(),
        Kind::User => raw.record::<User>()?.fields(),
    })
}

fn facts(tx: &Transaction<'_>, rights: &Rights, views: &[SavedView], raw: &Raw) -> Res<Facts> {
    let mut facts = Facts::default();
    facts.owner.clone_from(&raw.owner);
    facts.visible = raw.seen_by(rights);
    // Protected or not: what its other end says still comes in, and only the app's own interface refuses.
    facts.editable = raw.may(rights, Action::Edit);
    facts.deletable = raw.may(rights, Action::Delete);
    facts.provenance = raw.provenance;
    facts.more.insert("collection".to_owned(), Value::from(raw.collection.as_str()));
    if raw.kind == Kind::Contact {
        facts.more.extend(crm::facts(tx, raw.id)?);
    }
    if !views.is_empty() {
        let fields = fields(raw)?;
        let shown = views.iter().filter(|view| view.filter.admits(raw, &fields, rights.user.as_deref()));
        facts.views = shown.map(|view| view.name.clone()).collect();
    }
    Ok(facts)
}

#[async_trait]
impl App for Local {
    fn account(&self) -> AccountId {
        self.account_id()
    }

    fn user(&self) -> Option<String> {
        self.user.as_deref().map(str::to_owned)
    }

    async fn facts(&self, kind: Kind, ids: &[ItemId]) -> Result<Vec<Option<Facts>>> {
        self.db.read("local.facts", |tx| {
            let rights = self.rights(tx)?;
            let views = view::of_kind(tx, kind)?;
            let one = |id: &ItemId| match row::named(tx, kind, id)?.filter(|raw| !raw.trashed) {
                Some(raw) => facts(tx, &rights, &views, &raw).map(Some),
                None => Ok(None),
            };
            ids.iter().map(one).collect()
        })
    }

    async fn events(&self, since: Option<&Cursor>) -> Result<(Vec<AppEvent>, Cursor)> {
        self.db.read("local.events", |tx| {
            let bound = cursor::binding(&[&self.db.id]);
            let since = match since {
                Some(cursor) => {
                    let read: Place = cursor::decode(TOKEN, bound, cursor.as_str())?;
                    read.check(tx)?;
                    read.seq
                }
                None => 0,
            };
            let mut rows = tx.prepare_cached("SELECT seq, event FROM app_event WHERE seq > ?1 ORDER BY seq")?;
            let rows = rows.query_map([since], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?)))?;
            let mut events = Vec::new();
            for row in rows {
                let (seq, text) = row?;
                let unreadable = || invalid("a kept merge or conversion cannot be read; it was written by another version");
                events.push(serde_json::from_str(&text).map_err(|e| unreadable().with("event", seq).caused_by(e))?);
            }
            Ok((events, Cursor::from(cursor::encode(TOKEN, bound, &Place::last(tx)?)?)))
        })
    }

    async fn allowed(&self, kind: Kind, action: Action) -> Result<bool> {
        self.db.read("local.allowed", |tx| Ok(self.rights(tx)?.allowed(kind, action)))
    }

    async fn views(&self) -> Result<Vec<View>> {
        self.db.read("local.views", |tx| {
            let mut views = Vec::new();
            for kind in Kind::ALL {
                views.extend(view::of_kind(tx, kind)?.into_iter().map(|view| View { name: view.name, kind }));
            }
            Ok(views)
        })
    }

    async fn protect(&self, kind: Kind, records: &[(ItemId, Access)]) -> Result<()> {
        self.db.write("local.protect", |tx| {
            for (id, access) in records {
                let Some(raw) = row::named(tx, kind, id)? else { continue };
                let sql = match access {
                    Access::Read => "INSERT OR IGNORE INTO protected (item) VALUES (?1)",
                    Access::Write => "DELETE FROM protected WHERE item = ?1",
                };
                tx.prepare_cached(sql)?.execute([raw.id])?;
            }
            Ok(())
        })
    }

    async fn notify(&self, notice: Notice, at: Timestamp) -> Result<()> {
        self.db.write("local.notify", |tx| {
            let user = notice.user.as_deref().or(self.user.as_deref());
            let (kind, item) = notice.item.as_ref().map(|(kind, item)| (kind.plural(), item.as_str())).unzip();
            tx.execute(
                "INSERT INTO notice (user, topic, kind, item, text, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![user, notice.topic, kind, item, notice.text, at.as_microsecond()],
            )?;
            Ok(())
        })
    }
}

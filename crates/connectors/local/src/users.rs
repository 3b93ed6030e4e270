//! The app's own users: roles, teams, what is denied to them.

use crate::{
    blobs::Brought,
    custom::Undefined,
    error::{Res, denied, invalid},
    repo::Items,
    rights::{UserRole, word},
    row::{self, New},
    store::Local,
};
use pimkit_core::{Action, CollectionId, EmailAddress, Kind, Provenance, Record, Result, User};
use rusqlite::{OptionalExtension, Transaction, params};

/// A user of the app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppUser {
    /// The name with which the user signs in.
    pub name: String,
    /// What the user may do.
    pub role: UserRole,
    /// The user's team.
    pub team: Option<String>,
    /// The user's addresses, the primary one first.
    pub emails: Vec<String>,
}

fn admin_only(local: &Local, tx: &Transaction<'_>) -> Res<()> {
    if local.rights(tx)?.is_admin() { Ok(()) } else { Err(denied("only an admin manages users")) }
}

/// Every cursor of a user's view ends here: what they see is named anew.
fn rights_changed(tx: &Transaction<'_>) -> Res<()> {
    tx.execute("UPDATE meta SET value = random() WHERE key = 'rights'", [])?;
    Ok(())
}

fn emails_of(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

impl Local {
    /// Adds a user, or changes the one of that name. The directory's record of a user who is added comes with it.
    ///
    /// # Errors
    /// `PermissionDenied` for users who are not admins, `InvalidData` for an unusable name.
    pub async fn put_user(&self, user: &AppUser) -> Result<()> {
        self.db.write("local.put_user", |tx| {
            admin_only(self, tx)?;
            if user.name.trim().is_empty() || user.name.chars().any(char::is_control) {
                return Err(invalid("a user needs a name of one line").into());
            }
            let there = tx.prepare_cached("SELECT 1 FROM member WHERE name = ?1")?.exists([&user.name])?;
            tx.execute(
                "INSERT OR REPLACE INTO member (name, role, team, emails) VALUES (?1, ?2, ?3, ?4)",
                params![user.name, user.role.word(), user.team, user.emails.join("\n")],
            )?;
            rights_changed(tx)?;
            if there {
                return Ok(());
            }
            let record = User::build(|u| {
                u.login = Some(user.name.clone());
                u.enabled = Some(true);
                u.emails = user.emails.iter().map(|a| EmailAddress { address: a.clone(), ..EmailAddress::default() }).collect();
            });
            let users = CollectionId::from("users");
            let items = Items::<User>::new(self.clone());
            let record =
                items.fitting(tx, &users, &User::default(), record.fields(), &Brought::default(), Undefined::LeaveOut, &mut Vec::new())?;
            let provenance = Provenance::Created;
            row::insert(tx, &New { collection: "users", record: &record, mark: None, owner: None, provenance, now: self.db.now() })?;
            Ok(())
        })
    }

    /// The users, by name.
    ///
    /// # Errors
    /// `Storage` when the disk says no.
    pub async fn app_users(&self) -> Result<Vec<AppUser>> {
        self.db.read("local.users", |tx| {
            let mut rows = tx.prepare_cached("SELECT name, role, team, emails FROM member ORDER BY name")?;
            let rows = rows.query_map([], |r| {
                Ok(AppUser {
                    name: r.get(0)?,
                    role: UserRole::parse(&r.get::<_, String>(1)?).unwrap_or(UserRole::Viewer),
                    team: r.get(2)?,
                    emails: emails_of(&r.get::<_, String>(3)?),
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Takes a right from a user, or gives it back.
    ///
    /// # Errors
    /// `PermissionDenied` for users who are not admins.
    pub async fn deny(&self, user: &str, kind: Kind, action: Action, denied: bool) -> Result<()> {
        self.db.write("local.deny", |tx| {
            admin_only(self, tx)?;
            let text = if denied {
                "INSERT OR IGNORE INTO denied (user, kind, action) VALUES (?1, ?2, ?3)"
            } else {
                "DELETE FROM denied WHERE user = ?1 AND kind = ?2 AND action = ?3"
            };
            tx.execute(text, params![user, kind.plural(), word(action)])?;
            rights_changed(tx)
        })
    }

    /// The acting user's addresses.
    pub(crate) fn addresses(&self) -> Result<Vec<String>> {
        let Some(user) = &self.user else { return Ok(Vec::new()) };
        self.db.read("local.account", |tx| {
            let emails: Option<String> = tx.query_row("SELECT emails FROM member WHERE name = ?1", [&**user], |r| r.get(0)).optional()?;
            Ok(emails.as_deref().map(emails_of).unwrap_or_default())
        })
    }
}

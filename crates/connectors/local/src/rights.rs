//! Who may see, change and delete what.

use crate::error::{Res, invalid};
use pimkit_core::{Action, Kind};
use rusqlite::{OptionalExtension, Transaction};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a user of the app is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserRole {
    /// Sees own records and those of the team; changes nothing.
    Viewer,
    /// Sees own records and those of the team; changes own ones.
    #[default]
    Member,
    /// Sees and changes own records and those of the team.
    Manager,
    /// Sees and changes everything.
    Admin,
}

impl UserRole {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Viewer, Self::Member, Self::Manager, Self::Admin].into_iter().find(|role| role.word() == word)
    }
}

pub(crate) fn word(action: Action) -> &'static str {
    match action {
        Action::View => "view",
        Action::Create => "create",
        Action::Edit => "edit",
        Action::Delete => "delete",
    }
}

/// What the acting user may do, read once per transaction.
#[derive(Debug)]
pub(crate) struct Rights {
    pub(crate) user: Option<String>,
    role: UserRole,
    mates: BTreeSet<String>,
    denied: BTreeSet<(String, String)>,
    /// Grows whenever anybody's rights change: cursors of a user's view are bound to it.
    pub(crate) epoch: i64,
}

impl Rights {
    pub(crate) fn load(tx: &Transaction<'_>, user: Option<&str>) -> Res<Self> {
        let Some(user) = user else {
            return Ok(Self { user: None, role: UserRole::Admin, mates: BTreeSet::new(), denied: BTreeSet::new(), epoch: 0 });
        };
        let member: Option<(String, Option<String>)> = tx
            .prepare_cached("SELECT role, team FROM member WHERE name = ?1")?
            .query_row([user], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?;
        let Some((role, team)) = member else { return Err(invalid("the acting user is no longer in the app store").into()) };
        let role = UserRole::parse(&role).ok_or_else(|| invalid("a user's role is unknown; it was written by another version"))?;
        let mut mates = tx.prepare_cached("SELECT name FROM member WHERE team = ?1")?;
        let mates = mates.query_map([team], |r| r.get(0))?.collect::<rusqlite::Result<_>>()?;
        let mut denied = tx.prepare_cached("SELECT kind, action FROM denied WHERE user = ?1")?;
        let denied = denied.query_map([user], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        let epoch = tx.prepare_cached("SELECT value FROM meta WHERE key = 'rights'")?.query_row([], |r| r.get(0))?;
        Ok(Self { user: Some(user.to_owned()), role, mates, denied, epoch })
    }

    /// Whether the user administers the app.
    pub(crate) fn is_admin(&self) -> bool {
        self.role == UserRole::Admin
    }

    fn owns(&self, owner: Option<&str>) -> bool {
        // What nobody owns is everybody's.
        owner.is_none() || self.user.as_deref() == owner
    }

    fn in_team(&self, owner: Option<&str>) -> bool {
        owner.is_some_and(|owner| self.mates.contains(owner))
    }

    /// Whether the user may do this with records of this kind at all.
    pub(crate) fn allowed(&self, kind: Kind, action: Action) -> bool {
        if self.denied.contains(&(kind.plural().to_owned(), word(action).to_owned())) {
            return false;
        }
        match (kind, action) {
            (_, Action::View) => true,
            // Logged mail stays as it was logged.
            (Kind::Message, Action::Edit | Action::Delete) => false,
            (Kind::User, _) => self.role == UserRole::Admin,
            _ => self.role != UserRole::Viewer,
        }
    }

    pub(crate) fn sees(&self, kind: Kind, owner: Option<&str>) -> bool {
        self.allowed(kind, Action::View) && (kind == Kind::User || self.role == UserRole::Admin || self.owns(owner) || self.in_team(owner))
    }

    pub(crate) fn may(&self, kind: Kind, action: Action, owner: Option<&str>) -> bool {
        self.sees(kind, owner)
            && self.allowed(kind, action)
            && match self.role {
                UserRole::Admin => true,
                UserRole::Manager => self.owns(owner) || self.in_team(owner),
                UserRole::Member => self.owns(owner),
                UserRole::Viewer => action == Action::View,
            }
    }
}

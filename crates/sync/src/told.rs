//! What the app and its users are told of what came in: notices, and which records may only be looked at.
//!
//! Both lie with the sync until they were told, in the commit of what they are about: they go out at
//! least once, whatever is cut off. The attendees of a meeting are never told anything.

use crate::{
    apply::Task,
    policy::{Invited, Notices, Recurrence},
    run::Run,
    step::Action,
    terms::{is_made, is_series},
};
use pimkit_core::{Access, ItemId, Kind, LinkRole, LinkRow, LinkState, Notice, Record, Result, Side, StateChange};

impl<R: Record> Run<R> {
    /// Notes what is to be told of a step that was done. It is written down with the step.
    pub(crate) async fn note_told(&mut self, task: &Task<R>) -> Result<()> {
        if self.setup.app.is_none() {
            return Ok(());
        }
        self.note_notice(task);
        self.note_protection(task).await
    }

    fn note_notice(&mut self, task: &Task<R>) {
        let Some(wrote) = task.done.get(&Side::Left) else { return };
        // What was taken back has come in once before.
        if self.undoes.is_some() {
            return;
        }
        let notices = self.setup.policy.notices;
        let (word, says) = match task.step.action {
            Action::Create(Side::Left) if notices != Notices::None && !task.step.is_copy() => ("created", "came in"),
            Action::Update if notices == Notices::All => ("updated", "was changed there"),
            _ => return,
        };
        if self.first {
            // One notice for all of them, at the end.
            self.standing.came_first += 1;
        } else {
            let kind = R::KIND.plural().trim_end_matches('s');
            let text = format!("one of the {} of {} {says}", R::KIND.plural(), self.setup.right_name);
            let item = Some((R::KIND, wrote.item.clone()));
            self.standing.notices.push(Notice { user: self.user(), topic: format!("{kind}.{word}"), item, text });
        }
        self.untold = true;
    }

    fn user(&self) -> Option<String> {
        self.setup.app.as_ref().and_then(|app| app.user())
    }

    /// The one notice of what the first run brought.
    pub(crate) fn note_first(&mut self) {
        let count = std::mem::take(&mut self.standing.came_first);
        if count == 0 {
            return;
        }
        let text = format!("{count} {} of {} came in with the first run", R::KIND.plural(), self.setup.right_name);
        self.standing.notices.push(Notice { user: self.user(), topic: "sync.first".to_owned(), item: None, text });
        self.untold = true;
    }

    /// Notes that a hub record may only be looked at, or be changed again.
    pub(crate) fn protect(&mut self, item: ItemId, access: Access) {
        if self.setup.app.is_some() && self.setup.policy.invited == Invited::Read {
            self.say(item, access);
        }
    }

    fn say(&mut self, item: ItemId, access: Access) {
        self.standing.protect.insert(item, access);
        self.untold = true;
    }

    /// Notes that a series that was made outside of the app is only looked at there, from when it comes in or becomes one;
    /// answers whether it is one.
    fn note_series(&mut self, task: &Task<R>, link: &LinkRow, item: &ItemId) -> Result<bool> {
        if self.setup.policy.recurrence != Recurrence::Ignore || link.origin != Side::Right || is_made(link) {
            return Ok(false);
        }
        let now = match (task.done.get(&Side::Left), task.row(Side::Left)) {
            (Some(wrote), _) => is_series(wrote.fields()),
            (None, Some(row)) => is_series(&self.fields_of(row)?),
            (None, None) => return Ok(false),
        };
        let before = task.base.as_ref().is_some_and(|base| is_series(&base.hub));
        match (before, now) {
            (false, true) => self.say(item.clone(), Access::Read),
            (true, false) if link.role == LinkRole::Owner => self.say(item.clone(), Access::Write),
            _ => {}
        }
        Ok(now)
    }

    async fn note_protection(&mut self, task: &Task<R>) -> Result<()> {
        if R::KIND != Kind::Event {
            return Ok(());
        }
        let Some(link) = &task.link else { return Ok(()) };
        if matches!(task.step.action, Action::Delete(_) | Action::Suppress(_) | Action::Forget) {
            return Ok(());
        }
        let Some(item) = task.done.get(&Side::Left).map(|wrote| wrote.item.clone()).or_else(|| link.hub_item.clone()) else {
            return Ok(());
        };
        if self.note_series(task, link, &item)? || self.setup.policy.invited != Invited::Read {
            return Ok(());
        }
        match link.role {
            LinkRole::Copy => {
                let access = if self.has_others(&item, LinkRole::Owner).await? { Access::Write } else { Access::Read };
                self.protect(item, access);
            }
            // The organiser's own calendar came to a record that was known from attendees' copies.
            LinkRole::Owner if link.state == LinkState::Pending && !is_made(link) && self.has_others(&item, LinkRole::Copy).await? => {
                self.protect(item, Access::Write);
            }
            LinkRole::Owner => {}
        }
        Ok(())
    }

    /// Whether the hub record has such an item in another mailbox, which nobody made from it.
    async fn has_others(&self, item: &ItemId, role: LinkRole) -> Result<bool> {
        let others = self.links_elsewhere(item).await?;
        Ok(others.iter().any(|other| other.role == role && !is_made(other)))
    }

    /// Tells what is still to be told.
    pub(crate) async fn tell(&mut self) -> Result<()> {
        if self.standing.notices.is_empty() && self.standing.protect.is_empty() {
            return Ok(());
        }
        if let Some(app) = self.setup.app.clone() {
            let protect: Vec<(ItemId, Access)> = self.standing.protect.clone().into_iter().collect();
            if !protect.is_empty() {
                app.protect(R::KIND, &protect).await?;
            }
            for notice in self.standing.notices.clone() {
                app.notify(notice, self.now()).await?;
            }
        }
        self.standing.notices.clear();
        self.standing.protect.clear();
        self.untold = false;
        let row: StateChange = self.standing_row();
        self.commit(vec![row]).await
    }
}

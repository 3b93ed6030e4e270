//! Where mails go: all into the outbox, and those to users of this server into their calendars too (RFC 6638 section 4).

use super::{Kind, World};
use crate::content::{self, Component, Line};
use crate::outbox::{Mail, MailMethod};
use crate::path;

impl World {
    /// Sends `mails` about `object`.
    pub(crate) fn deliver(&mut self, mails: Vec<Mail>, object: &Component) {
        for mail in &mails {
            let local = self.users.iter().map(|user| user.name.clone()).find(|name| Self::address(name).to_lowercase() == mail.to);
            if let Some(user) = local {
                self.receive(&user, mail, object);
            }
        }
        self.outbox.extend(mails);
    }

    fn receive(&mut self, user: &str, mail: &Mail, object: &Component) {
        if let Some(inbox) = self.first(user, Kind::Inbox) {
            let name = format!("{}.ics", self.mint());
            let mut message = object.clone();
            let method = match mail.method {
                MailMethod::Request => "REQUEST",
                MailMethod::Cancel => "CANCEL",
                MailMethod::Reply => "REPLY",
            };
            message.lines.push(Line::plain("METHOD", method));
            self.store(&inbox, &name, content::write(&message), Some(mail.uid.clone()), false);
        }
        let found = self.copy(user, &mail.uid);
        match (mail.method, found) {
            (MailMethod::Request, found) => {
                let place = found.or_else(|| Some((self.first(user, Kind::Calendar)?, format!("{}.ics", self.mint()))));
                if let Some((collection, name)) = place {
                    self.store(&collection, &name, content::write(object), Some(mail.uid.clone()), false);
                }
            }
            (MailMethod::Cancel, Some((collection, name))) => {
                self.edit(&collection, &name, false, |child| {
                    child.lines.retain(|line| line.name != "STATUS");
                    child.lines.push(Line::plain("STATUS", "CANCELLED"));
                });
            }
            (MailMethod::Reply, Some((collection, name))) => {
                let (from, answer) = (mail.from.clone(), mail.answer.clone().unwrap_or_default());
                // Answers of others change the tag of the bytes, not that of scheduling (RFC 6638 section 3.2.10).
                let mild = !self.personality.scheduling.tag_on_partstat;
                self.edit(&collection, &name, mild, |child| answered(child, &from, &answer));
            }
            (MailMethod::Cancel | MailMethod::Reply, None) => {}
        }
    }

    /// The first writable collection of a user and kind, as the personality orders its own.
    fn first(&self, user: &str, kind: Kind) -> Option<String> {
        let layout = &self.personality.layout;
        let home = Self::path_of(layout.calendar_homes.first()?, user);
        let preset = layout.calendars.iter().map(|calendar| format!("{home}{}/", calendar.slug));
        let mine = |path: &String| {
            self.tree.collections.get(path).is_some_and(|c| c.kind == kind && c.owner.as_deref() == Some(user) && !c.read_only)
        };
        preset.chain(self.tree.collections.keys().cloned()).find(mine)
    }

    fn copy(&self, user: &str, uid: &str) -> Option<(String, String)> {
        let mine = self.tree.collections.iter().filter(|(_, c)| c.kind == Kind::Calendar && c.owner.as_deref() == Some(user));
        mine.flat_map(|(path, c)| c.items.iter().map(move |(name, item)| (path, name, item)))
            .find(|(_, _, item)| item.uid.as_deref() == Some(uid))
            .map(|(path, name, _)| (path::folder(path), name.clone()))
    }

    fn edit(&mut self, collection: &str, name: &str, mild: bool, change: impl Fn(&mut Component)) {
        let Some(item) = self.tree.collections.get(collection).and_then(|c| c.items.get(name)).cloned() else { return };
        let Some(mut root) = content::parse(&item.body).ok().and_then(|roots| roots.into_iter().next()) else { return };
        root.children.iter_mut().filter(|child| child.name != "VTIMEZONE").for_each(change);
        self.store(collection, name, content::write(&root), item.uid, mild);
    }
}

fn answered(child: &mut Component, from: &str, answer: &str) {
    for line in child.lines.iter_mut().filter(|line| line.name == "ATTENDEE" && line.value.to_lowercase().ends_with(from)) {
        let params: String = line
            .params
            .iter()
            .filter(|(name, _)| name != "PARTSTAT" && name != "SCHEDULE-STATUS")
            .map(|(name, value)| if value.contains([':', ';', ',']) { format!(";{name}=\"{value}\"") } else { format!(";{name}={value}") })
            .collect();
        if let Some(changed) = Line::of(&format!("ATTENDEE{params};PARTSTAT={answer};SCHEDULE-STATUS=2.0:{}", line.value)) {
            *line = changed;
        }
    }
}

//! Which permission a request needs: the least that its page of the
//! [Graph reference](https://learn.microsoft.com/graph/api/overview) names under "Permissions".
//!
//! Graph's own refusal does not say it: a token without the permission, a mailbox that its owner did not share and a policy that keeps
//! an app out are one 403 with one code.

use std::borrow::Cow;

/// The permissions of one sort of request, by their names in the
/// [permissions reference](https://learn.microsoft.com/graph/permissions-reference).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Permission {
    /// Of whoever signed in, on what is theirs.
    pub(crate) delegated: &'static str,
    /// Of whoever signed in, on what somebody else shares; where there is none, nobody may.
    shared: Option<&'static str>,
    /// Of an app that acts in its own name.
    application: &'static str,
}

struct Row {
    /// The first segment below a mailbox, in small letters.
    below: &'static [&'static str],
    reads: Permission,
    writes: Permission,
}

const fn permission(delegated: &'static str, shared: Option<&'static str>, application: &'static str) -> Permission {
    Permission { delegated, shared, application }
}

static MAILBOX: [Row; 5] = [
    Row {
        below: &["contacts", "contactfolders"],
        reads: permission("Contacts.Read", Some("Contacts.Read.Shared"), "Contacts.Read"),
        writes: permission("Contacts.ReadWrite", Some("Contacts.ReadWrite.Shared"), "Contacts.ReadWrite"),
    },
    Row {
        below: &["calendar", "calendars", "calendargroups", "calendarview", "events"],
        reads: permission("Calendars.Read", Some("Calendars.Read.Shared"), "Calendars.Read"),
        writes: permission("Calendars.ReadWrite", Some("Calendars.ReadWrite.Shared"), "Calendars.ReadWrite"),
    },
    Row {
        below: &["todo"],
        reads: permission("Tasks.Read", Some("Tasks.Read.Shared"), "Tasks.Read.All"),
        writes: permission("Tasks.ReadWrite", Some("Tasks.ReadWrite.Shared"), "Tasks.ReadWrite.All"),
    },
    Row {
        below: &["mailfolders", "messages"],
        reads: permission("Mail.Read", Some("Mail.Read.Shared"), "Mail.Read"),
        writes: permission("Mail.ReadWrite", Some("Mail.ReadWrite.Shared"), "Mail.ReadWrite"),
    },
    Row {
        below: &["outlook", "mailboxsettings"],
        reads: permission("MailboxSettings.Read", None, "MailboxSettings.Read"),
        writes: permission("MailboxSettings.ReadWrite", None, "MailboxSettings.ReadWrite"),
    },
];

static OWN_USER: Permission = permission("User.Read", Some("User.ReadBasic.All"), "User.Read.All");
static USERS: Permission = permission("User.ReadBasic.All", Some("User.ReadBasic.All"), "User.Read.All");
static ABOUT_USERS: Permission = permission("User.Read.All", Some("User.Read.All"), "User.Read.All");
static GROUPS: Permission = permission("GroupMember.Read.All", Some("GroupMember.Read.All"), "GroupMember.Read.All");

/// What a request needs, and whether the path is somebody's by name and not the signed-in user's (`me`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Needs {
    pub(crate) permission: &'static Permission,
    named: bool,
}

/// What a request of this method, with this path below the version's root, needs; none where that depends on what is in it
/// (`$batch`, `subscriptions`).
pub(crate) fn needs(method: &str, path: &str) -> Option<Needs> {
    let path = path.split('?').next().unwrap_or_default();
    let mut segments = path.split('/').filter(|segment| !segment.is_empty()).map(str::to_ascii_lowercase);
    let first = segments.next()?;
    let is_read = method == "GET";
    let (named, below) = match first.as_str() {
        "me" => (false, segments.next()),
        "users" => match segments.next() {
            Some(name) if name != "delta" => (true, segments.next()),
            _ => return Some(Needs { permission: &USERS, named: true }),
        },
        "groups" => return Some(Needs { permission: &GROUPS, named: true }),
        // `users('$name')`.
        _ if first.starts_with("users(") => (true, segments.next()),
        _ => return None,
    };
    let permission = match below.as_deref() {
        None => &OWN_USER,
        Some("photo" | "photos" | "manager" | "directreports" | "memberof") => &ABOUT_USERS,
        Some(below) => {
            let row = MAILBOX.iter().find(|row| row.below.contains(&below))?;
            if is_read { &row.reads } else { &row.writes }
        }
    };
    Some(Needs { permission, named })
}

impl Needs {
    /// The permission's name, as it is consented to.
    pub(crate) fn name(self) -> &'static str {
        let Permission { delegated, shared, application } = *self.permission;
        if self.named { shared.unwrap_or(application) } else { delegated }
    }

    /// What is refused and what to do, in one line.
    pub(crate) fn says(self) -> Cow<'static, str> {
        let Permission { delegated, shared, application } = *self.permission;
        let lacks = match (self.named, shared) {
            (false, _) => format!("this needs the permission {delegated}"),
            (true, Some(shared)) => format!("this needs the permission {shared}, or {application} of an app in its own name"),
            (true, None) => format!("this needs the permission {application} of an app in its own name: of others nobody may"),
        };
        let then = if self.named { "ask the owner to share it, or the administrator" } else { "ask the administrator" };
        Cow::Owned(format!("{lacks}; sign in again and consent to it, and if that was done, {then}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_says_the_least_permission_that_it_needs() {
        for (method, path, name, application) in [
            ("GET", "me/contacts/delta?$select=id", "Contacts.Read", "Contacts.Read"),
            ("PATCH", "me/contacts/AAA%3D", "Contacts.ReadWrite", "Contacts.ReadWrite"),
            ("PUT", "users/ada%40example.org/contacts/AAA/photo/$value", "Contacts.ReadWrite.Shared", "Contacts.ReadWrite"),
            ("GET", "users/ada%40example.org/contactFolders", "Contacts.Read.Shared", "Contacts.Read"),
            ("GET", "me/calendars/c/events/delta", "Calendars.Read", "Calendars.Read"),
            ("GET", "me/calendarGroups", "Calendars.Read", "Calendars.Read"),
            ("DELETE", "me/events/e", "Calendars.ReadWrite", "Calendars.ReadWrite"),
            ("POST", "users('$ada')/events/e/attachments/createUploadSession", "Calendars.ReadWrite.Shared", "Calendars.ReadWrite"),
            ("GET", "me/todo/lists/l/tasks/delta", "Tasks.Read", "Tasks.Read.All"),
            ("PATCH", "me/todo/lists/l/tasks/t", "Tasks.ReadWrite", "Tasks.ReadWrite.All"),
            ("GET", "me/mailFolders/inbox/messages/delta", "Mail.Read", "Mail.Read"),
            ("GET", "users/ada/messages/m/$value", "Mail.Read.Shared", "Mail.Read"),
            ("GET", "me/mailboxSettings?$select=timeZone", "MailboxSettings.Read", "MailboxSettings.Read"),
            ("POST", "me/outlook/masterCategories", "MailboxSettings.ReadWrite", "MailboxSettings.ReadWrite"),
            ("POST", "users/ada/outlook/masterCategories", "MailboxSettings.ReadWrite", "MailboxSettings.ReadWrite"),
            ("GET", "me?$select=mail", "User.Read", "User.Read.All"),
            ("GET", "users/delta?$select=id", "User.ReadBasic.All", "User.Read.All"),
            ("GET", "users?$top=9", "User.ReadBasic.All", "User.Read.All"),
            ("GET", "users/7?$select=id", "User.ReadBasic.All", "User.Read.All"),
            ("GET", "users/7/photo/$value", "User.Read.All", "User.Read.All"),
            ("GET", "groups/9/transitiveMembers", "GroupMember.Read.All", "GroupMember.Read.All"),
        ] {
            let needs = needs(method, path).unwrap();
            assert_eq!((needs.name(), needs.permission.application), (name, application), "{method} {path}");
            assert!(needs.says().contains(name) && needs.says().contains("; "), "{}", needs.says());
        }
        for path in ["$batch", "subscriptions", "", "me/translateExchangeIds"] {
            assert_eq!(needs("POST", path), None, "{path}");
        }
    }
}

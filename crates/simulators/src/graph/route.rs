//! From a path to what answers it.

use crate::graph::answer::{Answer, Result, no_such_method, no_such_path, refuse};
use crate::graph::ask::Ask;
use crate::graph::throttle::Lane;
use crate::graph::world::{Call, Grant, World, troubled};
use crate::graph::{calendars, categories, contacts, events, mail, people, push, settings, todo};

/// Whose mailbox a path is in: its key, and the segments behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A user's, with so many segments before it.
    Mailbox(String, usize),
    /// None: the directory, subscriptions.
    Tenant,
}

/// Whose mailbox a request is about.
///
/// # Errors
/// 400 for `/me` under an application's token, 404 for users that are not there.
pub(crate) fn place(world: &World, ask: &Ask, grant: &Grant) -> Result<Place> {
    let lower: Vec<String> = ask.path.iter().map(|segment| segment.to_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    match lower.as_slice() {
        ["me", rest @ ..] => match &grant.user {
            Some(_) if rest.first().is_none_or(|resource| DIRECTORY.contains(resource)) => Ok(Place::Tenant),
            Some(user) => Ok(Place::Mailbox(user.clone(), 1)),
            None => refuse(400, "BadRequest", "/me request is only valid with delegated authentication flow."),
        },
        ["users", name, resource, ..] if *name != "delta" && !DIRECTORY.contains(resource) => match world.user_named(name) {
            Some(user) => Ok(Place::Mailbox(user, 2)),
            None => refuse(404, "ErrorInvalidUser", format!("The requested user '{name}' is invalid.")),
        },
        _ => Ok(Place::Tenant),
    }
}

/// What of a user lies in the directory and not in the mailbox.
const DIRECTORY: &[&str] = &["manager", "photo", "photos", "directreports", "memberof", "$count"];

/// The lane in which a request is counted.
pub(crate) fn lane(world: &World, ask: &Ask, grant: &Grant) -> Option<Lane> {
    match place(world, ask, grant) {
        Ok(Place::Mailbox(owner, _)) => Some((grant.app.clone(), owner)),
        _ => None,
    }
}

/// The answer to one request that is not a batch.
///
/// # Errors
/// What the service refuses it with.
pub(crate) fn answer(world: &mut World, ask: &Ask, grant: &Grant) -> Result {
    let now = world.now();
    let (owner, skip) = match place(world, ask, grant)? {
        Place::Mailbox(owner, skip) => (owner, skip),
        Place::Tenant => return tenant(world, ask, grant),
    };
    let segments: Vec<&str> = ask.path.iter().skip(skip).map(String::as_str).collect();
    allowed(world, ask, grant, &owner, segments.first().copied().unwrap_or_default())?;
    let write = ask.method != "GET";
    let mailbox = world.store.mailboxes.get(&owner);
    if let Some(refusal) = mailbox.and_then(|mailbox| mailbox.trouble).and_then(|trouble| troubled(trouble, write)) {
        return Err(refusal);
    }
    let guest = grant.user.as_ref().is_some_and(|user| *user != owner);
    let mut call = Call { world, ask, owner, guest, now };
    let [first, rest @ ..] = segments.as_slice() else { return Err(no_such_path("me")) };
    match first.to_lowercase().as_str() {
        "contacts" => contacts::contacts(&mut call, None, rest),
        "contactfolders" => contacts::folders(&mut call, rest),
        "calendar" => {
            let calendar = call.mailbox()?.known("calendar");
            calendars::one(&mut call, calendar, rest)
        }
        "calendars" => calendars::calendars(&mut call, None, rest),
        "calendargroups" => calendars::groups(&mut call, rest),
        "events" => {
            let calendar = call.mailbox()?.known("calendar");
            events::events(&mut call, calendar, true, rest)
        }
        "calendarview" => {
            let calendar = call.mailbox()?.known("calendar");
            let below: Vec<&str> = std::iter::once("calendarView").chain(rest.iter().copied()).collect();
            calendars::one(&mut call, calendar, &below)
        }
        "outlook" => match rest {
            [name, rest @ ..] if name.eq_ignore_ascii_case("masterCategories") => categories::categories(&mut call, rest),
            [name] => settings::functions(&call, name),
            _ => Err(no_such_path(rest.first().copied().unwrap_or_default())),
        },
        "todo" => match rest {
            [name, rest @ ..] if name.eq_ignore_ascii_case("lists") => todo::lists(&mut call, rest),
            _ => Err(no_such_path(rest.first().copied().unwrap_or_default())),
        },
        "mailfolders" => {
            let root = call.mailbox()?.known("msgfolderroot");
            mail::folders(&mut call, root, rest)
        }
        "messages" => mail::messages(&mut call, None, rest),
        "mailboxsettings" => settings::settings(&mut call, rest),
        "translateexchangeids" if rest.is_empty() && ask.method == "POST" => settings::translate(&call),
        _ => Err(no_such_path(first)),
    }
}

/// With what more of users is told than who they are: their managers among it
/// (<https://learn.microsoft.com/graph/api/user-list-manager>).
const WHOLE: &[&str] = &["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];

fn tenant(world: &mut World, ask: &Ask, grant: &Grant) -> Result {
    let path: Vec<&str> = ask.path.iter().map(String::as_str).collect();
    let [first, rest @ ..] = path.as_slice() else {
        return if ask.method == "GET" { Ok(Answer::empty(200)) } else { Err(no_such_method()) };
    };
    match first.to_lowercase().as_str() {
        "me" => {
            let user = grant.user.clone().unwrap_or_default();
            people::one(world, ask, &user, rest)
        }
        "users" => {
            consented(grant, "User", "All", false)?;
            let basic = |scopes: &Vec<String>| !scopes.iter().any(|scope| WHOLE.contains(&scope.as_str()));
            let expands = ask.option("expand").is_some_and(|expand| expand.to_lowercase().contains("manager"));
            let asks = expands || rest.iter().any(|segment| segment.eq_ignore_ascii_case("manager"));
            if asks && grant.scopes.as_ref().is_some_and(basic) {
                return refuse(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.");
            }
            people::users(world, ask, rest)
        }
        "groups" => {
            consented(grant, "Group", "All", false).or_else(|_| consented(grant, "GroupMember", "All", false))?;
            people::groups(world, ask, rest)
        }
        "subscriptions" => push::subscriptions(world, ask, grant, rest),
        _ => Err(no_such_path(first)),
    }
}

/// Whether a token lets its bearer at a resource of a mailbox.
fn allowed(world: &World, ask: &Ask, grant: &Grant, owner: &str, resource: &str) -> Result<()> {
    let denied = || refuse(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.");
    let guest = grant.user.as_ref().filter(|user| *user != owner);
    if let Some(user) = guest {
        let shared = world.store.mailboxes.get(owner).is_some_and(|mailbox| mailbox.shared_with.contains(user));
        if !shared {
            return denied();
        }
    }
    let family = match resource.to_lowercase().as_str() {
        "contacts" | "contactfolders" => "Contacts",
        "calendar" | "calendars" | "calendargroups" | "events" | "calendarview" => "Calendars",
        "todo" => "Tasks",
        "messages" | "mailfolders" => "Mail",
        "outlook" | "mailboxsettings" => "MailboxSettings",
        _ => return Ok(()),
    };
    // Of mailbox settings there is no permission for what others share.
    let shared = guest.is_some() && family != "MailboxSettings";
    consented(grant, family, if shared { "Shared" } else { "" }, ask.method != "GET")
}

/// Whether a permission of a family was consented to: for what is somebody else's (`Shared`), for everybody's (`All`), or for one's
/// own, which those beyond it include (<https://learn.microsoft.com/graph/permissions-reference>).
fn consented(grant: &Grant, family: &str, beyond: &str, write: bool) -> Result<()> {
    let Some(scopes) = &grant.scopes else { return Ok(()) };
    let wanted = |scope: &String| {
        let mut words = scope.split('.');
        let (of, what, reach) = (words.next(), words.next().unwrap_or_default(), words.next().unwrap_or_default());
        of == Some(family)
            && (what.starts_with("ReadWrite") || !write && what.starts_with("Read"))
            && (beyond.is_empty() || reach.eq_ignore_ascii_case(beyond))
    };
    if scopes.iter().any(wanted) {
        return Ok(());
    }
    refuse(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
}

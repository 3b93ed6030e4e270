//! Named sets of policies: what people know from the products that they come from.

use super::{
    Caps, Condition, Conflicts, Container, Deletes, Duplicates, Enabling, Folders, Granularity, Imported, Invited, Loser, ManagedCategory,
    MatchKey, Notices, Order, Policy, Recurrence, Removed, Renamed, Scope, Teardown, limits::ByKind,
};
use pimkit_core::{Error, ErrorKind, Kind, Result};

/// The names of all profiles.
pub const PROFILES: &[&str] = &["sell", "zoho-office365", "zoho-google", "sage"];

impl Policy {
    /// A named set of policies.
    ///
    /// | name | as in |
    /// |---|---|
    /// | `sell` | a sales CRM that tags contacts in place: seven managed categories, deletes ignored, newest value wins and the loser is kept in a field |
    /// | `zoho-office365` | a CRM with a calendar and a contact folder of its own in the mailbox: own records only, no imported ones, capped first run |
    /// | `zoho-google` | a CRM list view kept with a contact group: one side overwrites whole contacts, matched by e-mail |
    /// | `sage` | a CRM that shows the mailbox's events: invited and foreign series are only looked at, notices of new ones |
    ///
    /// # Errors
    /// `Config` when there is no profile of this name; the message names those that there are.
    pub fn profile(name: &str) -> Result<Self> {
        let policy = match name {
            "sell" => sell(),
            "zoho-office365" => zoho_office365(),
            "zoho-google" => zoho_google(),
            "sage" => sage(),
            _ => {
                return Err(Error::new(ErrorKind::Config, format!("there is no profile \"{name}\"; there are: {}", PROFILES.join(", "))));
            }
        };
        Ok(policy)
    }
}

/// The seven categories. "Current customer" takes a won deal and the status: translations of the same page disagree about
/// the words, so a host that means it otherwise gives conditions of its own.
fn sell_categories() -> Vec<ManagedCategory> {
    let contact = || Condition::is_not("collection", &["leads"]);
    let lead = Condition::is("collection", &["leads"]);
    vec![
        ManagedCategory::new("Base Person", vec![contact(), Condition::is_not("field:kind", &["org"])]),
        ManagedCategory::new("Base Company", vec![contact(), Condition::is("field:kind", &["org"])]),
        ManagedCategory::new("Base Current Prospect", vec![contact(), Condition::at_least("deals.active", 1)]),
        ManagedCategory::new("Base Lost Prospect", vec![contact(), Condition::at_least("deals.lost", 1).or("deals.unqualified")]),
        ManagedCategory::new(
            "Base Current Customer",
            vec![contact(), Condition::at_least("deals.won", 1), Condition::is("customer_status", &["current"])],
        ),
        ManagedCategory::new("Base Past Customer", vec![contact(), Condition::is("customer_status", &["past"])]),
        ManagedCategory::new("Base Lead", vec![lead]),
    ]
    .into_iter()
    .map(|category| category.of(&[Kind::Contact]))
    .collect()
}

fn sell() -> Policy {
    Policy {
        deletes: Deletes::Ignore,
        conflicts: Conflicts::Newest,
        loser: Loser::Field,
        scope: Scope::Visible,
        folders: Folders::Private,
        container: Container::Tag,
        categories: sell_categories(),
        renamed: Renamed::Restore,
        duplicates: Duplicates::Import,
        ..Policy::default()
    }
}

fn zoho_office365() -> Policy {
    let first = |most| Caps { initial_right: Some(most), order: Order::FutureFirst, ..Caps::default() };
    Policy {
        scope: Scope::Owned,
        imported: Imported::ExcludeUntilChanged,
        container: Container::Dedicated,
        container_name: ByKind::every("Zoho CRM".to_owned()).with(Kind::Contact, "Zoho CRM Contacts".to_owned()),
        removed: Removed::Disable,
        teardown: Teardown::DeleteContainer,
        caps: ByKind::default().with(Kind::Event, first(5_000)).with(Kind::Contact, first(10_000)),
        ..Policy::default()
    }
}

fn zoho_google() -> Policy {
    let caps =
        Caps { initial_left: Some(10_000), initial_right: Some(10_000), run_left: Some(500), run_right: Some(500), order: Order::Plan };
    Policy {
        conflicts: Conflicts::Left,
        granularity: Granularity::Record,
        scope: Scope::Visible,
        enabling: Enabling::Rights,
        caps: ByKind::default().with(Kind::Contact, caps),
        matches: vec![MatchKey::LabelledEmail { left: "primary".to_owned(), right: "work".to_owned() }],
        ..Policy::default()
    }
}

fn sage() -> Policy {
    Policy {
        recurrence: Recurrence::Ignore,
        invited: Invited::Read,
        notices: Notices::Created,
        teardown: Teardown::Leave,
        ..Policy::default()
    }
}

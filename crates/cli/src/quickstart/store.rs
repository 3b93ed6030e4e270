//! Records of the app's own: some that the folders do not have, and one that they have too.

use crate::{failure::Result, reading};
use pimkit::{
    Connector, Contact, ContactKind, EmailAddress, Event, Mark, Name, Organization, Outcome, Phone, Record, Task, When, Write, WriteOptions,
};
use std::collections::BTreeSet;

/// The collection of the app store that holds companies.
const COMPANIES: &str = "companies";

fn email(address: &str) -> EmailAddress {
    EmailAddress { address: address.to_owned(), contexts: BTreeSet::from(["work".to_owned()]), ..EmailAddress::default() }
}

fn contacts() -> Vec<Contact> {
    vec![
        Contact::build(|c| {
            c.name = Name { given: Some("Mateusz".into()), surname: Some("Zielinski".into()), ..Name::default() };
            c.emails.push(email("mateusz@zielinski-bau.example"));
            c.phones.push(Phone { number: "+48 22 123 45 67".into(), ..Phone::default() });
            c.notes.push("Asked for an offer in March.".into());
        }),
        Contact::build(|c| {
            c.name = Name { given: Some("Aiko".into()), surname: Some("Tanaka".into()), ..Name::default() };
            c.emails.push(email("aiko.tanaka@example.jp"));
            c.keywords.insert("Customers".into());
        }),
        // The folder has him too: by the same address and name the two become one.
        Contact::build(|c| {
            c.name = Name { given: Some("Harald".into()), surname: Some("Vik".into()), ..Name::default() };
            c.emails.push(email("harald.vik@fjord-survey.example"));
            c.notes.push("Contract runs until the end of the year.".into());
        }),
        Contact::build(|c| {
            c.kind = ContactKind::Org;
            c.name.full = Some("Zielinski Bau".into());
            c.organizations.push(Organization { name: Some("Zielinski Bau".into()), units: Vec::new() });
        }),
    ]
}

fn events() -> Vec<Event> {
    let at = |day, hour| jiff::civil::date(2024, 4, day).at(hour, 0, 0, 0);
    vec![Event::build(|e| {
        e.title = Some("Site visit".into());
        e.start = Some(When::zoned(at(22, 9), "Europe/Warsaw"));
        e.end = Some(When::zoned(at(22, 12), "Europe/Warsaw"));
    })]
}

fn tasks() -> Vec<Task> {
    vec![Task::build(|t| {
        t.title = Some("Send the offer to Zielinski Bau".into());
        t.due = Some(When::all_day(jiff::civil::date(2024, 4, 19)));
    })]
}

/// Puts the app's own records into its store.
pub(crate) async fn fill(account: &str, store: &dyn Connector) -> Result<u64> {
    Ok(put(account, store, contacts()).await? + put(account, store, events()).await? + put(account, store, tasks()).await?)
}

async fn put<R: Record>(account: &str, store: &dyn Connector, records: Vec<R>) -> Result<u64> {
    let repository = reading::repository::<R>(account, store)?;
    let collections = reading::collections(account, repository.as_ref(), None).await?;
    let mut count = 0;
    for (n, record) in records.into_iter().enumerate() {
        let is_org = record.get("kind").is_some_and(|kind| kind == "org");
        let fits = |id: &str| (id == COMPANIES) == is_org;
        let Some(to) = collections.iter().find(|c| fits(c.id.as_str())).or(collections.first()) else { continue };
        let mark = Mark::from(format!("quickstart-{}-{n}", R::KIND.plural()));
        let outcomes = repository.write(&to.id, vec![Write::Create { mark, record }], &WriteOptions::default()).await;
        for outcome in outcomes {
            match outcome {
                Outcome::Written { .. } => count += 1,
                Outcome::Refused(error) | Outcome::Unknown(error) => return Err(error.into()),
                Outcome::Conflict { .. } => {}
            }
        }
    }
    Ok(count)
}

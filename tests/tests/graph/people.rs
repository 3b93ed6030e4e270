//! Whom and what there is: as the app's user writes it, and as another program of the mailbox's owner does.

use pimkit::{Contact, EmailAddress, Event, FreeBusy, Organization, Phone, Progress, Record as _, Task, Title, Value, When};
use serde_json::json;

fn words(list: &[&str]) -> std::collections::BTreeSet<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

/// A person in the app.
pub fn of_the_app(n: usize) -> Contact {
    Contact::build(|c| {
        c.name.full = Some(format!("Ada App {n}"));
        c.name.given = Some("Ada".to_owned());
        c.name.surname = Some(format!("App {n}"));
        c.emails = vec![EmailAddress { address: format!("ada{n}@app.example"), ..EmailAddress::default() }];
        c.phones = vec![Phone { number: format!("+1 202 555 {n:04}"), features: words(&["mobile"]), ..Phone::default() }];
        c.organizations = vec![Organization { name: Some("App & Sons".to_owned()), units: Vec::new() }];
        if n.is_multiple_of(2) {
            c.keywords = words(&["Friends"]);
        }
    })
}

/// A person in Outlook.
pub fn of_outlook(n: usize) -> Value {
    json!({
        "displayName": format!("Olga Outlook {n}"), "givenName": "Olga", "surname": format!("Outlook {n}"),
        "emailAddresses": [{"address": format!("olga{n}@outlook.example"), "name": format!("Olga Outlook {n}")}],
        "businessPhones": [format!("+43 1 555 {n:04}")], "companyName": "Outlook Ltd", "jobTitle": "Engineer",
        "categories": if n.is_multiple_of(2) { json!(["Customers"]) } else { json!([]) },
    })
}

/// The same person as in [`of_outlook`], as an app has written them down for itself.
pub fn of_outlook_in_the_app(n: usize) -> Contact {
    Contact::build(|c| {
        c.name.full = Some(format!("Olga Outlook {n}"));
        c.name.given = Some("Olga".to_owned());
        c.name.surname = Some(format!("Outlook {n}"));
        c.emails = vec![EmailAddress { address: format!("olga{n}@outlook.example"), ..EmailAddress::default() }];
        c.phones = vec![Phone { number: format!("+43 1 555 {n:04}"), contexts: words(&["work"]), ..Phone::default() }];
        c.organizations = vec![Organization { name: Some("Outlook Ltd".to_owned()), units: Vec::new() }];
        c.titles = vec![Title { name: "Engineer".to_owned(), ..Title::default() }];
        if n.is_multiple_of(2) {
            c.keywords = words(&["Customers"]);
        }
    })
}

/// A date in the app: one a day, at ten in Vienna.
pub fn date_of_the_app(n: usize) -> Event {
    let day = jiff::civil::date(2026, 2, 1).saturating_add(jiff::Span::new().days(n as i64));
    Event::build(|e| {
        e.title = Some(format!("App {n}"));
        e.start = Some(When::zoned(day.at(10, 0, 0, 0), "Europe/Vienna"));
        e.end = Some(When::zoned(day.at(11, 0, 0, 0), "Europe/Vienna"));
        // Outlook says so of every event; where the app does not, it learns it from there.
        e.free_busy_status = Some(FreeBusy::Busy);
    })
}

/// A date in Outlook: one a day, at three in the afternoon in Vienna.
pub fn date_of_outlook(n: usize) -> Value {
    let day = jiff::civil::date(2026, 2, 1).saturating_add(jiff::Span::new().days(n as i64));
    json!({
        "subject": format!("Outlook {n}"),
        "start": {"dateTime": format!("{day}T15:00:00"), "timeZone": "W. Europe Standard Time"},
        "end": {"dateTime": format!("{day}T15:30:00"), "timeZone": "W. Europe Standard Time"},
        "categories": if n.is_multiple_of(2) { json!(["Customers"]) } else { json!([]) },
    })
}

/// Something to do in the app.
pub fn chore_of_the_app(n: usize) -> Task {
    Task::build(|t| {
        t.title = Some(format!("App {n}"));
        t.due = Some(When::all_day(jiff::civil::date(2026, 3, 1 + (n % 28) as i8)));
        t.progress = Some(Progress::NeedsAction);
    })
}

/// Something to do in Outlook.
pub fn chore_of_outlook(n: usize) -> Value {
    json!({
        "title": format!("Outlook {n}"), "importance": "high",
        "dueDateTime": {"dateTime": format!("2026-03-{:02}T00:00:00.0000000", 1 + n % 28), "timeZone": "UTC"},
    })
}

fn address(of: &str) -> Value {
    json!({"street": format!("1 {of} Street"), "city": "Oslo", "state": "Viken", "postalCode": "0150", "countryOrRegion": "Norway"})
}

/// A person in Outlook with everything that one can have there.
pub fn rich_of_outlook(n: usize) -> Value {
    let mut person = of_outlook(n);
    let more = json!({
        "title": "Dr", "middleName": "M", "initials": "OMO", "generation": "Jr", "nickName": "Ollie", "fileAs": format!("Outlook {n}, Olga"),
        "birthday": "1980-02-29T11:59:00Z", "department": "Research", "officeLocation": "Room 1", "profession": "Chemist", "manager": "Mia",
        "assistantName": "Anna", "spouseName": "Sam", "children": ["Kim"], "businessHomePage": "https://olga.example/",
        "homePhones": ["+43 1 555 1"], "mobilePhone": "+43 660 555", "imAddresses": ["sip:olga@outlook.example"],
        "personalNotes": "likes tea", "homeAddress": address("Home"), "businessAddress": address("Work"), "otherAddress": address("Other"),
        "yomiGivenName": "ol-ga", "yomiSurname": "out-look", "yomiCompanyName": "out", "categories": ["Customers"],
    });
    person.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    person
}

/// A date in Outlook with everything but guests; every second one is a series.
pub fn rich_date_of_outlook(n: usize) -> Value {
    let mut date = date_of_outlook(n);
    let more = json!({
        "body": {"contentType": "text", "content": "what it is about"}, "location": {"displayName": "Room 1", "address": address("Work")},
        "importance": "high", "sensitivity": "private", "showAs": "tentative", "isReminderOn": true, "reminderMinutesBeforeStart": 30,
        "categories": ["Customers"],
    });
    date.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    if n.is_multiple_of(2) {
        let first = date["start"]["dateTime"].as_str().unwrap()[..10].to_owned();
        date["recurrence"] = json!({
            "pattern": {"type": "daily", "interval": 3},
            "range": {"type": "numbered", "startDate": first, "numberOfOccurrences": 5, "recurrenceTimeZone": "W. Europe Standard Time"},
        });
    }
    date
}

/// Something to do in Outlook with everything that it can have there.
pub fn rich_chore_of_outlook(n: usize) -> Value {
    let mut chore = chore_of_outlook(n);
    let at = |day: u32| json!({"dateTime": format!("2026-03-{day:02}T00:00:00.0000000"), "timeZone": "UTC"});
    let more = json!({
        "body": {"contentType": "text", "content": "how to do it"}, "startDateTime": at(1), "isReminderOn": true, "reminderDateTime": at(1),
        "status": "inProgress", "categories": ["Customers"],
    });
    chore.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    chore
}

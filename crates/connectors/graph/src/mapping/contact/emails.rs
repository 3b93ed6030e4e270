//! E-mail addresses: three, each with a name of its own that is nobody's business but Outlook's.

use super::properties::ORIGINAL_NAMES;
use crate::mapping::Item;
use pimkit_core::{Contact, EmailAddress, Result};
use serde_json::{Value, json};

/// How many addresses there is room for (Outlook has fields for no more).
pub(super) const MOST: usize = 3;

/// One address as it lies there.
#[derive(Debug)]
struct There {
    /// The address as mail knows it.
    address: String,
    /// As it is written there: the same, or the directory's own (`/o=…/cn=…`).
    raw: String,
    name: Option<String>,
}

fn there(item: &Item<'_>) -> Result<Vec<There>> {
    let mut all = Vec::new();
    for (entry, original) in item.items("emailAddresses")?.iter().zip(ORIGINAL_NAMES.iter().map(Some).chain(std::iter::repeat(None))) {
        let Some(raw) = entry.text("address")? else { continue };
        let smtp =
            original.and_then(|property| item.extended(property)).filter(|name| name.contains('@') && !name.contains(char::is_whitespace));
        let address = match smtp {
            Some(smtp) if is_directory(raw) => smtp,
            _ => raw,
        };
        all.push(There { address: address.to_owned(), raw: raw.to_owned(), name: entry.text("name")?.map(str::to_owned) });
    }
    Ok(all)
}

/// Whether an address is one of the organisation's directory and not of the mail's (entries that were taken from the address list).
fn is_directory(address: &str) -> bool {
    address.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("/o="))
}

pub(super) fn read(item: &Item<'_>) -> Result<Vec<EmailAddress>> {
    let all = there(item)?;
    Ok(all.into_iter().map(|there| EmailAddress { address: there.address, ..EmailAddress::default() }).collect())
}

/// The list of a contact. Addresses that are there already stay as they are there, with their names.
pub(super) fn write(contact: &Contact, now: Option<&Item<'_>>) -> Result<Value> {
    let there = now.map(there).transpose()?.unwrap_or_default();
    let name = contact.name.full.as_deref();
    let entries = contact.emails.iter().filter(|email| !email.address.is_empty()).take(MOST).map(|email| {
        match there.iter().find(|there| there.address.eq_ignore_ascii_case(&email.address)) {
            Some(there) if there.address == email.address => json!({ "address": there.raw, "name": there.name }),
            Some(there) => json!({ "address": email.address, "name": there.name }),
            None => json!({ "address": email.address, "name": name.unwrap_or(&email.address) }),
        }
    });
    Ok(Value::Array(entries.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::extended::{LIST, entry};
    use pimkit_core::Record;

    fn contact(addresses: &[&str]) -> Contact {
        Contact::build(|c| {
            c.name.full = Some("Ada".to_owned());
            c.emails = addresses.iter().map(|a| EmailAddress { address: (*a).to_owned(), ..EmailAddress::default() }).collect();
        })
    }

    #[test]
    fn addresses_of_the_directory_are_read_as_mail_knows_them_and_written_back_as_they_were() {
        let value = json!({
            "emailAddresses": [{"name": "Ada (office)", "address": "/O=corp/CN=ada"}, {"name": null, "address": null}, {"name": "b", "address": "B@example.org"}],
            LIST: [entry(&ORIGINAL_NAMES[0], "ada@example.org".into()), entry(&ORIGINAL_NAMES[2], "not an address".into())],
        });
        let item = Item::new(&value).unwrap();
        let read: Vec<String> = read(&item).unwrap().into_iter().map(|e| e.address).collect();
        assert_eq!(read, ["ada@example.org", "B@example.org"]);
        let written = write(&contact(&["b@example.org", "ada@example.org", "new@example.org", "fourth@example.org"]), Some(&item)).unwrap();
        assert_eq!(
            written,
            json!([
                {"address": "b@example.org", "name": "b"},
                {"address": "/O=corp/CN=ada", "name": "Ada (office)"},
                {"address": "new@example.org", "name": "Ada"},
            ])
        );
    }

    #[test]
    fn a_new_address_is_named_after_the_contact() {
        let mut contact = contact(&["a@example.org"]);
        assert_eq!(write(&contact, None).unwrap(), json!([{"address": "a@example.org", "name": "Ada"}]));
        contact.name.full = None;
        assert_eq!(write(&contact, None).unwrap(), json!([{"address": "a@example.org", "name": "a@example.org"}]));
        assert_eq!(read(&Item::new(&json!({"emailAddresses": null})).unwrap()).unwrap(), []);
    }
}

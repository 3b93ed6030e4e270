//! Users of the directory, who are only read (<https://learn.microsoft.com/graph/api/resources/user>).
//!
//! | property | what becomes of it |
//! |---|---|
//! | id | the uid |
//! | accountEnabled, userPrincipalName, jobTitle, department | read |
//! | displayName, givenName, surname | the name |
//! | mail, proxyAddresses | addresses: the primary one first, then those that are other names of it |
//! | businessPhones, mobilePhone, faxNumber | telephones |
//! | manager | the uid of the manager; a change of it alone is not told, and is seen when the user is read next |
//! | photo | by requests of its own; a change of it alone is not told either |
//! | companyName, officeLocation, city, country, employeeId, userType | custom fields of these names |
//! | everything else | not read |

use super::Item;
use crate::calls::odata;
use pimkit_core::{BlobId, BlobRef, EmailAddress, FieldSupport, Phone, Record, Result, User};
use serde_json::Value;
use std::collections::BTreeSet;

/// What a user is read with.
pub(crate) const SELECT: &str = "id,accountEnabled,displayName,givenName,surname,mail,proxyAddresses,userPrincipalName,jobTitle,department,\
    businessPhones,mobilePhone,faxNumber,companyName,officeLocation,city,country,employeeId,userType";

/// Properties that are custom fields of their names.
const CUSTOM: [&str; 6] = ["companyName", "officeLocation", "city", "country", "employeeId", "userType"];

/// What the mapping holds.
pub(crate) fn fields(photos: bool) -> Vec<FieldSupport> {
    let mut names =
        vec!["uid", "enabled", "name.full", "name.given", "name.surname", "emails", "phones", "login", "title", "department", "manager"];
    names.extend(photos.then_some("photo"));
    let custom = CUSTOM.map(|name| format!("custom.{name}"));
    names.into_iter().map(str::to_owned).chain(custom).map(|path| FieldSupport { write: false, ..FieldSupport::full(path) }).collect()
}

/// The user in a resource; the picture is elsewhere.
///
/// # Errors
/// `InvalidData` when a property is of another type than it should be.
pub(crate) fn read(value: &Value) -> Result<User> {
    let item = Item::new(value)?;
    let mut error = None;
    let user = User::build(|u| {
        if let Err(e) = fill(&item, value, u) {
            error = Some(e);
        }
    });
    match error {
        Some(error) => Err(error),
        None => Ok(user),
    }
}

fn fill(item: &Item<'_>, value: &Value, u: &mut User) -> Result<()> {
    let text = |name: &str| Ok::<_, pimkit_core::Error>(item.text(name)?.map(str::to_owned));
    u.uid = text("id")?;
    u.enabled = value.get("accountEnabled").and_then(Value::as_bool);
    (u.name.full, u.name.given, u.name.surname) = (text("displayName")?, text("givenName")?, text("surname")?);
    (u.login, u.title, u.department) = (text("userPrincipalName")?, text("jobTitle")?, text("department")?);
    u.emails = emails(item)?;
    let phone = |number: &str, features: &[&str], contexts: &[&str]| {
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Phone { number: number.to_owned(), features: set(features), contexts: set(contexts), ..Phone::default() }
    };
    u.phones = item.texts("businessPhones")?.into_iter().map(|number| phone(number, &[], &["work"])).collect();
    u.phones.extend(item.text("mobilePhone")?.map(|number| phone(number, &["mobile"], &[])));
    u.phones.extend(item.text("faxNumber")?.map(|number| phone(number, &["fax"], &["work"])));
    u.manager = item.item("manager")?.map(|manager| manager.text("id")).transpose()?.flatten().map(str::to_owned);
    for name in CUSTOM {
        if let Some(value) = item.text(name)? {
            u.custom.insert(name.to_owned(), value.into());
        }
    }
    Ok(())
}

/// The primary address, and the others that reach the same mailbox: `SMTP:` is primary, `smtp:` another, and what has another
/// protocol is none.
fn emails(item: &Item<'_>) -> Result<Vec<EmailAddress>> {
    let mut all: Vec<&str> = item.text("mail")?.into_iter().collect();
    let mut proxies: Vec<(bool, &str)> = Vec::new();
    for proxy in item.texts("proxyAddresses")? {
        if let Some((protocol, address)) = proxy.split_once(':').filter(|(protocol, _)| protocol.eq_ignore_ascii_case("smtp")) {
            proxies.push((protocol != "SMTP", address));
        }
    }
    proxies.sort_by_key(|(other, _)| *other);
    all.extend(proxies.into_iter().map(|(_, address)| address));
    let mut seen = BTreeSet::new();
    all.retain(|address| seen.insert(address.to_lowercase()));
    Ok(all.into_iter().map(|address| EmailAddress { address: address.to_owned(), ..EmailAddress::default() }).collect())
}

/// The reference to a picture, by what is said of it. Its id is its version.
pub(crate) fn picture(said: &Value) -> BlobRef {
    let version = odata::text(said, "@odata.mediaEtag").or_else(|| odata::text(said, "id")).unwrap_or_default();
    let media_type = odata::text(said, "@odata.mediaContentType").filter(|kind| kind.starts_with("image/"));
    BlobRef { id: BlobId::from(format!("photo {version}")), media_type: media_type.unwrap_or_default().to_owned(), ..BlobRef::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_core::ErrorKind;
    use serde_json::json;

    #[test]
    fn a_user_is_read_with_every_address_once() {
        let user = read(&json!({
            "id": "87d3", "accountEnabled": true, "displayName": "Ada Lovelace", "givenName": "Ada", "surname": "Lovelace",
            "mail": "Ada@contoso.example", "userPrincipalName": "ada@contoso.example", "jobTitle": "Countess", "department": "Engines",
            "proxyAddresses": ["smtp:al@contoso.example", "SMTP:ada@contoso.example", "X500:/o=x/cn=y", "sip:ada@contoso.example"],
            "businessPhones": ["+1 202 555 0100"], "mobilePhone": "+1 202 555 0101", "faxNumber": null,
            "officeLocation": "12/3", "employeeId": "7", "manager": { "@odata.type": "#microsoft.graph.user", "id": "11aa" },
        }))
        .unwrap();
        let emails: Vec<&str> = user.emails.iter().map(|e| e.address.as_str()).collect();
        assert_eq!(emails, ["Ada@contoso.example", "al@contoso.example"]);
        let phones: Vec<(&str, bool)> = user.phones.iter().map(|p| (p.number.as_str(), p.features.contains("mobile"))).collect();
        assert_eq!(phones, [("+1 202 555 0100", false), ("+1 202 555 0101", true)]);
        assert_eq!((user.uid.as_deref(), user.manager.as_deref(), user.enabled), (Some("87d3"), Some("11aa"), Some(true)));
        assert_eq!(user.custom.get("officeLocation"), Some(&json!("12/3")));
        let known = |support: &FieldSupport| User::catalogue().field(support.field.as_str()).is_some() && !support.write;
        assert!(fields(true).iter().all(known));
        assert_eq!(fields(true).len(), fields(false).len() + 1);
    }

    #[test]
    fn nulls_everywhere_cost_nothing_and_other_types_are_errors() {
        let nulls: serde_json::Map<String, Value> = SELECT.split(',').map(|name| (name.trim().to_owned(), Value::Null)).collect();
        assert_eq!(read(&Value::Object(nulls)).unwrap(), User::default());
        assert_eq!(read(&json!({ "id": "1", "manager": null, "userType": "unknownFutureValue" })).unwrap().custom.len(), 1);
        for odd in [json!({ "displayName": [] }), json!({ "businessPhones": "x" }), json!({ "manager": "x" }), json!([])] {
            assert_eq!(read(&odd).unwrap_err().kind(), ErrorKind::InvalidData, "{odd}");
        }
    }

    #[test]
    fn another_picture_is_another_blob() {
        let one = picture(&json!({ "@odata.mediaEtag": "\"1\"", "@odata.mediaContentType": "image/jpeg" }));
        let other = picture(&json!({ "@odata.mediaEtag": "\"2\"", "@odata.mediaContentType": "text/html" }));
        assert_eq!((one.media_type.as_str(), other.media_type.as_str()), ("image/jpeg", ""));
        assert_ne!(one.id, other.id);
    }
}

//! What items are found and recognised by: marks, uids, and keys made of their content.

use pimkit_core::{Field, Fields, ItemId, Kind, Mark, SeenRow, SyncId, Value, cursor::binding};

/// A mark's parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MarkParts {
    pub(crate) sync: u64,
    pub(crate) item: u64,
    pub(crate) generation: u32,
}

/// The mark of an item that a sync makes. It is a file name and a URL segment as it stands.
pub(crate) fn mint(sync: &SyncId, item: &ItemId, generation: u32) -> Mark {
    Mark::from(format!("pk-{:016x}-{:016x}-{generation}", binding(&[sync.as_str()]), binding(&[item.as_str()])))
}

/// What tells the mark of a hub record from that of a far item: both sides may give the same id to two different things,
/// and both may be made in one run.
const ON_HUB: char = 'h';

/// The mark of a hub record that a sync makes of a far item.
pub(crate) fn mint_on_hub(sync: &SyncId, item: &ItemId, generation: u32) -> Mark {
    Mark::from(format!("{}{ON_HUB}", mint(sync, item, generation)))
}

/// The parts of one of our marks.
pub(crate) fn parts(mark: &Mark) -> Option<MarkParts> {
    let mut parts = mark.as_str().strip_prefix("pk-")?.splitn(3, '-');
    let hex = |text: Option<&str>| text.filter(|t| t.len() == 16).and_then(|t| u64::from_str_radix(t, 16).ok());
    let (sync, item, generation) = (hex(parts.next())?, hex(parts.next())?, parts.next()?);
    Some(MarkParts { sync, item, generation: generation.strip_suffix(ON_HUB).unwrap_or(generation).parse().ok()? })
}

/// Whether a sync made this mark.
pub(crate) fn is_of(parts: &MarkParts, sync: &SyncId) -> bool {
    parts.sync == binding(&[sync.as_str()])
}

/// Whether a mark was made for this item.
pub(crate) fn names(parts: &MarkParts, item: &ItemId) -> bool {
    parts.item == binding(&[item.as_str()])
}

/// Whether an item carries a mark. Where a name is the mark, it comes back as the id, if nowhere else.
pub(crate) fn carries(row: &SeenRow, mark: &Mark) -> bool {
    row.mark.as_ref() == Some(mark) || row.item.as_str() == mark.as_str()
}

/// The key under which items of a mark are kept.
pub(crate) fn mark_key(mark: &Mark) -> String {
    format!("mark:{mark}")
}

/// The key under which the item of an id is kept, as marks name it.
pub(crate) fn id_key(hash: u64) -> String {
    format!("id:{hash:016x}")
}

/// The key under which items of a uid are kept.
pub(crate) fn uid_key(uid: &str) -> String {
    format!("uid:{}", uid.trim().strip_prefix("urn:uuid:").unwrap_or(uid.trim()).to_lowercase())
}

/// The key under which items that say the very same are kept.
pub(crate) fn hash_key(hash: u64) -> String {
    format!("hash:{hash:016x}")
}

/// What the fields hash to.
pub(crate) fn hash(fields: &Fields) -> u64 {
    // One text for all of them: every item that is read is hashed.
    let mut text = Vec::new();
    let mut ends = Vec::with_capacity(fields.len() * 2);
    for (field, value) in fields {
        text.extend_from_slice(field.as_str().as_bytes());
        ends.push(text.len());
        // A value can always be said in JSON.
        let _said = serde_json::to_writer(&mut text, value);
        ends.push(text.len());
    }
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let parts: Vec<&[u8]> = starts.zip(&ends).map(|(start, end)| text.get(start..*end).unwrap_or_default()).collect();
    binding(&parts)
}

fn text<'a>(fields: &'a Fields, field: &str) -> &'a str {
    fields.get(field).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn list<'a>(fields: &'a Fields, field: &str, key: &str) -> Vec<&'a str> {
    match fields.get(field) {
        Some(Value::Array(list)) => list.iter().filter_map(|e| e.get(key).and_then(Value::as_str)).collect(),
        _ => Vec::new(),
    }
}

fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    words.join(" ").to_lowercase()
}

/// The words of a name, in order of the alphabet: `Ada Lovelace` and `Lovelace, Ada` are one.
pub(crate) fn name_words(fields: &Fields) -> Vec<String> {
    let mut name = ["name.given", "name.surname"].map(|f| text(fields, f)).join(" ");
    if name.trim().is_empty() {
        name = text(fields, "name.full").to_owned();
    }
    if name.trim().is_empty() {
        name = list(fields, "organizations", "name").first().copied().unwrap_or_default().to_owned();
    }
    let mut words: Vec<String> = plain(&name).split(' ').filter(|w| !w.is_empty()).map(str::to_owned).collect();
    words.sort();
    words
}

/// Whether two names can be one person's: one has no name, or all words of the shorter are in the longer.
pub(crate) fn compatible(a: &Fields, b: &Fields) -> bool {
    let (a, b) = (name_words(a), name_words(b));
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    short.iter().all(|w| long.contains(w))
}

/// The addresses that have a label: one of the user's own, `work`, `private` (or `home`), whatever the
/// case; `primary` is the preferred one, or the first where none is preferred.
pub(crate) fn labelled(fields: &Fields, label: &str) -> Vec<String> {
    let Some(Value::Array(emails)) = fields.get("emails") else { return Vec::new() };
    let wanted = label.trim().to_lowercase();
    let address = |email: &Value| email.get("address").and_then(Value::as_str).map(|a| a.trim().to_lowercase());
    if wanted == "primary" {
        let pref = |email: &&Value| email.get("pref").and_then(Value::as_u64).unwrap_or(u64::MAX);
        return emails.iter().min_by_key(pref).and_then(address).into_iter().collect();
    }
    let is = |text: &str| {
        let text = text.trim().to_lowercase();
        text == wanted || (wanted == "home" && text == "private")
    };
    let has = |email: &&Value| {
        let label = email.get("label").and_then(Value::as_str).is_some_and(is);
        let contexts = email.get("contexts").and_then(Value::as_array);
        label || contexts.is_some_and(|all| all.iter().filter_map(Value::as_str).any(is))
    };
    emails.iter().filter(has).filter_map(address).collect()
}

/// Whether two events can be one meeting: the same person called it, or one of the two does not say who.
pub(crate) fn same_organizer(a: &Fields, b: &Fields) -> bool {
    let of = |fields: &Fields| {
        let address = fields.get("organizer").and_then(|o| o.get("address")).and_then(Value::as_str)?;
        let address = address.trim().to_lowercase();
        Some(address.strip_prefix("mailto:").unwrap_or(&address).to_owned()).filter(|a| !a.is_empty())
    };
    match (of(a), of(b)) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

/// Whether both carry a uid, and not the same one.
pub(crate) fn has_other_uid(a: &Fields, b: &Fields) -> bool {
    let uid = |fields: &Fields| Some(text(fields, "uid")).filter(|uid| !uid.trim().is_empty()).map(uid_key);
    matches!((uid(a), uid(b)), (Some(x), Some(y)) if x != y)
}

/// Every key of an item, the strongest first.
pub(crate) fn keys(kind: Kind, item: &ItemId, fields: &Fields, uid: Option<&str>, mark: Option<&Mark>, hash: u64) -> Vec<String> {
    let mut keys = vec![id_key(binding(&[item.as_str()]))];
    keys.extend(mark.map(mark_key));
    keys.extend(uid.filter(|u| !u.trim().is_empty()).map(uid_key));
    keys.extend(content_keys(kind, fields));
    keys.push(hash_key(hash));
    keys.sort();
    keys.dedup();
    keys
}

/// The keys made of what an item says, the strongest first.
pub(crate) fn content_keys(kind: Kind, fields: &Fields) -> Vec<String> {
    let mut keys = Vec::new();
    match kind {
        Kind::Contact | Kind::User => {
            keys.extend(list(fields, "emails", "address").into_iter().map(|a| format!("mail:{}", a.trim().to_lowercase())));
            let name = name_words(fields).join(" ");
            if !name.is_empty() {
                for number in list(fields, "phones", "number") {
                    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
                    // The last nine digits: with or without the country's code.
                    let tail = digits.get(digits.len().saturating_sub(9)..).unwrap_or_default();
                    if tail.len() >= 5 {
                        keys.push(format!("np:{name}|{tail}"));
                    }
                }
            }
        }
        Kind::Event | Kind::Task => {
            let title = plain(text(fields, "title"));
            let time = ["start", "due"].into_iter().find_map(|f| fields.get(f));
            if let (false, Some(time)) = (title.is_empty(), time) {
                keys.push(format!("at:{title}|{time}"));
            }
        }
        Kind::Message => {}
    }
    keys
}

/// Fields of an encoded set as JSON for hashing into tombstones.
pub(crate) fn hashed(keys: &[String]) -> Vec<String> {
    keys.iter().map(|k| format!("{:016x}", binding(&[k]))).collect()
}

/// The field of a path, for maps keyed by fields.
pub(crate) fn field(path: &str) -> Field {
    Field::from(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_core::{Contact, EmailAddress, Phone, Record};

    #[test]
    fn a_mark_tells_its_sync_item_and_generation() {
        let sync = SyncId::from("people");
        let mark = mint(&sync, &ItemId::from("a/b c"), 3);
        let parts = parts(&mark).unwrap();
        assert!(is_of(&parts, &sync));
        assert!(!is_of(&parts, &SyncId::from("other")));
        assert_eq!(parts.generation, 3);
        let there = mint_on_hub(&sync, &ItemId::from("a/b c"), 3);
        assert_ne!(there, mark, "one id on both sides names two things");
        assert_eq!(super::parts(&there).map(|p| (p.item, p.generation)), Some((parts.item, 3)));
        assert!(mark.as_str().chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
        for foreign in ["", "pk-", "pk-1-2-3", "a.vcf", "pk-0123456789abcdef-0123456789abcdef-x"] {
            assert_eq!(super::parts(&Mark::from(foreign)), None, "{foreign}");
        }
    }

    #[test]
    fn names_are_one_persons_when_the_shorter_is_in_the_longer() {
        let named = |full: &str| Contact::build(|c| c.name.full = Some(full.into())).fields();
        for (a, b, same) in [
            ("Ada Lovelace", "Lovelace, Ada", true),
            ("Ada", "Ada Lovelace", true),
            ("", "Ada", true),
            ("Ada Byron", "Ada Lovelace", false),
        ] {
            assert_eq!(compatible(&named(a), &named(b)), same, "{a} / {b}");
        }
    }

    #[test]
    fn an_address_is_found_by_its_label_or_context_whatever_the_case() {
        let contact = Contact::build(|c| {
            let email = |address: &str, label: Option<&str>, context: &str, pref| EmailAddress {
                address: address.into(),
                label: label.map(str::to_owned),
                contexts: Some(context.to_owned()).filter(|c| !c.is_empty()).into_iter().collect(),
                pref,
            };
            c.emails = vec![
                email("first@x.example", None, "", None),
                email("Work@X.example", None, "work", Some(2)),
                email("club@x.example", Some("Club"), "private", Some(1)),
            ];
        });
        let fields = contact.fields();
        let one = |label: &str| labelled(&fields, label).join(" ");
        assert_eq!((one("work"), one("CLUB"), one("home")), ("work@x.example".into(), "club@x.example".into(), "club@x.example".into()));
        assert_eq!((one("primary"), one("nowhere")), ("club@x.example".into(), String::new()));
        let without = Contact::build(|c| c.emails = vec![contact.emails[0].clone(), EmailAddress::default()]).fields();
        assert_eq!(labelled(&without, "primary"), ["first@x.example"]);
    }

    #[test]
    fn a_phone_number_with_and_without_its_country_is_one_key() {
        let with = |number: &str| {
            let contact = Contact::build(|c| {
                c.name.full = Some("Ada".into());
                c.phones.push(Phone { number: number.into(), ..Phone::default() });
                c.emails.push(EmailAddress { address: "A@B.example ".into(), ..EmailAddress::default() });
            });
            content_keys(Kind::Contact, &contact.fields())
        };
        assert_eq!(with("+43 664 123 4567"), with("0664 1234567"));
        assert!(with("1")[0] == "mail:a@b.example");
    }
}

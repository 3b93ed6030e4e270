//! Which lines a field is made of.

use super::{dates, groups, relations, services};

/// The properties whose lines an edit of this field may touch, beside REV and the lines in their group (X-ABLabel,
/// X-ABADR); names are compared without case. The atomic group `name` is one field here. A custom field `custom.NAME` is
/// made of one `X-PIMKIT-` line, which the prefix stands for. Empty for a path that contacts have not.
#[must_use]
pub fn properties(field: &str) -> &'static [&'static str] {
    match field {
        "uid" => &["UID"],
        // The N of a group repeats its name.
        "kind" => &["KIND", "X-ADDRESSBOOKSERVER-KIND", "X-ABShowAs", "N"],
        name if name.starts_with("name.") => &["N", "FN", "X-PHONETIC-FIRST-NAME", "X-PHONETIC-LAST-NAME"],
        "nicknames" => &["NICKNAME"],
        "organizations" => &["ORG"],
        "titles" => &["TITLE", "ROLE"],
        "emails" => &["EMAIL"],
        "phones" => &["TEL"],
        "onlineServices" => &services::PROPERTIES,
        "preferredLanguages" => &["LANG"],
        "addresses" => &["ADR", "LABEL", "GEO", "X-ABADR"],
        "anniversaries" => &dates::PROPERTIES,
        "links" => &["URL", "CONTACT-URI"],
        "photo" => &["PHOTO"],
        "notes" => &["NOTE"],
        "keywords" => &["CATEGORIES"],
        "members" => &groups::MEMBERS,
        "relatedTo" => &relations::PROPERTIES,
        custom if custom.starts_with("custom.") => &["X-PIMKIT-"],
        _ => &[],
    }
}

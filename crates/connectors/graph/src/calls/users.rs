//! The directory: users, their pictures, and members of groups (<https://learn.microsoft.com/graph/api/resources/users>).

use super::{Call, path::Path};
use crate::mapping::user;

fn user(id: &str) -> Path {
    Path::of("users").id(id)
}

/// The start of a round of changes. Who somebody's manager is is not among what is tracked.
pub(crate) fn delta() -> Call {
    Call::get("graph.users.delta", Path::of("users/delta").query("$select", user::SELECT))
}

/// One user; with the id of the manager, where that may be asked for.
pub(crate) fn get(id: &str, manager: bool) -> Call {
    let path = user(id).query("$select", user::SELECT);
    Call::get("graph.users.get", if manager { path.query("$expand", "manager($select=id)") } else { path })
}

/// What is known of a picture without its bytes.
pub(crate) fn photo_said(id: &str) -> Call {
    Call::get("graph.users.photo", user(id).word("photo"))
}

/// The bytes of a picture.
pub(crate) fn photo_bytes(id: &str) -> Call {
    Call::get("graph.users.photo", user(id).word("photo/$value"))
}

/// Whoever is in a group, or in a group in it.
pub(crate) fn members(id: &str) -> Call {
    Call::get("graph.groups.members", Path::of("groups").id(id).word("transitiveMembers").query("$select", "id").query("$top", "999"))
}

/// The users whose names have these words; those with an address like it, where it looks like one. It is one of the questions that the
/// service answers from an index of its own (<https://learn.microsoft.com/graph/aad-advanced-queries>).
pub(crate) fn search(text: &str, limit: u32) -> Call {
    let words: String = text.chars().map(|c| if matches!(c, '"' | '\\') || c.is_control() { ' ' } else { c }).collect();
    let property = if words.contains('@') { "mail" } else { "displayName" };
    let path = Path::of("users").query("$search", &format!("\"{property}:{}\"", words.trim())).query("$select", "id");
    let mut call = Call::get("graph.users.search", path.query("$top", &limit.min(999).to_string()).query("$count", "true"));
    call.headers.push(("consistencylevel", "eventual".to_owned()));
    call
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_its_path() {
        assert!(delta().path.as_str().starts_with("users/delta?$select=id,accountEnabled,"), "{:?}", delta());
        assert!(get("a/b", true).path.as_str().starts_with("users/a%2Fb?$select=id,"), "{:?}", get("a", true));
        assert!(get("a", true).path.as_str().ends_with("&$expand=manager($select=id)"));
        assert!(!get("a", false).path.as_str().contains("$expand"));
        assert_eq!(photo_bytes("a").path.as_str(), "users/a/photo/$value");
        assert_eq!(members("g").path.as_str(), "groups/g/transitiveMembers?$select=id&$top=999");
        let search = search("Ada \"L\"", 5000);
        assert_eq!(search.path.as_str(), "users?$search=%22displayName:Ada%20%20L%22&$select=id&$top=999&$count=true");
        assert!(super::search("ada@example.com", 1).path.as_str().contains("$search=%22mail:ada@example.com%22"));
        assert_eq!(search.headers, [("consistencylevel", "eventual".to_owned())]);
    }
}

//! What the service makes of names.

use serde_json::{Map, Value};

/// Properties that a display name is made of, in its order.
const PARTS: &[&str] = &["givenName", "middleName", "surname", "generation"];

/// Gives `body`, which is about to be written over `properties`, a display name and a name to file under where it says neither and
/// says a part of the name.
pub(super) fn complete(properties: &Map<String, Value>, body: &mut Map<String, Value>, recomputes: bool) {
    let fresh = properties.is_empty();
    let touched = PARTS.iter().any(|name| body.contains_key(*name)) && (fresh || recomputes);
    let text = |body: &Map<String, Value>, name: &str| {
        let value = body.get(name).or_else(|| properties.get(name)).and_then(Value::as_str);
        value.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    if !body.contains_key("displayName") && (touched || fresh) {
        let parts: Vec<String> = PARTS.iter().filter_map(|name| text(body, name)).collect();
        let name = if parts.is_empty() { text(body, "companyName") } else { Some(parts.join(" ")) };
        if let Some(name) = name {
            body.insert("displayName".to_owned(), Value::from(name));
        }
    }
    if !body.contains_key("fileAs") && (touched || fresh) {
        let file_as = match (text(body, "surname"), text(body, "givenName")) {
            (Some(surname), Some(given)) => Some(format!("{surname}, {given}")),
            (Some(one), None) | (None, Some(one)) => Some(one),
            (None, None) => text(body, "displayName"),
        };
        if let Some(file_as) = file_as {
            body.insert("fileAs".to_owned(), Value::from(file_as));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_made_where_nobody_says_them() {
        let object = |value: Value| value.as_object().cloned().unwrap();
        for (kept, body, display, file_as) in [
            (json!({}), json!({"givenName": "Zoë", "surname": "Peer"}), json!("Zoë Peer"), json!("Peer, Zoë")),
            (json!({}), json!({"givenName": "Zoë", "displayName": "Z", "fileAs": "F"}), json!("Z"), json!("F")),
            (json!({}), json!({"companyName": "Acme"}), json!("Acme"), json!("Acme")),
            (json!({"givenName": "Zoë", "displayName": "Z"}), json!({"surname": "New"}), json!("Zoë New"), json!("New, Zoë")),
            (json!({"givenName": "Zoë", "displayName": "Z"}), json!({"title": "x"}), Value::Null, Value::Null),
        ] {
            let mut body = object(body);
            complete(&object(kept), &mut body, true);
            let at = |name: &str| body.get(name).cloned().unwrap_or(Value::Null);
            assert_eq!((at("displayName"), at("fileAs")), (display, file_as), "{body:?}");
        }
    }
}

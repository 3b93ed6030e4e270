//! What all answers of Graph share: pages, removed rows, errors (OData JSON format 4.01).

use pimkit_core::{Error, ErrorKind, Result};
use serde_json::Value;

/// One page of a collection.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Page {
    /// The rows; a page may be empty and still not be the last.
    pub(crate) rows: Vec<Value>,
    /// `@odata.nextLink`: the next page, as the server says it.
    pub(crate) next: Option<String>,
    /// `@odata.deltaLink`: where the next round starts.
    pub(crate) delta: Option<String>,
}

impl Page {
    /// The page in an answer. `value` may be null (davmail 458).
    ///
    /// # Errors
    /// `InvalidData` when the answer is no collection: an answer without rows must never pass for an empty one.
    pub(crate) fn read(mut answer: Value) -> Result<Self> {
        let text = |answer: &Value, name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let (next, delta) = (text(&answer, "@odata.nextLink"), text(&answer, "@odata.deltaLink"));
        let rows = match answer.get_mut("value").map(Value::take) {
            Some(Value::Array(rows)) => rows,
            Some(Value::Null) => Vec::new(),
            _ => {
                return Err(Error::new(
                    ErrorKind::InvalidData,
                    "the answer is no list of Microsoft Graph's; try again, and report it when it stays",
                ));
            }
        };
        Ok(Self { rows, next, delta })
    }
}

/// Where the rest of a list is that an answer brought along in part (OData JSON Format 4.01, section 4.5.5: `name@odata.nextLink`).
pub(crate) fn rest<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    text(object, &format!("{name}@odata.nextLink"))
}

/// A text of an object, when it is there and not empty.
pub(crate) fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The version of an item as `If-Match` takes it: its `@odata.etag`, or its `changeKey` in the same spelling.
pub(crate) fn etag(object: &Value) -> Option<String> {
    text(object, "@odata.etag").map(str::to_owned).or_else(|| text(object, "changeKey").map(|key| format!("W/\"{key}\"")))
}

/// The addresses of a user, the first one first, each once: `proxyAddresses` has its kind before it (`SMTP:`, `smtp:`, `X500:`).
pub(crate) fn addresses(user: &Value) -> Vec<String> {
    let proxies = user.get("proxyAddresses").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let proxies = proxies.filter_map(|proxy| proxy.split_once(':').filter(|(kind, _)| kind.eq_ignore_ascii_case("smtp")));
    let own = [text(user, "mail"), text(user, "userPrincipalName")].into_iter().flatten();
    let mut all: Vec<String> = Vec::new();
    for address in own.chain(proxies.map(|(_, address)| address)).filter(|address| address.contains('@')) {
        if !all.iter().any(|known| known.eq_ignore_ascii_case(address)) {
            all.push(address.to_owned());
        }
    }
    all
}

/// Why a row was removed; none for a row that is there.
pub(crate) fn removed(row: &Value) -> Option<&str> {
    row.get("@removed").map(|removed| removed.get("reason").and_then(Value::as_str).unwrap_or_default())
}

/// What a refusal says: its codes, from the outermost to the innermost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fault {
    codes: Vec<String>,
    /// For telling cases of one code apart; it may hold names and is never shown.
    message: String,
}

impl Fault {
    /// The refusal in a body; nothing when it says none (5xx may be HTML, or empty).
    pub(crate) fn read(body: &Value) -> Self {
        let mut fault = Self::default();
        let mut next = body.get("error");
        // Nobody nests deeper than this.
        for _ in 0..8 {
            let Some(error) = next else { break };
            if let Some(code) = text(error, "code") {
                fault.codes.push(code.to_owned());
            }
            if fault.message.is_empty() {
                fault.message = text(error, "message").unwrap_or_default().to_lowercase();
            }
            next = error.get("innerError").or_else(|| error.get("innererror"));
        }
        fault
    }

    /// Whether it says one of these codes, in whatever case.
    pub(crate) fn has(&self, codes: &[&str]) -> bool {
        self.codes.iter().any(|code| codes.iter().any(|known| known.eq_ignore_ascii_case(code)))
    }

    /// Whether its message has these words, given in small letters.
    pub(crate) fn says(&self, words: &str) -> bool {
        self.message.contains(words)
    }

    /// The innermost code, as errors show it: a word and nothing more.
    pub(crate) fn code(&self) -> Option<&str> {
        let is_word =
            |code: &&String| code.len() < 80 && code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        self.codes.iter().rev().find(is_word).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_rest_of_a_list_is_where_the_answer_says() {
        let row = json!({"id": "1", "linkedResources": [], "linkedResources@odata.nextLink": "https://x/more"});
        assert_eq!((rest(&row, "linkedResources"), rest(&row, "checklistItems")), (Some("https://x/more"), None));
    }

    #[test]
    fn pages_are_read_with_empty_and_null_values_and_nothing_else_is_one() {
        let page = Page::read(json!({"value": null, "@odata.nextLink": "https://x/?$skiptoken=a"})).unwrap();
        assert_eq!((page.rows.len(), page.next.as_deref(), page.delta), (0, Some("https://x/?$skiptoken=a"), None));
        let page = Page::read(json!({"value": [{"id": "1"}], "@odata.deltaLink": "d", "@odata.nextLink": null})).unwrap();
        assert_eq!((page.rows.len(), page.next, page.delta.as_deref()), (1, None, Some("d")));
        for odd in [json!({}), json!({"value": {}}), json!([]), json!("<html>"), Value::Null] {
            assert_eq!(Page::read(odd.clone()).unwrap_err().kind(), ErrorKind::InvalidData, "{odd}");
        }
    }

    #[test]
    fn a_version_is_the_etag_or_the_change_key_in_its_spelling() {
        assert_eq!(etag(&json!({"@odata.etag": "W/\"k\"", "changeKey": "other"})).as_deref(), Some("W/\"k\""));
        assert_eq!(etag(&json!({"@odata.etag": null, "changeKey": "k"})).as_deref(), Some("W/\"k\""));
        assert_eq!(etag(&json!({"id": "1"})), None);
    }

    #[test]
    fn a_user_has_each_address_once() {
        let user = json!({"mail": "Ada@example.org", "userPrincipalName": "ada@example.org",
            "proxyAddresses": ["SMTP:ada@example.org", "smtp:countess@example.org", "X500:/o=corp", null, "odd"]});
        assert_eq!(addresses(&user), ["Ada@example.org", "countess@example.org"]);
        assert!(addresses(&json!({"mail": null, "proxyAddresses": null})).is_empty());
    }

    #[test]
    fn the_innermost_code_counts_however_it_is_spelt() {
        let fault = Fault::read(&json!({"error": {"code": "Outer", "message": "Ada's Mailbox is Over its MailboxConcurrency limit.",
            "innererror": {"code": "ErrorInner", "innerError": {"date": "x"}}}}));
        assert!(fault.has(&["errorinner"]) && fault.has(&["OUTER"]) && !fault.has(&["Error"]));
        assert!(fault.says("mailboxconcurrency"));
        assert_eq!(fault.code(), Some("ErrorInner"));
        assert_eq!(Fault::read(&json!({"error": {"code": "has spaces\nin it"}})).code(), None);
        assert_eq!(Fault::read(&Value::Null), Fault::default());
    }
}

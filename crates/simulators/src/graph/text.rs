//! Bodies as text and as HTML.

use serde_json::{Value, json};

/// Characters of a preview.
const PREVIEW: usize = 255;

/// A body as it is shown: as HTML, whatever it was written as, unless text is preferred
/// (<https://learn.microsoft.com/graph/api/resources/itembody>).
pub(crate) fn body(kept: Option<&Value>, as_text: bool) -> Value {
    let Some(kept) = kept else { return json!({"contentType": if as_text { "text" } else { "html" }, "content": ""}) };
    let content = kept.get("content").and_then(Value::as_str).unwrap_or_default();
    let is_text = kept.get("contentType").and_then(Value::as_str) != Some("html");
    let content = match (is_text, as_text) {
        (true, true) => lines(content),
        (false, true) => stripped(content),
        (true, false) if content.is_empty() => String::new(),
        (true, false) => page(&format!("<div class=\"PlainText\">{}</div>", escaped(content))),
        (false, false) if content.to_lowercase().contains("<html") || content.is_empty() => content.to_owned(),
        (false, false) => page(content),
    };
    json!({"contentType": if as_text { "text" } else { "html" }, "content": content})
}

/// The beginning of a body's text.
pub(crate) fn preview(kept: Option<&Value>) -> String {
    let body = body(kept, true);
    body.get("content").and_then(Value::as_str).unwrap_or_default().trim().chars().take(PREVIEW).collect()
}

fn page(inside: &str) -> String {
    format!("<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"></head><body>{inside}</body></html>")
}

/// Lines end as in mail.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace("\r\n", "\n").replace('\n', "<br>\r\n")
}

/// The text of a piece of HTML: no tags, no head, breaks for breaks.
fn stripped(html: &str) -> String {
    let lower = html.to_lowercase();
    let html = match (lower.find("<body"), lower.find("<head")) {
        (Some(body), Some(_)) => html.get(body..).unwrap_or(html),
        _ => html,
    };
    let mut out = String::new();
    let mut rest = html;
    while let Some((text, tail)) = rest.split_once('<') {
        out.push_str(text);
        let (tag, after) = tail.split_once('>').unwrap_or((tail, ""));
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default().to_lowercase();
        if name == "br" || matches!(name.as_str(), "p" | "div") && tag.starts_with('/') {
            out.push('\n');
        }
        rest = after.strip_prefix("\r\n").filter(|_| name == "br").unwrap_or(after);
    }
    out.push_str(rest);
    let out = out.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", " ").replace("&amp;", "&");
    lines(out.trim_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_as_it_was_when_text_is_preferred() {
        let kept = json!({"contentType": "text", "content": "a < b\nc"});
        assert_eq!(body(Some(&kept), true), json!({"contentType": "text", "content": "a < b\r\nc"}));
        let html = body(Some(&kept), false);
        assert_eq!(body(Some(&html), true), json!({"contentType": "text", "content": "a < b\r\nc"}));
        assert_eq!(preview(Some(&html)), "a < b\r\nc");
    }

    #[test]
    fn html_that_is_no_page_becomes_one() {
        let kept = json!({"contentType": "html", "content": "<p>x</p>"});
        assert!(body(Some(&kept), false)["content"].as_str().unwrap().starts_with("<html><head>"));
        let page = json!({"contentType": "html", "content": "<html><body>x</body></html>"});
        assert_eq!(body(Some(&page), false), page);
        assert_eq!(body(None, false), json!({"contentType": "html", "content": ""}));
    }
}

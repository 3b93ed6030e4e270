//! Messages as they go over the wire (RFC 5322, RFC 2045).

use crate::graph::bytes;
use crate::graph::store::Item;
use crate::graph::text;
use serde_json::Value;

/// A message with its text, and its files if it has any.
pub(super) fn written(item: &Item) -> Vec<u8> {
    let mut out = String::new();
    let address = |one: &Value| one.pointer("/emailAddress/address").and_then(Value::as_str).unwrap_or_default().to_owned();
    for (header, name) in [("From", "from"), ("To", "toRecipients"), ("Cc", "ccRecipients")] {
        let addresses: Vec<String> = match item.properties.get(name) {
            Some(Value::Array(all)) => all.iter().map(address).collect(),
            Some(one) => vec![address(one)],
            None => Vec::new(),
        };
        if !addresses.is_empty() {
            out.push_str(&format!("{header}: {}\r\n", addresses.join(", ")));
        }
    }
    for (header, name) in [("Subject", "subject"), ("Message-ID", "internetMessageId")] {
        let value = item.text(name);
        if value.is_ascii() && !value.is_empty() {
            out.push_str(&format!("{header}: {value}\r\n"));
        } else if !value.is_empty() {
            out.push_str(&format!("{header}: =?utf-8?B?{}?=\r\n", bytes::encode(value.as_bytes())));
        }
    }
    if let Ok(sent) = item.text("sentDateTime").parse::<jiff::Timestamp>() {
        out.push_str(&format!("Date: {}\r\n", sent.strftime("%a, %d %b %Y %H:%M:%S +0000")));
    }
    let html = text::body(item.properties.get("body"), false);
    let body = html.get("content").and_then(Value::as_str).unwrap_or_default();
    let part = |content_type: &str, content: &[u8], more: &str| {
        let encoded = bytes::encode(content);
        let lines: Vec<&str> = (0..encoded.len()).step_by(76).filter_map(|at| encoded.get(at..encoded.len().min(at + 76))).collect();
        format!("Content-Type: {content_type}\r\nContent-Transfer-Encoding: base64\r\n{more}\r\n{}\r\n", lines.join("\r\n"))
    };
    out.push_str("MIME-Version: 1.0\r\n");
    if item.parts.is_empty() {
        out.push_str(&part("text/html; charset=utf-8", body.as_bytes(), ""));
        return out.into_bytes();
    }
    out.push_str("Content-Type: multipart/mixed; boundary=\"=_part\"\r\n\r\n--=_part\r\n");
    out.push_str(&part("text/html; charset=utf-8", body.as_bytes(), ""));
    for file in &item.parts {
        let text = |name: &str| file.properties.get(name).and_then(Value::as_str).unwrap_or_default();
        let more = format!("Content-Disposition: attachment; filename=\"{}\"\r\n", text("name").replace('"', ""));
        out.push_str(&format!("--=_part\r\n{}", part(text("contentType"), &file.bytes, &more)));
    }
    out.push_str("--=_part--\r\n");
    out.into_bytes()
}

//! HAR 1.2 (the HTTP Archive format): `log.entries[].request` and `.response`.

use base64::{Engine, engine::general_purpose::STANDARD};
use pimkit_contract::replay::Taken;
use serde::Deserialize;
use url::Url;

#[derive(Deserialize)]
struct Archive {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: Request,
    response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(default)]
    post_data: Option<Content>,
}

#[derive(Deserialize)]
struct Response {
    status: u16,
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(default)]
    content: Option<Content>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    encoding: Option<String>,
}

/// Headers of how the body went over the wire, which is not how it is kept.
const OF_THE_WIRE: &[&str] = &["content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive"];

/// The exchanges, in order. Hosts become `host-1.example` and so on, which a replay leads to itself. What has no answer (status
/// 0, as browsers write it) is left out.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Taken>, String> {
    let archive: Archive = serde_json::from_slice(bytes).map_err(|e| format!("is no HAR: {e}"))?;
    let mut hosts: Vec<String> = Vec::new();
    let entries: Vec<(Url, Entry)> = archive.log.entries.into_iter().filter_map(|e| Some((Url::parse(&e.request.url).ok()?, e))).collect();
    for (url, _) in &entries {
        let host = url.host_str().map(|host| url.port().map_or(host.to_owned(), |port| format!("{host}:{port}")));
        hosts.extend(host.filter(|host| !hosts.contains(host)));
    }
    // A longer host may begin with a shorter one.
    let mut order: Vec<(usize, &String)> = hosts.iter().enumerate().collect();
    order.sort_by_key(|(_, host)| std::cmp::Reverse(host.len()));
    let led = |text: &str| {
        order.iter().fold(text.to_owned(), |text, (n, host)| text.replace(&format!("://{host}"), &format!("://host-{}.example", n + 1)))
    };
    let headers = |all: Vec<Header>| {
        let kept = all.into_iter().map(|h| (h.name.to_ascii_lowercase(), h.value));
        kept.filter(|(name, _)| !name.starts_with(':') && !OF_THE_WIRE.contains(&name.as_str())).map(|(name, value)| (name, led(&value)))
    };
    let one = |(url, Entry { request, response }): (Url, Entry)| Taken {
        method: request.method,
        target: url.query().map_or(url.path().to_owned(), |query| format!("{}?{query}", url.path())),
        asked: headers(request.headers).collect(),
        sent: body(request.post_data, led),
        status: response.status,
        answered: headers(response.headers).collect(),
        received: body(response.content, led),
    };
    Ok(entries.into_iter().filter(|(_, entry)| (100..600).contains(&entry.response.status)).map(one).collect())
}

fn body(content: Option<Content>, led: impl Fn(&str) -> String) -> Vec<u8> {
    let Some(Content { text: Some(text), encoding }) = content else { return Vec::new() };
    if encoding.as_deref() != Some("base64") {
        return led(&text).into_bytes();
    }
    let bytes = STANDARD.decode(text.trim()).unwrap_or_default();
    match std::str::from_utf8(&bytes) {
        Ok(text) => led(text).into_bytes(),
        Err(_) => bytes,
    }
}

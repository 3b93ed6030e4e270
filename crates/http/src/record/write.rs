//! A recording as the files of a case.

use super::{Redaction, Sanitiser, Taken, path_and_query};
use pimkit_core::{
    Error, ErrorKind, Result,
    fixture::{Case, Exchange, Message},
};
use std::{fs, path::Path};

/// Name and content.
pub(super) type File = (String, Vec<u8>);

/// The files, sanitised and looked through once more.
///
/// # Errors
/// `InvalidData` when something known would still be readable.
pub(super) fn files(case: &Case, taken: &[Taken], sanitiser: &Sanitiser, redaction: &mut dyn Redaction) -> Result<Vec<File>> {
    let sanitiser = taken.iter().filter_map(|one| one.url.host_str()).fold(sanitiser.clone(), Sanitiser::host);
    let mut at_work = sanitiser.begin();
    let mut files = Vec::new();
    let mut exchanges = Vec::new();
    for (number, one) in (1..).zip(taken) {
        let mut clean = |text: &[u8]| String::from_utf8_lossy(&at_work.apply(text)).into_owned();
        let target = clean(redaction.target(&path_and_query(&one.url)).as_bytes());
        let mut headers = |all: &[(String, Vec<u8>)]| -> Vec<(String, String)> {
            let mut one = |(name, value): &(String, Vec<u8>)| {
                let value = redaction.header(name, &String::from_utf8_lossy(value));
                (name.clone(), clean(value.as_bytes()))
            };
            all.iter().map(&mut one).collect()
        };
        let (asked, answered) = (headers(&one.asked), headers(&one.answered));
        let mut body = |what: &str, headers: &[(String, Vec<u8>)], bytes: &[u8]| {
            if bytes.is_empty() {
                return None;
            }
            let name = format!("{number:03}-{what}.{}", ending(headers, bytes));
            let media_type = String::from_utf8_lossy(media_type(headers)).into_owned();
            files.push((name.clone(), at_work.apply(&redaction.body(&media_type, bytes))));
            Some(name)
        };
        let request = Message {
            method: Some(one.method.clone()),
            target: Some(target),
            headers: asked,
            body: body("request", &one.asked, &one.sent),
            ..Message::default()
        };
        let response = Message {
            status: Some(one.status),
            headers: answered,
            body: body("response", &one.answered, &one.received),
            ..Message::default()
        };
        exchanges.push(Exchange { request, response });
    }
    let case = toml::to_string(case).map_err(|e| unwritten("the case cannot be written as TOML; report this").caused_by(e))?;
    let mut traffic =
        serde_json::to_vec_pretty(&exchanges).map_err(|e| unwritten("the traffic cannot be written as JSON; report this").caused_by(e))?;
    traffic.push(b'\n');
    files.push(("case.toml".to_owned(), case.into_bytes()));
    files.push(("traffic.json".to_owned(), traffic));
    match files.iter().find(|(_, text)| sanitiser.leaks(text)) {
        None => Ok(files),
        Some((name, _)) => {
            let left = "a recorded file would still hold a secret, a user, a host or an e-mail address; nothing was written: record an account without it";
            Err(Error::new(ErrorKind::InvalidData, left).with("file", name))
        }
    }
}

/// Writes the files into a new folder, or one without a case.
pub(super) fn to_disk(folder: &Path, files: &[File]) -> Result<()> {
    let failed = |e: std::io::Error| unwritten("the fixture cannot be written; check the folder").caused_by(e);
    if folder.join("case.toml").exists() || folder.join("traffic.json").exists() {
        return Err(unwritten("the folder already holds a case; name another, or remove it"));
    }
    fs::create_dir_all(folder).map_err(failed)?;
    files.iter().try_for_each(|(name, text)| fs::write(folder.join(name), text)).map_err(failed)
}

fn unwritten(message: &'static str) -> Error {
    Error::new(ErrorKind::Storage, message)
}

fn media_type(headers: &[(String, Vec<u8>)]) -> &[u8] {
    headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_slice()).unwrap_or_default()
}

/// What a body's file is called after.
fn ending(headers: &[(String, Vec<u8>)], body: &[u8]) -> &'static str {
    let kind = String::from_utf8_lossy(media_type(headers)).to_ascii_lowercase();
    let is = |words: &[&str]| words.iter().any(|word| kind.contains(word));
    // A calendar in XML is XML, so the order matters; DAV servers mislabel, so the body has a say.
    match () {
        () if is(&["xml"]) || body.starts_with(b"<?xml") => "xml",
        () if is(&["json"]) => "json",
        () if is(&["calendar"]) || body.starts_with(b"BEGIN:VCALENDAR") => "ics",
        () if is(&["vcard", "x-vcard", "directory"]) || body.starts_with(b"BEGIN:VCARD") => "vcf",
        () if is(&["html"]) => "html",
        () if is(&["text", "urlencoded"]) => "txt",
        () => "bin",
    }
}

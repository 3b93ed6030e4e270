//! A recording in memory, read from a case's folder or put together.

use pimkit_core::{
    Error, ErrorKind, Result,
    fixture::{Case, Exchange, Message},
};
use std::path::Path;

/// One exchange with its bodies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// GET, PROPFIND, …
    pub method: String,
    /// Path and query of the request.
    pub target: String,
    /// Headers of the request, names in lower case.
    pub asked: Vec<(String, String)>,
    /// Body of the request.
    pub sent: Vec<u8>,
    /// Status of the answer.
    pub status: u16,
    /// Headers of the answer, names in lower case.
    pub answered: Vec<(String, String)>,
    /// Body of the answer.
    pub received: Vec<u8>,
}

/// What was recorded, in the order of the wire.
#[derive(Clone, Debug)]
pub struct Recording {
    /// What it shows; absent for a recording that is no case of ours.
    pub case: Option<Case>,
    /// The exchanges.
    pub exchanges: Vec<Taken>,
    pub(super) plain: fn(&str) -> String,
}

fn unread(message: &'static str, file: &Path) -> Error {
    Error::new(ErrorKind::InvalidData, message).with("file", file.display())
}

fn file(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| unread("a file of the recording cannot be read; record the case anew", path).caused_by(e))
}

impl Recording {
    /// These exchanges.
    #[must_use]
    pub fn of(exchanges: Vec<Taken>) -> Self {
        Self { case: None, exchanges, plain: str::to_owned }
    }

    /// The case in a folder `fixtures/<connector>/<case>/`.
    ///
    /// # Errors
    /// `InvalidData` when a file is missing or cannot be read, or an exchange lacks its method, target or status.
    pub fn read(folder: &Path) -> Result<Self> {
        let (case, traffic) = (folder.join("case.toml"), folder.join("traffic.json"));
        let said = file(&case)?;
        let said: Case =
            toml::from_slice(&said).map_err(|e| unread("case.toml cannot be read; record the case anew", &case).caused_by(e))?;
        let exchanges: Vec<Exchange> = serde_json::from_slice(&file(&traffic)?)
            .map_err(|e| unread("traffic.json cannot be read; record the case anew", &traffic).caused_by(e))?;
        let body = |message: &Message| match &message.body {
            None => Ok(Vec::new()),
            Some(name) => file(&folder.join(name)),
        };
        let one = |Exchange { request, response }: Exchange| {
            let (sent, received) = (body(&request)?, body(&response)?);
            match (request.method, request.target, response.status) {
                (Some(method), Some(target), Some(status)) => {
                    Ok(Taken { method, target, asked: request.headers, sent, status, answered: response.headers, received })
                }
                _ => Err(unread("an exchange has no method, target or status; record the case anew", &traffic)),
            }
        };
        Ok(Self { case: Some(said), exchanges: exchanges.into_iter().map(one).collect::<Result<_>>()?, plain: str::to_owned })
    }

    /// The same; bodies of requests are compared after this was done to them. For what changes with every release and means
    /// nothing, such as the name of the program that wrote a card.
    #[must_use]
    pub fn plainly(mut self, plain: fn(&str) -> String) -> Self {
        self.plain = plain;
        self
    }

    /// Path and query of what was asked first: where discovery started.
    #[must_use]
    pub fn start(&self) -> &str {
        self.exchanges.first().map_or("/", |first| first.target.as_str())
    }

    /// The same, with the hosts of the recording turned into this address.
    pub(super) fn led_to(mut self, base: &str) -> Self {
        for one in &mut self.exchanges {
            for (_, value) in one.asked.iter_mut().chain(&mut one.answered) {
                *value = led(value, base);
            }
            for body in [&mut one.sent, &mut one.received] {
                if let Ok(text) = std::str::from_utf8(body) {
                    *body = led(text, base).into_bytes();
                }
            }
        }
        self
    }
}

/// The text with `https://host-1.example` and its like turned into this address.
fn led(text: &str, base: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://host-") {
        let (before, behind) = rest.split_at(at);
        let authority = behind.get(3..).unwrap_or_default();
        let end = authority.find(|c: char| !(c.is_ascii_alphanumeric() || "-.:".contains(c))).unwrap_or(authority.len());
        let host = authority.get(..end).unwrap_or_default();
        let name = host.split(':').next().unwrap_or_default();
        let kept = before.strip_suffix("https").or_else(|| before.strip_suffix("http"));
        match kept.filter(|_| name.ends_with(".example")) {
            Some(kept) => out.extend([kept, base]),
            None => out.extend([before, "://", host]),
        }
        rest = authority.get(end..).unwrap_or_default();
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::led;

    #[test]
    fn recorded_hosts_lead_to_the_replay_and_others_do_not() {
        let base = "http://127.0.0.1:1";
        for (text, expected) in [
            ("https://host-1.example/a b", "http://127.0.0.1:1/a b"),
            ("<href>http://host-12.example:8443/x</href>https://host-1.example", "<href>http://127.0.0.1:1/x</href>http://127.0.0.1:1"),
            ("https://files.example/1", "https://files.example/1"),
            ("https://host-1.example.org/", "https://host-1.example.org/"),
            ("ftp://host-1.example/ ", "ftp://host-1.example/ "),
            ("ends in ://host-", "ends in ://host-"),
        ] {
            assert_eq!(led(text, base), expected);
        }
    }
}

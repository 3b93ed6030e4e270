//! What can be said of servers: simulated ones, and real ones that are looked for.

use crate::simulated;
use clap::Args;
use pimkit_simulators::Personality;
use std::{net::SocketAddr, path::PathBuf};

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// What is simulated; may be given several times. All that there are when left out
    #[arg(long, value_name = "PROVIDER", value_parser = provider)]
    pub(crate) provider: Vec<String>,
    /// Where it listens: an address of this machine alone; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = loopback)]
    pub(crate) listen: SocketAddr,
    /// Puts the files of this folder into the accounts, each sub-folder as a collection: .vcf and .ics into the CalDAV and CardDAV
    /// one; contacts.json, events.json and tasks.json, lists of what Graph takes, into Graph's
    #[arg(long, value_name = "DIR")]
    pub(crate) load: Option<PathBuf>,
    /// What goes wrong: a fault plan, in TOML or, when the name ends in .json, in JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,
    /// Which server the CalDAV and CardDAV one behaves like; those of Google take the password as a token
    #[arg(long, value_name = "NAME", default_value = simulated::SERVER, value_parser = server)]
    pub(crate) server: Box<Personality>,
}

#[derive(Debug, Args)]
pub(crate) struct Discover {
    /// The address of a server or of something on it, a host, or an e-mail address
    pub(crate) address: String,
    /// The user's name at the server; an e-mail address is its own user when this is left out
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// The variable that holds the password
    #[arg(long, value_name = "NAME", group = "secret")]
    pub(crate) password_env: Option<String>,
    /// The file that holds the password
    #[arg(long, value_name = "FILE", group = "secret")]
    pub(crate) password_file: Option<PathBuf>,
    /// The variable that holds a token, instead of a password
    #[arg(long, value_name = "NAME", group = "secret")]
    pub(crate) token_env: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

fn provider(word: &str) -> Result<String, String> {
    let known = simulated::PROVIDERS.contains(&word);
    if known { Ok(word.to_owned()) } else { Err(format!("there are: {}", simulated::PROVIDERS.join(", "))) }
}

fn server(word: &str) -> Result<Box<Personality>, String> {
    Personality::named(word).map(Box::new).ok_or_else(|| {
        let all: Vec<String> = Personality::all().into_iter().map(|p| p.name).collect();
        format!("there are: {}", all.join(", "))
    })
}

fn loopback(word: &str) -> Result<SocketAddr, String> {
    let text = word.strip_prefix("localhost:").map_or_else(|| word.to_owned(), |port| format!("127.0.0.1:{port}"));
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Ok(address),
        Ok(_) => Err("simulators listen on this machine alone; take 127.0.0.1:PORT or [::1]:PORT".to_owned()),
        Err(_) => Err("take 127.0.0.1:PORT or [::1]:PORT; port 0 takes a free one".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_listened_on() {
        for (word, good) in [
            ("127.0.0.1:0", true),
            ("127.9.9.9:80", true),
            ("[::1]:5232", true),
            ("localhost:5232", true),
            ("0.0.0.0:80", false),
            ("192.168.1.2:80", false),
            ("[::]:80", false),
            ("127.0.0.1", false),
            ("example.org:80", false),
        ] {
            assert_eq!(loopback(word).is_ok(), good, "{word}");
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_that_there_are() {
        assert_eq!(server("cyrus").unwrap().name, "cyrus");
        let line = server("exchange").unwrap_err();
        assert!(Personality::all().iter().all(|p| line.contains(&p.name)), "{line}");
        assert!(provider("gopher").unwrap_err().contains("dav, graph"));
    }

    #[test]
    fn the_server_that_is_simulated_unasked_is_there() {
        assert!(Personality::named(simulated::SERVER).is_some());
    }
}

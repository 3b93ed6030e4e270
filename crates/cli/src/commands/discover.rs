//! `discover`: what an account is, from its address.

use crate::{
    cli::Discover,
    discovering::{self, Asked, Credentials, Watched},
    failure::{Exit, Failure, Result},
    output::{Align, Out, table},
};
use pimkit::{
    Access, Collection, Contact, Error, ErrorKind, Event, Record, Task,
    dav::{Config, Dav, Endpoints, SystemDns},
    http::{Reqwest, ReqwestOptions, RetryPolicy},
    sync::{RandomChance, SystemClock},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// Somebody waits for the answer: a server that is down is asked twice, and no longer than this.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn run(args: &Discover, out: &mut Out) -> Result<Exit> {
    let credentials = Credentials::of(args)?;
    let wire = Arc::new(Watched::new(Reqwest::new(&ReqwestOptions::default())?));
    let mut config = Config::new(&args.address);
    if let Some(user) = &credentials.user {
        config = config.user(user);
    }
    let mut opening = Dav::builder(config, wire.clone(), Arc::new(SystemClock), Arc::new(RandomChance::default()));
    opening = opening.policy(RetryPolicy::default().attempts(2).budget(PATIENCE)).dns(Arc::new(SystemDns::new()));
    if let Some(auth) = &credentials.auth {
        opening = opening.auth(auth.clone());
    }
    let dav = opening.open().map_err(|e| Failure::from(e).about(&args.address))?;
    let found = match dav.discover().await {
        Ok(endpoints) => Ok((wire.asked(), endpoints)),
        Err(error) => Err((wire.asked(), error)),
    };
    match found {
        Ok((asked, endpoints)) => {
            let collections = [of::<Contact>(&dav).await, of::<Event>(&dav).await, of::<Task>(&dav).await];
            let collections = collections.into_iter().collect::<pimkit::Result<Vec<_>>>();
            let collections = collections.map_err(|e| refused(args, &credentials, &e))?.concat();
            tell(args, &credentials, &asked, &endpoints, &collections, out)?;
            Ok(Exit::Done)
        }
        Err((asked, error)) => {
            let failure = refused(args, &credentials, &error);
            if out.is_json() {
                let error = json!({ "kind": error.kind().word(), "message": failure.to_string(), "exit": failure.exit().code() });
                out.value(&json!({ "found": false, "asked": asked, "error": error }))?;
            } else {
                tell_asked(&asked, out)?;
            }
            Err(failure)
        }
    }
}

/// The collections of a kind.
async fn of<R: Record>(dav: &Dav) -> pimkit::Result<Vec<(&'static str, Collection)>> {
    let Some(repository) = R::repository(dav) else { return Ok(Vec::new()) };
    Ok(repository.collections().await?.into_iter().map(|c| (R::KIND.plural(), c)).collect())
}

/// Why nothing was found, and what to type instead.
fn refused(args: &Discover, credentials: &Credentials, error: &Error) -> Failure {
    let next = match error.kind() {
        ErrorKind::Unauthenticated if credentials.auth.is_none() => {
            let user = if credentials.user.is_some() { "" } else { " --user USER" };
            format!("type: pimkit discover {}{user} --password-env NAME, with the password in the variable NAME", args.address)
        }
        ErrorKind::Unauthenticated => {
            "check the user and the password: many providers want the whole e-mail address and a password that is made for programs, \
             Google a token (--token-env NAME)"
                .to_owned()
        }
        // The error names the server that DNS names: it is the user who knows whether to believe that.
        ErrorKind::Config if error.context().iter().any(|(key, _)| *key == "server") => "then type that address instead".to_owned(),
        ErrorKind::Config => "it is in their help under CalDAV or CardDAV, and looks like https://HOST/dav/ or, at Nextcloud, \
             https://HOST/remote.php/dav/"
            .to_owned(),
        ErrorKind::Transport if args.address.contains("://") => "see whether the server runs, and whether the port is right".to_owned(),
        ErrorKind::Transport => "when the host is right, type the whole address, as https://HOST:PORT/".to_owned(),
        _ => "see whether the address works in a browser, and try again".to_owned(),
    };
    Failure::failed(error.kind(), format!("{}: {error}; {next}", args.address))
}

fn tell_asked(asked: &[Asked], out: &mut Out) -> Result<()> {
    out.line("Asked, in this order:")?;
    for one in asked {
        let status = one.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        out.line(format_args!("   {:9} {:60} {status}", one.method, one.url))?;
    }
    Ok(())
}

fn access(collection: &Collection) -> &'static str {
    match collection.access {
        Access::Write => "read, written",
        Access::Read => "read only",
    }
}

fn tell(
    args: &Discover,
    credentials: &Credentials,
    asked: &[Asked],
    endpoints: &Endpoints,
    collections: &[(&'static str, Collection)],
    out: &mut Out,
) -> Result<()> {
    // Whoever is found by DNS is looked up there again when the server moves.
    let url = endpoints.domain.as_ref().or(endpoints.asked.first()).unwrap_or(&args.address);
    let account = discovering::account(url, credentials);
    if out.is_json() {
        let collections: Vec<Value> = collections
            .iter()
            .map(|(kind, c)| json!({ "kind": kind, "id": c.id, "name": c.name, "writable": c.access == Access::Write }))
            .collect();
        return out.value(&json!({
            "found": true,
            "connector": "dav",
            "server": (!endpoints.server.is_empty()).then_some(&endpoints.server),
            "url": url,
            "user": credentials.user,
            "asked": asked,
            "endpoints": endpoints,
            "collections": collections,
            "config": account,
        }));
    }
    let server = if endpoints.server.is_empty() { "a server that is not known by name" } else { &endpoints.server };
    let speaks = match (endpoints.calendars.is_empty(), endpoints.address_books.is_empty()) {
        _ if !endpoints.collections.is_empty() => "one collection",
        (false, true) => "CalDAV",
        (true, _) => "CardDAV",
        (false, false) => "CalDAV and CardDAV",
    };
    out.line(format_args!("{}: {speaks}, at {server}. It was found at {url}\n", args.address))?;
    for line in endpoints.asked.iter().filter(|line| line.starts_with("DNS ")) {
        out.line(line)?;
    }
    tell_asked(asked, out)?;
    out.line("\nWhere things are:")?;
    let places = [
        ("principal", endpoints.principal.as_slice()),
        ("calendars", endpoints.calendars.as_slice()),
        ("address books", endpoints.address_books.as_slice()),
        ("collections", endpoints.collections.as_slice()),
        ("your addresses", endpoints.addresses.as_slice()),
    ];
    for (what, list) in places {
        for address in list {
            out.line(format_args!("   {what:15} {address}"))?;
        }
    }
    let invitations = match endpoints.schedules {
        Some(true) => "the server sends them itself",
        Some(false) => "the server sends none",
        None => "the server does not say whether it sends them",
    };
    out.line(format_args!("   {:15} {invitations}\n", "invitations"))?;
    if collections.is_empty() {
        out.line("It has no collection yet.")?;
    } else {
        let rows = collections.iter().map(|(kind, c)| vec![(*kind).to_owned(), c.name.clone(), c.id.to_string(), access(c).to_owned()]);
        let headings = [("kind", Align::Left), ("collection", Align::Left), ("id", Align::Left), ("access", Align::Left)];
        out.line(table(&headings, rows.collect()))?;
    }
    if credentials.reference.is_none() {
        out.line("\nThe server asked for no password.")?;
    }
    out.line("\nThe lines for the configuration:\n")?;
    out.line(account)
}

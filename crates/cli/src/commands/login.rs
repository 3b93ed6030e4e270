//! `login` and `logout`: who signs in to an account, and what is kept of it.

use crate::{
    cli::{Login, Logout},
    config::{AccountConfig, Config},
    failure::{Exit, Failure, Result},
    output::Out,
};
use pimkit::{
    Clock, Error,
    oauth::{Cause, Granted, Listener, Refusal, Store},
    registry::{self, SignIn},
    sync::SystemClock,
};
use serde_json::json;
use std::time::Duration;

pub(super) async fn run(args: &Login, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&args.config.config)?;
    let account = config.account(&args.account)?;
    let kinds = config.kinds_of(&account.name);
    let sign_in = registry::sign_in(account.connector.name, Some(&account.name), &account.settings, &config.base, &kinds, &args.scope);
    let sign_in = sign_in.map_err(|e| account.blame(e))?;
    if sign_in.is_own_name() {
        sign_in.prove().await.map_err(|e| account.blame(e))?;
        if out.is_json() {
            out.value(&json!({ "account": account.name, "signed_in": true, "own_name": true, "kept": null }))?;
        } else {
            out.line(format_args!("\"{}\" signs in in the app's own name, and it works: nobody has to sign in.", account.name))?;
        }
        return Ok(Exit::Done);
    }
    let granted = if args.device { by_device(&sign_in, out).await } else { by_browser(args, &sign_in, out).await };
    let granted = granted.map_err(|told| told.of(account, args.device))?;
    if out.is_json() {
        let kept = sign_in.path().display().to_string();
        out.value(&json!({ "account": account.name, "signed_in": true, "own_name": false, "scopes": granted.scopes, "kept": kept }))?;
    } else {
        out.line(format_args!("Signed in to \"{}\".", account.name))?;
        if !granted.scopes.is_empty() {
            out.line(format_args!("It may: {}", granted.scopes.join(" ")))?;
        }
        out.line(format_args!("The sign-in is kept in {}; `pimkit logout {}` takes it away.", sign_in.path().display(), account.name))?;
    }
    Ok(Exit::Done)
}

pub(super) async fn logout(args: &Logout, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&args.config.config)?;
    let account = config.account(&args.account)?;
    if !account.connector.keys.contains(&"client_id") {
        return Err(
            account.blame(Failure::usage("nobody signs in to this account; its password or token is in the configuration by reference"))
        );
    }
    let was = registry::sign_ins(&config.base).remove(&account.name).await.map_err(|e| account.blame(e))?;
    if out.is_json() {
        out.value(&json!({ "account": account.name, "signed_out": was }))?;
    } else if was {
        out.line(format_args!("The sign-in of \"{}\" is forgotten here.", account.name))?;
        out.line("To take the app's access back altogether, remove it at the provider: https://myapps.microsoft.com or")?;
        out.line("https://account.live.com/consent/Manage.")?;
    } else {
        out.line(format_args!("Nobody was signed in to \"{}\".", account.name))?;
    }
    Ok(Exit::Done)
}

/// Why nobody signed in.
enum Told {
    Error(Error),
    Failure(Failure),
}

impl From<Error> for Told {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Failure> for Told {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl Told {
    /// With what to type next, where that is known better here than where it went wrong.
    fn of(self, account: &AccountConfig, device: bool) -> Failure {
        match self {
            Self::Failure(failure) => failure,
            Self::Error(error) => {
                let refusal = Refusal::of(&error).map(|refusal| refusal.cause);
                let failed = Failure::failed(error.kind(), error.to_string());
                let failure = if error.kind() == pimkit::ErrorKind::Config { Failure::from(error) } else { failed };
                match (refusal, device) {
                    // Organisations that keep device codes out say so by these.
                    (Some(Cause::ConditionalAccess | Cause::Client), true) => {
                        account.blame(failure.and(format_args!("or without --device: pimkit login {}", account.name)))
                    }
                    _ => account.blame(failure),
                }
            }
        }
    }
}

async fn by_device(sign_in: &SignIn, out: &mut Out) -> Result<Granted, Told> {
    let device = sign_in.app().device_for(sign_in.claims().await?.as_deref()).await?;
    if out.is_json() {
        out.value(&json!({
            "verification_uri": device.verification_uri(),
            "verification_uri_complete": device.verification_uri_complete(),
            "user_code": device.user_code(),
            "expires": device.expires,
        }))?;
    } else {
        out.line("Open this address on any device, and type the code:\n")?;
        out.line(format_args!("   {}\n   {}\n", device.verification_uri(), device.user_code()))?;
    }
    out.flush()?;
    let granted = sign_in.app().poll(&device).await?;
    sign_in.keep(&granted).await?;
    Ok(granted)
}

async fn by_browser(args: &Login, sign_in: &SignIn, out: &mut Out) -> Result<Granted, Told> {
    let app = sign_in.app();
    let listener = Listener::bind(app.provider().redirect).await?;
    let authorization = app.authorize(listener.redirect(), sign_in.claims().await?.as_deref())?;
    let patience = Duration::from_secs(args.minutes * 60);
    if out.is_json() {
        let expires = SystemClock.now() + patience;
        out.value(&json!({ "open": authorization.url(), "redirect": listener.redirect(), "expires": expires }))?;
    } else {
        out.line("Open this address in a browser on this machine, and sign in:\n")?;
        out.line(format_args!("   {}\n", authorization.url()))?;
        out.line("(On a machine without a browser: --device)")?;
    }
    out.flush()?;
    let arrived = listener.receive(&authorization, &SystemClock, patience).await?;
    let kept = async {
        let granted = app.exchange(authorization, &arrived.code).await?;
        sign_in.keep(&granted).await.map(|()| granted)
    };
    match kept.await {
        Ok(granted) => {
            arrived.page.done().await;
            Ok(granted)
        }
        Err(error) => {
            arrived.page.failed(&error).await;
            Err(error.into())
        }
    }
}

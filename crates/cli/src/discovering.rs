//! What `discover` works with: credentials by reference, and a wire that is watched.

use crate::{
    cli::Discover,
    failure::{Failure, Result},
};
use async_trait::async_trait;
use pimkit::http::{self, Auth, Bearer, Incoming, Outgoing, Password, Secret, Transport};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// One request, and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Without a query, which may hold a secret.
    pub(crate) url: String,
    /// None when no answer came.
    pub(crate) status: Option<u16>,
}

/// A transport that keeps what was asked. What cannot be found is told with it too.
#[derive(Debug)]
pub(crate) struct Watched<T> {
    inner: T,
    asked: Mutex<Vec<Asked>>,
}

impl<T> Watched<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self { inner, asked: Mutex::default() }
    }

    /// What was asked so far, in order. Rounds of sign-in are one request, with the last answer.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        let mut asked: Vec<Asked> = Vec::new();
        for one in self.asked.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            match asked.last_mut().filter(|last| last.status == Some(401) && last.method == one.method && last.url == one.url) {
                Some(last) => last.status = one.status,
                None => asked.push(one.clone()),
            }
        }
        asked
    }
}

#[async_trait]
impl<T: Transport> Transport for Watched<T> {
    async fn send(&self, request: Outgoing) -> Result<Incoming, http::Failure> {
        let mut url = request.url.clone();
        url.set_query(None);
        let method = request.method.to_string();
        let answer = self.inner.send(request).await;
        let status = answer.as_ref().ok().map(|answer| answer.status.as_u16());
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(Asked { method, url: url.into(), status });
        answer
    }
}

/// Who asks.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    /// The user's name at the server.
    pub(crate) user: Option<String>,
    /// None to ask as anybody.
    pub(crate) auth: Option<Arc<dyn Auth>>,
    /// The key of the configuration that says where the secret is, and its value.
    pub(crate) reference: Option<(&'static str, Value)>,
}

impl Credentials {
    /// What the command line names.
    ///
    /// # Errors
    /// A usage failure when the secret is not where it is said to be, or a password has no user.
    pub(crate) fn of(args: &Discover) -> Result<Self> {
        let of_address = || args.address.contains('@').then(|| args.address.trim().to_owned()).filter(|a| !a.contains("://"));
        let user = args.user.clone().or_else(of_address);
        let password = |user: Option<&String>, text: String, option: &str| -> Result<Arc<dyn Auth>> {
            let user = user.ok_or_else(|| Failure::usage(format!("{option}: whose password is it? Add --user USER")))?;
            Ok(Arc::new(Password::new(user, &Secret::new(text))?))
        };
        let (auth, reference): (Arc<dyn Auth>, _) = if let Some(name) = &args.password_env {
            (password(user.as_ref(), variable("--password-env", name)?, "--password-env")?, ("password", json!({ "env": name })))
        } else if let Some(file) = &args.password_file {
            let place = std::path::absolute(file).unwrap_or_else(|_| file.clone());
            (password(user.as_ref(), content(file)?, "--password-file")?, ("password", json!({ "file": place.display().to_string() })))
        } else if let Some(name) = &args.token_env {
            (Arc::new(Bearer::fixed(Secret::new(variable("--token-env", name)?))), ("token", json!({ "env": name })))
        } else {
            return Ok(Self { user, auth: None, reference: None });
        };
        Ok(Self { user, auth: Some(auth), reference: Some(reference) })
    }
}

fn variable(option: &str, name: &str) -> Result<String> {
    let text = std::env::var(name)
        .map_err(|_| Failure::usage(format!("{option} {name}: this variable is not set, or is no text; set it, and call again")))?;
    secret(&text).ok_or_else(|| Failure::usage(format!("{option} {name}: this variable is empty; put the secret there")))
}

fn content(file: &Path) -> Result<String> {
    let refuse = |what: String| Failure::usage(format!("--password-file {}: {what}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|e| refuse(format!("cannot be read: {e}; see its path and permissions")))?;
    secret(&text).ok_or_else(|| refuse("is empty; put the password there".to_owned()))
}

/// A secret without the line end behind it; none when nothing is left.
fn secret(text: &str) -> Option<String> {
    let text = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    (!text.is_empty()).then(|| text.to_owned())
}

/// An account of a configuration, as TOML.
pub(crate) fn account(url: &str, credentials: &Credentials) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut lines = vec!["[accounts.dav]".to_owned(), "connector = \"dav\"".to_owned(), format!("url = {}", quoted(url))];
    if let Some((key, reference)) = &credentials.reference {
        if let (Some(user), &"password") = (&credentials.user, key) {
            lines.push(format!("user = {}", quoted(user)));
        }
        let places = reference.as_object().into_iter().flatten();
        lines.extend(places.map(|(how, place)| format!("{key} = {{ {how} = {} }}", quoted(place.as_str().unwrap_or_default()))));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(address: &str) -> Discover {
        Discover { address: address.to_owned(), user: None, password_env: None, password_file: None, token_env: None, json: false }
    }

    #[test]
    fn an_e_mail_address_is_its_own_user_and_an_address_is_nobodys() {
        for (address, user) in [("ada@example.org", Some("ada@example.org")), ("https://example.org/@ada", None), ("dav.example.org", None)]
        {
            assert_eq!(Credentials::of(&args(address)).unwrap().user.as_deref(), user, "{address}");
        }
    }

    #[test]
    fn the_lines_for_the_configuration_hold_no_secret_and_are_read_by_the_program() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("it's \"here\"");
        std::fs::write(&file, "hunter2\n").unwrap();
        let found = Credentials::of(&Discover { password_file: Some(file), ..args("ada@example.org") }).unwrap();
        let text = account("https://example.org/", &found);
        assert!(!text.contains("hunter2") && !format!("{found:?}").contains("hunter2"), "{text}");
        let config = dir.path().join("pimkit.toml");
        std::fs::write(&config, &text).unwrap();
        let config = crate::config::Config::load(&config).unwrap();
        assert!(config.account("dav").unwrap().settings["password"]["file"].as_str().unwrap().ends_with("it's \"here\""));
    }

    #[test]
    fn a_password_needs_a_user_and_a_secret_must_be_there() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("empty");
        std::fs::write(&file, "\n").unwrap();
        for (args, says) in [
            (Discover { password_env: Some("PATH".into()), ..args("example.org") }, "--user"),
            (Discover { password_env: Some("PIMKIT_NO_SUCH".into()), ..args("a@example.org") }, "PIMKIT_NO_SUCH"),
            (Discover { token_env: Some("PIMKIT_NO_SUCH".into()), ..args("example.org") }, "not set"),
            (Discover { password_file: Some(file), ..args("a@example.org") }, "is empty"),
        ] {
            let line = Credentials::of(&args).unwrap_err().to_string();
            assert!(line.contains(says), "{line}");
        }
    }
}

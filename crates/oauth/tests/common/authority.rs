//! An authorization server that keeps to RFC 6749, 7636, 8252 and 8628, and refuses what they refuse.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use pimkit_http::Broken;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Mutex,
};
use url::{Url, form_urlencoded};

type Form = BTreeMap<String, String>;

/// A code that was issued: to whom, for where, and what proves that it comes from there.
pub struct Code {
    redirect: String,
    challenge: String,
    scope: String,
}

/// What is answered instead, once.
pub struct Fault {
    pub status: u16,
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: &'static str,
    /// The answer is lost after the request was carried out.
    pub done_but_lost: bool,
}

pub fn fault(status: u16, body: &'static str) -> Fault {
    Fault { status, headers: vec![("content-type", "application/json")], body, done_but_lost: false }
}

#[derive(Default)]
pub struct State {
    codes: BTreeMap<String, Code>,
    /// Device codes, and the answers that are still to come before the token.
    devices: BTreeMap<String, VecDeque<&'static str>>,
    refresh: Vec<String>,
    used: Vec<String>,
    access: Vec<String>,
    issued: u64,
    faults: VecDeque<Fault>,
    requests: Vec<(String, Form)>,
    interval: Option<u64>,
}

#[derive(Default)]
pub struct Authority {
    pub state: Mutex<State>,
    /// The secret of the client `app`; one without is public.
    pub secret: Option<&'static str>,
    /// A refresh token is good for one use, and a second use ends the sign-in.
    pub rotates: bool,
    /// Leaves the refresh token out.
    pub stingy: bool,
    /// What a device hears before the user is done.
    pub waits: Vec<&'static str>,
}

impl Authority {
    pub fn fail(&self, fault: Fault) {
        self.state.lock().unwrap().faults.push_back(fault);
    }

    /// Everything that it was asked: path and form.
    pub fn requests(&self) -> Vec<(String, Form)> {
        self.state.lock().unwrap().requests.clone()
    }

    pub fn set_interval(&self, seconds: u64) {
        self.state.lock().unwrap().interval = Some(seconds);
    }

    /// Signs a user in out of sight, and gives the refresh token.
    pub fn grant(&self) -> String {
        let mut state = self.state.lock().unwrap();
        state.issued += 1;
        let token = format!("refresh-{}", state.issued);
        state.refresh.push(token.clone());
        token
    }

    /// The user takes it back.
    pub fn revoke(&self) {
        let mut state = self.state.lock().unwrap();
        state.refresh.clear();
        state.access.clear();
    }

    /// Forgets the access tokens, not what refreshes them.
    pub fn forget_access(&self) {
        self.state.lock().unwrap().access.clear();
    }

    pub fn opens(&self, access: &str) -> bool {
        self.state.lock().unwrap().access.iter().any(|token| token == access)
    }

    pub fn refreshes(&self, token: &str) -> bool {
        self.state.lock().unwrap().refresh.iter().any(|known| known == token)
    }

    /// A user's browser at the authorize endpoint: where it is sent back to. What is wrong with the request is said to the
    /// user, and never at an address that was not registered.
    pub fn browse(&self, url: &Url) -> Result<Url, String> {
        if url.path() != "/authorize" {
            return Err("not the authorize endpoint".to_owned());
        }
        let form = form(url.query().unwrap_or_default().as_bytes())?;
        let get = |name: &str| form.get(name).cloned().ok_or_else(|| format!("{name} is missing"));
        let redirect = get("redirect_uri")?;
        let back = Url::parse(&redirect).map_err(|e| e.to_string())?;
        let registered = back.scheme() == "http" && matches!(back.host_str(), Some("127.0.0.1" | "localhost")) && back.port().is_some();
        if get("client_id")? != "app" || !registered || redirect.ends_with('/') {
            return Err(format!("client or redirect is not registered: {redirect}"));
        }
        if get("response_type")? != "code" || get("code_challenge_method")? != "S256" || get("code_challenge")?.len() != 43 {
            return Err("only code with S256".to_owned());
        }
        let (state, scope) = (get("state")?, get("scope")?);
        if state.len() < 22 {
            return Err("the state can be guessed".to_owned());
        }
        let mut kept = self.state.lock().unwrap();
        kept.issued += 1;
        let code = format!("code-{}", kept.issued);
        kept.codes.insert(code.clone(), Code { redirect, challenge: get("code_challenge")?, scope });
        let mut back = back;
        back.query_pairs_mut().append_pair("code", &code).append_pair("state", &state);
        Ok(back)
    }

    pub fn serve(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Broken> {
        let mut state = self.state.lock().unwrap();
        let form = match form(request.body()) {
            Ok(form) => form,
            Err(message) => return Ok(refuse(400, "invalid_request", &message)),
        };
        state.requests.push((request.uri().path().to_owned(), form.clone()));
        let fault = state.faults.pop_front();
        if let Some(fault) = &fault
            && !fault.done_but_lost
        {
            let mut response = Response::builder().status(fault.status);
            for (name, value) in &fault.headers {
                response = response.header(*name, *value);
            }
            return Ok(response.body(Bytes::from_static(fault.body.as_bytes())).unwrap());
        }
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        if request.method() != "POST" || header("content-type").as_deref() != Some("application/x-www-form-urlencoded") {
            return Ok(refuse(400, "invalid_request", "POST a form"));
        }
        let answer = self.answer(&mut state, request.uri().path(), &form);
        if fault.is_some() {
            return Err(Broken::Reset);
        }
        Ok(answer)
    }

    fn answer(&self, state: &mut State, path: &str, form: &Form) -> Response<Bytes> {
        let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if get("client_id") != "app" {
            return refuse(400, "unauthorized_client", "AADSTS700016: Application was not found in the directory");
        }
        match (self.secret, form.get("client_secret")) {
            (Some(secret), Some(told)) if secret == told => {}
            (Some(_), Some(_)) => return refuse(401, "invalid_client", "AADSTS7000215: Invalid client secret provided"),
            // A device code and a refresh may come from where no secret can be kept.
            (Some(_), None) => return refuse(401, "invalid_client", "AADSTS7000218: the body must contain client_secret"),
            (None, Some(_)) => return refuse(401, "invalid_client", "AADSTS700025: Client is public"),
            (None, None) => {}
        }
        match (path, get("grant_type")) {
            ("/device", _) => {
                if get("scope").is_empty() {
                    return refuse(400, "invalid_scope", "scope");
                }
                state.issued += 1;
                let code = format!("device-{}", state.issued);
                state.devices.insert(code.clone(), self.waits.iter().copied().collect());
                let mut body = json!({
                    "device_code": code, "user_code": "ABCD-EFGH", "verification_uri": "https://login.example.com/link", "expires_in": 900,
                    "message": "To sign in, use a web browser",
                });
                if let Some(interval) = state.interval {
                    body["interval"] = interval.into();
                }
                good(&body)
            }
            ("/token", "authorization_code") => {
                // Whatever it comes with, it is used.
                let Some(code) = state.codes.remove(get("code")) else {
                    return refuse(400, "invalid_grant", "AADSTS54005: the code was already redeemed");
                };
                if code.redirect != get("redirect_uri") {
                    return refuse(400, "invalid_grant", "redirect_uri is another one");
                }
                let verifier = get("code_verifier");
                let plain = verifier.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c));
                let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
                if !(43..=128).contains(&verifier.len()) || !plain || challenge != code.challenge {
                    return refuse(400, "invalid_grant", "AADSTS50148: the code_verifier does not match");
                }
                self.tokens(state, &code.scope, true)
            }
            ("/token", "urn:ietf:params:oauth:grant-type:device_code") => {
                let Some(waits) = state.devices.get_mut(get("device_code")) else {
                    return refuse(400, "bad_verification_code", "unknown");
                };
                match waits.pop_front() {
                    Some(wait) => refuse(400, wait, "not yet"),
                    None => {
                        state.devices.remove(get("device_code"));
                        self.tokens(state, "offline_access Contacts.ReadWrite", true)
                    }
                }
            }
            ("/token", "refresh_token") => {
                let token = get("refresh_token").to_owned();
                if state.used.contains(&token) {
                    state.refresh.clear();
                    return refuse(400, "invalid_grant", "used twice: the sign-in is over");
                }
                let Some(at) = state.refresh.iter().position(|known| *known == token) else {
                    return refuse(400, "invalid_grant", "AADSTS700082: ada@example.com's refresh token has expired");
                };
                if self.rotates {
                    state.refresh.remove(at);
                    state.used.push(token);
                }
                self.tokens(state, "", self.rotates)
            }
            ("/token", "client_credentials") if self.secret.is_some() => {
                if !get("scope").ends_with("/.default") {
                    return refuse(400, "invalid_scope", "AADSTS70011: scope");
                }
                self.tokens(state, "", false)
            }
            _ => refuse(400, "unsupported_grant_type", "grant"),
        }
    }

    fn tokens(&self, state: &mut State, scope: &str, refresh: bool) -> Response<Bytes> {
        state.issued += 1;
        let n = state.issued;
        let access = format!("access-{n}");
        state.access.push(access.clone());
        let mut body = json!({ "token_type": "Bearer", "access_token": access, "expires_in": 3600, "ext_expires_in": 3600 });
        if !scope.is_empty() {
            body["scope"] = scope.into();
        }
        if refresh && !self.stingy {
            let token = format!("refresh-{n}");
            state.refresh.push(token.clone());
            body["refresh_token"] = token.into();
        }
        good(&body)
    }
}

/// A form in which nothing comes twice (RFC 6749 §3.2).
fn form(bytes: &[u8]) -> Result<Form, String> {
    let mut form = Form::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        if form.insert(name.to_string(), value.to_string()).is_some() {
            return Err(format!("{name} comes twice"));
        }
    }
    Ok(form)
}

fn good(body: &Value) -> Response<Bytes> {
    json_response(StatusCode::OK, body)
}

fn refuse(status: u16, error: &str, description: &str) -> Response<Bytes> {
    json_response(StatusCode::from_u16(status).unwrap(), &json!({ "error": error, "error_description": description }))
}

fn json_response(status: StatusCode, body: &Value) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .header("content-type", "application/json; charset=utf-8")
        .header("cache-control", "no-store")
        .body(Bytes::from(body.to_string()))
        .unwrap()
}

//! A sign-in server on loopback that checks what it is sent: Microsoft's endpoints of the tenant `contoso.example`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

type Form = BTreeMap<String, String>;

/// What it knows and how it answers.
#[derive(Default)]
struct State {
    /// Codes that were given out, with the redirect and the challenge that they belong to.
    codes: BTreeMap<String, (String, String)>,
    /// How a device is answered before it gets its token.
    waits: Vec<&'static str>,
    refresh: Vec<String>,
    access: Vec<String>,
    issued: u32,
    /// The claims that its Graph wants of every sign-in.
    demand: Option<&'static str>,
    /// The claims that browsers and devices brought along, in order.
    brought: Vec<String>,
}

impl State {
    fn brings(&mut self, asked: &Form) {
        let Some(claims) = asked.get("claims") else { return };
        self.demand = self.demand.filter(|wanted| wanted != claims);
        self.brought.push(claims.clone());
    }
}

/// It serves until the test ends.
#[derive(Clone)]
pub(crate) struct Authority {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Authority {
    pub(crate) fn start(waits: &[&'static str]) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let this = Self { url, state: Arc::new(Mutex::new(State { waits: waits.to_vec(), ..State::default() })) };
        let serving = this.clone();
        std::thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                serving.answer(stream);
            }
        });
        this
    }

    /// Whether this refreshes.
    pub(crate) fn refreshes(&self, token: &str) -> bool {
        self.state.lock().unwrap().refresh.iter().any(|known| known == token)
    }

    /// From now on its Graph wants these claims, until a sign-in brings them.
    pub(crate) fn demand(&self, claims: &'static str) {
        self.state.lock().unwrap().demand = Some(claims);
    }

    /// The claims that sign-ins brought along so far.
    pub(crate) fn brought(&self) -> Vec<String> {
        self.state.lock().unwrap().brought.clone()
    }

    fn answer(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut first = String::new();
        reader.read_line(&mut first).unwrap();
        let (mut length, mut line) = (0, String::new());
        while reader.read_line(&mut line).unwrap() > 2 {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let demand = self.state.lock().unwrap().demand;
        let mut challenge = String::new();
        let (status, value) = match first.split(' ').collect::<Vec<_>>()[..] {
            // As Microsoft Graph: whoever signed in before the demand is sent to sign in again, with claims.
            [_, path, _] if path.starts_with("/v1.0/") => match demand {
                Some(claims) => {
                    let claims = base64::engine::general_purpose::STANDARD.encode(claims);
                    challenge = format!("www-authenticate: Bearer realm=\"\", error=\"insufficient_claims\", claims=\"{claims}\"\r\n");
                    (401, json!({ "error": { "code": "InvalidAuthenticationToken", "message": "Continuous access evaluation" } }))
                }
                // An empty mailbox.
                None => {
                    let nothing = json!({ "value": [], "@odata.deltaLink": format!("{}/v1.0/round", self.url) });
                    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
                    let each = |one: &Value| json!({ "id": one["id"], "status": 200, "body": nothing });
                    let answers: Vec<Value> = asked["requests"].as_array().into_iter().flatten().map(each).collect();
                    (200, if path.ends_with("$batch") { json!({ "responses": answers }) } else { nothing })
                }
            },
            ["POST", path, _] => self.token(path, &form(&body)),
            _ => (405, json!({})),
        };
        let body = value.to_string();
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{challenge}connection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    }

    fn token(&self, path: &str, form: &Form) -> (u16, Value) {
        let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let refuse = |error: &str, code: u32| {
            (400, json!({ "error": error, "error_codes": [code], "error_description": "AADSTS: ada@example.com" }))
        };
        if get("client_id") != "app" {
            return refuse("unauthorized_client", 700_016);
        }
        let mut state = self.state.lock().unwrap();
        if path.ends_with("/devicecode") {
            state.brings(form);
        }
        match (path, get("grant_type")) {
            ("/contoso.example/oauth2/v2.0/token", "refresh_token") if state.refresh.iter().any(|known| known == get("refresh_token")) => {
                granted(&mut state, false)
            }
            ("/contoso.example/oauth2/v2.0/devicecode", "") => {
                let uri = format!("{}/link", self.url);
                (200, json!({ "device_code": "device-1", "user_code": "ABCD", "verification_uri": uri, "expires_in": 60, "interval": 0 }))
            }
            ("/contoso.example/oauth2/v2.0/token", "urn:ietf:params:oauth:grant-type:device_code") if get("device_code") == "device-1" => {
                if state.waits.is_empty() {
                    granted(&mut state, true)
                } else {
                    (400, json!({ "error": state.waits.remove(0) }))
                }
            }
            ("/contoso.example/oauth2/v2.0/token", "authorization_code") => {
                let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(get("code_verifier").as_bytes()));
                match state.codes.remove(get("code")) {
                    Some((redirect, challenge)) if redirect == get("redirect_uri") && challenge == proof => granted(&mut state, true),
                    _ => refuse("invalid_grant", 54_005),
                }
            }
            ("/contoso.example/oauth2/v2.0/token", "client_credentials") if get("scope").ends_with("/.default") => {
                match get("client_secret") {
                    "right" => granted(&mut state, false),
                    _ => (401, json!({ "error": "invalid_client", "error_codes": [7_000_215] })),
                }
            }
            _ => refuse("invalid_request", 900_144),
        }
    }

    /// What a user's browser does with an address of the program's, and the page that it ends on. `code` false: the user says no.
    pub(crate) fn browse(&self, url: &str, yes: bool) -> String {
        let query = url.strip_prefix(&format!("{}/contoso.example/oauth2/v2.0/authorize?", self.url)).expect("the authorize endpoint");
        let asked = form(query.as_bytes());
        assert_eq!(
            (asked["client_id"].as_str(), asked["response_type"].as_str(), asked["code_challenge_method"].as_str()),
            ("app", "code", "S256")
        );
        self.state.lock().unwrap().brings(&asked);
        let redirect = asked["redirect_uri"].clone();
        let port = redirect.strip_prefix("http://localhost:").expect("a port of this machine").to_owned();
        let answer = if yes {
            self.state.lock().unwrap().codes.insert("code-1".to_owned(), (redirect, asked["code_challenge"].clone()));
            "code=code-1"
        } else {
            "error=access_denied"
        };
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        write!(stream, "GET /?{answer}&state={} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n", asked["state"]).unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        page
    }
}

fn granted(state: &mut State, refresh: bool) -> (u16, Value) {
    state.issued += 1;
    let (access, token) = (format!("access-{}", state.issued), format!("refresh-{}", state.issued));
    state.access.push(access.clone());
    let mut body = json!({ "token_type": "Bearer", "access_token": access, "expires_in": 3600, "scope": "Contacts.ReadWrite Mail.Read" });
    if refresh {
        state.refresh.push(token.clone());
        body["refresh_token"] = token.into();
    }
    (200, body)
}

fn form(bytes: &[u8]) -> Form {
    let mut form = Form::new();
    for pair in std::str::from_utf8(bytes).unwrap().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap();
        assert!(form.insert(unescaped(name), unescaped(value)).is_none(), "{name} comes twice");
    }
    form
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        rest = match (first, more) {
            (b'+', _) => {
                bytes.push(b' ');
                more
            }
            (b'%', [a, b, more @ ..]) => {
                bytes.push(u8::from_str_radix(std::str::from_utf8(&[*a, *b]).unwrap(), 16).unwrap());
                more
            }
            _ => {
                bytes.push(*first);
                more
            }
        };
    }
    String::from_utf8(bytes).unwrap()
}

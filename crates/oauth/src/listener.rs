//! Where the browser comes back to: an address of this machine alone (RFC 8252 §7.3), for one sign-in.

use crate::{
    Authorization, RedirectHost, Refusal,
    pages::{Says, page},
};
use futures::{
    future::BoxFuture,
    stream::{FuturesUnordered, StreamExt},
};
use pimkit_core::{Clock, Error, ErrorKind, Result};
use pimkit_http::Secret;
use std::{fmt, net::Ipv4Addr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use url::form_urlencoded;

/// The longest head of a request. A code of Microsoft's has some 1,500 characters, with a claims challenge some more.
const LONGEST_HEAD: usize = 32 << 10;

/// Connections that are listened to at once. Browsers open some before they say anything.
const MOST: usize = 32;

/// A free port of this machine that waits for a browser. It serves one sign-in and is closed with it.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    redirect: String,
}

/// A browser that came back with a code. Its `Debug` does not show it.
pub struct Arrived {
    /// For [`App::exchange`](crate::App::exchange).
    pub code: Secret,
    /// The browser still waits: tell it what came of it.
    pub page: Page,
}

impl fmt::Debug for Arrived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Arrived(..)")
    }
}

/// A browser that waits for its page.
#[derive(Debug)]
pub struct Page(TcpStream);

impl Page {
    /// Says that all is well.
    pub async fn done(self) {
        answer(self.0, Says::Done).await;
    }

    /// Says that it is not, and why.
    pub async fn failed(self, error: &Error) {
        answer(self.0, Says::Failed(error)).await;
    }
}

/// What a request turned out to be.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    /// Nothing of ours: a page for whoever it was, and on with waiting.
    Wrong(&'static str, &'static str),
    /// The provider says no, or the user did.
    Refused { error: String, description: Option<String> },
    /// The code.
    Code(String),
}

impl Listener {
    /// Takes a free port of this machine.
    ///
    /// # Errors
    /// `Transport` when there is none.
    pub async fn bind(host: RedirectHost) -> Result<Self> {
        let none = |e: std::io::Error| {
            let message = "no port of this machine is free for the browser to come back to; sign in with a device code instead";
            Error::new(ErrorKind::Transport, message).during("oauth.listen").caused_by(e)
        };
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(none)?;
        let port = socket.local_addr().map_err(none)?.port();
        let name = match host {
            RedirectHost::Address => "127.0.0.1",
            RedirectHost::Localhost => "localhost",
        };
        Ok(Self { socket, redirect: format!("http://{name}:{port}") })
    }

    /// Where the browser is to come back to, for [`App::authorize`](crate::App::authorize).
    #[must_use]
    pub fn redirect(&self) -> &str {
        &self.redirect
    }

    /// Waits for the browser, `patience` at most on this clock. Whoever comes without the state of this sign-in gets a page
    /// that says so, and is waited on no longer; the first that has it ends the waiting.
    ///
    /// # Errors
    /// With a [`Refusal`] when the browser brings one, and when nobody came in time; `Transport` when the port fails.
    pub async fn receive(self, authorization: &Authorization, clock: &dyn Clock, patience: Duration) -> Result<Arrived> {
        let provider = authorization.app.provider();
        let refused = |refusal: Refusal| refusal.error(None).during("oauth.listen");
        let mut late = clock.sleep(patience);
        let mut said: FuturesUnordered<BoxFuture<'static, Option<Said>>> = FuturesUnordered::new();
        let mut failed = 0;
        loop {
            let Said { head, stream } = tokio::select! {
                biased;
                Some(one) = said.next(), if !said.is_empty() => match one {
                    Some(one) => one,
                    None => continue,
                },
                accepted = self.socket.accept() => {
                    match accepted {
                        Ok((stream, from)) if from.ip().is_loopback() && said.len() < MOST => {
                            failed = 0;
                            said.push(Box::pin(listen(stream)));
                        }
                        Ok(_) => {}
                        // A connection that broke off at once is no reason to give up; the browser comes again.
                        Err(_) if failed < MOST => failed += 1,
                        Err(e) => {
                            let message = "this machine takes no more connections; close what is open, and start the sign-in again";
                            return Err(Error::new(ErrorKind::Transport, message).during("oauth.listen").caused_by(e));
                        }
                    }
                    continue;
                }
                () = &mut late => return Err(refused(Refusal::of_redirect(provider, "expired_token", None))),
            };
            let told = read(&head, authorization);
            match told {
                Told::Wrong(status, line) => answer(stream, Says::Wrong { status, line }).await,
                Told::Refused { error, description } => {
                    let error = refused(Refusal::of_redirect(provider, &error, description.as_deref()));
                    answer(stream, Says::Failed(&error)).await;
                    return Err(error);
                }
                Told::Code(code) => return Ok(Arrived { code: code.into(), page: Page(stream) }),
            }
        }
    }
}

/// What came over a connection, up to the end of its head.
struct Said {
    head: Vec<u8>,
    stream: TcpStream,
}

/// Waits for the head of a request; none when it ends early or grows too long.
async fn listen(mut stream: TcpStream) -> Option<Said> {
    let mut head = Vec::with_capacity(1024);
    loop {
        if stream.read_buf(&mut head).await.ok()? == 0 || head.len() > LONGEST_HEAD {
            return None;
        }
        if head.windows(4).any(|end| end == b"\r\n\r\n") {
            return Some(Said { head, stream });
        }
    }
}

/// A browser that went away wants no page.
async fn answer(mut stream: TcpStream, says: Says<'_>) {
    if stream.write_all(&page(says)).await.is_ok() {
        let _ = stream.shutdown().await;
    }
}

fn read(head: &[u8], authorization: &Authorization) -> Told {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let mut words = std::str::from_utf8(line).unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) = (words.next(), words.next(), words.next(), words.next()) else {
        return Told::Wrong("400 Bad Request", "This is not a request that a browser makes.");
    };
    if method != "GET" {
        return Told::Wrong("405 Method Not Allowed", "Only a browser that comes back from a sign-in is expected here.");
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path != "/" {
        return Told::Wrong("404 Not Found", "There is nothing here.");
    }
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    // A parameter must not come twice (RFC 6749 §3.1): who reads the first and who the second would disagree.
    let one = |name: &str| {
        let mut values = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_ref());
        values.next().filter(|_| values.next().is_none())
    };
    if !one("state").is_some_and(|state| authorization.is_state(state)) {
        return Told::Wrong("400 Bad Request", "This does not belong to the sign-in that is waited for. Start the sign-in again.");
    }
    match (one("code"), one("error")) {
        (Some(code), None) if !code.is_empty() => Told::Code(code.to_owned()),
        (None, Some(error)) => Told::Refused { error: error.to_owned(), description: one("error_description").map(str::to_owned) },
        _ => Told::Wrong("400 Bad Request", "The sign-in came back without an answer. Start it again."),
    }
}

//! Notifications on their way: to loopback over HTTP/1.1, unless somebody else carries them.

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response, StatusCode};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

/// What carries a request to a subscriber: its answer, or None if none came.
pub type Courier = Arc<dyn Fn(Request<Bytes>) -> BoxFuture<'static, Option<Response<Bytes>>> + Send + Sync>;

/// How long a subscriber has.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of an answer that are read.
const MOST: usize = 64 * 1024;

/// Whether an address is of this machine, over plain HTTP.
pub(crate) fn loopback(url: &str) -> bool {
    url.parse().is_ok_and(|url: http::Uri| url.scheme_str() == Some("http") && address(&url).is_some())
}

fn address(url: &http::Uri) -> Option<SocketAddr> {
    let host = url.host()?.trim_matches(['[', ']']);
    let ip: IpAddr = if host == "localhost" { IpAddr::from([127, 0, 0, 1]) } else { host.parse().ok()? };
    ip.is_loopback().then(|| SocketAddr::new(ip, url.port_u16().unwrap_or(80)))
}

/// Carries a request to a subscriber on loopback. Needs a tokio runtime.
pub(crate) fn deliver(request: Request<Bytes>) -> BoxFuture<'static, Option<Response<Bytes>>> {
    Box::pin(async move {
        let address = address(request.uri())?;
        tokio::time::timeout(PATIENCE, exchange(address, &request)).await.ok()?.ok().flatten()
    })
}

async fn exchange(address: SocketAddr, request: &Request<Bytes>) -> io::Result<Option<Response<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut head = format!(
        "{} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n",
        request.method(),
        request.body().len()
    );
    for (name, value) in request.headers() {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap_or_default()));
    }
    let mut out = format!("{head}\r\n").into_bytes();
    out.extend(request.body());
    let mut rest = out.as_slice();
    while !rest.is_empty() {
        stream.writable().await?;
        match stream.try_write(rest) {
            Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    let mut read = Vec::new();
    let mut block = [0_u8; 4096];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut block) {
            Ok(0) => break,
            Ok(count) => read.extend(block.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) if read.is_empty() => return Err(error),
            Err(_) => break,
        }
        if read.len() > MOST || parsed(&read).is_some_and(|(_, whole)| whole) {
            break;
        }
    }
    Ok(parsed(&read).map(|(response, _)| response))
}

/// An answer as far as it was read, and whether that is all of it.
fn parsed(read: &[u8]) -> Option<(Response<Bytes>, bool)> {
    let end = read.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(read.get(..end)?).ok()?;
    let body = read.get(end + 4..)?;
    let mut lines = head.lines();
    let status: u16 = lines.next()?.split_whitespace().nth(1)?.parse().ok()?;
    let mut response = Response::builder().status(StatusCode::from_u16(status).ok()?);
    let (mut length, mut chunked) = (None, false);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let (name, value) = (name.trim().to_lowercase(), value.trim());
        match name.as_str() {
            "content-length" => length = value.parse::<usize>().ok(),
            "transfer-encoding" => chunked = value.eq_ignore_ascii_case("chunked"),
            _ => {}
        }
        response = response.header(name, value);
    }
    let (body, whole) = if chunked {
        chunks(body)
    } else {
        let whole = length.is_some_and(|length| body.len() >= length);
        (body.get(..length.unwrap_or(body.len())).unwrap_or(body).to_vec(), whole)
    };
    Some((response.body(Bytes::from(body)).ok()?, whole))
}

fn chunks(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size =
            rest.get(..end).and_then(|line| std::str::from_utf8(line).ok()).and_then(|line| usize::from_str_radix(line.trim(), 16).ok());
        let Some(size) = size else { break };
        if size == 0 {
            return (out, true);
        }
        let Some(chunk) = rest.get(end + 2..end + 2 + size) else { break };
        out.extend(chunk);
        rest = rest.get(end + 4 + size..).unwrap_or_default();
    }
    (out, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_by_length_and_in_chunks() {
        let (response, whole) = parsed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\ncontent-type: text/plain\r\n\r\nhi!").unwrap();
        assert!(whole && response.status() == 200 && response.body() == "hi" && response.headers()["content-type"] == "text/plain");
        let (response, whole) = parsed(b"HTTP/1.1 202 x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n").unwrap();
        assert!(whole && response.body() == "hi!");
        assert!(parsed(b"HTTP/1.1 200 OK\r\n").is_none() && !parsed(b"HTTP/1.1 200 OK\r\n\r\nhi").unwrap().1);
    }

    #[test]
    fn only_this_machine_is_reached_without_tls() {
        for (url, good) in [
            ("http://127.0.0.1:9/x", true),
            ("http://localhost:9", true),
            ("http://[::1]:9/", true),
            ("https://127.0.0.1/", false),
            ("http://example.com/", false),
            ("", false),
        ] {
            assert_eq!(loopback(url), good, "{url}");
        }
    }
}

//! What the browser shows when it comes back. Everything is in one page; it loads nothing.

use pimkit_core::Error;

/// What a page says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Says<'a> {
    /// Signed in.
    Done,
    /// Not signed in, and why.
    Failed(&'a Error),
    /// Not what was expected here.
    Wrong {
        /// The status, with its phrase.
        status: &'static str,
        /// What is wrong.
        line: &'static str,
    },
}

/// A whole answer. It is kept by nobody, and its address, which holds a code, is told to nobody.
pub(crate) fn page(says: Says<'_>) -> Vec<u8> {
    let (status, title, line) = match says {
        Says::Done => ("200 OK", "Signed in", "You can close this window and go back to where you came from.".to_owned()),
        Says::Failed(error) => ("200 OK", "Not signed in", escaped(&error.to_string())),
        Says::Wrong { status, line } => (status, "Not this page", line.to_owned()),
    };
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><body style=\"font:1.1em sans-serif;margin:3em auto;max-width:36em\"><h1>{title}</h1><p>{line}</p></body></html>\n"
    );
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\nCache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_core::ErrorKind;

    #[test]
    fn an_error_is_shown_as_text_and_never_as_markup() {
        let error = Error::new(ErrorKind::Unauthenticated, "no").with("error", "<script>alert(1)</script>");
        let page = String::from_utf8(page(Says::Failed(&error))).unwrap();
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
        let (head, body) = page.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len())));
        assert!(head.contains("Cache-Control: no-store") && head.contains("Referrer-Policy: no-referrer"));
    }
}

//! Addresses that large files go to, and how they are asked.

use super::{Session, read};
use crate::{calls::Reply, config::Cloud, error};
use bytes::Bytes;
use pimkit_core::{Error, ErrorKind, Result};
use pimkit_http::{Failure, Moved, Request};
use url::Url;

impl Session {
    /// An address that large files go to: at the root's own host, or over https at one of its cloud's or the configuration's.
    ///
    /// # Errors
    /// `InvalidData` for any other. It is not shown: a token stands in it.
    pub(crate) fn upload_url(&self, address: &str) -> Result<Url> {
        let says = "the file would go to a host that is not known to be Microsoft's; it was not sent: name the host among upload_hosts";
        let odd = || Error::new(ErrorKind::InvalidData, says);
        let url = Url::parse(address).map_err(|_| odd())?;
        let host = url.host_str().unwrap_or_default();
        let of_cloud = || Cloud::of(&self.root).is_some_and(|cloud| cloud.uploads().contains(&host));
        let named = || self.config.upload_hosts.iter().any(|named| named.eq_ignore_ascii_case(host));
        let known = url.origin() == self.root.origin() || url.scheme() == "https" && url.port().is_none() && (of_cloud() || named());
        if known && url.username().is_empty() && url.password().is_none() { Ok(url) } else { Err(odd()) }
    }

    /// Speaks with an upload session: without credentials, as its address has its own. Whoever asks decides what is sent again.
    ///
    /// # Errors
    /// As [`call`](Self::call); of unknown effect when another address answers.
    pub(crate) async fn upload(
        &self,
        operation: &'static str,
        method: &str,
        url: &Url,
        range: Option<&str>,
        part: Bytes,
    ) -> Result<Reply, Failure> {
        let prepared = || -> Result<Request> {
            let request = Request::new(operation, method, url.clone())?.anonymous().template("/uploads/{session}");
            Ok(match range {
                Some(range) => request.header("content-type", "application/octet-stream")?.header("content-range", range)?.body(part),
                None => request,
            })
        };
        let answer = self.send(prepared().map_err(Failure::not_sent)?).await?;
        if answer.moved != Moved::No {
            return Err(Failure::unknown(error::stranger()));
        }
        read(answer)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Config, Graph};
    use pimkit_contract::{FakeClock, SeededChance};
    use pimkit_http::InProcess;
    use std::sync::Arc;

    #[test]
    fn large_files_go_to_the_hosts_of_their_cloud_and_to_no_other() {
        let global = "https://graph.microsoft.com/v1.0";
        for (root, address, known) in [
            (global, "https://outlook.office.com/api/v2.0/Users('u')/Events('e')/AttachmentSessions('s')?authtoken=x", true),
            (global, "https://outlook.office365.us/x", false),
            ("https://graph.microsoft.us/v1.0", "https://outlook.office365.us/x", true),
            ("https://microsoftgraph.chinacloudapi.cn/v1.0", "https://outlook.office.com/x", false),
            (global, "https://files.example.org/x", true),
            (global, "http://outlook.office.com/x", false),
            (global, "https://outlook.office.com:444/x", false),
            (global, "https://user@outlook.office.com/x", false),
            (global, "https://outlook.office.com.evil.example/x", false),
            (global, "https://graph.microsoft.com/upload", true),
            ("http://127.0.0.1:4000/v1.0", "http://127.0.0.1:4000/uploads/x", true),
            ("http://127.0.0.1:4000/v1.0", "http://127.0.0.1:4001/uploads/x", false),
            (global, "", false),
        ] {
            let wire = Arc::new(InProcess::serving(|_| Ok(http::Response::default())));
            let config = Config::new(root).upload_host("files.example.org");
            let graph = Graph::builder(config, wire, Arc::new(FakeClock::default()), Arc::new(SeededChance::new(1))).open().unwrap();
            let url = graph.session.upload_url(address);
            assert_eq!(url.is_ok(), known, "{root} {address}");
            if let Err(error) = url {
                assert!(!error.to_string().contains("office"), "{error}");
            }
        }
    }
}

//! One recorded answer, given to the connector as the answer to a question of its own.

use pimkit_contract::replay::{Recording, Replay, Taken};
use pimkit_core::{ChangeOptions, CollectionId, Connector, Fetched, Position, Record, Repository};
use pimkit_dav::Dav;
use url::Url;

use super::{Fed, journey, path};

/// A collection that holds everything and tells no changes, so that it is listed.
const COLLECTION: &str = "<d:propstat><d:prop><d:resourcetype><d:collection/><c:calendar/><r:addressbook/></d:resourcetype></d:prop>\
    <d:status>HTTP/1.1 200 OK</d:status></d:propstat>";

/// Feeds one exchange. What is no DAV answer, or was recorded without its body, is left out.
pub(super) async fn one(taken: Taken) -> Fed {
    let empty = taken.received.iter().all(u8::is_ascii_whitespace);
    let (method, status) = (taken.method.to_ascii_uppercase(), taken.status);
    match (method.as_str(), status) {
        _ if empty => Fed::default(),
        (_, 207) => multistatus(taken).await,
        ("GET", 200) if has_extension(&taken, "vcf") => items(&taken, "address-data", None).await,
        ("GET", 200) if has_extension(&taken, "ics") => items(&taken, "calendar-data", None).await,
        _ => Fed::default(),
    }
}

fn has_extension(taken: &Taken, extension: &str) -> bool {
    path(&taken.target).rsplit_once('.').is_some_and(|(_, e)| e.eq_ignore_ascii_case(extension))
}

async fn multistatus(taken: Taken) -> Fed {
    let mut fed = Fed { answer: true, ..Fed::default() };
    if let Err(why) = whole(&taken).await {
        fed.unreadable = Some(why);
        return fed;
    }
    let text = String::from_utf8_lossy(&taken.received).into_owned();
    for data in ["address-data", "calendar-data"] {
        // Described, as in a list of properties, it is data of nobody.
        if text.contains(&format!("{data}>")) {
            let Fed { read, unread, .. } = items(&taken, data, Some(&text)).await;
            fed.read += read;
            fed.unread += unread;
        }
    }
    fed
}

/// Whether it can be read at all: as the list of a home, of which everything is looked at.
async fn whole(taken: &Taken) -> Result<(), String> {
    let home = folder(path(&taken.target));
    let listing = Taken { method: "PROPFIND".to_owned(), target: home.clone(), asked: Vec::new(), ..taken.clone() };
    let replay = Replay::loose(Recording::of(vec![listing])).await;
    let dav = journey::at_home(&replay.base(), &home).map_err(|e| e.to_string())?;
    let contacts = dav.contacts().ok_or("the connector has no contacts")?;
    contacts.collections().await.map(|_| ()).map_err(|e| e.to_string())
}

/// Reads the items of an answer to a multiget, or of a GET when there is no such text.
async fn items(taken: &Taken, data: &str, text: Option<&str>) -> Fed {
    let own = path(&taken.target).to_owned();
    let hrefs = text.map_or_else(|| vec![own.clone()], hrefs);
    let Some(at) = hrefs.iter().find_map(|href| parent(&own, href, text.is_some())) else { return Fed::default() };
    let answer = |asked: &[(&str, &str)], method: &str, sent: String, status: u16, received: String| Taken {
        method: method.to_owned(),
        target: at.clone(),
        asked: asked.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        sent: sent.into_bytes(),
        status,
        answered: vec![("content-type".to_owned(), "application/xml; charset=utf-8".to_owned())],
        received: received.into_bytes(),
    };
    let itself = format!("<d:response><d:href>{at}</d:href>{COLLECTION}</d:response>");
    let listed: String = hrefs.iter().map(|href| format!("<d:response><d:href>{href}</d:href>{ETAG}</d:response>")).collect();
    let mut exchanges = vec![
        answer(&[("depth", "0")], "PROPFIND", String::new(), 207, document(&itself)),
        answer(&[("depth", "1")], "PROPFIND", String::new(), 207, document(&format!("{itself}{listed}"))),
    ];
    match text {
        Some(text) => {
            for report in ["calendar-multiget", "addressbook-multiget"] {
                exchanges.push(answer(&[], "REPORT", format!("<{report}/>"), 207, text.to_owned()));
            }
        }
        None => exchanges.push(Taken { target: own, ..taken.clone() }),
    }
    let replay = Replay::loose(Recording::of(exchanges)).await;
    let Ok(dav) = journey::at_home(&replay.base(), &at) else { return Fed::default() };
    let collection = CollectionId::from(at.as_str());
    fetched(&dav, &collection, data).await
}

const ETAG: &str = "<d:propstat><d:prop><d:getetag>\"1\"</d:getetag></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>";

async fn fetched(dav: &Dav, collection: &CollectionId, data: &str) -> Fed {
    if data == "address-data" {
        return counted(dav.contacts(), collection).await;
    }
    let (mut fed, tasks) = (counted(dav.events(), collection).await, counted(dav.tasks(), collection).await);
    // What no kind can read, both say so.
    fed.read += tasks.read;
    fed.unread = fed.unread.max(tasks.unread);
    fed
}

async fn counted<R: Record>(items: Option<std::sync::Arc<dyn Repository<R>>>, collection: &CollectionId) -> Fed {
    let mut fed = Fed::default();
    let Some(items) = items else { return fed };
    let Ok(page) = items.changes(collection, Position::Start, &ChangeOptions::default()).await else { return fed };
    for fetched in items.fetch(collection, &journey::listed(&page.changes)).await {
        match fetched {
            Fetched::Found(_) => fed.read += 1,
            Fetched::Unreadable { .. } | Fetched::Failed(_) => fed.unread += 1,
            // Listed without data, or of the other kind.
            Fetched::Gone | Fetched::Hidden | Fetched::OtherKind { .. } => {}
        }
    }
    fed
}

fn document(responses: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><d:multistatus xmlns:d=\"DAV:\" xmlns:c=\"urn:ietf:params:xml:ns:caldav\" \
         xmlns:r=\"urn:ietf:params:xml:ns:carddav\">{responses}</d:multistatus>"
    )
}

fn folder(path: &str) -> String {
    if path.ends_with('/') { path.to_owned() } else { format!("{path}/") }
}

/// The folder of what an href leads to; the collection itself is in none.
fn parent(asked: &str, href: &str, relative_to_folder: bool) -> Option<String> {
    let asked = if relative_to_folder { folder(asked) } else { asked.to_owned() };
    let url = Url::parse("http://host-1.example/").ok()?.join(&asked).ok()?.join(href).ok()?;
    let (parent, name) = url.path().rsplit_once('/')?;
    // Escapes as the connector's ids have them: an `@` is one.
    (!name.is_empty()).then(|| format!("{parent}/").replace("%40", "@"))
}

/// What stands in elements `href`, as it stands there.
fn hrefs(text: &str) -> Vec<String> {
    let tag = |part: &str| -> Option<String> {
        let (head, content) = part.split_once('>')?;
        let name = head.split([' ', '\t', '\r', '\n']).next()?;
        let local = name.rsplit(':').next()?;
        (local == "href" && !head.starts_with('/') && !head.ends_with('/')).then(|| content.trim().to_owned())
    };
    text.split('<').filter_map(tag).filter(|href| !href.is_empty()).collect()
}

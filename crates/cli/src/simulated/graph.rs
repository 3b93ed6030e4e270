//! The simulated mailbox at Microsoft Graph.

use super::{Loaded, MAILBOX, USER, load};
use crate::failure::{Failure, Result};
use pimkit_simulators::{Dav, Graph, GraphServing, Personality};
use serde_json::{Value, json};
use std::{fs, net::SocketAddr, path::Path};

/// Begins to serve.
///
/// # Errors
/// A failure that says where it could not listen.
pub(crate) async fn serve_graph(graph: &Graph, listen: SocketAddr) -> Result<GraphServing> {
    graph
        .serve(listen)
        .await
        .map_err(|e| Failure::machine(format!("{listen}: cannot be listened on: {e}; name another one with --listen 127.0.0.1:PORT")))
}

/// Puts the files of a folder into those accounts that there are, each what it takes.
///
/// # Errors
/// A usage failure when there is no such folder. A file that cannot be loaded does not stop the rest.
pub(crate) fn load_all(dav: Option<(&Dav, &Personality)>, graph: Option<&Graph>, dir: &Path) -> Result<Loaded> {
    let mut loaded = match dav {
        Some((dav, personality)) => load(dav, personality, USER, dir)?,
        None => Loaded::default(),
    };
    if let Some(graph) = graph {
        // What the other takes, and what the other leaves, is told once.
        loaded.left.retain(|line| !line.contains(".json: is not loaded"));
        let mut loading = Loading { graph, loaded, tells: dav.is_none() };
        loading.folder(dir, None)?;
        loaded = loading.loaded;
    }
    Ok(loaded)
}

struct Loading<'a> {
    graph: &'a Graph,
    loaded: Loaded,
    /// Whether files that Graph does not take are told.
    tells: bool,
}

/// Which collections a file's name means: the default one, and for a sub-folder the listing and the property that has its name.
fn places(stem: &str) -> Option<(&'static str, &'static str, &'static str, &'static str)> {
    match stem {
        "contacts" => Some(("contacts", "contactFolders", "displayName", "contacts")),
        "events" => Some(("calendar/events", "calendars", "name", "events")),
        "tasks" => Some(("", "todo/lists", "displayName", "tasks")),
        _ => None,
    }
}

impl Loading<'_> {
    fn folder(&mut self, dir: &Path, name: Option<&str>) -> Result<()> {
        let unreadable =
            |e: std::io::Error| Failure::usage(format!("{}: cannot be loaded: {e}; name a folder with --load DIR", dir.display()));
        let mut paths = fs::read_dir(dir).map_err(unreadable)?.filter_map(|e| e.ok().map(|e| e.path())).collect::<Vec<_>>();
        paths.sort();
        for path in paths {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if file.starts_with('.') {
                continue;
            }
            if path.is_dir() && name.is_none() {
                self.folder(&path, Some(&file))?;
                continue;
            }
            match file.strip_suffix(".json").and_then(places) {
                Some(places) => self.file(&path, name, places),
                None if self.tells || file.ends_with(".json") => {
                    self.leave(&path, "Graph takes contacts.json, events.json and tasks.json; give it one of these names");
                }
                None => {}
            }
        }
        Ok(())
    }

    fn leave(&mut self, path: &Path, why: impl std::fmt::Display) {
        self.loaded.left.push(format!("{}: is not loaded: {why}", path.display()));
    }

    fn file(&mut self, path: &Path, name: Option<&str>, (own, listing, property, below): (&str, &str, &str, &str)) {
        let bodies =
            match fs::read(path).map_err(|e| e.to_string()).and_then(|text| serde_json::from_slice(&text).map_err(|e| e.to_string())) {
                Ok(Value::Array(bodies)) => bodies,
                Ok(one) => vec![one],
                Err(why) => return self.leave(path, why),
            };
        let collection = match name {
            None if !own.is_empty() => own.to_owned(),
            name => {
                let listed = self.graph.list(MAILBOX, listing);
                let text = |one: &Value, name: &str| one.get(name).and_then(Value::as_str).map(str::to_owned);
                let is_it = |one: &&Value| match name {
                    Some(name) => text(one, property).as_deref() == Some(name),
                    None => text(one, "wellknownListName").as_deref() == Some("defaultList"),
                };
                let there = listed.iter().find(is_it).and_then(|one| text(one, "id"));
                let made = || name.and_then(|name| self.graph.create(MAILBOX, listing, &json!({ property: name })));
                let Some(id) = there.or_else(made) else {
                    return self.leave(path, format!("{listing} takes no list of this name"));
                };
                format!("{listing}/{id}/{below}")
            }
        };
        for (number, body) in (1..).zip(&bodies) {
            let (status, answer) = self.graph.act(MAILBOX, "POST", &collection, Some(body));
            if status == 201 {
                self.loaded.items += 1;
            } else {
                let why = answer.pointer("/error/message").and_then(Value::as_str).unwrap_or("it was refused").to_owned();
                self.leave(path, format!("item {number}: {why}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulated::TOKEN;

    #[test]
    fn files_are_loaded_by_name_and_what_is_refused_is_told_with_its_number() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("contacts.json", r#"[{"givenName": "Ada"}, {"phones": []}]"#);
        write("Team/contacts.json", r#"{"givenName": "Bo"}"#);
        write("Team/events.json", "no JSON");
        write("tasks.json", r#"{"title": "Call"}"#);
        write("notes.txt", "x");
        let graph = Graph::builder().user(MAILBOX, TOKEN).build();
        let loaded = load_all(None, Some(&graph), dir.path()).unwrap();
        assert_eq!(loaded.items, 3, "{loaded:?}");
        assert_eq!(loaded.left.len(), 3, "{loaded:?}");
        assert!(loaded.left.iter().any(|line| line.contains("contacts.json") && line.contains("item 2")), "{loaded:?}");
        let folder = graph.list(MAILBOX, "contactFolders")[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(graph.list(MAILBOX, &format!("contactFolders/{folder}/contacts")).len(), 1);
        assert!(load_all(None, Some(&graph), &dir.path().join("nowhere")).is_err());
    }
}

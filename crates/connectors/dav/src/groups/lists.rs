//! Lists of contacts (SOGo), which are no cards: texts of their own, put as such.

use super::{
    Grouped,
    book::{self, Group, Who},
    cards::{NAMES, mark, taken},
    members::{Edit, Step},
    texts::{Is, classify, file_of},
};
use crate::{
    error, etag,
    fetching::{ESCAPE, Got, Text},
    known::{Known, decoded},
};
use pimkit_core::{Result, Revision};
use pimkit_formats::{
    GroupModel, marked,
    vcard::vlist::{self, List, Listed},
};
use pimkit_http::{Effect, Failure, Request};
use std::sync::Arc;

fn listed(who: &Who) -> Listed {
    Listed { file: decoded(&who.file), email: who.email.clone(), name: who.name.clone() }
}

impl Grouped {
    /// Edits a list as it is now.
    pub(super) async fn edit_list(&self, known: &Arc<Known>, file: &str, edit: &Edit) -> Step {
        let (group, text) = match self.group(known, file).await {
            Ok(Some(there)) => there,
            Ok(None) => return Step::Overtaken(None),
            Err(e) => return Step::Failed(e),
        };
        let after = edit.made(&group);
        if after == group {
            return Step::Stored(file.to_owned(), group);
        }
        // Members are spelt as whoever wrote the list spells them.
        let spelt = vlist::read(&text.bytes).map(|list| list.members).unwrap_or_default();
        let goes = |member: &&Listed| !after.members.contains(&file_of(&member.file));
        let edit = vlist::Edit {
            name: edit.title.clone(),
            joins: edit.joins.iter().map(listed).collect(),
            leaves: spelt.iter().filter(goes).map(|member| member.file.clone()).collect(),
        };
        match vlist::patch(&text.bytes, &edit) {
            Ok(bytes) => self.put_list(known, file, bytes, after, Some(&text.revision)).await,
            Err(e) => Step::Failed(e.into()),
        }
    }

    /// Makes a list. What comes back may be one that is there already, without those who shall join.
    pub(super) async fn make_list(&self, known: &Arc<Known>, title: &str, edit: &Edit) -> Step {
        let group = edit.made(&Group { title: title.to_owned(), form: GroupModel::Collections, ..Group::default() });
        for salt in 0..NAMES {
            let file = format!("{}.{}", marked::stem(&mark(known, title, salt), ESCAPE), vlist::EXTENSION);
            // SOGo does not look at If-None-Match (measured: 5.8), so that it is looked for before.
            match self.items.texts(known, &[book::id(&known.id, &file)]).await.pop() {
                Some(Got::Gone) => {}
                Some(Got::Text(text)) => match classify(&text) {
                    Is::Group(there) if there.title == title => return Step::Stored(file, there),
                    _ => continue,
                },
                Some(Got::Failed(e)) => return Step::Failed(e),
                Some(Got::Hidden) | None => continue,
            }
            let members = edit.joins.iter().map(listed).collect();
            let bytes = vlist::author(&List { uid: Some(file.clone()), name: Some(title.to_owned()), members });
            return self.put_list(known, &file, bytes, group, None).await;
        }
        Step::Failed(taken())
    }

    async fn put_list(&self, known: &Arc<Known>, file: &str, bytes: Vec<u8>, mut after: Group, at: Option<&Revision>) -> Step {
        let id = book::id(&known.id, file);
        let condition = match at {
            Some(revision) => etag::condition(revision).map(|tag| ("if-match", tag)),
            None => Some(("if-none-match", "*".to_owned())),
        };
        if let Some(revision) = at
            && condition.is_none()
        {
            // No ETag to be checked by the server: look right before.
            match self.group(known, file).await {
                Ok(Some((_, text))) if text.revision == *revision => {}
                Ok(_) => return Step::Overtaken(None),
                Err(e) => return Step::Failed(e),
            }
        }
        let request = || -> Result<Request> {
            let request = Request::new("dav.put", "PUT", self.session().url(known, id.as_str()))?
                .header("content-type", &format!("{}; charset=utf-8", vlist::MEDIA_TYPE))?;
            Ok(match &condition {
                Some((name, value)) => request.header(name, value)?.idempotent(true),
                None => request,
            }
            .body(bytes.clone()))
        };
        let request = match request() {
            Ok(request) => request,
            Err(e) => return Step::Failed(e),
        };
        let answer = match self.session().store(request).await {
            Ok(answer) => answer,
            Err(failure) => return lost(failure),
        };
        match answer.status.as_u16() {
            200..=204 => {
                let tag = answer.header("etag").filter(|tag| !tag.trim_start().starts_with("W/"));
                after.revision = tag.and_then(etag::revision);
                if after.revision.is_none()
                    && let Ok(Some((now, Text { .. }))) = self.group(known, file).await
                {
                    after = now;
                }
                Step::Stored(file.to_owned(), after)
            }
            404 | 409 | 410 | 412 => Step::Overtaken(None),
            _ => Step::Failed(error::refused(&answer)),
        }
    }
}

fn lost(failure: Failure) -> Step {
    match failure.effect() {
        Effect::Unknown => Step::Overtaken(Some(failure.into_error())),
        Effect::NotSent | Effect::Refused => Step::Failed(failure.into_error()),
    }
}

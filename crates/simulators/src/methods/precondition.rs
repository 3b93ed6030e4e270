//! `If-Match`, `If-None-Match` (RFC 9110 section 13) and `If-Schedule-Tag-Match` (RFC 6638 section 8.3).

use super::{Call, properties};
use crate::answer::Answer;
use crate::personality::{EtagSpelling, Precondition};
use crate::world::Item;

impl Call<'_> {
    /// The 412 or 409 of a write whose conditions do not hold; None if it may go on.
    pub(super) fn unmet(&self, item: Option<&Item>) -> Option<Answer> {
        let rule = self.world.personality.write.precondition;
        if rule == Precondition::Ignored {
            return None;
        }
        let failed = || Some(Answer::text(412, "Precondition Failed"));
        let (matches, none) = (self.header("if-match"), self.header("if-none-match"));
        if rule == Precondition::CreateMustSaySo && item.is_none() && none.is_none() && self.request.method() == http::Method::PUT {
            return Some(Answer::of(409));
        }
        if let Some(wanted) = matches {
            let star = wanted.trim() == "*" && rule != Precondition::StarNeverMatches;
            let held = item.is_some_and(|item| star || self.lists(wanted, &item.etag));
            if !held {
                return failed();
            }
        }
        if let Some(unwanted) = none
            && rule != Precondition::NoIfNoneMatch
            && let Some(item) = item
            && (unwanted.trim() == "*" || self.lists(unwanted, &item.etag))
        {
            return failed();
        }
        if let Some(wanted) = self.header("if-schedule-tag-match")
            && self.world.personality.scheduling.tags
            && item.and_then(properties::schedule_tag).is_none_or(|tag| tag != wanted.trim())
        {
            return failed();
        }
        None
    }

    /// Whether a list of tags has this one, compared strongly: byte by byte, and never a weak one.
    pub(super) fn lists(&self, list: &str, etag: &str) -> bool {
        list.split(',').map(str::trim).any(|tag| match self.world.personality.etags.spelling {
            EtagSpelling::Bare => tag == etag || tag == format!("\"{etag}\""),
            // The proxy that added the suffix compares with what it does not know.
            EtagSpelling::Quoted | EtagSpelling::Weak | EtagSpelling::Gzip => tag == format!("\"{etag}\""),
        })
    }
}

//! What an answer means: for the road, and for whoever asked.
//!
//! Codes are those of [Graph's error responses](https://learn.microsoft.com/graph/errors) and of Exchange behind it, whose words
//! Graph hands on; they come in any case, nested, and with texts that change. What touches the whole account is a [`Trouble`], a row
//! of a table, so that each has its own sentence, and none is taken for "the item is gone".

use crate::calls::{Reply, odata::Fault};
use http::{HeaderMap, HeaderValue};
use pimkit_core::{Error, ErrorKind, Persistence};
use pimkit_http::{Classifier, Effect, Retry, Seen, Verdict, retry_after};
use serde_json::Value;
use std::time::Duration;

/// Something that is wrong with the whole account, and what the user must do.
#[derive(Debug)]
struct Trouble {
    /// The word in the error's context, by which programs tell it from others: `trouble`.
    word: &'static str,
    codes: &'static [&'static str],
    /// Words of the message that mean it too, in small letters.
    words: &'static [&'static str],
    kind: ErrorKind,
    persistence: Persistence,
    says: &'static str,
}

use ErrorKind::{PermissionDenied, Unauthenticated, Unavailable};
use Persistence::{Permanent, Temporary};

/// The trouble that passes by itself.
const MOVING: &str = "mailbox_moving";

/// The first that fits counts. Codes of `mailbox_missing` were seen at users without a licence for Exchange, at mailboxes of
/// organisations' own servers and at inactive ones (microsoft-graph-docs 10745 and 6305, aomail-app 18).
const TROUBLES: [Trouble; 9] = [
    Trouble {
        word: MOVING,
        codes: &["ErrorMailboxMoveInProgress", "MailboxInfoStale", "ErrorMailboxFailover"],
        words: &[],
        kind: Unavailable,
        persistence: Temporary,
        says: "the mailbox is being moved to another server; nothing is lost, try again in an hour",
    },
    Trouble {
        word: "mailbox_on_hold",
        codes: &["ErrorMailboxOnHold", "MailboxOnHold", "ErrorAccountSuspend", "ErrorAccountSuspendShowTierUpgrade"],
        words: &[],
        kind: Unavailable,
        persistence: Permanent,
        says: "the mailbox is on hold or suspended, and takes no requests; ask the administrator, or Microsoft, to release it",
    },
    Trouble {
        word: "licence_gone",
        codes: &["ErrorInvalidLicense", "ErrorNoLicense", "Authorization_LicenseNotFound", "UserNotLicensed", "TenantLicenseNotFound"],
        words: &["does not have a valid license", "no valid license", "license is required"],
        kind: Unavailable,
        persistence: Permanent,
        says: "the account has no licence for this; ask the administrator to give it one",
    },
    Trouble {
        word: "mailbox_missing",
        codes: &[
            "MailboxNotEnabledForRESTAPI",
            "MailboxNotSupportedForRESTAPI",
            "ErrorNonExistentMailbox",
            "ErrorInvalidUser",
            "MailboxNotFound",
        ],
        words: &["rest api is not yet supported for this mailbox"],
        kind: Unavailable,
        persistence: Permanent,
        says: "the account has no mailbox in this cloud: its licence is gone, it is inactive, or it lies on a server of the organisation's own; ask the administrator",
    },
    Trouble {
        word: "account_disabled",
        codes: &["ErrorAccountDisabled", "AccountDisabled", "Authorization_IdentityDisabled", "UserAccountDisabled"],
        words: &["aadsts50057", "account is disabled"],
        kind: Unauthenticated,
        persistence: Permanent,
        says: "the account is disabled; ask the administrator to enable it, then sign in again",
    },
    Trouble {
        word: "conditional_access",
        codes: &["insufficient_claims", "interaction_required", "InteractionRequired", "MfaRequired"],
        words: &["aadsts53003", "aadsts50076", "aadsts50079", "conditional access", "insufficient_claims"],
        kind: Unauthenticated,
        persistence: Permanent,
        says: "the organisation's access rules ask for another sign-in; sign in again, from a device and place that they allow",
    },
    Trouble {
        word: "consent_missing",
        codes: &["Authorization_RequestDenied", "consent_required", "MissingScope", "MissingRequiredScopes"],
        words: &["aadsts65001", "insufficient privileges", "scp or roles claim", "missing required scopes"],
        kind: PermissionDenied,
        persistence: Permanent,
        says: "the app was not allowed to do this; sign in again and consent, or let the administrator consent",
    },
    Trouble {
        word: "mailbox_out_of_scope",
        codes: &["ErrorAppAccessPolicy", "RestrictedByApplicationAccessPolicy"],
        words: &["application access policy", "blocked by tenant configured appaccesspolicy"],
        kind: PermissionDenied,
        persistence: Permanent,
        says: "the organisation does not let the app into this mailbox; ask the administrator to put it into the app's access policy",
    },
    Trouble {
        word: "mailbox_full",
        codes: &["ErrorQuotaExceeded", "quotaLimitReached"],
        words: &[],
        kind: Unavailable,
        persistence: Temporary,
        says: "the mailbox is full; make room in it",
    },
];

fn trouble(fault: &Fault) -> Option<&'static Trouble> {
    TROUBLES.iter().find(|t| fault.has(t.codes) || t.words.iter().any(|words| fault.says(words)))
}

impl Trouble {
    fn error(&self, status: u16, fault: &Fault) -> Error {
        let error = Error::new(self.kind, self.says).persistence(self.persistence).with("trouble", self.word);
        coded(error.with("status", status), fault)
    }
}

fn coded(error: Error, fault: &Fault) -> Error {
    match fault.code() {
        Some(code) => error.with("code", code),
        None => error,
    }
}

/// Reads answers of Graph for the road.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reader;

impl Classifier for Reader {
    fn classify(&self, seen: &Seen<'_>) -> Verdict {
        let status = seen.status.as_u16();
        // A good answer may be megabytes, and says nothing of trouble.
        let fault = if status < 400 { Fault::default() } else { Fault::read(&serde_json::from_slice(seen.body).unwrap_or(Value::Null)) };
        let claims = status == 401 && wants_claims(seen.headers);
        judge(status, &fault, claims, || retry_after(seen.headers, seen.now))
    }
}

/// Continuous access evaluation takes a token back before its time, and says what a new one must have
/// (<https://learn.microsoft.com/entra/identity-platform/claims-challenge>).
fn wants_claims(headers: &HeaderMap) -> bool {
    headers.get_all(http::header::WWW_AUTHENTICATE).iter().filter_map(|v| v.to_str().ok()).any(|v| v.contains("insufficient_claims"))
}

/// What an answer within a batch means, by the same table.
pub(crate) fn judge_reply(reply: &Reply, now: jiff::Timestamp) -> Verdict {
    let wait = || {
        let value = HeaderValue::from_str(reply.header("retry-after")?).ok()?;
        retry_after(&[(http::header::RETRY_AFTER, value)].into_iter().collect(), now)
    };
    let fault = if reply.status < 400 { Fault::default() } else { Fault::read(reply.json()) };
    judge(reply.status, &fault, false, wait)
}

fn judge(status: u16, fault: &Fault, claims: bool, wait: impl Fn() -> Option<Duration>) -> Verdict {
    let again = |effect, error: Error| Verdict::Retry(Retry { after: wait(), effect, error });
    let error = |kind, message: &'static str| coded(Error::new(kind, message).with("status", status), fault);
    match (status, trouble(fault)) {
        // It passes by itself; below 500 the service says that it did nothing.
        (400.., Some(trouble)) if trouble.word == MOVING => {
            again(if status < 500 { Effect::Refused } else { Effect::Unknown }, trouble.error(status, fault))
        }
        // Never to be taken for an item that is gone, or for a token that wants renewing.
        (401 | 403 | 404 | 409 | 423, Some(trouble)) => Verdict::Fail(trouble.error(status, fault)),
        (401, None) if claims => Verdict::Fail(
            Error::new(
                Unauthenticated,
                "the organisation's access rules ask for another sign-in; sign in again, from a device and place that they allow",
            )
            .with("trouble", "conditional_access")
            .with("status", status),
        ),
        (401, None) => Verdict::Reauthorise,
        (407, None) => Verdict::Fail(error(ErrorKind::Config, "the proxy asks for a user and password; give them in the proxy's address")),
        (429, _) => again(Effect::Refused, error(ErrorKind::RateLimited, "Microsoft asks to slow down; try again later")),
        (408 | 425 | 500 | 502 | 503 | 504, _) => {
            again(Effect::Unknown, error(Unavailable, "Microsoft cannot answer now; try again later"))
        }
        _ => Verdict::Done,
    }
}

/// Whether an answer says that a round has to start anew: the token is too old or was lost. Any 400 to a stored link counts
/// (evolution-ews 313), as does a 404 that names no trouble of the account.
pub(crate) fn is_lost_delta(reply: &Reply) -> bool {
    let fault = Fault::read(reply.json());
    let lost = ["SyncStateNotFound", "SyncStateInvalid", "resyncRequired", "ErrorInvalidSyncStateData", "ErrorInvalidIdMalformed"];
    matches!(reply.status, 400 | 410) || fault.has(&lost)
}

/// Whether an answer says that what was asked for is not there: 404, 410, and 400 for an id that is none here (an id of another
/// mailbox, or one that this service never made).
pub(crate) fn is_missing(reply: &Reply) -> bool {
    match reply.status {
        404 | 410 => true,
        400 => Fault::read(reply.json()).has(&[
            "ErrorInvalidIdMalformed",
            "ErrorInvalidId",
            "ErrorInvalidIdEmpty",
            "ErrorInvalidIdNotAnItemAttachmentId",
        ]),
        _ => false,
    }
}

/// Whether an answer says that somebody was faster: the version is another one, or two writes met in the store.
pub(crate) fn is_overtaken(reply: &Reply) -> bool {
    reply.status == 412
        || reply.status >= 400 && Fault::read(reply.json()).has(&["ErrorIrresolvableConflict", "resourceModified", "ErrorStaleObject"])
}

/// A token that is lost, as core says it.
pub(crate) fn lost_delta() -> Error {
    Error::new(ErrorKind::CursorExpired, "Microsoft has forgotten where the last round ended; read from the start")
}

/// A refusal, as an error that says what to do.
pub(crate) fn refused(reply: &Reply) -> Error {
    let fault = Fault::read(reply.json());
    if let Some(trouble) = trouble(&fault).filter(|_| reply.status >= 400) {
        return trouble.error(reply.status, &fault);
    }
    let (kind, message, persistence) = meaning(reply.status, &fault);
    coded(Error::new(kind, message).with("status", reply.status).persistence(persistence), &fault)
}

fn meaning(status: u16, fault: &Fault) -> (ErrorKind, &'static str, Persistence) {
    use ErrorKind::{CollectionGone, InvalidData, Unexpected};
    if fault.has(&["ErrorMessageSizeExceeded", "RequestEntityTooLarge", "ErrorAttachmentSizeLimitExceeded"]) {
        return (InvalidData, "the item is larger than Microsoft takes; leave its picture or files out", Permanent);
    }
    if fault.has(&["ErrorIrresolvableConflict", "resourceModified", "ErrorStaleObject"]) {
        return (InvalidData, "somebody else was faster; read the item again", Permanent);
    }
    match status {
        400 | 415 | 422 => (InvalidData, "Microsoft does not take the item as it is; change it, or leave it out", Permanent),
        401 => (Unauthenticated, "Microsoft refuses the sign-in; sign in again", Permanent),
        403 => (PermissionDenied, "the account may not do this here; ask the owner or the administrator for the right", Permanent),
        404 | 410 => (CollectionGone, "it is not there; was it renamed or deleted?", Permanent),
        405 | 501 => (Unavailable, "this cannot be done here", Permanent),
        409 => (InvalidData, "there is one like it already; list it again", Permanent),
        412 => (InvalidData, "somebody else was faster; read the item again", Permanent),
        413 => (InvalidData, "the item is larger than Microsoft takes; leave its picture or files out", Permanent),
        423 => (Unavailable, "it is locked; try again later", Temporary),
        424 => (Unavailable, "another request of the same batch failed first; try again later", Temporary),
        429 => (ErrorKind::RateLimited, "Microsoft asks to slow down; try again later", Temporary),
        507 => (Unavailable, "the mailbox is full; make room in it", Temporary),
        500.. => (Unavailable, "Microsoft cannot do this now; try again later", Temporary),
        _ => (Unexpected, "the answer is not one to this question; report this", Permanent),
    }
}

/// The collection is not there.
pub(crate) fn collection_gone() -> Error {
    Error::new(ErrorKind::CollectionGone, "the collection is not there; was it renamed or deleted?")
}

/// Contacts cannot be moved: v1.0 has no action for it.
pub(crate) fn unsupported_move() -> Error {
    Error::new(ErrorKind::Unsupported, "Microsoft Graph moves no contacts between folders; copy it and delete the first one")
}

/// Not here, for good.
pub(crate) fn unavailable(message: &'static str) -> Error {
    Error::new(ErrorKind::Unavailable, message).persistence(Persistence::Permanent)
}

/// The answer of a stranger, or of whoever stands between.
pub(crate) fn stranger() -> Error {
    Error::new(
        ErrorKind::Transport,
        "another host answered in Microsoft's place; check the network, and whether a login page stands between",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::Content;
    use serde_json::json;

    fn fault(code: &str, message: &str) -> Fault {
        Fault::read(&json!({"error": {"code": "outer", "message": message, "innerError": {"code": code}}}))
    }

    fn verdict(status: u16, code: &str, message: &str, claims: bool) -> String {
        let said = |error: &Error| {
            let word = error.context().iter().find(|(key, _)| *key == "trouble").map_or("", |(_, value)| value.as_str());
            format!("{} {word}", error.kind().word()).trim_end().to_owned()
        };
        match judge(status, &fault(code, message), claims, || None) {
            Verdict::Done => "done".to_owned(),
            Verdict::Reauthorise => "sign in".to_owned(),
            Verdict::Retry(retry) => format!("again {:?} {}", retry.effect, said(&retry.error)),
            Verdict::Fail(error) => format!("fail {}", said(&error)),
        }
    }

    #[test]
    fn every_trouble_has_its_own_verdict() {
        for (status, code, message, expected) in [
            (200, "", "", "done"),
            (201, "", "", "done"),
            (400, "ErrorInvalidRequest", "", "done"),
            (401, "InvalidAuthenticationToken", "", "sign in"),
            (401, "x", "AADSTS50057: The user account is disabled.", "fail unauthenticated account_disabled"),
            (401, "x", "AADSTS53003: Access has been blocked by Conditional Access policies.", "fail unauthenticated conditional_access"),
            (403, "ErrorAccessDenied", "", "done"),
            (403, "authorization_requestdenied", "", "fail permission_denied consent_missing"),
            (403, "accessDenied", "Either scp or roles claim need to be present", "fail permission_denied consent_missing"),
            (
                403,
                "ErrorAccessDenied",
                "Access is blocked by tenant configured AppAccessPolicy settings",
                "fail permission_denied mailbox_out_of_scope",
            ),
            (403, "ErrorAccountSuspend", "", "fail unavailable mailbox_on_hold"),
            (403, "ErrorInvalidLicense", "", "fail unavailable licence_gone"),
            (404, "ErrorItemNotFound", "", "done"),
            (404, "MailboxNotEnabledForRESTAPI", "", "fail unavailable mailbox_missing"),
            (404, "x", "REST API is not yet supported for this mailbox.", "fail unavailable mailbox_missing"),
            (409, "Conflict", "", "done"),
            (410, "SyncStateNotFound", "", "done"),
            (412, "ErrorIrresolvableConflict", "", "done"),
            (429, "ApplicationThrottled", "over its MailboxConcurrency limit", "again Refused rate_limited"),
            (500, "", "", "again Unknown unavailable"),
            (503, "ErrorMailboxMoveInProgress", "", "again Unknown unavailable mailbox_moving"),
            (503, "MailboxInfoStale", "", "again Unknown unavailable mailbox_moving"),
            (504, "UnknownError", "", "again Unknown unavailable"),
            (507, "ErrorQuotaExceeded", "", "done"),
            (403, "ErrorQuotaExceeded", "", "fail unavailable mailbox_full"),
            (409, "MailboxInfoStale", "", "again Refused unavailable mailbox_moving"),
        ] {
            assert_eq!(verdict(status, code, message, false), expected, "{status} {code} {message}");
        }
        assert_eq!(verdict(401, "InvalidAuthenticationToken", "", true), "fail unauthenticated conditional_access");
    }

    #[test]
    fn refusals_say_what_to_do_and_nothing_about_anybody() {
        for (status, code, expected) in [
            (400, "ErrorPropertyValidationFailure", ErrorKind::InvalidData),
            (403, "ErrorAccessDenied", ErrorKind::PermissionDenied),
            (404, "ErrorFolderNotFound", ErrorKind::CollectionGone),
            (409, "ErrorFolderExists", ErrorKind::InvalidData),
            (412, "ErrorIrresolvableConflict", ErrorKind::InvalidData),
            (507, "ErrorQuotaExceeded", ErrorKind::Unavailable),
            (302, "", ErrorKind::Unexpected),
        ] {
            let body = Content::Json(json!({"error": {"code": code, "message": "Ada Lovelace has no such thing"}}));
            let error = refused(&Reply { status, body, ..Reply::default() });
            assert_eq!(error.kind(), expected, "{status} {code}");
            assert!(!error.to_string().contains("Ada"), "{error}");
        }
    }

    #[test]
    fn a_lost_round_is_known_by_status_or_code() {
        for (status, code, expected) in [
            (410, "", true),
            (400, "anything", true),
            (404, "syncStateNotFound", true),
            (404, "ErrorItemNotFound", false),
            (404, "SyncStateInvalid", true),
            (403, "ErrorAccessDenied", false),
            (500, "", false),
        ] {
            let body = Content::Json(json!({"error": {"code": code}}));
            assert_eq!(is_lost_delta(&Reply { status, body, ..Reply::default() }), expected, "{status} {code}");
        }
    }
}

//! What an answer means: for the road, and for whoever asked.
//!
//! Codes are those of [Graph's error responses](https://learn.microsoft.com/graph/errors) and of Exchange behind it, whose words
//! Graph hands on; they come in any case, nested, and with texts that change. What touches the whole account is a [`Trouble`], a row
//! of a table, so that each has its own sentence, and none is taken for "the item is gone".

use crate::{
    calls::{Reply, odata::Fault},
    permission::Needs,
};
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

/// The troubles that the road tells of, and that more is known of here.
const CONDITIONAL: &str = "conditional_access";
const CONSENT: &str = "consent_missing";

/// The first that fits counts. Each says where its codes were seen. Graph documents hardly any of them, and a code that is not here is
/// what its status says (`a_code_that_nobody_knows_is_what_its_status_says`): the table makes sentences better and nothing safer.
const TROUBLES: [Trouble; 10] = [
    // Seen: davmail and microsoft-graph-docs; `ErrorMailboxFailover` is a response code of Exchange Web Services.
    Trouble {
        word: MOVING,
        codes: &["ErrorMailboxMoveInProgress", "MailboxInfoStale", "ErrorMailboxFailover"],
        words: &[],
        kind: Unavailable,
        persistence: Temporary,
        says: "the mailbox is being moved to another server; nothing is lost, try again in an hour",
    },
    // Without evidence: the codes with `Suspend` are in lists of Exchange's response codes and were not seen in an answer; those with
    // `OnHold` are made after the names of others.
    Trouble {
        word: "mailbox_on_hold",
        codes: &["ErrorMailboxOnHold", "MailboxOnHold", "ErrorAccountSuspend", "ErrorAccountSuspendShowTierUpgrade"],
        words: &[],
        kind: Unavailable,
        persistence: Permanent,
        says: "the mailbox is on hold or suspended, and takes no requests; ask the administrator, or Microsoft, to release it",
    },
    // `ErrorInvalidLicense` is a response code of Exchange Web Services for a mailbox whose licence is gone (Dynamics 365's list of errors
    // of mailboxes has it). Without evidence: the other codes, which are made after the names of others.
    Trouble {
        word: "licence_gone",
        codes: &["ErrorInvalidLicense", "ErrorNoLicense", "Authorization_LicenseNotFound", "UserNotLicensed", "TenantLicenseNotFound"],
        words: &["does not have a valid license", "no valid license", "license is required"],
        kind: Unavailable,
        persistence: Permanent,
        says: "the account has no licence for this; ask the administrator to give it one",
    },
    // Seen at users without a licence for Exchange, at mailboxes of organisations' own servers and at inactive ones: the first two codes
    // (microsoft-graph-docs 10745 and 6305, aomail-app 18), `ResourceNotFound` (microsoft-graph-docs 2085, 4598 and 5143; an item that is
    // gone is `ErrorItemNotFound`, and a user who is gone `Request_ResourceNotFound`) and `ErrorInvalidUser`. Without evidence:
    // `ErrorNonExistentMailbox`, which is a response code of Exchange Web Services, and `MailboxNotFound`.
    Trouble {
        word: "mailbox_missing",
        codes: &[
            "MailboxNotEnabledForRESTAPI",
            "MailboxNotSupportedForRESTAPI",
            "ResourceNotFound",
            "ErrorNonExistentMailbox",
            "ErrorInvalidUser",
            "MailboxNotFound",
        ],
        words: &[
            "rest api is not yet supported for this mailbox",
            "mailbox is either inactive, soft-deleted",
            "resource could not be discovered",
        ],
        kind: Unavailable,
        persistence: Permanent,
        says: "the account has no mailbox in this cloud: its licence is gone, it is inactive, or it lies on a server of the organisation's own; ask the administrator",
    },
    // Seen: subscriptions for mailboxes that are not there (nodejs-webhooks-sample 21), and apps that were kept out of a mailbox. Which of
    // the two it is, it does not say.
    Trouble {
        word: "mailbox_unreachable",
        codes: &["ExtensionError"],
        words: &[],
        kind: Unavailable,
        persistence: Permanent,
        says: "Microsoft's mail service refuses the mailbox: it is not in this cloud, has no licence, or the app was not let in; ask the administrator",
    },
    // The numbers are documented (AADSTS error codes). Without evidence: the codes, but for `ErrorAccountDisabled`, which is a response
    // code of Exchange Web Services.
    Trouble {
        word: "account_disabled",
        codes: &["ErrorAccountDisabled", "AccountDisabled", "Authorization_IdentityDisabled", "UserAccountDisabled"],
        words: &["aadsts50057", "account is disabled"],
        kind: Unauthenticated,
        persistence: Permanent,
        says: "the account is disabled; ask the administrator to enable it, then sign in again",
    },
    // Documented: `insufficient_claims` (claims challenge) and the numbers; seen: `InteractionRequired`. Without evidence: `MfaRequired`.
    Trouble {
        word: CONDITIONAL,
        codes: &["insufficient_claims", "interaction_required", "InteractionRequired", "MfaRequired"],
        words: &["aadsts53003", "aadsts50076", "aadsts50079", "conditional access", "insufficient_claims"],
        kind: Unauthenticated,
        persistence: Permanent,
        says: "the organisation's access rules ask for another sign-in; sign in again, from a device and place that they allow",
    },
    // Seen: `Authorization_RequestDenied` and the words. Without evidence: the other codes.
    Trouble {
        word: CONSENT,
        codes: &["Authorization_RequestDenied", "consent_required", "MissingScope", "MissingRequiredScopes"],
        words: &["aadsts65001", "insufficient privileges", "scp or roles claim", "missing required scopes"],
        kind: PermissionDenied,
        persistence: Permanent,
        says: "the app was not allowed to do this; sign in again and consent, or let the administrator consent",
    },
    // The words are documented (limiting application permissions to mailboxes). Without evidence: the codes; there it is
    // `ErrorAccessDenied`.
    Trouble {
        word: "mailbox_out_of_scope",
        codes: &["ErrorAppAccessPolicy", "RestrictedByApplicationAccessPolicy"],
        words: &["application access policy", "blocked by tenant configured appaccesspolicy"],
        kind: PermissionDenied,
        persistence: Permanent,
        says: "the organisation does not let the app into this mailbox; ask the administrator to put it into the app's access policy",
    },
    // Documented: `quotaLimitReached`; `ErrorQuotaExceeded` is a response code of Exchange Web Services.
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
        let claims = matches!(status, 401 | 403) && wants_claims(seen.headers);
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
    judge(reply.status, &fault, matches!(reply.status, 401 | 403) && wants_claims(&reply.challenge()), wait)
}

fn judge(status: u16, fault: &Fault, claims: bool, wait: impl Fn() -> Option<Duration>) -> Verdict {
    let again = |effect, error: Error| Verdict::Retry(Retry { after: wait(), effect, error });
    let error = |kind, message: &'static str| coded(Error::new(kind, message).with("status", status), fault);
    match (status, trouble(fault)) {
        // It passes by itself; below 500 the service says that it did nothing.
        (400.., Some(trouble)) if trouble.word == MOVING => {
            again(if status < 500 { Effect::Refused } else { Effect::Unknown }, trouble.error(status, fault))
        }
        // Whoever signs in is told, for the next time.
        (401 | 403, _) if claims => Verdict::Reauthorise,
        // Never to be taken for an item that is gone, or for a token that wants renewing.
        (401 | 403 | 404 | 409 | 423, Some(trouble)) => Verdict::Fail(trouble.error(status, fault)),
        (401, None) => Verdict::Reauthorise,
        (407, None) => Verdict::Fail(error(ErrorKind::Config, "the proxy asks for a user and password; give them in the proxy's address")),
        // 509: more bytes than the service takes for now (Graph's error responses).
        (429 | 509, _) => again(Effect::Refused, error(ErrorKind::RateLimited, "Microsoft asks to slow down; try again later")),
        // Of 501 and 505 nothing was done. Whatever else begins with a five, also what only a proxy on the way says (520, 524), leaves
        // open whether it was.
        (408 | 425 | 500 | 502..=504 | 506 | 508 | 510..=599, _) => {
            again(Effect::Unknown, error(Unavailable, "Microsoft cannot answer now; try again later"))
        }
        _ => Verdict::Done,
    }
}

/// Whether an answer says that a round has to start anew: the token is too old or was lost. Any 400 to a stored link counts
/// (evolution-ews 313). Of a plain 404 the collection says whether it is the link that is gone.
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
    let error = match reply.needs.filter(|_| reply.status == 403) {
        Some(needs) => Error::new(kind, needs.says()).with("permission", needs.name()),
        None => Error::new(kind, message),
    };
    coded(error.with("status", reply.status).persistence(persistence), &fault)
}

/// A refusal of the road's, with what is known only here: which permission was missing, and that a call for more claims is a matter of
/// the organisation's rules.
pub(crate) fn told(error: Error, needs: Option<Needs>) -> Error {
    let says = |error: &Error, key: &str, value: &str| error.context().iter().any(|(known, said)| *known == key && said == value);
    if says(&error, "error", "insufficient_claims") && !says(&error, "trouble", CONDITIONAL) {
        return error.with("trouble", CONDITIONAL);
    }
    match needs {
        Some(needs) if says(&error, "trouble", CONSENT) => error.with("permission", needs.name()),
        _ => error,
    }
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
        400 | 406 | 411 | 415 | 416 | 422 => {
            (InvalidData, "Microsoft does not take the item as it is; change it, or leave it out", Permanent)
        }
        401 => (Unauthenticated, "Microsoft refuses the sign-in; sign in again", Permanent),
        402 | 451 => (Unavailable, "a licence or a law is in the way of this; ask the administrator", Permanent),
        403 => (PermissionDenied, "the account may not do this here; ask the owner or the administrator for the right", Permanent),
        404 | 410 => (CollectionGone, "it is not there; was it renamed or deleted?", Permanent),
        405 | 501 => (Unavailable, "this cannot be done here", Permanent),
        409 => (InvalidData, "there is one like it already; list it again", Permanent),
        412 => (InvalidData, "somebody else was faster; read the item again", Permanent),
        413 => (InvalidData, "the item is larger than Microsoft takes; leave its picture or files out", Permanent),
        423 => (Unavailable, "it is locked; try again later", Temporary),
        424 => (Unavailable, "another request of the same batch failed first; try again later", Temporary),
        429 | 509 => (ErrorKind::RateLimited, "Microsoft asks to slow down; try again later", Temporary),
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
mod tests;

//! Troubles, and what answers mean.

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
        (404, "ResourceNotFound", "Resource could not be discovered.", "fail unavailable mailbox_missing"),
        (404, "ErrorInvalidUser", "The requested user is invalid.", "fail unavailable mailbox_missing"),
        (404, "x", "The mailbox is either inactive, soft-deleted, or is hosted on-premise.", "fail unavailable mailbox_missing"),
        (403, "extensionError", "", "fail unavailable mailbox_unreachable"),
        (404, "ExtensionError", "Operation: Create; Exception: [Status Code: NotFound]", "fail unavailable mailbox_unreachable"),
        (404, "Request_ResourceNotFound", "Resource '7' does not exist.", "done"),
        (409, "Conflict", "", "done"),
        (410, "SyncStateNotFound", "", "done"),
        (412, "ErrorIrresolvableConflict", "", "done"),
        (429, "ApplicationThrottled", "over its MailboxConcurrency limit", "again Refused rate_limited"),
        (500, "", "", "again Unknown unavailable"),
        (503, "ErrorMailboxMoveInProgress", "", "again Unknown unavailable mailbox_moving"),
        (503, "MailboxInfoStale", "", "again Unknown unavailable mailbox_moving"),
        (504, "UnknownError", "", "again Unknown unavailable"),
        (501, "NotImplemented", "", "done"),
        (520, "", "", "again Unknown unavailable"),
        (524, "", "", "again Unknown unavailable"),
        (507, "ErrorQuotaExceeded", "", "done"),
        (403, "ErrorQuotaExceeded", "", "fail unavailable mailbox_full"),
        (409, "MailboxInfoStale", "", "again Refused unavailable mailbox_moving"),
    ] {
        assert_eq!(verdict(status, code, message, false), expected, "{status} {code} {message}");
    }
    // What a new sign-in must bring along is for whoever signs in, whatever the code.
    assert_eq!(verdict(401, "InvalidAuthenticationToken", "", true), "sign in");
    assert_eq!(verdict(401, "insufficient_claims", "", true), "sign in");
    assert_eq!(verdict(401, "insufficient_claims", "", false), "fail unauthenticated conditional_access");
}

#[test]
fn a_code_that_nobody_knows_is_what_its_status_says() {
    use ErrorKind::{CollectionGone, InvalidData, RateLimited, Unexpected};
    for (status, for_the_road, kind, temporary) in [
        (400, "done", InvalidData, false),
        (401, "sign in", Unauthenticated, false),
        (402, "done", Unavailable, false),
        (403, "done", PermissionDenied, false),
        (404, "done", CollectionGone, false),
        (405, "done", Unavailable, false),
        (406, "done", InvalidData, false),
        (409, "done", InvalidData, false),
        (410, "done", CollectionGone, false),
        (412, "done", InvalidData, false),
        (413, "done", InvalidData, false),
        (418, "done", Unexpected, false),
        (423, "done", Unavailable, true),
        (424, "done", Unavailable, true),
        (429, "again Refused rate_limited", RateLimited, true),
        (451, "done", Unavailable, false),
        (500, "again Unknown unavailable", Unavailable, true),
        (502, "again Unknown unavailable", Unavailable, true),
        (503, "again Unknown unavailable", Unavailable, true),
        (504, "again Unknown unavailable", Unavailable, true),
        (507, "done", Unavailable, true),
        (509, "again Refused rate_limited", RateLimited, true),
        (599, "again Unknown unavailable", Unavailable, true),
    ] {
        for code in ["ErrorOfTomorrow", "ErrorMailboxHoldOfTomorrow", ""] {
            assert_eq!(verdict(status, code, "Ada is not licensed", false), for_the_road, "{status} {code}");
            let body = Content::Json(json!({"error": {"code": code, "message": "Ada is not licensed"}}));
            let reply = Reply { status, body, ..Reply::default() };
            let error = refused(&reply);
            assert_eq!((error.kind(), error.is_temporary()), (kind, temporary), "{status} {code}");
            // Nothing but an absence is read as one, and only an absence.
            assert_eq!(is_missing(&reply), matches!(status, 404 | 410), "{status} {code}");
        }
    }
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

//! A mailbox's settings, its zones and languages, and ids from one form to another.

use crate::graph::answer::{Answer, Result, Says, invalid, no_such_method, no_such_path, refuse};
use crate::graph::ids::Form;
use crate::graph::store::Mailbox;
use crate::graph::world::Call;
use crate::graph::zones::{self, Zone};
use serde_json::{Map, Value, json};

const OF: &str = "mailboxSettings";
/// The most ids that are translated at once.
const IDS: usize = 1000;

/// Requests below `/mailboxSettings` (<https://learn.microsoft.com/graph/api/user-get-mailboxsettings>).
pub(crate) fn settings(call: &mut Call<'_>, rest: &[&str]) -> Result {
    match (call.ask.method.as_str(), rest) {
        ("GET", []) => Ok(Answer::json(200, Value::Object(whole(call.mailbox()?)), Says::One(OF))),
        ("GET", [name]) => {
            let all = whole(call.mailbox()?);
            match all.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
                Some((_, value @ Value::Object(_))) => Ok(Answer::json(200, value.clone(), Says::Nothing)),
                Some((name, value)) => Ok(Answer::json(
                    200,
                    json!({"@odata.context": call.context(&format!("mailboxSettings/{name}")), "value": value}),
                    Says::Nothing,
                )),
                None => Err(no_such_path(name)),
            }
        }
        ("PATCH", []) => {
            let body = call.ask.read(OF)?;
            if let Some(zone) = body.get("timeZone").and_then(Value::as_str).filter(|zone| Zone::named(zone).is_none()) {
                return refuse(400, "TimeZoneNotSupportedException", format!("The following TimeZone value is not supported: '{zone}'."));
            }
            let kept = body.into_iter().filter(|(name, value)| !value.is_null() && name != "userPurpose" && !name.contains('@'));
            call.mailbox_mut()?.settings.extend(kept);
            Ok(Answer::json(200, Value::Object(whole(call.mailbox()?)), Says::One(OF)))
        }
        (_, [_, name, ..]) => Err(no_such_path(name)),
        _ => Err(no_such_method()),
    }
}

/// Settings with what every mailbox has.
fn whole(mailbox: &Mailbox) -> Map<String, Value> {
    let zone = mailbox.settings.get("timeZone").cloned().unwrap_or(json!("UTC"));
    let days = json!(["monday", "tuesday", "wednesday", "thursday", "friday"]);
    let default = json!({
        "archiveFolder": mailbox.container_id(mailbox.known("archive")), "timeZone": zone, "dateFormat": "yyyy-MM-dd", "timeFormat": "HH:mm",
        "userPurpose": "user", "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
        "language": {"locale": "en-US", "displayName": "English (United States)"},
        "automaticRepliesSetting": {"status": "disabled", "externalAudience": "all", "internalReplyMessage": "", "externalReplyMessage": ""},
        "workingHours": {"daysOfWeek": days, "startTime": "08:00:00.0000000", "endTime": "17:00:00.0000000", "timeZone": {"name": zone}},
    });
    let mut out = default.as_object().cloned().unwrap_or_default();
    out.extend(mailbox.settings.clone());
    out
}

/// Functions below `/outlook`.
pub(crate) fn functions(call: &Call<'_>, name: &str) -> Result {
    let lower = name.to_lowercase();
    if call.ask.method != "GET" {
        return Err(no_such_method());
    }
    if lower == "supportedlanguages" {
        let all =
            json!([{"locale": "en-US", "displayName": "English (United States)"}, {"locale": "de-DE", "displayName": "German (Germany)"}]);
        return Ok(Answer::json(200, json!({"value": all}), Says::Many("localeInfo")));
    }
    if lower == "supportedtimezones" || lower.starts_with("supportedtimezones(") {
        let iana = lower.contains("iana");
        return Ok(Answer::json(200, json!({"value": zones::all(iana)}), Says::Many("timeZoneInformation")));
    }
    Err(no_such_path(name))
}

/// `translateExchangeIds` (<https://learn.microsoft.com/graph/api/user-translateexchangeids>).
pub(crate) fn translate(call: &Call<'_>) -> Result {
    let parameters = call.ask.parameters()?;
    let word = |name: &str| parameters.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let ids = parameters.get("inputids").and_then(Value::as_array).filter(|ids| !ids.is_empty() && ids.len() <= IDS);
    let Some(ids) = ids else { return Err(invalid(format!("inputIds must hold between 1 and {IDS} ids."))) };
    let (from, to) = (word("sourceidtype"), word("targetidtype"));
    for form in [&from, &to] {
        if !matches!(form.as_str(), "restId" | "ewsId" | "restImmutableEntryId") {
            return Err(invalid("Ids are translated between restId, ewsId and restImmutableEntryId here."));
        }
    }
    let mailbox = call.mailbox()?;
    let translated = |id: &str| {
        let rest = if from == "ewsId" { id.replace('/', "-").replace('+', "_") } else { id.to_owned() };
        let wanted = if from == "restImmutableEntryId" { Form::Immutable } else { Form::Default };
        let (item, named) = mailbox.find(&rest).ok().flatten().filter(|(_, named)| named.form == wanted)?;
        let form = if to == "restImmutableEntryId" { Form::Immutable } else { Form::Default };
        let id = mailbox.id_of(item, named.day, form);
        Some(if to == "ewsId" { id.replace('-', "/").replace('_', "+") } else { id })
    };
    let rows: Vec<Value> = ids
        .iter()
        .filter_map(Value::as_str)
        .map(|id| match translated(id) {
            Some(target) => json!({"sourceId": id, "targetId": target}),
            None => json!({"sourceId": id, "errorDetails": {"code": "ErrorInvalidIdMalformed", "message": "The id cannot be translated."}}),
        })
        .collect();
    Ok(Answer::json(
        200,
        json!({"@odata.context": call.context("Collection(convertIdResult)"), "value": rows}),
        Says::Many("convertIdResult"),
    ))
}

//! Which of Microsoft Graph's words hold nothing of anybody's, and which hold what.

/// Properties whose texts are the service's words (enumerations of the v1.0 metadata, types, zones, names of fields).
pub(super) const WORDS: &[&str] = &[
    "@odata.type",
    "@odata.mediaContentType",
    "allowedOnlineMeetingProviders",
    "code",
    "color",
    "contentType",
    "daysOfWeek",
    "defaultOnlineMeetingProvider",
    "firstDayOfWeek",
    "flagStatus",
    "hexColor",
    "importance",
    "index",
    "inferenceClassification",
    "locationType",
    "method",
    "onlineMeetingProvider",
    "originalEndTimeZone",
    "originalStartTimeZone",
    "reason",
    "recurrenceTimeZone",
    "response",
    "role",
    "sensitivity",
    "showAs",
    "status",
    "timeZone",
    "type",
    "uniqueIdType",
    "userType",
    "wellknownListName",
];

/// Properties whose texts are times. A birthday is somebody's.
pub(super) const TIMES: &[&str] = &["dateTime", "date", "startDate", "endDate", "time", "originalStart"];

/// Properties whose texts name something: ids and versions.
pub(super) const NAMES: &[&str] = &[
    "id",
    "changeKey",
    "parentFolderId",
    "seriesMasterId",
    "conversationId",
    "conversationIndex",
    "iCalUId",
    "uid",
    "transactionId",
    "occurrenceId",
    "request-id",
    "client-request-id",
];

/// Properties whose texts lead on: their addresses are asked for.
pub(super) const LINKS: &[&str] = &["@odata.nextLink", "@odata.deltaLink"];

/// Where on earth somebody is.
pub(super) const PLACES: &[&str] = &["latitude", "longitude", "altitude", "accuracy", "altitudeAccuracy"];

/// Words of Graph's paths. Everything else in a path names something.
pub(super) const SEGMENTS: &[&str] = &[
    "me",
    "users",
    "groups",
    "contacts",
    "contactFolders",
    "childFolders",
    "calendars",
    "calendarGroups",
    "calendarView",
    "events",
    "instances",
    "attachments",
    "photo",
    "photos",
    "delta",
    "delta()",
    "todo",
    "lists",
    "tasks",
    "checklistItems",
    "linkedResources",
    "mailFolders",
    "messages",
    "mailboxSettings",
    "outlook",
    "masterCategories",
    "transitiveMembers",
    "members",
    "manager",
    "$batch",
    "$value",
    "$count",
];

/// Options of queries whose values are the connector's own words.
pub(super) const OPTIONS: &[&str] =
    &["$select", "$expand", "$top", "$skip", "$orderby", "$count", "startdatetime", "enddatetime", "changetype"];

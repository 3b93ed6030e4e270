//! What becomes of the app's records, place by place: `-` where the connector asks for nothing there, or nothing can stand there, `=`
//! where it is read and nothing changes, else the fields that change; `!` where the run tells of it. Each line was looked at: what
//! changes is what null took away, and nothing beside it.

/// Null in a contact.
pub const CONTACT: &str = "
    -: primaryEmailAddress primaryEmailAddress/address primaryEmailAddress/name secondaryEmailAddress
    -: secondaryEmailAddress/address secondaryEmailAddress/name tertiaryEmailAddress tertiaryEmailAddress/address
    -: tertiaryEmailAddress/name
    =: changeKey createdDateTime emailAddresses/name fileAs lastModifiedDateTime parentFolderId
    addresses: businessAddress businessAddress/city businessAddress/countryOrRegion businessAddress/postalCode
    addresses: businessAddress/state businessAddress/street homeAddress homeAddress/city homeAddress/countryOrRegion
    addresses: homeAddress/postalCode homeAddress/state homeAddress/street otherAddress otherAddress/city
    addresses: otherAddress/countryOrRegion otherAddress/postalCode otherAddress/state otherAddress/street
    anniversaries: birthday
    custom.initials: initials
    custom.officeLocation: officeLocation
    custom.yomiCompanyName: yomiCompanyName
    emails: emailAddresses/address
    links: businessHomePage
    name.credential: generation
    name.full: displayName
    name.given: givenName
    name.given2: middleName
    name.givenPhonetic: yomiGivenName
    name.surname: surname
    name.surnamePhonetic: yomiSurname
    name.title: title
    nicknames: nickName
    notes: personalNotes
    organizations: companyName department
    phones: mobilePhone
    relatedTo: assistantName manager spouseName
    titles: jobTitle profession
";

/// Null in an event. Where a pattern or a time is not whole, the event is told of and stays as it was.
pub const EVENT: &str = "
    !: end end/timeZone recurrence/pattern recurrence/pattern/type recurrence/range recurrence/range/startDate
    !: recurrence/range/type showAs start start/timeZone subject
    -: allowNewTimeProposals bodyPreview hideAttendees isDraft onlineMeeting/phones/language onlineMeeting/phones/number
    -: onlineMeeting/phones/region onlineMeeting/phones/type onlineMeeting/quickDial onlineMeetingProvider onlineMeetingUrl
    -: seriesMasterId transactionId webLink
    =: attendees/proposedNewTime attendees/proposedNewTime/end/timeZone attendees/proposedNewTime/start/timeZone
    =: attendees/status/time body/contentType changeKey createdDateTime hasAttachments iCalUId isAllDay isCancelled
    =: isOnlineMeeting isOrganizer lastModifiedDateTime location location/address location/address/city
    =: location/address/countryOrRegion location/address/postalCode location/address/state location/address/street
    =: location/coordinates location/coordinates/accuracy location/coordinates/altitude location/coordinates/altitudeAccuracy
    =: location/coordinates/latitude location/coordinates/longitude location/displayName location/locationEmailAddress
    =: location/locationType location/locationUri location/uniqueId location/uniqueIdType locations/address
    =: locations/address/city locations/address/countryOrRegion locations/address/postalCode locations/address/state
    =: locations/address/street locations/coordinates/accuracy locations/coordinates/altitude
    =: locations/coordinates/altitudeAccuracy locations/locationEmailAddress locations/locationType locations/locationUri
    =: locations/uniqueId locations/uniqueIdType onlineMeeting/conferenceId onlineMeeting/tollNumber originalEndTimeZone
    =: originalStart originalStartTimeZone recurrence/pattern/firstDayOfWeek recurrence/pattern/index recurrence/range/endDate
    =: recurrence/range/recurrenceTimeZone responseRequested responseStatus responseStatus/response responseStatus/time type
    alerts recurrenceOverrides: isReminderOn reminderMinutesBeforeStart
    description: body body/content
    locations: locations/coordinates locations/coordinates/latitude locations/coordinates/longitude locations/displayName
    organizer: organizer/emailAddress/name
    organizer participants recurrenceOverrides: attendees/emailAddress attendees/emailAddress/address
    organizer recurrenceOverrides: organizer organizer/emailAddress organizer/emailAddress/address
    participants: attendees/status attendees/status/response attendees/type
    participants recurrenceOverrides: attendees/emailAddress/name
    priority recurrenceOverrides: importance
    privacy recurrenceOverrides: sensitivity
    recurrenceOverrides virtualLocations: onlineMeeting onlineMeeting/joinUrl
    recurrenceRules: recurrence
";

/// Null in a changed occurrence of a series.
pub const EXCEPTION: &str = "
    !: end/timeZone start start/timeZone
    -: attendees/proposedNewTime attendees/proposedNewTime/end/timeZone attendees/proposedNewTime/start/timeZone
    -: onlineMeeting/phones/language onlineMeeting/phones/number onlineMeeting/phones/region onlineMeeting/phones/type
    -: onlineMeeting/quickDial onlineMeetingUrl recurrence recurrence/pattern recurrence/pattern/firstDayOfWeek
    -: recurrence/pattern/index recurrence/pattern/type recurrence/range recurrence/range/endDate
    -: recurrence/range/recurrenceTimeZone recurrence/range/startDate recurrence/range/type transactionId
    =: allowNewTimeProposals attendees/status attendees/status/response attendees/status/time attendees/type body/contentType
    =: bodyPreview changeKey createdDateTime hasAttachments hideAttendees iCalUId isAllDay isCancelled isDraft isOnlineMeeting
    =: isOrganizer lastModifiedDateTime location location/address location/address/city location/address/countryOrRegion
    =: location/address/postalCode location/address/state location/address/street location/coordinates
    =: location/coordinates/accuracy location/coordinates/altitude location/coordinates/altitudeAccuracy
    =: location/coordinates/latitude location/coordinates/longitude location/displayName location/locationEmailAddress
    =: location/locationType location/locationUri location/uniqueId location/uniqueIdType locations/address
    =: locations/address/city locations/address/countryOrRegion locations/address/postalCode locations/address/state
    =: locations/address/street locations/coordinates/accuracy locations/coordinates/altitude
    =: locations/coordinates/altitudeAccuracy locations/locationEmailAddress locations/locationType locations/locationUri
    =: locations/uniqueId locations/uniqueIdType onlineMeeting/conferenceId onlineMeeting/tollNumber onlineMeetingProvider
    =: organizer organizer/emailAddress organizer/emailAddress/address organizer/emailAddress/name originalEndTimeZone
    =: originalStart originalStartTimeZone responseRequested responseStatus responseStatus/response responseStatus/time
    =: seriesMasterId type webLink
    recurrenceOverrides: attendees/emailAddress attendees/emailAddress/address attendees/emailAddress/name body body/content end
    recurrenceOverrides: importance isReminderOn locations/coordinates locations/coordinates/latitude
    recurrenceOverrides: locations/coordinates/longitude locations/displayName onlineMeeting onlineMeeting/joinUrl
    recurrenceOverrides: reminderMinutesBeforeStart sensitivity showAs subject
";

/// Null in a file of an event.
pub const FILE_OF_AN_EVENT: &str = "
    -: contentBytes contentId contentLocation lastModifiedDateTime
    =: contentType
    attachments: name
";

/// Null in a task.
pub const TASK: &str = "
    !: recurrence/pattern recurrence/pattern/type recurrence/range recurrence/range/endDate recurrence/range/startDate
    !: recurrence/range/type
    =: body/contentType completedDateTime/timeZone dueDateTime/timeZone hasAttachments recurrence/pattern/index
    =: recurrence/range/recurrenceTimeZone reminderDateTime/timeZone startDateTime/timeZone
    alerts: reminderDateTime
    completed: completedDateTime
    description: body body/content
    due: dueDateTime
    recurrenceRules: recurrence recurrence/pattern/firstDayOfWeek
    start: startDateTime
    title: title
";

/// Null in a step of a task.
pub const STEP: &str = "
    =: checkedDateTime displayName isChecked
";

/// Null in what a task is linked with: the app's own is a mark, and no field.
pub const LINK: &str = "
    =: applicationName externalId
    links: displayName webUrl
";

/// Null in a message. What the app has logged cannot be edited there, so that what changes is told of.
pub const MESSAGE: &str = "
    !: body body/content body/contentType ccRecipients/emailAddress ccRecipients/emailAddress/address
    !: ccRecipients/emailAddress/name conversationId flag flag/flagStatus from from/emailAddress from/emailAddress/address
    !: from/emailAddress/name importance isRead receivedDateTime sentDateTime subject toRecipients/emailAddress
    !: toRecipients/emailAddress/address toRecipients/emailAddress/name
    -: bccRecipients/emailAddress bccRecipients/emailAddress/address bccRecipients/emailAddress/name bodyPreview
    -: conversationIndex createdDateTime flag/completedDateTime flag/completedDateTime/timeZone inferenceClassification
    -: internetMessageHeaders/name internetMessageHeaders/value isDeliveryReceiptRequested isReadReceiptRequested
    -: replyTo/emailAddress replyTo/emailAddress/address replyTo/emailAddress/name uniqueBody uniqueBody/content
    -: uniqueBody/contentType webLink
    =: changeKey flag/dueDateTime flag/dueDateTime/timeZone flag/startDateTime flag/startDateTime/timeZone hasAttachments
    =: internetMessageId isDraft lastModifiedDateTime parentFolderId sender sender/emailAddress sender/emailAddress/address
    =: sender/emailAddress/name
";

/// Null in a file of a message.
pub const FILE_OF_A_MESSAGE: &str = "
    !: name
    -: contentBytes contentId contentLocation lastModifiedDateTime
    =: contentType
";

/// Null in a user of the directory.
pub const USER: &str = "
    -: aboutMe createdDateTime deletedDateTime employeeType mailNickname mailboxSettings mailboxSettings/archiveFolder
    -: mailboxSettings/automaticRepliesSetting mailboxSettings/automaticRepliesSetting/externalAudience
    -: mailboxSettings/automaticRepliesSetting/externalReplyMessage mailboxSettings/automaticRepliesSetting/internalReplyMessage
    -: mailboxSettings/automaticRepliesSetting/scheduledEndDateTime
    -: mailboxSettings/automaticRepliesSetting/scheduledEndDateTime/timeZone
    -: mailboxSettings/automaticRepliesSetting/scheduledStartDateTime
    -: mailboxSettings/automaticRepliesSetting/scheduledStartDateTime/timeZone mailboxSettings/automaticRepliesSetting/status
    -: mailboxSettings/dateFormat mailboxSettings/delegateMeetingMessageDeliveryOptions mailboxSettings/language
    -: mailboxSettings/language/displayName mailboxSettings/language/locale mailboxSettings/timeFormat mailboxSettings/timeZone
    -: mailboxSettings/userPurpose mailboxSettings/workingHours mailboxSettings/workingHours/endTime
    -: mailboxSettings/workingHours/startTime mailboxSettings/workingHours/timeZone mailboxSettings/workingHours/timeZone/name
    -: mySite onPremisesDistinguishedName onPremisesExtensionAttributes onPremisesExtensionAttributes/extensionAttribute1
    -: onPremisesExtensionAttributes/extensionAttribute10 onPremisesExtensionAttributes/extensionAttribute11
    -: onPremisesExtensionAttributes/extensionAttribute12 onPremisesExtensionAttributes/extensionAttribute13
    -: onPremisesExtensionAttributes/extensionAttribute14 onPremisesExtensionAttributes/extensionAttribute15
    -: onPremisesExtensionAttributes/extensionAttribute2 onPremisesExtensionAttributes/extensionAttribute3
    -: onPremisesExtensionAttributes/extensionAttribute4 onPremisesExtensionAttributes/extensionAttribute5
    -: onPremisesExtensionAttributes/extensionAttribute6 onPremisesExtensionAttributes/extensionAttribute7
    -: onPremisesExtensionAttributes/extensionAttribute8 onPremisesExtensionAttributes/extensionAttribute9 onPremisesImmutableId
    -: onPremisesSamAccountName onPremisesSyncEnabled postalCode preferredLanguage showInAddressList state streetAddress
    -: usageLocation
    =: mail
    custom.city: city
    custom.companyName: companyName
    custom.country: country
    custom.employeeId: employeeId
    custom.officeLocation: officeLocation
    custom.userType: userType
    department: department
    enabled: accountEnabled
    login: userPrincipalName
    name.full: displayName
    name.given: givenName
    name.surname: surname
    phones: faxNumber mobilePhone
    title: jobTitle
";

/// A word that nobody knows in an event.
pub const UNKNOWN_OF_AN_EVENT: &str = "
    !: recurrence/pattern/type recurrence/range/type showAs
    -: onlineMeeting/phones/type onlineMeetingProvider
    =: body/contentType location/locationType location/uniqueIdType locations/locationType locations/uniqueIdType
    =: recurrence/pattern/daysOfWeek recurrence/pattern/firstDayOfWeek recurrence/pattern/index responseStatus/response type
    participants: attendees/status/response attendees/type
    priority recurrenceOverrides: importance
    privacy recurrenceOverrides: sensitivity
";

/// A word that nobody knows in a changed occurrence.
pub const UNKNOWN_OF_AN_EXCEPTION: &str = "
    -: onlineMeeting/phones/type recurrence/pattern/daysOfWeek recurrence/pattern/firstDayOfWeek recurrence/pattern/index
    -: recurrence/pattern/type recurrence/range/type
    =: attendees/status/response attendees/type location/locationType location/uniqueIdType locations/locationType
    =: locations/uniqueIdType onlineMeetingProvider responseStatus/response type
    recurrenceOverrides: body/contentType importance sensitivity showAs
";

/// A word that nobody knows in a task.
pub const UNKNOWN_OF_A_TASK: &str = "
    !: recurrence/pattern/daysOfWeek recurrence/pattern/type recurrence/range/type
    =: body/contentType recurrence/pattern/index
    priority: importance
    progress: status
    recurrenceRules: recurrence/pattern/firstDayOfWeek
";

/// A word that nobody knows in a message.
pub const UNKNOWN_OF_A_MESSAGE: &str = "
    !: body/contentType flag/flagStatus importance
    -: inferenceClassification uniqueBody/contentType
";

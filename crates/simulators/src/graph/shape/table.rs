//! Which property is on which type of v1.0, of what type, and whether it may be null: the names of the metadata document that the
//! service publishes, in a form of our own.
//!
//! A line that is not indented opens a type: `enum NAME MEMBER…`, or `complex|entity NAME [is BASE] [open]`. A line below it is
//! `TYPE: NAME…`; brackets are a collection, `!` says never null, `>` is a relation, which is there when it was asked for.
//! Source: <https://graph.microsoft.com/v1.0/$metadata>. Types that nothing here speaks of are left out.

/// The table.
pub(super) const TABLE: &str = r"
enum attachmentType file item reference
enum attendeeType required optional resource
enum automaticRepliesStatus disabled alwaysEnabled scheduled
enum bodyType text html
enum calendarColor auto lightBlue lightGreen lightOrange lightGray lightYellow lightTeal lightPink lightBrown lightRed maxColor
enum categoryColor none preset0 preset1 preset2 preset3 preset4 preset5 preset6 preset7 preset8 preset9 preset10 preset11 preset12 preset13 preset14 preset15 preset16 preset17 preset18 preset19 preset20 preset21 preset22 preset23 preset24
enum changeType created updated deleted
enum dayOfWeek sunday monday tuesday wednesday thursday friday saturday
enum delegateMeetingMessageDeliveryOptions sendToDelegateAndInformationToPrincipal sendToDelegateAndPrincipal sendToDelegateOnly
enum eventType singleInstance occurrence exception seriesMaster
enum exchangeIdFormat entryId ewsId immutableEntryId restId restImmutableEntryId
enum externalAudienceScope none contactsOnly all
enum followupFlagStatus notFlagged complete flagged
enum freeBusyStatus unknown free tentative busy oof workingElsewhere
enum importance low normal high
enum inferenceClassificationType focused other
enum lifecycleEventType missed subscriptionRemoved reauthorizationRequired
enum locationType default conferenceRoom homeAddress businessAddress geoCoordinates streetAddress hotel restaurant localBusiness postalAddress
enum locationUniqueIdType unknown locationStore directory private bing
enum onlineMeetingProviderType unknown skypeForBusiness skypeForConsumer teamsForBusiness
enum phoneType home business mobile other assistant homeFax businessFax otherFax pager radio
enum recurrencePatternType daily weekly absoluteMonthly relativeMonthly absoluteYearly relativeYearly
enum recurrenceRangeType endDate noEnd numbered
enum responseType none organizer tentativelyAccepted accepted declined notResponded
enum sensitivity normal personal private confidential
enum taskStatus notStarted inProgress completed waitingOnOthers deferred
enum userPurpose user linked shared room equipment others unknownFutureValue
enum weekIndex first second third fourth last
enum wellknownListName none defaultList flaggedEmails unknownFutureValue
complex attachmentItem
  attachmentType: attachmentType
  String: contentId contentType name
  Boolean: isInline
  Int64: size
complex attendee is attendeeBase
  timeSlot: proposedNewTime
  responseStatus: status
complex attendeeBase is recipient
  attendeeType: type
complex automaticRepliesSetting
  externalAudienceScope: externalAudience
  String: externalReplyMessage internalReplyMessage
  dateTimeTimeZone: scheduledEndDateTime scheduledStartDateTime
  automaticRepliesStatus: status
complex changeNotification
  changeType: changeType!
  String: clientState id resource!
  lifecycleEventType: lifecycleEvent
  resourceData: resourceData
  Instant: subscriptionExpirationDateTime!
  Guid: subscriptionId! tenantId!
complex changeNotificationCollection
  [String]: validationTokens
  [changeNotification]: value!
complex convertIdResult
  genericError: errorDetails
  String: sourceId targetId
complex dateTimeTimeZone
  String: dateTime! timeZone
complex emailAddress
  String: address name
complex followupFlag
  dateTimeTimeZone: completedDateTime dueDateTime startDateTime
  followupFlagStatus: flagStatus
complex genericError
  String: code message
complex internetMessageHeader
  String: name value
complex itemBody
  String: content
  bodyType: contentType
complex localeInfo
  String: displayName locale
complex location
  physicalAddress: address
  outlookGeoCoordinates: coordinates
  String: displayName locationEmailAddress locationUri uniqueId
  locationType: locationType
  locationUniqueIdType: uniqueIdType
complex mailboxSettings
  String: archiveFolder dateFormat timeFormat timeZone
  automaticRepliesSetting: automaticRepliesSetting
  delegateMeetingMessageDeliveryOptions: delegateMeetingMessageDeliveryOptions
  localeInfo: language
  userPurpose: userPurpose
  workingHours: workingHours
complex onlineMeetingInfo
  String: conferenceId joinUrl quickDial tollNumber
  [phone]: phones
  [String]: tollFreeNumbers
complex onPremisesExtensionAttributes
  String: extensionAttribute1 extensionAttribute10 extensionAttribute11 extensionAttribute12 extensionAttribute13 extensionAttribute14
  String: extensionAttribute15 extensionAttribute2 extensionAttribute3 extensionAttribute4 extensionAttribute5 extensionAttribute6
  String: extensionAttribute7 extensionAttribute8 extensionAttribute9
complex outlookGeoCoordinates
  Double: accuracy altitude altitudeAccuracy latitude longitude
complex patternedRecurrence
  recurrencePattern: pattern
  recurrenceRange: range
complex phone
  String: language number region
  phoneType: type
complex physicalAddress
  String: city countryOrRegion postalCode state street
complex recipient
  emailAddress: emailAddress
complex recurrencePattern
  Int32: dayOfMonth! interval! month!
  [dayOfWeek]: daysOfWeek
  dayOfWeek: firstDayOfWeek
  weekIndex: index
  recurrencePatternType: type
complex recurrenceRange
  Date: endDate startDate
  Int32: numberOfOccurrences!
  String: recurrenceTimeZone
  recurrenceRangeType: type
complex resourceData open
complex responseStatus
  responseType: response
  Instant: time
complex timeSlot
  dateTimeTimeZone: end! start!
complex timeZoneBase
  String: name
complex uploadSession
  Instant: expirationDateTime
  [String]: nextExpectedRanges
  String: uploadUrl
complex workingHours
  [dayOfWeek]: daysOfWeek
  TimeOfDay: endTime startTime
  timeZoneBase: timeZone
entity attachment is entity
  String: contentType name
  Boolean: isInline!
  Instant: lastModifiedDateTime
  Int32: size!
entity attachmentBase is entity
  String: contentType name
  Instant: lastModifiedDateTime
  Int32: size!
entity calendar is entity
  [onlineMeetingProviderType]: allowedOnlineMeetingProviders
  Boolean: canEdit canShare canViewPrivateItems isDefaultCalendar isRemovable isTallyingResponses
  String: changeKey hexColor name
  calendarColor: color
  onlineMeetingProviderType: defaultOnlineMeetingProvider
  emailAddress: owner
  > [event]: calendarView events
  > [multiValueLegacyExtendedProperty]: multiValueExtendedProperties
  > [singleValueLegacyExtendedProperty]: singleValueExtendedProperties
entity calendarGroup is entity
  String: changeKey name
  Guid: classId
  > [calendar]: calendars
entity checklistItem is entity
  Instant: checkedDateTime createdDateTime!
  String: displayName
  Boolean: isChecked
entity contact is outlookItem open
  String: assistantName businessHomePage companyName department displayName fileAs generation givenName initials jobTitle manager
  String: middleName mobilePhone nickName officeLocation parentFolderId personalNotes profession spouseName surname title yomiCompanyName
  String: yomiGivenName yomiSurname
  Instant: birthday
  physicalAddress: businessAddress homeAddress otherAddress
  [String]: businessPhones children homePhones imAddresses
  [emailAddress]: emailAddresses
  emailAddress: primaryEmailAddress secondaryEmailAddress tertiaryEmailAddress
  > [extension]: extensions
  > [multiValueLegacyExtendedProperty]: multiValueExtendedProperties
  > profilePhoto: photo
  > [singleValueLegacyExtendedProperty]: singleValueExtendedProperties
entity contactFolder is entity
  String: displayName parentFolderId
  > [contactFolder]: childFolders
  > [contact]: contacts
  > [multiValueLegacyExtendedProperty]: multiValueExtendedProperties
  > [singleValueLegacyExtendedProperty]: singleValueExtendedProperties
entity directoryObject is entity open
  Instant: deletedDateTime
entity entity
  String: id!
entity event is outlookItem open
  Boolean: allowNewTimeProposals hasAttachments hideAttendees isAllDay isCancelled isDraft isOnlineMeeting isOrganizer isReminderOn
  Boolean: responseRequested
  [attendee]: attendees
  itemBody: body
  String: bodyPreview iCalUId onlineMeetingUrl originalEndTimeZone originalStartTimeZone seriesMasterId subject transactionId webLink
  [String]: cancelledOccurrences!
  dateTimeTimeZone: end start
  importance: importance
  location: location
  [location]: locations
  onlineMeetingInfo: onlineMeeting
  onlineMeetingProviderType: onlineMeetingProvider
  recipient: organizer
  Instant: originalStart
  patternedRecurrence: recurrence
  Int32: reminderMinutesBeforeStart
  responseStatus: responseStatus
  sensitivity: sensitivity
  freeBusyStatus: showAs
  eventType: type
  > [attachment]: attachments
  > calendar: calendar
  > [event]: exceptionOccurrences instances
  > [extension]: extensions
  > [multiValueLegacyExtendedProperty]: multiValueExtendedProperties
  > [singleValueLegacyExtendedProperty]: singleValueExtendedProperties
entity extension is entity open
entity fileAttachment is attachment
  Binary: contentBytes
  String: contentId contentLocation
entity itemAttachment is attachment
  > outlookItem: item
entity linkedResource is entity
  String: applicationName displayName externalId webUrl
entity mailFolder is entity
  Int32: childFolderCount totalItemCount unreadItemCount
  String: displayName parentFolderId
  Boolean: isHidden
  > [mailFolder]: childFolders
  > [message]: messages
  > [multiValueLegacyExtendedProperty]: multiValueExtendedProperties
  > [singleValueLegacyExtendedProperty]: singleValueExtendedProperties
entity message is outlookItem open
  [recipient]: bccRecipients ccRecipients replyTo toRecipients
  itemBody: body uniqueBody
  String: bodyPreview conversationId internetMessageId parentFolderId subject webLink
  Binary: conversationIndex
  followupFlag: flag
  recipient: from sender
  Boolean: hasAttachments isDeliveryReceiptRequested isDraft isRead isReadReceiptRequested
  importance: importance
  inferenceClassificationType: inferenceClassification
  [internetMessageHeader]: internetMessageHeaders
  Instant: receivedDateTime sentDateTime
  > [attachment]: attachments
  > [extension]: extensions
  > [multiValueLegacyExtendedProperty]: multiValueExtendedProperties
  > [singleValueLegacyExtendedProperty]: singleValueExtendedProperties
entity multiValueLegacyExtendedProperty is entity
  [String]: value
entity openTypeExtension is extension open
  String: extensionName!
entity outlookCategory is entity
  categoryColor: color
  String: displayName
entity outlookItem is entity
  [String]: categories
  String: changeKey
  Instant: createdDateTime lastModifiedDateTime
entity outlookUser is entity
  > [outlookCategory]: masterCategories
entity profilePhoto is entity
  Int32: height width
entity referenceAttachment is attachment
entity singleValueLegacyExtendedProperty is entity
  String: value
entity subscription is entity
  String: applicationId changeType! clientState creatorId encryptionCertificate encryptionCertificateId latestSupportedTlsVersion
  String: lifecycleNotificationUrl notificationQueryOptions notificationUrl! notificationUrlAppId resource!
  Instant: expirationDateTime!
  Boolean: includeResourceData
entity taskFileAttachment is attachmentBase
  Binary: contentBytes!
entity todo is entity
  > [todoTaskList]: lists
entity todoTask is entity
  itemBody: body
  Instant: bodyLastModifiedDateTime! createdDateTime! lastModifiedDateTime!
  [String]: categories
  dateTimeTimeZone: completedDateTime dueDateTime reminderDateTime startDateTime
  Boolean: hasAttachments isReminderOn!
  importance: importance!
  patternedRecurrence: recurrence
  taskStatus: status!
  String: title
  > [attachmentBase]: attachments
  > [checklistItem]: checklistItems
  > [extension]: extensions
  > [linkedResource]: linkedResources
entity todoTaskList is entity
  String: displayName
  Boolean: isOwner! isShared!
  wellknownListName: wellknownListName!
  > [extension]: extensions
  > [todoTask]: tasks
entity user is directoryObject open
  String: aboutMe city companyName country department displayName employeeId employeeType faxNumber givenName jobTitle mail mailNickname
  String: mobilePhone mySite officeLocation onPremisesDistinguishedName onPremisesImmutableId onPremisesSamAccountName postalCode
  String: preferredLanguage state streetAddress surname usageLocation userPrincipalName userType
  Boolean: accountEnabled onPremisesSyncEnabled showInAddressList
  Instant: birthday! createdDateTime
  [String]: businessPhones! imAddresses otherMails! proxyAddresses!
  mailboxSettings: mailboxSettings
  onPremisesExtensionAttributes: onPremisesExtensionAttributes
  > calendar: calendar
  > [calendarGroup]: calendarGroups
  > [calendar]: calendars
  > [event]: calendarView events
  > [contactFolder]: contactFolders
  > [contact]: contacts
  > [directoryObject]: directReports
  > [mailFolder]: mailFolders
  > directoryObject: manager
  > [message]: messages
  > outlookUser: outlook
  > profilePhoto: photo
  > [profilePhoto]: photos
  > todo: todo
complex timeZoneInformation
  String: alias displayName
";

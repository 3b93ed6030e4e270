//! Extended properties of contacts: what Exchange has a place for and Graph has none (MS-OXOCNTC section 2.2.1, MS-OXPROPS).

use pimkit_exchange::property::{CUSTOM, MARK, OURS, Property, Type, UID};

/// The set of properties of addresses (`PSETID_Address`).
const ADDRESS: &str = "00062004-0000-0000-c000-000000000046";

const fn tag(number: u16) -> Property {
    Property::tag(number, Type::String)
}

const fn address(number: u16, kind: Type) -> Property {
    Property::numbered(ADDRESS, number, kind)
}

/// What Graph has no place for, of values that it has: see [`crate::mapping`].
pub(crate) static ASIDE: Property = Property::named(OURS, "pimkit.aside", Type::String);
/// `PidTagPagerTelephoneNumber`.
pub(crate) static PAGER: Property = tag(0x3a21);
/// `PidTagCarTelephoneNumber`.
pub(crate) static CAR: Property = tag(0x3a1e);
/// `PidTagOtherTelephoneNumber`.
pub(crate) static OTHER_PHONE: Property = tag(0x3a1f);
/// `PidTagPrimaryFaxNumber`: Outlook's "other fax".
pub(crate) static OTHER_FAX: Property = tag(0x3a23);
/// `PidTagBusinessFaxNumber`.
pub(crate) static BUSINESS_FAX: Property = tag(0x3a24);
/// `PidTagHomeFaxNumber`.
pub(crate) static HOME_FAX: Property = tag(0x3a25);
/// `PidTagAssistantTelephoneNumber`.
pub(crate) static ASSISTANT_PHONE: Property = tag(0x3a2e);
/// `PidTagCompanyMainTelephoneNumber`.
pub(crate) static COMPANY_MAIN: Property = tag(0x3a57);
/// `PidTagPersonalHomePage`.
pub(crate) static PERSONAL_HOME_PAGE: Property = tag(0x3a50);
/// `PidTagWeddingAnniversary`.
pub(crate) static WEDDING: Property = Property::tag(0x3a41, Type::SystemTime);
/// `PidLidWorkAddressPostOfficeBox`.
pub(crate) static BUSINESS_BOX: Property = address(0x804a, Type::String);
/// `PidTagHomeAddressPostOfficeBox`.
pub(crate) static HOME_BOX: Property = tag(0x3a5e);
/// `PidTagOtherAddressPostOfficeBox`.
pub(crate) static OTHER_BOX: Property = tag(0x3a64);
/// `PidLidHomeAddressCountryCode`.
pub(crate) static HOME_COUNTRY: Property = address(0x80da, Type::String);
/// `PidLidWorkAddressCountryCode`.
pub(crate) static BUSINESS_COUNTRY: Property = address(0x80db, Type::String);
/// `PidLidOtherAddressCountryCode`.
pub(crate) static OTHER_COUNTRY: Property = address(0x80dc, Type::String);
/// `PidLidHasPicture`.
pub(crate) static HAS_PICTURE: Property = address(0x8015, Type::Boolean);
/// `PidLidEmail1OriginalDisplayName`, and those of the second and third: often the SMTP address where the address itself is X.500.
pub(crate) static ORIGINAL_NAMES: [Property; 3] =
    [address(0x8084, Type::String), address(0x8094, Type::String), address(0x80a4, Type::String)];

/// All that a contact is read with.
pub(crate) fn read() -> Vec<&'static Property> {
    static OWN: [Property; 3] = [MARK, UID, CUSTOM];
    let others = [
        &ASIDE,
        &PAGER,
        &CAR,
        &OTHER_PHONE,
        &OTHER_FAX,
        &BUSINESS_FAX,
        &HOME_FAX,
        &ASSISTANT_PHONE,
        &COMPANY_MAIN,
        &PERSONAL_HOME_PAGE,
        &WEDDING,
        &BUSINESS_BOX,
        &HOME_BOX,
        &OTHER_BOX,
        &HOME_COUNTRY,
        &BUSINESS_COUNTRY,
        &OTHER_COUNTRY,
        &HAS_PICTURE,
    ];
    OWN.iter().chain(others).chain(&ORIGINAL_NAMES).collect()
}

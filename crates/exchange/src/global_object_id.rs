//! What names a meeting in every mailbox (MS-OXOCAL section 2.2.1.27, `PidLidGlobalObjectId`).
//!
//! Exchange makes one for each meeting; of one that came from elsewhere it wraps the UID. The occurrences of a series differ in
//! the date that is in it, which its clean form (section 2.2.1.28, `PidLidCleanGlobalObjectId`) has not.

use jiff::civil::Date;

/// What every one begins with.
const HEAD: [u8; 16] = [0x04, 0x00, 0x00, 0x00, 0x82, 0x00, 0xE0, 0x00, 0x74, 0xC5, 0xB7, 0x10, 0x1A, 0x82, 0xE0, 0x08];

/// What the data of one that wraps a UID begins with.
const WRAPPED: &[u8] = b"vCal-Uid\x01\x00\x00\x00";

/// A GlobalObjectId.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GlobalObjectId {
    /// The day of the occurrence, as it stands: year, month, day; zeros for none.
    day: [u8; 4],
    /// When it was made, and eight reserved bytes.
    made: [u8; 16],
    data: Vec<u8>,
}

impl GlobalObjectId {
    /// The one of these bytes; `None` when they are something else.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<16>()?;
        let (day, rest) = rest.split_first_chunk::<4>()?;
        let (made, rest) = rest.split_first_chunk::<16>()?;
        let (size, data) = rest.split_first_chunk::<4>()?;
        let whole = usize::try_from(u32::from_le_bytes(*size)).ok()? == data.len();
        (*head == HEAD && whole).then(|| Self { day: *day, made: *made, data: data.to_vec() })
    }

    /// The one of this text: hexadecimal, in either case.
    #[must_use]
    pub fn of_hex(text: &str) -> Option<Self> {
        let text = text.trim();
        if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let pair = |at: usize| text.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
        let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(pair).collect();
        Self::of_bytes(&bytes?)
    }

    /// The one that Exchange gives a meeting of this UID: the UID itself where it is one in hexadecimal, else a wrapped one.
    #[must_use]
    pub fn of_uid(uid: &str) -> Self {
        Self::of_hex(uid).unwrap_or_else(|| {
            let mut data = WRAPPED.to_vec();
            data.extend_from_slice(uid.as_bytes());
            data.push(0);
            Self { day: [0; 4], made: [0; 16], data }
        })
    }

    /// The UID of the meeting, the same for every occurrence: the wrapped one, or the clean form in upper-case hexadecimal.
    #[must_use]
    pub fn uid(&self) -> String {
        let wrapped = self.data.strip_prefix(WRAPPED).map(|uid| uid.strip_suffix(&[0]).unwrap_or(uid));
        match wrapped.and_then(|uid| std::str::from_utf8(uid).ok()).filter(|uid| !uid.is_empty()) {
            Some(uid) => uid.to_owned(),
            None => self.clean().hex(),
        }
    }

    /// The same without the day of the occurrence: what all occurrences of a series share.
    #[must_use]
    pub fn clean(&self) -> Self {
        Self { day: [0; 4], ..self.clone() }
    }

    /// The day of the occurrence, where it is that of one.
    #[must_use]
    pub fn day(&self) -> Option<Date> {
        let [high, low, month, day] = self.day;
        let year = i16::try_from(u16::from_be_bytes([high, low])).ok().filter(|year| *year > 0)?;
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let size = u32::try_from(self.data.len()).unwrap_or(u32::MAX);
        [&HEAD[..], &self.day, &self.made, &size.to_le_bytes(), &self.data].concat()
    }

    /// The bytes in upper-case hexadecimal.
    #[must_use]
    pub fn hex(&self) -> String {
        self.bytes().iter().map(|byte| format!("{byte:02X}")).collect()
    }
}

/// The UID that a mailbox says as text (Graph: `iCalUId`; EWS: `UID`), the same for every occurrence of a series.
#[must_use]
pub fn series_uid(text: &str) -> String {
    GlobalObjectId::of_hex(text).map_or_else(|| text.to_owned(), |id| id.uid())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERIES: &str = "040000008200E00074C5B7101A82E00800000000A0F2C6A1D25BDC01000000000000000010000000\
                          0123456789ABCDEF0123456789ABCDEF";

    #[test]
    fn every_occurrence_of_a_series_has_one_uid() {
        let occurrence = SERIES.replacen("E00800000000", "E00807EA0A19", 1);
        let id = GlobalObjectId::of_hex(&occurrence).unwrap();
        assert_eq!(id.day(), Some(jiff::civil::date(2026, 10, 25)));
        assert_eq!(id.hex(), occurrence);
        assert_eq!(id.uid(), SERIES);
        assert_eq!(series_uid(&occurrence.to_lowercase()), SERIES);
        assert_eq!(GlobalObjectId::of_uid(SERIES).day(), None);
        assert_eq!(series_uid(SERIES), SERIES);
    }

    #[test]
    fn a_uid_from_elsewhere_is_wrapped_and_comes_out_again() {
        for uid in ["a1b2@example.org", "20260101T090000Z-77", "é\u{1f600}", "0400"] {
            let id = GlobalObjectId::of_uid(uid);
            assert!(id.hex().starts_with("040000008200E00074C5B7101A82E008000000000000"));
            assert_eq!(GlobalObjectId::of_bytes(&id.bytes()), Some(id.clone()));
            assert_eq!((id.uid().as_str(), series_uid(&id.hex()).as_str()), (uid, uid));
            assert_eq!(series_uid(uid), uid);
        }
    }

    #[test]
    fn what_is_damaged_is_text_like_any_other() {
        for text in ["", "04", &SERIES[..SERIES.len() - 2], &SERIES.replacen("0400", "0500", 1), "zz", "04é0"] {
            assert_eq!(GlobalObjectId::of_hex(text), None, "{text}");
            assert_eq!(series_uid(text), text);
        }
    }
}

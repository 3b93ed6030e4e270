//! `Retry-After` (RFC 9110 §10.2.3): seconds, with a fraction where a provider sends one, or a date.

use crate::http_date;
use http::{HeaderMap, HeaderName, header};
use jiff::Timestamp;
use std::time::Duration;

/// How long the answer asks to wait. A date is taken against the server's own `Date` where it says one, so that a wrong
/// clock on our side neither hurries nor waits; a moment that has passed is no wait. None when there is no such header, or
/// nothing to understand in it.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = text(headers, header::RETRY_AFTER)?;
    if let Ok(seconds) = text.parse::<f64>() {
        // A negative or absurd number is not a wish; `try_from` refuses NaN and what does not fit.
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let until = http_date(text)?;
    let from = self::text(headers, header::DATE).and_then(http_date).unwrap_or(now);
    Some(Duration::try_from(until.duration_since(from)).unwrap_or(Duration::ZERO))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn wait(value: &[u8], date: Option<&'static str>) -> Option<f64> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_bytes(value).unwrap());
        if let Some(date) = date {
            headers.insert(header::DATE, HeaderValue::from_static(date));
        }
        retry_after(&headers, "1994-11-06T08:49:00Z".parse().unwrap()).map(|wait| wait.as_secs_f64())
    }

    #[test]
    fn seconds_fractions_and_all_three_forms_of_a_date_are_understood() {
        for (value, expected) in [
            ("120", Some(120.0)),
            (" 7 ", Some(7.0)),
            ("0", Some(0.0)),
            ("1.5", Some(1.5)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(37.0)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(37.0)),
            ("Sun Nov  6 08:49:37 1994", Some(37.0)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0.0)),
            ("-5", None),
            ("NaN", None),
            ("inf", None),
            ("1e300", None),
            ("soon", None),
            ("", None),
            ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ] {
            assert_eq!(wait(value.as_bytes(), None), expected, "{value}");
        }
        assert_eq!(wait(b"\xff", None), None);
        assert_eq!(retry_after(&HeaderMap::new(), Timestamp::UNIX_EPOCH), None);
    }

    #[test]
    fn a_date_counts_from_the_servers_own_clock_where_it_says_one() {
        let date = Some("Sun, 06 Nov 1994 08:49:30 GMT");
        assert_eq!(wait(b"Sun, 06 Nov 1994 08:49:37 GMT", date), Some(7.0));
        assert_eq!(wait(b"Sun, 06 Nov 1994 08:49:37 GMT", Some("broken")), Some(37.0));
    }
}

//! `Retry-After`: how long a server wants to be left alone (RFC 9110, 10.2.3).

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// Reads the header's value, seconds or a date; `None` when it is neither. A date that is past means now.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read() {
        let now: Timestamp = "2025-10-21T07:28:00Z".parse().unwrap();
        let wait = |value| retry_after(value, now).map(|wait| wait.as_secs());
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait(" 0 "), Some(0));
        assert_eq!(wait("Tue, 21 Oct 2025 07:28:30 GMT"), Some(30));
        assert_eq!(wait("Tue, 21 Oct 2025 07:27:00 GMT"), Some(0));
        for none in ["", "soon", "-1", "1.5", "Wed, 21 Oct 2025 07:28:30 GMT"] {
            assert_eq!(wait(none), None, "{none}");
        }
    }
}

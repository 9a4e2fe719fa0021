//! What servers say of time: how long one wants to be left alone (`Retry-After`, RFC 9110, 10.2.3), and what its clock shows
//! (`Date`, 6.6.1). It waits for nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// Reads the header's value, seconds or a date; `None` when it is neither. A date that is past means now.
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// How far the clocks of hosts are from ours, by what each said last.
#[derive(Default)]
pub struct Clocks(Mutex<HashMap<String, i64>>);

impl Clocks {
    /// Notes the `Date` of an answer; one that is no date says nothing.
    pub fn note(&self, host: &str, date: Option<&str>, now: Timestamp) {
        if let Some(theirs) =
            date.and_then(|date| DateTimeParser::new().parse_timestamp(date.trim()).ok())
        {
            let ahead = theirs.as_second() - now.as_second();
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(host.to_owned(), ahead);
        }
    }

    /// Seconds that a host is ahead; `None` when it never said.
    pub fn ahead(&self, host: &str) -> Option<i64> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(host)
            .copied()
    }
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

    #[test]
    fn a_clock_is_known_by_the_last_date_that_its_host_said() {
        let clocks = Clocks::default();
        let now = "2025-10-21T07:28:00Z".parse().unwrap();
        clocks.note("a", None, now);
        clocks.note("a", Some("soon"), now);
        assert_eq!(clocks.ahead("a"), None);
        clocks.note("a", Some("Tue, 21 Oct 2025 07:38:00 GMT"), now);
        assert_eq!((clocks.ahead("a"), clocks.ahead("b")), (Some(600), None));
        clocks.note("a", Some("Tue, 21 Oct 2025 07:27:58 GMT"), now);
        assert_eq!(clocks.ahead("a"), Some(-2));
    }
}

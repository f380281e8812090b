//! Decides whether and when a request is tried again.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};

use super::{http_date, policy::RetryPolicy};

/// Whether a status is transient.
pub(super) fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// The wait that a `Retry-After` requests from `now`: seconds or an HTTP date (RFC 9110, 10.2.3). `None` if it is
/// neither; at most `cap`.
pub(super) fn parse_retry_after(value: &str, now: DateTime<Utc>, cap: Duration) -> Option<Duration> {
    let value = value.trim();
    let asked = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Too many digits for a number are too many seconds for the cap.
        value.parse().map_or(cap, Duration::from_secs)
    } else {
        (http_date::parse(value)? - now).to_std().unwrap_or_default()
    };
    Some(asked.min(cap))
}

/// Exponential backoff with full jitter: before attempt n + 1 a random wait up to `base · 2ⁿ⁻¹`, so that many clients
/// of a host that failed briefly do not come back together.
#[derive(Debug)]
pub(super) struct Backoff {
    base: Duration,
    cap: Duration,
    jitter: Mutex<fastrand::Rng>,
}

impl Backoff {
    pub(super) fn new(policy: &RetryPolicy) -> Self {
        let jitter = policy.jitter_seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        Self { base: policy.backoff_base, cap: policy.backoff_cap, jitter: Mutex::new(jitter) }
    }

    /// A wait after so many attempts.
    fn after(&self, attempts: u32) -> Duration {
        let fraction = self.jitter.lock().unwrap_or_else(PoisonError::into_inner).f64();
        self.ceiling(attempts).mul_f64(fraction)
    }

    fn ceiling(&self, attempts: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        self.base.saturating_mul(doubled).min(self.cap)
    }
}

/// The remaining attempts and patience of one call.
#[derive(Debug)]
pub(super) struct Budget {
    attempts: u32,
    max_attempts: u32,
    patience: Duration,
}

impl Budget {
    pub(super) fn new(policy: &RetryPolicy, max_attempts: Option<u32>) -> Self {
        Self { attempts: 1, max_attempts: max_attempts.unwrap_or(policy.max_attempts), patience: policy.patience }
    }

    /// The same with another patience.
    pub(super) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The attempts so far, including the current one.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Takes one more attempt and the wait before it; `None` if not enough is left.
    pub(super) fn spend(&mut self, backoff: &Backoff, asked: Option<Duration>) -> Option<Duration> {
        if self.attempts >= self.max_attempts {
            return None;
        }
        let wait = backoff.after(self.attempts).max(asked.unwrap_or_default());
        self.patience = self.patience.checked_sub(wait)?;
        self.attempts += 1;
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CAP: Duration = Duration::from_hours(1);

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = "1994-11-06T08:49:00Z".parse().unwrap();
        let table = [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("86400", Some(3600)),
            ("99999999999999999999999999", Some(3600)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(37)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(37)),
            ("Sun Nov  6 08:49:37 1994", Some(37)),
            ("Sun, 06 Nov 1994 08:48:00 GMT", Some(0)),
            ("Sun, 06 Nov 2094 08:49:37 GMT", None),
            ("Sat, 06 Nov 2094 08:49:37 GMT", Some(3600)),
            ("", None),
            ("-5", None),
            ("1000000000", Some(3600)),
            ("-1000000000", None),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(3600)),
            ("1.5", None),
            ("soon", None),
            ("\u{fffd}\u{fffd}", None),
        ];
        for (value, seconds) in table {
            assert_eq!(parse_retry_after(value, now, CAP), seconds.map(Duration::from_secs), "{value:?}");
        }
    }

    #[test]
    fn a_budget_ends_with_attempts_or_patience() {
        let policy = RetryPolicy { max_attempts: 3, patience: Duration::from_secs(10), ..RetryPolicy::default() };
        let backoff = Backoff::new(&policy);
        let mut attempts = Budget::new(&policy, None);
        assert!(attempts.spend(&backoff, None).is_some());
        assert!(attempts.spend(&backoff, None).is_some());
        assert!(attempts.spend(&backoff, None).is_none());
        assert_eq!(attempts.attempts(), 3);

        let mut patience = Budget::new(&policy, Some(100));
        assert_eq!(patience.spend(&backoff, Some(Duration::from_secs(8))), Some(Duration::from_secs(8)));
        assert_eq!(patience.spend(&backoff, Some(Duration::from_secs(8))), None);
    }

    proptest! {
        #[test]
        fn no_retry_after_panics_or_passes_the_cap(value in "\\PC{0,40}") {
            if let Some(wait) = parse_retry_after(&value, DateTime::UNIX_EPOCH, CAP) {
                prop_assert!(wait <= CAP);
            }
        }

        #[test]
        fn backoff_stays_below_base_doubled_and_below_the_cap(attempts: u32, seed: u64) {
            let policy = RetryPolicy { jitter_seed: Some(seed), ..RetryPolicy::default() };
            let wait = Backoff::new(&policy).after(attempts);
            let doubled = policy.backoff_base.as_secs_f64() * 2_f64.powi(i32::try_from(attempts.clamp(1, 64)).unwrap() - 1);
            prop_assert!(wait <= policy.backoff_cap);
            prop_assert!(wait.as_secs_f64() <= doubled);
        }
    }
}

//! Small text and byte conversions that several readers share.

use ::base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};

/// Decodes standard base64 with padding.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(text).ok()
}

/// A time of the verifier's as one of provwatch's.
pub(super) fn time(time: jiff::Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(time.as_second(), time.subsec_nanosecond().unsigned_abs())
}

/// A time of provwatch's as one of the verifier's.
pub(super) fn timestamp(time: DateTime<Utc>) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_second(time.timestamp()).ok()
}

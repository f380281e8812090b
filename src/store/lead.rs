//! A span of time that was measured often: its median, and what nine in ten took.

use schemars::JsonSchema;
use serde::Serialize;

/// How long something took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Lead {
    /// Alerts that it was measured on.
    pub count: u64,
    /// Half of them took at most so many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_seconds: Option<i64>,
    /// Nine in ten of them took at most so many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ninth_decile_seconds: Option<i64>,
}

impl Lead {
    pub(super) fn of(mut seconds: Vec<i64>) -> Self {
        seconds.sort_unstable();
        let at_share = |tenths: usize| seconds.get((seconds.len() * tenths).div_ceil(10).saturating_sub(1)).copied();
        Self { count: seconds.len() as u64, median_seconds: at_share(5), ninth_decile_seconds: at_share(9) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_a_measured_time() {
        let lead = |seconds: &[i64]| {
            let Lead { count, median_seconds, ninth_decile_seconds } = Lead::of(seconds.to_vec());
            (count, median_seconds, ninth_decile_seconds)
        };
        assert_eq!(lead(&[]), (0, None, None));
        assert_eq!(lead(&[7]), (1, Some(7), Some(7)));
        assert_eq!(lead(&[9, 1]), (2, Some(1), Some(9)));
        assert_eq!(lead(&[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]), (10, Some(5), Some(9)));
    }
}

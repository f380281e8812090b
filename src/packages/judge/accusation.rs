//! Reads the open alert that a release has already raised.

use crate::{
    model::{Alert, AlertStatus, Fingerprint, ReleaseId, Resolution},
    store::{Store, StoreError},
};

/// The alert that a release raised, unless it is settled.
///
/// # Errors
/// The store cannot be read.
pub fn accusation(store: &Store, release: &ReleaseId) -> Result<Option<Alert>, StoreError> {
    let raised = raised(store, release)?;
    Ok(raised.and_then(|(alert, settled)| (!settled).then_some(alert)))
}

/// The alert that a release raised, and whether it is settled: resolved, but not as an attack, or acknowledged for a release that
/// the operator accepted. A later finding about such a release reopens its alert.
///
/// # Errors
/// The store cannot be read.
pub fn raised(store: &Store, release: &ReleaseId) -> Result<Option<(Alert, bool)>, StoreError> {
    let Some(alert) = store.alert(&Fingerprint::of_release(release))? else { return Ok(None) };
    let settled = match alert.status {
        AlertStatus::Resolved => !was_right(store, &alert)?,
        AlertStatus::Acknowledged => store.acceptance(release)?.is_some(),
        AlertStatus::Open | AlertStatus::Snoozed => false,
    };
    Ok(Some((alert, settled)))
}

/// Whether an operator resolved an alert as right, itself or by another one that it duplicates: its release stays accused.
///
/// # Errors
/// The store cannot be read.
pub fn was_right(store: &Store, alert: &Alert) -> Result<bool, StoreError> {
    let Some(handling) = alert.handling.as_ref().filter(|_| alert.status == AlertStatus::Resolved) else {
        return Ok(false);
    };
    Ok(match (handling.category, handling.duplicate_of) {
        (Some(Resolution::TruePositive), _) => true,
        (Some(Resolution::Duplicate), Some(other)) => store.alert(&other)?.is_none_or(|other| {
            let category = other.handling.and_then(|handling| handling.category);
            other.status != AlertStatus::Resolved || category == Some(Resolution::TruePositive)
        }),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AlertAction, AlertKind, Confidence, Severity};

    #[test]
    fn a_release_whose_alert_was_right_stays_accused() {
        use Resolution::{Duplicate, Expected, FalsePositive, TruePositive};
        let at = "2026-06-01T12:00:00Z".parse().unwrap();
        let [first, second] = ["pkg:npm/a@1.0.0", "pkg:npm/b@1.0.0"].map(|purl| purl.parse::<ReleaseId>().unwrap());
        for (category, of_first, is_settled) in [
            (FalsePositive, None, true),
            (Expected, None, true),
            (TruePositive, None, false),
            (Duplicate, None, false),
            (Duplicate, Some(TruePositive), false),
            (Duplicate, Some(Expected), true),
        ] {
            let store = Store::in_memory().unwrap();
            for release in [&first, &second] {
                let subject = release.to_string();
                let (severity, confidence) = (Severity::High, Confidence::High);
                let alert = Alert {
                    purl: Some(release.clone()),
                    ..Alert::about(AlertKind::Release, &subject, severity, confidence, String::new(), at)
                };
                store.record_alert(&alert, &[], at).unwrap();
            }
            let resolve = |release: &ReleaseId, category| {
                let other = (category == Duplicate).then(|| Fingerprint::of_release(&first));
                let action = AlertAction {
                    category: Some(category),
                    duplicate_of: other,
                    ..AlertAction::new(AlertStatus::Resolved, "ada", "because", at)
                };
                store.act_on(&[Fingerprint::of_release(release)], &action).unwrap();
            };
            resolve(&second, category);
            if let Some(category) = of_first {
                resolve(&first, category);
            }
            let (_, settled) = raised(&store, &second).unwrap().unwrap();
            assert_eq!(settled, is_settled, "{category} {of_first:?}");
        }
    }
}

//! The reasons why no message about an alert was sent.

use crate::{
    cli::words,
    config::Subscription,
    model::{Alert, AlertStatus},
    store::HeldBack,
};

/// Why each subscription that selects an alert got no message about it: its name, and a phrase.
pub fn untold(alert: &Alert, held_back: &[HeldBack], subscriptions: &[Subscription]) -> Vec<(String, String)> {
    let mut held: Vec<(String, Vec<String>)> = Vec::new();
    for HeldBack { silence, subscription, .. } in held_back {
        match held.iter_mut().find(|(name, _)| name == subscription) {
            Some((_, silences)) => silences.push(silence.to_string()),
            None => held.push((subscription.clone(), vec![silence.to_string()])),
        }
    }
    let by = |silences: Vec<String>| format!("no message sent: held back by silence {}", silences.join(" and "));
    let mut reasons: Vec<(String, String)> = held.into_iter().map(|(name, silences)| (name, by(silences))).collect();
    for one in subscriptions.iter().filter(|one| one.conditions().select(alert)) {
        if reasons.iter().all(|(name, _)| *name != one.name) {
            reasons.push((one.name.clone(), never(alert).to_owned()));
        }
    }
    reasons.into_iter().map(|(name, why)| (words::name(name), why)).collect()
}

/// Messages about a resolved alert are deleted after a time.
const fn never(alert: &Alert) -> &'static str {
    match alert.status {
        AlertStatus::Resolved => "no message stored: raised before this subscription, or older than `[store] keep`",
        _ => "no message sent: raised before this subscription",
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::{
        config::Config,
        model::{AlertKind, Confidence, Severity},
    };

    #[test]
    fn each_subscription_has_its_reason() {
        let text = "[[subscriptions]]\nname = 'all'\ntype = 'stdout'\nmin_severity = 'info'
            [[subscriptions]]\nname = 'silent'\ntype = 'stdout'
            [[subscriptions]]\nname = 'worst'\ntype = 'stdout'\nmin_severity = 'critical'";
        let config = Config::parse(text, std::path::Path::new("provwatch.toml")).unwrap();
        let at = DateTime::<Utc>::UNIX_EPOCH;
        let alert = Alert::about(AlertKind::Release, "x", Severity::High, Confidence::High, "x".to_owned(), at);
        let held = |silence, subscription: &str| HeldBack {
            silence,
            reason: "x".to_owned(),
            subscription: subscription.to_owned(),
            at,
            released_at: None,
        };
        let said = |alert: &Alert, held: &[HeldBack]| {
            let reasons = untold(alert, held, &config.subscriptions).into_iter();
            reasons.map(|(name, why)| format!("{name}: {why}")).collect::<Vec<_>>()
        };
        assert_eq!(
            said(&alert, &[held(4, "silent"), held(5, "silent")]),
            [
                "silent: no message sent: held back by silence 4 and 5",
                "all: no message sent: raised before this subscription"
            ]
        );
        let resolved = Alert { status: AlertStatus::Resolved, ..alert.clone() };
        assert!(said(&resolved, &[])[0].contains("`[store] keep`"));
        assert_eq!(said(&Alert { severity: Severity::Info, kind: AlertKind::Log, ..alert }, &[]).len(), 1);
    }
}

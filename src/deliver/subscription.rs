//! Subscriptions: a receiver, the alerts that it wants, and its sink.

use std::{collections::BTreeSet, sync::Arc};

use super::{Sink, Timing};
use crate::model::{Alert, AlertMatchers};

/// A receiver of alerts.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// The name in the configuration; delivery rows refer to it.
    pub name: String,
    /// The alerts that it receives.
    pub matchers: AlertMatchers,
    /// When it receives them.
    pub timing: Timing,
    /// The sink of its alerts.
    pub sink: Arc<dyn Sink>,
}

impl Subscription {
    /// Whether it receives this alert.
    pub fn matches(&self, alert: &Alert) -> bool {
        self.matchers.select(alert)
    }
}

/// All subscriptions, their names distinct.
#[derive(Clone, Debug, Default)]
pub struct Subscriptions(Vec<Subscription>);

/// Two subscriptions of one name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("two subscriptions are named {0:?}; give one of them another name")]
pub struct DuplicateSubscription(pub String);

impl Subscriptions {
    /// Collects subscriptions.
    ///
    /// # Errors
    /// Two of them have the same name.
    pub fn new(subscriptions: Vec<Subscription>) -> Result<Self, DuplicateSubscription> {
        let mut names = BTreeSet::new();
        match subscriptions.iter().find(|subscription| !names.insert(subscription.name.as_str())) {
            Some(second) => Err(DuplicateSubscription(second.name.clone())),
            None => Ok(Self(subscriptions)),
        }
    }

    /// The names of the subscriptions that receive this alert.
    pub fn matching(&self, alert: &Alert) -> Vec<String> {
        self.iter().filter(|subscription| subscription.matches(alert)).map(|found| found.name.clone()).collect()
    }

    /// The subscription of that name.
    pub fn get(&self, name: &str) -> Option<&Subscription> {
        self.iter().find(|subscription| subscription.name == name)
    }

    /// All of them, in the order of the configuration.
    pub fn iter(&self) -> impl Iterator<Item = &Subscription> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        deliver::{StdoutSink, samples},
        model::{AlertKind, Severity},
    };

    fn subscription(name: &str, least: Severity, kinds: &[AlertKind]) -> Subscription {
        let sink = Arc::new(StdoutSink::new(Box::new(std::io::sink())));
        let matchers = AlertMatchers { min_severity: Some(least), kinds: kinds.to_vec(), ..AlertMatchers::default() };
        Subscription { name: name.to_owned(), matchers, timing: Timing::default(), sink }
    }

    #[test]
    fn an_alert_finds_those_who_want_it() {
        let subscriptions = Subscriptions::new(vec![
            subscription("everything", Severity::Info, &[]),
            subscription("worst", Severity::Critical, &[]),
            subscription("releases", Severity::High, &[AlertKind::Release, AlertKind::Campaign]),
            subscription("operators", Severity::Info, &[AlertKind::Operation]),
        ])
        .unwrap();
        let alert = samples::takeover();
        assert_eq!(alert.severity, Severity::High);
        assert_eq!(subscriptions.matching(&alert), ["everything", "releases"]);
        assert!(subscriptions.get("worst").is_some() && subscriptions.get("nobody").is_none());
    }

    #[test]
    fn names_are_distinct() {
        let error = Subscriptions::new(vec![
            subscription("mail", Severity::Info, &[]),
            subscription("mail", Severity::High, &[]),
        ])
        .unwrap_err();
        assert_eq!(error, DuplicateSubscription("mail".to_owned()));
    }
}

//! The logs that the trust root names, as far as it says where they are read.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use url::Url;

use super::{Guess, Instance};
use crate::{
    attest::{TrustedLog, TrustedLogHolds},
    pipeline::Pipeline,
    store::LogKind,
    tlog::{LogKey, read::below},
};

impl Pipeline {
    /// The logs of the trust root. Of several keys for one URL the one of now is used: the others signed before, or will.
    pub(super) fn trusted_instances(&self) -> Vec<Instance> {
        if !self.logs.trust_root {
            return Vec::new();
        }
        let now = self.clock.now();
        let mut by_url: BTreeMap<String, (usize, TrustedLog)> = BTreeMap::new();
        for (place, log) in self.verifier().trusted_logs().into_iter().enumerate() {
            let known = by_url.get(&log.base_url);
            if known.is_none_or(|(_, known)| is_preferred(&log, known, now)) {
                let place = known.map_or(place, |(place, _)| *place);
                by_url.insert(log.base_url.clone(), (place, log));
            }
        }
        let mut logs: Vec<(usize, TrustedLog)> = by_url.into_values().collect();
        logs.sort_by_key(|(place, _)| *place);
        logs.into_iter().filter_map(|(_, log)| self.trusted_instance(log)).collect()
    }

    /// A log without a usable URL cannot be read, which is said by [`Pipeline::unreadable_logs`].
    fn trusted_instance(&self, log: TrustedLog) -> Option<Instance> {
        let base: Url = log.base_url.parse().ok()?;
        let origin = origins(&base).into_iter().next()?;
        let kind = first_guess(&log);
        let fixed = self.logs.urls.get(&log.base_url).cloned();
        Some(Instance {
            name: origin.clone(),
            kind,
            url: fixed.clone().unwrap_or_else(|| usual_url(&base, kind)),
            origin,
            spki: log.spki,
            tail: None,
            since: log.since,
            until: log.until,
            guess: Some(Guess { holds: log.holds, base, fixed }),
        })
    }

    /// Logs of the trust root that cannot be read, for it does not say where they are: `[[logs.instance]]` can.
    pub fn unreadable_logs(&self) -> Vec<String> {
        let logs = self.verifier().trusted_logs().into_iter().filter(|_| self.logs.trust_root);
        let unknown = logs.filter(|log| log.base_url.parse::<Url>().map_or(true, |url| url.host_str().is_none()));
        let id =
            |log: TrustedLog| LogKey::from_spki(&log.spki).map_or_else(|_| "?".to_owned(), |key| hex::encode(key.id()));
        unknown.map(id).collect()
    }
}

/// Whether a key is rather the one of now than another one for the same URL.
fn is_preferred(log: &TrustedLog, known: &TrustedLog, now: DateTime<Utc>) -> bool {
    let signs =
        |log: &TrustedLog| log.since.is_none_or(|since| since <= now) && log.until.is_none_or(|until| until > now);
    (signs(log), log.since) > (signs(known), known.since)
}

/// How a log is asked first. Its key is a hint, no more: what it answers decides.
fn first_guess(log: &TrustedLog) -> LogKind {
    let is_ed25519 = || LogKey::from_spki(&log.spki).is_ok_and(|key| key.is_ed25519());
    match log.holds {
        TrustedLogHolds::Certificates => LogKind::Ct,
        TrustedLogHolds::Entries if is_ed25519() => LogKind::Tiles,
        TrustedLogHolds::Entries => LogKind::RekorV1,
    }
}

/// Where a log of this kind is read. Rekor v2 serves below `/api/v2`, which the trust root leaves out.
pub(super) fn usual_url(base: &Url, kind: LogKind) -> Url {
    if kind == LogKind::Tiles { below(base, "api/v2/") } else { base.clone() }
}

/// What a log at this URL may call itself: the host with its port and path, or without the port.
pub(super) fn origins(base: &Url) -> Vec<String> {
    let Some(host) = base.host_str() else { return Vec::new() };
    let path = base.path().trim_end_matches('/');
    let mut origins = vec![format!("{host}{path}")];
    if let Some(port) = base.port() {
        origins.insert(0, format!("{host}:{port}{path}"));
    }
    origins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_belongs_to_the_name() {
        for (url, expected) in [
            ("https://log.example/", vec!["log.example"]),
            ("https://log.example:443/", vec!["log.example"]),
            ("https://log.example/one/", vec!["log.example/one"]),
            ("http://127.0.0.1:9001", vec!["127.0.0.1:9001", "127.0.0.1"]),
        ] {
            assert_eq!(origins(&url.parse().unwrap()), expected);
        }
    }

    #[test]
    fn of_two_keys_for_one_url_the_one_of_now_counts() {
        let now: DateTime<Utc> = "2026-06-01T00:00:00Z".parse().unwrap();
        let log = |since: Option<&str>, until: Option<&str>| TrustedLog {
            base_url: "https://log.example".to_owned(),
            spki: Vec::new(),
            holds: TrustedLogHolds::Entries,
            since: since.map(|at| at.parse().unwrap()),
            until: until.map(|at| at.parse().unwrap()),
        };
        let (old, new) =
            (log(Some("2021-01-01T00:00:00Z"), Some("2026-01-01T00:00:00Z")), log(Some("2026-01-01T00:00:00Z"), None));
        let later = log(Some("2027-01-01T00:00:00Z"), None);
        for (better, worse) in [(&new, &old), (&new, &later), (&old, &log(None, Some("2020-01-01T00:00:00Z")))] {
            assert!(is_preferred(better, worse, now), "{better:?}");
            assert!(!is_preferred(worse, better, now), "{worse:?}");
        }
        assert!(!is_preferred(&new, &new, now), "the same log twice is one");
    }
}

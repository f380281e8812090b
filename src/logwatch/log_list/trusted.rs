//! The logs that the trust root names with an address.

use std::{cmp::Reverse, sync::Arc};

use chrono::{DateTime, Utc};
use url::Url;

use super::{
    instance::{Guess, Instance, origins, usual_url},
    recognized::Recognition,
};
use crate::{
    attest::{TrustedLog, TrustedLogHolds},
    clock::Clock,
    logwatch::settings::LogSettings,
    store::LogKind,
    tlog::{LogKey, key_id},
    upkeep::TrustKeeper,
};

/// A log of the trust root that cannot be followed, and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotFollowed {
    /// SHA-256 over its public key, hexadecimal.
    pub key_id: String,
    /// Its URL in the trust root; there may be none.
    pub url: String,
    /// The reason.
    pub why: String,
    /// The remedy.
    pub next: String,
}

impl NotFollowed {
    /// Its name after "log": its URL, or else its key.
    pub fn name(&self) -> String {
        if self.url.is_empty() { format!("with the key {}", self.key_id) } else { self.url.clone() }
    }
}

/// The logs of the current trust root.
#[derive(Debug)]
pub struct TrustedLogs {
    pub clock: Arc<dyn Clock>,
    pub settings: Arc<LogSettings>,
    pub trust: Arc<TrustKeeper>,
    pub recognition: Arc<Recognition>,
}

impl TrustedLogs {
    /// The logs of the trust root that can be followed, as they were recognised. Where several keys are at one URL, the
    /// key that answered there counts; until then one of them represents all.
    pub fn instances(&self) -> Vec<Instance> {
        let all = self.all_recognized();
        let is_first = |at: usize| occupant(&all, at).is_none();
        all.iter().enumerate().filter(|(at, _)| is_first(*at)).map(|(_, log)| log.clone()).collect()
    }

    /// Every log of the trust root with a URL and a usable key.
    pub fn all(&self) -> Vec<Instance> {
        self.named().into_iter().filter_map(|log| self.instance(log).ok()).collect()
    }

    /// [`Self::all`], as they were recognised.
    fn all_recognized(&self) -> Vec<Instance> {
        self.all().into_iter().map(|log| self.recognition.as_recognized(log)).collect()
    }

    fn named(&self) -> Vec<TrustedLog> {
        if self.settings.trust_root {
            of_now(self.trust.verifier().trusted_logs(), self.clock.now())
        } else {
            Vec::new()
        }
    }

    fn instance(&self, log: TrustedLog) -> Result<Instance, NotFollowed> {
        let key_id = key_id(&log.spki);
        let not_followed =
            |why: String, next: String| NotFollowed { key_id: key_id.clone(), url: log.base_url.clone(), why, next };
        LogKey::from_spki(&log.spki).map_err(|error| {
            not_followed(format!("its key cannot be used: {error}"), "see whether a newer provwatch can".to_owned())
        })?;
        let fixed = self.settings.urls.get(&key_id).or_else(|| self.settings.urls.get(&log.base_url)).cloned();
        let named = log.base_url.parse::<Url>().ok().filter(Url::has_host);
        let base = named.or_else(|| fixed.clone()).ok_or_else(|| {
            not_followed("the trust root does not say where it is read".to_owned(), say_where(&key_id))
        })?;
        let kind = first_guess(&log);
        let origin = origins(&base).into_iter().next().unwrap_or_default();
        Ok(Instance {
            name: origin.clone(),
            kind,
            url: fixed.clone().unwrap_or_else(|| usual_url(&base, kind)),
            origin,
            spki: log.spki,
            tail: None,
            since: log.since,
            until: log.until,
            guess: Some(Guess { holds: log.holds, base, fixed, is_confirmed: false }),
        })
    }

    /// Logs of the trust root that are not followed: the trust root gives no URL, another log answers there, or the key
    /// is of an unknown kind.
    pub fn not_followed(&self) -> Vec<NotFollowed> {
        let mut not_followed: Vec<NotFollowed> =
            self.named().into_iter().filter_map(|log| self.instance(log).err()).collect();
        let all = self.all_recognized();
        let beside = all.iter().enumerate().filter_map(|(at, log)| Some((log, occupant(&all, at)?)));
        not_followed.extend(beside.map(|(log, other)| {
            let key_id = log.key_id();
            NotFollowed {
                url: log.guess.as_ref().map(|guess| guess.base.to_string()).unwrap_or_default(),
                why: format!("the trust root gives it the same URL as {}", other.origin),
                next: say_where(&key_id),
                key_id,
            }
        }));
        not_followed
    }
}

fn say_where(key_id: &str) -> String {
    format!("say where it is read: [logs] urls = {{ \"{key_id}\" = \"https://…\" }}")
}

/// The log that is followed instead of one that has not answered yet: one that has answered at the same URL, or that
/// comes before it.
fn occupant(logs: &[Instance], at: usize) -> Option<&Instance> {
    let (this, guess) = (&logs[at], logs[at].guess.as_ref()?);
    if guess.is_confirmed {
        return None;
    }
    let beside = |(place, other): &(usize, &Instance)| {
        other.guess.as_ref().is_some_and(|one| {
            one.place() == guess.place() && one.holds == guess.holds && (one.is_confirmed || *place < at)
        }) && other.spki != this.spki
    };
    logs.iter().enumerate().find(beside).map(|(_, other)| other)
}

/// Of several keys for one URL those that sign now, the latest first; the others signed before, or will. If none does,
/// the latest.
fn of_now(logs: Vec<TrustedLog>, now: DateTime<Utc>) -> Vec<TrustedLog> {
    let mut places: Vec<Vec<TrustedLog>> = Vec::new();
    for log in logs {
        let is_there = |place: &&mut Vec<TrustedLog>| {
            !log.base_url.is_empty() && place[0].base_url == log.base_url && place[0].holds == log.holds
        };
        match places.iter_mut().find(is_there) {
            Some(place) => place.push(log),
            None => places.push(vec![log]),
        }
    }
    places.into_iter().flat_map(|place| signing(place, now)).collect()
}

fn signing(mut keys: Vec<TrustedLog>, now: DateTime<Utc>) -> Vec<TrustedLog> {
    let signs =
        |log: &TrustedLog| log.since.is_none_or(|since| since <= now) && log.until.is_none_or(|until| until > now);
    keys.sort_by_key(|log| Reverse((signs(log), log.since)));
    let now = keys.iter().filter(|log| signs(log)).count();
    keys.truncate(now.max(1));
    keys
}

/// The kind of log for the first request. The key is only a hint; the answer decides.
fn first_guess(log: &TrustedLog) -> LogKind {
    let is_ed25519 = || LogKey::from_spki(&log.spki).is_ok_and(|key| key.is_ed25519());
    match log.holds {
        TrustedLogHolds::Certificates => LogKind::Ct,
        TrustedLogHolds::Entries if is_ed25519() => LogKind::Tiles,
        TrustedLogHolds::Entries => LogKind::RekorV1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_keys_at_one_url_those_of_now_count() {
        let now: DateTime<Utc> = "2026-06-01T00:00:00Z".parse().unwrap();
        let log = |name: u8, url: &str, since: &str, until: Option<&str>| TrustedLog {
            base_url: url.to_owned(),
            spki: vec![name],
            holds: TrustedLogHolds::Entries,
            since: Some(format!("{since}T00:00:00Z").parse().unwrap()),
            until: until.map(|at| format!("{at}T00:00:00Z").parse().unwrap()),
        };
        let counting =
            |logs: &[TrustedLog]| of_now(logs.to_vec(), now).iter().map(|log| log.spki[0]).collect::<Vec<_>>();
        let url = "https://log.example";
        let ended = log(1, url, "2021-01-01", Some("2026-01-01"));
        let first = log(2, url, "2026-01-01", None);
        let second = log(3, url, "2026-03-01", None);
        let later = log(4, url, "2027-01-01", None);
        assert_eq!(counting(&[ended.clone(), first.clone(), later.clone()]), [2]);
        assert_eq!(counting(&[first.clone(), second.clone()]), [3, 2], "two regions, or two shards, are two logs");
        assert_eq!(counting(&[log(5, url, "2020-01-01", Some("2020-02-01")), ended.clone()]), [1]);
        let certificates = TrustedLog { holds: TrustedLogHolds::Certificates, ..first.clone() };
        assert_eq!(counting(&[first.clone(), certificates]), [2, 2], "of entries and of certificates");
        let nowhere = |name| log(name, "", "2026-01-01", None);
        assert_eq!(counting(&[nowhere(6), nowhere(7)]), [6, 7]);
    }
}

//! Request limits for logs. Logs are made to be read, so their limits differ from those of other hosts: a public log
//! gets a polite rate, the operator's own log as many requests as it answers. `[http.hosts]` may override both.

use url::Url;

use super::instance::Instance;
use crate::{
    http::HostLimits,
    logwatch::settings::LogSettings,
    store::LogKind,
    tlog::rekor_v1::{BATCH, Budget},
};

/// Hosts of public logs, with all hosts below them: Sigstore's public instance and its staging.
const PUBLIC: [&str; 2] = ["sigstore.dev", "sigstage.dev"];

/// Requests a second to a public log of static files, or to a CT log.
const POLITE: u32 = 100;

/// Entries a second of a public Rekor v1, unless configured: its database answers each request.
const POLITE_ENTRIES: u32 = 200;

/// Tiles of a proof that are fetched at once, however few entries are read.
const LEAST_AT_ONCE: u32 = 8;

/// The limits of a log, and what a tail of it may use if it is a Rekor v1.
pub fn limits_of(settings: &LogSettings, instance: &Instance) -> (HostLimits, Budget) {
    let is_own = is_own(settings, instance);
    let mut budget = settings.rekor_v1;
    if !is_own {
        budget.entries_per_second = budget.entries_per_second.or(Some(POLITE_ENTRIES));
    }
    let (at_once, requests) = match instance.kind {
        LogKind::RekorV1 => {
            let entries = budget.entries_per_second.unwrap_or(POLITE_ENTRIES);
            (budget.in_flight, entries.div_ceil(BATCH).max(10))
        }
        LogKind::Tiles | LogKind::Ct | LogKind::StaticCt => (settings.in_flight, POLITE),
    };
    let concurrency = u32::try_from(at_once).unwrap_or(u32::MAX).max(LEAST_AT_ONCE);
    let polite = HostLimits { requests, burst: requests, concurrency, ..HostLimits::default() };
    (if is_own { HostLimits::as_it_answers(concurrency) } else { polite }, budget)
}

/// Whether a log is the operator's own: the configuration names it, gives its URL, or gives the trust root that names
/// it.
fn is_own(settings: &LogSettings, instance: &Instance) -> bool {
    let is_named = instance.guess.as_ref().is_none_or(|guess| guess.fixed.is_some());
    (is_named || settings.own_trust_root) && !is_public(&instance.url)
}

fn is_public(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    let is_below = |domain: &str| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    PUBLIC.into_iter().any(is_below)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::TrustedLogHolds;
    use crate::logwatch::log_list::instance::Guess;

    /// The source of a log's name.
    #[derive(Clone, Copy, Debug)]
    enum By {
        Configuration,
        TrustRoot,
        /// The trust root, with a URL from the configuration.
        TrustRootAt(&'static str),
    }
    use By::{Configuration, TrustRoot, TrustRootAt};

    fn instance(kind: LogKind, url: &str, by: By) -> Instance {
        let guess = |fixed: Option<&str>| Guess {
            holds: TrustedLogHolds::Entries,
            base: "https://log.example".parse().unwrap(),
            fixed: fixed.map(|url| url.parse().unwrap()),
            is_confirmed: true,
        };
        let guess = match by {
            Configuration => None,
            TrustRoot => Some(guess(None)),
            TrustRootAt(url) => Some(guess(Some(url))),
        };
        let url = url.parse().unwrap();
        let (name, origin) = ("log".to_owned(), "log".to_owned());
        Instance { name, kind, url, origin, spki: vec![], tail: None, since: None, until: None, guess }
    }

    #[test]
    fn a_log_of_the_operator_s_own_is_read_as_fast_as_it_answers_and_a_public_one_politely() {
        let elsewhere = TrustRootAt("https://mirror.example");
        for (url, by, own_trust_root, is_own) in [
            ("https://log.example/", Configuration, false, true),
            ("http://127.0.0.1:9001/", Configuration, false, true),
            ("https://log.example/", TrustRoot, false, false),
            ("https://log.example/", TrustRoot, true, true),
            ("https://mirror.example/", elsewhere, false, true),
            ("https://log2025-1.rekor.sigstore.dev/api/v2/", Configuration, false, false),
            ("https://rekor.sigstore.dev./", Configuration, true, false),
            ("https://rekor.sigstage.dev/", TrustRoot, true, false),
            ("https://notsigstore.dev/", Configuration, false, true),
        ] {
            let settings = LogSettings { own_trust_root, ..LogSettings::default() };
            for kind in [LogKind::Tiles, LogKind::Ct, LogKind::StaticCt, LogKind::RekorV1] {
                let (limits, budget) = limits_of(&settings, &instance(kind, url, by));
                assert_eq!(limits == HostLimits::as_it_answers(limits.concurrency), is_own, "{url} {by:?} {kind}");
                assert_eq!(budget.entries_per_second.is_none(), is_own, "{url} {by:?} {kind}");
            }
        }
    }

    #[test]
    fn what_the_configuration_says_holds_for_every_log() {
        let rekor_v1 = Budget { in_flight: 64, entries_per_second: Some(1000) };
        let settings = LogSettings { in_flight: 32, rekor_v1, ..LogSettings::default() };
        for url in ["https://log.example/", "https://rekor.sigstore.dev/"] {
            let (limits, _) = limits_of(&settings, &instance(LogKind::StaticCt, url, Configuration));
            assert_eq!(limits.concurrency, 32);
            let (limits, budget) = limits_of(&settings, &instance(LogKind::RekorV1, url, Configuration));
            assert_eq!((limits.concurrency, budget.entries_per_second), (64, Some(1000)));
        }
        let (limits, _) =
            limits_of(&settings, &instance(LogKind::RekorV1, "https://rekor.sigstore.dev/", Configuration));
        assert_eq!((limits.requests, limits.burst), (100, 100));
    }
}

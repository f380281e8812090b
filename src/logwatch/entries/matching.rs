//! Reads the candidates that pass the prefilter, and keeps the entries of watched identities.

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    attest::{LoggedIdentity, VerificationFailure, Verifier},
    clock::Clock,
    logwatch::settings::LogSettings,
    model::{
        Baseline, Package,
        traits::{Issuers, Repositories},
    },
    store::{NewLogEntry, NewQuarantined, Store, StoreError},
    tlog::{
        Watch, Watched,
        page::{Candidate, LoggedCertificate, MalformedEntry},
    },
    upkeep::TrustKeeper,
    watchlist::InUse,
};

/// For how long the list of watched repositories is reused: building it reads every baseline, and those change slowly.
const WATCH_AGE: TimeDelta = TimeDelta::minutes(30);

/// Most bytes of an unreadable entry that are kept.
const MAX_KEPT: usize = 64 * 1024;

/// Reads candidates closely: the signer, whether an authority issued the certificate, and whether the signer is
/// watched.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// The watched identities.
    pub watch: Arc<Watch>,
    verifier: Arc<Verifier>,
}

impl Matcher {
    /// A matcher.
    pub fn new(watch: Arc<Watch>, verifier: Arc<Verifier>) -> Self {
        Self { watch, verifier }
    }

    /// A matcher that watches no identity, and only reads signers.
    pub fn of_nobody(verifier: Arc<Verifier>) -> Self {
        Self::new(Arc::new(Watch::new(Vec::new())), verifier)
    }

    /// The entry, if one of its certificates is of a watched identity: an issued one, before one that anyone can make.
    /// Unreadable certificates do not hide the others.
    ///
    /// # Errors
    /// Nothing matches, and a certificate cannot be read: the entry is set aside.
    pub fn matched(&self, candidate: &Candidate) -> Result<Option<NewLogEntry>, NewQuarantined> {
        let (mut found, mut failed) = (None, None);
        for certificate in &candidate.certificates {
            match self.read(certificate) {
                Err(failure) => failed = Some(unreadable(candidate, &failure)),
                Ok(read) => {
                    let Some(watched) = self.watch.why(&read.identity) else { continue };
                    let is_issued = read.issued.is_ok();
                    if is_issued || found.is_none() {
                        found = Some(entry(candidate, read, &watched));
                    }
                    if is_issued {
                        break;
                    }
                }
            }
        }
        found.map_or_else(|| failed.map_or(Ok(None), Err), |found| Ok(Some(found)))
    }

    /// The signer that a certificate names, and whether an authority issued it.
    pub(crate) fn read(&self, certificate: &LoggedCertificate) -> Result<LoggedIdentity, VerificationFailure> {
        match certificate {
            LoggedCertificate::Final(der) => self.verifier.logged(der),
            LoggedCertificate::Precertificate { issuer_key_hash, tbs, precertificate } => {
                self.verifier.logged_precertificate(issuer_key_hash, tbs, precertificate)
            }
        }
    }
}

fn entry(candidate: &Candidate, read: LoggedIdentity, watched: &Watched) -> NewLogEntry {
    NewLogEntry {
        index: candidate.index,
        leaf: candidate.leaf,
        body: candidate.body.to_vec(),
        kind: candidate.kind.clone(),
        version: candidate.version.clone(),
        identity: read.identity,
        key_sha256: read.key,
        digest: candidate.digest.clone(),
        serial: read.serial,
        not_issued: read.issued.err(),
        not_before: read.not_before,
        packages: watched.packages.iter().cloned().collect(),
        patterns: watched.patterns.clone(),
    }
}

fn unreadable(candidate: &Candidate, failure: &VerificationFailure) -> NewQuarantined {
    quarantined(candidate.index, &candidate.body, format!("its certificate cannot be read: {failure}"))
}

/// An entry that is set aside.
pub fn malformed(entry: &MalformedEntry) -> NewQuarantined {
    quarantined(entry.index, &entry.body, entry.why.clone())
}

fn quarantined(index: u64, body: &[u8], why: String) -> NewQuarantined {
    let kept = body[..body.len().min(MAX_KEPT)].to_vec();
    NewQuarantined { index, body: kept, bytes: body.len() as u64, why }
}

/// Knows the watched identities.
#[derive(Debug)]
pub struct Matching {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    settings: Arc<LogSettings>,
    watchlist: Arc<InUse>,
    trust: Arc<TrustKeeper>,
    /// The watched identities, and when they were collected.
    watch: RwLock<Option<(DateTime<Utc>, Arc<Watch>)>>,
}

impl Matching {
    /// Watches the repositories that the baselines of this store know, and the patterns of these settings.
    pub fn new(
        store: Arc<Store>,
        clock: Arc<dyn Clock>,
        settings: Arc<LogSettings>,
        watchlist: Arc<InUse>,
        trust: Arc<TrustKeeper>,
    ) -> Self {
        Self { store, clock, settings, watchlist, trust, watch: RwLock::default() }
    }

    /// A matcher of the identities that the baselines have now, with the current trust root.
    ///
    /// # Errors
    /// The store failed.
    pub fn matcher(&self) -> Result<Matcher, StoreError> {
        let now = self.clock.now();
        let remembered = self.watch.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, watch)) = remembered.filter(|(since, _)| now - *since < WATCH_AGE) {
            return Ok(Matcher::new(watch, self.trust.verifier()));
        }
        let watch = Arc::new(self.found_out()?);
        *self.watch.write().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&watch)));
        Ok(Matcher::new(watch, self.trust.verifier()))
    }

    /// The repositories that the baselines of watched packages know, and the operator's patterns.
    fn found_out(&self) -> Result<Watch, StoreError> {
        let watchlist = self.watchlist.now();
        let packages =
            self.store.baseline_packages()?.into_iter().filter(|package| watchlist.matches(package).is_some());
        let stored = packages.map(|package| StoreError::unless_damaged(self.store.baseline(&package)));
        let baselines: Vec<Baseline> = stored
            .filter_map(|stored| stored.map(|it| it.map(|it| it.baseline)).transpose())
            .collect::<Result<_, _>>()?;
        let watch = Watch::new(self.settings.patterns.clone());
        Ok(watch.with_repositories(baselines.iter().flat_map(repositories)))
    }
}

/// The repositories of a package: URL, and issuer with numeric id where they are known together.
fn repositories(baseline: &Baseline) -> impl Iterator<Item = (&Package, &str, Option<(&str, &str)>)> {
    baseline.lines.values().flat_map(move |line| {
        let issuer = line.tally(Issuers).values().next().map(|issuer| &**issuer);
        line.tally(Repositories).values().map(move |url| {
            let id = line.id_of_repository.get(&**url).map(String::as_str);
            (&baseline.package, &**url, issuer.zip(id))
        })
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::logwatch::lab::Lab;

    #[test]
    fn whom_to_look_for_is_found_out_again_after_a_while() {
        let lab = Lab::new();
        let matching = lab.parts.matching();
        let first = matching.matcher().unwrap();
        lab.clock.advance(Duration::from_mins(29));
        assert!(Arc::ptr_eq(&first.watch, &matching.matcher().unwrap().watch));
        lab.clock.advance(Duration::from_mins(2));
        assert!(!Arc::ptr_eq(&first.watch, &matching.matcher().unwrap().watch));
    }
}

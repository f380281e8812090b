//! From what the sieve let through to entries by watched identities.

use std::sync::{Arc, PoisonError};

use chrono::TimeDelta;

use crate::{
    attest::{Failure, LoggedIdentity, Verifier},
    model::{Baseline, LogEntry},
    pipeline::{Pipeline, PipelineError},
    store::{NewLogEntry, NewQuarantined, StoreError},
    tlog::{
        Watch,
        sift::{Candidate, LoggedCertificate, MalformedEntry},
    },
};

/// For how long the list of watched repositories is believed: it is made of every baseline, and those learn slowly.
const WATCH_AGE: TimeDelta = TimeDelta::minutes(30);

/// Most bytes of an unreadable entry that are kept.
pub(super) const MAX_KEPT: usize = 64 * 1024;

/// Reads candidates closely: who signed, did an authority say so, and is that somebody who is watched?
#[derive(Clone, Debug)]
pub struct Matcher {
    /// Who is watched.
    pub watch: Arc<Watch>,
    verifier: Arc<Verifier>,
}

impl Matcher {
    /// A matcher.
    pub fn new(watch: Arc<Watch>, verifier: Arc<Verifier>) -> Self {
        Self { watch, verifier }
    }

    /// The entry, if one of its certificates is by a watched identity: one that an authority issued, before one that
    /// anybody made. Certificates that cannot be read do not hide the others.
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

    /// Who a certificate says signed, and whether an authority said so.
    pub(super) fn read(&self, certificate: &LoggedCertificate) -> Result<LoggedIdentity, Failure> {
        match certificate {
            LoggedCertificate::Final(der) => self.verifier.logged(der),
            LoggedCertificate::Precertificate { issuer_key_hash, tbs, precertificate } => {
                self.verifier.logged_precertificate(issuer_key_hash, tbs, precertificate)
            }
        }
    }
}

fn entry(candidate: &Candidate, read: LoggedIdentity, watched: &crate::tlog::Watched) -> NewLogEntry {
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

fn unreadable(candidate: &Candidate, failure: &Failure) -> NewQuarantined {
    quarantined(candidate.index, &candidate.body, format!("its certificate cannot be read: {failure}"))
}

/// An entry that is set aside.
pub(super) fn malformed(entry: &MalformedEntry) -> NewQuarantined {
    quarantined(entry.index, &entry.body, entry.why.clone())
}

fn quarantined(index: u64, body: &[u8], why: String) -> NewQuarantined {
    let kept = body[..body.len().min(MAX_KEPT)].to_vec();
    NewQuarantined { index, body: kept, bytes: body.len() as u64, why }
}

impl Pipeline {
    /// Who is watched, as the baselines have it now, with the trust root of now.
    ///
    /// # Errors
    /// The store failed.
    pub fn matcher(&self) -> Result<Matcher, PipelineError> {
        let now = self.clock.now();
        let remembered = self.log_memory.watch.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, watch)) = remembered.filter(|(since, _)| now - *since < WATCH_AGE) {
            return Ok(Matcher::new(watch, self.trust.verifier()));
        }
        let watch = Arc::new(self.watch()?);
        *self.log_memory.watch.write().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&watch)));
        Ok(Matcher::new(watch, self.trust.verifier()))
    }

    /// A matcher that looks for somebody else.
    pub fn matcher_of(&self, watch: Watch) -> Matcher {
        Matcher::new(Arc::new(watch), self.trust.verifier())
    }

    /// The repositories that the baselines of watched packages know, and the operator's patterns.
    fn watch(&self) -> Result<Watch, PipelineError> {
        let watchlist = self.watchlist.now();
        let packages =
            self.store.baseline_packages()?.into_iter().filter(|package| watchlist.matches(package).is_some());
        let stored = packages.map(|package| StoreError::unless_damaged(self.store.baseline(&package)));
        let baselines: Vec<Baseline> = stored
            .filter_map(|stored| stored.map(|it| it.map(|it| it.baseline)).transpose())
            .collect::<Result<_, _>>()?;
        let watch = Watch::new(self.logs.patterns.clone());
        Ok(watch.with_repositories(baselines.iter().flat_map(repositories)))
    }

    /// Where an entry is, in the words of alerts and of releases: for Rekor v1 by its global index.
    pub(super) fn place(&self, log: &str, index: u64) -> Result<LogEntry, PipelineError> {
        let offset = self.store.log(log)?.map_or(0, |row| row.offset);
        Ok(LogEntry { origin: log.to_owned(), index: offset.saturating_add(index) })
    }
}

/// The repositories of a package: URL, and issuer with numeric id where they are known together.
fn repositories(baseline: &Baseline) -> impl Iterator<Item = (&crate::model::Package, &str, Option<(&str, &str)>)> {
    baseline.lines.values().flat_map(move |line| {
        let issuer = line.issuers.keys().next().map(String::as_str);
        line.repositories.keys().map(move |url| {
            let id = line.id_of_repository.get(url).map(String::as_str);
            (&baseline.package, url.as_str(), issuer.zip(id))
        })
    })
}

//! Builds the monitor of transparency logs and its match rules from `[logs]`.

use std::path::Path;

use super::{AssemblyError, error::Anything};
use crate::{
    bounded,
    config::{Config, LogInstance, LogKindName, LogMatch, TrustSource},
    logwatch::{Instance, LogSettings},
    model::Claim,
    store::{LogKind, MatchRule},
    tlog::{CosignerKey, LogKey, Pattern, rekor_v1::Budget, watch::Field},
};

/// Most bytes of a public key.
const MAX_KEY: u64 = 64 * 1024;

/// The settings of logs in the configuration.
///
/// # Errors
/// A key or pattern that cannot be used.
pub(crate) fn log_settings(config: &Config) -> Result<LogSettings, AssemblyError> {
    let logs = &config.logs;
    let patterns = logs.matches.iter().map(log_pattern);
    let witnesses =
        logs.witnesses.iter().map(|one| CosignerKey::parse(&one.key).map_err(AssemblyError::of("[[logs.witness]]")));
    let instances = logs.instances.iter().map(log_instance);
    Ok(LogSettings {
        enabled: logs.enabled,
        trust_root: logs.trust_root,
        own_trust_root: config.trust.source == TrustSource::File || config.trust.tuf_url.is_some(),
        tail: logs.tail.iter().map(|kind| log_kind(*kind)).collect(),
        interval: logs.interval.duration(),
        stale_after: logs.stale_after.delta(),
        window: logs.window.delta(),
        run_window: config.own.run_window.delta(),
        in_flight: logs.in_flight as usize,
        rekor_v1: Budget {
            in_flight: logs.rekor_v1.in_flight as usize,
            entries_per_second: logs.rekor_v1.entries_per_second,
        },
        patterns: patterns.collect::<Result<_, _>>()?,
        matches: logs.matches.iter().map(match_rule).collect(),
        instances: instances.collect::<Result<_, _>>()?,
        urls: logs.urls.iter().map(|(base, url)| (base.clone(), url.as_url().clone())).collect(),
        witnesses: witnesses.collect::<Result<_, _>>()?,
    })
}

/// The keys (`SubjectPublicKeyInfo`) of the logs that the configuration names.
///
/// # Errors
/// A key that cannot be read or used.
pub fn log_keys(config: &Config) -> Result<Vec<Vec<u8>>, AssemblyError> {
    config.logs.instances.iter().map(|instance| Ok(log_instance(instance)?.spki)).collect()
}

fn log_pattern(one: &LogMatch) -> Result<Pattern, AssemblyError> {
    let claim = |(name, text)| Some((Field::Claim(claim_of(name)?), text));
    let fields = [(Field::Subject, &one.san), (Field::Issuer, &one.issuer)];
    let fields = fields.into_iter().filter_map(|(field, text)| Some((field, text.as_deref()?)));
    let claims = one.claims.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let claims: Option<Vec<_>> = claims.map(claim).collect();
    let claims = claims.ok_or("it names an unknown claim");
    let what = format!("the pattern {:?} ([[logs.match]])", one.name);
    let claims = claims.map_err(AssemblyError::of(what.clone()))?;
    Pattern::new(&one.name, fields.chain(claims)).map_err(AssemblyError::of(what))
}

fn match_rule(one: &LogMatch) -> MatchRule {
    MatchRule {
        name: one.name.clone(),
        severity: one.severity,
        report: one.report,
        team: one.team.clone(),
        own: one.own.then(|| one.workflows.clone()),
    }
}

fn claim_of(name: &str) -> Option<Claim> {
    Claim::ALL.iter().copied().find(|claim| claim.as_str() == name)
}

/// The public key in a file.
///
/// # Errors
/// It cannot be read, or is not a key.
pub(super) fn public_key(file: &Path) -> Result<LogKey, Anything> {
    let pem = bounded::read(file, MAX_KEY)?.ok_or("larger than 64 KiB, so not a key")?;
    let pem = String::from_utf8(pem).map_err(|_| "not text; a key begins with `-----BEGIN PUBLIC KEY-----`")?;
    Ok(LogKey::from_pem(&pem)?)
}

fn log_instance(instance: &LogInstance) -> Result<Instance, AssemblyError> {
    let file = instance.public_key.display();
    let what = format!("the log {:?} ([[logs.instance]]), whose public key is in {file}", instance.name);
    let key = public_key(&instance.public_key).map_err(AssemblyError::of(what))?;
    Ok(Instance {
        name: instance.name.clone(),
        kind: log_kind(instance.kind),
        url: instance.url.as_url().clone(),
        origin: instance.origin().to_owned(),
        spki: key.spki().to_vec(),
        tail: instance.tail,
        since: None,
        until: None,
        guess: None,
    })
}

const fn log_kind(kind: LogKindName) -> LogKind {
    match kind {
        LogKindName::Tiles => LogKind::Tiles,
        LogKindName::RekorV1 => LogKind::RekorV1,
        LogKindName::Ct => LogKind::Ct,
        LogKindName::StaticCt => LogKind::StaticCt,
    }
}

//! Checks a configuration beyond its syntax: contradictions, unreadable secrets and invalid combinations.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use super::{
    Config, Period, RegistryInstance, SecretKeys, SecretSource, Subscription, TrustSource,
    finding::{Finding, FindingLevel, error, warning},
    formats, mirrors,
    secret::{self, SecretError},
    sinks::login,
};
use crate::{
    model::{Claim, Ecosystem, Secret, whole},
    strict_toml::did_you_mean,
    text::with_causes,
};

impl Config {
    /// Checks conditions beyond the form of the file: missing files and secrets, keys that contradict each other.
    /// `detectors` are the known ids. Reads files, changes nothing.
    pub fn check(&self, detectors: &[&str]) -> Vec<Finding> {
        self.check_below(detectors, secret::credentials_directory().as_deref())
    }

    /// The errors in the file itself: whoever reads it, on whichever machine, finds the same ones.
    pub fn mistakes(&self, detectors: &[&str]) -> Vec<Finding> {
        let all = [self.network(), self.intervals(), self.detector_ids(detectors), self.matched_detectors(detectors)];
        all.into_iter().flatten().filter(|finding| finding.level == FindingLevel::Error).collect()
    }

    pub(super) fn check_below(&self, detectors: &[&str], credentials: Option<&Path>) -> Vec<Finding> {
        [
            self.network(),
            self.intervals(),
            self.trust_root(),
            self.logs(),
            self.files(),
            self.names(),
            self.sinks(credentials),
            self.heartbeat(credentials),
            self.forges(credentials),
            self.other_registries(credentials),
            self.signing_key(credentials),
            self.own(),
            self.osv(),
            self.detector_ids(detectors),
            self.matched_detectors(detectors),
        ]
        .concat()
    }

    fn network(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let watches_packages = self.registries.is_any_enabled();
        if self.http.contact.is_none() && watches_packages {
            findings
                .push(warning("http.contact", "not set; the registries ask for a contact and may refuse without one"));
        }
        if self.http.connect_timeout > self.http.request_timeout {
            findings.push(warning(
                "http.connect_timeout",
                "longer than http.request_timeout, which ends the attempt first",
            ));
        }
        for (host, why) in self.http.hosts.keys().filter_map(|host| Some((host, formats::host(host).err()?))) {
            findings.push(error(format!("http.hosts.{host:?}"), why));
        }
        if !watches_packages && !self.logs.enabled {
            findings.push(warning("registries", "all are disabled, and [logs] too; nothing is watched"));
        }
        findings
    }

    /// The intervals of feeds, compared with each registry's wishes and the length of its history.
    fn intervals(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for ecosystem in Ecosystem::all() {
            let (key, interval) = (format!("registries.{ecosystem}.interval"), self.registries.interval(ecosystem));
            let limits = &ecosystem.row().feed.interval;
            let least = Period::from(limits.least);
            if interval < least {
                let what = format!("{interval} is more often than the registry welcomes; use at least {least}");
                findings.push(warning(key.as_str(), what));
            }
            if let Some((most, lost)) = limits.most
                && interval > Period::from(most)
            {
                findings.push(warning(key, lost));
            }
        }
        findings
    }

    fn logs(&self) -> Vec<Finding> {
        let mut findings = mirrors::findings(&self.logs.instances);
        for (number, instance) in self.logs.instances.iter().enumerate() {
            let key = |field: &str| format!("logs.instance[{number}].{field}");
            if let Err(why) = std::fs::metadata(&instance.public_key) {
                findings.push(error(key("public_key"), format!("{}: {why}", instance.public_key.display())));
            }
        }
        let mut matches = HashSet::new();
        for (number, one) in self.logs.matches.iter().enumerate() {
            let is_new = matches.insert(&*one.name);
            if one.name.trim().is_empty() {
                findings.push(error(format!("logs.match[{number}].name"), "empty; alerts tell matches apart by it"));
            } else if !is_new {
                let what = format!("{:?} is the name of another match too; alerts tell them apart by it", one.name);
                findings.push(error(format!("logs.match[{number}].name"), what));
            }
            let claims = one.claims.iter().map(|(claim, text)| (format!("claims.{claim}"), text));
            let criteria: Vec<_> = [("san", &one.san), ("issuer", &one.issuer)]
                .into_iter()
                .filter_map(|(field, text)| Some((field.to_owned(), text.as_ref()?)))
                .chain(claims)
                .collect();
            if criteria.is_empty() {
                let what = "no condition is set: give it san, issuer or claims";
                findings.push(error(format!("logs.match[{number}]"), what));
            }
            if !one.own && !one.workflows.is_empty() {
                let key = format!("logs.match[{number}].workflows");
                findings.push(error(key, "used only with own = true; a condition of claims restricts the signers"));
            }
            for (field, text) in criteria {
                if let Err(why) = whole(text) {
                    findings.push(error(format!("logs.match[{number}].{field}"), with_causes(&why)));
                }
            }
            for claim in one.claims.keys().filter(|name| !Claim::ALL.iter().any(|claim| claim.as_str() == *name)) {
                let known = Claim::ALL.iter().map(|claim| claim.as_str());
                findings.push(error(
                    format!("logs.match[{number}].claims.{claim}"),
                    format!("unknown claim{}", did_you_mean(claim, known)),
                ));
            }
        }
        findings
    }

    fn trust_root(&self) -> Vec<Finding> {
        let trust = &self.trust;
        let mut findings = Vec::new();
        match (trust.source, &trust.trusted_root) {
            (TrustSource::File, None) => {
                findings.push(error("trust.trusted_root", "missing; source = \"file\" needs it"));
            }
            (TrustSource::Embedded | TrustSource::Tuf, Some(_)) => {
                findings.push(warning("trust.trusted_root", "not used; it counts only with source = \"file\""));
            }
            _ => {}
        }
        let of_tuf = [("trust.tuf_url", trust.tuf_url.is_some()), ("trust.tuf_root", trust.tuf_root.is_some())];
        for (key, _) in of_tuf.into_iter().filter(|(_, is_set)| *is_set && trust.source != TrustSource::Tuf) {
            findings.push(warning(key, "not used; it counts only with source = \"tuf\""));
        }
        if trust.source == TrustSource::Tuf && trust.tuf_root.is_some() && trust.tuf_url.is_none() {
            findings.push(error("trust.tuf_url", "missing; tuf_root begins a repository of its own, which is there"));
        }
        findings
    }

    fn files(&self) -> Vec<Finding> {
        let mut wanted: Vec<(String, &PathBuf)> = Vec::new();
        let source = self.trust.source;
        let optional = [
            ("http.ca_file", &self.http.ca_file, true),
            ("trust.trusted_root", &self.trust.trusted_root, source == TrustSource::File),
            ("trust.tuf_root", &self.trust.tuf_root, source == TrustSource::Tuf),
            ("trust.npm_keys", &self.trust.npm_keys, true),
        ];
        let used = optional.into_iter().filter(|(_, _, is_used)| *is_used);
        wanted.extend(used.filter_map(|(key, path, _)| Some((key.to_owned(), path.as_ref()?))));
        let lists = self.watchlist.files.iter().enumerate().filter(|_| self.registries.is_any_enabled());
        wanted.extend(lists.map(|(n, path)| (format!("watchlist.files[{n}]"), path)));
        let missing = wanted.into_iter().filter(|(_, path)| !path.is_file());
        missing.map(|(key, path)| error(key, format!("{} does not exist", path.display()))).collect()
    }

    fn names(&self) -> Vec<Finding> {
        let none = self.subscriptions.is_empty();
        none.then(|| warning("subscriptions", "none: alerts are stored but not sent")).into_iter().collect()
    }

    fn sinks(&self, credentials: Option<&Path>) -> Vec<Finding> {
        let numbered = self.subscriptions.iter().enumerate();
        numbered.flat_map(|(n, subscription)| sink(&format!("subscriptions[{n}]"), subscription, credentials)).collect()
    }

    fn own(&self) -> Vec<Finding> {
        let own = &self.own;
        let mut findings = Vec::new();
        match (&own.allow_folder, own.allow_keys.is_empty()) {
            (Some(_), true) => {
                findings.push(error("own.allow_keys", "missing; allow_folder needs the keys of its files"));
            }
            (None, false) => findings.push(warning("own.allow_keys", "not used; allow_folder is not set")),
            _ => {}
        }
        for file in &own.allow_keys {
            if let Err(why) = std::fs::metadata(file) {
                findings.push(error("own.allow_keys", format!("{}: {why}", file.display())));
            }
        }
        let longest = Period::hours(48);
        if own.run_window > longest || own.run_window < Period::minutes(1) {
            findings.push(error("own.run_window", format!("{}; use 1m to {longest}", own.run_window)));
        }
        findings
    }

    /// A source that is not there yet is not a mistake: the program that downloads it may come later.
    fn osv(&self) -> Vec<Finding> {
        let osv = &self.osv;
        let mut findings = Vec::new();
        if osv.ids.is_empty() || osv.ids.iter().any(String::is_empty) {
            findings.push(error("osv.ids", "an empty beginning would fit every report; the usual one is \"MAL-\""));
        }
        if osv.every < Period::minutes(1) {
            findings.push(error("osv.every", format!("{}; use 1m or more", osv.every)));
        }
        findings
    }

    fn heartbeat(&self, credentials: Option<&Path>) -> Vec<Finding> {
        let section = &self.heartbeat;
        let (file, credential) = (section.url_file.as_ref(), section.url_credential.as_ref());
        let mut findings: Vec<Finding> = doubled("heartbeat.url", file, credential).into_iter().collect();
        if let Some(source) = section.secret_url() {
            findings.extend(secret_findings("heartbeat.url", &source, credentials));
            if section.url.is_some() {
                let what = format!("{} is set too; keep one", source.key("url"));
                findings.push(error("heartbeat.url", what));
            }
        }
        let (least, most) = (Period::seconds(1), Period::hours(24));
        if section.every < least || section.every > most {
            findings.push(error("heartbeat.every", format!("{}; use {least} to {most}", section.every)));
        }
        if section.alertmanager.is_none() && !section.labels.is_empty() {
            findings.push(warning("heartbeat.labels", "alertmanager is not set; the labels have no effect"));
        }
        findings.extend(self.heartbeat_login(credentials));
        let is_name = |name: &str| {
            let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            !name.is_empty() && name.bytes().all(is_word) && !name.as_bytes()[0].is_ascii_digit()
        };
        for name in section.labels.keys().filter(|name| !is_name(name)) {
            let what = "not the name of a label; expected letters, digits and _, and no digit first";
            findings.push(error(format!("heartbeat.labels.{name}"), what));
        }
        findings
    }

    fn heartbeat_login(&self, credentials: Option<&Path>) -> Vec<Finding> {
        let (section, key) = (&self.heartbeat, |name: &str| format!("heartbeat.{name}"));
        let mut findings: Vec<_> =
            login(section.username.as_ref(), section.password().as_ref(), &key).into_iter().collect();
        for keys in section.secrets() {
            findings.extend(kept_secret(&key(keys.stem), &keys, credentials));
        }
        if section.username.is_some() && section.token().is_some() {
            findings.push(error("heartbeat.token_file", "a username is set too; keep one of them"));
        }
        let has_login = section.username.is_some() || section.password().is_some() || section.token().is_some();
        if section.alertmanager.is_none() && has_login {
            findings.push(warning("heartbeat.username", "alertmanager is not set; its login has no effect"));
        }
        findings
    }

    /// The form of the key is checked where it is used.
    fn signing_key(&self, credentials: Option<&Path>) -> Vec<Finding> {
        let (stem, store) = ("store.signing_key", &self.store);
        let twice = doubled(stem, store.signing_key_file.as_ref(), store.signing_key_credential.as_ref());
        let unread = store.signing_key().and_then(|source| {
            let why = source.read_lines_below(credentials).err()?;
            Some(error(source.key(stem), with_causes(&why)))
        });
        twice.into_iter().chain(unread).collect()
    }

    fn forges(&self, credentials: Option<&Path>) -> Vec<Finding> {
        let forges = &self.forges;
        if !forges.enabled {
            return Vec::new();
        }
        let pairs = [
            ("forges.github_token".to_owned(), &forges.github_token_file, &forges.github_token_credential),
            ("forges.gitlab_token".to_owned(), &forges.gitlab_token_file, &forges.gitlab_token_credential),
        ];
        let own = forges.instances.iter().enumerate();
        let own = own.map(|(n, one)| (format!("forges.instance[{n}].token"), &one.token_file, &one.token_credential));
        let pairs = pairs.into_iter().chain(own);
        let findings = pairs.flat_map(|(stem, file, credential)| {
            let source = SecretSource::of(file.as_ref(), credential.as_ref());
            let unread = source.into_iter().filter_map(|source| secret_findings(&stem, &source, credentials)).collect();
            [doubled(&stem, file.as_ref(), credential.as_ref()).into_iter().collect::<Vec<_>>(), unread].concat()
        });
        findings.collect()
    }

    /// The private registries: each needs a name and a URL of its own.
    fn other_registries(&self, credentials: Option<&Path>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for ecosystem in Ecosystem::all() {
            let (mut names, mut keys) = (HashSet::new(), HashSet::new());
            for one in self.registries.listed(ecosystem) {
                let key = |field: &str| format!("registries.{ecosystem}.{}.{field}", one.name);
                let of_name = |what: &str| error(format!("registries.{ecosystem}"), format!("{:?} {what}", one.name));
                let is_word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
                if one.name.is_empty() || !one.name.bytes().all(is_word) {
                    findings.push(of_name("is not a name; expected letters, digits and . _ -"));
                }
                if !names.insert(&one.name) {
                    findings.push(of_name("is the name of another registry of this type too; packages are told by it"));
                }
                match one.key(ecosystem) {
                    None => {
                        findings.push(error(key("url"), "no purl can name it: it must have neither query nor user"));
                    }
                    Some(at) if at.is_public() => {
                        let what = "it is the public registry; leave the name and the url out to configure that";
                        findings.push(error(key("url"), what));
                    }
                    Some(at) if !keys.insert(at.clone()) => {
                        findings.push(error(key("url"), "another entry has it too"));
                    }
                    Some(_) => {}
                }
                findings.extend(instance(&key, one, credentials));
            }
        }
        findings
    }

    /// The unknown detectors in the conditions of subscriptions.
    fn matched_detectors(&self, known: &[&str]) -> Vec<Finding> {
        let numbered = self.subscriptions.iter().enumerate();
        let all = numbered.flat_map(|(n, one)| one.matchers.detectors.iter().map(move |id| (n, id)));
        let unknown = all.filter(|(_, id)| !known.contains(&id.as_str()));
        unknown
            .map(|(n, id)| {
                let hint = did_you_mean(id, known.iter().copied());
                let what = format!("unknown detector {id:?}{hint}; `provwatch detectors list` names them");
                error(format!("subscriptions[{n}].match.detectors"), what)
            })
            .collect()
    }

    fn detector_ids(&self, known: &[&str]) -> Vec<Finding> {
        let unknown = self.detectors.keys().filter(|id| !known.contains(&id.as_str()));
        unknown
            .map(|id| {
                let hint = did_you_mean(id, known.iter().copied());
                let what = format!("unknown detector{hint}; `provwatch detectors list` names them");
                error(format!("detectors.{id}"), what)
            })
            .collect()
    }
}

/// The errors of one registry alone.
fn instance(key: &dyn Fn(&str) -> String, one: &RegistryInstance, credentials: Option<&Path>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(doubled(&key("token"), one.token_file.as_ref(), one.token_credential.as_ref()));
    if one.username.is_some() && one.token().is_none() {
        findings.push(error(key("token_file"), "missing; username needs it, or token_credential"));
    }
    if one.interval < Period::minutes(1) {
        let what =
            format!("{} for each package is more often than most registries welcome; use at least 1m", one.interval);
        findings.push(warning(key("interval"), what));
    }
    let token = one.token().filter(|_| one.enabled);
    findings.extend(token.into_iter().filter_map(|token| secret_findings(&key("token"), &token, credentials)));
    findings
}

/// What is wrong with the keys of one receiver alone.
fn sink(table: &str, subscription: &Subscription, credentials: Option<&Path>) -> Vec<Finding> {
    let key = |name: &str| format!("{table}.{name}");
    let mut findings = subscription.sink.section().map(|section| section.findings(&key)).unwrap_or_default();
    if subscription.sink.keeps_open() && subscription.notify_resolution == Some(false) {
        let word = subscription.sink_type();
        let what = format!("{word} is told of the end of an alert only, not that it was acknowledged; remove the key");
        findings.push(warning(key("notify_resolution"), what));
    }
    for keys in subscription.sink.secrets() {
        findings.extend(kept_secret(&key(keys.stem), &keys, credentials));
    }
    findings
}

/// A secret that is missing, in two places, or cannot be read.
fn kept_secret(stem: &str, keys: &SecretKeys<'_>, credentials: Option<&Path>) -> Vec<Finding> {
    let mut findings: Vec<_> = doubled(stem, keys.file, keys.credential).into_iter().collect();
    match keys.source() {
        None if keys.is_required => {
            findings.push(error(format!("{stem}_file"), format!("missing; or use {}_credential", keys.stem)));
        }
        None => {}
        Some(source) if keys.has_lines => {
            findings.extend(unreadable(stem, &source, source.read_lines_below(credentials)));
        }
        Some(source) => findings.extend(secret_findings(stem, &source, credentials)),
    }
    findings
}

/// A secret that cannot be read; `stem` is its key without `_file` or `_credential`. A secret that others can read is
/// an [`Exposure`](super::Exposure).
fn secret_findings(stem: &str, source: &SecretSource, credentials: Option<&Path>) -> Option<Finding> {
    unreadable(stem, source, source.read_below(credentials))
}

fn unreadable(stem: &str, source: &SecretSource, read: Result<Secret, SecretError>) -> Option<Finding> {
    read.err().map(|why| error(source.key(stem), with_causes(&why)))
}

/// One secret in two places: the operator cannot want both.
fn doubled(stem: &str, file: Option<&PathBuf>, credential: Option<&String>) -> Option<Finding> {
    let name = stem.rsplit('.').next().unwrap_or(stem);
    let what = format!("{name}_credential is set too; keep one");
    (file.is_some() && credential.is_some()).then(|| error(format!("{stem}_file"), what))
}

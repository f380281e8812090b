//! One Sigstore instance of a trust root: its authorities, its logs, and the verifier over them.
//!
//! A trust root is read as far as possible. Members that no verification needs (the URL of a log, the name of an
//! authority) may be missing, and an unreadable key or chain affects nothing else.

use std::str::FromStr;

use rustls_pki_types::CertificateDer;
use serde_json::{Value, json};
use sigstore_crypto::{SigningScheme, VerificationKey};
use sigstore_trust_root::{
    TimeRange, TrustedRoot,
    trusted_root::{CertificateEntry, PublicKey},
};
use sigstore_types::{HashAlgorithm, LogId};

use crate::text::quoted;

/// The known forms of a trust root; the later spelling is the one that bundles already use.
pub(super) const MEDIA_TYPES: [&str; 4] = [
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot+json;version=0.2",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
];

/// Most instances of one document.
const MAX_INSTANCES: usize = 16;

/// The reason why a document is not a trust root.
pub(super) type Unusable = Box<dyn std::error::Error + Send + Sync>;

/// One instance.
pub(super) struct Instance {
    /// The whole trust root.
    pub(super) listed: TrustedRoot,
    /// The part of it that is usable for verification here.
    pub(super) usable: TrustedRoot,
    pub(super) verifier: sigstore_verify::Verifier,
}

impl Instance {
    /// Reads a trust root, or several, a line for each.
    pub(super) fn read_all(document: &[u8]) -> Result<Vec<Self>, Unusable> {
        let text = std::str::from_utf8(document)?;
        match serde_json::from_str(text) {
            Ok(root) => Ok(vec![Self::read(root)?]),
            Err(error) => {
                let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
                // A truncated single document is not a list of them.
                let roots: Result<Vec<Value>, _> = lines.iter().map(|line| serde_json::from_str(line)).collect();
                match roots {
                    Ok(roots) if (2..=MAX_INSTANCES).contains(&roots.len()) => {
                        roots.into_iter().map(Self::read).collect()
                    }
                    _ => Err(error.into()),
                }
            }
        }
    }

    fn read(mut document: Value) -> Result<Self, Unusable> {
        fill_gaps(&mut document);
        let mut listed = TrustedRoot::from_json(&document.to_string())?;
        trusts_an_authority(&listed)?;
        listed.tlogs = each_once(listed.tlogs, |log| &mut log.public_key);
        listed.ctlogs = each_once(listed.ctlogs, |log| &mut log.public_key);
        let instance = Self::of(listed)?;
        if instance.usable.certificate_authorities.is_empty() {
            return Err("no certificate authority that it names can be read".into());
        }
        Ok(instance)
    }

    /// The instance of any trust root, even an empty one.
    pub(super) fn of(listed: TrustedRoot) -> Result<Self, Unusable> {
        let mut usable = listed.clone();
        usable.tlogs.retain(|log| VerificationKey::from_spki(&log.public_key.raw_bytes).is_ok());
        usable.ctlogs.retain(|log| {
            let key = &log.public_key.raw_bytes;
            VerificationKey::from_spki(key).is_ok()
                || VerificationKey::from_der(key, SigningScheme::RsaPkcs1Sha256).is_ok()
        });
        usable.certificate_authorities.retain_mut(|authority| {
            authority.cert_chain.certificates.retain(is_readable);
            !authority.cert_chain.certificates.is_empty()
        });
        // For a timestamp authority the position of each certificate matters.
        usable.timestamp_authorities.retain(|authority| {
            let chain = &authority.cert_chain.certificates;
            !chain.is_empty() && chain.iter().all(is_readable)
        });
        let verifier = sigstore_verify::Verifier::new(&usable)?;
        Ok(Self { listed, usable, verifier })
    }

    /// Whether its signatures are logged. An instance that names no log at all has none: GitHub's has timestamps
    /// instead.
    pub(super) fn has_log(&self) -> bool {
        !self.listed.tlogs.is_empty() || !self.listed.ctlogs.is_empty()
    }

    /// Whether its certificates are logged.
    pub(super) fn logs_certificates(&self) -> bool {
        !self.listed.ctlogs.is_empty()
    }

    /// Whether the log is one of its logs of entries.
    pub(super) fn knows(&self, log: &LogId) -> bool {
        self.usable.tlogs.iter().any(|known| known.log_id == *log)
    }
}

fn is_readable(certificate: &CertificateEntry) -> bool {
    webpki::anchor_from_trusted_cert(&CertificateDer::from(certificate.raw_bytes.as_bytes())).is_ok()
}

/// Members that the reader below requires but verification does not use.
fn fill_gaps(root: &mut Value) {
    let members = |root: &mut Value, list: &str, fill: &dyn Fn(&mut Value)| {
        root.get_mut(list)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
            .filter(|it| it.is_object())
            .for_each(fill);
    };
    let text = |member: &mut Value, key: &str| {
        if member.get(key).is_none_or(Value::is_null) {
            member[key] = json!("");
        }
    };
    for logs in ["tlogs", "ctlogs"] {
        members(root, logs, &|log| {
            text(log, "baseUrl");
            let algorithm = log.get("hashAlgorithm").and_then(Value::as_str);
            if algorithm.is_none_or(|algorithm| HashAlgorithm::from_str(algorithm).is_err()) {
                log["hashAlgorithm"] = json!("SHA2_256");
            }
        });
    }
    members(root, "certificateAuthorities", &|authority| text(authority, "uri"));
}

/// A document of another kind, or an emptied one, reads like a trust root without authorities: with it, every signature
/// would be called forged.
fn trusts_an_authority(root: &TrustedRoot) -> Result<(), String> {
    if !MEDIA_TYPES.contains(&root.media_type.as_str()) {
        return Err(format!("its media type, {}, is not known here", quoted(&root.media_type, 100)));
    }
    if root.certificate_authorities.iter().all(|authority| authority.cert_chain.certificates.is_empty()) {
        return Err("it names no certificate authority".to_owned());
    }
    if root.tlogs.is_empty() && root.ctlogs.is_empty() && root.timestamp_authorities.is_empty() {
        return Err("it names neither a log nor a timestamp authority".to_owned());
    }
    Ok(())
}

/// A trust root may name a log twice, for example under two addresses; the verifier accepts each key once. The key is
/// valid whenever one of them is.
fn each_once<T>(logs: Vec<T>, key: impl Fn(&mut T) -> &mut PublicKey) -> Vec<T> {
    let mut once: Vec<T> = Vec::new();
    for mut log in logs {
        let this = key(&mut log).clone();
        match once.iter_mut().map(&key).find(|known| known.raw_bytes.as_bytes() == this.raw_bytes.as_bytes()) {
            None => once.push(log),
            Some(known) => known.valid_for = both(known.valid_for, this.valid_for),
        }
    }
    once
}

/// From the earlier start to the later end.
fn both(one: Option<TimeRange>, other: Option<TimeRange>) -> Option<TimeRange> {
    let (one, other) = (one?, other?);
    let end = one.end.zip(other.end).map(|(one, other)| one.max(other));
    Some(TimeRange { start: one.start.min(other.start), end })
}

#[cfg(test)]
mod tests {
    use sigstore_trust_root::{SIGSTORE_GITHUB_TRUSTED_ROOT, SIGSTORE_PRODUCTION_TRUSTED_ROOT};

    use super::*;

    fn production() -> Value {
        serde_json::from_str(SIGSTORE_PRODUCTION_TRUSTED_ROOT).unwrap()
    }

    fn read(root: &Value) -> Result<Instance, String> {
        let all = Instance::read_all(root.to_string().as_bytes()).map_err(|error| error.to_string())?;
        let [instance] = <[Instance; 1]>::try_from(all).map_err(|all| format!("{} instances", all.len()))?;
        Ok(instance)
    }

    #[test]
    fn what_nothing_is_verified_with_may_be_missing() {
        let whole = read(&production()).unwrap();
        for gap in [json!(null), json!(""), json!("https://proxy.example/rekor")] {
            let mut root = production();
            for list in ["tlogs", "ctlogs", "certificateAuthorities"] {
                let key = if list == "certificateAuthorities" { "uri" } else { "baseUrl" };
                for member in root[list].as_array_mut().unwrap() {
                    member[key] = gap.clone();
                    member.as_object_mut().unwrap().retain(|name, value| name != key || !value.is_null());
                }
            }
            root["tlogs"][0].as_object_mut().unwrap().remove("hashAlgorithm");
            root["ctlogs"][0]["hashAlgorithm"] = json!("HASH_ALGORITHM_UNSPECIFIED");
            let read = read(&root).unwrap();
            assert_eq!(read.usable.tlogs.len(), whole.usable.tlogs.len(), "{gap}");
            assert_eq!(read.usable.ctlogs.len(), whole.usable.ctlogs.len(), "{gap}");
        }
    }

    #[test]
    fn one_odd_key_spoils_only_itself() {
        for (list, odd) in [("tlogs", "MAMBAf8="), ("ctlogs", "MAMBAf8="), ("tlogs", "AAAA")] {
            let mut root = production();
            let before = root[list].as_array().unwrap().len();
            root[list][0]["publicKey"]["rawBytes"] = json!(odd);
            let read = read(&root).unwrap();
            let (listed, usable) = if list == "tlogs" {
                (read.listed.tlogs.len(), read.usable.tlogs.len())
            } else {
                (read.listed.ctlogs.len(), read.usable.ctlogs.len())
            };
            assert_eq!((listed, usable), (before, before - 1), "{list}: it is named as one that cannot be followed");
        }
        let mut root = production();
        root["timestampAuthorities"][0]["certChain"] = json!({"certificates": []});
        assert!(read(&root).is_ok());
        let mut root = production();
        root["certificateAuthorities"][0]["certChain"]["certificates"][0]["rawBytes"] = json!("MAMBAf8=");
        assert!(read(&root).is_ok_and(|it| !it.usable.certificate_authorities.is_empty()));
        for authority in root["certificateAuthorities"].as_array_mut().unwrap() {
            authority["certChain"]["certificates"] = json!([{"rawBytes": "MAMBAf8="}]);
        }
        assert!(read(&root).is_err_and(|why| why.contains("can be read")), "it would call everything forged");
    }

    #[test]
    fn several_roots_are_several_instances() {
        let line = |root: &str| serde_json::from_str::<Value>(root).unwrap().to_string();
        let lines = format!("{}\n\n{}\n", line(SIGSTORE_PRODUCTION_TRUSTED_ROOT), line(SIGSTORE_GITHUB_TRUSTED_ROOT));
        let instances = Instance::read_all(lines.as_bytes()).map_err(|error| error.to_string()).unwrap();
        let logged: Vec<bool> = instances.iter().map(Instance::has_log).collect();
        assert_eq!(logged, [true, false]);
        let cut = &lines[..lines.len() - 100];
        assert!(Instance::read_all(cut.as_bytes()).is_err());
        assert!(Instance::read_all(b"").is_err());
    }
}

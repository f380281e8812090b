//! Distinguishes a forged bundle from one that is newer than the trust root or belongs to another Sigstore instance. An
//! invalid bundle counts as one of the latter if its only fault is an unknown log, or if its instance has no log.

use sigstore_types::{Bundle, LogId};
use x509_parser::{certificate::X509Certificate, extensions::ParsedExtension, prelude::FromDer};

use super::{
    case::{Case, Without},
    failure::VerificationFailure,
    instance::Instance,
    signer::{Signed, Signer},
};

/// The meaning of a failure: everything else is verified again without the unknown log. Never makes a bundle valid.
pub(super) fn judged(case: &Case<'_>, signer: Signer<'_>, failure: VerificationFailure) -> VerificationFailure {
    if failure.check().is_none() {
        return failure;
    }
    if is_of_an_instance_without_log(case) {
        return VerificationFailure::unavailable(
            "it is of an instance without a transparency log, as GitHub has one for private repositories, and no authority \
             of the trust root issued its certificate",
        );
    }
    let usual = Without::of(case.instance);
    let mut bundle = case.bundle.clone();
    let (without, unknown) = if let Some(log) = unknown_log(case.instance, &bundle) {
        // Promises of such a log prove nothing, especially not the time of signing.
        bundle.verification_material.tlog_entries.clear();
        (Without { log: true, ..usual }, format!("the transparency log {log}"))
    } else if let Some(log) = unknown_ct_log(case.instance, &bundle) {
        (Without { certificate_timestamp: true, ..usual }, format!("the certificate transparency log {log}"))
    } else {
        return failure;
    };
    let all_else = Case { bundle: &bundle, ..case.clone() }.verify(without);
    match all_else.and_then(|_| signer.check(&Signed::of(&bundle)?)) {
        Ok(()) => VerificationFailure::unavailable(format_args!(
            "the trust root does not know {unknown}; all else holds, so the trust root may be out of date"
        )),
        Err(_) => failure,
    }
}

/// Whether a bundle has a timestamp and no log entry, and a certificate of an unknown authority. It cannot be
/// distinguished from one that anyone can make; but many signers sign so, and the failure names none.
fn is_of_an_instance_without_log(case: &Case<'_>) -> bool {
    let material = &case.bundle.verification_material;
    let has_timestamp = !material.timestamp_verification_data.rfc3161_timestamps.is_empty();
    let is_certified = case.bundle.signing_certificate().is_some();
    material.tlog_entries.is_empty() && has_timestamp && is_certified && !case.instance.issued(case.bundle)
}

/// The first of the bundle's logs, if the trust root knows none of them.
fn unknown_log(instance: &Instance, bundle: &Bundle) -> Option<String> {
    let mut logs = bundle.verification_material.tlog_entries.iter().map(|entry| &entry.log_id);
    let is_known = |log: &LogId| instance.knows(log);
    let first = logs.clone().next()?;
    (!logs.any(is_known)).then(|| first.key_id.to_string())
}

/// The first of the certificate's CT logs, if the trust root knows none of them.
fn unknown_ct_log(instance: &Instance, bundle: &Bundle) -> Option<String> {
    let certificate = bundle.signing_certificate()?;
    let (_, certificate) = X509Certificate::from_der(certificate.as_bytes()).ok()?;
    let timestamps = certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SCT(timestamps) => Some(timestamps),
        _ => None,
    })?;
    let is_known = |id: &[u8]| instance.usable.ctlogs.iter().any(|known| known.log_id.key_id.as_bytes() == id);
    let first = timestamps.first()?;
    let none_is = !timestamps.iter().any(|timestamp| is_known(timestamp.id.key_id));
    none_is.then(|| hex::encode(first.id.key_id))
}

//! Finds the error of TLS in another error, and says what the operator can do about it.

use std::{error::Error, io};

use tokio_rustls::rustls::{self, CertificateError, InvalidMessage};

use super::pinned::is_an_authoritys_own;

/// Most causes of an error that are looked at.
const DEEPEST: usize = 16;

/// The operator's next step, if an error of TLS is among the causes of this one.
pub(crate) fn next_step(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let mut cause = Some(error);
    for _ in 0..DEEPEST {
        let current = cause?;
        if let Some(error) = current.downcast_ref::<rustls::Error>() {
            return of_tls(error);
        }
        // The source of such an error is that of the error in it.
        let within = current.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = within.map(|within| within as &(dyn Error + 'static)).or_else(|| current.source());
    }
    None
}

fn of_tls(error: &rustls::Error) -> Option<&'static str> {
    use CertificateError::{
        BadSignature, Expired, ExpiredContext, NotValidForName, NotValidForNameContext, UnknownIssuer,
    };
    match error {
        _ if is_an_authoritys_own(error) => Some(
            "the server's certificate calls itself an authority (CA:TRUE): name a PEM file with exactly this certificate in [http] \
             ca_file, or give the server one with `basicConstraints = CA:FALSE`",
        ),
        rustls::Error::InvalidCertificate(UnknownIssuer) => Some(
            "the authority of the server's certificate is unknown: name a PEM file with the certificate of that authority, or with a \
             self-signed certificate itself, in [http] ca_file",
        ),
        rustls::Error::InvalidCertificate(BadSignature) => Some(
            "a certificate in [http] ca_file has the name of the server's authority, but another key: name the present one",
        ),
        rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => Some(
            "the server's certificate has other names (subjectAltName): configure one of them, or give the server another certificate",
        ),
        rustls::Error::InvalidCertificate(Expired | ExpiredContext { .. }) => {
            Some("the server's certificate has expired: renew it")
        }
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            Some("the server does not speak TLS on this port, at least not from the first byte")
        }
        _ => None,
    }
}

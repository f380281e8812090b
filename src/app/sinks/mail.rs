//! Builds the sink of e-mails.

use std::{path::Path, sync::Arc};

use super::{Built, Site, optional};
use crate::{
    app::error::Anything,
    bounded,
    config::{EmailSection, Security},
    deliver::{EmailSettings, EmailSink, SmtpLimits, SmtpSecurity},
};

pub(super) fn email(site: Site<'_>, email: &EmailSection) -> Built {
    Ok(Arc::new(EmailSink::new(email_settings(site, email)?)?))
}

/// The operator's additional authorities hold for mail as for the web.
fn email_settings(site: Site<'_>, email: &EmailSection) -> Result<EmailSettings, Anything> {
    let password = optional(email.password())?;
    let credentials = match (&email.username, password) {
        (Some(user), Some(password)) => Some((user.clone(), password)),
        (None, None) => None,
        _ => return Err("a username and a password belong together".into()),
    };
    Ok(EmailSettings {
        server: email.server.clone(),
        port: email.port(),
        security: match email.security {
            Security::Starttls => SmtpSecurity::StartTls,
            Security::Tls => SmtpSecurity::Tls,
            Security::None => SmtpSecurity::Insecure,
        },
        ca_pem: site.config.http.ca_file.as_deref().map(read_authorities).transpose()?,
        credentials,
        from: email.from.clone(),
        to: email.to.clone(),
        subscription: site.subscription.to_owned(),
        limits: SmtpLimits::default(),
    })
}

/// Most bytes of a file of certificates.
const MAX_CERTIFICATES: u64 = 4 << 20;

/// The certificates of `[http] ca_file`.
pub(super) fn read_authorities(path: &Path) -> Result<Vec<u8>, Anything> {
    let unreadable = |why: String| format!("[http] ca_file {}: {why}", path.display());
    let read = bounded::read(path, MAX_CERTIFICATES).map_err(|error| unreadable(error.to_string()))?;
    Ok(read.ok_or_else(|| unreadable(format!("it is larger than {MAX_CERTIFICATES} bytes")))?)
}

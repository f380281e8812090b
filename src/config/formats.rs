//! The string formats of the configuration that have a check of their own.

use super::{SyslogAddress, period::Period, retention::Retention, secret::is_credential_name, url::WebUrl};
use crate::{
    model::{Ecosystem, Pattern, TimeOfDay, Zone},
    strict_toml::{Format, did_you_mean},
};

/// The string formats of the configuration that have a check of their own.
pub(super) const ALL: &[Format] = &[
    Format { name: "period", check: |text| text.parse::<Period>().map(drop) },
    Format { name: "retention", check: |text| text.parse::<Retention>().map(drop) },
    Format { name: "web-url", check: |text| text.parse::<WebUrl>().map(drop) },
    Format { name: "host", check: host },
    Format { name: "mailbox", check: mailbox },
    Format { name: "credential", check: credential },
    Format { name: "contact", check: contact },
    Format {
        name: "syslog-address",
        check: |text| SyslogAddress::parse(text).map(drop).map_err(|why| why.to_string()),
    },
    Format { name: "ecosystem", check: |text| text.parse::<Ecosystem>().map(drop).map_err(|why| why.to_string()) },
    Format { name: "time-of-day", check: |text| text.parse::<TimeOfDay>().map(drop) },
    Format { name: "time-zone", check: zone },
    Format { name: "pattern", check: |text| text.parse::<Pattern>().map(drop) },
];

pub(super) fn host(text: &str) -> Result<(), String> {
    let well_formed = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte));
    if text.is_empty() || !well_formed {
        return Err("expected a host name or address alone, such as \"proxy.example\"".to_owned());
    }
    Ok(())
}

fn zone(text: &str) -> Result<(), String> {
    let meant = |why: String| format!("{why}{}", did_you_mean(text, Zone::names().iter().map(String::as_str)));
    text.parse::<Zone>().map(drop).map_err(meant)
}

fn mailbox(text: &str) -> Result<(), String> {
    match text.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() && !text.contains(char::is_control) => Ok(()),
        _ => Err("expected an e-mail address, such as \"Security <security@example.org>\"".to_owned()),
    }
}

fn credential(text: &str) -> Result<(), String> {
    if is_credential_name(text) {
        return Ok(());
    }
    Err("expected the name of a systemd credential: letters, digits and . _ -".to_owned())
}

/// It goes into the User-Agent header.
fn contact(text: &str) -> Result<(), String> {
    let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte) && !b"()".contains(&byte));
    if text.trim().is_empty() || text.len() > 200 || !printable {
        return Err("expected an e-mail address or URL of at most 200 printable ASCII characters".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obnoxious_texts_are_refused() {
        for text in ["", "https://proxy.example", "a b", "ü.example", "a/b"] {
            assert!(host(text).is_err(), "{text}");
        }
        for text in ["", "@", "a@", "@b", "a@b\r\nBcc: c@d"] {
            assert!(mailbox(text).is_err(), "{text}");
        }
        for text in ["", " ", "a\r\nX-Evil: 1", "a (b)", "ü@example.org"] {
            assert!(contact(text).is_err(), "{text}");
        }
        assert!(host("[::1]").is_ok() && mailbox("A <a@b>").is_ok() && contact("mailto:a@b.example").is_ok());
    }
}

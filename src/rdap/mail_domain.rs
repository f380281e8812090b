//! The domain of an e-mail address that a registrar sells, by the public suffix list.

use psl::Type;
use url::Host;

/// Most bytes of an address (RFC 5321: 64 before the `@`, 255 behind it).
const MAX_ADDRESS: usize = 320;
/// Most bytes of a domain name (RFC 1035).
const MAX_NAME: usize = 253;
/// Most labels of a public suffix. The registries of longer ones (`k12.ca.us`) seldom have an RDAP server of their own, and
/// that of the top-level domain does not know their names.
const MAX_SUFFIX_LABELS: usize = 2;

/// The reason why an address has no domain that RDAP can answer about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRegistrable {
    /// It is not an address, or not one at a domain name.
    #[error("it is not an e-mail address at a domain name")]
    NoDomain,
    /// The name is a public suffix, or has only one label.
    #[error("its domain is a public suffix")]
    Suffix,
    /// The registry of the suffix is a company or an authority without an entry in the bootstrap file.
    #[error("the names below its public suffix are not registered at the top-level domain")]
    BelowPrivate,
}

/// The registrable domain of an e-mail address: lower-case, internationalized labels as `xn--…`, without a final dot.
///
/// # Errors
/// The address has none.
pub fn registrable(address: &str) -> Result<String, NotRegistrable> {
    let address = address.trim();
    let (person, domain) = address.rsplit_once('@').ok_or(NotRegistrable::NoDomain)?;
    // The parser of URLs would decode an escape.
    if person.is_empty() || address.len() > MAX_ADDRESS || domain.contains('%') {
        return Err(NotRegistrable::NoDomain);
    }
    let Ok(Host::Domain(name)) = Host::parse(domain) else { return Err(NotRegistrable::NoDomain) };
    let name = name.strip_suffix('.').unwrap_or(&name).to_owned();
    if !is_name(&name) {
        return Err(NotRegistrable::NoDomain);
    }
    let suffix = psl::suffix(name.as_bytes()).ok_or(NotRegistrable::NoDomain)?;
    let labels = suffix.as_bytes().split(|byte| *byte == b'.').count();
    if suffix.typ() == Some(Type::Private) || labels > MAX_SUFFIX_LABELS {
        return Err(NotRegistrable::BelowPrivate);
    }
    psl::domain_str(&name).map(str::to_owned).ok_or(NotRegistrable::Suffix)
}

/// Whether every label is one of a host name: a registry has no other domains.
fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=63).contains(&label.len()) && label.bytes().all(plain) && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= MAX_NAME && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_reduced_to_the_domain_that_a_registrar_sells() {
        for (address, domain) in [
            ("ann@example.org", "example.org"),
            ("Ann@Mail.EXAMPLE.org", "example.org"),
            ("ann@example.org.", "example.org"),
            (" ann+npm@a.b.example.co.uk ", "example.co.uk"),
            ("\"a@b\"@example.com", "example.com"),
            ("ann@bücher.example", "xn--bcher-kva.example"),
            ("ann@mail.xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("ann@食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn"),
            ("ann@unknown.nosuchsuffix", "unknown.nosuchsuffix"),
        ] {
            assert_eq!(registrable(address).as_deref(), Ok(domain), "{address}");
        }
    }

    #[test]
    fn obnoxious_addresses_have_no_domain() {
        use NotRegistrable::{BelowPrivate, NoDomain, Suffix};
        let long = format!("ann@{}.org", "a".repeat(64));
        let longer = format!("{}@example.org", "a".repeat(400));
        for (address, why) in [
            ("", NoDomain),
            ("ann", NoDomain),
            ("@example.org", NoDomain),
            ("ann@", NoDomain),
            ("ann@.", NoDomain),
            ("ann@..org", NoDomain),
            ("ann@127.0.0.1", NoDomain),
            ("ann@1", NoDomain),
            ("ann@[127.0.0.1]", NoDomain),
            ("ann@[::1]", NoDomain),
            ("ann@exam ple.org", NoDomain),
            ("ann@example.org/../x", NoDomain),
            ("ann@example%2eorg", NoDomain),
            ("ann@example.org?x", NoDomain),
            ("ann@under_score.org", NoDomain),
            ("ann@-example.org", NoDomain),
            ("ann@xn--a.org\u{0}", NoDomain),
            (&long, NoDomain),
            (&longer, NoDomain),
            ("user@localhost", Suffix),
            ("ann@com", Suffix),
            ("ann@co.uk", Suffix),
            ("ann@project.github.io", BelowPrivate),
            ("ann@school.k12.ca.us", BelowPrivate),
        ] {
            assert_eq!(registrable(address), Err(why), "{address}");
        }
    }
}

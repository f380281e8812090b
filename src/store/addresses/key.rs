//! Pseudonyms of e-mail addresses, made with a key that only the store has.

use std::fmt;

use aws_lc_rs::{hmac, rand};

/// The domain of pseudonyms, which nobody can have (RFC 2606). `--redact` has the same.
const DOMAIN: &str = "@redacted.invalid";
/// Hexadecimal digits of the address, of its host, and of both, which tell the key's own pseudonyms from others.
const OF_ADDRESS: usize = 16;
const OF_HOST: usize = 8;
const OF_BOTH: usize = 8;
const DIGITS: usize = OF_ADDRESS + OF_HOST + OF_BOTH;

/// The bytes of a key.
pub(super) type KeyBytes = [u8; 32];

/// A key of pseudonyms.
pub(super) struct AddressKey(hmac::Key);

/// Never shows the key.
impl fmt::Debug for AddressKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AddressKey")
    }
}

/// New random bytes for a key; `None`: the system has no random numbers.
pub(super) fn random() -> Option<KeyBytes> {
    let mut bytes = KeyBytes::default();
    rand::fill(&mut bytes).ok().map(|()| bytes)
}

impl AddressKey {
    pub fn of(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The pseudonym of an address as it is spelled: detectors compare addresses in the same way.
    pub fn pseudonym(&self, address: &str) -> String {
        let of_address = self.digits("address", address, OF_ADDRESS);
        let front = of_address + &self.of_host(&host(address).unwrap_or_default());
        let check = self.check(&front);
        format!("{front}{check}{DOMAIN}")
    }

    /// Whether this key made a pseudonym.
    pub fn made(&self, pseudonym: &str) -> bool {
        digits(pseudonym).is_some_and(|digits| {
            let (front, check) = digits.split_at(OF_ADDRESS + OF_HOST);
            self.check(front) == check
        })
    }

    /// Whether a pseudonym is that of an address at this host.
    pub fn is_at(&self, pseudonym: &str, host: &str) -> bool {
        digits(pseudonym).is_some_and(|digits| digits[OF_ADDRESS..][..OF_HOST] == self.of_host(host))
    }

    /// What pseudonyms of addresses at a host have in common.
    pub fn of_host(&self, host: &str) -> String {
        self.digits("host", host, OF_HOST)
    }

    fn check(&self, front: &str) -> String {
        self.digits("pseudonym", front, OF_BOTH)
    }

    fn digits(&self, what: &str, text: &str, digits: usize) -> String {
        let tag = hmac::sign(&self.0, format!("{what}\0{text}").as_bytes());
        hex::encode(tag)[..digits].to_owned()
    }
}

/// Whether a text has the form of a pseudonym.
pub(crate) fn is_pseudonym(text: &str) -> bool {
    digits(text).is_some()
}

/// What a pseudonym has of the host of its address.
pub(in crate::store) fn host_in_pseudonym(text: &str) -> Option<&str> {
    digits(text)?.get(OF_ADDRESS..OF_ADDRESS + OF_HOST)
}

fn digits(text: &str) -> Option<&str> {
    let digits = text.strip_suffix(DOMAIN).filter(|digits| digits.len() == DIGITS)?;
    digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).then_some(digits)
}

/// The host of an address, lower-case.
pub(super) fn host(address: &str) -> Option<String> {
    address.rsplit_once('@').map(|(_, host)| host.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_one_pseudonym_and_another_key_another() {
        let (one, other) = (AddressKey::of(&[1; 32]), AddressKey::of(&[2; 32]));
        let ada = one.pseudonym("ada@example.org");
        assert!(is_pseudonym(&ada) && ada.ends_with("@redacted.invalid") && !ada.contains("ada"), "{ada}");
        assert_eq!(one.pseudonym("ada@example.org"), ada);
        for different in ["Ada@example.org", "ada@example.com", "ada", "", "ada@example.org "] {
            assert_ne!(one.pseudonym(different), ada, "{different}");
            assert!(one.made(&one.pseudonym(different)), "{different}");
        }
        assert_ne!(other.pseudonym("ada@example.org"), ada);
        assert!(one.made(&ada) && !other.made(&ada));
        assert_eq!(format!("{one:?}"), "AddressKey");
    }

    #[test]
    fn a_pseudonym_tells_the_host_to_the_key_only() {
        let (one, other) = (AddressKey::of(&[1; 32]), AddressKey::of(&[2; 32]));
        let ada = one.pseudonym("ada@Example.ORG");
        for (host, is_at) in [("example.org", true), ("mail.example.org", false), ("", false), ("org", false)] {
            assert_eq!(one.is_at(&ada, host), is_at, "{host}");
            assert!(!other.is_at(&ada, host), "{host}");
        }
        assert!(!one.is_at("ada@example.org", "example.org"), "not a pseudonym");
    }

    #[test]
    fn only_a_pseudonym_has_its_form() {
        let hex = "0123456789abcdef0123456789abcdef";
        assert!(is_pseudonym(&format!("{hex}@redacted.invalid")));
        for text in [
            "",
            "@redacted.invalid",
            "0123456789ab@redacted.invalid",
            &hex.to_uppercase(),
            &format!("{}@redacted.invalid", hex.to_uppercase()),
            &format!("{hex}0@redacted.invalid"),
            &format!("{hex}@redacted.invalid.org"),
            &format!("{hex}@Redacted.invalid"),
            &format!("{}é@redacted.invalid", &hex[..30]),
        ] {
            assert!(!is_pseudonym(text), "{text}");
        }
    }

    #[test]
    fn keys_are_random() {
        assert_ne!(random().unwrap(), random().unwrap());
    }
}

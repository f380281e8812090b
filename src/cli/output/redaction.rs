//! Replaces e-mail addresses in everything that a command prints: `--redact`.

use std::{
    borrow::Cow,
    sync::{LazyLock, OnceLock},
};

use aws_lc_rs::{hmac, rand::SystemRandom};
use clap::Args;
use regex::{Captures, Regex};

use crate::cli::exit::CliError;

/// The flag that hides e-mail addresses.
#[derive(Clone, Copy, Debug, Args)]
pub struct Redaction {
    /// Replace e-mail addresses by pseudonyms: the same address has the same pseudonym within the output
    #[arg(long)]
    redact: bool,
}

impl Redaction {
    /// Applies the flag to all that this process prints from now on.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn begin(self) -> Result<(), CliError> {
        if self.redact {
            let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
            let key = key.map_err(|_| CliError::failed("the system gives no random numbers for --redact"))?;
            IN_USE.get_or_init(|| Redactor(key));
        }
        Ok(())
    }
}

/// The redactor of this process, if it redacts.
static IN_USE: OnceLock<Redactor> = OnceLock::new();

/// The form of a printed text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Printed {
    /// Text for people, perhaps with escapes of a terminal.
    Text,
    /// JSON, whose strings have escapes.
    Json,
}

/// The text as it may be printed.
pub(super) fn redacted(text: &str, printed: Printed) -> Cow<'_, str> {
    IN_USE.get().map_or(Cow::Borrowed(text), |redactor| redactor.replace(text, printed))
}

/// The domain of pseudonyms, which nobody can have (RFC 2606).
const DOMAIN: &str = "redacted.invalid";
/// Hexadecimal digits of a pseudonym.
const DIGITS: usize = 12;

/// An address: a local part, in which the visible form of an invisible character may stand, and a domain that ends with a
/// word. What stands before it in the alternation is left as it is: escapes, and purls, whose versions may look like a domain.
const ADDRESS: &str = concat!(
    r"pkg:[^\s\x22'`<>()\[\]{},;]+|",
    r"(?<local>(?:[^\s\x00-\x1f\x22'`<>()\[\]{},;:@\\/=&?#|]|\\{1,2}u(?:[0-9A-Fa-f]{4}|\{[0-9a-f]{1,6}\}))+)@",
    r"(?<domain>(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+(?:xn--[A-Za-z0-9-]+|\p{L}{2,}))",
);

static IN_TEXT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&format!(r"\x1b\[[0-9;]*m|{ADDRESS}")).ok());
static IN_JSON: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!(r"\\(?:u[0-9A-Fa-f]{{4}}|.)|{ADDRESS}")).ok());

/// Replaces addresses. Its key is of one process: pseudonyms of two outputs cannot be compared, nor tried out.
struct Redactor(hmac::Key);

impl Redactor {
    fn replace<'a>(&self, text: &'a str, printed: Printed) -> Cow<'a, str> {
        let pattern = match printed {
            Printed::Text => &*IN_TEXT,
            Printed::Json => &*IN_JSON,
        };
        // A test builds both, so there is always one; if not, nothing is better than an address.
        let Some(pattern) = pattern else { return Cow::Borrowed("") };
        pattern.replace_all(text, |found: &Captures<'_>| self.of(found))
    }

    fn of(&self, found: &Captures<'_>) -> String {
        let whole = &found[0];
        match (found.name("local"), found.name("domain")) {
            (Some(local), Some(domain)) if !is_other(local.as_str(), domain.as_str()) => self.pseudonym(whole),
            _ => whole.to_owned(),
        }
    }

    /// The same for every spelling of the letters: mail systems make no difference.
    fn pseudonym(&self, address: &str) -> String {
        let tag = hmac::sign(&self.0, address.to_lowercase().as_bytes());
        format!("{}@{DOMAIN}", &hex::encode(tag)[..DIGITS])
    }
}

/// What looks like an address: the user of Git over SSH, a version (`axios@1.0.0-beta.one`), or a pseudonym.
fn is_other(local: &str, domain: &str) -> bool {
    let mut labels = domain.split('.');
    let is_number = |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    let first = labels.next().unwrap_or_default();
    let is_version = is_number(first.strip_prefix('v').unwrap_or(first))
        && labels.next().is_some_and(|label| label.starts_with(|first: char| first.is_ascii_digit()));
    is_version || domain == DOMAIN || local == "git"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(key: &[u8]) -> Redactor {
        Redactor(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    fn told(text: &str, printed: Printed) -> String {
        redactor(b"key").replace(text, printed).into_owned()
    }

    #[test]
    fn addresses_are_replaced_wherever_they_stand() {
        let ada = told("ada@example.org", Printed::Text);
        assert!(ada.len() == DIGITS + 1 + DOMAIN.len() && ada.ends_with("@redacted.invalid"), "{ada}");
        for (text, expected) in [
            ("Ada <ada@example.org>, and mailto:ada@example.org.", "Ada <@>, and mailto:@."),
            ("ADA@Example.ORG", "@"),
            ("(ada@example.org)", "(@)"),
            ("\u{1b}[1mada@example.org\u{1b}[0m", "\u{1b}[1m@\u{1b}[0m"),
        ] {
            assert_eq!(told(text, Printed::Text), expected.replace('@', &ada), "{text}");
        }
        for (json, expected) in [
            (r#"{"email":"ada@example.org"}"#, r#"{"email":"@"}"#),
            (r#"{"ada@example.org":1}"#, r#"{"@":1}"#),
            (r#""a\nada@example.org\t\u00e9""#, r#""a\n@\t\u00e9""#),
            (r#""\\ada@example.org\"""#, r#""\\@\"""#),
            (r#""\u202eada@example.org\u202e""#, r#""\u202e@\u202e""#),
        ] {
            assert_eq!(told(json, Printed::Json), expected.replace('@', &ada), "{json}");
        }
    }

    #[test]
    fn nothing_of_an_address_is_left() {
        for address in [
            "ada.lovelace+npm@mail.example.co.uk",
            "1234567+ada@users.noreply.example.com",
            "ädä@exämple.org",
            "ada@xn--exmple-cua.xn--p1ai",
            "a@b.io",
            "ada_%~@123.example",
            r"ada\u202e@example.org",
            r"ada\u{202e}@example.org",
            r"ada\\u{200b}@example.org",
        ] {
            for printed in [Printed::Text, Printed::Json] {
                let told = told(&format!("by {address}, today"), printed);
                let (local, domain) = address.rsplit_once('@').unwrap();
                let is_left = told.contains(domain) || told.contains(&format!("by {}", &local[..local.len().min(2)]));
                assert!((!is_left || local == "a") && told.contains(DOMAIN) && told.ends_with(", today"), "{told}");
            }
        }
    }

    #[test]
    fn what_only_looks_like_an_address_stays() {
        for text in [
            "",
            "@",
            "@types/node",
            "pkg:npm/%40acme/widget@2.7.3",
            "pkg:npm/axios@1.0.0-beta.next",
            "pkg:pypi/pytz@2004.dev",
            "axios@1.14.1",
            "axios@1.0.0-beta.next",
            "axios@v1.2.3-rc.one",
            "axios@latest",
            "git@github.com:acme/widget.git",
            "git+ssh://git@github.com/acme/widget.git",
            "https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1.0.0",
            "ada at example dot org",
            "0123456789ab@redacted.invalid",
        ] {
            assert_eq!(told(text, Printed::Text), text);
            assert_eq!(told(text, Printed::Json), text);
        }
    }

    #[test]
    fn one_address_has_one_pseudonym_and_another_output_has_another() {
        let (one, other) = (redactor(b"one"), redactor(b"other"));
        let of = |redactor: &Redactor, text: &str| redactor.replace(text, Printed::Text).into_owned();
        assert_eq!(of(&one, "ada@example.org"), of(&one, "ada@example.org"));
        assert_ne!(of(&one, "ada@example.org"), of(&one, "bob@example.org"));
        assert_ne!(of(&one, "ada@example.org"), of(&other, "ada@example.org"));
        let pseudonym = of(&one, "ada@example.org");
        assert_eq!(of(&one, &pseudonym), pseudonym, "a second time changes nothing");
    }
}

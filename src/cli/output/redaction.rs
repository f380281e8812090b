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
            let redactor = redactor();
            let redactor =
                redactor.ok_or_else(|| CliError::failed("the system gives no random numbers for --redact"))?;
            IN_USE.get_or_init(|| redactor);
        }
        Ok(())
    }
}

fn redactor() -> Option<Redactor> {
    hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok().map(Redactor)
}

/// The redactor of texts that never have addresses, whatever the flag.
static ALWAYS: LazyLock<Option<Redactor>> = LazyLock::new(redactor);

/// The text with pseudonyms for addresses, whatever the flag; without random numbers, no text.
pub fn pseudonyms(text: &str) -> Cow<'_, str> {
    IN_USE.get().or(ALWAYS.as_ref()).map_or(Cow::Borrowed(""), |redactor| redactor.replace(text, Printed::Text))
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

/// A value before it is shortened: half of an address would not be known as one.
pub fn redacted_value(text: &str) -> Cow<'_, str> {
    redacted(text, Printed::Text)
}

/// The text as it may be printed.
pub(super) fn redacted(text: &str, printed: Printed) -> Cow<'_, str> {
    IN_USE.get().map_or(Cow::Borrowed(text), |redactor| redactor.replace(text, printed))
}

/// The domain of pseudonyms, which nobody can have (RFC 2606).
const DOMAIN: &str = "redacted.invalid";
/// Hexadecimal digits of a pseudonym.
const DIGITS: usize = 12;

/// A local part: words, with an apostrophe between them (`o'brien`), in which the visible form of an invisible character
/// may stand.
const LOCAL: &str = concat!(
    r"(?:[^\s\x00-\x1f\x22'`<>()\[\]{},;:@\\/=&?#|]|\\{1,2}u(?:[0-9A-Fa-f]{4}|\{[0-9a-f]{1,6}\}))+",
    r"(?:'[^\s\x00-\x1f\x22'`<>()\[\]{},;:@\\/=&?#|]+)*"
);

/// A domain: names that end with a word, one that was cut, the address of a machine, or one name.
const DOMAIN_FORMS: &str = concat!(
    r"(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+(?:xn--[A-Za-z0-9-]+|\p{L}{2,})…?|",
    r"[\p{L}\p{N}.-]*…|",
    r"\[[0-9A-Za-z.:]{2,64}\]|",
    r"[\p{L}\p{N}][\p{L}\p{N}-]*"
);

/// A purl with a version, which may look like a domain.
const RELEASE: &str = concat!(
    r"pkg:[a-z]+/(?:(?:%40|@)?[0-9A-Za-z._~-]+/)?[0-9A-Za-z._~-]+",
    r"@v?[0-9]+(?:[.!+_~%-][0-9A-Za-z.!+_~%-]*)?"
);

static IN_TEXT: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"\x1b\[[0-9;]*m", r"\x22[^\x22\n]{1,64}\x22"));
static IN_JSON: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"\\(?:u[0-9A-Fa-f]{4}|.)", r"\\\x22[^\x22\\\n]{1,64}\\\x22"));

/// The pattern of addresses. What stands before the local part in the alternation is left as it is: escapes and releases.
/// A quoted local part may have blanks.
fn pattern(escape: &str, quoted: &str) -> Option<Regex> {
    let pattern = format!(
        "(?:(?<quoted>{quoted})@(?:{DOMAIN_FORMS}))|{escape}|(?<release>{RELEASE})|(?<local>{LOCAL})(?:@|%40)(?<domain>{DOMAIN_FORMS})"
    );
    Regex::new(&pattern).ok()
}

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
        pattern.replace_all(text, |found: &Captures<'_>| self.of(text, found))
    }

    fn of(&self, text: &str, found: &Captures<'_>) -> String {
        let whole = found.get_match();
        let (before, after) = (&text[..whole.start()], &text[whole.end()..]);
        let goes_on = after.starts_with('@') || after.starts_with("%40");
        let is_address = match (found.name("local"), found.name("domain")) {
            (Some(local), Some(domain)) => goes_on || !is_other(before, local.as_str(), domain.as_str(), after),
            _ => found.name("quoted").is_some() || (found.name("release").is_some() && goes_on),
        };
        if is_address { self.pseudonym(whole.as_str()) } else { whole.as_str().to_owned() }
    }

    /// The same for every spelling of the letters and of the sign: mail systems make no difference.
    fn pseudonym(&self, address: &str) -> String {
        let address = address.to_lowercase().replace("%40", "@");
        let tag = hmac::sign(&self.0, address.as_bytes());
        format!("{}@{DOMAIN}", &hex::encode(tag)[..DIGITS])
    }
}

/// Names of a machine or its network that stand alone as domains.
const ALONE: [&str; 8] = ["localhost", "localdomain", "local", "lan", "internal", "intranet", "corp", "home"];

/// What looks like an address: the user of Git over SSH, a version (`axios@1.0.0-beta.one`), a tag or branch
/// (`axios@latest`), or a pseudonym.
fn is_other(before: &str, local: &str, domain: &str, after: &str) -> bool {
    let mut labels = domain.split('.');
    let is_number = |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    let first = labels.next().unwrap_or_default();
    let first = first.strip_prefix('v').unwrap_or(first);
    let is_version =
        is_number(first) && labels.next().is_some_and(|label| label.starts_with(|first: char| first.is_ascii_digit()));
    let is_git = local == "git" && (after.starts_with(':') || before.ends_with("ssh://"));
    let is_one_name = !domain.contains(['.', '[', '…']);
    let is_mail = before.ends_with("mailto:") || (before.ends_with('<') && after.starts_with('>'));
    let is_name = is_one_name && !is_mail && !ALONE.contains(&domain.to_lowercase().as_str());
    is_version || is_name || domain == DOMAIN || is_git
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
    fn unusual_addresses_are_replaced_too() {
        let pseudonym = Regex::new("[0-9a-f]{12}@redacted.invalid").unwrap();
        for (text, left) in [
            (r#"by "ada lovelace"@example.org, today"#, "by @, today"),
            ("by ada@localhost, today", "by @, today"),
            ("by <ada@mailhost>, today", "by <@>, today"),
            ("mailto:ada@mailhost", "mailto:@"),
            ("by ada%40example.org", "by @"),
            ("by git@example.org", "by @"),
            ("by bob@[10.0.0.1]", "by @"),
            ("by bob@[IPv6:2001:db8::1]", "by @"),
            ("by o'brien@example.org", "by @"),
            ("by grace.hopper@navy.e…", "by @"),
            ("by grace.hopper@…", "by @"),
            ("pkg:ada@example.org", "pkg:@"),
            ("pkg:npm/a@1.0.0?by=ada@example.org", "pkg:npm/a@1.0.0?by=@"),
            ("pkg:npm/a@1.0.0,ada@example.org", "pkg:npm/a@1.0.0,@"),
            ("pkg:npm/a@1.0.0-ada@example.org", "@@example.org"),
            ("https://git@example.org/x", "https://@/x"),
        ] {
            let said = told(text, Printed::Text);
            let anonymous = pseudonym.replace_all(&said, "@").into_owned();
            assert_eq!(anonymous, left, "{text}: {said}");
        }
        let said = told(r#"{"by":"\"ada lovelace\"@example.org"}"#, Printed::Json);
        assert!(!said.contains("lovelace") && serde_json::from_str::<serde_json::Value>(&said).is_ok(), "{said}");
    }

    proptest::proptest! {
        #[test]
        fn no_local_part_survives(
            local in "[a-z]{3}[a-zA-Zäß0-9.+_%~!-]{0,12}[a-z]{2}|[a-z]{4}'[a-z]{4}",
            domain in r"([a-z][a-z0-9-]{0,5}[a-z0-9]\.){1,3}[a-z]{2,6}|localhost|\[10\.0\.0\.1\]",
            sign in "@|%40",
            before in "|by |<|mailto:|pkg:npm/|pkg:|https://|\\(|\"|:|=|a, ",
            after in "|>|, today|/x|\\)|\"|\\.",
        ) {
            let text = format!("{before}{local}{sign}{domain}{after}");
            let said = told(&text, Printed::Text);
            proptest::prop_assert!(!said.contains(&local), "{text}: {said}");
            let json = serde_json::to_string(&text).unwrap();
            let said = told(&json, Printed::Json);
            proptest::prop_assert!(!said.contains(&local), "{json}: {said}");
            proptest::prop_assert!(serde_json::from_str::<String>(&said).is_ok(), "{json}: {said}");
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
            "axios@next, react@canary",
            ".github/workflows/release.yml@v1",
            "pkg:npm/@acme/widget@2.7.3-rc.one",
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

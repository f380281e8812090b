//! Rules for the URLs that may be requested.

use std::{fmt, str::FromStr};

use url::{Host, Url};

use super::address::special_use;

/// A host, or one port of a host, in the configuration: `mirror.example`, `10.0.0.5:8080`, `[fd00::1]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostPattern {
    host: String,
    port: Option<u16>,
}

/// A text that is not a host.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a host; write `name`, `name:port`, `10.0.0.5:8080` or `[fd00::1]:8080`, without scheme or path")]
pub struct HostPatternError(String);

impl HostPattern {
    /// Whether the URL's host is this host, and its port this port if one is given.
    pub fn matches(&self, url: &Url) -> bool {
        self.host == host_of(url) && self.port.is_none_or(|port| url.port_or_known_default() == Some(port))
    }
}

impl FromStr for HostPattern {
    type Err = HostPatternError;

    /// Parses as a URL would, so that the same host always has the same spelling (`0x7f.1` is `127.0.0.1`).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || HostPatternError(text.to_owned());
        if text.contains(['/', '?', '#', '@', '\\']) || text.contains(char::is_whitespace) {
            return Err(wrong());
        }
        let parse = |scheme: &str| Url::parse(&format!("{scheme}://{text}/")).map_err(|_| wrong());
        // A URL drops its scheme's own port: one of the two keeps it.
        let (http, https) = (parse("http")?, parse("https")?);
        let host = host_of(&http);
        if host.is_empty() {
            return Err(wrong());
        }
        Ok(Self { host, port: http.port().or(https.port()) })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

/// The host in lower case, without the final dot that a name may have; brackets around IPv6.
pub(super) fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase()
}

/// Services on several ports of one machine count as several, as they do on several machines.
pub(super) fn host_and_port(url: &Url) -> String {
    format!("{}:{}", host_of(url), url.port_or_known_default().unwrap_or_default())
}

/// The hosts beyond the public ones, and those that redirects may lead to.
#[derive(Clone, Debug, Default)]
pub(super) struct HostRules {
    pub(super) allow_private: Vec<HostPattern>,
    pub(super) redirect_hosts: Vec<HostPattern>,
}

impl HostRules {
    /// Whether the URL may be requested, as far as the URL alone decides; else the reason.
    pub(super) fn check(&self, url: &Url) -> Result<(), String> {
        let allowed = self.allow_private.iter().any(|pattern| pattern.matches(url));
        match url.scheme() {
            "https" | "http" if allowed => Ok(()),
            "https" => check_public(url),
            "http" => Err(format!("plain http is only for hosts that the operator allows as private; {NEXT_STEP}")),
            scheme => Err(format!("the scheme `{scheme}` is not supported, only https is")),
        }
    }

    /// Whether an answer from `from` may redirect to `to`; else the reason.
    pub(super) fn check_redirect(&self, from: &Url, to: &Url) -> Result<(), String> {
        if from.scheme() == "https" && to.scheme() != "https" {
            return Err("the server redirects from https to plain http".to_owned());
        }
        let known = host_of(from) == host_of(to) || self.redirect_hosts.iter().any(|pattern| pattern.matches(to));
        if !known {
            return Err(format!(
                "the server redirects to the host {}, which is not among the allowed redirect hosts",
                host_of(to)
            ));
        }
        self.check(to).map_err(|why| format!("the server redirects to {}: {why}", host_of(to)))
    }

    /// Whether this name may have any address, even a private one.
    pub(super) fn allows_name(&self, name: &str) -> bool {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        self.allow_private.iter().any(|pattern| pattern.host == name)
    }
}

pub(super) const NEXT_STEP: &str = "if this host is meant, name it in `[http] allow_private`";

/// Names with another meaning on every network (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`).
const LOCAL_NAMES: [&str; 4] = ["localhost", "local", "internal", "home.arpa"];

fn check_public(url: &Url) -> Result<(), String> {
    let special = match url.host() {
        Some(Host::Ipv4(address)) => special_use(address.into()),
        Some(Host::Ipv6(address)) => special_use(address.into()),
        Some(Host::Domain(_)) => {
            LOCAL_NAMES.iter().any(|local| is_under(&host_of(url), local)).then_some("a local name")
        }
        None => return Err("the URL names no host".to_owned()),
    };
    match special {
        Some(purpose) => Err(format!("{} is {purpose}; {NEXT_STEP}", host_of(url))),
        None => Ok(()),
    }
}

fn is_under(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn rules(allow_private: &[&str], redirect_hosts: &[&str]) -> HostRules {
        let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        HostRules { allow_private: parse(allow_private), redirect_hosts: parse(redirect_hosts) }
    }

    #[test]
    fn patterns_are_spelt_as_urls_spell_hosts() {
        let table = [
            ("Mirror.Example", "mirror.example"),
            ("mirror.example.:8080", "mirror.example:8080"),
            ("0x7f.1", "127.0.0.1"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("mirror.example:443", "mirror.example:443"),
            ("[FD00::1]:8080", "[fd00::1]:8080"),
            ("bücher.example", "xn--bcher-kva.example"),
        ];
        for (text, spelt) in table {
            assert_eq!(text.parse::<HostPattern>().unwrap().to_string(), spelt, "{text}");
        }
        for text in
            ["", "https://mirror.example", "a/b", "user@host", "10.0.0.0/8", "a b", "host:99999", ":80", ".", "[::1"]
        {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_public_https_is_allowed_by_itself() {
        let table = [
            ("https://npm.example/axios", true),
            ("http://npm.example/axios", false),
            ("ftp://npm.example/axios", false),
            ("file:///etc/passwd", false),
            ("https://127.0.0.1/", false),
            ("https://2130706433/", false),
            ("https://0177.0.0.1/", false),
            ("https://[::1]/", false),
            ("https://[::ffff:10.0.0.1]/", false),
            ("https://169.254.169.254/latest/meta-data/", false),
            ("https://localhost/", false),
            ("https://LOCALHOST./", false),
            ("https://db.localhost/", false),
            ("https://metadata.google.internal/", false),
            ("https://printer.local/", false),
            ("https://notlocal/", true),
        ];
        for (text, allowed) in table {
            assert_eq!(rules(&[], &[]).check(&url(text)).is_ok(), allowed, "{text}");
        }
    }

    #[test]
    fn the_operator_can_allow_a_host_or_one_port_of_it() {
        let rules = rules(&["127.0.0.1:4873", "mirror.internal"], &[]);
        let table = [
            ("http://127.0.0.1:4873/axios", true),
            ("http://127.0.0.1:4874/axios", false),
            ("https://127.0.0.1/axios", false),
            ("http://mirror.internal:8080/", true),
            ("https://mirror.internal./", true),
            ("https://other.internal/", false),
        ];
        for (text, allowed) in table {
            assert_eq!(rules.check(&url(text)).is_ok(), allowed, "{text}");
        }
    }

    #[test]
    fn redirects_stay_on_the_host_or_go_to_a_named_one() {
        let rules = rules(&["127.0.0.1:4873"], &["static.example", "169.254.169.254"]);
        let table = [
            ("https://npm.example/a", "https://npm.example/b", Ok(())),
            ("https://npm.example/a", "https://static.example/b", Ok(())),
            ("http://127.0.0.1:4873/a", "https://static.example/b", Ok(())),
            ("https://npm.example/a", "http://npm.example/b", Err("https to plain http")),
            ("https://npm.example/a", "https://evil.example/b", Err("evil.example, which is not among")),
            ("https://npm.example/a", "https://static.example.evil.example/", Err("not among")),
            ("https://npm.example/a", "https://169.254.169.254/", Err("a link-local address")),
            ("http://127.0.0.1:4873/a", "http://127.0.0.1:22/", Err("plain http")),
        ];
        for (from, to, expected) in table {
            match (rules.check_redirect(&url(from), &url(to)), expected) {
                (Ok(()), Ok(())) => {}
                (Err(why), Err(part)) => assert!(why.contains(part), "{from} → {to}: {why}"),
                (outcome, _) => panic!("{from} → {to}: {outcome:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn a_pattern_is_what_it_prints(text in "\\PC{0,20}") {
            if let Ok(pattern) = text.parse::<HostPattern>() {
                prop_assert_eq!(&pattern.to_string().parse::<HostPattern>().unwrap(), &pattern);
            }
        }

        #[test]
        fn no_location_gets_past_the_rules(location in "\\PC{0,60}") {
            let from = url("https://npm.example/axios");
            if let Ok(to) = from.join(&location) && rules(&[], &[]).check_redirect(&from, &to).is_ok() {
                prop_assert_eq!((to.scheme(), host_of(&to)), ("https", "npm.example".to_owned()));
            }
        }
    }
}

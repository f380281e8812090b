//! The command `ls-refs` of Git's protocol version 2: which references are asked for, and the request for them.
//!
//! The format is that of gitprotocol-v2, "Command Request" and "ls-refs". A command needs no capability advertisement
//! before it, because every server with version 2 knows `ls-refs` with `peel`, `symrefs` and `ref-prefix`.

use super::pkt_line::write_line;

/// Prefixes of one request.
pub const MAX_PREFIXES: usize = 64;
/// Most bytes of a prefix and of a name.
const MAX_NAME: usize = 1024;

pub(super) const TAGS: &str = "refs/tags/";
pub(super) const HEADS: &str = "refs/heads/";
pub(super) const HEAD: &str = "HEAD";

/// The references that are asked for, by the beginnings of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted(Vec<String>);

/// The hash of a repository's objects. A server refuses a request for another than its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ObjectFormat {
    /// What a request without a word on it means, so that also servers that know no other take it.
    Sha1,
    /// What a request has to name.
    Sha256,
}

impl Wanted {
    /// All tags and branches, and `HEAD`.
    pub fn everything() -> Self {
        Self([HEAD, HEADS, TAGS].map(str::to_owned).into())
    }

    /// The tags whose names begin with one of these. A beginning that no name can have is not asked for.
    pub fn tags<'a>(beginnings: impl IntoIterator<Item = &'a str>) -> Self {
        let allowed = beginnings.into_iter().filter(|name| is_allowed(name));
        Self(allowed.map(|name| format!("{TAGS}{name}")).collect())
    }

    /// The same, and what `HEAD` points to. Nothing stays nothing.
    #[must_use]
    pub fn with_head(mut self) -> Self {
        if !self.0.is_empty() {
            self.0.push(HEAD.to_owned());
        }
        self
    }

    /// How many prefixes there are. Without any, a server would list everything.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a reference was asked for. A server may send others too.
    pub(super) fn includes(&self, name: &str) -> bool {
        self.0.iter().any(|prefix| name.starts_with(prefix.as_str()))
    }

    /// The body of the request.
    pub(super) fn request(&self, agent: &str, format: ObjectFormat) -> Vec<u8> {
        let mut body = Vec::new();
        write_line(&mut body, "command=ls-refs");
        write_line(&mut body, &format!("agent={agent}"));
        if format == ObjectFormat::Sha256 {
            write_line(&mut body, "object-format=sha256");
        }
        body.extend_from_slice(b"0001");
        write_line(&mut body, "peel");
        write_line(&mut body, "symrefs");
        for prefix in &self.0 {
            write_line(&mut body, &format!("ref-prefix {prefix}"));
        }
        body.extend_from_slice(b"0000");
        body
    }
}

/// Whether a name of a reference can begin so: gitprotocol-common, "ABNF notation", and git-check-ref-format.
pub(super) fn is_allowed(name: &str) -> bool {
    let is_plain = |c: char| c != ' ' && !c.is_control() && !"~^:?*[\\".contains(c);
    (1..=MAX_NAME).contains(&name.len())
        && name.chars().all(is_plain)
        && !["..", "//", "@{", "/."].iter().any(|part| name.contains(part))
        && !name.starts_with(['/', '.'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::pkt_line::{Packet, Packets, line};

    fn told(body: &[u8]) -> Vec<String> {
        let packets = Packets::of(body).map(Result::unwrap);
        let told = packets.map(|packet| match packet {
            Packet::Data(data) => String::from_utf8(line(data).to_vec()).unwrap(),
            other => format!("{other:?}"),
        });
        told.collect()
    }

    #[test]
    fn a_request_is_the_command_its_capabilities_and_its_arguments() {
        let wanted = Wanted::tags(["v1.2.3", "@acme/widget@1.2.3"]);
        let body = wanted.request("provwatch/1.0.0", ObjectFormat::Sha1);
        let lines = [
            "command=ls-refs",
            "agent=provwatch/1.0.0",
            "Delimiter",
            "peel",
            "symrefs",
            "ref-prefix refs/tags/v1.2.3",
            "ref-prefix refs/tags/@acme/widget@1.2.3",
            "Flush",
        ];
        assert_eq!(told(&body), lines);
        assert!(body.starts_with(b"0014command=ls-refs\n001aagent=provwatch/1.0.0\n00010009peel\n"));
        let everything = told(&Wanted::everything().request("provwatch/1.0.0", ObjectFormat::Sha256));
        assert_eq!(everything[2..4], ["object-format=sha256", "Delimiter"]);
        assert_eq!(everything[6..9], ["ref-prefix HEAD", "ref-prefix refs/heads/", "ref-prefix refs/tags/"]);
    }

    #[test]
    fn a_beginning_that_no_name_has_is_not_asked_for() {
        let long = "x".repeat(MAX_NAME + 1);
        for name in [
            "",
            "a b",
            "a\nref-prefix refs/heads/",
            "a\0",
            "a..b",
            "a//b",
            "/a",
            ".a",
            "a/.b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[",
            "a\\b",
            "a@{1}",
            "a\u{7f}",
            "a\u{85}",
            long.as_str(),
        ] {
            assert_eq!(Wanted::tags([name]).len(), 0, "{name:?}");
        }
        for name in ["v1.2.3", "v1.", "widget@1.2.3", "@acme/widget@1.2.3", "release/", "1.0+build", "ü", "a]", "a{b}"]
        {
            assert_eq!(Wanted::tags([name]).len(), 1, "{name:?}");
        }
    }

    #[test]
    fn only_what_was_asked_for_is_included() {
        let wanted = Wanted::tags(["v1"]);
        for (name, included) in [
            ("refs/tags/v1", true),
            ("refs/tags/v1.0.0", true),
            ("refs/tags/v2", false),
            ("refs/heads/v1", false),
            ("HEAD", false),
        ] {
            assert_eq!(wanted.includes(name), included, "{name}");
        }
        assert!(["HEAD", "refs/heads/main", "refs/tags/v1"].iter().all(|name| Wanted::everything().includes(name)));
        assert!(!Wanted::everything().includes("refs/pull/1/head"));
    }
}

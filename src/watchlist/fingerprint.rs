//! Compares the meaning of two watchlists, whatever their layout.

use std::{collections::BTreeSet, path::PathBuf};

use sha2::{Digest, Sha256};

use super::{Entry, Watchlist, globs::Globs, layer::Layer};

impl Watchlist {
    /// The same for lists with the same packages and policies: lines, comments and files do not count.
    pub fn fingerprint(&self) -> String {
        let tiers = self
            .tiers
            .iter()
            .map(|(tier, policy)| format!("tier {tier} {}", serde_json::to_string(policy).unwrap_or_default()));
        let watched = self.watched.said().map(|said| format!("watch {said}"));
        let excluded = self.excluded.said().map(|said| format!("exclude {said}"));
        let mut lines: Vec<String> = tiers.chain(watched).chain(excluded).collect();
        lines.sort_unstable();
        let mut digest = Sha256::new();
        for line in lines {
            digest.update(line);
            digest.update("\n");
        }
        hex::encode(digest.finalize())
    }

    /// The files that its entries come from.
    pub fn files(&self) -> BTreeSet<PathBuf> {
        let layers = [&self.watched, &self.excluded];
        let entries = layers.into_iter().flat_map(|layer| {
            let globs = layer.globs.values().flat_map(Globs::iter).map(|(_, entry)| entry);
            layer.exact().map(|(_, entry)| entry).chain(globs)
        });
        entries.map(|entry| entry.file.to_path_buf()).collect()
    }
}

impl Layer {
    /// Every pattern with its tier, policy and team.
    fn said(&self) -> impl Iterator<Item = String> {
        let of_name = |package, entry| format!("{package} {} {}", self.tier(package, entry), demands(entry));
        let exact = self.exact().map(move |(package, entry)| of_name(package, entry));
        let globs = self.globs.values().flat_map(Globs::iter);
        exact.chain(globs.map(|(glob, entry)| format!("{glob} {} {}", entry.own_tier(), demands(entry))))
    }
}

fn demands(entry: &Entry) -> String {
    let policy = entry.policy.as_deref().map(|policy| serde_json::to_string(policy).unwrap_or_default());
    let team = entry.team.as_deref().map(|team| format!(" team {team:?}"));
    let own = entry.own.map(|own| format!(" own {own}"));
    format!("{}{}{}", policy.unwrap_or_default(), team.unwrap_or_default(), own.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn fingerprint(text: &str) -> String {
        Watchlist::parse(text, Path::new("watchlist.toml")).unwrap().fingerprint()
    }

    #[test]
    fn what_is_watched_counts_and_how_it_is_written_does_not() {
        let list = fingerprint("packages = [\"pkg:npm/a\", \"pkg:npm/b\"]");
        assert_eq!(list, fingerprint("# a remark\npackages = [\n  \"pkg:npm/b\",\n  \"pkg:npm/a\",\n]"));
        for other in [
            "packages = [\"pkg:npm/a\"]",
            "packages = [\"pkg:npm/a\", \"pkg:npm/b*\"]",
            "packages = [\"pkg:npm/a\", \"pkg:npm/b\"]\nexclude = [\"pkg:npm/b\"]",
            "packages = [\"pkg:npm/a\"]\n[[package]]\npurl = \"pkg:npm/b\"\ntier = \"critical\"",
            "packages = [\"pkg:npm/a\"]\n[[package]]\npurl = \"pkg:npm/b\"\n[package.expect]\nrefs = [\"tag\"]",
            "packages = [\"pkg:npm/a\", \"pkg:npm/b\"]\n[tiers.critical.expect]\nevidence = \"provenance\"",
            "packages = [\"pkg:npm/a\", \"pkg:npm/b\"]\n[tiers.critical]\nseverity = \"high\"",
        ] {
            assert_ne!(list, fingerprint(other), "{other}");
        }
    }
}

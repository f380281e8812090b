//! The repository of a package, by its earlier releases.

use crate::{
    enrich::ForgeRepository,
    model::{
        Baseline,
        traits::{NamedRepositories, Repositories},
    },
};

/// The repository that the package's releases were last built in.
pub fn usual_place(baseline: &Baseline) -> Option<ForgeRepository> {
    let repositories = baseline.lines.values().flat_map(|line| {
        line.tally(Repositories).iter().map(move |(url, seen)| (seen.last, url, line.id_of_repository.get(&**url)))
    });
    match repositories.max_by_key(|(last, ..)| *last) {
        Some((_, url, id)) => Some(ForgeRepository { id: id.cloned(), ..ForgeRepository::of_url(url)? }),
        None => named_place(baseline),
    }
}

/// Without any certificate: the repository that the manifests of earlier releases named. Never that of the release that
/// is judged, as its publisher may name any reputable one.
fn named_place(baseline: &Baseline) -> Option<ForgeRepository> {
    let named = baseline.lines.values().flat_map(|line| line.tally(NamedRepositories).iter());
    let (name, _) = named.max_by_key(|(_, seen)| (seen.count, seen.last))?;
    ForgeRepository::of_url(&format!("https://{name}"))
}

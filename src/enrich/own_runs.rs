//! The workflow runs of one's own repositories: one by its URL, or those that were under way at a time.

use std::collections::BTreeMap;

use super::{
    ForgeRepository, Forges,
    ask::{Asker, ForgeAnswer},
    forge::{Forge, ForgeKind},
    github, gitlab,
    run_list::{RunList, UnderWay},
};
use crate::model::RunFacts;

impl Forges {
    /// A run by its URL. `Missing`: its repository is there, and does not have it.
    pub async fn run(&self, place: &ForgeRepository, run: &str) -> ForgeAnswer<RunFacts> {
        let Some(forge) = self.forge(place) else { return not_asked(place) };
        let asker = self.asker(forge);
        let at = match home(&asker, forge, place).await {
            ForgeAnswer::Found(at) => at,
            ForgeAnswer::Missing => return hidden(forge, place),
            ForgeAnswer::Unknown(why) => return ForgeAnswer::Unknown(why),
        };
        match forge.kind {
            ForgeKind::Github => github::run(&asker, &at, run).await,
            ForgeKind::Gitlab => gitlab::run(&asker, &at, run).await,
        }
    }

    /// The runs of a repository that were under way at a time, by URL. None: the forge knows of none.
    pub async fn runs_under_way(
        &self,
        place: &ForgeRepository,
        wanted: UnderWay<'_>,
    ) -> ForgeAnswer<BTreeMap<String, RunFacts>> {
        let Some(forge) = self.forge(place) else { return not_asked(place) };
        let asker = self.asker(forge);
        let at = match home(&asker, forge, place).await {
            ForgeAnswer::Found(at) => at,
            ForgeAnswer::Missing => return hidden(forge, place),
            ForgeAnswer::Unknown(why) => return ForgeAnswer::Unknown(why),
        };
        let listed = match forge.kind {
            ForgeKind::Github => github::runs(&asker, &at, wanted).await,
            ForgeKind::Gitlab => gitlab::pipelines(&asker, &at, wanted).await,
        };
        match listed {
            ForgeAnswer::Found(RunList { runs, is_cut_off }) => {
                let fitting = runs.into_iter().filter(|run| wanted.has(run)).map(|run| (run.url, run.facts));
                let fitting: BTreeMap<_, _> = fitting.collect();
                if fitting.is_empty() && is_cut_off {
                    return ForgeAnswer::Unknown(format!("{} lists too many runs at that time", forge.host));
                }
                ForgeAnswer::Found(fitting)
            }
            ForgeAnswer::Missing => ForgeAnswer::Unknown(format!("{} has no such workflow", forge.host)),
            ForgeAnswer::Unknown(why) => ForgeAnswer::Unknown(why),
        }
    }
}

/// The start of requests about a repository.
async fn home(asker: &Asker<'_>, forge: &Forge, place: &ForgeRepository) -> ForgeAnswer<String> {
    match forge.kind {
        ForgeKind::Github => github::home(asker, place).await,
        ForgeKind::Gitlab => gitlab::home(asker, place).await,
    }
}

fn not_asked<T>(place: &ForgeRepository) -> ForgeAnswer<T> {
    ForgeAnswer::Unknown(format!("{} is not a forge that is asked ([forges])", place.host))
}

/// Forges show private repositories to nobody without a token, and say that they do not exist.
fn hidden<T>(forge: &Forge, place: &ForgeRepository) -> ForgeAnswer<T> {
    let token = if forge.has_token() { "the token does not see it" } else { "no token is configured" };
    ForgeAnswer::Unknown(format!("{} does not show the repository {}; {token}", place.host, place.path))
}

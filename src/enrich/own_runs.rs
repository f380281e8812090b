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
    /// A run by its URL; one that its repository does not have is `gone`.
    ///
    /// # Errors
    /// Why it is not known.
    pub async fn run(&self, place: &ForgeRepository, run: &str) -> Result<RunFacts, String> {
        let forge = self.forge(place).ok_or_else(|| not_asked(place))?;
        let asker = self.asker(forge);
        let at = home(&asker, forge, place).await?;
        let answer = match forge.kind {
            ForgeKind::Github => github::run(&asker, &at, run).await,
            ForgeKind::Gitlab => gitlab::run(&asker, &at, run).await,
        };
        match answer {
            ForgeAnswer::Found(run) => Ok(run),
            ForgeAnswer::Missing => Ok(RunFacts::gone()),
            ForgeAnswer::Unknown(why) => Err(why),
        }
    }

    /// The runs of a repository that were under way at a time, by URL. None: the forge knows of none.
    ///
    /// # Errors
    /// Why they are not known.
    pub async fn runs_under_way(
        &self,
        place: &ForgeRepository,
        wanted: UnderWay<'_>,
    ) -> Result<BTreeMap<String, RunFacts>, String> {
        let forge = self.forge(place).ok_or_else(|| not_asked(place))?;
        let asker = self.asker(forge);
        let at = home(&asker, forge, place).await?;
        let listed = match forge.kind {
            ForgeKind::Github => github::runs(&asker, &at, wanted).await,
            ForgeKind::Gitlab => gitlab::pipelines(&asker, &at, wanted).await,
        };
        let RunList { runs, is_cut_off } = match listed {
            ForgeAnswer::Found(list) => list,
            ForgeAnswer::Missing => return Err(format!("{} has no such workflow", forge.host)),
            ForgeAnswer::Unknown(why) => return Err(why),
        };
        let fitting = runs.into_iter().filter(|run| wanted.has(run)).map(|run| (run.url, run.facts));
        let fitting: BTreeMap<_, _> = fitting.collect();
        if fitting.is_empty() && is_cut_off {
            return Err(format!("{} lists too many runs at that time", forge.host));
        }
        Ok(fitting)
    }
}

/// The start of requests about a repository. Forges show private repositories only to a token that may see them, and say
/// to others that they do not exist.
async fn home(asker: &Asker<'_>, forge: &Forge, place: &ForgeRepository) -> Result<String, String> {
    let answer = match forge.kind {
        ForgeKind::Github => github::home(asker, place).await,
        ForgeKind::Gitlab => gitlab::home(asker, place).await,
    };
    match answer {
        ForgeAnswer::Found(at) => Ok(at),
        ForgeAnswer::Missing => {
            let token = if forge.has_token() { "the token does not see it" } else { "no token is configured" };
            Err(format!("{} does not show the repository {}; {token}", place.host, place.path))
        }
        ForgeAnswer::Unknown(why) => Err(why),
    }
}

fn not_asked(place: &ForgeRepository) -> String {
    format!("{} is not a forge that is asked ([forges])", place.host)
}

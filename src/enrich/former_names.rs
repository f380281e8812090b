//! Checks whether a former name of a repository redirects to its current one.

use serde::{Serialize, de::DeserializeOwned};

use super::{
    ask::{Age, Asker, ForgeAnswer},
    finder::Finder,
};
use crate::model::Fact;

/// Most former names that are checked.
const MOST: usize = 2;

/// Whether a former name of the repository leads to it: forges redirect renamed and transferred ones. `path` gives the
/// request for a name, `is_it` tells whether the answer is the repository with the name `now`.
pub(super) async fn find<T: DeserializeOwned + Serialize>(
    asker: &Asker<'_>,
    found: &mut Finder<'_>,
    now: &str,
    path: impl Fn(&str) -> String,
    is_it: impl Fn(&T) -> bool,
) {
    let others = found.question.former.iter().filter(|name| !name.eq_ignore_ascii_case(now));
    let others: Vec<&String> = others.collect();
    for name in others.iter().take(MOST) {
        match asker.ask::<T>(&path(name), Age::SLOW).await {
            ForgeAnswer::Found(there) if is_it(&there) => {
                found.repository().formerly = Some((*name).clone());
                return;
            }
            ForgeAnswer::Found(_) | ForgeAnswer::Missing => {}
            ForgeAnswer::Unknown(why) => return found.failed(Fact::FormerName, why),
        }
    }
    if others.len() > MOST {
        found.unknown(Fact::FormerName, format!("it had more names than the {MOST} that were asked for"));
    }
}

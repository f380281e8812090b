//! Confirms that the name of a repository still belongs to the repository that a package means.

use chrono::{DateTime, Utc};

use super::{
    ForgeKind, ForgeRepository,
    ask::{Asker, ForgeAnswer},
    doubt::Doubt,
    github, gitlab,
};

/// Whether a name still belongs to the repository that is meant: anybody can register a name that became free, and push the
/// tags that a victim expects. The release's own certificate says so, or the API: by the numeric id, or, where none is
/// known, as the repository exists since before a release first named it.
///
/// # Errors
/// Why that is not known, or not so.
pub(super) async fn confirm_name(
    asker: &Asker<'_>,
    place: &ForgeRepository,
    is_certified: bool,
    named_since: Option<DateTime<Utc>>,
) -> Result<(), Doubt> {
    if is_certified {
        return Ok(());
    }
    let (host, path) = (&place.host, &place.path);
    let named = match asker.forge.kind {
        ForgeKind::Github => github::named(asker, path).await,
        ForgeKind::Gitlab => gitlab::named(asker, path).await,
    };
    let named = match named {
        ForgeAnswer::Found(named) => named,
        ForgeAnswer::Missing => return Err(Doubt::Unknown(format!("{host} has no repository {path}"))),
        ForgeAnswer::Unknown(why) => {
            return Err(Doubt::Unknown(format!("the name {path} was not confirmed: {why}")));
        }
    };
    let stranger = |why: String| Err(Doubt::Stranger(why));
    match (&place.id, named_since) {
        (Some(id), _) if *id == named.id.to_string() => Ok(()),
        (Some(_), _) => stranger(format!("the name {path} belongs to another repository now (id {})", named.id)),
        (None, Some(since)) if named.created_at <= since => Ok(()),
        (None, Some(_)) => stranger(format!("the repository {path} is younger than its name in the package")),
        (None, None) => stranger(format!("no earlier release names the repository {path}")),
    }
}

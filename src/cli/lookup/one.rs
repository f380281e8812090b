//! The answer of a lookup of one purl: all that is stored of one release.

use super::{answer::Found, found, missing};
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, FailOn, Outcome},
        output::{self, Printing},
        spelling,
        target::Target,
    },
    model::ReleaseId,
    store::{ReleaseRow, Store},
};

/// How it is answered.
#[derive(Clone, Copy)]
pub(super) struct How {
    /// At most so many related releases of each kind.
    pub related: usize,
    pub fail_on: FailOn,
    pub printing: Printing,
}

/// Prints all that is stored of a release.
pub(super) fn answer(context: &Context, store: &Store, target: &Target, how: How) -> Outcome {
    let package = spelling::package(store, &target.package)?;
    let target = Target { package, version: target.version.clone() };
    let Some((row, asked)) = row(store, &target)? else {
        missing::answer(context, store, &target, how.printing)?;
        return Ok(Exit::Unchecked);
    };
    let found = Found { asked, ..Found::of(context, store, row, how.related)? };
    if how.printing.is_json() {
        output::json(&found)?;
    } else {
        found::print(&found);
    }
    Ok(found.exit(how.fail_on.fail_on))
}

/// The release, and what was asked for, where that is another spelling.
fn row(
    store: &Store,
    Target { package, version }: &Target,
) -> Result<Option<(ReleaseRow, Option<ReleaseId>)>, CliError> {
    let Some(version) = version else {
        return Ok(store.releases(package, 1)?.pop().map(|row| (row, None)));
    };
    let asked = package.at(version.as_str());
    let Some(stored) = spelling::releases(store, &asked)?.into_iter().next() else { return Ok(None) };
    let other = (stored != asked).then_some(asked);
    Ok(store.release(&stored)?.map(|row| (row, other)))
}

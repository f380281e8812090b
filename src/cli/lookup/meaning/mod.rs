//! What terms stand for in the store.

mod digests;
mod origins;
mod people;
mod places;
mod topic;
mod what;

pub(super) use topic::Topic;
pub(super) use what::Meaning;

use super::term::Term;
use crate::{
    cli::{context::Context, exit::CliError},
    store::Store,
};

/// What a term, as it was typed, stands for.
///
/// # Errors
/// It names a log that is not known; else as the store.
pub(super) fn of(context: &Context, store: &Store, typed: &str, term: &Term) -> Result<Meaning, CliError> {
    let read = Meaning::of(typed);
    Ok(match term {
        Term::Purl(target) => places::purl(store, read, target)?,
        Term::Alert(prefix) => places::alert(store, read, prefix)?,
        Term::Entry { log, index } => places::entry(store, read, log, *index)?,
        Term::File(digest) => digests::file(store, read, digest)?,
        Term::Hex(hex) => digests::hex(store, read, hex)?,
        Term::Signed(hex) => digests::signed(read, hex),
        Term::Leaf(leaf) => digests::leaf(store, read, *leaf)?,
        Term::Key(hex) => digests::key(store, read, hex)?,
        Term::Commit(hex) => digests::commit(read, hex),
        Term::Repository(name) => origins::repository(store, read, name)?,
        Term::Owner(name) => origins::owner(store, read, name)?,
        Term::Workflow(name) => origins::workflow(store, read, name)?,
        Term::Ref(name) => origins::reference(read, name),
        Term::Run(url) => origins::run(read, url),
        Term::Issuer(url) => origins::issuer(read, url),
        Term::Identity(name) => origins::identity(read, name),
        Term::Pattern(pattern) => origins::pattern(store, read, pattern)?,
        Term::Publisher(account) => people::publisher(context, read, account),
        Term::Maintainer(account) => people::maintainer(context, read, account),
        Term::Email(address) => people::email(store, read, address)?,
        Term::Domain(domain) => people::domain(store, read, domain)?,
    })
}

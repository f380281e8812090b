//! Checks of the inventory: the folder of lock files, and subscriptions that name unknown projects.

use super::check::{Check, State};
use crate::{
    app,
    cli::{context::Context, silences::unknown_projects, words},
    store::Store,
};

/// Most projects whose files are read.
const READ: usize = 100;
/// Most projects that are named.
const NAMED: usize = 5;

/// The folder, and the conditions on projects.
pub fn checks(context: &Context, store: Option<&Store>) -> Vec<Check> {
    folder(context).into_iter().chain(store.and_then(|store| conditions(context, store))).collect()
}

/// The folder; none: there is nothing to check.
fn folder(context: &Context) -> Option<Check> {
    let folder = app::inventory_folder(&context.config)?;
    let at = folder.path.display().to_string();
    let found = match folder.look() {
        Ok(found) => found,
        Err(error) => {
            let failed = Check::new("inventory", State::Failed, format!("{at} cannot be read: {error}"));
            return Some(failed.next("let the user of the daemon read the folder of [inventory] folder"));
        }
    };
    let (count, mut refused) = (words::counted(found.len(), "project"), Vec::new());
    for (number, one) in found.into_iter().enumerate() {
        let why = match one.state {
            Ok((project, _)) if number < READ => folder.read(&project).err(),
            state => state.err(),
        };
        refused.extend(why.map(|why| format!("{}: {}", words::name(&one.name), words::sentence(why))));
    }
    if refused.is_empty() {
        return Some(Check::new("inventory", State::Ok, format!("{count} in {at}")));
    }
    let named: Vec<&str> = refused.iter().take(NAMED).map(String::as_str).collect();
    let said = format!("{} of {count} in {at} cannot be read\n{}", refused.len(), named.join("\n"));
    Some(Check::new("inventory", State::Warning, said).next("put these files right, or remove their folders"))
}

/// Subscriptions for projects that the inventory does not have.
fn conditions(context: &Context, store: &Store) -> Option<Check> {
    let mut doubts = Vec::new();
    for one in &context.config.subscriptions {
        let unknown = unknown_projects(store, &one.conditions()).ok()?;
        doubts.extend(unknown.into_iter().map(|what| format!("subscription {}: {what}", words::name(&one.name))));
    }
    let warning = || Check::new("projects of subscriptions", State::Warning, doubts.join("\n"));
    (!doubts.is_empty()).then(|| warning().next("`provwatch inventory list` shows the projects"))
}

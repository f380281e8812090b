//! The project that a command names.

use crate::{
    cli::exit::CliError,
    model::ProjectName,
    store::{ProjectRow, Store},
    strict_toml::did_you_mean,
};

/// A project of the inventory.
///
/// # Errors
/// It is not in the inventory; else as the store.
pub(in crate::cli) fn project(store: &Store, name: &ProjectName) -> Result<ProjectRow, CliError> {
    if let Some(project) = store.inventory_project(name.as_str())? {
        return Ok(project);
    }
    let all = store.inventory_projects()?;
    let meant = did_you_mean(name.as_str(), all.iter().map(|project| project.name.as_str()));
    let unknown = CliError::failed(format!("the inventory has no project {name}{meant}"));
    Err(unknown.next("`provwatch inventory list` shows all projects"))
}

//! `provwatch inventory remove`: removes a project; its past stays for questions.

use schemars::JsonSchema;
use serde::Serialize;

use super::named::project;
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        output::{self, Printing},
        words,
    },
    model::ProjectName,
};

/// Remove a project; its past stays for questions
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch inventory remove shop --dry-run
  provwatch inventory remove shop

The project uses nothing from now on. What it used stays for as long as [store] keep says, so that an incident still finds \
it. A project of [inventory] folder comes back while its folder is there.")]
pub struct Remove {
    /// The project
    #[arg(value_name = "NAME")]
    project: ProjectName,
    /// Only print what would change
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    printing: Printing,
}

/// A project that was removed, or would be.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Removed<'a> {
    project: &'a str,
    /// How many releases it used.
    releases: u64,
    dry_run: bool,
}

impl Remove {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let store = context.store_to_change()?;
        let known = project(&store, &self.project)?;
        if let Some(at) = known.removed_at {
            return Err(CliError::failed(format!("{} was removed at {}", self.project, words::moment(at))));
        }
        if !self.dry_run {
            store.remove_project(self.project.as_str(), Context::clock().now())?;
        }
        let (project, dry_run) = (self.project.as_str(), self.dry_run);
        let removed = Removed { project, releases: known.releases, dry_run };
        if self.printing.is_json() {
            output::json(&removed)?;
        } else {
            let done = if dry_run { "would be removed" } else { "is removed" };
            let releases = words::counted(known.releases, "release");
            output::line(format_args!("{project} {done}; it used {releases}."));
        }
        self.warn_of_the_folder(context);
        Ok(Exit::Clean)
    }

    /// The daemon would read it again.
    fn warn_of_the_folder(&self, context: &Context) {
        let Some(folder) = &context.config.inventory.folder else { return };
        let own = folder.join(self.project.as_str());
        if own.exists() {
            output::note(format_args!(
                "warning: the daemon reads {} and adds the project again; remove that folder too",
                own.display()
            ));
        }
    }
}

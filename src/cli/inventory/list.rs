//! `provwatch inventory list`: lists the projects and vendors.

use crate::{
    cli::{
        context::Context,
        exit::{Exit, Outcome},
        fact_table,
        output::{self, Printing},
        words::{self, NOTHING},
    },
    model::ProjectKind,
    store::ProjectRow,
};

/// List the projects and vendors
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch inventory list
  provwatch inventory list --kind vendor
  provwatch inventory list --owner payments --format json
  provwatch inventory list --all  # also those that were removed")]
pub struct List {
    /// Only of this kind: project or vendor
    #[arg(long, value_name = "KIND")]
    kind: Option<ProjectKind>,
    /// Only those that this team answers for
    #[arg(long, value_name = "TEAM")]
    owner: Option<String>,
    /// Also those that were removed
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    printing: Printing,
}

impl List {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let mut projects = context.store_to_read()?.inventory_projects()?;
        let is_filtered = self.kind.is_some() || self.owner.is_some();
        projects.retain(|project| self.fits(project));
        if self.printing.is_json() {
            projects.iter().try_for_each(output::json)?;
        } else if projects.is_empty() && is_filtered {
            output::line("The inventory has no such project.");
        } else if projects.is_empty() {
            fact_table::say("The inventory is empty; `provwatch inventory add NAME FILE` stores what a project uses.");
        } else {
            print(&projects);
        }
        Ok(Exit::Clean)
    }

    fn fits(&self, project: &ProjectRow) -> bool {
        (self.all || project.removed_at.is_none())
            && self.kind.is_none_or(|kind| kind == project.kind)
            && self.owner.as_ref().is_none_or(|owner| project.owner.as_ref() == Some(owner))
    }
}

fn print(projects: &[ProjectRow]) {
    let mut table = output::table(["NAME", "KIND", "OWNER", "RELEASES", "CHANGED (UTC)", "UPLOADED (UTC)"]);
    for project in projects {
        let removed = project.removed_at.map(|at| format!("removed {}", words::minute(at)));
        table.add_row([
            words::name(&project.name),
            project.kind.to_string(),
            project.owner.as_ref().map_or_else(|| NOTHING.to_owned(), words::name),
            project.releases.to_string(),
            words::minute(project.changed_at),
            removed.unwrap_or_else(|| words::minute(project.uploaded_at)),
        ]);
    }
    output::print(&table);
}

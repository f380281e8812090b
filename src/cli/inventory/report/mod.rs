//! `provwatch inventory report`: how many of the used packages have evidence, by project and month.

pub(in crate::cli) mod figures;
mod months;
mod print;
mod spans;

use self::{figures::Around, months::Months};
use super::{named::project, open_alerts::open_alerts, ranks::Ranks, unwatched::watchlist};
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        output::{self, Printing},
    },
    model::{ProjectKind, ProjectName},
    store::{ProjectRow, Store},
};

/// Most months of a report.
const MOST_MONTHS: u32 = 120;

/// Show how many of the used packages have evidence, by project and month
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch inventory report
  provwatch inventory report shop --months 12
  provwatch inventory report --kind vendor
  provwatch inventory report --format json

The report counts packages, each once: one has evidence if every release of it that the project locks has verified provenance \
or comes from a trusted publisher. Of the watchlist, the newest release of each package counts. A package gains or loses \
evidence when it has evidence after a month and not before, or the reverse. Of packages that are not watched the evidence \
is not known.")]
pub struct Report {
    /// Only these projects [default: all, and the watchlist]
    #[arg(value_name = "NAME")]
    projects: Vec<ProjectName>,
    /// Only projects of this kind: project or vendor
    #[arg(long, value_name = "KIND")]
    kind: Option<ProjectKind>,
    /// How many months to show, this one included
    #[arg(long, value_name = "COUNT", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_MONTHS)))]
    months: u32,
    #[command(flatten)]
    printing: Printing,
}

impl Report {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let (store, now) = (context.store_to_read()?, Context::clock().now());
        let around = Around {
            store: &store,
            watchlist: watchlist(context),
            alerts: open_alerts(&store, now)?,
            months: Months::before(now, self.months),
        };
        let mut ranks = Ranks::of(&store);
        let mut all = Vec::new();
        for project in self.chosen(&store)? {
            all.push(around.of_project(&project, &mut ranks)?);
        }
        if self.projects.is_empty() && self.kind.is_none() {
            all.push(around.of_watchlist(&mut ranks)?);
        }
        if self.printing.is_json() {
            all.iter().try_for_each(output::json)?;
        } else {
            print::print(&all);
        }
        Ok(Exit::Clean)
    }

    fn chosen(&self, store: &Store) -> Result<Vec<ProjectRow>, CliError> {
        let mut projects = match self.projects.as_slice() {
            [] => store.inventory_projects()?,
            names => names.iter().map(|name| project(store, name)).collect::<Result<_, _>>()?,
        };
        projects.retain(|project| project.removed_at.is_none() && self.kind.is_none_or(|kind| kind == project.kind));
        Ok(projects)
    }
}

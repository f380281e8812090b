//! `provwatch inventory report`: how many of the used packages have evidence, by project and month.

pub(in crate::cli) mod line;
mod print;

use chrono::{DateTime, Utc};

use self::line::Line;
use super::{named::project, unwatched::watchlist};
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        output::{self, Printing},
    },
    figures::{Counting, is_current},
    model::{ProjectKind, ProjectName},
    store::{FiguresRow, ProjectRow, Store, StoredFigures},
    watchlist::Watchlist,
};

/// Most months of a report.
const MOST_MONTHS: u32 = 120;

/// Show how many of the used packages have evidence, by project and month
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch inventory report
  provwatch inventory report shop --months 12
  provwatch inventory report --kind vendor --recount
  provwatch inventory report --format json

The report counts packages, each once: one has evidence if every release of it that the project locks has verified provenance \
or comes from a trusted publisher. Of the watchlist, the newest release of each package counts. A package gains or loses \
evidence when it has evidence after a month and not before, or the reverse. Of packages that are not watched the evidence \
is not known.

The report has the figures that the daemon counted last, at most a day ago and after the last upload. What the daemon has not \
counted is counted at once, and with --recount everything.")]
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
    /// Count now, whatever the daemon counted
    #[arg(long)]
    recount: bool,
    #[command(flatten)]
    printing: Printing,
}

impl Report {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let (store, now) = (context.store_to_read()?, Context::clock().now());
        let projects = self.chosen(&store)?;
        let with_watchlist = self.projects.is_empty() && self.kind.is_none();
        let subjects: Vec<_> = projects.iter().map(Some).chain(with_watchlist.then_some(None)).collect();
        let lines = self.lines(&store, &watchlist(context), &subjects, now)?;
        if self.printing.is_json() {
            lines.iter().try_for_each(output::json)?;
        } else {
            print::print(&lines, now);
        }
        Ok(Exit::Clean)
    }

    fn lines(
        &self,
        store: &Store,
        watchlist: &Watchlist,
        subjects: &[Option<&ProjectRow>],
        now: DateTime<Utc>,
    ) -> Result<Vec<Line>, CliError> {
        let stored = if self.recount { StoredFigures::default() } else { store.stored_figures()? };
        let mut counting = None;
        let mut lines = Vec::new();
        for of in subjects {
            let current = stored.of(*of).filter(|row| is_current(row, *of, now));
            let of_months =
                |row: &FiguresRow| Some((row.figures.clone().of_months(self.months as usize)?, row.counted_at));
            let (figures, counted_at) = if let Some(current) = current.and_then(of_months) {
                current
            } else {
                let counting = match &mut counting {
                    Some(counting) => counting,
                    none => none.insert(Counting::at(now, self.months, store, watchlist)?),
                };
                (counting.count(*of)?, now)
            };
            lines.push(Line::of(*of, figures, counted_at));
        }
        Ok(lines)
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

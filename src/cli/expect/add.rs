//! `provwatch expect add`: announces a planned change of a package.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    cli::{
        callable::callable,
        context::Context,
        exit::{CliError, Exit, Outcome},
        operator::Author,
        output::{self, Printing},
        reason::reason,
        target,
        when::{End, When, when},
        words, wrap,
    },
    model::{Aspect, ChangeKind, Demand, ExpectedChange, Package, named_repository},
    text::shell_word,
};

/// Announce a planned change of a package
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "\
provwatch expect add [OPTIONS] --reason <REASON> \\
           <--until <TIME>|--for <PERIOD>> \\
           <--repository|--workflow|--publisher|--manual> <WHAT> <PURL>",
    after_help = "\
Examples:
  provwatch expect add pkg:npm/widget --repository github.com/acme/widget \\
      --for 14d --reason 'moves into the organization'
  provwatch expect add pkg:npm/widget --workflow .github/workflows/publish.yml \\
      --for 7d --reason 'PR 812'
  provwatch expect add pkg:npm/widget --publisher grace --for 30d \\
      --reason 'new maintainer, met in person'
  provwatch expect add pkg:npm/widget --manual ada --for 2d \\
      --reason 'the workflow is broken, ada publishes by hand'

An announcement lasts at most 180 days. A change that fits it in its time is only informational, and becomes normal. provwatch judges everything \
else about the release as always: another repository than the announced one, a missing tag, a new install script."
)]
pub struct Add {
    /// The package
    #[arg(value_name = "PURL", value_parser = target::all_of_package)]
    package: Package,
    #[command(flatten)]
    what: What,
    /// The time from which provwatch expects the change: 2026-12-24, 2026-12-24T08:00:00Z, or 7d from now [default: now]
    #[arg(long, value_name = "TIME", value_parser = when)]
    from: Option<When>,
    #[command(flatten)]
    end: End,
    /// The reason, for later readers
    #[arg(long, value_parser = reason)]
    reason: String,
    #[command(flatten)]
    author: Author,
    #[command(flatten)]
    printing: Printing,
}

/// What changes: exactly one.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct What {
    /// This repository will build the package
    #[arg(long, value_name = "HOST/OWNER/NAME", value_parser = repository)]
    repository: Option<String>,
    /// This workflow file of its repository will build the package
    #[arg(long, value_name = "PATH", value_parser = workflow)]
    workflow: Option<String>,
    /// This account will publish the package
    #[arg(long, value_name = "ACCOUNT")]
    publisher: Option<String>,
    /// This account will publish the package by hand, with a token
    #[arg(long, value_name = "ACCOUNT")]
    manual: Option<String>,
}

/// Longest time in which a change is expected: a longer change is a habit.
const LONGEST: TimeDelta = TimeDelta::days(180);

/// The end of the time in which a change is expected.
fn end(end: End, from: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>, CliError> {
    let until = end.required(from, "an announcement")?;
    if until <= from || until <= now {
        return Err(CliError::usage(format!("the announcement would have ended at {}", words::moment(until))));
    }
    if until - from > LONGEST {
        return Err(CliError::usage(format!("an announcement lasts at most {}d", LONGEST.num_days())));
    }
    Ok(until)
}

/// `Announcement 1: grace may publish pkg:npm/widget until 2026-12-24 08:00 UTC.`
fn announced(expected: &ExpectedChange) -> String {
    let ExpectedChange { id, package, change, from, until, created_at, .. } = expected;
    let package = words::name(package);
    let what = match change {
        ChangeKind::Repository(name) => format!("the repository {} may build {package}", words::name(name)),
        ChangeKind::Workflow(path) => format!("the workflow {} may build {package}", words::name(path)),
        ChangeKind::Publisher(name) => format!("{} may publish {package}", words::name(name)),
        ChangeKind::Manual(name) => format!("{} may publish {package} by hand", words::name(name)),
    };
    let from = if from > created_at { format!(" from {}", words::moment(*from)) } else { String::new() };
    format!("Announcement {id}: {what}{from} until {}.", words::moment(*until))
}

fn repository(text: &str) -> Result<String, String> {
    let plain = text.split_once("://").map_or(text, |(_, rest)| rest);
    let named = named_repository(&format!("https://{plain}"));
    named.ok_or_else(|| "expected a host, an owner and a name: github.com/acme/widget".to_owned())
}

fn workflow(text: &str) -> Result<String, String> {
    let is_file = [".yml", ".yaml"].iter().any(|ending| text.len() > ending.len() && text.ends_with(ending));
    let expected = "expected a file of the repository: .github/workflows/release.yml, .gitlab-ci.yml";
    let fits = is_file && Demand::Workflows.refuses(text).is_none() && !text.contains('@');
    if fits { Ok(text.to_owned()) } else { Err(expected.to_owned()) }
}

impl What {
    fn change(&self) -> Option<ChangeKind> {
        let repository = self.repository.clone().map(ChangeKind::Repository);
        let workflow = self.workflow.clone().map(ChangeKind::Workflow);
        let publisher = self.publisher.clone().map(ChangeKind::Publisher);
        repository.or(workflow).or(publisher).or_else(|| self.manual.clone().map(ChangeKind::Manual))
    }
}

impl Add {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let change = self.what.change().ok_or_else(|| CliError::usage("say what changes"))?;
        let ecosystem = self.package.ecosystem();
        if !ecosystem.tells(Aspect::Account) && matches!(change, ChangeKind::Publisher(_) | ChangeKind::Manual(_)) {
            let why = format!("{} does not say who publishes", ecosystem.title());
            return Err(CliError::usage(why).next("announce --workflow or --repository"));
        }
        let now = Context::clock().now();
        let from = self.from.map_or(now, |from| from.ahead(now));
        let until = end(self.end, from, now)?;
        let mut expected = ExpectedChange {
            id: 0,
            package: self.package.clone(),
            change,
            from,
            until,
            by: self.author.name(),
            reason: self.reason.clone(),
            created_at: now,
            removed: None,
        };
        expected.id = context.store_to_change()?.expect_change(&expected)?;
        self.warn_if_unwatched(context);
        if self.printing.is_json() {
            output::json(&expected)?;
        } else {
            output::line(wrap::paragraphs(&announced(&expected), wrap::width(), ""));
        }
        Ok(Exit::Clean)
    }

    /// The announcement is accepted although the watchlist cannot be read.
    fn warn_if_unwatched(&self, context: &Context) {
        if context.watchlist().is_ok_and(|watchlist| watchlist.matches(&self.package).is_none()) {
            let package = &self.package;
            let add = callable(&format!("provwatch watch add {}", shell_word(&package.to_string())));
            output::note(format_args!(
                "warning: {package} is not watched, so nothing of it is judged; `{add}` changes that"
            ));
        }
    }
}

//! `provwatch inventory diff`: shows the releases that a project gained and lost.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::named::project;
use crate::{
    cli::{
        context::Context,
        exit::{Exit, Outcome},
        output::{self, Printing},
        when::{When, when},
        words::{self, NOTHING},
    },
    model::{Package, ProjectName, Use},
    store::Which,
};

/// Show the releases that a project gained and lost
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch inventory diff shop
  provwatch inventory diff shop --since 2026-03-01
  provwatch inventory diff shop --since 7d --format json")]
pub struct Diff {
    /// The project
    #[arg(value_name = "NAME")]
    project: ProjectName,
    /// Since when: 2026-03-01, 2026-03-01T08:00:00Z, or 7d ago
    #[arg(long, value_name = "TIME", value_parser = when, default_value = "30d")]
    since: When,
    #[command(flatten)]
    printing: Printing,
}

/// A package that a project began to use, ended to use, or uses in another version.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(in crate::cli) struct Change {
    /// When provwatch learned of it.
    at: DateTime<Utc>,
    project: String,
    package: Package,
    /// The version before; missing: the package was not used, or another version of it stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// The version after.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

impl Diff {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let store = context.store_to_read()?;
        let known = project(&store, &self.project)?;
        let since = self.since.ago(Context::clock().now());
        let changes = changes(store.uses_of_project(&known.name, Which::ChangedSince(since))?, since);
        if self.printing.is_json() {
            changes.iter().try_for_each(output::json)?;
        } else if changes.is_empty() {
            output::line(format_args!("{}: no change since {}.", known.name, words::moment(since)));
        } else {
            print(&changes);
        }
        Ok(Exit::Clean)
    }
}

/// The changes since a time, the latest first. What ends and begins at once is one change.
fn changes(uses: Vec<Use>, since: DateTime<Utc>) -> Vec<Change> {
    let mut at_once = BTreeMap::<(DateTime<Utc>, String, Package), (Vec<String>, Vec<String>)>::new();
    for one in uses {
        let version = one.release.version();
        let key = |at: DateTime<Utc>| (at, one.project.clone(), one.release.package().clone());
        if let Some(until) = one.until.filter(|until| *until >= since) {
            at_once.entry(key(until)).or_default().0.push(version.to_owned());
        }
        if one.since >= since {
            at_once.entry(key(one.since)).or_default().1.push(version.to_owned());
        }
    }
    let mut changes = Vec::new();
    for ((at, project, package), (gone, new)) in at_once.into_iter().rev() {
        let (mut gone, mut new) = (gone.into_iter(), new.into_iter());
        loop {
            let (from, to) = (gone.next(), new.next());
            if from.is_none() && to.is_none() {
                break;
            }
            changes.push(Change { at, project: project.clone(), package: package.clone(), from, to });
        }
    }
    changes
}

fn print(changes: &[Change]) {
    let mut table = output::table(["AT (UTC)", "PACKAGE", "FROM", "TO"]);
    let version = |version: &Option<String>| version.as_ref().map_or_else(|| NOTHING.to_owned(), words::name);
    for change in changes {
        table.add_row([
            words::minute(change.at),
            words::name(&change.package),
            version(&change.from),
            version(&change.to),
        ]);
    }
    output::print(&table);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DependencyScope, ProjectKind};

    fn day(day: u32) -> DateTime<Utc> {
        format!("2026-03-{day:02}T12:00:00Z").parse().unwrap()
    }

    fn used(release: &str, from: u32, until: Option<u32>) -> Use {
        Use {
            project: "shop".to_owned(),
            kind: ProjectKind::Project,
            owner: None,
            release: release.parse().unwrap(),
            scope: DependencyScope::Required,
            depth: None,
            through: None,
            since: day(from),
            until: until.map(day),
            vex: None,
            reachability: None,
        }
    }

    #[test]
    fn what_ends_and_begins_at_once_is_one_change() {
        let uses = vec![
            used("pkg:npm/a@1.0.0", 1, Some(5)),
            used("pkg:npm/a@1.1.0", 5, None),
            used("pkg:npm/b@1.0.0", 6, None),
            used("pkg:npm/c@1.0.0", 2, Some(7)),
            used("pkg:npm/d@1.0.0", 1, None),
        ];
        let told = |change: &Change| {
            let version = |one: &Option<String>| one.clone().unwrap_or_default();
            format!(
                "{} {} {}>{}",
                change.at.format("%d"),
                change.package.name(),
                version(&change.from),
                version(&change.to)
            )
        };
        let changes: Vec<String> = changes(uses, day(3)).iter().map(told).collect();
        assert_eq!(changes, ["07 c 1.0.0>", "06 b >1.0.0", "05 a 1.0.0>1.1.0"]);
    }
}

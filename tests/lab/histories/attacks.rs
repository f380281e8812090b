//! Attacks on synthetic projects: their kinds, and what the attacker publishes.

use chrono::TimeDelta;
use provwatch::model::Observation;

use super::{Draft, Project, Style, person};

/// What an attacker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// Publishes with the maintainer's own token.
    Token,
    /// The same, and two old lines as well, and an install script.
    TokenEverywhere,
    /// Publishes with the account of somebody who never published this package.
    Stranger,
    /// Pushes a branch with a workflow of the same name.
    OwnBranch,
    /// Pushes a branch with a workflow of his own.
    OwnWorkflow,
    /// Publishes from a fork of the project.
    Fork,
    /// Takes a run of the real workflow over: two versions, no tag, a failed run.
    HijackedRun,
    /// Pushes to the real branch with a stolen token.
    MaliciousCommit,
}

impl Attack {
    pub const ALL: [Self; 8] = [
        Self::Token,
        Self::TokenEverywhere,
        Self::Stranger,
        Self::OwnBranch,
        Self::OwnWorkflow,
        Self::Fork,
        Self::HijackedRun,
        Self::MaliciousCommit,
    ];

    /// Whether it makes sense against a style.
    pub fn suits(self, style: Style) -> bool {
        match self {
            Self::Token | Self::TokenEverywhere | Self::Stranger => true,
            _ => style.is_attested(),
        }
    }
}

impl Project {
    /// What the attacker publishes, some days after the last release.
    pub fn attacked(&mut self, attack: Attack) -> Vec<Observation> {
        self.now += TimeDelta::days(9) + TimeDelta::hours(self.random.i64(0..24));
        self.version[2] += 1;
        let version = self.version_text();
        let draft = self.draft(&version);
        let mut draft = Draft { by_hand: None, attempt: 1, ..draft };
        if self.style == Style::Monorepo {
            draft.package = format!("@scope{}/part0", self.number);
        }
        self.next_run();
        match attack {
            Attack::Token => vec![self.with_token(&draft, 0)],
            Attack::Stranger => {
                self.people.push(person("mallory"));
                vec![self.with_token(&draft, self.people.len() - 1)]
            }
            Attack::TokenEverywhere => {
                let older = format!("{}.99.999", self.version[0].saturating_sub(1));
                let oldest = format!("{}.99.999", self.version[0].saturating_sub(2));
                let drafts = [older, oldest, version];
                let mut attacks = Vec::new();
                for (minutes, version) in (0..).step_by(4).zip(drafts) {
                    let at = draft.at + TimeDelta::minutes(minutes);
                    let mut one = self.with_token(&Draft { version, at, ..copy(&draft) }, 0);
                    if let Some(manifest) = &mut one.manifest {
                        manifest.install_scripts = Some(vec!["preinstall".to_owned()]);
                    }
                    attacks.push(one);
                }
                attacks
            }
            Attack::OwnBranch => {
                let reference = "refs/heads/fix-types".to_owned();
                vec![self.without_traces(&Draft { reference, merged: false, trigger: "push", ..draft })]
            }
            Attack::OwnWorkflow => {
                self.workflow = String::from("ci-test.yml");
                let reference = "refs/heads/oidc".to_owned();
                vec![self.without_traces(&Draft { reference, merged: false, trigger: "push", ..draft })]
            }
            Attack::Fork => {
                let parent = format!("{}/{}", self.owner, self.repository);
                (self.owner, self.number) = ("mallory".to_owned(), self.number + 50_000);
                let mut one = self.without_traces(&draft);
                one.facts.repository.as_mut().unwrap().fork = Some(true);
                one.facts.repository.as_mut().unwrap().fork_of = Some(parent);
                vec![one]
            }
            Attack::HijackedRun => {
                let first = self.without_traces(&draft);
                let mut second = first.clone();
                self.version[2] += 1;
                second.purl = second.purl.package().at(self.version_text());
                second.published_at += TimeDelta::minutes(7);
                let mut both = vec![first, second];
                for one in &mut both {
                    one.facts.run.as_mut().unwrap().conclusion = Some("failure".to_owned());
                }
                both
            }
            Attack::MaliciousCommit => {
                let mut one = self.observation(&draft);
                one.facts.commit.as_mut().unwrap().verified = Some(false);
                vec![one]
            }
        }
    }

    fn with_token(&mut self, draft: &Draft, person: usize) -> Observation {
        let mut one = self.without_traces(&Draft { by_hand: Some(person), ..copy(draft) });
        one.facts.run = None;
        one
    }

    /// Without tag and release, which only who keeps the repository can make.
    fn without_traces(&mut self, draft: &Draft) -> Observation {
        let mut one = self.observation(draft);
        one.facts.tag.as_mut().unwrap().exists = Some(false);
        one.facts.release.as_mut().unwrap().exists = Some(false);
        one
    }
}

fn copy(draft: &Draft) -> Draft {
    Draft {
        package: draft.package.clone(),
        version: draft.version.clone(),
        reference: draft.reference.clone(),
        ..*draft
    }
}

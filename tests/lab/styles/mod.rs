//! Thirty styles of releasing honestly, each as made-up projects. Everything follows from the seed.

mod files;
mod knowing;
mod moves;
mod observe;
mod people;
mod pipelines;
mod project;
mod robots;

pub use knowing::Knowing;
use project::Project;
use provwatch::model::Observation;

/// How many projects of each style there are.
pub const PROJECTS: u64 = 22;

/// A style of releasing.
pub struct Style {
    /// The name.
    pub name: &'static str,
    /// The change or habit, in words.
    pub story: &'static str,
    /// Releases a project of this style until it is done.
    live: fn(&mut Project),
}

impl Style {
    /// The releases of each project of the style, in publish order.
    pub fn projects(&self) -> Vec<Vec<Observation>> {
        let place = STYLES.iter().position(|style| style.name == self.name).unwrap();
        let first = 1_000 * u64::try_from(place + 1).unwrap();
        (first..first + PROJECTS).map(|number| self.project(number)).collect()
    }

    fn project(&self, number: u64) -> Vec<Observation> {
        let mut project = Project::new(number);
        (self.live)(&mut project);
        project.releases
    }
}

macro_rules! styles {
    ($($file:ident::$name:ident $story:literal;)*) => {
        /// Every style.
        pub const STYLES: &[Style] = &[$(Style { name: stringify!($name), story: $story, live: $file::$name },)*];
    };
}

styles! {
    moves::gitlab_to_github "moves repository and CI from GitLab to GitHub (PyPI)";
    moves::moved_into_monorepo "moves into another, older repository of the same owner";
    moves::transferred_to_org "transfers the repository to an organization";
    moves::org_rename "renames the organization";
    moves::private_then_public "opens a private repository";
    moves::master_to_main "renames the default branch";
    pipelines::circleci_moves "moves to CircleCI, which cannot attest";
    pipelines::environment_changes "renames, splits, adds or drops the deployment environment";
    pipelines::reusable_refactor "moves the release into a reusable workflow";
    pipelines::workflow_renamed "renames the workflow file";
    pipelines::runner_change "builds on other runners";
    pipelines::sometimes_dispatch "starts one release in eight by hand on the default branch";
    pipelines::tag_after_publish "pushes a quarter of the tags after the publication";
    pipelines::tag_style_change "changes the form of its tags";
    pipelines::lts_branches_unprotected "releases old lines from unprotected branches";
    robots::semantic_release "releases every merge by a bot";
    robots::changesets_monorepo "publishes changed packages of a monorepo by one run";
    robots::lerna_fixed_burst "publishes all packages of a monorepo with one version";
    robots::nightly_and_stable "publishes nightly builds beside stable releases";
    robots::splits_same_day_deps "splits a package, and depends on the parts the same day";
    people::pypi_twine_person "uploads with twine, and tags seven releases in ten";
    people::two_maintainers "has two maintainers who take turns";
    people::laptop_hotfix "publishes one release in fourteen from a laptop";
    people::prereleases_from_laptop "publishes pre-releases from a laptop";
    people::dormant_handover "sleeps for long, then has a new maintainer";
    people::tokens_then_tp "replaces tokens by trusted publishing";
    people::crates_token_to_tp "replaces tokens by trusted publishing (crates.io)";
    people::crates_owners_alternate "has crate owners who take turns";
    files::pypi_attestation_lost "loses attestations to a change of the upload tool (PyPI)";
    files::pypi_partial_files "attests all files but the wheels of one platform (PyPI)";
}

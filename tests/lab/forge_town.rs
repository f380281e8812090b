//! A pipeline over simulated registries, the API of a forge, and a server of Git.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use provwatch::{
    app::{App, Parts, assemble, client_over},
    clock::{Clock, ManualClock},
    http::{Request, Response, Transport, TransportError},
    model::{Alert, AlertKind, Severity},
    progress::NoProgress,
    store::{AlertFilter, ReleaseRow, Store},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    Publication, Workflow, World,
    forge::LabForge,
    git::{LabGit, LabRepository},
    rig::{CONFIG, START, config, folder, verifier, watchlist},
};

/// The registries of the world, and a forge beside them: its API, and its server of Git.
#[derive(Clone, Debug)]
pub struct Neighbours(pub World, pub LabForge, pub LabGit);

impl Transport for Neighbours {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        let path = request.url.path();
        if path.ends_with("/git-upload-pack") {
            self.2.exchange(request)
        } else if request.url.host_str() == Some("api.github.com") || path.starts_with("/api/v") {
            self.1.exchange(request)
        } else {
            self.0.exchange(request)
        }
    }
}

/// The head of the default branch before anything is released.
pub const FIRST: &str = "0000000000000000000000000000000000000001";

/// A pipeline with a forge.
pub struct ForgeTown {
    pub world: World,
    pub forge: LabForge,
    pub git: LabGit,
    pub clock: Arc<ManualClock>,
    pub app: App,
    config: String,
    watched: String,
    folder: TempDir,
}

impl ForgeTown {
    /// Nothing was published yet; `forges` is what the configuration says of them, `FOLDER` the folder of the token.
    pub fn founded(forges: &str, packages: &[&str]) -> Self {
        Self::watching(forges, format!("packages = {packages:?}"))
    }

    /// The same with a whole watchlist.
    pub fn watching(forges: &str, watched: String) -> Self {
        let folder = folder();
        std::fs::write(folder.path().join("token"), "secret").unwrap();
        let forges = format!("[forges]\n{}\n", forges.replace("FOLDER", folder.path().to_str().unwrap()));
        let config = CONFIG.replace("[forges]\nenabled = false\n", &forges);
        let neighbours = Neighbours(World::new(), LabForge::default(), LabGit::default());
        let clock = Arc::new(ManualClock::at_text(START));
        let app = app(&config, &watched, &neighbours, &clock, &folder);
        let Neighbours(world, forge, git) = neighbours;
        Self { world, forge, git, clock, app, config, watched, folder }
    }

    /// Another process takes over: nothing is left but the store.
    #[must_use]
    pub fn restarted(self) -> Self {
        let Self { world, forge, git, clock, app, config, watched, folder } = self;
        drop(app);
        let neighbours = Neighbours(world.clone(), forge.clone(), git.clone());
        let app = self::app(&config, &watched, &neighbours, &clock, &folder);
        Self { world, forge, git, clock, app, config, watched, folder }
    }

    /// A year of releases of a package, and the pass that learns from them.
    pub async fn with_history(self, package: &str, publication: &Publication) -> Self {
        for number in 0..12 {
            let at = self.now() - TimeDelta::days(30 * (12 - number));
            self.world.publish_npm(package, &format!("1.0.{number}"), &publication.clone().at(at));
        }
        self.app.pass().await.unwrap();
        self
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Publishes a version of a package now, and makes a pass.
    pub async fn publish(&self, package: &str, version: &str, publication: &Publication) {
        self.world.publish_npm(package, version, &publication.clone().at(self.now()));
        self.app.pass().await.unwrap();
    }

    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Makes a pass after so many minutes.
    pub async fn after(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
        self.app.pass().await.unwrap();
    }

    pub fn row(&self, release: &str) -> ReleaseRow {
        let release = format!("pkg:npm/{release}").parse().unwrap();
        self.app.store.release(&release).unwrap().unwrap()
    }

    /// The alerts about releases.
    pub fn alerts(&self) -> Vec<Alert> {
        let mut alerts = self.app.store.alerts(&AlertFilter::default()).unwrap();
        alerts.retain(|alert| alert.kind == AlertKind::Release);
        alerts
    }

    /// The severity of the alert about a release.
    pub fn severity(&self, release: &str) -> Option<Severity> {
        let release = format!("pkg:npm/{release}").parse().unwrap();
        let alert = self.alerts().into_iter().find(|alert| alert.purl.as_ref() == Some(&release));
        alert.map(|alert| alert.severity)
    }
}

/// A repository whose default branch is at a commit, and that tags the releases of [`ForgeTown::with_history`] and these.
pub fn tagged(head: &str, more: &[(&str, &str)]) -> LabRepository {
    let mut repository = LabRepository::new(head);
    for number in 0..12 {
        repository.tag(&format!("v1.0.{number}"), FIRST);
    }
    for (tag, commit) in more {
        repository.tag(tag, commit);
    }
    repository
}

/// The repository as GitHub's API has it, by the claims of a workflow.
pub fn described(workflow: &Workflow) -> Value {
    let id: u64 = workflow.claims.source_repository_identifier.as_ref().unwrap().parse().unwrap();
    json!({"id": id, "full_name": "acme/widget", "created_at": "2019-01-01T00:00:00Z", "default_branch": "main",
        "owner": {"id": 5}})
}

/// The commit of a workflow's build.
pub fn commit(workflow: &Workflow) -> &str {
    workflow.claims.source_repository_digest.as_deref().unwrap()
}

fn app(text: &str, watched: &str, neighbours: &Neighbours, clock: &Arc<ManualClock>, folder: &TempDir) -> App {
    let (config, clock): (_, Arc<dyn Clock>) = (config(text), Arc::clone(clock) as _);
    let parts = Parts {
        store: Arc::new(Store::open(&folder.path().join("provwatch.db")).unwrap()),
        watchlist: watchlist(watched),
        http: client_over(&config, Arc::new(neighbours.clone()), Arc::clone(&clock)).unwrap(),
        verifier: verifier(neighbours.0.lab()),
        clock,
        progress: Arc::new(NoProgress),
    };
    assemble(&config, parts).unwrap()
}

//! The usual releases of tests: by a workflow, by Ada with her token, and by Mallory.

use super::START;
use crate::lab::{By, Publication, Workflow};

/// The usual workflow of `acme/<name>`.
pub fn workflow(name: &str) -> Workflow {
    Workflow::github(&format!("acme/{name}"), "release.yml", "refs/heads/main")
}

/// A trusted publisher's release.
pub fn by_workflow(workflow: &Workflow) -> Publication {
    Publication::workflow(START, workflow)
}

/// Ada's release with a token.
pub fn by_ada() -> Publication {
    Publication::token(START, "ada", "ada@example.org")
}

/// A stranger's release with a token.
pub fn by_mallory() -> Publication {
    Publication::token(START, "mallory", "mallory@example.net")
}

/// Ada's release with a token, attested by a workflow.
pub fn by_ada_attested(workflow: &Workflow) -> Publication {
    let by = By::TokenWithProvenance {
        name: "ada".to_owned(),
        email: "ada@example.org".to_owned(),
        workflow: Box::new(workflow.clone()),
    };
    Publication { by, ..by_ada() }
}

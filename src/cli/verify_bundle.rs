#[derive(Debug, clap::Args)]
pub struct VerifyBundle {}

impl VerifyBundle {
    pub fn run(&self) -> super::exit::Outcome {
        Err(super::exit::Failure::failed("not built yet"))
    }
}

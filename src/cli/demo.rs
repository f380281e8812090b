#[derive(Debug, clap::Args)]
pub struct Demo {}

impl Demo {
    pub fn run(&self) -> super::exit::Outcome {
        Err(super::exit::Failure::failed("not built yet"))
    }
}

#[derive(Debug, clap::Args)]
pub struct Replay {}

impl Replay {
    pub fn run(&self) -> super::exit::Outcome {
        Err(super::exit::Failure::failed("not built yet"))
    }
}

#[derive(Debug, clap::Args)]
pub struct Timeline {}

impl Timeline {
    pub fn run(&self, _config: Option<&std::path::Path>) -> super::exit::Outcome {
        Err(super::exit::Failure::failed("not built yet"))
    }
}

#[derive(Debug, clap::Args)]
pub struct Lookup {}

impl Lookup {
    pub fn run(&self, _config: Option<&std::path::Path>) -> super::exit::Outcome {
        Err(super::exit::Failure::failed("not built yet"))
    }
}

#[derive(Debug, clap::Subcommand)]
pub enum Alerts {
    /// Stub
    List,
}

impl Alerts {
    pub fn run(&self, _config: Option<&std::path::Path>) -> super::exit::Outcome {
        Err(super::exit::Failure::failed("not built yet"))
    }
}

#[derive(Debug, clap::Subcommand)]
pub enum Watch {
    /// Stub
    List,
}

impl Watch {
    pub fn run(&self, _config: Option<&std::path::Path>) -> super::exit::Outcome {
        Err(super::exit::Failure::failed("not built yet"))
    }
}

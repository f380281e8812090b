#[derive(Debug, clap::Subcommand)]
pub enum Detectors {
    /// Stub
    List,
}

impl Detectors {
    pub fn run(&self) -> super::exit::Outcome {
        Err(super::exit::Failure::failed("not built yet"))
    }
}

/// Stub.
#[derive(Debug)]
pub struct CargoFeed;
/// Stub.
#[derive(Debug)]
pub struct CargoRegistry;

/// Stub.
#[derive(Debug)]
pub struct PypiFeed;
/// Stub.
#[derive(Debug)]
pub struct PypiRegistry;

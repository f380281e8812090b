/// Stub.
#[derive(Debug)]
pub struct NpmFeed;
/// Stub.
#[derive(Debug)]
pub struct NpmRegistry;

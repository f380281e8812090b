//! The result of a pass over queues.

/// The result of a pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Deliveries that were accepted.
    pub delivered: usize,
    /// Deliveries that failed and will be tried again.
    pub retried: usize,
    /// Deliveries that will not be tried again, for any reason.
    pub given_up: usize,
    /// Due deliveries that were left for the next pass, because the sink failed repeatedly or requested a pause.
    pub left: usize,
    /// Subscriptions whose endpoint reported that it is permanently gone: it is disabled, and their alerts wait until an
    /// operator acts.
    pub gone: Vec<String>,
}

impl Summary {
    /// Adds the result of another sink's pass.
    pub fn add(&mut self, other: Self) {
        self.delivered += other.delivered;
        self.retried += other.retried;
        self.given_up += other.given_up;
        self.left += other.left;
        self.gone.extend(other.gone);
    }
}

//! When each alert was raised, and when each receiver got it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// A text that is in every message about an alert, and in no other.
pub fn token(number: usize) -> String {
    format!("bench-{number:04}")
}

/// The times of all alerts and messages.
#[derive(Clone, Default)]
pub struct Arrivals {
    raised: Arc<Mutex<BTreeMap<usize, Instant>>>,
    arrived: Arc<Mutex<BTreeMap<(String, usize), Instant>>>,
}

/// Notes what one receiver gets.
#[derive(Clone)]
pub struct Inbox {
    name: String,
    arrivals: Arrivals,
}

impl Inbox {
    /// Notes the alert that a message is about. The first message counts.
    pub fn got(&self, message: &[u8]) {
        let now = Instant::now();
        let text = String::from_utf8_lossy(message);
        let Some((_, rest)) = text.split_once("bench-") else { return };
        let Some(Ok(number)) = rest.get(..4).map(str::parse) else { return };
        self.arrivals.arrived.lock().unwrap().entry((self.name.clone(), number)).or_insert(now);
    }
}

impl Arrivals {
    /// The inbox of a receiver.
    pub fn of(&self, name: &str) -> Inbox {
        Inbox { name: name.to_owned(), arrivals: self.clone() }
    }

    /// An alert is raised now.
    pub fn raised(&self, number: usize) {
        self.raised.lock().unwrap().insert(number, Instant::now());
    }

    /// How many different alerts a receiver got.
    pub fn count(&self, name: &str) -> usize {
        self.arrived.lock().unwrap().keys().filter(|(to, _)| to == name).count()
    }

    /// From the alert to the receiver, for each alert that it got.
    pub fn delays(&self, name: &str) -> Vec<Duration> {
        let (raised, arrived) = (self.raised.lock().unwrap(), self.arrived.lock().unwrap());
        let of_it = arrived.iter().filter(|((to, _), _)| to == name);
        of_it.filter_map(|((_, number), at)| Some(at.duration_since(*raised.get(number)?))).collect()
    }
}

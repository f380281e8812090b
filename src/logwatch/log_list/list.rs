//! The list of followed logs: those of the current trust root, and those of the configuration.

use std::sync::Arc;

use super::{followed::FollowedLog, making::LogMaker, trusted::TrustedLogs};
use crate::logwatch::settings::LogSettings;

/// The logs to follow.
#[derive(Debug)]
pub struct LogList {
    pub settings: Arc<LogSettings>,
    pub maker: Arc<LogMaker>,
    pub trusted: Arc<TrustedLogs>,
}

impl LogList {
    /// The logs to follow now. Of two with the same name the configuration's counts, and a log that the configuration
    /// names twice has a mirror; one with an unusable key is left out and reported.
    pub fn followed(&self) -> Vec<Arc<FollowedLog>> {
        let mut followed: Vec<FollowedLog> = Vec::new();
        for instance in self.settings.instances.iter().cloned().chain(self.trusted.instances()) {
            let log = match self.maker.make(&instance) {
                Ok(log) => log,
                Err(error) => {
                    tracing::error!("a log is not followed: {error}");
                    continue;
                }
            };
            match followed.iter_mut().find(|other| other.name() == log.name()) {
                None => followed.push(log),
                Some(first) if log.is_mirror_of(first) => first.mirrors.push(Arc::new(log)),
                Some(_) => {}
            }
        }
        followed.into_iter().map(Arc::new).collect()
    }

    /// The log of that name, or the one that a tree of that name belongs to, as far as names are known.
    /// [`super::Recognizer::named`] sends requests.
    pub fn of_tree(&self, name: &str) -> Option<Arc<FollowedLog>> {
        self.followed().into_iter().find(|log| log.has_tree(name))
    }
}

#[cfg(test)]
mod tests {
    use crate::logwatch::{
        lab::{Lab, instance},
        settings::LogSettings,
    };

    #[test]
    fn what_the_operator_names_twice_is_one_log_with_a_mirror() {
        let lab = Lab::new().with(|settings, log| {
            let urls = ["https://log.example/", "https://mirror.example/", "https://log.example/"];
            let instances = urls.map(|url| instance(log, url)).to_vec();
            LogSettings { instances, ..settings }
        });
        let list = lab.parts.listing().list;
        let followed = list.followed();
        assert_eq!(followed.iter().map(|log| log.mirrors.len()).collect::<Vec<_>>(), [1]);
        assert_eq!(followed[0].mirrors[0].url.as_str(), "https://mirror.example/");
        assert!(list.of_tree("log.example").is_some() && list.of_tree("log.example - 1").is_some());
        assert!(list.of_tree("other.example").is_none());
    }

    #[test]
    fn a_key_that_cannot_be_used_leaves_its_log_out_and_no_other() {
        let lab = Lab::new().with(|settings, log| {
            let mut broken = instance(log, "https://broken.example/");
            broken.spki.truncate(4);
            LogSettings { instances: vec![broken, instance(log, "https://log.example/")], ..settings }
        });
        assert_eq!(lab.parts.listing().list.followed().len(), 1);
    }
}

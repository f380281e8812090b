//! Finds the demands that watched packages never met, so that a policy that only warns stays visible.

use std::collections::HashMap;

use crate::{
    cli::{context::Context, output},
    detect::never_met,
    model::{Demand, EffectivePolicy, Package},
    store::{Store, StoreError},
    watchlist::{Reason, Watchlist},
};

/// The demands that packages never met, by the pattern that names the package.
pub(super) struct NeverMet(HashMap<String, Vec<&'static str>>);

impl NeverMet {
    /// Reads the baselines of packages whose policy has demands that a package may never have met. If the store is
    /// unreadable, the command still prints the watchlist.
    pub fn of(context: &Context, watchlist: &Watchlist) -> Self {
        let packages = watchlist.packages().filter_map(|(package, _)| Some((package, demanded(watchlist, package)?)));
        let packages: Vec<_> = packages.collect();
        if packages.is_empty() {
            return Self(HashMap::new());
        }
        let found = context.store_to_look().and_then(|store| Ok(read(&store, &packages)?));
        Self(found.unwrap_or_else(|failure| {
            output::note(format_args!(
                "The list cannot show demands that packages never met, because the store cannot be read: {failure}"
            ));
            HashMap::new()
        }))
    }

    /// The keys of the demands that the package of an entry never met.
    pub fn by(&self, reason: &Reason) -> &[&'static str] {
        self.0.get(&reason.pattern).map_or(&[], Vec::as_slice)
    }
}

fn demanded(watchlist: &Watchlist, package: &Package) -> Option<EffectivePolicy> {
    let can_be_missing = |effective: &EffectivePolicy| {
        effective.policy.has(Demand::Evidence) || effective.policy.has(Demand::Environments)
    };
    watchlist.policy(package).filter(can_be_missing)
}

/// A package without a learned release is left out: its demands may be met.
fn read(
    store: &Store,
    packages: &[(&Package, EffectivePolicy)],
) -> Result<HashMap<String, Vec<&'static str>>, StoreError> {
    let mut found = HashMap::new();
    for (package, effective) in packages {
        let Some(stored) = StoreError::unless_damaged(store.baseline(package))? else { continue };
        let is_known = stored.baseline.lines.values().any(|line| line.releases > 0);
        let unmet = never_met(&stored.baseline, effective);
        if is_known && !unmet.is_empty() {
            found.insert(package.to_string(), unmet.into_iter().map(Demand::key).collect());
        }
    }
    Ok(found)
}

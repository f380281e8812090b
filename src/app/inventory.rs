//! Builds the folder of lock files from `[inventory]`, and the registries behind the hosts in lock files.

use crate::{config::Config, inventory::Mirrors, upkeep::InventoryFolder};

/// The folder, if one is configured.
pub(crate) fn inventory_folder(config: &Config) -> Option<InventoryFolder> {
    Some(InventoryFolder { path: config.inventory.folder.clone()?, mirrors: mirrors(config) })
}

/// The registries that serve the URLs in lock files.
pub(crate) fn mirrors(config: &Config) -> Mirrors {
    let registries = &config.registries;
    let aliases = registries.aliases.iter();
    let aliases = aliases.flat_map(|(of, hosts)| hosts.iter().map(|host| (*of, host.as_str())));
    Mirrors::with(aliases).below(registries.mirrors()).beside(registries.others().map(|(key, _)| key))
}

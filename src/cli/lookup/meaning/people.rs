//! Accounts of registries, and e-mail addresses.

use super::{Meaning, Topic};
use crate::{
    cli::{context::Context, lookup::term::Account},
    model::{Ecosystem, RegistryKey},
    store::{Store, StoreError, Trace},
};

pub(super) fn publisher(context: &Context, read: Meaning, account: &Account) -> Meaning {
    let registries = registries(context, account);
    let read = read.being(format!("the account {}, as publisher or approver", title(account)), &[Topic::Accounts]);
    read.by(registries.iter().map(|registry| Trace::Publisher(registry, &account.name)))
}

pub(super) fn maintainer(context: &Context, read: Meaning, account: &Account) -> Meaning {
    let registries = registries(context, account);
    let read = read.being(format!("the account {}, among the maintainers", title(account)), &[Topic::Maintainers]);
    read.by(registries.iter().map(|registry| Trace::Maintainer(registry, &account.name)))
}

fn title(account: &Account) -> String {
    let at = account.ecosystem.map_or_else(|| "any registry".to_owned(), |one| one.title().to_owned());
    format!("{} at {at}", account.name)
}

/// The public registries, and those of the configuration.
fn registries(context: &Context, account: &Account) -> Vec<RegistryKey> {
    let public = Ecosystem::all().map(RegistryKey::from);
    let mut all: Vec<RegistryKey> = public.chain(context.config.registries.keys()).collect();
    all.sort();
    all.dedup();
    all.retain(|registry| account.ecosystem.is_none_or(|ecosystem| registry.ecosystem() == ecosystem));
    all
}

/// An address, and the pseudonyms that may stand for it.
pub(super) fn email(store: &Store, read: Meaning, address: &str) -> Result<Meaning, StoreError> {
    let addresses = store.addresses()?;
    let lower = address.to_lowercase();
    let spellings = [address, &*lower];
    let pseudonyms: Vec<String> = spellings.iter().filter_map(|spelling| addresses.pseudonym(spelling)).collect();
    let read = read.being(format!("the address {address}"), &[Topic::Addresses, Topic::Certificates]);
    let read = read.signed_by([Trace::Email(address)]);
    Ok(read.by(pseudonyms.iter().map(|pseudonym| Trace::Email(pseudonym))))
}

/// A domain, and what pseudonyms have of it.
pub(super) fn domain(store: &Store, read: Meaning, domain: &str) -> Result<Meaning, StoreError> {
    let of_host = store.addresses()?.of_host(domain);
    let read = read.being(format!("addresses at {domain}"), &[Topic::Addresses, Topic::Certificates]);
    let read = read.signed_by([Trace::EmailDomain(domain)]);
    Ok(read.by(of_host.iter().map(|host| Trace::EmailDomain(host))))
}

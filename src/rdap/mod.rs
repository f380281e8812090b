//! RDAP over HTTPS: finds out whether a domain is registered, and does nothing else of RDAP.
//!
//! IANA's bootstrap file (RFC 9224) names the RDAP server of a top-level domain, and that server answers the query
//! `domain/<name>` (RFC 7480, 9082, 9083): 200 with the domain, or 404 for a domain that it does not have. Everything else is
//! "unknown", with the reason, and never "free". A 404 counts only from a server that shows itself as an RDAP server, because
//! a web server that has taken its place answers 404 as well.
//!
//! [`registrable`] reduces the address of a person to the domain that a registrar sells; [`Rdap`] asks, and keeps each answer.

mod answer;
mod ask;
mod bootstrap;
mod mail_domain;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Registration};
pub use ask::{Answers, LIMITS, PUBLIC_BOOTSTRAP, Rdap};
pub use mail_domain::{NotRegistrable, registrable};

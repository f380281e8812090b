//! Distinguishes public IP addresses from special-purpose ones (RFC 6890 and its successors), by two tables of IANA.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of addresses: the first address, the length of the prefix in bits, the purpose of the block.
type Block<A> = (A, u32, &'static str);

const SPECIAL_V4: [Block<Ipv4Addr>; 15] = [
    (Ipv4Addr::UNSPECIFIED, 8, "an address of this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "a private address"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "an address behind a carrier's NAT"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "a loopback address"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "a link-local address"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "a private address"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "an address for protocol assignments"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "an address for documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a 6to4 relay's address"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "a private address"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "an address for benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "an address for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "an address for documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "a multicast address"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "a reserved address"),
];

const SPECIAL_V6: [Block<Ipv6Addr>; 10] = [
    (Ipv6Addr::UNSPECIFIED, 128, "the unspecified address"),
    (Ipv6Addr::LOCALHOST, 128, "a loopback address"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "an address for protocol assignments"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "an address for documentation"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "a 6to4 address"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "an address for documentation"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "a private address"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "a link-local address"),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, "a site-local address"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "a multicast address"),
];

/// The block of addresses that are routed globally (RFC 4291); everything outside is special.
const GLOBAL_UNICAST: Block<Ipv6Addr> = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3, "");
/// IPv4 addresses written as IPv6.
const IPV4_MAPPED: Block<Ipv6Addr> = (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, "");
/// IPv4 addresses behind a NAT64 (RFC 6052), which networks without IPv4 use for every IPv4 host.
const NAT64: Block<Ipv6Addr> = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, "");

/// The purpose of a special address; `None` for a public one. Addresses that contain an IPv4 address are judged by
/// that.
pub(super) fn special_use(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_use_v4(address),
        IpAddr::V6(address) => special_use_v6(address),
    }
}

fn special_use_v4(address: Ipv4Addr) -> Option<&'static str> {
    let holds = |(first, prefix, _): &Block<Ipv4Addr>| (address.to_bits() ^ first.to_bits()) >> (32 - prefix) == 0;
    SPECIAL_V4.iter().find(|block| holds(block)).map(|(_, _, purpose)| *purpose)
}

fn special_use_v6(address: Ipv6Addr) -> Option<&'static str> {
    let holds = |(first, prefix, _): &Block<Ipv6Addr>| (address.to_bits() ^ first.to_bits()) >> (128 - prefix) == 0;
    if holds(&IPV4_MAPPED) || holds(&NAT64) {
        let [.., a, b, c, d] = address.octets();
        return special_use_v4(Ipv4Addr::new(a, b, c, d));
    }
    let special = SPECIAL_V6.iter().find(|block| holds(block)).map(|(_, _, purpose)| *purpose);
    special.or_else(|| (!holds(&GLOBAL_UNICAST)).then_some("a reserved address"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn special_addresses_are_named() {
        let table = [
            ("0.0.0.0", "an address of this network"),
            ("10.255.255.255", "a private address"),
            ("100.64.0.1", "an address behind a carrier's NAT"),
            ("100.127.255.255", "an address behind a carrier's NAT"),
            ("127.0.0.1", "a loopback address"),
            ("127.255.255.254", "a loopback address"),
            ("169.254.169.254", "a link-local address"),
            ("172.16.0.1", "a private address"),
            ("172.31.255.255", "a private address"),
            ("192.0.0.8", "an address for protocol assignments"),
            ("192.0.2.1", "an address for documentation"),
            ("192.168.1.1", "a private address"),
            ("198.19.255.255", "an address for benchmarks"),
            ("203.0.113.9", "an address for documentation"),
            ("239.1.1.1", "a multicast address"),
            ("255.255.255.255", "a reserved address"),
            ("::", "the unspecified address"),
            ("::1", "a loopback address"),
            ("::127.0.0.1", "a reserved address"),
            ("::ffff:127.0.0.1", "a loopback address"),
            ("::ffff:169.254.169.254", "a link-local address"),
            ("64:ff9b::10.0.0.1", "a private address"),
            ("64:ff9b:1::1", "a reserved address"),
            ("100::1", "a reserved address"),
            ("2001::1", "an address for protocol assignments"),
            ("2001:db8::1", "an address for documentation"),
            ("2002:7f00:1::", "a 6to4 address"),
            ("3fff::1", "an address for documentation"),
            ("fd00:ec2::254", "a private address"),
            ("fe80::1", "a link-local address"),
            ("fec0::1", "a site-local address"),
            ("ff02::1", "a multicast address"),
        ];
        for (address, purpose) in table {
            assert_eq!(special_use(address.parse().unwrap()), Some(purpose), "{address}");
        }
    }

    #[test]
    fn neighbours_of_special_blocks_are_public() {
        let public = [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::1",
            "2606:4700::1111",
            "2a00::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
        ];
        for address in public {
            assert_eq!(special_use(address.parse().unwrap()), None, "{address}");
        }
    }

    proptest! {
        #[test]
        fn an_ipv4_address_is_judged_alike_in_every_notation(bits: u32) {
            let plain = Ipv4Addr::from_bits(bits);
            let mapped = IpAddr::V6(plain.to_ipv6_mapped());
            prop_assert_eq!(special_use(mapped), special_use(IpAddr::V4(plain)));
        }

        #[test]
        fn what_std_calls_private_or_local_is_never_public(bits: u32) {
            let address = Ipv4Addr::from_bits(bits);
            let local = address.is_private() || address.is_loopback() || address.is_link_local()
                || address.is_multicast() || address.is_broadcast() || address.is_documentation();
            prop_assert!(!local || special_use(IpAddr::V4(address)).is_some());
        }
    }
}

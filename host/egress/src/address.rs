//! The address policy: which addresses nobody is led to by a name.
//!
//! The lists follow the registries of special-purpose addresses (RFC 6890, IANA), and add what clouds answer their
//! machines' credentials on. Networks for documentation are not refused: nobody is there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

const METADATA: &str = "a cloud's metadata service";

/// The narrow before the wide: the first that fits gives the reason.
const REFUSED_V4: [(Ipv4Net, &str); 18] = [
    (v4([169, 254, 169, 254], 32), METADATA),
    (v4([100, 100, 100, 200], 32), METADATA),
    (v4([168, 63, 129, 16], 32), METADATA),
    (v4([192, 0, 0, 192], 32), METADATA),
    (v4([0, 0, 0, 0], 32), "the unspecified address"),
    (v4([255, 255, 255, 255], 32), "the broadcast address"),
    (v4([0, 0, 0, 0], 8), "an address of this network (RFC 791)"),
    (v4([10, 0, 0, 0], 8), "a private address (RFC 1918)"),
    (v4([100, 64, 0, 0], 10), "an address behind a carrier's translator (RFC 6598)"),
    (v4([127, 0, 0, 0], 8), "a loopback address"),
    (v4([169, 254, 0, 0], 16), "a link-local address (RFC 3927)"),
    (v4([172, 16, 0, 0], 12), "a private address (RFC 1918)"),
    (v4([192, 0, 0, 0], 24), "an address for protocols (RFC 6890)"),
    (v4([192, 88, 99, 0], 24), "a 6to4 relay (RFC 7526)"),
    (v4([192, 168, 0, 0], 16), "a private address (RFC 1918)"),
    (v4([198, 18, 0, 0], 15), "an address for benchmarks (RFC 2544)"),
    (v4([224, 0, 0, 0], 4), "a multicast address"),
    (v4([240, 0, 0, 0], 4), "a reserved address (RFC 1112)"),
];

const REFUSED_V6: [(Ipv6Net, &str); 11] = [
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), "the unspecified address"),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), "the loopback address"),
    (v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128), METADATA),
    (v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128), METADATA),
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), "an address of a local translator (RFC 8215)"),
    (v6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48), "an address for benchmarks (RFC 5180)"),
    (v6([0x2001, 0x10, 0, 0, 0, 0, 0, 0], 28), "an identifier that is no address (RFC 4843)"),
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), "a private address (RFC 4193)"),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), "a link-local address (RFC 4291)"),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), "a site-local address (RFC 3879)"),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), "a multicast address"),
];

/// All that has been given out to the public (RFC 4291, section 2.4).
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Networks whose last 32 bits are a version 4 address: compatible (RFC 4291), mapped, translated (RFC 6052).
const ENDS_IN_V4: [Ipv6Net; 3] =
    [v6([0, 0, 0, 0, 0, 0, 0, 0], 96), v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96), v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96)];
const SIX_TO_FOUR: Ipv6Net = v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16);
const TEREDO: Ipv6Net = v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32);

const fn v4([a, b, c, d]: [u8; 4], bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6([a, b, c, d, e, f, g, h]: [u16; 8], bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), bits)
}

/// What an address is when it is none that a name may lead to; nothing for a public one.
pub(crate) fn objection(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => objection_v4(address),
        IpAddr::V6(address) => objection_v6(address),
    }
}

fn objection_v4(address: Ipv4Addr) -> Option<&'static str> {
    REFUSED_V4.iter().find(|(network, _)| network.contains(&address)).map(|(_, why)| *why)
}

fn objection_v6(address: Ipv6Addr) -> Option<&'static str> {
    if let Some((_, why)) = REFUSED_V6.iter().find(|(network, _)| network.contains(&address)) {
        return Some(why);
    }
    let carried = carried(address);
    let is_public = GLOBAL_V6.contains(&address) || !carried.is_empty();
    let outside = || (!is_public).then_some("an address that was not given out to the public");
    carried.into_iter().find_map(objection_v4).or_else(outside)
}

/// The version 4 addresses that a packet to this address would be sent to.
fn carried(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let [_, b, c, d, _, _, g, h] = address.segments();
    let join = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    if ENDS_IN_V4.iter().any(|network| network.contains(&address)) {
        vec![join(g, h)]
    } else if SIX_TO_FOUR.contains(&address) {
        vec![join(b, c)]
    } else if TEREDO.contains(&address) {
        // RFC 4380, section 4: the server as it is, the client with every bit turned.
        vec![join(c, d), join(!g, !h)]
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, expected: Option<&str>) {
        let found = objection(address.parse().unwrap());
        match expected {
            None => assert_eq!(found, None, "{address}"),
            Some(part) => assert!(found.is_some_and(|why| why.contains(part)), "{address}: {found:?}"),
        }
    }

    #[test]
    fn public_addresses_are_reached_and_those_for_documentation_too() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.2.1",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.100.1",
            "203.0.113.1",
            "223.255.255.255",
            "2001:db8::1",
            "2606:4700::1111",
            "3fff::1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::1",
            "2001:0:101:101::fefe:fefe",
        ] {
            check(address, None);
        }
    }

    #[test]
    fn every_class_of_version_4_is_refused() {
        for (address, why) in [
            ("169.254.169.254", "metadata"),
            ("100.100.100.200", "metadata"),
            ("168.63.129.16", "metadata"),
            ("192.0.0.192", "metadata"),
            ("0.0.0.0", "unspecified"),
            ("0.1.2.3", "this network"),
            ("10.0.0.0", "private"),
            ("10.255.255.255", "private"),
            ("100.64.0.1", "carrier"),
            ("100.127.255.255", "carrier"),
            ("127.0.0.1", "loopback"),
            ("127.255.255.254", "loopback"),
            ("169.254.0.1", "link-local"),
            ("172.16.0.1", "private"),
            ("172.31.255.255", "private"),
            ("192.0.0.8", "protocols"),
            ("192.88.99.1", "6to4"),
            ("192.168.0.1", "private"),
            ("198.18.0.1", "benchmarks"),
            ("198.19.255.255", "benchmarks"),
            ("224.0.0.1", "multicast"),
            ("239.255.255.255", "multicast"),
            ("240.0.0.1", "reserved"),
            ("255.255.255.255", "broadcast"),
        ] {
            check(address, Some(why));
        }
    }

    #[test]
    fn every_class_of_version_6_is_refused() {
        for (address, why) in [
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("fd00:ec2::254", "metadata"),
            ("fd20:ce::254", "metadata"),
            ("fc00::1", "private"),
            ("fdff::1", "private"),
            ("fe80::1", "link-local"),
            ("febf::1", "link-local"),
            ("fec0::1", "site-local"),
            ("feff::1", "site-local"),
            ("ff02::1", "multicast"),
            ("64:ff9b:1::101:101", "local translator"),
            ("2001:2::1", "benchmarks"),
            ("2001:10::1", "identifier"),
            ("100::1", "not given out"),
            ("5f00::1", "not given out"),
            ("4000::1", "not given out"),
            ("::ffff:0:127.0.0.1", "not given out"),
        ] {
            check(address, Some(why));
        }
    }

    #[test]
    fn an_address_that_carries_a_refused_one_is_refused() {
        for (address, why) in [
            ("::ffff:127.0.0.1", "loopback"),
            ("::ffff:169.254.169.254", "metadata"),
            ("::ffff:10.0.0.1", "private"),
            ("::127.0.0.1", "loopback"),
            ("64:ff9b::a00:1", "private"),
            ("64:ff9b::a9fe:a9fe", "metadata"),
            ("2002:7f00:1::1", "loopback"),
            ("2002:a9fe:a9fe::", "metadata"),
            ("2001:0:a00:1::fefe:fefe", "private"),
            ("2001:0:101:101::80ff:fffe", "loopback"),
        ] {
            check(address, Some(why));
        }
    }
}

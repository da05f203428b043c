//! `trust`: networks whose forwarding fields are believed.

use crate::code;
use crate::keys::Text;
use crate::report::Problem;
use crate::scope::Scope;
use std::net::IpAddr;

/// A network whose forwarding fields are believed: `10.0.0.0/8`, `::1/128`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustedNetwork {
    /// Its address, host bits zero.
    pub address: IpAddr,
    /// Bits of the network.
    pub prefix: u8,
}

impl TrustedNetwork {
    /// Whether `address` lies in it; an IPv4 address mapped into IPv6 counts as the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32_u32.saturating_sub(self.prefix.into());
                u32::from(own).checked_shr(shift).unwrap_or(0)
                    == u32::from(other).checked_shr(shift).unwrap_or(0)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128_u32.saturating_sub(self.prefix.into());
                u128::from(own).checked_shr(shift).unwrap_or(0)
                    == u128::from(other).checked_shr(shift).unwrap_or(0)
            }
            _ => false,
        }
    }
}

/// Resolves one of `trust`.
pub(crate) fn resolve(Text { text, at }: Text<'_>, scope: &Scope<'_>) -> Option<TrustedNetwork> {
    let read = TrustedNetwork::parse(text);
    if read.is_none() {
        scope.report.add(
            Problem::error(&code::BAD_NETWORK, format!("`{text}` is no network"))
                .at(at, "not an address with a prefix")
                .help("write it like \"10.0.0.0/8\" or \"::1/128\""),
        );
    }
    read
}

impl TrustedNetwork {
    /// Reads `10.0.0.0/8`, `::1/128`, or one address; host bits are cleared.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) =
            text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix: u8 =
            prefix.map_or(Some(most), |prefix| prefix.parse().ok().filter(|prefix| *prefix <= most))?;
        let address = match address {
            IpAddr::V4(ip) => {
                IpAddr::V4((u32::from(ip) & u32::MAX.checked_shl(u32::from(32 - prefix)).unwrap_or(0)).into())
            }
            IpAddr::V6(ip) => IpAddr::V6(
                (u128::from(ip) & u128::MAX.checked_shl(u32::from(128 - prefix)).unwrap_or(0)).into(),
            ),
        };
        Some(Self { address, prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::TrustedNetwork;

    #[test]
    fn a_network_is_an_address_and_a_prefix() {
        for (text, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("10.1.2.3/8", "::ffff:10.0.0.1", "11.0.0.1"),
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("fd00::/8", "fd12::1", "fe80::1"),
            ("0.0.0.0/0", "8.8.8.8", "::1"),
        ] {
            let network = TrustedNetwork::parse(text).unwrap();
            assert!(network.contains(inside.parse().unwrap()), "{text}");
            assert!(!network.contains(outside.parse().unwrap()), "{text}");
        }
        for text in ["10.0.0.0/33", "ten", "", "10.0.0.0/", "10.0.0.0/-1"] {
            assert_eq!(TrustedNetwork::parse(text), None, "{text}");
        }
    }
}

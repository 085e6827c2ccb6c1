//! Where a request came from when proxies stand in front.
//!
//! `X-Forwarded-For` is what somebody says, and anybody can say anything. Each proxy adds at the end of it whom it heard, so
//! an entry is true as far as everybody behind it is one of ours: the last one that is none of ours is the client.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::HeaderMap;

/// The header of proxies.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The proxies whose word is taken, as addresses and networks; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies(Vec<Network>);

/// Addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    first: IpAddr,
    bits: u32,
}

impl Network {
    fn holds(self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let apart = u32::from(first) ^ u32::from(address);
                apart.checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let apart = u128::from(first) ^ u128::from(address);
                apart.checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let wrong = || format!("`{text}` is neither an address nor a network such as 10.0.0.0/8");
        let first: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| wrong()))?;
        if bits <= most { Ok(Self { first, bits }) } else { Err(wrong()) }
    }
}

impl FromStr for Proxies {
    type Err = String;

    /// Addresses and networks with commas between them.
    fn from_str(text: &str) -> Result<Self, String> {
        let each = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        each.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl Proxies {
    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.holds(address))
    }

    /// Whose request this is: the peer's, unless that is a trusted proxy, which says in whose name it asks.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let said = headers.get_all(FORWARDED_FOR).iter().rev();
        let mut entries = said.flat_map(|value| value.as_bytes().rsplit(|&byte| byte == b','));
        while self.trusts(client) {
            // What cannot be read was not written by one of ours: the proxy that passed it on is all that is known.
            let Some(before) = entries.next().and_then(address) else { break };
            client = before;
        }
        client
    }
}

/// An entry of the header; some proxies write the port too.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let parsed = bare.parse::<IpAddr>().ok();
    parsed
        .or_else(|| text.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()))
        .map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &str, peer: &str, said: &[&str]) -> String {
        let proxies: Proxies = proxies.parse().unwrap();
        let mut headers = HeaderMap::new();
        for line in said {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_the_word_of_a_trusted_proxy_is_taken() {
        assert_eq!(client("", "203.0.113.9", &["198.51.100.1"]), "203.0.113.9", "nobody is trusted");
        assert_eq!(client("10.0.0.0/8", "203.0.113.9", &["198.51.100.1"]), "203.0.113.9", "not this one");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &[]), "10.1.2.3", "it says nothing");
    }

    #[test]
    fn what_a_client_says_before_its_proxy_speaks_is_not_believed() {
        let two = "10.0.0.0/8, 192.0.2.7";
        assert_eq!(client(two, "10.1.2.3", &["1.1.1.1, 10.9.9.9, 198.51.100.1, 192.0.2.7"]), "198.51.100.1");
        // A client that says it was one of ours, in a line of its own.
        assert_eq!(client(two, "10.1.2.3", &["10.9.9.9", "1.1.1.1", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(client(two, "10.1.2.3", &["8.8.8.8, what"]), "10.1.2.3");
        assert_eq!(client(two, "10.1.2.3", &["198.51.100.1, what, 192.0.2.7"]), "192.0.2.7");
        assert_eq!(client(two, "10.1.2.3", &["10.0.0.1, 10.0.0.2"]), "10.0.0.1", "all of them are ours");
    }

    #[test]
    fn addresses_of_both_versions_with_and_without_ports() {
        assert_eq!(client("127.0.0.1", "::ffff:127.0.0.1", &["[2001:db8::5]:4711"]), "2001:db8::5");
        assert_eq!(client("::1,2001:db8::/32", "::1", &["198.51.100.1:80, 2001:db8:7::1"]), "198.51.100.1");
        assert_eq!(client("0.0.0.0/0", "8.8.8.8", &["[2001:db8::5]"]), "2001:db8::5", "not of version 6");
        assert_eq!(client("::/0", "::1", &["::ffff:10.0.0.1"]), "10.0.0.1");
        for (wrong, most) in [("10.0.0.0/33", 32), ("::/129", 128), ("10.0.0.0/-1", 0), ("localhost", 0)] {
            assert!(wrong.parse::<Proxies>().is_err(), "{wrong} ({most})");
        }
        for edge in ["10.0.0.128/25", "10.0.0.200/32", "10.0.0.200"] {
            assert_eq!(client(edge, "10.0.0.200", &["9.9.9.9"]), "9.9.9.9", "{edge}");
            assert_eq!(client(edge, "10.0.0.127", &["9.9.9.9"]), "10.0.0.127", "{edge}");
        }
    }
}

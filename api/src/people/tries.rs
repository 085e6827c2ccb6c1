//! How often one address of the network may try to sign in. It guards the machine, not the account: accounts are guarded
//! in the database (`TakeTry`), for all replicas and over restarts.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Tries in a window.
const MAX: u32 = 20;
const WINDOW: Duration = Duration::from_secs(60);
/// Networks remembered before old ones are forgotten.
const REMEMBERED_MAX: usize = 10_000;

/// Where a request came from, put into it by `serve`; behind a trusted proxy, whom that one heard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Tries by network.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    seen: Mutex<HashMap<IpAddr, (u32, Instant)>>,
}

impl Tries {
    /// Counts one. Seconds to wait when there were too many.
    ///
    /// # Errors
    /// The seconds.
    pub(crate) fn take(&self, peer: IpAddr, now: Instant) -> Result<(), u32> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= REMEMBERED_MAX {
            seen.retain(|_, (_, since)| now.duration_since(*since) < WINDOW);
        }
        let (count, since) = seen.entry(network(peer)).or_insert((0, now));
        let passed = now.duration_since(*since);
        if passed >= WINDOW {
            (*count, *since) = (0, now);
        }
        if *count >= MAX {
            let left = WINDOW.saturating_sub(passed).as_secs() + 1;
            return Err(u32::try_from(left).unwrap_or(60));
        }
        *count += 1;
        Ok(())
    }
}

/// One household has one address of version 4, or a /64 of version 6.
fn network(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => IpAddr::V4(four),
            None => {
                let bits = u128::from(six) >> 64 << 64;
                IpAddr::V6(bits.into())
            }
        },
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s4_twenty_a_minute_for_a_network() {
        let tries = Tries::default();
        let now = Instant::now();
        let one: IpAddr = "2001:db8::1".parse().unwrap();
        let beside: IpAddr = "2001:db8::ffff".parse().unwrap();
        let other: IpAddr = "2001:db8:0:1::1".parse().unwrap();
        for _ in 0..MAX {
            assert_eq!(tries.take(one, now), Ok(()));
        }
        assert!(tries.take(beside, now).is_err(), "the same household");
        assert_eq!(tries.take(other, now), Ok(()));
        assert_eq!(tries.take(one, now + WINDOW), Ok(()));
        assert_eq!(network("::ffff:10.0.0.1".parse().unwrap()), "10.0.0.1".parse::<IpAddr>().unwrap());
    }
}

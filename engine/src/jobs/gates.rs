//! What may be claimed: lanes, pauses, shops, breakers and blocks, as this process last saw them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use onhand_rules::job::{KINDS, LANES, lane_of};
use onhand_rules::setting::Setting;
use onhand_rules::shop::{Shop, ShopState};
use onhand_rules::{Millis, ShopId};
use onhand_store::{ClaimFilter, Reads, StoreError};

use super::gauges::bucket_of;

/// For how long a look is good when nothing inside the process says otherwise: what other replicas change is seen then.
const GOOD_FOR: Duration = Duration::from_millis(250);
/// The kind that may run while a shop is paused: its grant would end otherwise.
const REFRESH_GRANT: i16 = 10;

/// The endpoint whose limit a kind of job needs; `None` for kinds that ask nobody, or decide by themselves.
pub(crate) fn endpoint_of(kind: i16) -> Option<&'static str> {
    match kind {
        1 => Some("stock"),
        2 | 3 | 12..=14 => Some("listings"),
        4..=7 | 9 => Some("orders"),
        8 => Some("shipping"),
        10 => Some("auth"),
        _ => None,
    }
}

/// One lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lane {
    concurrency: u32,
    paused: bool,
}

/// Whether jobs of a shop may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Open,
    /// Only its grant is kept alive.
    Paused,
    /// One job may run, to see whether the shop is well again.
    HalfOpen,
    Shut,
}

impl Door {
    pub(super) fn of(shop: &Shop, now: Millis) -> Self {
        match (shop.state, shop.health.open_until) {
            (ShopState::Disconnected, _) => Self::Shut,
            (_, Some(until)) if until > now => Self::Shut,
            (ShopState::Paused, _) => Self::Paused,
            (ShopState::Connected, Some(_)) => Self::HalfOpen,
            (ShopState::Connected, None) => Self::Open,
        }
    }
}

/// What one look shows.
#[derive(Debug, Default)]
pub(super) struct Gates {
    lanes: BTreeMap<&'static str, Lane>,
    paused_kinds: BTreeSet<i16>,
    shops: Vec<Shop>,
    blocked: Vec<(ShopId, String, Millis)>,
    seen: Option<Instant>,
}

/// What may be claimed now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Opening {
    pub(super) filter: ClaimFilter,
    /// Free slots by lane; lanes without any are left out.
    pub(super) free: BTreeMap<&'static str, u32>,
    /// Shops of which one job may run and no more.
    pub(super) probing: BTreeSet<ShopId>,
    /// When a breaker or a block ends that is in the way now. Ledger clock.
    pub(super) next_at: Option<Millis>,
}

impl Gates {
    /// Whether it is time to look again.
    pub(super) fn is_old(&self) -> bool {
        self.seen.is_none_or(|seen| seen.elapsed() >= GOOD_FOR)
    }

    /// Looks.
    pub(super) async fn look(
        &mut self,
        reads: &dyn Reads,
        defaults: &[(String, u32)],
    ) -> Result<(), StoreError> {
        let (lanes, pauses, buckets, shops) = tokio::try_join!(
            reads.settings("lane:"),
            reads.settings("pause:kind:"),
            reads.settings("bucket:"),
            reads.shops(),
        )?;
        self.lanes = lanes_of(defaults, &lanes);
        self.paused_kinds = pauses
            .iter()
            .filter_map(|(key, _)| {
                let name = key.strip_prefix("pause:kind:")?;
                let index = KINDS.iter().position(|kind| *kind == name)?;
                i16::try_from(index + 1).ok()
            })
            .collect();
        self.blocked = buckets
            .into_iter()
            .filter_map(|(key, value)| {
                let Setting::Bucket(bucket) = value else { return None };
                let (shop, endpoint) = bucket_of(&key)?;
                Some((shop, endpoint.to_owned(), bucket.blocked_until))
            })
            .collect();
        self.shops = shops;
        self.seen = Some(Instant::now());
        Ok(())
    }

    /// What may be claimed at `now` by a process that has these jobs (`used` by lane, of the shops `busy`).
    pub(super) fn opening(
        &self,
        now: Millis,
        used: &HashMap<&'static str, u32>,
        busy: &BTreeSet<ShopId>,
    ) -> Opening {
        let mut opening = Opening::default();
        for (name, lane) in &self.lanes {
            let free = lane.concurrency.saturating_sub(used.get(name).copied().unwrap_or(0));
            if free > 0 && !lane.paused {
                opening.free.insert(name, free);
            }
        }
        let kinds = (1..).zip(KINDS).map(|(number, _)| number);
        let claimable =
            |kind: &i16| opening.free.contains_key(lane_of(*kind)) && !self.paused_kinds.contains(kind);
        opening.filter.kinds = kinds.clone().filter(claimable).collect();
        for shop in &self.shops {
            match Door::of(shop, now) {
                Door::Open => {}
                Door::HalfOpen if !busy.contains(&shop.id) => {
                    opening.probing.insert(shop.id);
                }
                Door::Paused => {
                    let others = kinds.clone().filter(|kind| *kind != REFRESH_GRANT);
                    opening.filter.without.extend(others.map(|kind| (kind, shop.id)));
                }
                Door::HalfOpen | Door::Shut => {
                    opening.filter.without_shops.push(shop.id);
                    if shop.state == ShopState::Connected {
                        opening.wake_at(shop.health.open_until.filter(|until| *until > now));
                    }
                }
            }
        }
        for (shop, endpoint, until) in self.blocked.iter().filter(|(_, _, until)| *until > now) {
            let kinds = kinds.clone().filter(|kind| endpoint_of(*kind) == Some(endpoint));
            opening.filter.without.extend(kinds.map(|kind| (kind, *shop)));
            opening.wake_at(Some(*until));
        }
        opening
    }
}

impl Gates {
    /// Shops of which jobs of this kind may run, as many as there are.
    pub(super) fn open_to(&self, kind: i16, opening: &Opening) -> BTreeSet<ShopId> {
        let open = |shop: &ShopId| {
            !opening.filter.without_shops.contains(shop)
                && !opening.filter.without.contains(&(kind, *shop))
                && !opening.probing.contains(shop)
        };
        self.shops.iter().map(|shop| shop.id).filter(open).collect()
    }

    /// Slots of the lane of this kind.
    pub(super) fn concurrency_of(&self, kind: i16) -> u32 {
        self.lanes.get(lane_of(kind)).map_or(0, |lane| lane.concurrency)
    }
}

impl Opening {
    fn wake_at(&mut self, at: Option<Millis>) {
        self.next_at = match (self.next_at, at) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}

/// The lanes that there are, with what the settings make of them.
fn lanes_of(defaults: &[(String, u32)], rows: &[(String, Setting)]) -> BTreeMap<&'static str, Lane> {
    LANES
        .iter()
        .map(|(name, concurrency)| {
            let default = defaults.iter().find(|(lane, _)| lane == name).map_or(*concurrency, |(_, n)| *n);
            let row = rows.iter().find(|(key, _)| key.strip_prefix("lane:") == Some(name));
            let lane = match row {
                Some((_, Setting::Lane { concurrency, paused })) => {
                    Lane { concurrency: *concurrency, paused: *paused }
                }
                _ => Lane { concurrency: default, paused: false },
            };
            (*name, lane)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::a_shop as shop;

    fn gates(shops: Vec<Shop>) -> Gates {
        Gates { lanes: lanes_of(&[], &[]), shops, ..Gates::default() }
    }

    #[test]
    fn lanes_are_full_paused_or_changed_by_settings() {
        let rows = [("lane:order_ingest".to_owned(), Setting::Lane { concurrency: 3, paused: true })];
        let defaults = [("product_sync".to_owned(), 7)];
        let gates = Gates { lanes: lanes_of(&defaults, &rows), ..Gates::default() };
        let used = HashMap::from([("inventory_update", 4), ("product_sync", 9)]);
        let opening = gates.opening(0, &used, &BTreeSet::new());
        assert_eq!(opening.free, BTreeMap::from([("inventory_update", 6)]));
        assert_eq!(opening.filter.kinds, [1, 2, 3]);
    }

    #[test]
    fn shops_that_are_not_well_are_left_alone_and_probed_by_one_job() {
        let gates = gates(vec![
            shop(1, ShopState::Connected, None),
            shop(2, ShopState::Disconnected, None),
            shop(3, ShopState::Paused, None),
            shop(4, ShopState::Connected, Some(200)),
            shop(5, ShopState::Connected, Some(100)),
            shop(6, ShopState::Connected, Some(90)),
        ]);
        let opening = gates.opening(100, &HashMap::new(), &BTreeSet::from([ShopId(6)]));
        assert_eq!(opening.filter.without_shops, [ShopId(2), ShopId(4), ShopId(6)]);
        assert_eq!(opening.probing, BTreeSet::from([ShopId(5)]), "half-open; the sixth has its probe");
        assert_eq!(opening.next_at, Some(200));
        assert!(opening.filter.without.contains(&(1, ShopId(3))));
        assert!(!opening.filter.without.contains(&(REFRESH_GRANT, ShopId(3))), "a paused grant stays alive");
    }

    #[test]
    fn b8_a_block_stops_the_kinds_that_need_its_endpoint() {
        let mut gates = gates(vec![shop(1, ShopState::Connected, None)]);
        gates.blocked = vec![(ShopId(1), "stock".into(), 200), (ShopId(1), "orders".into(), 100)];
        let opening = gates.opening(100, &HashMap::new(), &BTreeSet::new());
        assert_eq!(opening.filter.without, [(1, ShopId(1))]);
        assert_eq!(opening.next_at, Some(200), "and is looked at again when it ends");
    }
}

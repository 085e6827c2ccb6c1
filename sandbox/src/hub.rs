//! Where the parts meet: the world and its clock, the faults, the limits, the messages that wait, and the counts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::App;
use crate::buyers::Buyers;
use crate::dialect::Dialect;
use crate::faults::{Fault, Faults};
use crate::limits::Limits;
use crate::tally::Tally;
use crate::webhooks::Outbox;
use crate::world::{Cause, Clock, Market, Millis, ShopKey, StockFault, What, World};

/// Everything that the servers, the sender and the buyers share.
pub(crate) struct Hub {
    world: Mutex<World>,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) limits: Limits,
    pub(crate) outbox: Outbox,
    pub(crate) tally: Tally,
    pub(crate) buyers: Buyers,
    redirect: Mutex<Option<String>>,
    calls: AtomicU64,
    apps: BTreeMap<Market, App>,
    dialects: BTreeMap<Market, Box<dyn Dialect>>,
}

/// Why a marketplace did not take a stock figure from an integrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteFault {
    NoSuchVariant,
    Negative,
    /// A promotion has taken so many units aside; the figure may not be lower.
    BelowReserved {
        reserved: i64,
    },
    /// A promotion holds the listing: nothing can be set.
    PromotionLocked,
    /// A campaign runs: nothing below the present stock can be set.
    CampaignLocked {
        stock: i64,
    },
    /// The marketplace fails, for no reason of ours.
    Broken,
}

impl Hub {
    pub(crate) fn new(
        seed: u64,
        clock: Clock,
        limits: Limits,
        outbox: Outbox,
        buyers: Buyers,
        apps: Vec<App>,
        dialects: Vec<Box<dyn Dialect>>,
    ) -> Hub {
        Hub {
            world: Mutex::new(World::new(seed)),
            clock,
            faults: Faults::new(seed),
            limits,
            outbox,
            tally: Tally::default(),
            buyers,
            redirect: Mutex::new(None),
            calls: AtomicU64::new(0),
            apps: apps.into_iter().map(|app| (app.market, app)).collect(),
            dialects: dialects.into_iter().map(|dialect| (dialect.market(), dialect)).collect(),
        }
    }

    /// What an integrator's app is called and signs with on this marketplace. Every marketplace has one.
    pub(crate) fn app(&self, market: Market) -> &App {
        &self.apps[&market]
    }

    /// Where TikTok Shop sends a seller back to: it is registered with the app and not named by it.
    pub(crate) fn redirect(&self) -> Option<String> {
        self.redirect.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_redirect(&self, to: Option<String>) {
        *self.redirect.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }

    pub(crate) fn dialect(&self, market: Market) -> &dyn Dialect {
        self.dialects[&market].as_ref()
    }

    /// A new name for a call that is being answered: 32 hexadecimal digits.
    pub(crate) fn request_id(&self) -> String {
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{:016x}{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15), number)
    }

    /// The time as this shop's marketplace has it, which a fault may have set wrong.
    pub(crate) fn now(&self, market: Market, shop: Option<ShopKey>) -> Millis {
        self.clock.now() + self.faults.skew(market, shop)
    }

    /// Reads or changes the world in the name of one shop, at that shop's time. What happened is put into the outbox before
    /// anybody else sees the change.
    pub(crate) fn in_shop<T>(&self, key: ShopKey, work: impl FnOnce(&mut World, Millis) -> T) -> T {
        let now = self.now(key.market, Some(key));
        self.locked(|world| work(world, now))
    }

    /// As [`Hub::in_shop`], for what concerns no shop or is still to find out which.
    pub(crate) fn anywhere<T>(&self, work: impl FnOnce(&mut World, Millis) -> T) -> T {
        let now = self.clock.now();
        self.locked(|world| work(world, now))
    }

    /// Sets a listing's stock for an integrator, as far as promotions and campaigns let him. The faults that hold locks are in
    /// force here; those that break single items are the caller's, see [`Hub::failing_items`].
    pub(crate) fn write_stock(
        &self,
        world: &mut World,
        key: ShopKey,
        variant: u64,
        value: i64,
        now: Millis,
    ) -> Result<(), WriteFault> {
        let known = world.shop(key).and_then(|shop| shop.variant(variant));
        let (_, known) = known.ok_or(WriteFault::NoSuchVariant)?;
        let names = |wanted: &Option<String>| wanted.as_ref().is_none_or(|sku| *sku == known.seller_sku);
        let promotion = |fault: &Fault| match fault {
            Fault::PromotionLock { seller_sku } if names(seller_sku) => Some(()),
            _ => None,
        };
        if self.faults.strike(key.market, Some(key), promotion).is_some() {
            return Err(WriteFault::PromotionLocked);
        }
        let campaign = |fault: &Fault| match fault {
            Fault::CampaignLock { seller_sku } if names(seller_sku) => Some(()),
            _ => None,
        };
        if value < known.stock && self.faults.strike(key.market, Some(key), campaign).is_some() {
            return Err(WriteFault::CampaignLocked { stock: known.stock });
        }
        world.set_stock(key, variant, value, Cause::Push, now).map_err(|fault| match fault {
            StockFault::NoSuchVariant => WriteFault::NoSuchVariant,
            StockFault::Negative => WriteFault::Negative,
            StockFault::BelowReserved { reserved } => WriteFault::BelowReserved { reserved },
        })
    }

    /// How many variants of the stock write that begins now must fail with [`WriteFault::Broken`], its first ones.
    pub(crate) fn failing_items(&self, key: ShopKey) -> u32 {
        let partial = |fault: &Fault| match fault {
            Fault::PartialFailure { items } => Some(*items),
            _ => None,
        };
        self.faults.strike(key.market, Some(key), partial).unwrap_or(0)
    }

    fn locked<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        let mut world: MutexGuard<'_, World> = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let done = work(&mut world);
        for event in world.take_events() {
            let market = event.shop.market;
            // A marketplace tells nobody about a shop that has let nobody in, but for the news that it no longer does.
            let told = world.shop(event.shop).is_some_and(|shop| shop.credentials.let_in());
            if !told && !matches!(event.what, What::Deauthorised { .. }) {
                continue;
            }
            for message in self.dialect(market).messages(&world, &event) {
                self.outbox.post(&self.faults, event.shop, message);
            }
        }
        done
    }
}

//! The truth behind the three markets: shops, their goods, their orders and who may act for them. It is kept in memory, knows
//! no dialect and no clock (the time is always given), and gives the same ids and tokens for the same seed.
//!
//! Everything that a marketplace would tell its integrators is noted as an [`Event`]; a dialect decides whether and how it
//! tells it.

mod catalogue;
mod clock;
mod credentials;
mod events;
mod goods;
mod hitches;
mod ids;
mod orders;
mod returns;
mod rng;
mod shop;
mod stock;

use std::collections::BTreeMap;

pub(crate) use catalogue::{NewItem, NewVariant};
pub(crate) use clock::{Clock, Millis};
pub(crate) use credentials::{CodeFault, TokenFault, TokenPair, TokenRules};
pub(crate) use events::{Event, ReturnStatus, What};
pub(crate) use goods::{Cause, Item, ItemStatus, Kept, StockChange, Variant};
pub(crate) use orders::{Actor, Cancellation, Line, Order, OrderFault, Status, Unit, Want};
pub(crate) use returns::Return;
pub(crate) use rng::Rng;
pub(crate) use shop::Shop;
pub(crate) use stock::StockFault;

use serde::{Deserialize, Serialize};

/// A marketplace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Market {
    /// Shopee Open Platform v2.
    Shopee,
    /// TikTok Shop, 202309 and later.
    Tiktok,
    /// Lazada Open Platform.
    Lazada,
}

impl Market {
    /// Every marketplace, in the order in which they are listed everywhere.
    pub const ALL: [Market; 3] = [Market::Shopee, Market::Tiktok, Market::Lazada];

    /// `shopee`, `tiktok` or `lazada`.
    pub fn name(self) -> &'static str {
        match self {
            Market::Shopee => "shopee",
            Market::Tiktok => "tiktok",
            Market::Lazada => "lazada",
        }
    }
}

/// Names one shop: the account number is only unique on its marketplace. It is `shop_id` on Shopee and TikTok Shop, and
/// `seller_id` on Lazada.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ShopKey {
    pub(crate) market: Market,
    pub(crate) account: u64,
}

const DAY: Millis = 86_400_000;

/// So long before the end a marketplace reminds its integrators, and again after so long; none: only once. Shopee says seven
/// days and TikTok Shop thirty, daily, both before the consent ends; Lazada 48 hours, daily, before the token does.
fn reminders(market: Market) -> (Millis, Option<Millis>) {
    match market {
        Market::Shopee => (7 * DAY, None),
        Market::Tiktok => (30 * DAY, Some(DAY)),
        Market::Lazada => (2 * DAY, Some(DAY)),
    }
}

/// Every shop of the three marketplaces.
#[derive(Debug)]
pub(crate) struct World {
    seed: u64,
    shops: BTreeMap<ShopKey, Shop>,
    happened: Vec<Event>,
}

impl World {
    pub(crate) fn new(seed: u64) -> World {
        World { seed, shops: BTreeMap::new(), happened: Vec::new() }
    }

    /// Opens a shop that sells nothing yet and has let nobody in.
    pub(crate) fn open_shop(&mut self, market: Market, name: &str, region: &str) -> ShopKey {
        let number = self.shops_of(market).count() as u64;
        let shop = Shop::new(self.seed, market, number, name, region);
        let key = shop.key();
        self.shops.insert(key, shop);
        key
    }

    pub(crate) fn shop(&self, key: ShopKey) -> Option<&Shop> {
        self.shops.get(&key)
    }

    /// For changes of stock and orders use the methods of the world, which note what happened.
    pub(crate) fn shop_mut(&mut self, key: ShopKey) -> Option<&mut Shop> {
        self.shops.get_mut(&key)
    }

    pub(crate) fn shops(&self) -> impl Iterator<Item = &Shop> {
        self.shops.values()
    }

    pub(crate) fn shops_of(&self, market: Market) -> impl Iterator<Item = &Shop> {
        self.shops.values().filter(move |shop| shop.market == market)
    }

    /// The shop that let in the owner of this access token, alive or not: to see whether it is, ask its credentials.
    pub(crate) fn shop_by_access_token(&self, market: Market, token: &str) -> Option<&Shop> {
        self.shops_of(market).find(|shop| shop.credentials.knows_access(token))
    }

    /// As [`World::shop_by_access_token`], for a refresh token.
    pub(crate) fn shop_by_refresh_token(&self, market: Market, token: &str) -> Option<&Shop> {
        self.shops_of(market).find(|shop| shop.credentials.knows_refresh(token))
    }

    /// As [`World::shop_by_access_token`], for an authorisation code.
    pub(crate) fn shop_by_code(&self, market: Market, code: &str) -> Option<&Shop> {
        self.shops_of(market).find(|shop| shop.credentials.knows_code(code))
    }

    /// Notes which consents end soon and which have ended. To be called now and then, and when the time jumps.
    pub(crate) fn look_at_consents(&mut self, now: Millis) {
        let mut news = Vec::new();
        for shop in self.shops.values_mut() {
            let key = shop.key();
            let held = &mut shop.credentials;
            let Some(end) = held.authorised_until.filter(|_| held.let_in()) else { continue };
            if now >= end && !held.told_over {
                held.told_over = true;
                news.push((key, What::Deauthorised { expired: true }));
                continue;
            }
            let (before, again) = reminders(key.market);
            let end = if key.market == Market::Lazada { held.access_until().unwrap_or(end) } else { end };
            let due = held.reminded.is_none_or(|last| again.is_some_and(|again| now - last >= again));
            if due && now < end && end - now <= before {
                held.reminded = Some(now);
                news.push((key, What::AuthorisationEnds { at: end }));
            }
        }
        for (key, what) in news {
            self.note(key, now, what);
        }
    }

    /// What has happened since this was asked last, in order.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.happened)
    }

    pub(crate) fn note(&mut self, key: ShopKey, at: Millis, what: What) {
        self.happened.push(Event { shop: key, at, what });
    }
}

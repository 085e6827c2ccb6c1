//! The rows of one batch, and the scopes in which commands change them.
//!
//! The engine loads what commands need into [`Working`]; each command then works in a [`Scope`] of its own. A refused
//! command's scope is undone as if it had never been, so one bad command costs the others nothing. At the end
//! [`Working::into_changes`] is the only output: flat rows for the store to write in bulk.

mod scope;
pub mod sync;

use std::collections::{BTreeMap, BTreeSet};

pub use scope::Scope;
pub use sync::{SyncChanges, SyncNeeds, SyncRows};

use crate::access::ApiKey;
use crate::event::{Event, EventBody};
use crate::id::{ApiKeyId, ListingId, LocationId, OpId, OrderId, PrincipalId, ReservationId, SkuId};
use crate::movement::{Holder, Movement};
use crate::order::Order;
use crate::reservation::Reservation;
use crate::sku::{Location, Sku};
use crate::stock::{Stock, StockKey};

/// A row as it was loaded and as it is now. `None` means that there is no such row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked<T> {
    /// As the database has it.
    pub before: Option<T>,
    /// As this batch leaves it.
    pub now: Option<T>,
}

impl<T: Clone> Tracked<T> {
    /// A row as it was loaded.
    #[must_use]
    pub fn loaded(row: Option<T>) -> Self {
        Self { before: row.clone(), now: row }
    }
}

/// A listing that a change of a stock row concerns, and that the command which changed it has dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// The row.
    pub row: StockKey,
    /// Its version that the listing was judged by; a later one is not dealt with.
    pub version: i64,
    /// The listing.
    pub listing: ListingId,
    /// Whether it was marked; else it shows what it should at that version.
    pub marked: bool,
}

/// The next free numbers of rows that are numbered; one row in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Of the next SKU.
    pub next_sku: i64,
    /// Of the next location.
    pub next_location: i64,
    /// Of the next principal.
    pub next_principal: i64,
    /// Of the next shop.
    pub next_shop: i64,
    /// Of the next listing.
    pub next_listing: i64,
}

impl Default for Counters {
    fn default() -> Self {
        Self { next_sku: 1, next_location: 1, next_principal: 1, next_shop: 1, next_listing: 1 }
    }
}

/// Which rows commands must see. Sets are ordered, so that every store locks in one order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// SKUs by code.
    pub sku_codes: BTreeSet<String>,
    /// SKUs by id (components of bundles, lines of orders).
    pub skus: BTreeSet<SkuId>,
    /// Locations by code.
    pub location_codes: BTreeSet<String>,
    /// Locations by id.
    pub locations: BTreeSet<LocationId>,
    /// Stock rows. Locked for the rest of the transaction.
    pub stock: BTreeSet<StockKey>,
    /// Every stock row of these SKUs: adds to `stock`. For changes of a SKU that is copied into its rows.
    pub stock_of: BTreeSet<SkuId>,
    /// Orders with their lines. Locked.
    pub orders: BTreeSet<OrderId>,
    /// Orders by (channel, reference), to see whether one exists.
    pub order_references: BTreeSet<(String, String)>,
    /// Reservations with their lines. Locked.
    pub reservations: BTreeSet<ReservationId>,
    /// Orders and reservations with a hold on these rows that is past due, at most [`DUE_MAX`] of each: a buyer who
    /// lacks stock may end them. Adds to `orders` and `reservations`.
    pub due_on: BTreeSet<StockKey>,
    /// API keys. Locked.
    pub api_keys: BTreeSet<ApiKeyId>,
    /// The counters row. Locked, before everything else.
    pub counters: bool,
    /// Bundles with one of these SKUs as a component: adds to `skus`, not locked.
    pub bundles_of: BTreeSet<SkuId>,
    /// Rows of the queue and the channels. Locked after everything else.
    pub sync: SyncNeeds,
}

/// The most overdue holders that one command loads and ends.
pub const DUE_MAX: usize = 500;

impl Needs {
    /// Whether nothing is needed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Everything that the commands of one batch may see and change.
#[derive(Debug, Default)]
pub struct Working {
    /// SKUs by id.
    pub skus: BTreeMap<SkuId, Tracked<Sku>>,
    /// SKU codes looked up so far, found or not.
    pub sku_codes: BTreeMap<String, Option<SkuId>>,
    /// Locations by id.
    pub locations: BTreeMap<LocationId, Tracked<Location>>,
    /// Location codes looked up so far, found or not.
    pub location_codes: BTreeMap<String, Option<LocationId>>,
    /// Stock rows.
    pub stock: BTreeMap<StockKey, Tracked<Stock>>,
    /// SKUs whose stock rows are all loaded.
    pub stock_of: BTreeSet<SkuId>,
    /// Orders.
    pub orders: BTreeMap<OrderId, Tracked<Order>>,
    /// (channel, reference) pairs looked up so far, found or not.
    pub order_references: BTreeMap<(String, String), Option<OrderId>>,
    /// Reservations.
    pub reservations: BTreeMap<ReservationId, Tracked<Reservation>>,
    /// Overdue holders by stock row, as looked up so far.
    pub due_on: BTreeMap<StockKey, Vec<Holder>>,
    /// API keys.
    pub api_keys: BTreeMap<ApiKeyId, Tracked<ApiKey>>,
    /// Counters, once loaded.
    pub counters: Option<Tracked<Counters>>,
    /// Bundles by component, as looked up so far.
    pub bundles_of: BTreeMap<SkuId, BTreeSet<SkuId>>,
    /// Rows of the queue and the channels.
    pub sync: SyncRows,
    /// Movements made so far, in order.
    pub movements: Vec<Movement>,
    /// Events made so far, in order.
    pub events: Vec<Event>,
    /// Listings that were dealt with because of a stock row, in order.
    pub judged: Vec<Judged>,
    /// Those of them that were marked.
    pub marked: BTreeSet<ListingId>,
    /// Reads that nobody had asked for. A command that made one cannot be decided in this batch: an earlier command of
    /// the batch has changed what it must see (a new SKU, the last unit taken), so it is put off to the next one. If
    /// nothing had changed, it is a bug in `needs`.
    pub unasked: Vec<String>,
}

impl Working {
    /// What of `needs` is not loaded yet.
    #[must_use]
    pub fn missing(&self, needs: &Needs) -> Needs {
        fn absent<K: Ord + Clone, V>(wanted: &BTreeSet<K>, have: &BTreeMap<K, V>) -> BTreeSet<K> {
            wanted.iter().filter(|key| !have.contains_key(*key)).cloned().collect()
        }
        Needs {
            sku_codes: absent(&needs.sku_codes, &self.sku_codes),
            skus: absent(&needs.skus, &self.skus),
            location_codes: absent(&needs.location_codes, &self.location_codes),
            locations: absent(&needs.locations, &self.locations),
            stock: absent(&needs.stock, &self.stock),
            stock_of: needs.stock_of.difference(&self.stock_of).copied().collect(),
            orders: absent(&needs.orders, &self.orders),
            order_references: absent(&needs.order_references, &self.order_references),
            reservations: absent(&needs.reservations, &self.reservations),
            due_on: absent(&needs.due_on, &self.due_on),
            api_keys: absent(&needs.api_keys, &self.api_keys),
            counters: needs.counters && self.counters.is_none(),
            bundles_of: absent(&needs.bundles_of, &self.bundles_of),
            sync: self.sync.missing(&needs.sync),
        }
    }

    /// A SKU by code, if it was loaded and exists.
    #[must_use]
    pub fn sku_by_code(&self, code: &str) -> Option<&Sku> {
        let id = self.sku_codes.get(code).copied().flatten()?;
        self.skus.get(&id)?.now.as_ref()
    }

    /// A location by code, if it was loaded and exists.
    #[must_use]
    pub fn location_by_code(&self, code: &str) -> Option<&Location> {
        let id = self.location_codes.get(code).copied().flatten()?;
        self.locations.get(&id)?.now.as_ref()
    }

    /// Opens a scope for one command.
    pub fn scope(&mut self) -> Scope<'_> {
        Scope::open(self)
    }

    /// Ends the batch: adds one `stock.changed` for each stock row that changed, and says what to write.
    #[must_use]
    pub fn into_changes(mut self, actor: PrincipalId) -> Changes {
        let mut changes = Changes::default();
        // The last movement of a row names the command that its figures follow from.
        let last: BTreeMap<StockKey, (OpId, PrincipalId)> =
            self.movements.iter().map(|m| (m.key, (m.op, m.actor))).collect();
        let mut dealt_with: BTreeMap<(StockKey, i64), Vec<ListingId>> = BTreeMap::new();
        for judged in &self.judged {
            dealt_with.entry((judged.row, judged.version)).or_default().push(judged.listing);
        }
        for (key, row) in std::mem::take(&mut self.stock) {
            let Some(stock) = row.now else { continue };
            if row.before.is_some_and(|before| before == stock) {
                continue;
            }
            let told = dealt_with.remove(&(key, stock.version)).unwrap_or_default();
            if let Some(body) = self.stock_changed(key, &stock, told) {
                let (op, actor) = last.get(&key).copied().unwrap_or((OpId(0), actor));
                self.events.push(Event { body, op, actor, trace: None });
            }
            changes.stock.push(Tracked { before: row.before, now: Some(stock) });
        }
        fn changed<K, T: PartialEq>(rows: BTreeMap<K, Tracked<T>>) -> Vec<Tracked<T>> {
            rows.into_values().filter(|row| row.now.is_some() && row.now != row.before).collect()
        }
        changes.skus = changed(self.skus);
        changes.locations = changed(self.locations);
        changes.orders = changed(self.orders);
        changes.reservations = changed(self.reservations);
        changes.api_keys = changed(self.api_keys);
        changes.counters = self.counters.filter(|c| c.now != c.before).and_then(|c| c.now);
        changes.movements = self.movements;
        changes.events = self.events;
        changes.sync = self.sync.into_changes();
        changes
    }

    fn stock_changed(&self, key: StockKey, stock: &Stock, told: Vec<ListingId>) -> Option<EventBody> {
        let sku = self.skus.get(&key.sku)?.now.as_ref()?;
        let location = self.locations.get(&key.location)?.now.as_ref()?;
        Some(EventBody::StockChanged {
            sku: sku.code.clone(),
            location: location.code.clone(),
            on_hand: stock.figures.on_hand,
            reserved: stock.figures.reserved,
            allocated: stock.figures.allocated,
            unavailable: stock.figures.unavailable,
            available: stock.figures.available(),
            version: stock.version,
            told,
        })
    }
}

/// What a batch changed: flat rows, ready to be written in bulk. Rows whose `before` is `None` are new.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Changes {
    /// SKUs.
    pub skus: Vec<Tracked<Sku>>,
    /// Locations.
    pub locations: Vec<Tracked<Location>>,
    /// Stock rows, ordered by key.
    pub stock: Vec<Tracked<Stock>>,
    /// Movements, in the order in which they happened.
    pub movements: Vec<Movement>,
    /// Orders; lines are to be compared with those of `before`, as most steps change few of them.
    pub orders: Vec<Tracked<Order>>,
    /// Reservations, likewise.
    pub reservations: Vec<Tracked<Reservation>>,
    /// API keys.
    pub api_keys: Vec<Tracked<ApiKey>>,
    /// Counters, if a number was taken.
    pub counters: Option<Counters>,
    /// Events, to be numbered in this order.
    pub events: Vec<Event>,
    /// Rows of the queue and the channels.
    pub sync: SyncChanges,
}

impl Changes {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

//! One command's view of the batch, which undoes itself unless it is accepted.

mod audit;
mod sync;

use std::collections::BTreeMap;

use super::{Counters, Judged, Tracked, Working};
use crate::access::ApiKey;
use crate::event::Event;
use crate::id::{ApiKeyId, ListingId, LocationId, OrderId, ReservationId, SkuId};
use crate::movement::{Holder, Movement};
use crate::order::Order;
use crate::reservation::Reservation;
use crate::sku::{Location, Sku};
use crate::stock::{Stock, StockKey};

enum Undo {
    Sku(SkuId, Option<Option<Sku>>),
    SkuCode(String, Option<Option<SkuId>>),
    Location(LocationId, Option<Option<Location>>),
    LocationCode(String, Option<Option<LocationId>>),
    Stock(StockKey, Option<Option<Stock>>),
    Order(OrderId, Option<Option<Order>>),
    OrderReference((String, String), Option<Option<OrderId>>),
    Reservation(ReservationId, Option<Option<Reservation>>),
    ApiKey(ApiKeyId, Option<Option<ApiKey>>),
    Counters(Option<Counters>),
    Marked(ListingId),
    Sync(sync::Undo),
}

/// One command's view. Dropped without [`Scope::accept`], it leaves no trace.
pub struct Scope<'w> {
    pub(super) working: &'w mut Working,
    undo: Vec<Undo>,
    movements: usize,
    events: usize,
    judged: usize,
    done: usize,
    ordinal: u32,
    accepted: bool,
}

macro_rules! row_access {
    ($get:ident, $put:ident, $field:ident, $key:ty, $row:ty, $undo:ident, $what:literal) => {
        #[doc = concat!("The ", $what, ", or `None` if there is none.")]
        pub fn $get(&mut self, key: $key) -> Option<&$row> {
            if !self.working.$field.contains_key(&key) {
                self.working.unasked.push(format!("{} {key:?}", $what));
                return None;
            }
            self.working.$field.get(&key)?.now.as_ref()
        }

        #[doc = concat!("Sets the ", $what, ".")]
        pub fn $put(&mut self, key: $key, row: $row) {
            match self.working.$field.get_mut(&key) {
                Some(tracked) => {
                    let old = tracked.now.replace(row);
                    self.undo.push(Undo::$undo(key, Some(old)));
                }
                None => {
                    self.working.$field.insert(key, Tracked { before: None, now: Some(row) });
                    self.undo.push(Undo::$undo(key, None));
                }
            }
        }
    };
}

impl<'w> Scope<'w> {
    pub(super) fn open(working: &'w mut Working) -> Self {
        let (movements, events) = (working.movements.len(), working.events.len());
        let (judged, done) = (working.judged.len(), working.sync.done.len());
        Self { working, undo: Vec::new(), movements, events, judged, done, ordinal: 0, accepted: false }
    }
}

impl Scope<'_> {
    row_access!(sku, put_sku, skus, SkuId, Sku, Sku, "SKU");
    row_access!(location, put_location, locations, LocationId, Location, Location, "location");
    row_access!(stock_row, put_stock, stock, StockKey, Stock, Stock, "stock row");
    row_access!(order, put_order, orders, OrderId, Order, Order, "order");
    row_access!(
        reservation,
        put_reservation,
        reservations,
        ReservationId,
        Reservation,
        Reservation,
        "reservation"
    );
    row_access!(api_key, put_api_key, api_keys, ApiKeyId, ApiKey, ApiKey, "API key");

    /// The SKU of a code, or `None` if there is none.
    pub fn sku_by_code(&mut self, code: &str) -> Option<&Sku> {
        match self.working.sku_codes.get(code) {
            Some(id) => self.working.skus.get(&(*id)?)?.now.as_ref(),
            None => {
                self.working.unasked.push(format!("SKU {code}"));
                None
            }
        }
    }

    /// The location of a code, or `None` if there is none.
    pub fn location_by_code(&mut self, code: &str) -> Option<&Location> {
        match self.working.location_codes.get(code) {
            Some(id) => self.working.locations.get(&(*id)?)?.now.as_ref(),
            None => {
                self.working.unasked.push(format!("location {code}"));
                None
            }
        }
    }

    /// Every loaded stock row of a SKU that [`Needs::stock_of`] asked for.
    pub fn stock_of(&mut self, sku: SkuId) -> Vec<Stock> {
        if !self.working.stock_of.contains(&sku) {
            self.working.unasked.push(format!("stock of {sku:?}"));
        }
        let range = StockKey { sku, location: LocationId(i64::MIN) }..=StockKey {
            sku,
            location: LocationId(i64::MAX),
        };
        self.working.stock.range(range).filter_map(|(_, row)| row.now).collect()
    }

    /// The order with this reference, if one exists.
    pub fn order_by_reference(&mut self, channel: &str, reference: &str) -> Option<OrderId> {
        let key = (channel.to_owned(), reference.to_owned());
        match self.working.order_references.get(&key) {
            Some(found) => *found,
            None => {
                self.working.unasked.push(format!("order {channel}/{reference}"));
                None
            }
        }
    }

    /// Holders on this row that were past due when the row was loaded.
    pub fn due_on(&mut self, key: StockKey) -> Vec<Holder> {
        match self.working.due_on.get(&key) {
            Some(holders) => holders.clone(),
            None => {
                self.working.unasked.push(format!("overdue holders on {key:?}"));
                Vec::new()
            }
        }
    }

    /// Names a new SKU, so that later commands of the batch find it.
    pub fn name_sku(&mut self, code: String, id: SkuId) {
        let old = self.working.sku_codes.insert(code.clone(), Some(id));
        self.undo.push(Undo::SkuCode(code, old));
    }

    /// Names a new location, so that later commands of the batch find it.
    pub fn name_location(&mut self, code: String, id: LocationId) {
        let old = self.working.location_codes.insert(code.clone(), Some(id));
        self.undo.push(Undo::LocationCode(code, old));
    }

    /// Names a new order, so that later commands of the batch find it.
    pub fn name_order(&mut self, channel: String, reference: String, id: OrderId) {
        let key = (channel, reference);
        let old = self.working.order_references.insert(key.clone(), Some(id));
        self.undo.push(Undo::OrderReference(key, old));
    }

    /// Takes a number from the counters row.
    ///
    /// # Errors
    /// [`crate::Refusal::OutOfRange`] when the counters were not asked for.
    pub fn next_number(&mut self, pick: fn(&mut Counters) -> &mut i64) -> Result<i64, crate::Refusal> {
        let Some(tracked) = self.working.counters.as_mut() else {
            self.working.unasked.push("counters".to_owned());
            return Err(crate::Refusal::OutOfRange);
        };
        let mut counters = tracked.now.unwrap_or_default();
        self.undo.push(Undo::Counters(tracked.now));
        let slot = pick(&mut counters);
        let number = *slot;
        *slot += 1;
        tracked.now = Some(counters);
        Ok(number)
    }

    /// An id for a row that this command makes, that no other command makes: the execution's own, counted up. Its time
    /// part stays that of the execution, so new rows land side by side.
    pub fn fresh_id(&mut self, context: &crate::command::Context) -> u128 {
        self.ordinal += 1;
        context.op.0.wrapping_add(u128::from(self.ordinal))
    }

    /// Appends a movement.
    pub fn push_movement(&mut self, movement: Movement) {
        self.working.movements.push(movement);
    }

    /// Appends an event.
    pub fn push_event(&mut self, event: Event) {
        self.working.events.push(event);
    }

    /// Notes that a listing was judged because of a stock row.
    pub fn note_judged(&mut self, judged: Judged) {
        self.working.judged.push(judged);
        if judged.marked && self.working.marked.insert(judged.listing) {
            self.undo.push(Undo::Marked(judged.listing));
        }
    }

    /// Whether a command of this batch has marked a listing because of a stock row.
    pub fn is_marked(&self, listing: ListingId) -> bool {
        self.working.marked.contains(&listing)
    }

    /// Keeps what was done.
    pub fn accept(mut self) {
        self.accepted = true;
    }

    /// Keeps what was done, unless a row was read that nobody had asked for: a decision over rows that were not loaded
    /// is no decision.
    pub fn accept_if_asked(mut self) {
        self.accepted = self.working.unasked.is_empty();
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        if self.accepted {
            return;
        }
        self.working.movements.truncate(self.movements);
        self.working.events.truncate(self.events);
        self.working.judged.truncate(self.judged);
        self.working.sync.done.truncate(self.done);
        while let Some(step) = self.undo.pop() {
            match step {
                Undo::Sku(key, old) => restore(&mut self.working.skus, key, old),
                Undo::SkuCode(key, old) => rename(&mut self.working.sku_codes, key, old),
                Undo::Location(key, old) => restore(&mut self.working.locations, key, old),
                Undo::LocationCode(key, old) => rename(&mut self.working.location_codes, key, old),
                Undo::Stock(key, old) => restore(&mut self.working.stock, key, old),
                Undo::Order(key, old) => restore(&mut self.working.orders, key, old),
                Undo::OrderReference(key, old) => rename(&mut self.working.order_references, key, old),
                Undo::Reservation(key, old) => restore(&mut self.working.reservations, key, old),
                Undo::ApiKey(key, old) => restore(&mut self.working.api_keys, key, old),
                Undo::Sync(step) => step.run(&mut self.working.sync),
                Undo::Marked(listing) => drop(self.working.marked.remove(&listing)),
                Undo::Counters(old) => {
                    if let Some(counters) = self.working.counters.as_mut() {
                        counters.now = old;
                    }
                }
            }
        }
    }
}

fn restore<K: Ord, T>(rows: &mut BTreeMap<K, Tracked<T>>, key: K, old: Option<Option<T>>) {
    match old {
        Some(value) => {
            if let Some(row) = rows.get_mut(&key) {
                row.now = value;
            }
        }
        None => {
            rows.remove(&key);
        }
    }
}

fn rename<K: Ord, T>(names: &mut BTreeMap<K, T>, key: K, old: Option<T>) {
    match old {
        Some(value) => {
            names.insert(key, value);
        }
        None => {
            names.remove(&key);
        }
    }
}

//! The rows of one batch, and the scopes in which commands change them.
//!
//! The engine loads what commands need into [`Working`]; each command then works in a [`Scope`] of its own. A refused
//! command's scope is undone as if it had never been, so one bad command costs the others nothing. At the end
//! [`Working::into_changes`] is the only output: flat rows for the store to write in bulk.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::ApiKey;
use crate::event::{Event, EventBody};
use crate::id::{ApiKeyId, LocationId, OpId, OrderId, PrincipalId, ReservationId, SkuId};
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
        Self {
            before: row.clone(),
            now: row,
        }
    }
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
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            next_sku: 1,
            next_location: 1,
            next_principal: 1,
        }
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
    /// Movements made so far, in order.
    pub movements: Vec<Movement>,
    /// Events made so far, in order.
    pub events: Vec<Event>,
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
            wanted
                .iter()
                .filter(|key| !have.contains_key(*key))
                .cloned()
                .collect()
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
        let (movements, events) = (self.movements.len(), self.events.len());
        Scope {
            working: self,
            undo: Vec::new(),
            movements,
            events,
            accepted: false,
        }
    }

    /// Ends the batch: adds one `stock.changed` for each stock row that changed, and says what to write.
    #[must_use]
    pub fn into_changes(mut self, actor: PrincipalId) -> Changes {
        let mut changes = Changes::default();
        // The last movement of a row names the command that its figures follow from.
        let last: BTreeMap<StockKey, (OpId, PrincipalId)> =
            self.movements.iter().map(|m| (m.key, (m.op, m.actor))).collect();
        for (key, row) in std::mem::take(&mut self.stock) {
            let Some(stock) = row.now else { continue };
            if row.before.is_some_and(|before| before == stock) {
                continue;
            }
            if let Some(body) = self.stock_changed(key, &stock) {
                let (op, actor) = last.get(&key).copied().unwrap_or((OpId(0), actor));
                self.events.push(Event {
                    body,
                    op,
                    actor,
                    trace: None,
                });
            }
            changes.stock.push(Tracked {
                before: row.before,
                now: Some(stock),
            });
        }
        fn changed<K, T: PartialEq>(rows: BTreeMap<K, Tracked<T>>) -> Vec<Tracked<T>> {
            rows.into_values()
                .filter(|row| row.now.is_some() && row.now != row.before)
                .collect()
        }
        changes.skus = changed(self.skus);
        changes.locations = changed(self.locations);
        changes.orders = changed(self.orders);
        changes.reservations = changed(self.reservations);
        changes.api_keys = changed(self.api_keys);
        changes.counters = self.counters.filter(|c| c.now != c.before).and_then(|c| c.now);
        changes.movements = self.movements;
        changes.events = self.events;
        changes
    }

    fn stock_changed(&self, key: StockKey, stock: &Stock) -> Option<EventBody> {
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
        })
    }
}

/// What a batch changed: flat rows, ready to be written in bulk. Rows whose `before` is `None` are new.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
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
}

impl Changes {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

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
}

/// One command's view. Dropped without [`Scope::accept`], it leaves no trace.
pub struct Scope<'w> {
    working: &'w mut Working,
    undo: Vec<Undo>,
    movements: usize,
    events: usize,
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
                    self.working.$field.insert(
                        key,
                        Tracked {
                            before: None,
                            now: Some(row),
                        },
                    );
                    self.undo.push(Undo::$undo(key, None));
                }
            }
        }
    };
}

impl Scope<'_> {
    row_access!(sku, put_sku, skus, SkuId, Sku, Sku, "SKU");
    row_access!(
        location,
        put_location,
        locations,
        LocationId,
        Location,
        Location,
        "location"
    );
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
    row_access!(
        api_key,
        put_api_key,
        api_keys,
        ApiKeyId,
        ApiKey,
        ApiKey,
        "API key"
    );

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
        let range = StockKey {
            sku,
            location: LocationId(i64::MIN),
        }..=StockKey {
            sku,
            location: LocationId(i64::MAX),
        };
        self.working
            .stock
            .range(range)
            .filter_map(|(_, row)| row.now)
            .collect()
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

    /// Appends a movement.
    pub fn push_movement(&mut self, movement: Movement) {
        self.working.movements.push(movement);
    }

    /// Appends an event.
    pub fn push_event(&mut self, event: Event) {
        self.working.events.push(event);
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
                Undo::Counters(old) => {
                    if let Some(counters) = self.working.counters.as_mut() {
                        counters.now = old;
                    }
                }
            }
        }
    }
}

//! The ledger in plain maps: what a store must hold after the same commands, to the line of the dump.
//!
//! It decides by the same rules as everybody, over rows that no database has kept, found or locked. A store that loses a
//! field, finds the wrong rows or puts events into another order leaves another text behind.

mod sync;

use std::collections::{BTreeMap, BTreeSet};

use onhand_rules::access::ApiKey;
use onhand_rules::command::ROUNDS_MAX;
use onhand_rules::order::OrderState;
use onhand_rules::reservation::ReservationState;
use onhand_rules::working::{Counters, DUE_MAX};
use onhand_rules::{
    ApiKeyId, Changes, Holder, Location, LocationId, Movement, Needs, OpId, Order, OrderId, PrincipalId,
    Reservation, ReservationId, Sku, SkuId, Stock, StockKey, Tracked, Working,
};

use super::driver::{Request, decide, needs_of};
use crate::dump::Lines;
use crate::ops::{OpKey, OpRow, Outcome};
use crate::reads::{EventRow, StockView};

/// Everything that was ever committed.
#[derive(Debug, Default)]
pub struct Memory {
    skus: BTreeMap<SkuId, Sku>,
    locations: BTreeMap<LocationId, Location>,
    stock: BTreeMap<StockKey, Stock>,
    movements: BTreeMap<StockKey, Vec<Movement>>,
    orders: BTreeMap<OrderId, Order>,
    reservations: BTreeMap<ReservationId, Reservation>,
    api_keys: BTreeMap<ApiKeyId, ApiKey>,
    counters: Option<Counters>,
    events: Vec<EventRow>,
    ops: BTreeMap<OpKey, OpRow>,
    sync: sync::Sync,
}

impl Memory {
    /// One transaction over commands and the ids of their executions; answers as the driver of a store does.
    pub(super) fn transaction(
        &mut self,
        batch: &[Request],
        ids: &[Option<OpId>],
        now: i64,
    ) -> Vec<Option<Outcome>> {
        let known = |memory: &Self, request: &Request| {
            request.op_key().and_then(|key| memory.ops.get(&key)).map(|row| row.outcome.clone())
        };
        let fresh: Vec<&Request> = batch.iter().filter(|request| known(self, request).is_none()).collect();
        let mut working = self.load(&fresh, now);
        let mut outcomes = Vec::with_capacity(batch.len());
        for (request, id) in batch.iter().zip(ids) {
            let outcome = match (known(self, request), id) {
                (Some(outcome), _) => Some(outcome),
                (None, Some(id)) => decide(&mut working, request, *id, now),
                (None, None) => panic!("the store knows an outcome that was never written: {request:?}"),
            };
            if let (Some(key), Some(id), Some(outcome)) = (request.op_key(), id, &outcome) {
                let (id, fingerprint) = (*id, request.fingerprint());
                let row = OpRow { key: key.clone(), id, fingerprint, outcome: outcome.clone(), at: now };
                self.ops.insert(key, row);
            }
            outcomes.push(outcome);
        }
        self.keep(working.into_changes(PrincipalId::SYSTEM), now);
        outcomes
    }

    fn load(&self, fresh: &[&Request], now: i64) -> Working {
        let mut working = Working::default();
        for _ in 0..ROUNDS_MAX {
            let missing = working.missing(&needs_of(fresh, &working));
            self.find(&missing, &mut working, now);
        }
        working
    }

    fn find(&self, needs: &Needs, working: &mut Working, now: i64) {
        fn row<K: Ord + Clone, T: Clone>(
            needs: &BTreeSet<K>,
            from: &BTreeMap<K, T>,
            into: &mut BTreeMap<K, Tracked<T>>,
        ) {
            for key in needs {
                into.entry(key.clone()).or_insert_with(|| Tracked::loaded(from.get(key).cloned()));
            }
        }
        let mut skus = needs.skus.clone();
        for code in &needs.sku_codes {
            let id = self.skus.values().find(|sku| sku.code == *code).map(|sku| sku.id);
            working.sku_codes.insert(code.clone(), id);
            skus.extend(id);
        }
        let mut locations = needs.locations.clone();
        for code in &needs.location_codes {
            let id = self.locations.values().find(|place| place.code == *code).map(|place| place.id);
            working.location_codes.insert(code.clone(), id);
            locations.extend(id);
        }
        let mut stock = needs.stock.clone();
        for sku in &needs.stock_of {
            stock.extend(self.stock.keys().filter(|key| key.sku == *sku));
            working.stock_of.insert(*sku);
        }
        for pair in &needs.order_references {
            let same = |order: &&Order| {
                order.channel == pair.0 && order.reference.as_deref() == Some(pair.1.as_str())
            };
            working.order_references.insert(pair.clone(), self.orders.values().find(same).map(|o| o.id));
        }
        for key in &needs.due_on {
            working.due_on.insert(*key, self.due_on(*key, now));
        }
        row(&skus, &self.skus, &mut working.skus);
        row(&locations, &self.locations, &mut working.locations);
        row(&stock, &self.stock, &mut working.stock);
        row(&needs.orders, &self.orders, &mut working.orders);
        row(&needs.reservations, &self.reservations, &mut working.reservations);
        row(&needs.api_keys, &self.api_keys, &mut working.api_keys);
        for component in &needs.bundles_of {
            let has = |sku: &&Sku| sku.components.iter().any(|part| part.sku == *component);
            let bundles: BTreeSet<SkuId> = self.skus.values().filter(has).map(|sku| sku.id).collect();
            row(&bundles, &self.skus, &mut working.skus);
            working.bundles_of.insert(*component, bundles);
        }
        self.sync.find(&needs.sync, &mut working.sync);
        if needs.counters {
            working.counters.get_or_insert_with(|| Tracked::loaded(Some(self.counters.unwrap_or_default())));
        }
    }

    fn due_on(&self, key: StockKey, now: i64) -> Vec<Holder> {
        let orders = self.orders.values().filter(|order| {
            order.state == OrderState::Pending
                && order.lines.iter().any(|line| line.key == key && line.reserved > 0)
        });
        let reservations = self.reservations.values().filter(|row| {
            row.state == ReservationState::Held
                && row.lines.iter().any(|line| line.key == key && line.outstanding() > 0)
        });
        let orders = orders.filter_map(|order| Some((order.expires_at?, Holder::Order(order.id))));
        let mut due: Vec<(i64, Holder)> = orders
            .chain(reservations.map(|row| (row.expires_at, Holder::Reservation(row.id))))
            .filter(|(at, _)| *at <= now)
            .collect();
        due.sort();
        due.truncate(DUE_MAX);
        due.into_iter().map(|(_, holder)| holder).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn keep(&mut self, changes: Changes, now: i64) {
        fn put<K: Ord, T>(rows: Vec<Tracked<T>>, into: &mut BTreeMap<K, T>, key: fn(&T) -> K) {
            into.extend(rows.into_iter().filter_map(|row| row.now).map(|row| (key(&row), row)));
        }
        put(changes.skus, &mut self.skus, |row| row.id);
        put(changes.locations, &mut self.locations, |row| row.id);
        put(changes.stock, &mut self.stock, |row| row.key);
        put(changes.orders, &mut self.orders, |row| row.id);
        put(changes.reservations, &mut self.reservations, |row| row.id);
        put(changes.api_keys, &mut self.api_keys, |row| row.id);
        self.sync.keep(changes.sync);
        self.counters = changes.counters.or(self.counters);
        for movement in changes.movements {
            self.movements.entry(movement.key).or_default().push(movement);
        }
        for event in changes.events {
            let number = 1 + i64::try_from(self.events.len()).expect("few");
            let onhand_rules::Event { body, op, actor, trace } = event;
            self.events.push(EventRow { number, at: now, body, op, actor, trace });
        }
    }

    /// What [`crate::dump::dump`] must say of a store.
    pub(super) fn dump(&self) -> String {
        let mut out = Lines::default();
        let mut skus: Vec<&Sku> = self.skus.values().collect();
        skus.sort_by(|a, b| a.code.cmp(&b.code));
        skus.into_iter().for_each(|sku| out.sku(sku));
        let mut places: Vec<&Location> = self.locations.values().collect();
        places.sort_by(|a, b| a.code.cmp(&b.code));
        places.into_iter().for_each(|place| out.location(place));
        let mut views: Vec<StockView> = self
            .stock
            .values()
            .map(|stock| StockView {
                sku: self.skus[&stock.key.sku].code.clone(),
                location: self.locations[&stock.key.location].code.clone(),
                stock: *stock,
            })
            .collect();
        views.sort_by(|a, b| (&a.sku, &a.location).cmp(&(&b.sku, &b.location)));
        for view in &views {
            out.stock(view);
            let movements = self.movements.get(&view.stock.key);
            movements.into_iter().flatten().for_each(|row| out.movement(view, row));
        }
        self.orders.values().for_each(|row| out.order(row));
        self.reservations.values().for_each(|row| out.reservation(row));
        self.events.iter().for_each(|row| out.event(row));
        self.ops.values().for_each(|row| out.operation(row));
        self.api_keys.values().for_each(|row| out.api_key(row));
        self.sync.dump(&mut out);
        out.into_text()
    }
}

//! A database of maps, and everything that must hold after each command. It shares nothing with the stores.

use std::collections::BTreeMap;

use onhand_rules::access::ApiKey;
use onhand_rules::command::ROUNDS_MAX;
use onhand_rules::commands::{Condition, StockItem};
use onhand_rules::invariant::{Chain, Violation, check_order, check_reservation};
use onhand_rules::order::{OrderState, PaymentState};
use onhand_rules::payment::PaymentEvent;
use onhand_rules::reservation::ReservationState;
use onhand_rules::working::{Counters, DUE_MAX};
use onhand_rules::{
    ApiKeyId, Changes, Command, Context, EventBody, Holder, Location, LocationId, MovementKind, Needs, OpId,
    Order, OrderId, PrincipalId, Quantities, Receipt, Refusal, Reservation, ReservationId, Sku, SkuId, Stock,
    StockKey, Tracked, Working,
};

/// When every world begins.
pub(crate) const START: i64 = 1_000_000;

#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) now: i64,
    pub(crate) skus: BTreeMap<SkuId, Sku>,
    pub(crate) locations: BTreeMap<LocationId, Location>,
    pub(crate) stock: BTreeMap<StockKey, Stock>,
    pub(crate) orders: BTreeMap<OrderId, Order>,
    pub(crate) reservations: BTreeMap<ReservationId, Reservation>,
    pub(crate) api_keys: BTreeMap<ApiKeyId, ApiKey>,
    counters: Option<Counters>,
    ops: u128,
    chains: BTreeMap<StockKey, Chain>,
    /// on_hand and unavailable by what was asked for and answered, without looking at any row: the independent account.
    account: BTreeMap<StockKey, (i64, i64)>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { now: START, ..Self::default() }
    }

    /// Decides one command, checks every invariant, and keeps what changed.
    pub(crate) fn run(&mut self, command: impl Into<Command>) -> Result<Receipt, Refusal> {
        let command = command.into();
        let mut working = self.load(&command);
        self.ops += 1;
        let context = Context { now: self.now, op: OpId(self.ops), actor: PrincipalId(1), trace: None };
        let mut scope = working.scope();
        let decided = command.decide(&mut scope, &context);
        match &decided {
            Ok(_) => scope.accept(),
            Err(_) => drop(scope),
        }
        assert!(working.unasked.is_empty(), "{command:?} read without asking: {:?}", working.unasked);
        let changes = working.into_changes(PrincipalId::SYSTEM);
        match &decided {
            Ok(receipt) => {
                self.note_in_account(&command, receipt);
                self.check_steps(&command, &changes);
                Self::check_money(&command, &changes);
                self.apply(changes);
                self.check(&command);
                self.check_payment(&command);
            }
            Err(refusal) => assert!(changes.is_empty(), "I7: refused with {refusal:?}, and yet {changes:?}"),
        }
        decided
    }

    fn load(&self, command: &Command) -> Working {
        let mut working = Working::default();
        for _ in 0..ROUNDS_MAX {
            let mut needs = Needs::default();
            command.needs(&working, &mut needs);
            let missing = working.missing(&needs);
            if missing.is_empty() {
                return working;
            }
            self.find(&missing, &mut working);
        }
        let mut needs = Needs::default();
        command.needs(&working, &mut needs);
        assert!(working.missing(&needs).is_empty(), "{ROUNDS_MAX} rounds are too few for {command:?}");
        working
    }

    fn find(&self, needs: &Needs, working: &mut Working) {
        let (mut skus, mut locations, mut stock) =
            (needs.skus.clone(), needs.locations.clone(), needs.stock.clone());
        for code in &needs.sku_codes {
            let id = self.skus.values().find(|sku| sku.code == *code).map(|sku| sku.id);
            working.sku_codes.insert(code.clone(), id);
            skus.extend(id);
        }
        for code in &needs.location_codes {
            let id = self.locations.values().find(|place| place.code == *code).map(|place| place.id);
            working.location_codes.insert(code.clone(), id);
            locations.extend(id);
        }
        for sku in &needs.stock_of {
            stock.extend(self.stock.keys().filter(|key| key.sku == *sku));
            working.stock_of.insert(*sku);
        }
        fn put<K: Ord + Copy, T: Clone>(
            wanted: impl IntoIterator<Item = K>,
            rows: &BTreeMap<K, T>,
            into: &mut BTreeMap<K, Tracked<T>>,
        ) {
            for key in wanted {
                into.entry(key).or_insert_with(|| Tracked::loaded(rows.get(&key).cloned()));
            }
        }
        put(skus, &self.skus, &mut working.skus);
        put(locations, &self.locations, &mut working.locations);
        put(stock, &self.stock, &mut working.stock);
        put(needs.orders.iter().copied(), &self.orders, &mut working.orders);
        put(needs.reservations.iter().copied(), &self.reservations, &mut working.reservations);
        put(needs.api_keys.iter().copied(), &self.api_keys, &mut working.api_keys);
        for (channel, reference) in &needs.order_references {
            let same =
                |order: &&Order| order.channel == *channel && order.reference.as_ref() == Some(reference);
            let id = self.orders.values().find(same).map(|order| order.id);
            working.order_references.insert((channel.clone(), reference.clone()), id);
        }
        for key in &needs.due_on {
            working.due_on.insert(*key, self.due_on(*key));
        }
        if needs.counters {
            working.counters = Some(Tracked::loaded(Some(self.counters.unwrap_or_default())));
        }
    }

    fn due_on(&self, key: StockKey) -> Vec<Holder> {
        let orders = self.orders.values().filter(|order| {
            order.overdue(self.now) && order.lines.iter().any(|line| line.key == key && line.reserved > 0)
        });
        let carts = self.reservations.values().filter(|cart| {
            cart.overdue(self.now) && cart.lines.iter().any(|line| line.key == key && line.outstanding() > 0)
        });
        let mut due: Vec<Holder> = orders.map(|order| Holder::Order(order.id)).collect();
        due.extend(carts.map(|cart| Holder::Reservation(cart.id)));
        due.truncate(DUE_MAX);
        due
    }

    /// Every hold in the world, due or not, for the pulse.
    pub(crate) fn all_holders(&self) -> Vec<Holder> {
        let orders = self.orders.keys().map(|id| Holder::Order(*id));
        orders.chain(self.reservations.keys().map(|id| Holder::Reservation(*id))).collect()
    }

    fn apply(&mut self, changes: Changes) {
        for movement in &changes.movements {
            let mut found = Vec::new();
            self.chains.entry(movement.key).or_default().follow(movement, &mut found);
            assert_clean(&found);
        }
        fn keep<K: Ord, T>(rows: Vec<Tracked<T>>, into: &mut BTreeMap<K, T>, key: fn(&T) -> K) {
            for row in rows.into_iter().filter_map(|row| row.now) {
                into.insert(key(&row), row);
            }
        }
        keep(changes.skus, &mut self.skus, |row| row.id);
        keep(changes.locations, &mut self.locations, |row| row.id);
        keep(changes.stock, &mut self.stock, |row| row.key);
        keep(changes.orders, &mut self.orders, |row| row.id);
        keep(changes.reservations, &mut self.reservations, |row| row.id);
        keep(changes.api_keys, &mut self.api_keys, |row| row.id);
        self.counters = changes.counters.or(self.counters);
    }

    /// What must hold of the rows: I1, I2, I4, I5, I6, I9, I15, and the independent account.
    fn check(&self, command: &Command) {
        let mut found = Vec::new();
        let mut held: BTreeMap<StockKey, i64> = BTreeMap::new();
        let mut allocated: BTreeMap<StockKey, i64> = BTreeMap::new();
        for order in self.orders.values() {
            check_order(order, &mut found);
            for line in &order.lines {
                *held.entry(line.key).or_default() += line.reserved;
                *allocated.entry(line.key).or_default() += line.allocated;
            }
        }
        for cart in self.reservations.values() {
            check_reservation(cart, &mut found);
            for line in &cart.lines {
                *held.entry(line.key).or_default() += line.outstanding();
            }
        }
        for (key, row) in &self.stock {
            self.chains.get(key).cloned().unwrap_or_default().compare(row, &mut found);
            let figures = row.figures;
            assert_eq!(held.remove(key).unwrap_or(0), figures.reserved, "I4 after {command:?}");
            assert_eq!(allocated.remove(key).unwrap_or(0), figures.allocated, "I6 after {command:?}");
            let account = self.account.get(key).copied().unwrap_or_default();
            assert_eq!(account, (figures.on_hand, figures.unavailable), "I1 by account after {command:?}");
        }
        assert!(held.values().all(|units| *units == 0), "I4: held without a stock row after {command:?}");
        assert!(allocated.values().all(|units| *units == 0), "I6: no stock row after {command:?}");
        assert_clean(&found);
    }

    /// What must hold of the step from the rows before it to the rows after it: I2, I9, I14, and that the feed tells
    /// every row that changed.
    fn check_steps(&self, command: &Command, changes: &Changes) {
        for movement in &changes.movements {
            // Not by `MovementKind::is_guarded`, which is part of what is tested.
            let ours = matches!(movement.kind, MovementKind::Reserve | MovementKind::AllocateDirect);
            let limit = self.skus.get(&movement.key.sku).map_or(0, |sku| sku.backorder_limit);
            let available = movement.after.available();
            assert!(!ours || available >= -limit, "I2: {available} available after {command:?}");
            if movement.kind == MovementKind::Expire {
                let due = self.due_of(movement.holder.expect("a hold has a holder"));
                assert!(due <= self.now, "I14: expired {} ms early by {command:?}", due - self.now);
            }
        }
        for row in &changes.orders {
            if let (Some(before), Some(now)) = (&row.before, &row.now) {
                assert!(now.version > before.version, "I9: {command:?} changes an order in silence");
                assert!(may_follow(before.state, now.state), "I9: {:?} → {:?}", before.state, now.state);
            }
        }
        for row in &changes.reservations {
            if let (Some(before), Some(now)) = (&row.before, &row.now) {
                use ReservationState::{Allocated, Expired, Held};
                let fits = match before.state {
                    Held => true,
                    Expired => matches!(now.state, Allocated | Expired),
                    state => now.state == state,
                };
                assert!(fits, "I4: {:?} → {:?} by {command:?}", before.state, now.state);
                assert!(now.version > before.version, "I4: {command:?} changes a reservation in silence");
            }
        }
        let told: Vec<_> = changes
            .events
            .iter()
            .filter_map(|event| match &event.body {
                EventBody::StockChanged { sku, location, version, .. } => Some((sku, location, *version)),
                _ => None,
            })
            .collect();
        let moved =
            changes.stock.iter().filter(|row| row.before.map(|b| b.figures) != row.now.map(|n| n.figures));
        assert!(told.len() >= moved.count(), "a stock row changed and the feed does not say so");
        check_shortfalls(command, changes);
    }

    fn due_of(&self, holder: Holder) -> i64 {
        match holder {
            Holder::Order(id) => self.orders[&id].expires_at.expect("a pending order has a due time"),
            Holder::Reservation(id) => self.reservations[&id].expires_at,
        }
    }

    /// Goods or money: who has paid has the goods, or gets the money back.
    fn check_payment(&self, command: &Command) {
        let (id, reference) = match command {
            Command::ConfirmOrder(confirm) => (confirm.id, confirm.payment_reference.as_ref()),
            Command::RecordPayment(told) if told.event == PaymentEvent::Succeeded => {
                (told.id, Some(&told.payment_reference))
            }
            _ => return,
        };
        let (Some(reference), order) = (reference, &self.orders[&id]) else { return };
        let goods = order.paid_by().is_some_and(|first| first.reference == *reference)
            && !matches!(order.state, OrderState::Pending | OrderState::Cancelled | OrderState::Expired);
        let state = order.payment_of(reference).map(|payment| payment.state);
        let due = state == Some(PaymentState::RefundPending);
        assert!(goods != due || state == Some(PaymentState::Refunded), "I10: goods {goods}: {order:?}");
    }

    /// What a payment does to an order and to stock (I10): money never moves a unit, but that its coming takes them and
    /// its failing gives them back; and money that came stays known.
    fn check_money(command: &Command, changes: &Changes) {
        if let Command::RecordPayment(told) = command {
            let moved = !changes.movements.is_empty() || !changes.stock.is_empty();
            assert!(!moved || told.event == PaymentEvent::Succeeded || told.event.ends(), "I10: {told:?}");
        }
        for row in &changes.orders {
            let (Some(before), Some(now)) = (&row.before, &row.now) else { continue };
            for paid in before.all_payments().iter().filter(|payment| payment.brought_money()) {
                let still = now.payment_of(&paid.reference).expect("a payment with money is not forgotten");
                assert!(still.brought_money() && still.dispute >= paid.dispute, "I10: {command:?}: {now:?}");
                let back = paid.state == PaymentState::Refunded;
                assert!(!back || still.state == PaymentState::Refunded, "I10: {command:?}: {now:?}");
            }
        }
    }

    fn key(&self, sku: &str, location: &str) -> StockKey {
        let sku = self.skus.values().find(|row| row.code == sku).expect("a SKU").id;
        let location = self.locations.values().find(|row| row.code == location).expect("a location").id;
        StockKey { sku, location }
    }

    fn note_in_account(&mut self, command: &Command, receipt: &Receipt) {
        match (command, receipt) {
            (Command::ChangeStock(change), Receipt::Stock { .. }) => {
                change.items.iter().for_each(|item| self.note_item(item));
            }
            (Command::ShipOrder(ship), Receipt::Order { lines, .. }) => {
                for moved in lines {
                    for (key, units) in self.parts(ship.id, moved.line, moved.quantity) {
                        self.account.entry(key).or_default().0 -= units;
                    }
                }
            }
            (Command::ReturnOrder(back), _) => {
                for line in &back.lines {
                    for (key, units) in self.parts(back.id, line.line, line.quantity) {
                        let entry = self.account.entry(key).or_default();
                        match line.condition {
                            Condition::Sellable => entry.0 += units,
                            Condition::Damaged => *entry = (entry.0 + units, entry.1 + units),
                            Condition::Discarded => {}
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn note_item(&mut self, item: &StockItem) {
        match item {
            StockItem::Adjust { sku, location, delta, .. } => self.entry(sku, location).0 += delta,
            StockItem::Set { sku, location, on_hand, .. } => self.entry(sku, location).0 = *on_hand,
            StockItem::Count { sku, location, counted, .. } => self.entry(sku, location).0 = *counted,
            StockItem::Restate { sku, location, quantity, .. } => self.entry(sku, location).1 += quantity,
            StockItem::Transfer { sku, from, to, quantity, .. } => {
                self.entry(sku, from).0 -= quantity;
                self.entry(sku, to).0 += quantity;
            }
            StockItem::Matched { item, .. } => self.note_item(item),
        }
    }

    fn entry(&mut self, sku: &str, location: &str) -> &mut (i64, i64) {
        let key = self.key(sku, location);
        self.account.entry(key).or_default()
    }

    /// What so many items of an ordered line are in units.
    fn parts(&self, order: OrderId, line: i32, items: i64) -> Vec<(StockKey, i64)> {
        let lines = self.orders[&order].lines.iter().filter(|row| row.line == line);
        lines.map(|row| (row.key, row.per_item * items)).collect()
    }

    pub(crate) fn figures(&self, sku: &str, location: &str) -> Quantities {
        self.stock.get(&self.key(sku, location)).map_or_else(Quantities::default, |row| row.figures)
    }
}

/// The edges of the order machine. A late confirmation passes through `Expired` inside one command.
fn may_follow(before: OrderState, now: OrderState) -> bool {
    use OrderState::{Cancelled, Confirmed, Delivered, Expired, Pending, Processing, Shipped};
    match before {
        Pending => matches!(now, Pending | Confirmed | Cancelled | Expired),
        Expired => matches!(now, Expired | Confirmed | Cancelled),
        Confirmed => matches!(now, Confirmed | Processing | Shipped | Cancelled),
        Processing => matches!(now, Processing | Shipped),
        Shipped => matches!(now, Shipped | Delivered),
        Delivered => now == Delivered,
        Cancelled => now == Cancelled,
    }
}

fn assert_clean(found: &[Violation]) {
    assert!(found.is_empty(), "{found:#?}");
}

/// Every row that falls below what its limit allows is told, and every one that is back, and no other.
fn check_shortfalls(command: &Command, changes: &Changes) {
    let is_short =
        |stock: Option<Stock>| stock.is_some_and(|stock| stock.figures.available() < -stock.backorder_limit);
    let balance = |told: bool| i64::from(told);
    let crossed: i64 =
        changes.stock.iter().map(|row| balance(is_short(row.now)) - balance(is_short(row.before))).sum();
    let told: i64 = changes
        .events
        .iter()
        .map(|event| match event.body {
            EventBody::StockShortfall { .. } => 1,
            EventBody::StockShortfallCleared { .. } => -1,
            _ => 0,
        })
        .sum();
    assert_eq!(told, crossed, "{command:?} opens or ends shortfalls in silence");
}

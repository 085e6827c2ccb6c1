//! A database of maps with the rows of the queue and the channels, and what must hold after each command.

use std::collections::BTreeMap;

use onhand_rules::command::ROUNDS_MAX;
use onhand_rules::commands::channels::{ConnectShop, SeenListing, TakeListings};
use onhand_rules::commands::queue::ClaimJobs;
use onhand_rules::id::{JobId, ListingId, ShopId};
use onhand_rules::invariant::{Chain, check_order};
use onhand_rules::shop::ShopSettings;
use onhand_rules::working::{Changes, Counters};
use onhand_rules::{
    Command, Context, DeadJob, DoneJob, Event, Inbox, Job, JobBody, Listing, Location, LocationId,
    MarketOrder, Movement, Needs, Notice, OpId, Order, OrderId, PrincipalId, Quantities, Receipt, Refusal,
    Setting, Shop, Sku, SkuId, Stock, StockKey, SyncNeeds, Tracked, Working,
};

use crate::commands::{adjust, location, sku};

pub(crate) const SHOP: ShopId = ShopId(1);
pub(crate) const MINUTE: i64 = 60_000;

#[derive(Debug, Default)]
pub(crate) struct Market {
    pub(crate) now: i64,
    skus: BTreeMap<SkuId, Sku>,
    locations: BTreeMap<LocationId, Location>,
    stock: BTreeMap<StockKey, Stock>,
    pub(crate) orders: BTreeMap<OrderId, Order>,
    counters: Counters,
    ops: u128,
    chains: BTreeMap<StockKey, Chain>,
    pub(crate) movements: Vec<Movement>,
    pub(crate) events: Vec<Event>,
    pub(crate) settings: BTreeMap<String, Setting>,
    pub(crate) shops: BTreeMap<ShopId, Shop>,
    pub(crate) listings: BTreeMap<ListingId, Listing>,
    pub(crate) market: BTreeMap<(ShopId, String), MarketOrder>,
    pub(crate) inbox: BTreeMap<String, Inbox>,
    pub(crate) notices: BTreeMap<String, Notice>,
    pub(crate) jobs: BTreeMap<JobId, Job>,
    pub(crate) dead: BTreeMap<JobId, DeadJob>,
    pub(crate) done: Vec<DoneJob>,
}

fn put<K: Ord + Clone, T: Clone>(
    wanted: impl IntoIterator<Item = K>,
    rows: &BTreeMap<K, T>,
    into: &mut BTreeMap<K, Tracked<T>>,
) {
    for key in wanted {
        let row = rows.get(&key).cloned();
        into.entry(key).or_insert_with(|| Tracked::loaded(row));
    }
}

impl Market {
    pub(crate) fn empty() -> Self {
        Self { now: 100_000_000, ..Self::default() }
    }

    /// One connected shop, SKUs A and B with `units` each at the location `main`.
    pub(crate) fn with_shop(units: i64) -> Self {
        let mut world = Self::empty();
        world.ok(location("main"));
        for code in ["A", "B"] {
            world.ok(sku(code));
            if units > 0 {
                world.ok(adjust(code, "main", units));
            }
        }
        world.ok(connect("shop", "1"));
        world
    }

    pub(crate) fn ok(&mut self, command: impl Into<Command>) -> Receipt {
        let command = command.into();
        self.run(command.clone()).unwrap_or_else(|refusal| panic!("{command:?}: {refusal:?}"))
    }

    pub(crate) fn run(&mut self, command: impl Into<Command>) -> Result<Receipt, Refusal> {
        self.batch(vec![command.into()]).remove(0)
    }

    /// Several commands in one transaction.
    pub(crate) fn batch(&mut self, commands: Vec<Command>) -> Vec<Result<Receipt, Refusal>> {
        let mut working = self.load(&commands);
        let mut all = Vec::new();
        for command in &commands {
            self.ops += 1;
            // Ids that a command makes count up from its own.
            let op = OpId(self.ops << 32);
            let context = Context { now: self.now, op, actor: PrincipalId(1), trace: None };
            let mut scope = working.scope();
            let decided = command.decide(&mut scope, &context);
            match &decided {
                Ok(_) => scope.accept(),
                Err(_) => drop(scope),
            }
            assert!(working.unasked.is_empty(), "{command:?} read without asking: {:?}", working.unasked);
            all.push(decided);
        }
        let changes = working.into_changes(PrincipalId::SYSTEM);
        if all.iter().all(Result::is_err) {
            assert!(changes.is_empty(), "I7: refused, and yet {changes:?}");
            return all;
        }
        self.keep(changes);
        self.check();
        all
    }

    fn load(&self, commands: &[Command]) -> Working {
        let mut working = Working::default();
        for _ in 0..=ROUNDS_MAX {
            let mut needs = Needs::default();
            for command in commands {
                command.needs(&working, &mut needs);
            }
            let missing = working.missing(&needs);
            if missing.is_empty() {
                return working;
            }
            self.find(&missing, &mut working);
        }
        panic!("{ROUNDS_MAX} rounds are too few for {commands:?}");
    }

    fn find(&self, needs: &Needs, working: &mut Working) {
        let (mut skus, mut places) = (needs.skus.clone(), needs.locations.clone());
        for code in &needs.sku_codes {
            let id = self.skus.values().find(|row| row.code == *code).map(|row| row.id);
            working.sku_codes.insert(code.clone(), id);
            skus.extend(id);
        }
        for code in &needs.location_codes {
            let id = self.locations.values().find(|row| row.code == *code).map(|row| row.id);
            working.location_codes.insert(code.clone(), id);
            places.extend(id);
        }
        put(skus, &self.skus, &mut working.skus);
        put(places, &self.locations, &mut working.locations);
        put(needs.stock.iter().copied(), &self.stock, &mut working.stock);
        put(needs.orders.iter().copied(), &self.orders, &mut working.orders);
        for pair in &needs.order_references {
            let same = |order: &&Order| order.channel == pair.0 && order.reference.as_ref() == Some(&pair.1);
            let id = self.orders.values().find(same).map(|order| order.id);
            working.order_references.insert(pair.clone(), id);
        }
        working.reservations.extend(needs.reservations.iter().map(|id| (*id, Tracked::loaded(None))));
        for key in &needs.due_on {
            working.due_on.insert(*key, Vec::new());
        }
        for sku in &needs.stock_of {
            let keys: Vec<_> = self.stock.keys().filter(|key| key.sku == *sku).copied().collect();
            put(keys, &self.stock, &mut working.stock);
            working.stock_of.insert(*sku);
        }
        for sku in &needs.bundles_of {
            let part_of = |row: &&Sku| row.components.iter().any(|part| part.sku == *sku);
            let found: std::collections::BTreeSet<SkuId> =
                self.skus.values().filter(part_of).map(|row| row.id).collect();
            put(found.iter().copied(), &self.skus, &mut working.skus);
            working.bundles_of.insert(*sku, found);
        }
        if needs.counters {
            working.counters = Some(Tracked::loaded(Some(self.counters)));
        }
        self.find_sync(&needs.sync, working);
    }

    fn ids(&self, fits: impl Fn(&Listing) -> bool) -> std::collections::BTreeSet<ListingId> {
        self.listings.values().filter(|row| fits(row)).map(|row| row.id).collect()
    }

    fn find_sync(&self, needs: &SyncNeeds, working: &mut Working) {
        let rows = &mut working.sync;
        let (mut shops, mut listings, mut jobs) =
            (needs.shops.clone(), needs.listings.clone(), needs.jobs.clone());
        for pair in &needs.shop_accounts {
            let same = |shop: &&Shop| (&shop.channel, &shop.account) == (&pair.0, &pair.1);
            let id = self.shops.values().find(same).map(|shop| shop.id);
            rows.shop_accounts.insert(pair.clone(), id);
            shops.extend(id);
        }
        for code in &needs.shop_codes {
            let id = self.shops.values().find(|shop| shop.code == *code).map(|shop| shop.id);
            rows.shop_codes.insert(code.clone(), id);
            shops.extend(id);
        }
        for key in &needs.listing_keys {
            let found = self.ids(|l| l.shop == key.0 && l.item == key.1 && l.variant == key.2);
            listings.extend(&found);
            rows.listing_keys.insert(key.clone(), found.first().copied());
        }
        for key in &needs.seller_skus {
            let found = self.ids(|l| l.shop == key.0 && l.seller_sku == key.1);
            rows.seller_skus.insert(key.clone(), found);
        }
        for sku in &needs.listings_of {
            let found = self.ids(|l| l.mapping.is_some_and(|m| m.sku == *sku));
            listings.extend(&found);
            rows.listings_of.insert(*sku, found);
        }
        for key in &needs.units {
            let found = self.ids(|l| l.shop == key.0 && l.unit == key.1);
            listings.extend(&found);
            rows.units.insert(key.clone(), found);
        }
        for key in &needs.waiting_for {
            let waits = |order: &&MarketOrder| {
                order.shop == key.0 && order.waits_for.contains(&(key.1.clone(), key.2.clone()))
            };
            let found = self.market.values().filter(waits).map(|o| (o.shop, o.reference.clone())).collect();
            rows.waiting_for.insert(key.clone(), found);
        }
        for key in &needs.job_keys {
            let id = self.jobs.values().find(|job| job.body.dedupe().as_ref() == Some(key)).map(|job| job.id);
            rows.job_keys.insert(key.clone(), id);
            jobs.extend(id);
        }
        put(shops, &self.shops, &mut rows.shops);
        put(listings, &self.listings, &mut rows.listings);
        put(jobs, &self.jobs, &mut rows.jobs);
        put(needs.settings.iter().cloned(), &self.settings, &mut rows.settings);
        put(needs.market_orders.iter().cloned(), &self.market, &mut rows.market_orders);
        put(needs.inbox.iter().cloned(), &self.inbox, &mut rows.inbox);
        put(needs.notices.iter().cloned(), &self.notices, &mut rows.notices);
        put(needs.dead.iter().copied(), &self.dead, &mut rows.dead);
    }

    fn keep(&mut self, changes: Changes) {
        let mut found = Vec::new();
        for movement in changes.movements {
            self.chains.entry(movement.key).or_default().follow(&movement, &mut found);
            self.movements.push(movement);
        }
        assert!(found.is_empty(), "{found:#?}");
        fn keep<K: Ord, T>(rows: Vec<Tracked<T>>, into: &mut BTreeMap<K, T>, key: impl Fn(&T) -> K) {
            for row in rows {
                match (row.now, row.before) {
                    (Some(now), _) => drop(into.insert(key(&now), now)),
                    (None, Some(before)) => drop(into.remove(&key(&before))),
                    (None, None) => {}
                }
            }
        }
        keep(changes.skus, &mut self.skus, |row| row.id);
        keep(changes.locations, &mut self.locations, |row| row.id);
        keep(changes.stock, &mut self.stock, |row| row.key);
        keep(changes.orders, &mut self.orders, |row| row.id);
        self.counters = changes.counters.unwrap_or(self.counters);
        self.events.extend(changes.events);
        let sync = changes.sync;
        for (key, row) in sync.settings {
            match row.now {
                Some(now) => drop(self.settings.insert(key, now)),
                None => drop(self.settings.remove(&key)),
            }
        }
        keep(sync.shops, &mut self.shops, |row| row.id);
        keep(sync.listings, &mut self.listings, |row| row.id);
        keep(sync.market_orders, &mut self.market, |row| (row.shop, row.reference.clone()));
        keep(sync.inbox, &mut self.inbox, |row| row.key.clone());
        keep(sync.notices, &mut self.notices, |row| row.key.clone());
        keep(sync.jobs, &mut self.jobs, |row| row.id);
        keep(sync.dead, &mut self.dead, |row| row.job.id);
        self.done.extend(sync.done);
    }

    /// I1, I5, I6, I9, I15: the rows add up, and every held unit is somebody's.
    fn check(&self) {
        let mut found = Vec::new();
        let mut held: BTreeMap<StockKey, (i64, i64)> = BTreeMap::new();
        for order in self.orders.values() {
            check_order(order, &mut found);
            for line in &order.lines {
                let sum = held.entry(line.key).or_default();
                *sum = (sum.0 + line.reserved, sum.1 + line.allocated);
            }
        }
        for (key, row) in &self.stock {
            self.chains.get(key).cloned().unwrap_or_default().compare(row, &mut found);
            let of_orders = held.remove(key).unwrap_or_default();
            assert_eq!(of_orders, (row.figures.reserved, row.figures.allocated), "I6");
        }
        assert!(held.values().all(|sum| *sum == (0, 0)), "I6: held without a row: {held:?}");
        assert!(found.is_empty(), "{found:#?}");
    }

    pub(crate) fn figures(&self, code: &str) -> Quantities {
        let sku = self.skus.values().find(|row| row.code == code).expect("a SKU").id;
        self.stock.values().find(|row| row.key.sku == sku).map(|row| row.figures).unwrap_or_default()
    }

    /// Reads listings (item, seller SKU) of the shop; each is its own unit of writing.
    pub(crate) fn listings(&mut self, rows: &[(&str, &str)]) {
        let listings = rows.iter().map(|(item, code)| seen(item, code)).collect();
        self.ok(TakeListings { shop: SHOP, listings });
    }

    pub(crate) fn listing(&self, item: &str) -> &Listing {
        self.listings.values().find(|row| row.item == item).expect("a listing")
    }

    pub(crate) fn job(&self, fits: impl Fn(&JobBody) -> bool) -> Option<&Job> {
        self.jobs.values().find(|job| fits(&job.body))
    }

    pub(crate) fn claim(&mut self, id: JobId) -> i64 {
        self.ok(ClaimJobs { owner: 7, lease_ms: 30_000, jobs: vec![id] }).leases().first().expect("a claim").1
    }

    pub(crate) fn open(&self, prefix: &str) -> bool {
        self.notices.values().any(|row| row.open && row.key.starts_with(prefix))
    }
}

pub(crate) fn connect(code: &str, account: &str) -> ConnectShop {
    ConnectShop {
        state: None,
        code: code.into(),
        channel: "shopee".into(),
        account: account.into(),
        name: "A shop".into(),
        grant: "first".into(),
        access_until: 200_000_000,
        refresh_until: None,
        grant_until: None,
        settings: ShopSettings::default(),
    }
}

pub(crate) fn seen(item: &str, code: &str) -> SeenListing {
    SeenListing {
        item: item.into(),
        variant: String::new(),
        seller_sku: code.into(),
        title: format!("Thing {item}"),
        warehouses: Vec::new(),
        unit: item.into(),
        stock: 50,
        promotion_reserved: Some(0),
        theirs: None,
    }
}

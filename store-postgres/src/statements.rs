//! The statements of the write side, prepared when a connection is made. All of them find rows by key.
//!
//! Rows and keys travel as one array for each column and are unfolded by `unnest`, so a batch of any size is one statement
//! for each table.

use onhand_store::StoreError;
use tokio_postgres::{Client, Statement};

use crate::failure::failure;
use crate::rows::{
    api_key_columns, location_columns, op_columns, order_columns, reservation_columns, sku_columns,
    stock_columns,
};
use crate::sync_rows::{dead_columns, job_columns, job_fields, job_names, lease_fields};

/// What a statement says.
enum Text {
    Plain(&'static str),
    /// Table and columns with their types.
    Insert(&'static str, &'static str),
    /// Table, columns of the key, columns to set.
    Update(&'static str, &'static str, &'static str, Guard),
}

/// What a row to update must still have.
#[derive(PartialEq, Eq)]
enum Guard {
    /// The version that it was loaded with: the last parameter.
    Version,
    /// The number of deliveries that it was loaded with.
    Deliveries,
    /// The lease number and the state that it was loaded with.
    Lease,
    /// What a dead job was replayed as when it was loaded.
    Replayed,
    None,
}

impl Guard {
    fn columns(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Version => &[("version", "bigint")],
            Self::Deliveries => &[("deliveries", "bigint")],
            Self::Lease => &[("lease_number", "bigint"), ("state", "text")],
            Self::Replayed => &[("replayed_as", "uuid")],
            Self::None => &[],
        }
    }
}

/// `id bigint, name text` as pairs.
fn columns(list: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    list.split(", ").filter_map(|column| column.split_once(' '))
}

/// The parameter with this number, an array, one element for each row. `unnest` stands in the list of results and not
/// among the tables, where PostgreSQL would first copy every array aside: that alone is a fifth of the time of a batch.
fn unnested(number: usize, kind: &str) -> String {
    match kind.strip_suffix("[]") {
        // An array of arrays has no such form, so its elements travel as text.
        Some(_) => format!("unnest(${number}::text[])::{kind}"),
        None => format!("unnest(${number}::{kind}[])"),
    }
}

impl Text {
    fn sql(&self) -> String {
        match self {
            Self::Plain(sql) => (*sql).to_owned(),
            Self::Insert(table, list) => {
                let names: Vec<&str> = columns(list).map(|(name, _)| name).collect();
                let values: Vec<String> =
                    (1..).zip(columns(list)).map(|(n, (_, kind))| unnested(n, kind)).collect();
                format!("insert into {table} ({}) select {}", names.join(", "), values.join(", "))
            }
            Self::Update(table, key, list, guard) => {
                let sent = columns(key)
                    .map(|(name, kind)| (name.to_owned(), kind))
                    .chain(columns(list).map(|(name, kind)| (name.to_owned(), kind)))
                    .chain(guard.columns().iter().map(|(name, kind)| (format!("loaded_{name}"), *kind)));
                let sent: Vec<String> = (1..)
                    .zip(sent)
                    .map(|(n, (name, kind))| format!("{} as {name}", unnested(n, kind)))
                    .collect();
                let set: Vec<String> = columns(list).map(|(name, _)| format!("{name} = n.{name}")).collect();
                let mut found: Vec<String> =
                    columns(key).map(|(name, _)| format!("t.{name} = n.{name}")).collect();
                found.extend(
                    guard
                        .columns()
                        .iter()
                        .map(|(name, _)| format!("t.{name} is not distinct from n.loaded_{name}")),
                );
                format!(
                    "update {table} t set {} from (select {}) as n where {}",
                    set.join(", "),
                    sent.join(", "),
                    found.join(" and ")
                )
            }
        }
    }
}

macro_rules! statements {
    ($($name:ident = $sql:expr;)+) => {
        /// Names a prepared statement.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Sql {
            $($name),+
        }

        const TEXTS: &[Text] = &[$($sql),+];
    };
}

macro_rules! orders_by {
    ($condition:literal) => {
        concat!(
            "select ",
            order_columns!(),
            " from orders o left join order_line ol on ol.order_id = o.id where ",
            $condition,
            " order by o.id, ol.line, ol.part"
        )
    };
}

macro_rules! reservations_by {
    ($condition:literal) => {
        concat!(
            "select ",
            reservation_columns!(),
            " from reservation r left join reservation_line rl on rl.reservation_id = r.id where ",
            $condition,
            " order by r.id, rl.line, rl.part"
        )
    };
}

statements! {
    Clock = Text::Plain("select greatest((extract(epoch from clock_timestamp()) * 1000)::bigint, last_ms) from feed_state");
    Outcomes = Text::Plain(concat!("select ", op_columns!(), " from op p \
        join (select unnest($1::bigint[]) as principal, unnest($2::smallint[]) as kind, unnest($3::text[]) as key) as k \
        on p.principal = k.principal and p.kind = k.kind and p.key = k.key"));

    SkusByCode = Text::Plain(concat!("select ", sku_columns!(), " from sku s where s.code = any ($1)"));
    SkusById = Text::Plain(concat!("select ", sku_columns!(), " from sku s where s.id = any ($1)"));
    LocationsByCode = Text::Plain(concat!("select ", location_columns!(), " from location l where l.code = any ($1)"));
    LocationsById = Text::Plain(concat!("select ", location_columns!(), " from location l where l.id = any ($1)"));
    Stock = Text::Plain(concat!("select ", stock_columns!(), " from stock t \
        join (select unnest($1::bigint[]) as sku, unnest($2::bigint[]) as location) as k \
        on t.sku = k.sku and t.location = k.location"));
    StockOf = Text::Plain(concat!("select ", stock_columns!(), " from stock t where t.sku = any ($1)"));
    Orders = Text::Plain(orders_by!("o.id = any ($1)"));
    OrderReferences = Text::Plain("select o.channel, o.reference, o.id from orders o \
        join (select unnest($1::text[]) as channel, unnest($2::text[]) as reference) as k \
        on o.channel = k.channel and o.reference = k.reference where o.reference is not null");
    Reservations = Text::Plain(reservations_by!("r.id = any ($1)"));
    // Overdue holders are few, because the pulse ends them; holders of a hot row are many. So the due times are looked
    // through first.
    DueOrders = Text::Plain("with due as materialized (select o.id, o.expires_at from orders o where o.expires_at <= $1) \
        select ol.sku, ol.location, due.id, min(due.expires_at) from due join order_line ol on ol.order_id = due.id \
        where (ol.sku, ol.location) in (select * from unnest($2::bigint[], $3::bigint[])) and ol.reserved > 0 \
        group by ol.sku, ol.location, due.id");
    DueReservations = Text::Plain("with due as materialized ( \
            select r.id, r.expires_at from reservation r where r.state = 'held' and r.expires_at <= $1) \
        select rl.sku, rl.location, due.id, min(due.expires_at) from due \
        join reservation_line rl on rl.reservation_id = due.id \
        where (rl.sku, rl.location) in (select * from unnest($2::bigint[], $3::bigint[])) and rl.holding \
        group by rl.sku, rl.location, due.id");
    ApiKeys = Text::Plain(concat!("select ", api_key_columns!(), " from api_key a where a.id = any ($1)"));
    Counters = Text::Plain("select next_sku, next_location, next_principal, next_shop, next_listing from counters");

    LockCounters = Text::Plain("select next_sku, next_location, next_principal, next_shop, next_listing from counters for no key update");
    LockSkusShared = Text::Plain(concat!("select ", sku_columns!(),
        " from sku s where s.id = any ($1) order by s.id for share"));
    LockSkus = Text::Plain(concat!("select ", sku_columns!(),
        " from sku s where s.id = any ($1) order by s.id for no key update"));
    LockApiKeys = Text::Plain(concat!("select ", api_key_columns!(),
        " from api_key a where a.id = any ($1) order by a.id for no key update"));
    LockOrders = Text::Plain("select o.id from orders o where o.id = any ($1) order by o.id for no key update");
    LockReservations = Text::Plain("select r.id from reservation r where r.id = any ($1) order by r.id for no key update");
    LockStock = Text::Plain(concat!("select ", stock_columns!(), " from stock t \
        join (select unnest($1::bigint[]) as sku, unnest($2::bigint[]) as location) as k \
        on t.sku = k.sku and t.location = k.location order by t.sku, t.location for no key update of t"));
    LockStockOf = Text::Plain(concat!("select ", stock_columns!(),
        " from stock t where t.sku = any ($1) order by t.sku, t.location for no key update"));

    InsertOps = Text::Insert("op", "principal bigint, kind smallint, key text, id uuid, at bigint, \
        fingerprint bytea, outcome text");
    UpdateCounters = Text::Plain("update counters set next_sku = $1, next_location = $2, next_principal = $3, \
        next_shop = $4, next_listing = $5");
    InsertSkus = Text::Insert("sku", "id bigint, code text, name text, component_skus bigint[], \
        component_quantities bigint[], backorder_limit bigint, archived boolean, version bigint, created_at bigint, \
        updated_at bigint");
    UpdateSkus = Text::Update("sku", "id bigint", "name text, component_skus bigint[], \
        component_quantities bigint[], backorder_limit bigint, archived boolean, version bigint, updated_at bigint",
        Guard::Version);
    InsertLocations = Text::Insert("location", "id bigint, code text, name text, archived boolean, version bigint, \
        created_at bigint");
    UpdateLocations = Text::Update("location", "id bigint", "name text, archived boolean, version bigint",
        Guard::Version);
    InsertApiKeys = Text::Insert("api_key", "id uuid, principal bigint, name text, hash bytea, scopes text, \
        created_at bigint, expires_at bigint, revoked_at bigint");
    UpdateApiKeys = Text::Update("api_key", "id uuid", "name text, scopes text, expires_at bigint, revoked_at bigint",
        Guard::None);

    InsertStock = Text::Insert("stock", "sku bigint, location bigint, on_hand bigint, reserved bigint, \
        allocated bigint, unavailable bigint, backorder_limit bigint, version bigint, changed_at bigint, head bytea");
    UpdateStock = Text::Update("stock", "sku bigint, location bigint", "on_hand bigint, reserved bigint, \
        allocated bigint, unavailable bigint, backorder_limit bigint, version bigint, changed_at bigint, head bytea",
        Guard::Version);
    InsertMovements = Text::Insert("movement", "sku bigint, location bigint, version bigint, at bigint, actor bigint, \
        delta_on_hand bigint, delta_reserved bigint, delta_allocated bigint, delta_unavailable bigint, \
        on_hand bigint, reserved bigint, allocated bigint, unavailable bigint, backorder_limit bigint, op uuid, \
        order_id uuid, reservation_id uuid, kind smallint, hash bytea, reason text, note text");

    InsertOrders = Text::Insert("orders", "id uuid, channel text, reference text, state text, payment text, \
        fulfilment text, forced boolean, late boolean, payment_reference text, currency text, expires_at bigint, \
        created_at bigint, updated_at bigint, version bigint, payments text");
    UpdateOrders = Text::Update("orders", "id uuid", "state text, payment text, fulfilment text, forced boolean, \
        late boolean, payment_reference text, currency text, expires_at bigint, updated_at bigint, version bigint, \
        payments text", Guard::Version);
    InsertOrderLines = Text::Insert("order_line", "order_id uuid, line integer, part integer, item bigint, sku bigint, \
        location bigint, per_item bigint, ordered bigint, reserved bigint, allocated bigint, short bigint, \
        shipped bigint, cancelled bigint, expired bigint, returned bigint, unit_minor bigint");
    UpdateOrderLines = Text::Update("order_line", "order_id uuid, line integer, part integer", "ordered bigint, \
        reserved bigint, allocated bigint, short bigint, shipped bigint, cancelled bigint, expired bigint, \
        returned bigint", Guard::None);

    InsertReservations = Text::Insert("reservation", "id uuid, state text, owner text, order_id uuid, \
        expires_at bigint, extensions integer, created_at bigint, updated_at bigint, version bigint");
    UpdateReservations = Text::Update("reservation", "id uuid", "state text, owner text, order_id uuid, \
        expires_at bigint, extensions integer, updated_at bigint, version bigint", Guard::Version);
    InsertReservationLines = Text::Insert("reservation_line", "reservation_id uuid, line integer, part integer, \
        item bigint, sku bigint, location bigint, per_item bigint, quantity bigint, allocated bigint, \
        released bigint, expired bigint");
    UpdateReservationLines = Text::Update("reservation_line", "reservation_id uuid, line integer, part integer",
        "quantity bigint, allocated bigint, released bigint, expired bigint", Guard::None);

    // The head is locked from here to the end of the transaction, so numbers are given in the order of commits and no
    // reader ever sees a number before a smaller one.
    Tell = Text::Plain("with head as ( \
            update feed_state set last_event = last_event + $1, last_ms = greatest(last_ms, $2) \
            returning last_event, last_ms \
        ), told as ( \
            insert into event (number, at, actor, op, subject, kind, data, trace) \
            select head.last_event - $1 + n.place, head.last_ms, n.actor, n.op, n.subject, n.kind, n.data, n.trace \
            from head, (select unnest($3::bigint[]) as actor, unnest($4::uuid[]) as op, unnest($5::uuid[]) as subject, \
                unnest($6::text[]) as kind, unnest($7::text[]) as data, unnest($8::text[]) as trace, \
                generate_series(1, $1) as place) as n \
        ) \
        select last_event from head");

    // The queue and the channels. Those of `Lock…` replace what the ones without it found.
    // `offset 0`: see `ListingsByKey`.
    BundlesOf = Text::Plain(concat!("select k.component, ", sku_columns!(),
        " from (select unnest($1::bigint[]) as component) as k \
        cross join lateral (select c.bundle from sku_component c where c.component = k.component offset 0) as b \
        cross join lateral (select * from sku x where x.id = b.bundle offset 0) as s"));
    Settings = Text::Plain("select t.key, t.body from setting t where t.key = any ($1)");
    LockSettings = Text::Plain("select t.key, t.body from setting t where t.key = any ($1) \
        order by t.key for no key update of t");
    Shops = Text::Plain("select t.body from shop t where t.id = any ($1)");
    LockShops = Text::Plain("select t.body from shop t where t.id = any ($1) \
        order by t.id for no key update of t");
    Listings = Text::Plain("select t.body from listing t where t.id = any ($1)");
    LockListings = Text::Plain("select t.body from listing t where t.id = any ($1) \
        order by t.id for no key update of t");
    // `offset 0`: see `ListingsByKey`.
    MarketOrders = Text::Plain("select t.body \
        from (select unnest($1::bigint[]) as shop, unnest($2::text[]) as reference) as k \
        cross join lateral (select o.body from market_order o \
            where o.shop = k.shop and o.reference = k.reference offset 0) as t");
    LockMarketOrders = Text::Plain("select t.body from market_order t \
        join (select unnest($1::bigint[]) as shop, unnest($2::text[]) as reference) as k \
        on t.shop = k.shop and t.reference = k.reference \
        order by t.shop, t.reference for no key update of t");
    Inbox = Text::Plain("select t.body from inbox t where t.key = any ($1)");
    LockInbox = Text::Plain("select t.body from inbox t where t.key = any ($1) \
        order by t.key for no key update of t");
    Notices = Text::Plain("select t.body from notice t where t.key = any ($1)");
    LockNotices = Text::Plain("select t.body from notice t where t.key = any ($1) \
        order by t.key for no key update of t");
    Jobs = Text::Plain(concat!("select t.xmin, ", job_columns!(), " from job t where t.id = any ($1)"));
    // Of most of them the rest is known already.
    LockJobs = Text::Plain("select t.id, t.xmin from job t where t.id = any ($1) \
        order by t.id for no key update of t");
    Dead = Text::Plain(concat!("select ", dead_columns!(), " from job_dead t where t.id = any ($1)"));
    LockDead = Text::Plain(concat!("select ", dead_columns!(), " from job_dead t where t.id = any ($1) \
        order by t.id for no key update of t"));
    ShopsByAccount = Text::Plain("select t.body from shop t \
        join (select unnest($1::text[]) as channel, unnest($2::text[]) as account) as k \
        on t.channel = k.channel and t.account = k.account");
    ShopsByCode = Text::Plain("select t.body from shop t where t.code = any($1::text[])");
    // `offset 0` keeps each of these a look into the index: the planner takes an array of unknown length for a long one,
    // and would read the whole table for three rows of it.
    ListingsByKey = Text::Plain("select t.body \
        from (select unnest($1::bigint[]) as shop, unnest($2::text[]) as item, unnest($3::text[]) as variant) as k \
        cross join lateral (select l.body from listing l \
            where l.shop = k.shop and l.item = k.item and l.variant = k.variant offset 0) as t");
    ListingsBySellerSku = Text::Plain("select t.body \
        from (select unnest($1::bigint[]) as shop, unnest($2::text[]) as seller_sku) as k \
        cross join lateral (select l.body from listing l \
            where l.shop = k.shop and l.seller_sku = k.seller_sku offset 0) as t");
    ListingsOfSku = Text::Plain("select t.body from (select unnest($1::bigint[]) as sku) as k \
        cross join lateral (select l.body from listing l where l.sku = k.sku and l.sku is not null offset 0) as t");
    ListingsOfUnit = Text::Plain("select t.body from (select unnest($1::bigint[]) as shop, unnest($2::text[]) as unit) as k \
        cross join lateral (select l.body from listing l where l.shop = k.shop and l.unit = k.unit offset 0) as t");
    // At most `WAITING_MAX` for each listing.
    WaitingFor = Text::Plain("select w.item, w.variant, t.body \
        from (select unnest($1::bigint[]) as shop, unnest($2::text[]) as item, unnest($3::text[]) as variant) as k \
        cross join lateral (select * from market_order_wait x \
            where x.shop = k.shop and x.item = k.item and x.variant = k.variant order by x.reference limit $4) as w \
        join market_order t on t.shop = w.shop and t.reference = w.reference");
    JobsByKey = Text::Plain(concat!("select t.xmin, ", job_columns!(), " from job t where t.dedupe = any ($1)"));
    JobKeys = Text::Plain("select t.dedupe, t.id from job t where t.dedupe = any ($1)");

    DeleteComponents = Text::Plain("delete from sku_component where bundle = any ($1)");
    InsertComponents = Text::Insert("sku_component", "component bigint, bundle bigint");
    InsertSettings = Text::Insert("setting", "key text, body text");
    UpdateSettings = Text::Update("setting", "key text", "body text", Guard::None);
    DeleteSettings = Text::Plain("delete from setting where key = any ($1)");
    InsertShops = Text::Insert("shop", "id bigint, code text, channel text, account text, state text, version bigint, \
        body text");
    UpdateShops = Text::Update("shop", "id bigint", "code text, channel text, account text, state text, \
        version bigint, body text", Guard::Version);
    InsertListings = Text::Insert("listing", "id bigint, shop bigint, item text, variant text, seller_sku text, \
        unit text, sku bigint, state text, desired bigint, acked bigint, dirty_since bigint, edited boolean, \
        version bigint, body text");
    UpdateListings = Text::Update("listing", "id bigint", "shop bigint, item text, variant text, seller_sku text, \
        unit text, sku bigint, state text, desired bigint, acked bigint, dirty_since bigint, edited boolean, \
        version bigint, body text", Guard::Version);
    InsertMarketOrders = Text::Insert("market_order", "shop bigint, reference text, state text, received_at bigint, \
        version bigint, body text");
    UpdateMarketOrders = Text::Update("market_order", "shop bigint, reference text", "state text, \
        received_at bigint, version bigint, body text", Guard::Version);
    DeleteWaits = Text::Plain("delete from market_order_wait w using (select unnest($1::bigint[]) as shop, \
        unnest($2::text[]) as item, unnest($3::text[]) as variant, unnest($4::text[]) as reference) as n \
        where w.shop = n.shop and w.item = n.item and w.variant = n.variant and w.reference = n.reference");
    InsertWaits = Text::Insert("market_order_wait", "shop bigint, item text, variant text, reference text");
    InsertInbox = Text::Insert("inbox", "key text, shop bigint, deliveries bigint, received_at bigint, body text");
    UpdateInbox = Text::Update("inbox", "key text", "shop bigint, deliveries bigint, received_at bigint, body text",
        Guard::Deliveries);
    InsertNotices = Text::Insert("notice", "key text, kind text, shop bigint, open boolean, last_at bigint, \
        version bigint, body text");
    UpdateNotices = Text::Update("notice", "key text", "kind text, shop bigint, open boolean, last_at bigint, \
        version bigint, body text", Guard::Version);
    DeleteJobs = Text::Plain("delete from job t using (select unnest($1::uuid[]) as id, \
        unnest($2::bigint[]) as lease_number, unnest($3::text[]) as state) as n \
        where t.id = n.id and t.lease_number = n.lease_number and t.state = n.state");
    LeaseJobs = Text::Update("job", "id uuid", lease_fields!(), Guard::Lease);
    UpdateJobs = Text::Update("job", "id uuid", job_fields!(), Guard::Lease);
    InsertJobs = Text::Insert("job", concat!("id uuid, ", job_fields!()));
    InsertDead = Text::Insert("job_dead", concat!("id uuid, ", job_fields!(), ", died_at bigint, failure_class text, \
        code text, message text, failed_at bigint, replayed_as uuid, discarded text"));
    UpdateDead = Text::Update("job_dead", "id uuid", "replayed_as uuid, discarded text", Guard::Replayed);
    InsertDone = Text::Insert("job_done", concat!("id uuid, ", job_fields!(), ", ended_at bigint, outcome text"));
    // A job that is done goes from one table into the other without travelling.
    FinishJobs = Text::Plain(concat!("with gone as (delete from job t using (select unnest($1::uuid[]) as id, \
            unnest($2::bigint[]) as lease_number, unnest($3::text[]) as state, \
            unnest($4::bigint[]) as ended_at, unnest($5::text[]) as outcome) as n \
        where t.id = n.id and t.lease_number = n.lease_number and t.state = n.state returning ", job_columns!(),
        ", n.ended_at, n.outcome) insert into job_done (", job_names!(), ", ended_at, outcome) select * from gone"));
    // Two replicas that sweep at once take different rows.
    PurgeDone = Text::Plain("delete from job_done where id in (select id from job_done where ended_at < $1 \
        order by ended_at, id limit 1000 for update skip locked)");
}

/// The prepared statements of one connection.
pub(crate) struct Prepared(Vec<Statement>);

impl Prepared {
    /// Prepares all of them in one round trip.
    pub(crate) async fn prepare(client: &Client) -> Result<Self, StoreError> {
        let all = TEXTS.iter().map(async |text| client.prepare(&text.sql()).await);
        let statements = futures_util::future::try_join_all(all).await;
        Ok(Self(statements.map_err(|error| failure(&error))?))
    }

    /// One of them.
    pub(crate) fn get(&self, sql: Sql) -> &Statement {
        &self.0[sql as usize]
    }
}

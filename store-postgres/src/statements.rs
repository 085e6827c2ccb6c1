//! The statements of the write side, prepared when a connection is made. All of them find rows by key.
//!
//! Lists of keys travel as arrays and are unfolded by `unnest`, so a batch of any size is one statement for each table.

use onhand_store::StoreError;
use tokio_postgres::{Client, Statement};

use crate::failure::failure;
use crate::rows::{
    api_key_columns, location_columns, op_columns, order_columns, reservation_columns, sku_columns,
    stock_columns,
};

macro_rules! statements {
    ($($name:ident = $sql:expr;)+) => {
        /// Names a prepared statement.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Sql {
            $($name),+
        }

        const TEXTS: &[&str] = &[$($sql),+];
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
    Clock = "select greatest((extract(epoch from clock_timestamp()) * 1000)::bigint, last_ms) from feed_state";
    Outcomes = concat!("select ", op_columns!(), " from op p \
        join unnest($1::bigint[], $2::smallint[], $3::text[]) as k (principal, kind, key) \
        on p.principal = k.principal and p.kind = k.kind and p.key = k.key");

    SkusByCode = concat!("select ", sku_columns!(), " from sku s where s.code = any ($1)");
    SkusById = concat!("select ", sku_columns!(), " from sku s where s.id = any ($1)");
    LocationsByCode = concat!("select ", location_columns!(), " from location l where l.code = any ($1)");
    LocationsById = concat!("select ", location_columns!(), " from location l where l.id = any ($1)");
    Stock = concat!("select ", stock_columns!(), " from stock t \
        join unnest($1::bigint[], $2::bigint[]) as k (sku, location) on t.sku = k.sku and t.location = k.location");
    StockOf = concat!("select ", stock_columns!(), " from stock t where t.sku = any ($1)");
    Orders = orders_by!("o.id = any ($1)");
    OrderReferences = "select o.channel, o.reference, o.id from orders o \
        join unnest($1::text[], $2::text[]) as k (channel, reference) \
        on o.channel = k.channel and o.reference = k.reference where o.reference is not null";
    Reservations = reservations_by!("r.id = any ($1)");
    // Overdue holders are few, because the pulse ends them; holders of a hot row are many. So the due times are looked
    // through first.
    DueOrders = "with due as materialized (select o.id, o.expires_at from orders o where o.expires_at <= $1) \
        select ol.sku, ol.location, due.id, min(due.expires_at) from due join order_line ol on ol.order_id = due.id \
        where (ol.sku, ol.location) in (select * from unnest($2::bigint[], $3::bigint[])) and ol.reserved > 0 \
        group by ol.sku, ol.location, due.id";
    DueReservations = "with due as materialized ( \
            select r.id, r.expires_at from reservation r where r.state = 'held' and r.expires_at <= $1) \
        select rl.sku, rl.location, due.id, min(due.expires_at) from due \
        join reservation_line rl on rl.reservation_id = due.id \
        where (rl.sku, rl.location) in (select * from unnest($2::bigint[], $3::bigint[])) and rl.holding \
        group by rl.sku, rl.location, due.id";
    ApiKeys = concat!("select ", api_key_columns!(), " from api_key a where a.id = any ($1)");
    Counters = "select next_sku, next_location, next_principal from counters";

    LockCounters = "select next_sku, next_location, next_principal from counters for no key update";
    LockSkusShared = concat!("select ", sku_columns!(),
        " from sku s where s.id = any ($1) order by s.id for share");
    LockSkus = concat!("select ", sku_columns!(),
        " from sku s where s.id = any ($1) order by s.id for no key update");
    LockApiKeys = concat!("select ", api_key_columns!(),
        " from api_key a where a.id = any ($1) order by a.id for no key update");
    LockOrders = "select o.id from orders o where o.id = any ($1) order by o.id for no key update";
    LockReservations = "select r.id from reservation r where r.id = any ($1) order by r.id for no key update";
    LockStock = concat!("select ", stock_columns!(), " from stock t \
        join unnest($1::bigint[], $2::bigint[]) as k (sku, location) on t.sku = k.sku and t.location = k.location \
        order by t.sku, t.location for no key update of t");
    LockStockOf = concat!("select ", stock_columns!(),
        " from stock t where t.sku = any ($1) order by t.sku, t.location for no key update");

    InsertOps = "insert into op (principal, kind, key, id, at, fingerprint, outcome) \
        select * from unnest($1::bigint[], $2::smallint[], $3::text[], $4::uuid[], $5::bigint[], $6::bytea[], \
        $7::text[])";
    UpdateCounters = "update counters set next_sku = $1, next_location = $2, next_principal = $3";
    InsertSkus = "insert into sku (id, code, name, component_skus, component_quantities, backorder_limit, archived, \
        version, created_at, updated_at) select n.id, n.code, n.name, n.skus::bigint[], n.quantities::bigint[], \
        n.backorder_limit, n.archived, n.version, n.created_at, n.updated_at \
        from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::boolean[], \
        $8::bigint[], $9::bigint[], $10::bigint[]) as n (id, code, name, skus, quantities, backorder_limit, archived, \
        version, created_at, updated_at)";
    UpdateSkus = "update sku s set name = n.name, component_skus = n.skus::bigint[], \
        component_quantities = n.quantities::bigint[], backorder_limit = n.backorder_limit, archived = n.archived, \
        version = n.version, updated_at = n.updated_at \
        from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::boolean[], \
        $8::bigint[], $9::bigint[]) as n (id, loaded, name, skus, quantities, backorder_limit, archived, version, \
        updated_at) where s.id = n.id and s.version = n.loaded";
    InsertLocations = "insert into location (id, code, name, archived, version, created_at) \
        select * from unnest($1::bigint[], $2::text[], $3::text[], $4::boolean[], $5::bigint[], $6::bigint[])";
    UpdateLocations = "update location l set name = n.name, archived = n.archived, version = n.version \
        from unnest($1::bigint[], $2::bigint[], $3::text[], $4::boolean[], $5::bigint[]) \
        as n (id, loaded, name, archived, version) where l.id = n.id and l.version = n.loaded";
    InsertApiKeys = "insert into api_key (id, principal, name, hash, scopes, created_at, expires_at, revoked_at) \
        select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::bytea[], $5::text[], $6::bigint[], \
        $7::bigint[], $8::bigint[])";
    UpdateApiKeys = "update api_key a set name = n.name, scopes = n.scopes, expires_at = n.expires_at, \
        revoked_at = n.revoked_at \
        from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]) \
        as n (id, name, scopes, expires_at, revoked_at) where a.id = n.id";

    InsertStock = "insert into stock (sku, location, on_hand, reserved, allocated, unavailable, backorder_limit, \
        version, changed_at, head) select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], \
        $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bytea[])";
    UpdateStock = "update stock t set on_hand = n.on_hand, reserved = n.reserved, allocated = n.allocated, \
        unavailable = n.unavailable, backorder_limit = n.backorder_limit, version = n.version, \
        changed_at = n.changed_at, head = n.head \
        from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], \
        $8::bigint[], $9::bigint[], $10::bytea[], $11::bigint[]) as n (sku, location, on_hand, reserved, allocated, \
        unavailable, backorder_limit, version, changed_at, head, loaded) \
        where t.sku = n.sku and t.location = n.location and t.version = n.loaded";
    InsertMovements = "insert into movement (sku, location, version, at, actor, delta_on_hand, delta_reserved, \
        delta_allocated, delta_unavailable, on_hand, reserved, allocated, unavailable, backorder_limit, op, order_id, \
        reservation_id, kind, hash, reason, note) \
        select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], \
        $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], \
        $14::bigint[], $15::uuid[], $16::uuid[], $17::uuid[], $18::smallint[], $19::bytea[], $20::text[], $21::text[])";

    InsertOrders = "insert into orders (id, channel, reference, state, payment, fulfilment, forced, late, \
        payment_reference, currency, expires_at, created_at, updated_at, version) \
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[], \
        $8::boolean[], $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[])";
    UpdateOrders = "update orders o set state = n.state, payment = n.payment, fulfilment = n.fulfilment, \
        forced = n.forced, late = n.late, payment_reference = n.payment_reference, currency = n.currency, \
        expires_at = n.expires_at, updated_at = n.updated_at, version = n.version \
        from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::boolean[], \
        $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[]) as n (id, loaded, state, payment, \
        fulfilment, forced, late, payment_reference, currency, expires_at, updated_at, version) \
        where o.id = n.id and o.version = n.loaded";
    InsertOrderLines = "insert into order_line (order_id, line, part, item, sku, location, per_item, ordered, \
        reserved, allocated, short, shipped, cancelled, expired, returned, unit_minor) \
        select * from unnest($1::uuid[], $2::integer[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[], \
        $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], \
        $14::bigint[], $15::bigint[], $16::bigint[])";
    UpdateOrderLines = "update order_line ol set ordered = n.ordered, reserved = n.reserved, \
        allocated = n.allocated, short = n.short, shipped = n.shipped, cancelled = n.cancelled, expired = n.expired, \
        returned = n.returned \
        from unnest($1::uuid[], $2::integer[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], \
        $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[]) as n (order_id, line, part, ordered, reserved, \
        allocated, short, shipped, cancelled, expired, returned) \
        where ol.order_id = n.order_id and ol.line = n.line and ol.part = n.part";

    InsertReservations = "insert into reservation (id, state, owner, order_id, expires_at, extensions, created_at, \
        updated_at, version) select * from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::bigint[], \
        $6::integer[], $7::bigint[], $8::bigint[], $9::bigint[])";
    UpdateReservations = "update reservation r set state = n.state, owner = n.owner, order_id = n.order_id, \
        expires_at = n.expires_at, extensions = n.extensions, updated_at = n.updated_at, version = n.version \
        from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::uuid[], $6::bigint[], $7::integer[], \
        $8::bigint[], $9::bigint[]) as n (id, loaded, state, owner, order_id, expires_at, extensions, updated_at, \
        version) where r.id = n.id and r.version = n.loaded";
    InsertReservationLines = "insert into reservation_line (reservation_id, line, part, item, sku, location, per_item, \
        quantity, allocated, released, expired) \
        select * from unnest($1::uuid[], $2::integer[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[], \
        $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[])";
    UpdateReservationLines = "update reservation_line rl set quantity = n.quantity, allocated = n.allocated, released = n.released, \
        expired = n.expired \
        from unnest($1::uuid[], $2::integer[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[]) \
        as n (reservation_id, line, part, quantity, allocated, released, expired) \
        where rl.reservation_id = n.reservation_id and rl.line = n.line and rl.part = n.part";

    // The head is locked from here to the end of the transaction, so numbers are given in the order of commits and no
    // reader ever sees a number before a smaller one.
    Tell = "with head as ( \
            update feed_state set last_event = last_event + $1, last_ms = greatest(last_ms, $2) \
            returning last_event, last_ms \
        ), told as ( \
            insert into event (number, at, actor, op, subject, kind, data, trace) \
            select head.last_event - $1 + n.place, head.last_ms, n.actor, n.op, n.subject, n.kind, n.data, n.trace \
            from head, unnest($3::bigint[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[]) \
            with ordinality as n (actor, op, subject, kind, data, trace, place) \
        ) \
        select last_event from head";
}

/// The prepared statements of one connection.
pub(crate) struct Prepared(Vec<Statement>);

impl Prepared {
    /// Prepares all of them in one round trip.
    pub(crate) async fn prepare(client: &Client) -> Result<Self, StoreError> {
        let all = TEXTS.iter().map(|sql| client.prepare(sql));
        let statements = futures_util::future::try_join_all(all).await;
        Ok(Self(statements.map_err(|error| failure(&error))?))
    }

    /// One of them.
    pub(crate) fn get(&self, sql: Sql) -> &Statement {
        &self.0[sql as usize]
    }
}

-- The ledger. Codes, references and keys compare in byte order (collation "C"), so that pages, locks and dumps have one
-- order on every database and in every locale. Times are milliseconds of the ledger clock. There are no foreign keys:
-- rows are only ever written by one code path, `verify` checks them, and a foreign key would cost a lookup and a lock
-- for each row of each batch.

-- The head of the feed and the last time that was given out. Every commit of every replica ends with this row, so that
-- events are numbered in the order of their commits.
create table feed_state (
    only_row boolean primary key default true check (only_row),
    last_event bigint not null check (last_event >= 0),
    last_ms bigint not null
) with (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
insert into feed_state (last_event, last_ms) values (0, 0);

create table counters (
    only_row boolean primary key default true check (only_row),
    next_sku bigint not null check (next_sku >= 1),
    next_location bigint not null check (next_location >= 1),
    next_principal bigint not null check (next_principal >= 1)
) with (fillfactor = 10);
insert into counters (next_sku, next_location, next_principal) values (1, 1, 1);

create table sku (
    id bigint primary key,
    code text collate "C" not null unique,
    name text not null,
    -- The components of a bundle and how many of each; both empty for a simple SKU.
    component_skus bigint[] not null,
    component_quantities bigint[] not null check (0 < all (component_quantities)),
    backorder_limit bigint not null check (backorder_limit >= 0),
    archived boolean not null,
    version bigint not null check (version >= 1),
    created_at bigint not null,
    updated_at bigint not null,
    check (cardinality(component_skus) = cardinality(component_quantities))
);

create table location (
    id bigint primary key,
    code text collate "C" not null unique,
    name text not null,
    archived boolean not null,
    version bigint not null check (version >= 1),
    created_at bigint not null
);

create table stock (
    sku bigint not null,
    location bigint not null,
    on_hand bigint not null check (on_hand >= 0),
    reserved bigint not null check (reserved >= 0),
    allocated bigint not null check (allocated >= 0),
    unavailable bigint not null check (unavailable >= 0),
    backorder_limit bigint not null check (backorder_limit >= 0),
    version bigint not null check (version >= 0),
    changed_at bigint not null,
    head bytea not null check (octet_length(head) = 32),
    -- A column of its own rather than an expression in the index below: an index whose predicate names the figures
    -- would make every sale write new index entries (no heap-only update).
    short boolean not null
        generated always as (on_hand - reserved - allocated - unavailable < -backorder_limit) stored,
    primary key (sku, location)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
create index stock_short on stock (sku, location) where short;

-- Append only: one row for each change of a stock row, gapless by version, chained by hash.
create table movement (
    sku bigint not null,
    location bigint not null,
    version bigint not null check (version >= 1),
    at bigint not null,
    actor bigint not null,
    delta_on_hand bigint not null,
    delta_reserved bigint not null,
    delta_allocated bigint not null,
    delta_unavailable bigint not null,
    on_hand bigint not null check (on_hand >= 0),
    reserved bigint not null check (reserved >= 0),
    allocated bigint not null check (allocated >= 0),
    unavailable bigint not null check (unavailable >= 0),
    backorder_limit bigint not null,
    op uuid not null,
    order_id uuid,
    reservation_id uuid,
    kind smallint not null,
    hash bytea not null check (octet_length(hash) = 32),
    reason text,
    note text,
    primary key (sku, location, version),
    check (order_id is null or reservation_id is null),
    -- The second wall behind the rules (I2): what we sell by our own will (kinds 1 reserve, 5 allocate_direct) never
    -- passes the backorder limit.
    constraint never_oversold check (
        kind not in (1, 5) or on_hand - reserved - allocated - unavailable >= -backorder_limit
    )
);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'rows of % are never changed or removed', tg_table_name using errcode = 'restrict_violation';
end
$$;
create trigger movement_append_only before update or delete or truncate on movement
    for each statement execute function refuse_change();

create table orders (
    id uuid primary key,
    channel text collate "C" not null,
    reference text collate "C",
    state text not null check (state in
        ('pending', 'confirmed', 'processing', 'shipped', 'delivered', 'cancelled', 'expired')),
    payment text not null check (payment in ('none', 'paid', 'refund_pending', 'part_refund_pending')),
    fulfilment text not null check (fulfilment in
        ('none', 'part', 'shipped', 'delivered', 'intercept', 'part_returned', 'returned')),
    forced boolean not null,
    late boolean not null,
    payment_reference text,
    currency text,
    expires_at bigint,
    created_at bigint not null,
    updated_at bigint not null,
    version bigint not null check (version >= 1),
    -- Only pending orders have a due time: the index below then need not name the state, and an update that changes
    -- only the state stays heap-only.
    check ((expires_at is not null) = (state = 'pending'))
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
create unique index orders_reference on orders (channel, reference) where reference is not null;
create index orders_due on orders (expires_at, id) where expires_at is not null;

create table order_line (
    order_id uuid not null,
    line integer not null,
    part integer not null,
    item bigint not null,
    sku bigint not null,
    location bigint not null,
    per_item bigint not null check (per_item >= 1),
    ordered bigint not null,
    reserved bigint not null check (reserved >= 0),
    allocated bigint not null check (allocated >= 0),
    short bigint not null check (short between 0 and ordered),
    shipped bigint not null check (shipped >= 0),
    cancelled bigint not null check (cancelled >= 0),
    expired bigint not null check (expired between 0 and cancelled),
    returned bigint not null check (returned between 0 and shipped),
    unit_minor bigint,
    holding boolean not null generated always as (reserved + allocated > 0) stored,
    primary key (order_id, line, part),
    constraint line_adds_up check (ordered = reserved + allocated + shipped + cancelled)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
create index order_line_holding on order_line (sku, location) where holding;

create table reservation (
    id uuid primary key,
    state text not null check (state in ('held', 'allocated', 'released', 'expired')),
    owner text collate "C",
    order_id uuid,
    expires_at bigint not null,
    extensions integer not null check (extensions >= 0),
    created_at bigint not null,
    updated_at bigint not null,
    version bigint not null check (version >= 1)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
create index reservation_due on reservation (expires_at, id) where state = 'held';

create table reservation_line (
    reservation_id uuid not null,
    line integer not null,
    part integer not null,
    item bigint not null,
    sku bigint not null,
    location bigint not null,
    per_item bigint not null check (per_item >= 1),
    quantity bigint not null check (quantity >= 1),
    allocated bigint not null check (allocated >= 0),
    released bigint not null check (released >= 0),
    expired bigint not null check (expired between 0 and released),
    holding boolean not null generated always as (quantity - allocated - released > 0) stored,
    primary key (reservation_id, line, part),
    constraint units_add_up check (allocated + released <= quantity)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
create index reservation_line_holding on reservation_line (sku, location) where holding;

-- Each command's outcome, for ever. `outcome` is text and not jsonb, so that it comes back byte for byte.
create table op (
    principal bigint not null,
    kind smallint not null,
    key text collate "C" not null,
    id uuid not null,
    at bigint not null,
    fingerprint bytea not null check (octet_length(fingerprint) = 16),
    outcome text not null,
    primary key (principal, kind, key)
);

create table event (
    number bigint primary key,
    at bigint not null,
    actor bigint not null,
    op uuid not null,
    -- The order or reservation that the event is about, for timelines; null for others.
    subject uuid,
    kind text not null,
    data text not null,
    trace text
);
create index event_subject on event (subject, number) where subject is not null;

create table api_key (
    id uuid primary key,
    principal bigint not null,
    name text not null,
    hash bytea not null unique check (octet_length(hash) = 32),
    -- Names of scopes, separated by spaces.
    scopes text not null,
    created_at bigint not null,
    expires_at bigint,
    revoked_at bigint
);

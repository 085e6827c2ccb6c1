-- The queue and the channels. Whole values travel as text in `body` (JSON that comes back byte for byte); what is searched
-- or changed often stands beside it in columns. A body that could not be written would be empty, and is refused.

alter table counters
    add column next_shop bigint not null default 1 check (next_shop >= 1),
    add column next_listing bigint not null default 1 check (next_listing >= 1);

-- Which bundles sell a SKU: for the listings that a change of its stock concerns.
create table sku_component (
    component bigint not null,
    bundle bigint not null,
    primary key (component, bundle)
);
create index sku_component_bundle on sku_component (bundle);
insert into sku_component (component, bundle)
    select distinct c.component, s.id from sku s cross join lateral unnest(s.component_skus) as c (component);

create table setting (
    key text collate "C" primary key,
    body text not null check (body like '{%')
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

create table shop (
    id bigint primary key,
    code text collate "C" not null unique,
    channel text collate "C" not null,
    account text collate "C" not null,
    state text not null check (state in ('connected', 'disconnected', 'paused')),
    version bigint not null check (version >= 1),
    body text not null check (body like '{%'),
    constraint shop_account unique (channel, account)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

create table listing (
    id bigint primary key,
    shop bigint not null,
    item text collate "C" not null,
    variant text collate "C" not null,
    seller_sku text collate "C" not null,
    unit text collate "C" not null,
    -- The SKU that it is mapped to.
    sku bigint,
    state text not null check (state in ('active', 'gone')),
    desired bigint not null check (desired >= acked),
    acked bigint not null check (acked >= 0),
    dirty_since bigint not null,
    edited boolean not null,
    version bigint not null check (version >= 1),
    body text not null check (body like '{%'),
    -- A column of its own, so that a change of the generations alone stays heap-only.
    dirty boolean not null generated always as (sku is not null and state = 'active' and acked < desired) stored,
    constraint listing_key unique (shop, item, variant)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
create index listing_seller_sku on listing (shop, seller_sku);
create index listing_unit on listing (shop, unit);
create index listing_sku on listing (sku, id) where sku is not null;
create index listing_dirty on listing (shop, dirty_since) where dirty;
create index listing_edited on listing (id) where edited;

create table market_order (
    shop bigint not null,
    reference text collate "C" not null,
    state text not null check (state in ('applied', 'waits_for_mapping', 'needs_attention')),
    received_at bigint not null,
    version bigint not null check (version >= 1),
    body text not null check (body like '{%'),
    primary key (shop, reference)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
create index market_order_received on market_order (received_at, shop, reference);
create index market_order_open on market_order (state, received_at, shop, reference) where state <> 'applied';

-- Which orders wait for somebody to map a listing.
create table market_order_wait (
    shop bigint not null,
    item text collate "C" not null,
    variant text collate "C" not null,
    reference text collate "C" not null,
    primary key (shop, item, variant, reference)
);

create table inbox (
    key text collate "C" primary key,
    shop bigint,
    deliveries bigint not null check (deliveries >= 1),
    received_at bigint not null,
    body text not null check (body like '{%')
) with (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
create index inbox_received on inbox (received_at, key);
create index inbox_unknown_shop on inbox (received_at, key) where shop is null;

create table notice (
    key text collate "C" primary key,
    kind text not null,
    shop bigint,
    open boolean not null,
    last_at bigint not null,
    version bigint not null check (version >= 1),
    body text not null check (body like '{%')
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
create index notice_last on notice (last_at, key);
create index notice_open on notice (last_at, key) where open;

-- Only work that waits or runs: done and dead jobs are elsewhere, so the index that claims go by stays small. Its rows
-- change often and live briefly, so dead versions are swept by their number and not by a share of the table.
create table job (
    id uuid primary key,
    kind smallint not null check (kind >= 1),
    -- 0 for none: one order of groups for all of them.
    shop bigint not null check (shop >= 0),
    class smallint not null check (class between 1 and 4),
    state text not null check (state in ('ready', 'running')),
    run_at bigint not null,
    attempts integer not null check (attempts >= 0),
    crashes integer not null check (crashes >= 0),
    throttled integer not null check (throttled >= 0),
    lease_number bigint not null check (lease_number >= 0),
    lease_owner uuid,
    lease_until bigint,
    lease_deadline bigint,
    lease_since bigint,
    again boolean not null,
    cause_at bigint not null,
    created_at bigint not null,
    failure text check (failure like '{%'),
    replay_of uuid,
    trace text,
    dedupe text collate "C",
    body text not null check (body like '{%'),
    constraint leased_while_running check (
        (state = 'running') = (lease_owner is not null) and (lease_owner is null) = (lease_until is null)
        and (lease_owner is null) = (lease_deadline is null) and (lease_owner is null) = (lease_since is null)
    )
) with (
    fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000,
    autovacuum_vacuum_cost_delay = 0
);
create unique index job_dedupe on job (dedupe) where dedupe is not null;
create index job_ready on job (kind, shop, class, run_at, id) where state = 'ready';
create index job_lease on job (lease_until) where state = 'running';
create index job_deadline on job (lease_deadline) where state = 'running';

-- Jobs that will not run again by themselves; kept until somebody says otherwise.
create table job_dead (
    id uuid primary key,
    kind smallint not null check (kind >= 1),
    -- 0 for none: one order of groups for all of them.
    shop bigint not null check (shop >= 0),
    class smallint not null check (class between 1 and 4),
    state text not null check (state in ('ready', 'running')),
    run_at bigint not null,
    attempts integer not null check (attempts >= 0),
    crashes integer not null check (crashes >= 0),
    throttled integer not null check (throttled >= 0),
    lease_number bigint not null check (lease_number >= 0),
    lease_owner uuid,
    lease_until bigint,
    lease_deadline bigint,
    lease_since bigint,
    again boolean not null,
    cause_at bigint not null,
    created_at bigint not null,
    failure text check (failure like '{%'),
    replay_of uuid,
    trace text,
    dedupe text collate "C",
    body text not null check (body like '{%'),
    died_at bigint not null,
    failure_class text not null,
    code text collate "C" not null,
    message text not null,
    failed_at bigint not null,
    replayed_as uuid,
    discarded text,
    open boolean not null generated always as (replayed_as is null and discarded is null) stored
);
-- The dead of one cause, newest first; what causes are counted by stands beside, so that counting reads no row.
create index job_dead_cause on job_dead (kind, failure_class, code, id) include (shop, died_at) where open;

-- Finished jobs, for a week.
create table job_done (
    id uuid primary key,
    kind smallint not null check (kind >= 1),
    -- 0 for none: one order of groups for all of them.
    shop bigint not null check (shop >= 0),
    class smallint not null check (class between 1 and 4),
    state text not null check (state in ('ready', 'running')),
    run_at bigint not null,
    attempts integer not null check (attempts >= 0),
    crashes integer not null check (crashes >= 0),
    throttled integer not null check (throttled >= 0),
    lease_number bigint not null check (lease_number >= 0),
    lease_owner uuid,
    lease_until bigint,
    lease_deadline bigint,
    lease_since bigint,
    again boolean not null,
    cause_at bigint not null,
    created_at bigint not null,
    failure text check (failure like '{%'),
    replay_of uuid,
    trace text,
    dedupe text collate "C",
    body text not null check (body like '{%'),
    ended_at bigint not null,
    outcome text not null
) with (autovacuum_vacuum_scale_factor = 0.05);
create index job_done_ended on job_done (ended_at, id);

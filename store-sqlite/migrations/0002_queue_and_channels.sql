-- The queue and the channels. A row is its JSON body, which only the rules read, beside the columns that it is found by;
-- see docs/adr/0010. The CHECKs are the second wall, as in 0001, and refuse the same rows as those of PostgreSQL.

ALTER TABLE counters ADD COLUMN next_shop INTEGER NOT NULL DEFAULT 1 CHECK (next_shop >= 1);
ALTER TABLE counters ADD COLUMN next_listing INTEGER NOT NULL DEFAULT 1 CHECK (next_listing >= 1);

-- Which bundles a SKU is a part of.
CREATE TABLE sku_component (
    component INTEGER NOT NULL,
    bundle    INTEGER NOT NULL,
    PRIMARY KEY (component, bundle)
) STRICT, WITHOUT ROWID;
CREATE INDEX sku_component_bundle ON sku_component (bundle);
INSERT OR IGNORE INTO sku_component (component, bundle)
    SELECT json_extract(part.value, '$.sku'), sku.id FROM sku, json_each(sku.components) AS part
    WHERE sku.components IS NOT NULL;

-- Jobs that wait or run. Done and dead ones are elsewhere, so that they cost a claim nothing.
CREATE TABLE job (
    id           BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind         INTEGER NOT NULL CHECK (kind >= 1),
    -- 0 for none.
    shop         INTEGER NOT NULL CHECK (shop >= 0),
    class        INTEGER NOT NULL CHECK (class BETWEEN 1 AND 4),
    running      INTEGER NOT NULL CHECK (running IN (0, 1)),
    run_at       INTEGER NOT NULL,
    attempts     INTEGER NOT NULL CHECK (attempts >= 0),
    crashes      INTEGER NOT NULL CHECK (crashes >= 0),
    throttled    INTEGER NOT NULL CHECK (throttled >= 0),
    lease_number INTEGER NOT NULL CHECK (lease_number >= 0),
    lease_end    INTEGER,
    dedupe       TEXT,
    body         TEXT NOT NULL CHECK (substr(body, 1, 1) = '{'),
    CHECK ((running = 1) = (lease_end IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX job_dedupe ON job (dedupe) WHERE dedupe IS NOT NULL;
-- Walked by group: its cost grows with the number of (kind, shop, class), not with the number of jobs. `running` stands in
-- it, and `open` below, because SQLite looks the condition up again: without them each step would read the row.
CREATE INDEX job_ready ON job (kind, shop, class, run_at, id, running) WHERE running = 0;
CREATE INDEX job_running ON job (lease_end) WHERE running = 1;

CREATE TABLE job_dead (
    id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind        INTEGER NOT NULL CHECK (kind >= 1),
    shop        INTEGER NOT NULL CHECK (shop >= 0),
    class       TEXT NOT NULL,
    code        TEXT NOT NULL,
    died_at     INTEGER NOT NULL,
    replayed_as BLOB CHECK (length(replayed_as) = 16),
    open        INTEGER NOT NULL CHECK (open IN (0, 1)),
    body        TEXT NOT NULL CHECK (substr(body, 1, 1) = '{'),
    CHECK (open = 0 OR replayed_as IS NULL)
) STRICT, WITHOUT ROWID;
-- The dead of one cause, newest first; what causes are counted by stands behind, so that counting reads no body.
CREATE INDEX job_dead_cause ON job_dead (kind, class, code, id, shop, died_at, open) WHERE open = 1;

CREATE TABLE job_done (
    id       BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind     INTEGER NOT NULL CHECK (kind >= 1),
    shop     INTEGER NOT NULL CHECK (shop >= 0),
    ended_at INTEGER NOT NULL,
    outcome  TEXT NOT NULL,
    body     TEXT NOT NULL CHECK (substr(body, 1, 1) = '{')
) STRICT, WITHOUT ROWID;
CREATE INDEX job_done_ended ON job_done (ended_at, id);

CREATE TABLE shop (
    id      INTEGER PRIMARY KEY,
    code    TEXT NOT NULL UNIQUE,
    channel TEXT NOT NULL,
    account TEXT NOT NULL,
    state   TEXT NOT NULL CHECK (state IN ('connected', 'disconnected', 'paused')),
    version INTEGER NOT NULL CHECK (version >= 1),
    body    TEXT NOT NULL CHECK (substr(body, 1, 1) = '{'),
    UNIQUE (channel, account)
) STRICT;

CREATE TABLE listing (
    id         INTEGER PRIMARY KEY,
    shop       INTEGER NOT NULL,
    item       TEXT NOT NULL,
    variant    TEXT NOT NULL,
    seller_sku TEXT NOT NULL,
    unit       TEXT NOT NULL,
    sku        INTEGER,
    active     INTEGER NOT NULL CHECK (active IN (0, 1)),
    desired    INTEGER NOT NULL,
    acked      INTEGER NOT NULL CHECK (acked BETWEEN 0 AND desired),
    dirty_since INTEGER NOT NULL,
    edited     INTEGER NOT NULL CHECK (edited IN (0, 1)),
    version    INTEGER NOT NULL CHECK (version >= 1),
    body       TEXT NOT NULL CHECK (substr(body, 1, 1) = '{'),
    UNIQUE (shop, item, variant)
) STRICT;
CREATE INDEX listing_seller_sku ON listing (shop, seller_sku);
CREATE INDEX listing_unit ON listing (shop, unit);
CREATE INDEX listing_sku ON listing (sku) WHERE sku IS NOT NULL;
CREATE INDEX listing_dirty ON listing (shop, dirty_since) WHERE acked < desired AND sku IS NOT NULL AND active = 1;
CREATE INDEX listing_edited ON listing (shop, id) WHERE edited = 1;

CREATE TABLE market_order (
    shop        INTEGER NOT NULL,
    reference   TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('applied', 'waits_for_mapping', 'needs_attention')),
    received_at INTEGER NOT NULL,
    version     INTEGER NOT NULL CHECK (version >= 1),
    body        TEXT NOT NULL CHECK (substr(body, 1, 1) = '{'),
    PRIMARY KEY (shop, reference)
) STRICT, WITHOUT ROWID;
CREATE INDEX market_order_received ON market_order (received_at, shop, reference);
CREATE INDEX market_order_open ON market_order (state, received_at, shop, reference) WHERE state <> 'applied';

-- Which orders wait for a mapping of which listing.
CREATE TABLE market_order_wait (
    shop      INTEGER NOT NULL,
    item      TEXT NOT NULL,
    variant   TEXT NOT NULL,
    reference TEXT NOT NULL,
    PRIMARY KEY (shop, item, variant, reference)
) STRICT, WITHOUT ROWID;
CREATE INDEX market_order_wait_order ON market_order_wait (shop, reference);

CREATE TABLE inbox (
    key         TEXT NOT NULL PRIMARY KEY,
    shop        INTEGER,
    deliveries  INTEGER NOT NULL CHECK (deliveries >= 1),
    received_at INTEGER NOT NULL,
    body        TEXT NOT NULL CHECK (substr(body, 1, 1) = '{')
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_received ON inbox (received_at, key);
CREATE INDEX inbox_unknown_shop ON inbox (received_at, key) WHERE shop IS NULL;

CREATE TABLE notice (
    key     TEXT NOT NULL PRIMARY KEY,
    kind    TEXT NOT NULL,
    shop    INTEGER,
    open    INTEGER NOT NULL CHECK (open IN (0, 1)),
    last_at INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    body    TEXT NOT NULL CHECK (substr(body, 1, 1) = '{')
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_last ON notice (last_at, key);
CREATE INDEX notice_open ON notice (last_at, key) WHERE open = 1;

CREATE TABLE setting (
    key  TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL CHECK (substr(body, 1, 1) = '{')
) STRICT, WITHOUT ROWID;

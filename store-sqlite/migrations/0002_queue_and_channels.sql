-- The queue and the channels. A row is its JSON body, which only the rules read, beside the columns that it is found by;
-- see docs/adr/0010. The CHECKs are the second wall, as in 0001.

ALTER TABLE counters ADD COLUMN next_shop INTEGER NOT NULL DEFAULT 1 CHECK (next_shop >= 1);
ALTER TABLE counters ADD COLUMN next_listing INTEGER NOT NULL DEFAULT 1 CHECK (next_listing >= 1);

-- Which bundles a SKU is a part of.
CREATE TABLE sku_component (
    component INTEGER NOT NULL,
    bundle    INTEGER NOT NULL,
    PRIMARY KEY (component, bundle)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO sku_component (component, bundle)
    SELECT json_extract(part.value, '$.sku'), sku.id FROM sku, json_each(sku.components) AS part
    WHERE sku.components IS NOT NULL;

-- Jobs that wait or run. Done and dead ones are elsewhere, so that they cost a claim nothing.
CREATE TABLE job (
    id           BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind         INTEGER NOT NULL CHECK (kind >= 1),
    shop         INTEGER NOT NULL,
    class        INTEGER NOT NULL CHECK (class BETWEEN 1 AND 4),
    running      INTEGER NOT NULL CHECK (running IN (0, 1)),
    run_at       INTEGER NOT NULL,
    lease_number INTEGER NOT NULL CHECK (lease_number >= 0),
    lease_end    INTEGER,
    dedupe       TEXT UNIQUE,
    body         TEXT NOT NULL,
    CHECK ((running = 1) = (lease_end IS NOT NULL))
) STRICT, WITHOUT ROWID;
-- Walked by group: its cost grows with the number of (kind, shop, class), not with the number of jobs.
CREATE INDEX job_ready ON job (kind, shop, class, run_at, id) WHERE running = 0;
CREATE INDEX job_running ON job (lease_end) WHERE running = 1;

CREATE TABLE job_dead (
    id       BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind     INTEGER NOT NULL,
    shop     INTEGER NOT NULL,
    class    TEXT NOT NULL,
    code     TEXT NOT NULL,
    died_at  INTEGER NOT NULL,
    open     INTEGER NOT NULL CHECK (open IN (0, 1)),
    body     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX job_dead_cause ON job_dead (kind, class, code, shop, died_at) WHERE open = 1;

CREATE TABLE job_done (
    id       BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    ended_at INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX job_done_ended ON job_done (ended_at, id);

CREATE TABLE shop (
    id      INTEGER PRIMARY KEY,
    code    TEXT NOT NULL UNIQUE,
    channel TEXT NOT NULL,
    account TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    body    TEXT NOT NULL,
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
    acked      INTEGER NOT NULL CHECK (acked <= desired),
    dirty_since INTEGER NOT NULL,
    edited     INTEGER NOT NULL CHECK (edited IN (0, 1)),
    version    INTEGER NOT NULL CHECK (version >= 1),
    body       TEXT NOT NULL,
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
    state       TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    version     INTEGER NOT NULL CHECK (version >= 1),
    body        TEXT NOT NULL,
    PRIMARY KEY (shop, reference)
) STRICT, WITHOUT ROWID;
CREATE INDEX market_order_received ON market_order (received_at, shop, reference);
CREATE INDEX market_order_open ON market_order (state, received_at) WHERE state <> 'applied';

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
    received_at INTEGER NOT NULL,
    body        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_received ON inbox (received_at, key);

CREATE TABLE notice (
    key     TEXT NOT NULL PRIMARY KEY,
    kind    TEXT NOT NULL,
    shop    INTEGER,
    open    INTEGER NOT NULL CHECK (open IN (0, 1)),
    last_at INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    body    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_last ON notice (last_at, key);

CREATE TABLE setting (
    key  TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

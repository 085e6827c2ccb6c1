-- The ledger. Rows that grow without end are keyed so that new ones land side by side: ids are UUIDv7, operation keys
-- keep what the client sent, movements follow one another inside their stock row. Every index costs each sale something,
-- so there are few, and partial where most rows need none. The CHECKs repeat what the rules promise: a bug in a command
-- is refused here, it does not become a figure.

-- One row: where the feed ends, and the ledger clock.
CREATE TABLE feed_state (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    last_number INTEGER NOT NULL CHECK (last_number >= 0),
    last_at     INTEGER NOT NULL
) STRICT;
INSERT INTO feed_state (id, last_number, last_at) VALUES (1, 0, 0);

-- One row: the next free numbers.
CREATE TABLE counters (
    id             INTEGER PRIMARY KEY CHECK (id = 1),
    next_sku       INTEGER NOT NULL CHECK (next_sku >= 1),
    next_location  INTEGER NOT NULL CHECK (next_location >= 1),
    next_principal INTEGER NOT NULL CHECK (next_principal >= 1)
) STRICT;
INSERT INTO counters (id, next_sku, next_location, next_principal) VALUES (1, 1, 1, 1);

CREATE TABLE sku (
    id              INTEGER PRIMARY KEY,
    code            TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL,
    -- JSON list of {sku, quantity}; NULL for a simple SKU.
    components      TEXT,
    backorder_limit INTEGER NOT NULL CHECK (backorder_limit >= 0),
    archived        INTEGER NOT NULL CHECK (archived IN (0, 1)),
    version         INTEGER NOT NULL CHECK (version >= 0),
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE location (
    id         INTEGER PRIMARY KEY,
    code       TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    archived   INTEGER NOT NULL CHECK (archived IN (0, 1)),
    version    INTEGER NOT NULL CHECK (version >= 0),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE stock (
    sku             INTEGER NOT NULL,
    location        INTEGER NOT NULL,
    on_hand         INTEGER NOT NULL CHECK (on_hand >= 0),
    reserved        INTEGER NOT NULL CHECK (reserved >= 0),
    allocated       INTEGER NOT NULL CHECK (allocated >= 0),
    unavailable     INTEGER NOT NULL CHECK (unavailable >= 0),
    backorder_limit INTEGER NOT NULL CHECK (backorder_limit >= 0),
    version         INTEGER NOT NULL CHECK (version >= 0),
    changed_at      INTEGER NOT NULL,
    head            BLOB NOT NULL CHECK (length(head) = 32),
    -- movement.seq of the last movement; 0 before the first.
    last_movement   INTEGER NOT NULL CHECK (last_movement >= 0),
    PRIMARY KEY (sku, location)
) STRICT, WITHOUT ROWID;

-- Rows that have promised more than there is.
CREATE INDEX stock_shortfall ON stock (sku, location)
    WHERE on_hand - reserved - allocated - unavailable < -backorder_limit;

-- Appended, whatever stock row it concerns; see src/history.rs.
CREATE TABLE movement (
    seq             INTEGER PRIMARY KEY,
    -- The movement before it in the same stock row; NULL for the first.
    previous        INTEGER CHECK (previous < seq),
    sku             INTEGER NOT NULL,
    location        INTEGER NOT NULL,
    version         INTEGER NOT NULL CHECK (version >= 1),
    kind            INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 255),
    d_on_hand       INTEGER NOT NULL,
    d_reserved      INTEGER NOT NULL,
    d_allocated     INTEGER NOT NULL,
    d_unavailable   INTEGER NOT NULL,
    on_hand         INTEGER NOT NULL CHECK (on_hand >= 0),
    reserved        INTEGER NOT NULL CHECK (reserved >= 0),
    allocated       INTEGER NOT NULL CHECK (allocated >= 0),
    unavailable     INTEGER NOT NULL CHECK (unavailable >= 0),
    backorder_limit INTEGER NOT NULL CHECK (backorder_limit >= 0),
    -- 1 and the id of an order, or 2 and the id of a reservation: 17 bytes.
    holder          BLOB CHECK (length(holder) = 17),
    op              BLOB NOT NULL CHECK (length(op) = 16),
    actor           INTEGER NOT NULL,
    reason          TEXT,
    note            TEXT,
    at              INTEGER NOT NULL,
    hash            BLOB NOT NULL CHECK (length(hash) = 32),
    -- Kinds that take what others may want never pass the backorder limit (I2).
    CHECK (kind NOT IN (1, 5) OR on_hand - reserved - allocated - unavailable >= -backorder_limit),
    CHECK ((version = 1) = (previous IS NULL))
) STRICT;

-- Where every 64th movement of a stock row stands, beginning with the first.
CREATE TABLE movement_mark (
    sku      INTEGER NOT NULL,
    location INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    PRIMARY KEY (sku, location, version)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER movement_is_never_updated BEFORE UPDATE ON movement
BEGIN
    SELECT RAISE(ABORT, 'movements are append-only');
END;
CREATE TRIGGER movement_is_never_deleted BEFORE DELETE ON movement
BEGIN
    SELECT RAISE(ABORT, 'movements are append-only');
END;

CREATE TABLE orders (
    id                BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    channel           TEXT NOT NULL,
    reference         TEXT,
    state             TEXT NOT NULL,
    payment           TEXT NOT NULL,
    fulfilment        TEXT NOT NULL,
    forced            INTEGER NOT NULL CHECK (forced IN (0, 1)),
    late              INTEGER NOT NULL CHECK (late IN (0, 1)),
    payment_reference TEXT,
    currency          TEXT,
    expires_at        INTEGER,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    version           INTEGER NOT NULL CHECK (version >= 1)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX orders_reference ON orders (channel, reference) WHERE reference IS NOT NULL;
CREATE INDEX orders_due ON orders (expires_at) WHERE state = 'pending';
-- Orders that hold units. Who holds a stock row is found by walking these: an index of lines by stock row would cost
-- every sale a page of its own.
CREATE INDEX orders_open ON orders (id) WHERE state IN ('pending', 'confirmed', 'processing');

CREATE TABLE order_line (
    order_id   BLOB NOT NULL CHECK (length(order_id) = 16),
    line       INTEGER NOT NULL CHECK (line >= 1),
    part       INTEGER NOT NULL CHECK (part >= 0),
    item       INTEGER NOT NULL,
    sku        INTEGER NOT NULL,
    location   INTEGER NOT NULL,
    per_item   INTEGER NOT NULL CHECK (per_item >= 1),
    ordered    INTEGER NOT NULL,
    reserved   INTEGER NOT NULL CHECK (reserved >= 0),
    allocated  INTEGER NOT NULL CHECK (allocated >= 0),
    short      INTEGER NOT NULL CHECK (short >= 0),
    shipped    INTEGER NOT NULL CHECK (shipped >= 0),
    cancelled  INTEGER NOT NULL CHECK (cancelled >= 0),
    expired    INTEGER NOT NULL CHECK (expired >= 0),
    returned   INTEGER NOT NULL CHECK (returned >= 0),
    unit_minor INTEGER,
    CHECK (ordered = reserved + allocated + shipped + cancelled),
    CHECK (returned <= shipped AND expired <= cancelled AND short <= ordered),
    PRIMARY KEY (order_id, line, part)
) STRICT, WITHOUT ROWID;

CREATE TABLE reservation (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    state      TEXT NOT NULL,
    owner      TEXT,
    order_id   BLOB CHECK (length(order_id) = 16),
    expires_at INTEGER NOT NULL,
    extensions INTEGER NOT NULL CHECK (extensions >= 0),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version    INTEGER NOT NULL CHECK (version >= 1)
) STRICT, WITHOUT ROWID;

CREATE INDEX reservation_due ON reservation (expires_at) WHERE state = 'held';

CREATE TABLE reservation_line (
    reservation_id BLOB NOT NULL CHECK (length(reservation_id) = 16),
    line           INTEGER NOT NULL CHECK (line >= 1),
    part           INTEGER NOT NULL CHECK (part >= 0),
    item           INTEGER NOT NULL,
    sku            INTEGER NOT NULL,
    location       INTEGER NOT NULL,
    per_item       INTEGER NOT NULL CHECK (per_item >= 1),
    quantity       INTEGER NOT NULL CHECK (quantity >= 0),
    allocated      INTEGER NOT NULL CHECK (allocated >= 0),
    released       INTEGER NOT NULL CHECK (released >= 0),
    expired        INTEGER NOT NULL CHECK (expired >= 0),
    CHECK (allocated + released <= quantity),
    CHECK (expired <= released),
    PRIMARY KEY (reservation_id, line, part)
) STRICT, WITHOUT ROWID;

-- What each command answered, for ever.
CREATE TABLE op (
    principal   INTEGER NOT NULL,
    kind        INTEGER NOT NULL,
    key         TEXT NOT NULL,
    id          BLOB NOT NULL CHECK (length(id) = 16),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 16),
    outcome     TEXT NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (principal, kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    number INTEGER PRIMARY KEY,
    -- Of events about an order or reservation: 17 bytes, as in movement.holder.
    holder BLOB CHECK (length(holder) = 17),
    data   TEXT NOT NULL,
    op     BLOB NOT NULL CHECK (length(op) = 16),
    actor  INTEGER NOT NULL,
    trace  TEXT,
    at     INTEGER NOT NULL
) STRICT;

-- The timeline of one order or reservation.
CREATE INDEX event_holder ON event (holder, number) WHERE holder IS NOT NULL;

CREATE TABLE api_key (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    principal  INTEGER NOT NULL,
    name       TEXT NOT NULL,
    hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    -- Names separated by one space.
    scopes     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

-- First schema. Times are microseconds since 1970 UTC; amounts are minor units.
-- Primary keys are time-ordered; random ids are secondary indexes.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE payment (
    payment_id INTEGER PRIMARY KEY,
    uetr TEXT NOT NULL UNIQUE,
    network TEXT NOT NULL,
    reference TEXT NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    updated_at INTEGER NOT NULL,
    next_at INTEGER,
    rung INTEGER NOT NULL,
    reason TEXT,
    far_reference TEXT,
    disputed INTEGER NOT NULL CHECK (disputed IN (0, 1)),
    reservation INTEGER,
    frozen TEXT NOT NULL,
    UNIQUE (network, reference)
);
CREATE INDEX payment_due ON payment (network, next_at) WHERE next_at IS NOT NULL;

CREATE TABLE binding (
    payment_id INTEGER PRIMARY KEY REFERENCES payment,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    content TEXT NOT NULL,
    UNIQUE (scope, key)
);

CREATE TABLE answer (
    payment_id INTEGER PRIMARY KEY REFERENCES payment,
    status INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    body BLOB NOT NULL
);

CREATE TABLE claim (
    quote_id TEXT PRIMARY KEY,
    uetr TEXT NOT NULL,
    released INTEGER NOT NULL CHECK (released IN (0, 1))
) WITHOUT ROWID;

CREATE TABLE tombstone (
    scope TEXT NOT NULL,
    uetr TEXT NOT NULL,
    PRIMARY KEY (scope, uetr)
) WITHOUT ROWID;

CREATE TABLE incoming (
    item_hash TEXT PRIMARY KEY
) WITHOUT ROWID;

CREATE TABLE account (
    key TEXT PRIMARY KEY,
    currency TEXT NOT NULL,
    debits_posted INTEGER NOT NULL CHECK (debits_posted >= 0),
    credits_posted INTEGER NOT NULL CHECK (credits_posted >= 0),
    debits_pending INTEGER NOT NULL CHECK (debits_pending >= 0),
    credits_pending INTEGER NOT NULL CHECK (credits_pending >= 0),
    net_debit_max INTEGER,
    net_credit_max INTEGER
) WITHOUT ROWID;

CREATE TABLE entry (
    entry_id INTEGER PRIMARY KEY,
    uetr TEXT NOT NULL,
    account TEXT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('debit', 'credit')),
    currency TEXT NOT NULL,
    minor INTEGER NOT NULL CHECK (minor > 0),
    phase TEXT NOT NULL CHECK (phase IN ('pending', 'posted', 'voided')),
    pending_entry INTEGER
);

CREATE TABLE exchange (
    exchange_id INTEGER PRIMARY KEY,
    payment_id INTEGER NOT NULL,
    network TEXT NOT NULL,
    operation TEXT NOT NULL,
    reference TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    send_by INTEGER NOT NULL,
    answer_within_ms INTEGER NOT NULL,
    record_id INTEGER NOT NULL
);

CREATE TABLE sealed (
    record_id INTEGER PRIMARY KEY,
    payment_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    blob BLOB NOT NULL
);
CREATE INDEX sealed_of ON sealed (payment_id);

CREATE TABLE data_key (
    payment_id INTEGER PRIMARY KEY,
    wrapped BLOB NOT NULL
);

CREATE TABLE block (
    slot INTEGER NOT NULL,
    number INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    previous BLOB NOT NULL,
    root BLOB NOT NULL,
    at INTEGER NOT NULL,
    leaves INTEGER NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (slot, number)
) WITHOUT ROWID;

CREATE TABLE leaf (
    slot INTEGER NOT NULL,
    number INTEGER NOT NULL,
    place INTEGER NOT NULL,
    salt BLOB NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (slot, number, place)
) WITHOUT ROWID;

-- First schema. Times are microseconds since 1970 UTC; amounts are minor units. What names
-- something is compared byte by byte. No foreign keys: a delta is written by one statement that
-- holds both ends, and each check would cost a query per row.
CREATE TABLE slot (
    slot INTEGER PRIMARY KEY CHECK (slot BETWEEN 1 AND 99),
    epoch INTEGER NOT NULL CHECK (epoch > 0),
    owner TEXT NOT NULL,
    lease_until BIGINT NOT NULL
);

-- Numbers that a partner wants counted per day: the first that nobody has been given yet.
CREATE TABLE sequence (
    network TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    day TEXT COLLATE "C" NOT NULL,
    next BIGINT NOT NULL CHECK (next > 0),
    PRIMARY KEY (network, kind, day)
);

-- Called first in every batch: whoever lost its slot stops here, and whoever takes a slot waits
-- until its batch has ended.
CREATE FUNCTION fence(mine INTEGER, expected INTEGER) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM slot WHERE slot = mine AND epoch = expected FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'slot % has another owner', mine USING ERRCODE = 'BK001';
    END IF;
END
$$;

CREATE TABLE payment (
    payment_id BIGINT PRIMARY KEY,
    uetr TEXT COLLATE "C" NOT NULL,
    network TEXT COLLATE "C" NOT NULL,
    reference TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    updated_at BIGINT NOT NULL,
    next_at BIGINT,
    rung INTEGER NOT NULL,
    reason TEXT,
    far_reference TEXT,
    disputed INTEGER NOT NULL CHECK (disputed IN (0, 1)),
    reservation BIGINT,
    frozen TEXT NOT NULL,
    slot INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    CONSTRAINT payment_uetr UNIQUE (uetr),
    CONSTRAINT payment_reference UNIQUE (network, reference)
) WITH (fillfactor = 70);
CREATE INDEX payment_due ON payment (slot, network, next_at) WHERE next_at IS NOT NULL;

CREATE TABLE binding (
    payment_id BIGINT PRIMARY KEY,
    scope TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    content TEXT NOT NULL,
    CONSTRAINT binding_key UNIQUE (scope, key)
);

CREATE TABLE answer (
    payment_id BIGINT PRIMARY KEY,
    status INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    body BYTEA NOT NULL
);

CREATE TABLE claim (
    quote_id TEXT COLLATE "C" PRIMARY KEY,
    uetr TEXT COLLATE "C" NOT NULL,
    released INTEGER NOT NULL CHECK (released IN (0, 1))
);

CREATE TABLE tombstone (
    scope TEXT COLLATE "C" NOT NULL,
    uetr TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (scope, uetr)
);

CREATE TABLE incoming (
    item_hash TEXT COLLATE "C" PRIMARY KEY
);

CREATE TABLE account (
    key TEXT COLLATE "C" PRIMARY KEY,
    currency TEXT NOT NULL,
    debits_posted BIGINT NOT NULL CHECK (debits_posted >= 0),
    credits_posted BIGINT NOT NULL CHECK (credits_posted >= 0),
    debits_pending BIGINT NOT NULL CHECK (debits_pending >= 0),
    credits_pending BIGINT NOT NULL CHECK (credits_pending >= 0),
    net_debit_max BIGINT,
    net_credit_max BIGINT
) WITH (fillfactor = 20);

CREATE TABLE entry (
    entry_id BIGINT PRIMARY KEY,
    uetr TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('debit', 'credit')),
    currency TEXT NOT NULL,
    minor BIGINT NOT NULL CHECK (minor > 0),
    phase TEXT NOT NULL CHECK (phase IN ('pending', 'posted', 'voided')),
    pending_entry BIGINT
);

CREATE TABLE exchange (
    exchange_id BIGINT PRIMARY KEY,
    payment_id BIGINT NOT NULL,
    network TEXT NOT NULL,
    operation TEXT COLLATE "C" NOT NULL,
    reference TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    send_by BIGINT NOT NULL,
    answer_within_ms INTEGER NOT NULL,
    record_id BIGINT NOT NULL
);
CREATE INDEX exchange_of ON exchange (payment_id);

CREATE TABLE sealed (
    record_id BIGINT PRIMARY KEY,
    payment_id BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    blob BYTEA NOT NULL
);
CREATE INDEX sealed_of ON sealed (payment_id);

CREATE TABLE data_key (
    payment_id BIGINT PRIMARY KEY,
    wrapped BYTEA NOT NULL
);

CREATE TABLE rate (
    provider TEXT COLLATE "C" NOT NULL,
    pair TEXT COLLATE "C" NOT NULL,
    version TEXT COLLATE "C" NOT NULL,
    effective_at BIGINT NOT NULL,
    published_at BIGINT NOT NULL,
    sheet TEXT NOT NULL,
    withdrawn_at BIGINT,
    PRIMARY KEY (provider, pair, version)
);

CREATE TABLE block (
    slot INTEGER NOT NULL,
    number BIGINT NOT NULL,
    epoch INTEGER NOT NULL,
    previous BYTEA NOT NULL,
    root BYTEA NOT NULL,
    at BIGINT NOT NULL,
    leaves INTEGER NOT NULL,
    signature BYTEA NOT NULL,
    PRIMARY KEY (slot, number)
);

CREATE TABLE leaf (
    slot INTEGER NOT NULL,
    number BIGINT NOT NULL,
    place INTEGER NOT NULL,
    salt BYTEA NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (slot, number, place)
);

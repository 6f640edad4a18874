-- What is told to members without being asked. An event is written by the commit that caused it and
-- never changes; it goes when its retention has ended. Nothing in it is personal.
CREATE TABLE receiver (
    receiver TEXT PRIMARY KEY,
    last INTEGER NOT NULL CHECK (last >= 0)
) WITHOUT ROWID;
CREATE TABLE outbox (
    receiver TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number > 0),
    payment_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('ended', 'waiting', 'disputed', 'settled')),
    status TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (receiver, number)
) WITHOUT ROWID;
CREATE TRIGGER outbox_stays BEFORE UPDATE ON outbox
BEGIN
    SELECT RAISE(ABORT, 'an event never changes');
END;

-- How deliveries to an institution stand: events up to "done" were taken, are given up, or wait in
-- "delivery_retry"; nothing is sent before "next_at". Slot and epoch are of the process that sends.
CREATE TABLE delivery (
    receiver TEXT PRIMARY KEY,
    done INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,
    failing_since INTEGER,
    stopped INTEGER NOT NULL DEFAULT 0 CHECK (stopped IN (0, 1)),
    slot INTEGER NOT NULL DEFAULT 0,
    epoch INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE delivery_retry (
    receiver TEXT NOT NULL,
    number INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    since INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    PRIMARY KEY (receiver, number)
) WITHOUT ROWID;

-- What is told to members without being asked. An event is written by the commit that caused it and
-- never changes; it goes when its retention has ended. Nothing in it is personal.
CREATE TABLE receiver (
    receiver TEXT COLLATE "C" PRIMARY KEY,
    last BIGINT NOT NULL CHECK (last >= 0)
) WITH (fillfactor = 20);
CREATE TABLE outbox (
    receiver TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL CHECK (number > 0),
    payment_id BIGINT NOT NULL,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('ended', 'waiting', 'disputed', 'settled')),
    status TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (receiver, number)
);
CREATE TRIGGER outbox_stays BEFORE UPDATE ON outbox
FOR EACH ROW EXECUTE FUNCTION refuse('an event never changes');

-- How deliveries to an institution stand: events up to "done" were taken, are given up, or wait in
-- "delivery_retry"; nothing is sent before "next_at". Slot and epoch are of the process that sends.
CREATE TABLE delivery (
    receiver TEXT COLLATE "C" PRIMARY KEY,
    done BIGINT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    next_at BIGINT,
    failing_since BIGINT,
    stopped INTEGER NOT NULL DEFAULT 0 CHECK (stopped IN (0, 1)),
    slot INTEGER NOT NULL DEFAULT 0,
    epoch INTEGER NOT NULL DEFAULT 0
) WITH (fillfactor = 20);
CREATE TABLE delivery_retry (
    receiver TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    tries INTEGER NOT NULL,
    since BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    PRIMARY KEY (receiver, number)
);

-- The vault. A wrapped key stands where it was first written: rows are added at the end,
-- overwritten by something as long (a new wrapping, or the mark of its erasure) and never moved or
-- deleted, so that no page of the file keeps an old copy.
CREATE TABLE data_key_placed (
    place INTEGER PRIMARY KEY,
    payment_id INTEGER NOT NULL UNIQUE,
    wrapped BLOB NOT NULL
);
INSERT INTO data_key_placed (payment_id, wrapped)
SELECT payment_id, wrapped FROM data_key ORDER BY payment_id;
DROP TABLE data_key;
ALTER TABLE data_key_placed RENAME TO data_key;
CREATE TRIGGER data_key_stays BEFORE DELETE ON data_key
BEGIN
    SELECT RAISE(ABORT, 'a data key is overwritten, never deleted');
END;

-- Sealed records never change; one goes at most when nobody can open it any more.
CREATE TRIGGER sealed_stays BEFORE UPDATE ON sealed
BEGIN
    SELECT RAISE(ABORT, 'a sealed record never changes');
END;
CREATE TRIGGER sealed_kept BEFORE DELETE ON sealed
WHEN NOT EXISTS (
    SELECT 1 FROM data_key
    WHERE payment_id = OLD.payment_id AND substr(wrapped, 1, 16) = zeroblob(16)
)
BEGIN
    SELECT RAISE(ABORT, 'a sealed record is kept as long as it can be opened');
END;

-- 1: the body is a sealed record of the payment.
ALTER TABLE answer ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1));

-- Payments whose names somebody asked to have erased, until it is done.
CREATE TABLE erasure_request (
    uetr TEXT PRIMARY KEY,
    asked_at INTEGER NOT NULL
) WITHOUT ROWID;

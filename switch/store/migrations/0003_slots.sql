-- Numbered writer slots: who may write under a number, since when, and until when it is waited for.
-- Times are microseconds since 1970 UTC. A slot with an empty owner was released or taken over.
CREATE TABLE slot (
    slot INTEGER PRIMARY KEY CHECK (slot BETWEEN 1 AND 99),
    epoch INTEGER NOT NULL CHECK (epoch > 0),
    owner TEXT NOT NULL,
    lease_until INTEGER NOT NULL
);
INSERT INTO slot
SELECT DISTINCT slot, (SELECT value FROM meta WHERE name = 'epoch'), '', 0 FROM block;
DELETE FROM meta WHERE name = 'epoch';

-- Whose work a payment is: the slot, and the epoch of it that wrote the row last (0: taken over).
ALTER TABLE payment ADD COLUMN slot INTEGER NOT NULL DEFAULT 0;
ALTER TABLE payment ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
UPDATE payment SET slot = (SELECT max(slot) FROM slot) WHERE next_at IS NOT NULL;
DROP INDEX payment_due;
CREATE INDEX payment_due ON payment (slot, network, next_at) WHERE next_at IS NOT NULL;

-- Numbers that a partner wants counted per day: the first that nobody has been given yet.
CREATE TABLE sequence (
    network TEXT NOT NULL,
    kind TEXT NOT NULL,
    day TEXT NOT NULL,
    next INTEGER NOT NULL CHECK (next > 0),
    PRIMARY KEY (network, kind, day)
) WITHOUT ROWID;

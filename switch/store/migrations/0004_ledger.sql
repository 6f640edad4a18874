-- The ledger. What an account is stands in columns of its own; its name is made of them.
ALTER TABLE account RENAME TO account_before;
CREATE TABLE account (
    key TEXT PRIMARY KEY,
    currency TEXT NOT NULL,
    debits_posted INTEGER NOT NULL CHECK (debits_posted >= 0),
    credits_posted INTEGER NOT NULL CHECK (credits_posted >= 0),
    debits_pending INTEGER NOT NULL CHECK (debits_pending >= 0),
    credits_pending INTEGER NOT NULL CHECK (credits_pending >= 0),
    net_debit_max INTEGER,
    net_credit_max INTEGER,
    institution TEXT NOT NULL,
    role TEXT NOT NULL,
    asset TEXT NOT NULL CHECK (asset IN ('bakong', 'deferred', 'advised')),
    kind TEXT NOT NULL CHECK (kind IN ('position', 'settling', 'frozen', 'exposure')),
    CHECK (key = institution || '/' || role || '/' || currency || '/' || asset
        || CASE kind WHEN 'position' THEN '' ELSE '/' || kind END)
) WITHOUT ROWID;
INSERT INTO account
SELECT
    key, currency, debits_posted, credits_posted, debits_pending, credits_pending,
    net_debit_max, net_credit_max,
    substr(key, 1, instr(key, '/') - 1),
    substr(key, instr(key, '/') + 1, instr(key, '/' || currency || '/') - instr(key, '/') - 1),
    substr(key, instr(key, '/' || currency || '/') + length(currency) + 2),
    'position'
FROM account_before;
DROP TABLE account_before;

-- An entry never changes: what resolves a reservation points at it. Those that resolve one add up
-- to it: one of the whole amount, or a posted one and a voided one of the rest.
ALTER TABLE entry RENAME TO entry_before;
CREATE TABLE entry (
    entry_id INTEGER PRIMARY KEY,
    uetr TEXT NOT NULL,
    account TEXT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('debit', 'credit')),
    currency TEXT NOT NULL,
    minor INTEGER NOT NULL CHECK (minor > 0),
    phase TEXT NOT NULL CHECK (phase IN ('pending', 'posted', 'voided', 'expired')),
    pending_entry INTEGER CHECK (pending_entry <> entry_id),
    CHECK (phase <> 'pending' OR pending_entry IS NULL),
    CHECK (phase NOT IN ('voided', 'expired') OR pending_entry IS NOT NULL)
);
INSERT INTO entry SELECT * FROM entry_before;
DROP TABLE entry_before;

-- What each block booked, by currency and phase, as the database itself adds it up.
CREATE TABLE balance_check (
    slot INTEGER NOT NULL,
    number INTEGER NOT NULL,
    currency TEXT NOT NULL,
    phase TEXT NOT NULL,
    debits INTEGER NOT NULL,
    credits INTEGER NOT NULL,
    PRIMARY KEY (slot, number, currency, phase),
    CONSTRAINT block_sums_to_zero CHECK (debits = credits)
) WITHOUT ROWID;

-- Running sums of an account after each block that touched it, and every so often of all accounts,
-- so that a balance of any past moment is near. What was booked before is added up here once.
CREATE TABLE balance_after (
    slot INTEGER NOT NULL,
    number INTEGER NOT NULL,
    account TEXT NOT NULL,
    debits_posted INTEGER NOT NULL,
    credits_posted INTEGER NOT NULL,
    debits_pending INTEGER NOT NULL,
    credits_pending INTEGER NOT NULL,
    PRIMARY KEY (slot, number, account)
) WITHOUT ROWID;
INSERT INTO balance_after
WITH booked AS (
    SELECT
        entry_id >> 46 AS slot,
        (entry_id >> 12) & 17179869183 AS number,
        account,
        sum((side = 'debit' AND phase = 'posted') * minor) AS debits_posted,
        sum((side = 'credit' AND phase = 'posted') * minor) AS credits_posted,
        sum((side = 'debit') * ((phase = 'pending') - (pending_entry IS NOT NULL)) * minor)
            AS debits_pending,
        sum((side = 'credit') * ((phase = 'pending') - (pending_entry IS NOT NULL)) * minor)
            AS credits_pending
    FROM entry
    GROUP BY entry_id >> 12, account
),
kept AS (
    SELECT * FROM booked
    UNION ALL
    SELECT slot, number, key, 0, 0, 0, 0
    FROM block CROSS JOIN account
    WHERE number % 256 = 0
    AND NOT EXISTS (
        SELECT 1 FROM booked
        WHERE booked.slot = block.slot AND booked.number = block.number AND booked.account = key
    )
)
SELECT
    slot, number, kept.account,
    sum(debits_posted) OVER running,
    sum(credits_posted) OVER running,
    sum(debits_pending) OVER running,
    sum(credits_pending) OVER running
FROM kept JOIN block USING (slot, number)
WINDOW running AS (PARTITION BY kept.account ORDER BY block.at, slot, number);

-- A tombstone is kept for a stated time; one of before this was written down begins it now.
ALTER TABLE tombstone ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
UPDATE tombstone SET at = CAST(strftime('%s', 'now') AS INTEGER) * 1000000;

-- How far back retention has let go of what may be let go of: set in the batch that deletes.
CREATE TABLE retention (
    what TEXT PRIMARY KEY CHECK (what IN ('answer', 'tombstone')),
    before INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TRIGGER entry_update BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'a ledger entry never changes'); END;
CREATE TRIGGER entry_delete BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'a ledger entry is kept for ever'); END;
CREATE TRIGGER balance_check_update BEFORE UPDATE ON balance_check
BEGIN SELECT RAISE(ABORT, 'a check of a block never changes'); END;
CREATE TRIGGER balance_check_delete BEFORE DELETE ON balance_check
BEGIN SELECT RAISE(ABORT, 'a check of a block is kept for ever'); END;
CREATE TRIGGER balance_after_update BEFORE UPDATE ON balance_after
BEGIN SELECT RAISE(ABORT, 'a past balance never changes'); END;
CREATE TRIGGER balance_after_delete BEFORE DELETE ON balance_after
BEGIN SELECT RAISE(ABORT, 'a past balance is kept for ever'); END;
CREATE TRIGGER leaf_update BEFORE UPDATE ON leaf
BEGIN SELECT RAISE(ABORT, 'a journal entry never changes'); END;
CREATE TRIGGER leaf_delete BEFORE DELETE ON leaf
BEGIN SELECT RAISE(ABORT, 'a journal entry is kept for ever'); END;
CREATE TRIGGER block_update BEFORE UPDATE ON block
BEGIN SELECT RAISE(ABORT, 'a block never changes'); END;
CREATE TRIGGER block_delete BEFORE DELETE ON block
BEGIN SELECT RAISE(ABORT, 'a block is kept for ever'); END;
CREATE TRIGGER answer_update BEFORE UPDATE ON answer
BEGIN SELECT RAISE(ABORT, 'a final answer never changes'); END;
CREATE TRIGGER answer_delete BEFORE DELETE ON answer
WHEN NOT EXISTS (
    SELECT 1 FROM payment JOIN retention ON what = 'answer'
    WHERE payment_id = old.payment_id AND updated_at < before
)
BEGIN SELECT RAISE(ABORT, 'an answer is kept until its retention has ended'); END;
CREATE TRIGGER binding_update BEFORE UPDATE ON binding
BEGIN SELECT RAISE(ABORT, 'what a key is bound to never changes'); END;
CREATE TRIGGER binding_delete BEFORE DELETE ON binding
WHEN NOT EXISTS (SELECT 1 FROM answer WHERE payment_id = old.payment_id)
OR NOT EXISTS (
    SELECT 1 FROM payment JOIN retention ON what = 'answer'
    WHERE payment_id = old.payment_id AND updated_at < before
)
BEGIN SELECT RAISE(ABORT, 'a key is bound until its payment has ended and its retention too'); END;
CREATE TRIGGER tombstone_update BEFORE UPDATE ON tombstone
BEGIN SELECT RAISE(ABORT, 'a tombstone never changes'); END;
CREATE TRIGGER tombstone_delete BEFORE DELETE ON tombstone
WHEN NOT EXISTS (SELECT 1 FROM retention WHERE what = 'tombstone' AND old.at < before)
BEGIN SELECT RAISE(ABORT, 'a tombstone is kept until its retention has ended'); END;

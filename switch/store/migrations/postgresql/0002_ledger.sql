-- The ledger. What an account is stands in columns of its own; its name is made of them.
ALTER TABLE account
    ADD COLUMN institution TEXT,
    ADD COLUMN role TEXT,
    ADD COLUMN asset TEXT,
    ADD COLUMN kind TEXT;
UPDATE account SET institution = split_part(key, '/', 1), role = split_part(key, '/', 2),
    asset = split_part(key, '/', 4), kind = 'position';
ALTER TABLE account
    ALTER COLUMN institution SET NOT NULL,
    ALTER COLUMN role SET NOT NULL,
    ALTER COLUMN asset SET NOT NULL,
    ALTER COLUMN kind SET NOT NULL,
    ADD CHECK (asset IN ('bakong', 'deferred', 'advised')),
    ADD CHECK (kind IN ('position', 'settling', 'frozen', 'exposure')),
    ADD CHECK (key = institution || '/' || role || '/' || currency || '/' || asset
        || CASE kind WHEN 'position' THEN '' ELSE '/' || kind END);

-- An entry never changes: what resolves a reservation points at it. Those that resolve one add up
-- to it: one of the whole amount, or a posted one and a voided one of the rest.
ALTER TABLE entry
    DROP CONSTRAINT entry_phase_check,
    ADD CHECK (phase IN ('pending', 'posted', 'voided', 'expired')),
    ADD CHECK (pending_entry <> entry_id),
    ADD CHECK (phase <> 'pending' OR pending_entry IS NULL),
    ADD CHECK (phase NOT IN ('voided', 'expired') OR pending_entry IS NOT NULL);

-- What each block booked, by currency and phase, as the database itself adds it up.
CREATE TABLE balance_check (
    slot INTEGER NOT NULL,
    number BIGINT NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    phase TEXT COLLATE "C" NOT NULL,
    debits BIGINT NOT NULL,
    credits BIGINT NOT NULL,
    PRIMARY KEY (slot, number, currency, phase),
    CONSTRAINT block_sums_to_zero CHECK (debits = credits)
);
CREATE FUNCTION add_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO balance_check
    SELECT entry_id >> 46, (entry_id >> 12) & 17179869183, currency, phase,
        coalesce(sum(minor) FILTER (WHERE side = 'debit'), 0),
        coalesce(sum(minor) FILTER (WHERE side = 'credit'), 0)
    FROM added GROUP BY 1, 2, currency, phase;
    RETURN NULL;
END
$$;
CREATE TRIGGER entry_sums AFTER INSERT ON entry REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION add_up();

-- Running sums of an account after each block that touched it, and every so often of all accounts,
-- so that a balance of any past moment is near. What was booked before is added up here once.
CREATE TABLE balance_after (
    slot INTEGER NOT NULL,
    number BIGINT NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    debits_posted BIGINT NOT NULL,
    credits_posted BIGINT NOT NULL,
    debits_pending BIGINT NOT NULL,
    credits_pending BIGINT NOT NULL,
    PRIMARY KEY (slot, number, account)
);
INSERT INTO balance_after
WITH booked AS (
    SELECT
        (entry_id >> 46)::int AS slot,
        (entry_id >> 12) & 17179869183 AS number,
        account,
        sum(minor * (side = 'debit' AND phase = 'posted')::int) AS debits_posted,
        sum(minor * (side = 'credit' AND phase = 'posted')::int) AS credits_posted,
        sum(minor * (side = 'debit')::int
            * ((phase = 'pending')::int - (pending_entry IS NOT NULL)::int)) AS debits_pending,
        sum(minor * (side = 'credit')::int
            * ((phase = 'pending')::int - (pending_entry IS NOT NULL)::int)) AS credits_pending
    FROM entry
    GROUP BY 1, 2, account
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
ALTER TABLE tombstone ADD COLUMN at BIGINT;
UPDATE tombstone SET at = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
ALTER TABLE tombstone ALTER COLUMN at SET NOT NULL;

-- How far back retention has let go of what may be let go of: set in the batch that deletes.
CREATE TABLE retention (
    what TEXT COLLATE "C" PRIMARY KEY CHECK (what IN ('answer', 'tombstone')),
    before BIGINT NOT NULL
);

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER entry_stays BEFORE UPDATE OR DELETE ON entry
FOR EACH ROW EXECUTE FUNCTION refuse('a ledger entry never changes and is kept for ever');
CREATE TRIGGER entry_kept BEFORE TRUNCATE ON entry
FOR EACH STATEMENT EXECUTE FUNCTION refuse('a ledger entry is kept for ever');
CREATE TRIGGER balance_check_stays BEFORE UPDATE OR DELETE ON balance_check
FOR EACH ROW EXECUTE FUNCTION refuse('a check of a block never changes and is kept for ever');
CREATE TRIGGER balance_after_stays BEFORE UPDATE OR DELETE ON balance_after
FOR EACH ROW EXECUTE FUNCTION refuse('a past balance never changes and is kept for ever');
CREATE TRIGGER leaf_stays BEFORE UPDATE OR DELETE ON leaf
FOR EACH ROW EXECUTE FUNCTION refuse('a journal entry never changes and is kept for ever');
CREATE TRIGGER leaf_kept BEFORE TRUNCATE ON leaf
FOR EACH STATEMENT EXECUTE FUNCTION refuse('a journal entry is kept for ever');
CREATE TRIGGER block_stays BEFORE UPDATE OR DELETE ON block
FOR EACH ROW EXECUTE FUNCTION refuse('a block never changes and is kept for ever');
CREATE TRIGGER block_kept BEFORE TRUNCATE ON block
FOR EACH STATEMENT EXECUTE FUNCTION refuse('a block is kept for ever');
CREATE TRIGGER answer_stays BEFORE UPDATE ON answer
FOR EACH ROW EXECUTE FUNCTION refuse('a final answer never changes');
CREATE TRIGGER binding_stays BEFORE UPDATE ON binding
FOR EACH ROW EXECUTE FUNCTION refuse('what a key is bound to never changes');
CREATE TRIGGER tombstone_stays BEFORE UPDATE ON tombstone
FOR EACH ROW EXECUTE FUNCTION refuse('a tombstone never changes');

-- What may go does so only when its retention has ended.
CREATE FUNCTION answer_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM payment JOIN retention ON what = 'answer'
    WHERE payment_id = old.payment_id AND updated_at < before;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'an answer is kept until its retention has ended'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN old;
END
$$;
CREATE TRIGGER answer_kept BEFORE DELETE ON answer
FOR EACH ROW EXECUTE FUNCTION answer_goes();
CREATE FUNCTION binding_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM payment JOIN retention ON what = 'answer' JOIN answer USING (payment_id)
    WHERE payment_id = old.payment_id AND updated_at < before;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a key is bound until its payment has ended and its retention too'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN old;
END
$$;
CREATE TRIGGER binding_kept BEFORE DELETE ON binding
FOR EACH ROW EXECUTE FUNCTION binding_goes();
CREATE FUNCTION tombstone_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM retention WHERE what = 'tombstone' AND old.at < before;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a tombstone is kept until its retention has ended'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN old;
END
$$;
CREATE TRIGGER tombstone_kept BEFORE DELETE ON tombstone
FOR EACH ROW EXECUTE FUNCTION tombstone_goes();

-- The vault. A wrapped key is overwritten by a new wrapping or by the mark of its erasure, never
-- deleted; VACUUM then takes what it was.
CREATE TRIGGER data_key_stays BEFORE DELETE ON data_key
FOR EACH ROW EXECUTE FUNCTION refuse('a data key is overwritten, never deleted');

-- Sealed records never change; one goes at most when nobody can open it any more.
CREATE TRIGGER sealed_stays BEFORE UPDATE ON sealed
FOR EACH ROW EXECUTE FUNCTION refuse('a sealed record never changes');
CREATE FUNCTION sealed_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM data_key WHERE payment_id = old.payment_id
    AND substr(wrapped, 1, 16) = decode(repeat('00', 16), 'hex');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a sealed record is kept as long as it can be opened'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN old;
END
$$;
CREATE TRIGGER sealed_kept BEFORE DELETE ON sealed
FOR EACH ROW EXECUTE FUNCTION sealed_goes();

-- 1: the body is a sealed record of the payment.
ALTER TABLE answer
    ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1));

-- Payments whose names somebody asked to have erased, until it is done.
CREATE TABLE erasure_request (
    uetr TEXT COLLATE "C" PRIMARY KEY,
    asked_at BIGINT NOT NULL
);

-- What is looked at often is found without reading what has ended: payments that have a timer or
-- wait for people, by number, and tombstones by their age. Each index is as small as what it finds.
CREATE INDEX payment_unended ON payment (payment_id)
WHERE next_at IS NOT NULL OR disputed = 1 OR state IN ('manual', 'cancel_manual', 'blocked');
CREATE INDEX tombstone_at ON tombstone (at, scope, uetr);

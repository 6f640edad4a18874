-- Where the newest journal entry of a payment stands: the number of its block, across slots. Each
-- entry names the block of the one before it, so a payment's entries are found without an index.
ALTER TABLE payment ADD COLUMN block BIGINT;

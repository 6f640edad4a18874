-- The newest rates of each pair are found without reading all that were ever posted.
CREATE INDEX rate_newest ON rate (provider, pair, effective_at DESC, version DESC)
WHERE withdrawn_at IS NULL OR withdrawn_at >= effective_at;

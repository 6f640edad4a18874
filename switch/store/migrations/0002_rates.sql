-- Rates as providers post them: a version is written once, and withdrawn at most once.
CREATE TABLE rate (
    provider TEXT NOT NULL,
    pair TEXT NOT NULL,
    version TEXT NOT NULL,
    effective_at INTEGER NOT NULL,
    published_at INTEGER NOT NULL,
    sheet TEXT NOT NULL,
    withdrawn_at INTEGER,
    PRIMARY KEY (provider, pair, version)
) WITHOUT ROWID;

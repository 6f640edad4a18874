-- What is known of the latest loss, for every process on the database. A copy that comes back may
-- lack it; each process keeps its own account beside, and the later one counts.
CREATE TABLE loss (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    restored_at BIGINT NOT NULL,
    head_at BIGINT,
    done BOOLEAN NOT NULL
);

-- Rows are only ever added, apart from the chain rows, which say how far their chains are. Every column of block but
-- bytes could be computed again from it; request is an index that could be made again from the blocks.
CREATE TABLE chain (
    ordinal INTEGER PRIMARY KEY, -- by order of opening, from 1
    name    TEXT    NOT NULL UNIQUE,
    blocks  INTEGER NOT NULL DEFAULT 0,
    entries INTEGER NOT NULL DEFAULT 0,
    head    BLOB    NOT NULL,    -- hash of the last block
    sealed  INTEGER NOT NULL DEFAULT 0,
    settled INTEGER NOT NULL DEFAULT 0
) STRICT;

-- One row is one group commit.
CREATE TABLE block (
    id       INTEGER PRIMARY KEY, -- ordinal of the chain * 2^40 + number: posting order
    first    INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    recorded INTEGER NOT NULL,
    prev     BLOB    NOT NULL,
    hash     BLOB    NOT NULL,
    bytes    BLOB    NOT NULL
) STRICT;

-- Where the entries of a request stand. slot is the part of a record, of which there can be only one; for all other
-- entries it is the block, negated.
CREATE TABLE request (
    id    BLOB    NOT NULL,
    slot  INTEGER NOT NULL,
    block INTEGER NOT NULL,
    PRIMARY KEY (id, slot)
) STRICT, WITHOUT ROWID;

-- 0 to 1,023: one statement that reads it indexes a whole block.
CREATE TABLE number (i INTEGER PRIMARY KEY) STRICT;
INSERT INTO number WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1023) SELECT i FROM n;

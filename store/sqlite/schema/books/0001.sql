CREATE TABLE state (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    chain INTEGER NOT NULL, -- cursor: ordinal of the chain, blocks of it that were posted
    block INTEGER NOT NULL,
    state BLOB    NOT NULL
) STRICT;

CREATE TABLE document (n INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

CREATE TABLE checkpoint (
    id        INTEGER PRIMARY KEY,
    chain     INTEGER NOT NULL,
    block     INTEGER NOT NULL,
    state     BLOB    NOT NULL,
    documents INTEGER NOT NULL,
    UNIQUE (chain, block)
) STRICT;

-- The key's columns stand in canonical order. An amount is 16 bytes of two's complement, in units of 10^-12.
CREATE TABLE cell (
    agreement TEXT    NOT NULL,
    book      TEXT    NOT NULL,
    account   TEXT    NOT NULL,
    clause    TEXT    NOT NULL,
    cloud     TEXT    NOT NULL,
    product   TEXT    NOT NULL,
    stream    TEXT    NOT NULL,
    currency  TEXT    NOT NULL,
    day       INTEGER NOT NULL,
    amount    BLOB    NOT NULL,
    count     INTEGER NOT NULL,
    PRIMARY KEY (agreement, book, account, clause, cloud, product, stream, currency, day)
) STRICT, WITHOUT ROWID;

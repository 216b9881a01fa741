CREATE TABLE concord.books (
    id    integer PRIMARY KEY CHECK (id = 1),
    chain bigint NOT NULL, -- cursor: chain 0, and the blocks that were posted in the order of merges
    block bigint NOT NULL,
    state bytea  NOT NULL
);

CREATE TABLE concord.document (n bigint PRIMARY KEY, bytes bytea NOT NULL);

CREATE TABLE concord.checkpoint (
    chain     bigint NOT NULL,
    block     bigint NOT NULL,
    state     bytea  NOT NULL,
    documents bigint NOT NULL,
    PRIMARY KEY (chain, block)
);

-- The key's columns stand in canonical order. An amount is 16 bytes of two's complement, in units of 10^-12.
CREATE TABLE concord.cell (
    agreement text COLLATE "C" NOT NULL,
    book      text COLLATE "C" NOT NULL,
    account   text COLLATE "C" NOT NULL,
    clause    text COLLATE "C" NOT NULL,
    cloud     text COLLATE "C" NOT NULL,
    product   text COLLATE "C" NOT NULL,
    stream    text COLLATE "C" NOT NULL,
    currency  text COLLATE "C" NOT NULL,
    day       integer NOT NULL,
    amount    bytea   NOT NULL,
    count     bigint  NOT NULL,
    PRIMARY KEY (agreement, book, account, clause, cloud, product, stream, currency, day)
) WITH (fillfactor = 60);

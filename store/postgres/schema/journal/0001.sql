-- Rows of block and of the indexes are only ever added. Every column of block but bytes could be computed again from it, and
-- all that is not chain or block could be made again from the blocks.
CREATE TABLE concord.chain (
    ordinal   bigint PRIMARY KEY, -- by order of opening, from 1
    name      text COLLATE "C" NOT NULL UNIQUE,
    blocks    bigint  NOT NULL DEFAULT 0,
    entries   bigint  NOT NULL DEFAULT 0,
    head      bytea   NOT NULL,   -- hash of the last block
    sealed    boolean NOT NULL DEFAULT false,
    settled   boolean NOT NULL DEFAULT false,
    lease     timestamptz NOT NULL, -- by this database's clock: until then its writer is taken to be alive
    since     timestamptz NOT NULL, -- since when the lease has not run out
    resolver  text,                 -- the chain that resolves this one's intents
    resolving timestamptz           -- until then nobody else does
) WITH (fillfactor = 20); -- each commit updates a row: there is room for its versions on the page

-- One row is one group commit.
CREATE TABLE concord.block (
    chain    bigint  NOT NULL,
    number   bigint  NOT NULL,
    first    bigint  NOT NULL,
    count    integer NOT NULL,
    recorded bigint  NOT NULL,
    idle     boolean NOT NULL, -- it holds nothing that the books post: no merge is made for it alone
    prev     bytea   NOT NULL,
    hash     bytea   NOT NULL,
    bytes    bytea   NOT NULL,
    PRIMARY KEY (chain, number)
);
ALTER TABLE concord.block ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- Where the entries of a request stand. slot is the part of what may stand once; for all other entries it is the block,
-- negated. block is ordinal of the chain * 2^40 + number.
CREATE TABLE concord.request (
    id    bytea  NOT NULL,
    slot  bigint NOT NULL,
    block bigint NOT NULL,
    PRIMARY KEY (id, slot)
);

-- Where an object that a cloud made is at home. id is the beginning of the SHA-256 of the cloud's id for it.
CREATE TABLE concord.object (
    id      bytea NOT NULL,
    request bytea NOT NULL,
    PRIMARY KEY (id, request)
);

-- Records that were pending when they were written; one that is finished has a later part in request.
CREATE TABLE concord.pending (
    time    bigint NOT NULL, -- admitted
    request bytea  NOT NULL,
    part    bigint NOT NULL,
    block   bigint NOT NULL,
    PRIMARY KEY (time, request, part)
);

-- The order of posting: how far merge entries have come. One row, moved from number to number + 1.
CREATE TABLE concord.merging (
    id       integer PRIMARY KEY CHECK (id = 1),
    number   bigint NOT NULL, -- of the last merge entry
    position bigint NOT NULL  -- blocks that stand in merges
);
INSERT INTO concord.merging (id, number, position) VALUES (1, 0, 0);

-- How many blocks of each chain stand in merges.
CREATE TABLE concord.frontier (
    chain  bigint PRIMARY KEY,
    merged bigint NOT NULL
) WITH (fillfactor = 20);

-- The spans of the merge entries: positions first to last are blocks low and up of a chain.
CREATE TABLE concord.span (
    last   bigint PRIMARY KEY,
    first  bigint NOT NULL,
    chain  bigint NOT NULL,
    low    bigint NOT NULL,
    number bigint NOT NULL -- of the merge
);
CREATE UNIQUE INDEX span_chain ON concord.span (chain, low);

-- Who posts to the books.
CREATE TABLE concord.poster (
    id     integer PRIMARY KEY CHECK (id = 1),
    holder text NOT NULL,
    lease  timestamptz NOT NULL
);
INSERT INTO concord.poster (id, holder, lease) VALUES (1, '', '-infinity');

-- The blocks that hold documents or facts, and the chains of which all such blocks are named here: those of programs that did
-- not know of this are looked through once, when they have ended.
CREATE TABLE concord.document_block (
    chain  bigint NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (chain, number)
);
CREATE TABLE concord.document_chain (chain bigint PRIMARY KEY);

-- Up to which block of a chain every intent has its record, told by its writer every now and then.
CREATE TABLE concord.resolved (
    chain bigint PRIMARY KEY,
    block bigint NOT NULL
) WITH (fillfactor = 20);

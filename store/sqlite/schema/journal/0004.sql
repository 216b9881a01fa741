-- The blocks that hold documents or facts, and the chains of which all such blocks are named here: those of before are looked
-- through once, when the file is opened to be written.
CREATE TABLE document (block INTEGER PRIMARY KEY) STRICT;
CREATE TABLE documented (chain INTEGER PRIMARY KEY) STRICT;

-- What statements say of requests beside money, added up. The books are derived: those of before are posted anew.
CREATE TABLE activity (
    key   BLOB PRIMARY KEY, -- sorts by the instant from which a row counts
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
DELETE FROM state;
DELETE FROM document;
DELETE FROM checkpoint;
DELETE FROM cell;

-- Where an object that a cloud made is at home. id is the beginning of the SHA-256 of the cloud's id for it.
CREATE TABLE object (
    id      BLOB NOT NULL,
    request BLOB NOT NULL,
    PRIMARY KEY (id, request)
) STRICT, WITHOUT ROWID;

-- Records that were pending when they were written; one that is finished has a later part in request.
CREATE TABLE pending (
    time    INTEGER NOT NULL, -- admitted
    request BLOB    NOT NULL,
    part    INTEGER NOT NULL,
    block   INTEGER NOT NULL,
    PRIMARY KEY (time, request, part)
) STRICT, WITHOUT ROWID;

-- What budgets have come to, by window. held + spent never exceeds the limit that the last hold was taken under. Amounts are
-- 16 bytes, big endian, two's complement, of 10^-12 currency units.
CREATE TABLE budget (
    budget   TEXT NOT NULL,
    span     TEXT NOT NULL, -- the window: "2026-11-23", "2026-11" or "total"
    currency TEXT NOT NULL,
    spent    BLOB NOT NULL,
    held     BLOB NOT NULL,
    PRIMARY KEY (budget, span, currency)
) STRICT, WITHOUT ROWID;

-- What requests without a record hold of them: one row a request and window, gone when the record is appended.
CREATE TABLE hold (
    request  BLOB NOT NULL,
    budget   TEXT NOT NULL,
    span     TEXT NOT NULL,
    currency TEXT NOT NULL,
    ceiling  BLOB NOT NULL, -- the budget's limit when it was taken
    amount   BLOB NOT NULL,
    PRIMARY KEY (request, budget, span, currency)
) STRICT, WITHOUT ROWID;

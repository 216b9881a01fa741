-- What budgets have come to, by window. held + spent never exceeds the limit that the last hold was taken under.
CREATE TABLE concord.budget (
    budget   text    NOT NULL,
    span     text    NOT NULL, -- the window: "2026-11-23", "2026-11" or "total"
    currency text    NOT NULL,
    spent    numeric NOT NULL,
    held     numeric NOT NULL,
    PRIMARY KEY (budget, span, currency)
);

-- What requests without a record hold of them: one row a request and window, gone when the record is appended.
CREATE TABLE concord.hold (
    request  bytea   NOT NULL,
    budget   text    NOT NULL,
    span     text    NOT NULL,
    currency text    NOT NULL,
    ceiling  numeric NOT NULL, -- the budget's limit when it was taken
    amount   numeric NOT NULL,
    PRIMARY KEY (request, budget, span, currency)
);

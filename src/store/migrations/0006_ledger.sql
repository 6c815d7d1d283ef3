-- SPDX-License-Identifier: Apache-2.0
-- The ledger is chained: each row's hash covers the row and the hash before it. Rows that were written before get theirs when the
-- next one is written.

ALTER TABLE ledger ADD COLUMN hash TEXT NOT NULL DEFAULT '';

-- One row: where the chain ends.
CREATE TABLE ledger_head (
    id       INTEGER PRIMARY KEY,
    sequence INTEGER NOT NULL,
    hash     TEXT NOT NULL
) STRICT;

-- The prices that the ledger names by the SHA-256 of their text.
CREATE TABLE price_lists (
    id   TEXT PRIMARY KEY,
    text TEXT NOT NULL
) STRICT;

-- The last tags of what was charged: they outlive the resource, so that a bill can be read by them.
CREATE TABLE charged_tags (
    resource_id TEXT NOT NULL,
    key         TEXT NOT NULL,
    account_id  TEXT NOT NULL,
    value       TEXT NOT NULL,
    PRIMARY KEY (resource_id, account_id, key)
) STRICT;
CREATE INDEX charged_tags_of_account ON charged_tags (account_id, key, value);
INSERT INTO charged_tags (resource_id, key, account_id, value)
    SELECT resource_id, key, account_id, value FROM tags WHERE true ON CONFLICT DO NOTHING;

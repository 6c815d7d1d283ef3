-- SPDX-License-Identifier: Apache-2.0
-- Guests that were frozen before they were anybody, and the instances being started from them.

ALTER TABLE images ADD COLUMN guest_agent TEXT NOT NULL DEFAULT ''; -- '' is an image without one

CREATE TABLE warm_templates (
    id                 TEXT PRIMARY KEY,
    host_id            TEXT NOT NULL,
    image_id           TEXT NOT NULL,
    instance_type      TEXT NOT NULL,
    account_id         TEXT NOT NULL, -- '' serves all
    state              TEXT NOT NULL,
    state_since        INTEGER NOT NULL,
    message            TEXT NOT NULL,
    image_snapshot_id  TEXT NOT NULL,
    fingerprint        TEXT NOT NULL,
    volume_id          TEXT NOT NULL,
    snapshot_id        TEXT NOT NULL,
    memory_bytes       INTEGER NOT NULL,
    disk_bytes         INTEGER NOT NULL,
    boot_milliseconds  INTEGER NOT NULL,
    attempts           INTEGER NOT NULL,
    hits               INTEGER NOT NULL,
    fallbacks          INTEGER NOT NULL,
    saved_milliseconds INTEGER NOT NULL,
    created_at         INTEGER NOT NULL,
    ready_at           INTEGER,
    last_wanted_at     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX warm_templates_by_key
    ON warm_templates (host_id, image_id, instance_type, account_id);

CREATE TABLE warm_launches (
    instance_id TEXT PRIMARY KEY,
    template_id TEXT NOT NULL,
    begun_at    INTEGER NOT NULL
) STRICT;

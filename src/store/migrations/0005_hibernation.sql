-- SPDX-License-Identifier: Apache-2.0
-- Hibernation, the hardware that an instance keeps, and copies of running instances.

ALTER TABLE instances ADD COLUMN hibernation_configured INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instances ADD COLUMN hibernation TEXT NOT NULL DEFAULT 'none';
ALTER TABLE instances ADD COLUMN hardware TEXT NOT NULL DEFAULT '';
ALTER TABLE instances ADD COLUMN fork_id TEXT NOT NULL DEFAULT '';
CREATE INDEX instances_of_fork ON instances (fork_id, id) WHERE fork_id <> '';

CREATE TABLE forks (
    id                 TEXT PRIMARY KEY,
    account_id         TEXT NOT NULL,
    region             TEXT NOT NULL,
    host_id            TEXT NOT NULL,
    source_instance_id TEXT NOT NULL,
    template_id        TEXT NOT NULL,
    state              TEXT NOT NULL,
    message            TEXT NOT NULL,
    created_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX forks_on_host ON forks (host_id, id);

CREATE TABLE fork_disks (
    snapshot_id TEXT PRIMARY KEY,
    fork_id     TEXT NOT NULL,
    volume_id   TEXT NOT NULL,
    device      TEXT NOT NULL
) STRICT;
CREATE INDEX fork_disks_of_fork ON fork_disks (fork_id, snapshot_id);

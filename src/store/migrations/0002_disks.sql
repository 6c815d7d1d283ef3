-- SPDX-License-Identifier: Apache-2.0
-- Volumes, snapshots and images that users make; encryption; imports and exports.

ALTER TABLE instances ADD COLUMN impairment TEXT NOT NULL DEFAULT '';
ALTER TABLE instances ADD COLUMN impaired_since INTEGER;

ALTER TABLE volumes ADD COLUMN kms_key_id TEXT NOT NULL DEFAULT '';
ALTER TABLE volumes ADD COLUMN auto_enable_io INTEGER NOT NULL DEFAULT 0;
ALTER TABLE volumes ADD COLUMN force_detach INTEGER NOT NULL DEFAULT 0;
CREATE INDEX volumes_counted ON volumes (account_id, region, type, size_gib, iops);
CREATE INDEX volumes_of_snapshot ON volumes (snapshot_id, id) WHERE snapshot_id <> '';

CREATE TABLE volume_modifications (
    volume_id                 TEXT PRIMARY KEY,
    account_id                TEXT NOT NULL,
    region                    TEXT NOT NULL,
    state                     TEXT NOT NULL,
    message                   TEXT NOT NULL,
    original_size_gib         INTEGER NOT NULL,
    original_type             TEXT NOT NULL,
    original_iops             INTEGER NOT NULL,
    original_throughput_mib_s INTEGER NOT NULL,
    target_size_gib           INTEGER NOT NULL,
    target_type               TEXT NOT NULL,
    target_iops               INTEGER NOT NULL,
    target_throughput_mib_s   INTEGER NOT NULL,
    progress_percent          INTEGER NOT NULL,
    started_at                INTEGER NOT NULL,
    ended_at                  INTEGER
) STRICT;
CREATE INDEX volume_modifications_page ON volume_modifications (account_id, region, volume_id);

-- When the modifications of the last day began: their number is limited.
CREATE TABLE volume_modification_starts (
    volume_id  TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    PRIMARY KEY (volume_id, started_at)
) STRICT;

-- The snapshots that are there are those of shipped images.
ALTER TABLE snapshots ADD COLUMN host_id TEXT NOT NULL DEFAULT '';
ALTER TABLE snapshots ADD COLUMN state TEXT NOT NULL DEFAULT 'completed';
ALTER TABLE snapshots ADD COLUMN state_message TEXT NOT NULL DEFAULT '';
ALTER TABLE snapshots ADD COLUMN progress_percent INTEGER NOT NULL DEFAULT 100;
ALTER TABLE snapshots ADD COLUMN encrypted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE snapshots ADD COLUMN kms_key_id TEXT NOT NULL DEFAULT '';
ALTER TABLE snapshots ADD COLUMN source_snapshot_id TEXT NOT NULL DEFAULT '';
ALTER TABLE snapshots ADD COLUMN source_path TEXT NOT NULL DEFAULT '';
ALTER TABLE snapshots ADD COLUMN set_id TEXT NOT NULL DEFAULT '';
ALTER TABLE snapshots ADD COLUMN taken_at INTEGER;
ALTER TABLE snapshots ADD COLUMN completed_at INTEGER;
ALTER TABLE snapshots ADD COLUMN full_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE snapshots SET taken_at = started_at, completed_at = started_at;
CREATE INDEX snapshots_page ON snapshots (account_id, region, id);
CREATE INDEX snapshots_of_volume ON snapshots (volume_id, id);
CREATE INDEX snapshots_of_set ON snapshots (set_id, id) WHERE set_id <> '';
CREATE INDEX snapshots_on_host ON snapshots (host_id, id);

-- The grantee is an account, or 'all'.
CREATE TABLE snapshot_permissions (
    snapshot_id TEXT NOT NULL,
    grantee     TEXT NOT NULL,
    PRIMARY KEY (snapshot_id, grantee)
) STRICT;
CREATE INDEX snapshot_permissions_of_grantee ON snapshot_permissions (grantee, snapshot_id);

ALTER TABLE images ADD COLUMN device_count INTEGER NOT NULL DEFAULT 0; -- rows of image_devices
ALTER TABLE images ADD COLUMN source_instance_id TEXT NOT NULL DEFAULT '';
ALTER TABLE images ADD COLUMN source_image_id TEXT NOT NULL DEFAULT '';
ALTER TABLE images ADD COLUMN source_image_region TEXT NOT NULL DEFAULT '';
ALTER TABLE images ADD COLUMN state_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE images ADD COLUMN is_disabled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE images ADD COLUMN deprecated_at INTEGER;
ALTER TABLE images ADD COLUMN last_launched_at INTEGER;
ALTER TABLE images ADD COLUMN deregistration_protection TEXT NOT NULL DEFAULT '';
ALTER TABLE images ADD COLUMN protected_until INTEGER;
ALTER TABLE images ADD COLUMN imds_v2_required INTEGER NOT NULL DEFAULT 0;
ALTER TABLE images ADD COLUMN tpm_support TEXT NOT NULL DEFAULT '';
ALTER TABLE images ADD COLUMN uefi_data TEXT NOT NULL DEFAULT '';
CREATE INDEX images_of_account ON images (account_id, region, id);
CREATE INDEX images_by_name ON images (account_id, region, name);
CREATE INDEX images_public ON images (region, id) WHERE is_public = 1;
CREATE INDEX images_by_snapshot ON images (snapshot_id);

CREATE TABLE image_devices (
    image_id              TEXT NOT NULL,
    position              INTEGER NOT NULL,
    device                TEXT NOT NULL,
    virtual_name          TEXT NOT NULL,
    no_device             INTEGER NOT NULL,
    snapshot_id           TEXT NOT NULL,
    size_gib              INTEGER NOT NULL,
    type                  TEXT NOT NULL,
    iops                  INTEGER NOT NULL,
    throughput_mib_s      INTEGER NOT NULL,
    delete_on_termination INTEGER NOT NULL,
    encrypted             INTEGER NOT NULL,
    PRIMARY KEY (image_id, position)
) STRICT;
CREATE INDEX image_devices_by_snapshot ON image_devices (snapshot_id) WHERE snapshot_id <> '';

CREATE TABLE launch_permissions (
    image_id   TEXT NOT NULL,
    account_id TEXT NOT NULL,
    PRIMARY KEY (image_id, account_id)
) STRICT;
CREATE INDEX launch_permissions_of_account ON launch_permissions (account_id, image_id);

CREATE TABLE disk_tasks (
    id               TEXT PRIMARY KEY,
    kind             TEXT NOT NULL,
    account_id       TEXT NOT NULL,
    region           TEXT NOT NULL,
    host_id          TEXT NOT NULL,
    description      TEXT NOT NULL,
    state            TEXT NOT NULL,
    status           TEXT NOT NULL,
    status_message   TEXT NOT NULL,
    progress_percent INTEGER NOT NULL,
    source           TEXT NOT NULL,
    format           TEXT NOT NULL,
    encrypted        INTEGER NOT NULL,
    kms_key_id       TEXT NOT NULL,
    snapshot_id      TEXT NOT NULL,
    image_id         TEXT NOT NULL,
    destination      TEXT NOT NULL,
    boot_mode        TEXT NOT NULL,
    architecture     TEXT NOT NULL,
    platform         TEXT NOT NULL,
    size_bytes       INTEGER NOT NULL,
    cancel_requested INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    ended_at         INTEGER
) STRICT;
CREATE INDEX disk_tasks_page ON disk_tasks (account_id, region, id);
CREATE INDEX disk_tasks_active ON disk_tasks (host_id, id) WHERE ended_at IS NULL;

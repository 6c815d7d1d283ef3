-- SPDX-License-Identifier: Apache-2.0
-- Times are microseconds since 1970 (UTC), booleans 0 and 1, "none" is the empty text except where a column may be NULL.
-- The subset of SQL that PostgreSQL shares: there INTEGER becomes BIGINT, BLOB becomes BYTEA, and STRICT goes.
-- Lists of a caller run over (account_id, region, …, id), so that a page is one range of an index.

CREATE TABLE instances (
    id                       TEXT PRIMARY KEY,
    account_id               TEXT NOT NULL,
    region                   TEXT NOT NULL,
    zone                     TEXT NOT NULL,
    reservation_id           TEXT NOT NULL,
    requester_id             TEXT NOT NULL,
    host_id                  TEXT NOT NULL,
    vpc_id                   TEXT NOT NULL,
    subnet_id                TEXT NOT NULL,
    image_id                 TEXT NOT NULL,
    type                     TEXT NOT NULL,
    architecture             TEXT NOT NULL,
    key_name                 TEXT NOT NULL,
    public_key               TEXT NOT NULL,
    root_device_name         TEXT NOT NULL,
    client_token             TEXT NOT NULL,
    launch_index             INTEGER NOT NULL,
    state                    TEXT NOT NULL,
    state_reason_code        TEXT NOT NULL,
    state_reason_message     TEXT NOT NULL,
    transition_reason        TEXT NOT NULL,
    launch_time              INTEGER NOT NULL,
    created_at               INTEGER NOT NULL,
    terminated_at            INTEGER,
    start_count              INTEGER NOT NULL,
    force_stop               INTEGER NOT NULL,
    restart_when_stopped     INTEGER NOT NULL,
    stop_deadline            INTEGER,
    guest_seen_at            INTEGER,
    reboots_requested        INTEGER NOT NULL,
    reboots_done             INTEGER NOT NULL,
    shutdown_behavior        TEXT NOT NULL,
    disable_api_termination  INTEGER NOT NULL,
    disable_api_stop         INTEGER NOT NULL,
    source_dest_check        INTEGER NOT NULL,
    ebs_optimized            INTEGER NOT NULL,
    monitoring               INTEGER NOT NULL,
    unlimited_credits        INTEGER NOT NULL,
    metadata_tokens_required INTEGER NOT NULL,
    metadata_hop_limit       INTEGER NOT NULL,
    metadata_enabled         INTEGER NOT NULL,
    metadata_tags_enabled    INTEGER NOT NULL,
    user_data                BLOB NOT NULL
) STRICT;
CREATE INDEX instances_page ON instances (account_id, region, id);
CREATE INDEX instances_by_state ON instances (account_id, region, state, id);
CREATE INDEX instances_by_type ON instances (account_id, region, type, id);
CREATE INDEX instances_by_image ON instances (account_id, region, image_id, id);
CREATE INDEX instances_by_subnet ON instances (account_id, region, subnet_id, id);
CREATE INDEX instances_by_vpc ON instances (account_id, region, vpc_id, id);
CREATE INDEX instances_by_reservation ON instances (reservation_id);
CREATE INDEX instances_by_client_token ON instances (account_id, region, client_token, id) WHERE client_token <> '';
CREATE INDEX instances_on_host ON instances (host_id, state, type);
CREATE INDEX instances_counted ON instances (account_id, region, state, type);
CREATE INDEX instances_terminated ON instances (terminated_at) WHERE terminated_at IS NOT NULL;

CREATE TABLE images (
    id                 TEXT PRIMARY KEY,
    account_id         TEXT NOT NULL,
    region             TEXT NOT NULL,
    name               TEXT NOT NULL,
    description        TEXT NOT NULL,
    owner_alias        TEXT NOT NULL,
    architecture       TEXT NOT NULL,
    state              TEXT NOT NULL,
    is_public          INTEGER NOT NULL,
    platform_details   TEXT NOT NULL,
    boot_mode          TEXT NOT NULL,
    root_device_name   TEXT NOT NULL,
    snapshot_id        TEXT NOT NULL,
    size_gib           INTEGER NOT NULL,
    default_user       TEXT NOT NULL,
    minimum_memory_mib INTEGER NOT NULL,
    recipe             TEXT NOT NULL,
    content_sha256     TEXT NOT NULL,
    created_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX images_page ON images (region, id);

CREATE TABLE volumes (
    id                    TEXT PRIMARY KEY,
    account_id            TEXT NOT NULL,
    region                TEXT NOT NULL,
    zone                  TEXT NOT NULL,
    host_id               TEXT NOT NULL,
    snapshot_id           TEXT NOT NULL,
    size_gib              INTEGER NOT NULL,
    type                  TEXT NOT NULL,
    iops                  INTEGER NOT NULL,
    throughput_mib_s      INTEGER NOT NULL,
    encrypted             INTEGER NOT NULL,
    state                 TEXT NOT NULL,
    created_at            INTEGER NOT NULL,
    instance_id           TEXT NOT NULL,
    device                TEXT NOT NULL,
    delete_on_termination INTEGER NOT NULL,
    attachment            TEXT NOT NULL,
    attached_at           INTEGER
) STRICT;
CREATE INDEX volumes_page ON volumes (account_id, region, id);
CREATE INDEX volumes_of_instance ON volumes (instance_id, id) WHERE instance_id <> '';
CREATE INDEX volumes_on_host ON volumes (host_id, id);

CREATE TABLE snapshots (
    id          TEXT PRIMARY KEY,
    account_id  TEXT NOT NULL,
    region      TEXT NOT NULL,
    volume_id   TEXT NOT NULL,
    size_gib    INTEGER NOT NULL,
    description TEXT NOT NULL,
    started_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE key_pairs (
    id          TEXT PRIMARY KEY,
    account_id  TEXT NOT NULL,
    region      TEXT NOT NULL,
    name        TEXT NOT NULL,
    type        TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    public_key  TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX key_pairs_by_name ON key_pairs (account_id, region, name);

CREATE TABLE vpcs (
    id                  TEXT PRIMARY KEY,
    account_id          TEXT NOT NULL,
    region              TEXT NOT NULL,
    cidr_block          TEXT NOT NULL,
    cidr_association_id TEXT NOT NULL,
    dhcp_options_id     TEXT NOT NULL,
    is_default          INTEGER NOT NULL,
    created_at          INTEGER NOT NULL
) STRICT;
CREATE INDEX vpcs_page ON vpcs (account_id, region, id);
CREATE UNIQUE INDEX vpcs_default ON vpcs (account_id, region) WHERE is_default = 1;

CREATE TABLE subnets (
    id                      TEXT PRIMARY KEY,
    account_id              TEXT NOT NULL,
    region                  TEXT NOT NULL,
    vpc_id                  TEXT NOT NULL,
    zone                    TEXT NOT NULL,
    zone_id                 TEXT NOT NULL,
    cidr_block              TEXT NOT NULL,
    is_default              INTEGER NOT NULL,
    map_public_ip_on_launch INTEGER NOT NULL,
    created_at              INTEGER NOT NULL
) STRICT;
CREATE INDEX subnets_page ON subnets (account_id, region, id);
CREATE INDEX subnets_of_vpc ON subnets (vpc_id, id);

CREATE TABLE network_interfaces (
    id                    TEXT PRIMARY KEY,
    account_id            TEXT NOT NULL,
    region                TEXT NOT NULL,
    zone                  TEXT NOT NULL,
    host_id               TEXT NOT NULL,
    vpc_id                TEXT NOT NULL,
    subnet_id             TEXT NOT NULL,
    description           TEXT NOT NULL,
    mac                   TEXT NOT NULL,
    private_ip            TEXT NOT NULL,
    source_dest_check     INTEGER NOT NULL,
    created_at            INTEGER NOT NULL,
    public_ip             TEXT NOT NULL,
    wants_public_ip       INTEGER NOT NULL,
    instance_id           TEXT NOT NULL,
    attachment_id         TEXT NOT NULL,
    device_index          INTEGER NOT NULL,
    delete_on_termination INTEGER NOT NULL,
    attached_at           INTEGER
) STRICT;
CREATE INDEX network_interfaces_page ON network_interfaces (account_id, region, id);
CREATE INDEX network_interfaces_of_instance ON network_interfaces (instance_id, id) WHERE instance_id <> '';
CREATE INDEX network_interfaces_on_host ON network_interfaces (host_id, id);
-- An address is never given twice, whatever the code above believes.
CREATE UNIQUE INDEX network_interfaces_private_ip ON network_interfaces (subnet_id, private_ip);
CREATE UNIQUE INDEX network_interfaces_public_ip ON network_interfaces (public_ip) WHERE public_ip <> '';

CREATE TABLE network_interface_groups (
    network_interface_id TEXT NOT NULL,
    position             INTEGER NOT NULL, -- the order in which they were given
    security_group_id    TEXT NOT NULL,
    PRIMARY KEY (network_interface_id, position)
) STRICT;
CREATE INDEX network_interface_groups_by_group ON network_interface_groups (security_group_id, network_interface_id);

CREATE TABLE security_groups (
    id          TEXT PRIMARY KEY,
    account_id  TEXT NOT NULL,
    region      TEXT NOT NULL,
    vpc_id      TEXT NOT NULL,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX security_groups_page ON security_groups (account_id, region, id);
CREATE UNIQUE INDEX security_groups_by_name ON security_groups (vpc_id, name);

CREATE TABLE security_group_rules (
    id                  TEXT PRIMARY KEY,
    account_id          TEXT NOT NULL,
    region              TEXT NOT NULL,
    security_group_id   TEXT NOT NULL,
    egress              INTEGER NOT NULL,
    protocol            TEXT NOT NULL,
    from_port           INTEGER NOT NULL,
    to_port             INTEGER NOT NULL,
    cidr_ipv4           TEXT NOT NULL,
    cidr_ipv6           TEXT NOT NULL,
    prefix_list_id      TEXT NOT NULL,
    referenced_group_id TEXT NOT NULL,
    description         TEXT NOT NULL
) STRICT;
CREATE INDEX security_group_rules_page ON security_group_rules (account_id, region, id);
CREATE INDEX security_group_rules_of_group ON security_group_rules (security_group_id, id);
CREATE INDEX security_group_rules_referencing ON security_group_rules (referenced_group_id, id)
    WHERE referenced_group_id <> '';

CREATE TABLE tags (
    resource_id   TEXT NOT NULL,
    key           TEXT NOT NULL,
    account_id    TEXT NOT NULL,
    region        TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    value         TEXT NOT NULL,
    PRIMARY KEY (resource_id, key)
) STRICT;
CREATE INDEX tags_page ON tags (account_id, region, resource_id, key);

-- Never changed and never deleted: usage and money are a replay of these rows.
CREATE TABLE ledger (
    sequence    INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    account_id  TEXT NOT NULL,
    region      TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    kind        TEXT NOT NULL,
    quantity    INTEGER NOT NULL,
    detail      TEXT NOT NULL
) STRICT;
CREATE INDEX ledger_of_account ON ledger (account_id, sequence);

-- One row a resource that somebody must look at. While it is leased, ready_at is the end of the lease, and again_due says when
-- it is wanted again by those who enqueued it meanwhile.
CREATE TABLE work_items (
    kind        TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    host_id     TEXT NOT NULL,
    due         INTEGER NOT NULL,
    ready_at    INTEGER NOT NULL,
    again_due   INTEGER,
    generation  INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    last_error  TEXT NOT NULL,
    lease       INTEGER NOT NULL, -- counts the leases: only the last one may complete or retry
    lease_owner TEXT NOT NULL,
    PRIMARY KEY (kind, resource_id)
) STRICT;
CREATE INDEX work_items_ready ON work_items (host_id, ready_at);
CREATE INDEX work_items_leased ON work_items (host_id) WHERE lease_owner <> '';

CREATE TABLE client_tokens (
    account_id      TEXT NOT NULL,
    region          TEXT NOT NULL,
    operation       TEXT NOT NULL,
    token           TEXT NOT NULL,
    parameters_hash TEXT NOT NULL,
    resource_id     TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (account_id, region, operation, token)
) STRICT;
CREATE INDEX client_tokens_by_age ON client_tokens (created_at);

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
